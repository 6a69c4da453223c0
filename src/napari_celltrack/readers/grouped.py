"""A movie whose channels, time points or Z planes are in several files."""

from __future__ import annotations

import hashlib
import math
import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_celltrack.errors import MovieError
from napari_celltrack.movie import Movie
from napari_celltrack.readers.calibration import Calibration
from napari_celltrack.readers.fingerprint import files_fingerprint
from napari_celltrack.readers.guard import decoding
from napari_celltrack.readers.layout import Layout, settle
from napari_celltrack.readers.micro_manager import calibration_in, summary_beside
from napari_celltrack.readers.opening import read_file
from napari_celltrack.readers.stored import Stored, movie_of

#: Number of files that stay open; each channel of a frame may be a separate file.
_MOST_OPEN = 8
_AXES_OF_PARTS = "TZC"


@dataclass(frozen=True, order=True)
class GroupFile:
    """One file of a movie that consists of several.

    Parameters
    ----------
    path : str
        The file.
    channel : str
        Name of its channel; empty if the files do not differ by channel.
    t, z : int or None
        Number of its time point and plane as in the file name, counted in any way; None if the
        files do not differ by it.
    """

    path: str
    channel: str = ""
    t: int | None = None
    z: int | None = None


def open_group(
    parts: Sequence[GroupFile], *, name: str, path: str = "", axes: str | None = None
) -> Movie:
    """Open several files as one lazy movie; only one header per channel is read.

    A file may hold a plane or a stack, and its own dimensions are read from its header. Channels
    are in the order of their first part, times and planes in the order of their numbers. Whether a
    file fits the others is checked when it is read.

    Parameters
    ----------
    parts : sequence of GroupFile
        One file for each channel, time and plane.
    name, path : str
        Of the movie.
    axes : str, optional
        The dimensions of each file, as in :func:`~napari_celltrack.open_movie`.

    Returns
    -------
    Movie
        Its calibration is that of the files where they agree; the interval between files is
        unknown.

    Raises
    ------
    MovieError
        If a file is missing, or files differ in size, data type or axes.
    """
    grid = _grid(parts, name)
    files = [Path(path) for path in grid.values()]
    _check_that_all_are_there(files, name)
    channels = list(dict.fromkeys(part.channel for part in parts))
    with decoding(name):
        print_of_files = files_fingerprint(files, _common_folder(files))
    firsts = [_read(Path(next(p.path for p in parts if p.channel == c))) for c in channels]
    for other in firsts[1:]:
        _check_that_it_fits(other, firsts[0])
    first = firsts[0].stored
    inner, told = _layout_of_file(firsts[0], axes, name, has_times=parts[0].t is not None)
    lengths = {
        "T": len({part.t for part in parts}),
        "Z": len({part.z for part in parts}),
        "C": len(channels),
    }
    outer = "".join(axis for axis in _AXES_OF_PARTS if lengths[axis] > 1)
    stored = replace(
        first,
        chunks=GroupFiles(grid, outer, lengths, channels, _Like(firsts[0])),
        axes=outer + inner.letters,
        shape=(*(lengths[axis] for axis in outer), *first.shape),
        n_outer=len(outer) + first.n_outer,
        channels=_names_of_channels(channels, first.channels, inner.length("C")),
        calibration=_agreed(
            [file.stored.calibration for file in firsts], "T" in inner.letters and lengths["T"] == 1
        ).or_else(calibration_in(summary_beside(files[0]))),
        axes_note=told,
    )
    # The same files in another order are another movie.
    places = repr((sorted(grid), channels, axes if axes else ""))
    fingerprint = hashlib.blake2b((print_of_files + places).encode(), digest_size=16).hexdigest()
    return movie_of(stored, name=name, path=path, fingerprint=fingerprint)


class GroupFiles:
    """The chunks of the files of one movie; few files are open at a time.

    Parameters
    ----------
    grid : mapping
        From (time, plane, channel), each an index, to the path.
    outer : str
        Letters of T, Z and C along which there are several files, in this order.
    lengths : mapping
        Number of files along each letter.
    channels : sequence of str
        Names, in the order of the indices.
    like : callable
        Raises a MovieError for a file that differs from the first.
    """

    def __init__(
        self,
        grid: Mapping[tuple[int, int, int], str],
        outer: str,
        lengths: Mapping[str, int],
        channels: Sequence[str],
        like: Callable[[_File], None],
    ) -> None:
        self.grid = dict(grid)
        self.outer = outer
        self.lengths = dict(lengths)
        self.channels = tuple(channels)
        self.like = like
        self._open: OrderedDict[str, Stored] = OrderedDict()

    def read(self, index: tuple[int, ...]) -> npt.NDArray[Any]:
        """Return the chunk at (places among files, index within the file)."""
        at = dict(zip(self.outer, index, strict=False))
        stored = self._file(self.grid[at.get("T", 0), at.get("Z", 0), at.get("C", 0)])
        chunk = stored.chunks.read(index[len(self.outer) :])
        if math.prod(stored.shape[: stored.n_outer]) == 1:
            # The whole file is read, so the next read is from another one.
            stored.chunks.close()
        return np.asarray(chunk)

    def close(self) -> None:
        """Release all files."""
        for stored in self._open.values():
            stored.chunks.close()
        self._open.clear()

    def _file(self, path: str) -> Stored:
        if path in self._open:
            self._open.move_to_end(path)
            return self._open[path]
        if not Path(path).is_file():
            raise MovieError(f"{Path(path).name} is gone; put it back or open the movie again.")
        file = _read(Path(path))
        self.like(file)
        while len(self._open) >= _MOST_OPEN:
            self._open.popitem(last=False)[1].chunks.close()
        self._open[path] = file.stored
        return file.stored

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_open": OrderedDict()}


