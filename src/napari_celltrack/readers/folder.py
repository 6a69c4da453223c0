"""A folder, or a pattern like ``t*.tif``, of images: one file per frame, in natural order."""

from __future__ import annotations

import glob
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_celltrack.errors import MovieError
from napari_celltrack.readers.stored import Stored

#: Suffixes of files that can be the frames of a folder.
STILL_SUFFIXES = (".tif", ".tiff", ".btf", ".tf8", ".stk", ".lsm", ".png", ".jpg", ".jpeg", ".bmp")
#: Suffixes that mean the same kind of image.
_SAME_KIND = {".tiff": ".tif", ".jpeg": ".jpg"}

_DIGITS = re.compile(r"(\d+)")

#: Reads the headers of one file.
ReadFile = Callable[[Path], Stored]


def natural_key(name: str) -> tuple[tuple[str | int, ...], str]:
    """Return a sort key that orders the numbers within names by their value.

    Parameters
    ----------
    name : str
        A file name or path.

    Returns
    -------
    tuple
        To be used as ``sorted(names, key=natural_key)``; upper and lower case sort alike.

    Examples
    --------
    >>> sorted(["t10.tif", "t2.tif"], key=natural_key)
    ['t2.tif', 't10.tif']
    """
    # The split alternates text and digits, so that a text is never compared with a number.
    parts = _DIGITS.split(name.casefold())
    key = tuple(int(part) if i % 2 else part for i, part in enumerate(parts))
    return key, name


def frames_in(folder: Path) -> tuple[list[Path], str]:
    """Return the images of a folder in natural order, and a note about files that are left out.

    Hidden files and files that are not images are ignored. If there are several kinds of images
    (frames as TIFF beside previews as PNG), the most frequent kind is used.

    Raises
    ------
    MovieError
        If there is none; the message suggests another folder.
    """
    entries = [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
    images = [p for p in entries if p.suffix.lower() in STILL_SUFFIXES and p.is_file()]
    if not images:
        inside = sorted((p.name for p in entries if p.is_dir()), key=natural_key)
        where = f"one of its folders {', '.join(inside[:5])}" if inside else "another folder"
        raise MovieError(f"{folder.name} holds no images; choose {where}.")
    kinds = Counter(_kind(path) for path in images)
    most = max(kinds, key=lambda kind: (kinds[kind], kind == ".tif"))
    frames = sorted((p for p in images if _kind(p) == most), key=lambda p: natural_key(p.name))
    n_left = len(images) - len(frames)
    return frames, f"{n_left} images that are not {most} are left out" if n_left else ""


def frames_like(pattern: str) -> list[Path]:
    """Return the image files that match a glob pattern, in natural order.

    Raises
    ------
    MovieError
        If there is none.
    """
    # Path.glob does not accept absolute patterns.
    matches = [Path(match) for match in glob.glob(pattern, recursive=True)]  # noqa: PTH207
    frames = [p for p in matches if p.suffix.lower() in STILL_SUFFIXES and p.is_file()]
    if not frames:
        raise MovieError(f"No image matches {Path(pattern).name}; check the pattern.")
    return sorted(frames, key=lambda p: natural_key(str(p)))


def _kind(path: Path) -> str:
    suffix = path.suffix.lower()
    return _SAME_KIND.get(suffix, suffix)


def read_frames(paths: list[Path], read_file: ReadFile, note: str = "") -> Stored:
    """Read the headers of the first frame, which apply to all frames.

    If a file does not state what its pages are they count as Z, as each file is one time point.

    Parameters
    ----------
    paths : list of Path
        One file per frame, in order.
    read_file : callable
        Reads the headers of one file.
    note : str
        Which files were left out, in words.

    Raises
    ------
    MovieError
        If the first frame cannot be read.
    """
    first = read_file(paths[0])
    first.chunks.close()
    axes, notes = first.axes, [n for n in (note, first.note) if n]
    for unknown in "IQ":
        if unknown in axes and "Z" not in axes:
            axes = axes.replace(unknown, "Z", 1)
            notes.append("the pages of each file are taken as Z")
    calibration = first.calibration
    if "T" not in axes:
        # The interval within a file says nothing about the time between files.
        calibration = replace(calibration, frame_interval_s=None)
    return replace(
        first,
        chunks=FrameFiles(paths, read_file, axes_of_file=first.axes),
        axes="T" + axes,
        shape=(len(paths), *first.shape),
        n_outer=first.n_outer + 1,
        calibration=calibration,
        note="; ".join(notes),
    )


class FrameFiles:
    """One file per frame; only the file that was read last stays open.

    Parameters
    ----------
    paths : list of Path
        In the order of the frames.
    read_file : callable
        Reads the headers of one file.
    axes_of_file : str
        The axes that every file must have.
    """

    def __init__(self, paths: list[Path], read_file: ReadFile, axes_of_file: str) -> None:
        self.paths = paths
        self.read_file = read_file
        self.axes_of_file = axes_of_file
        self._frame = -1
        self._stored: Stored | None = None

    def read(self, index: tuple[int, ...]) -> npt.NDArray[Any]:
        """Return the chunk at (file, index within the file)."""
        path, stored = self.paths[index[0]], self._open(index[0])
        if len(stored.axes) != len(self.axes_of_file) or any(
            at >= length for at, length in zip(index[1:], stored.shape, strict=False)
        ):
            raise MovieError(
                f"{path.name} has shape {stored.shape}, unlike the frames before; keep images of "
                "one size and kind in a folder."
            )
        chunk = stored.chunks.read(index[1:])
        if len(stored.shape) == stored.n_outer + 2:
            # One plane per file: the next read is from another file.
            stored.chunks.close()
        return np.asarray(chunk)

    def close(self) -> None:
        """Release the file that was read last."""
        if self._stored is not None:
            self._stored.chunks.close()
        self._frame, self._stored = -1, None

    def _open(self, frame: int) -> Stored:
        if self._stored is None or frame != self._frame:
            self.close()
            path = self.paths[frame]
            if not path.is_file():
                raise MovieError(f"{path.name} is gone; put it back or open the folder again.")
            self._frame, self._stored = frame, self.read_file(path)
        return self._stored

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_frame": -1, "_stored": None}
