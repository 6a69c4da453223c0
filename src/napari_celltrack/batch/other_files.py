"""Other files with the same frames as a movie, found by its name."""

from __future__ import annotations

import glob
import re
from collections.abc import Mapping
from pathlib import Path

from napari_celltrack.errors import CelltrackError
from napari_celltrack.text import readable

_FIELD = re.compile(r"\{([^{}]*)\}")


def other_files(
    folder: Path, values: Mapping[str, str], also: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    """Return the other files of a movie.

    Parameters
    ----------
    folder : Path
        Where the movie is; files are looked for from there.
    values : mapping of str to str
        What fields stand for: ``{name}`` of a movie ``a_01.tif`` is ``a_01``, and the fields of
        the pattern of file names are as in the name of the movie.
    also : mapping of str to str
        Name and file, with fields and wildcards, e.g. ``{"er": "../er/{name}*.tif"}``.

    Returns
    -------
    tuple of (str, str)
        Name and path. A file without wildcards is not looked for: opening it tells.

    Raises
    ------
    CelltrackError
        If a field is unknown, or wildcards do not lead to one file.
    """
    return tuple(
        (readable(name), _other_file(folder, values, name, file)) for name, file in also.items()
    )


def _other_file(folder: Path, values: Mapping[str, str], name: str, file: str) -> str:
    def value(field: re.Match[str]) -> str:
        known = values.get(field[1].strip())
        if known is None:
            raise CelltrackError(
                f"{name}: {file} has a field {{{field[1]}}} that the names of the movies do not "
                f"give; use one of {', '.join(f'{{{field}}}' for field in values)}."
            )
        return glob.escape(known) if glob.has_magic(file) else known

    filled = folder / _FIELD.sub(value, file)
    if not glob.has_magic(file):
        return str(filled)
    pattern = str(Path(glob.escape(str(folder))) / _FIELD.sub(value, file))
    found = sorted(glob.glob(pattern))  # noqa: PTH207  (Path.glob takes no absolute pattern)
    if len(found) != 1:
        raise CelltrackError(
            f"{name}: {len(found)} files match {filled.name} where one is needed; correct the "
            "pattern of the other files."
        )
    return found[0]