@dataclass(frozen=True)
class _File:
    name: str
    stored: Stored


@dataclass(frozen=True)
class _Like:
    """The properties of the first file, which is not kept open."""

    first: _File

    def __call__(self, file: _File) -> None:
        _check_that_it_fits(file, self.first)


def _read(path: Path) -> _File:
    with decoding(path.name):
        stored = read_file(path)
    stored.chunks.close()
    return _File(path.name, stored)


def _check_that_it_fits(file: _File, first: _File) -> None:
    now, then = file.stored, first.stored
    for what, value, expected in (
        ("shape", now.shape, then.shape),
        ("axes", now.axes, then.axes),
        ("data type", np.dtype(now.dtype).name, np.dtype(then.dtype).name),
    ):
        if value != expected:
            raise MovieError(
                f"{file.name} has {what} {value} and {first.name} has {expected}; the files of one "
                "movie must be alike, so check which belong together."
            )


def _grid(parts: Sequence[GroupFile], name: str) -> dict[tuple[int, int, int], str]:
    """Return the path at each place (time, plane, channel); each place must have one file."""
    if not parts:
        raise MovieError(f"{name} has no files; check the pattern that groups them.")
    channels = {c: i for i, c in enumerate(dict.fromkeys(part.channel for part in parts))}
    times = _ranks(part.t for part in parts)
    planes = _ranks(part.z for part in parts)
    grid: dict[tuple[int, int, int], str] = {}
    for part in parts:
        place = times[part.t], planes[part.z], channels[part.channel]
        if place in grid:
            raise MovieError(
                f"{Path(grid[place]).name} and {Path(part.path).name} are of the same channel and "
                "time; change the pattern that groups the files."
            )
        grid[place] = part.path
    if len(grid) != len(times) * len(planes) * len(channels):
        lost = next(
            f"channel {c or 'the only one'}, time {t}, plane {z}".replace(", plane None", "")
            for t, i in times.items()
            for z, j in planes.items()
            for c, k in channels.items()
            if (i, j, k) not in grid
        )
        raise MovieError(f"{name} has no file for {lost}; copy it there or leave the movie out.")
    return dict(sorted(grid.items()))


def _ranks(numbers: Iterable[int | None]) -> dict[int | None, int]:
    return {n: i for i, n in enumerate(sorted(set(numbers), key=lambda n: -1 if n is None else n))}


def _check_that_all_are_there(files: Sequence[Path], name: str) -> None:
    missing = [path for path in files if not path.is_file()]
    if missing:
        others = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise MovieError(
            f"{name} lacks {missing[0].name}{others} of its {len(files)} files; copy what is "
            "missing or leave the movie out."
        )


def _layout_of_file(
    file: _File, axes: str | None, name: str, *, has_times: bool
) -> tuple[Layout, str]:
    """Decide the dimensions of one file; a file of one time point has no time axis itself."""
    known, told = file.stored.axes, ""
    if axes is None and has_times:
        for unknown in "IQ":
            if unknown in known and "Z" not in known:
                known = known.replace(unknown, "Z", 1)
                told = "the pages of each file are taken as Z"
    layout = settle(known, file.stored.shape, axes, name)
    # A dimension of which only the first entry is read keeps its letter, which no movie uses.
    letters = "".join(
        own if settled == "." else settled
        for own, settled in zip(known, layout.letters, strict=True)
    )
    if letters == layout.letters:
        told = "; ".join(note for note in (told, layout.note) if note)
    return replace(layout, letters=letters), told


def _agreed(found: Sequence[Calibration], is_time_in_file: bool) -> Calibration:
    """Return the calibration on which all files agree; the rest is unknown."""
    first, same = found[0], {}
    for key in ("pixel_size_um", "z_step_um", "frame_interval_s"):
        values = [getattr(calibration, key) for calibration in found]
        known = all(value is not None for value in values)
        alike = known and np.allclose(
            np.array(values, float), np.array(values[0], float), rtol=0.01, atol=0
        )
        same[key] = getattr(first, key) if alike else None
    if not is_time_in_file:
        # The interval within a file says nothing about the time between files.
        same["frame_interval_s"] = None
    unread = tuple((field, why) for field, why in first.unread if field != "frame_interval_s")
    return Calibration(**same, unread=unread)


def _names_of_channels(
    channels: Sequence[str], inner: Sequence[str], n_inner: int
) -> tuple[str, ...]:
    """Return one name per channel: from the file names, from the files, or both."""
    if channels == [""]:
        return tuple(inner)
    if n_inner == 1:
        return tuple(channels)
    known = inner if len(inner) == n_inner else [str(i) for i in range(n_inner)]
    return tuple(f"{channel}-{name}" for channel in channels for name in known)


def _common_folder(files: Sequence[Path]) -> Path:
    folders = {str(path.resolve().parent) for path in files}
    try:
        return Path(os.path.commonpath(folders))
    except ValueError:  # on several drives
        return files[0].resolve().parent
