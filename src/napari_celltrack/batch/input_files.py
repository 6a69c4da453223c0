"""Looking for input files on a disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from napari_celltrack.errors import CelltrackError
from napari_celltrack.readers import is_image_file
from napari_celltrack.readers.folder import with_any_case

#: Files of a folder that are looked at to find an image among them.
_MOST_LOOKED_AT = 200


def glob_in(folder: Path, pattern: str) -> Iterator[Path]:
    """Yield what matches a pattern in a folder; the suffix in upper and lower case.

    Parameters
    ----------
    folder : Path
        Where to look.
    pattern : str
        Such as ``*.tif`` or ``**/*.tif``.

    Raises
    ------
    CelltrackError
        If it is no pattern of names in a folder.
    """
    try:
        if Path(pattern).is_absolute():
            raise CelltrackError(
                f"The pattern {pattern} is a path; give its folder as the input, and the names "
                "alone as the pattern."
            )
        yield from folder.glob(with_any_case(pattern))
    except (OSError, ValueError, NotImplementedError, IndexError) as error:
        raise CelltrackError(
            f"{pattern!r} is no pattern of file names; write one such as *.tif or **/*.tif."
        ) from error


def holds_images(folder: Path) -> bool:
    """Whether a folder holds images, by the names of its first files."""
    try:
        with os.scandir(folder) as entries:
            return any(is_image_file(entry.path) for entry in islice(entries, _MOST_LOOKED_AT))
    except OSError:
        return False


class Inside:
    """The paths within a folder, wherever links lead; asks the disk once a folder.

    Parameters
    ----------
    folder : Path or None
        None holds nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder and folder.resolve()
        self._known: dict[Path, bool] = {}

    def __contains__(self, path: Path) -> bool:
        if self._folder is None:
            return False
        parent = path.parent
        if parent not in self._known:
            self._known[parent] = parent.resolve().is_relative_to(self._folder)
        return self._known[parent] or (
            path.name == self._folder.name and path.resolve() == self._folder
        )
