"""A folder, or a pattern like ``t*.tif``, of images: one file per frame, in natural order."""

from __future__ import annotations

import glob
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_celltrack.errors import MovieError
from napari_celltrack.readers.micro_manager import calibration_in, summary_beside
from napari_celltrack.readers.natural_order import missing_numbers, natural_sorted
from napari_celltrack.readers.stored import Stored
from napari_celltrack.readers.stored_type import stored_type
from napari_celltrack.readers.vendor_files import way_out

#: Suffixes of files that can be the frames of a folder.
STILL_SUFFIXES = (".tif", ".tiff", ".btf", ".tf8", ".stk", ".lsm", ".png", ".jpg", ".jpeg", ".bmp")
#: Suffixes that mean the same kind of image.
_SAME_KIND = {".tiff": ".tif", ".jpeg": ".jpg"}

#: Entries of a folder that are looked at to find an image among them.
_MOST_LOOKED_AT = 200
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}$")

#: Reads the headers of one file.
ReadFile = Callable[[Path], Stored]


def frames_in(folder: Path) -> tuple[list[Path], tuple[str, ...]]:
    """Return the images of a folder in natural order, and notes about what is left out.

    Hidden files and files that are not images are ignored. If there are several kinds of images
    (frames as TIFF beside previews as PNG), the most frequent kind is used.

    Raises
    ------
    MovieError
        If there is none; the message suggests another folder.
    """
    entries = [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
    images = [p for p in entries if p.suffix.lower() in STILL_SUFFIXES and p.is_file()]
    inside = natural_sorted(p.name for p in entries if p.is_dir())
    if not images:
        if words := next(filter(None, map(way_out, sorted(entries))), ""):
            raise MovieError(words)
        where = f"one of its folders {', '.join(inside[:5])}" if inside else "another folder"
        raise MovieError(f"{folder.name} holds no images; choose {where}.")
    kinds = Counter(_kind(path) for path in images)
    most = max(kinds, key=lambda kind: (kinds[kind], kind == ".tif"))
    frames = natural_sorted(p for p in images if _kind(p) == most)
    n_left = len(images) - len(frames)
    notes = []
    if n_left:
        notes.append(f"{n_left} images that are not {most} are left out")
    inside = [name for name in inside if _holds_images(folder / name)]
    if inside:
        more = f" and {len(inside) - 3} more" if len(inside) > 3 else ""
        notes.append(f"what is in its folders {', '.join(inside[:3])}{more} is left out")
    return frames, tuple(notes)


def _holds_images(folder: Path) -> bool:
    """Whether one of the first entries of a folder has the name of an image."""
    try:
        entries = islice(folder.iterdir(), _MOST_LOOKED_AT)
        return any(entry.suffix.lower() in STILL_SUFFIXES for entry in entries)
    except OSError:
        return False


def frames_like(pattern: str) -> list[Path]:
    """Return the image files that match a glob pattern, in natural order.

    Raises
    ------
    MovieError
        If there is none.
    """
    # Path.glob does not accept absolute patterns.
    matches = glob.glob(with_any_case(pattern), recursive=True)  # noqa: PTH207
    frames = [p for p in map(Path, matches) if p.suffix.lower() in STILL_SUFFIXES and p.is_file()]
    if not frames:
        raise MovieError(f"No image matches {Path(pattern).name}; check the pattern.")
    return natural_sorted(frames)


def with_any_case(pattern: str) -> str:
    """Return a glob whose suffix matches in upper and lower case, as on other systems.

    Parameters
    ----------
    pattern : str
        Such as ``*.tif``, which then finds ``A.TIF`` as well.
    """
    found = _SUFFIX.search(pattern)
    if found is None:
        return pattern
    letters = (f"[{c.lower()}{c.upper()}]" if c.isalpha() else c for c in found.group())
    return pattern[: found.start()] + "".join(letters)


def _kind(path: Path) -> str:
    suffix = path.suffix.lower()
    return _SAME_KIND.get(suffix, suffix)


def read_frames(paths: list[Path], read_file: ReadFile, notes: tuple[str, ...] = ()) -> Stored:
    """Read the headers of the first frame, which apply to all frames, and the types of the others.

    If a file does not state what its pages are they count as Z, as each file is one time point.
    Frames of several data types are read as one type that holds the values of all.

    Parameters
    ----------
    paths : list of Path
        One file per frame, in order.
    read_file : callable
        Reads the headers of one file.
    notes : tuple of str
        Which files were left out, in words.

    Raises
    ------
    MovieError
        If the first frame cannot be read, or no type holds the values of all.
    """
    first = read_file(paths[0])
    first.chunks.close()
    axes, guess = first.axes, ""
    for unknown in "IQ":
        if unknown in axes and "Z" not in axes:
            axes = axes.replace(unknown, "Z", 1)
            guess = "the pages of each file are taken as Z"
    calibration = first.calibration
    if "T" not in axes:
        # The interval within a file says nothing about the time between files.
        calibration = calibration.without("frame_interval_s")
    calibration = calibration.or_else(calibration_in(summary_beside(paths[0])))
    missing = missing_numbers([path.name for path in paths])
    if missing:
        notes = (*notes, f"{missing}, and the frames after that follow at once")
    dtype, types = _common_type(paths, np.dtype(first.dtype))
    return replace(
        first,
        chunks=FrameFiles(paths, read_file, first),
        axes="T" + axes,
        shape=(len(paths), *first.shape),
        n_outer=first.n_outer + 1,
        dtype=dtype,
        calibration=calibration,
        axes_note="; ".join(note for note in (first.axes_note, guess) if note),
        notes=(*notes, *types, *first.notes),
        files=(),
    )


def _common_type(paths: list[Path], first: np.dtype[Any]) -> tuple[np.dtype[Any], tuple[str, ...]]:
    """Return the type that holds the values of all files, and what to say of it.

    Raises
    ------
    MovieError
        If there is none.
    """
    common, names = first, {first.newbyteorder("="): paths[0].name}
    for path in paths[1:]:
        own = stored_type(path)
        if own is None or own in names:
            continue
        names[own] = path.name
        common = np.promote_types(common, own)
    if len(names) == 1:
        return first, ()
    odd = next(iter(list(names)[1:]))
    if common.kind == "f" and any(t.kind in "iu" and t.itemsize == 8 for t in names):
        raise MovieError(
            f"{names[odd]} is {odd} and {paths[0].name} is {first}, and no type holds the values "
            "of both; save the frames in one type."
        )
    types = " and ".join(str(t) for t in names)
    return common, (f"its frames are {types} ({names[odd]}), and all are read as {common}",)


class FrameFiles:
    """One file per frame; only the file that was read last stays open.

    Parameters
    ----------
    paths : list of Path
        In the order of the frames.
    read_file : callable
        Reads the headers of one file.
    first : Stored
        What the first file holds; all others must be alike.
    """

    def __init__(self, paths: list[Path], read_file: ReadFile, first: Stored) -> None:
        self.paths = paths
        self.read_file = read_file
        self.n_axes, self.n_outer = len(first.axes), first.n_outer
        self.chunk_shape = first.shape[first.n_outer :]
        self._frame = -1
        self._stored: Stored | None = None

    def read(self, index: tuple[int, ...]) -> npt.NDArray[Any]:
        """Return the chunk at (file, index within the file)."""
        path, stored = self.paths[index[0]], self._open(index[0])
        inner = stored.shape[stored.n_outer :]
        if (
            (len(stored.axes), stored.n_outer) != (self.n_axes, self.n_outer)
            or inner != self.chunk_shape
            or any(at >= length for at, length in zip(index[1:], stored.shape, strict=False))
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
