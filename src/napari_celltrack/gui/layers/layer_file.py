"""LayerFile: what the file of a layer says of it. Readers of others give bare pixels."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Image

from napari_celltrack.errors import CelltrackError
from napari_celltrack.gui.found_movies import FOUND, FoundMovie
from napari_celltrack.gui.movie_array import MovieArray
from napari_celltrack.movie import ArraySource, Movie
from napari_celltrack.readers import open_movie
from napari_celltrack.readers.images import find_images

#: Images of a file that a layer is compared with.
_MOST_IMAGES = 16
#: What was found of a layer, with the data that it had then.
_known: weakref.WeakKeyDictionary[Image, tuple[Any, LayerFile]] = weakref.WeakKeyDictionary()


@dataclass(frozen=True)
class LayerFile:
    """The file that a layer shows, as our readers read it.

    Parameters
    ----------
    movie : Movie or None
        None if there is none, or the layer shows something else by now.
    axes : str
        What each dimension of the layer's data is, as the file is read.
    channel : int or None
        Which channel of the file the layer shows, where it shows only one of several.
    found : FoundMovie or None
        How to open it, if we did.
    note : str
        Why the file is not believed, in words; empty if it is, or there is none.
    """

    movie: Movie | None = None
    axes: str = ""
    channel: int | None = None
    found: FoundMovie | None = None
    note: str = ""

    @property
    def channel_name(self) -> int | str:
        """The channel that the layer shows, as a recipe names it: by index where it has no name."""
        channel = self.channel or 0
        return channel if self.movie is None else self.movie.channel_name(channel)

    def read_as(self, axes: str) -> Movie | None:
        """Return the movie with other axes of the layer; None if the file cannot be read so."""
        movie = self.movie
        if movie is None or axes == self.axes:
            return movie
        in_file = self.axes_in_file(axes)
        if in_file is None or not movie.path:
            return None
        try:
            return self.found.open(in_file) if self.found else open_movie(movie.path, axes=in_file)
        except CelltrackError:
            return None

    def axes_in_file(self, axes: str) -> str | None:
        """Return what `axes` of the layer are in its file; None where that cannot be said."""
        if self.movie is None or len(axes) != len(self.axes):
            return None
        # The file has its channels elsewhere where the layer shows one of them, and of a movie in
        # several files a recipe says what the dimensions of each file are.
        is_second = self.channel is not None and "C" in axes
        if is_second or (self.found is not None and self.found.item.parts):
            return None
        return _replaced(self.movie.axes, self.axes, axes)

    def axes_in_layer(self, axes: str) -> str | None:
        """Return what `axes` of the file are in the layer; None where that cannot be said."""
        if self.movie is None or len(axes) != len(self.movie.axes):
            return None
        return _replaced(self.axes, self.movie.axes, axes)


def file_of(layer: Image) -> LayerFile:
    """Return the file that a layer shows.

    It is asked for at every turn, so what was found is kept until the layer has other data, see
    :func:`forget_file`. Planes at the beginning, in the middle and at the end are compared.
    """
    known = _known.get(layer)
    if known is None or known[0] is not layer.data:
        known = _known[layer] = layer.data, _look_at(layer)
    return known[1]


def forget_file(layer: Image) -> None:
    """Look at the file of a layer again: its data may have been edited in place."""
    _known.pop(layer, None)


def _look_at(layer: Image) -> LayerFile:
    data = layer.data[0] if layer.multiscale else layer.data
    if isinstance(data, MovieArray):
        return _read_by_us(data, layer.metadata.get(FOUND))
    path = layer.source.path
    if not path or not Path(path).exists():
        return LayerFile()
    try:
        # Of a file of several images, others may show another one than we would.
        for image in find_images(Path(path))[:_MOST_IMAGES]:
            if (found := _as_shown(data, open_movie(image.path), layer.rgb)) is not None:
                return found
    except CelltrackError:
        # A kind of file that we do not know, or a damaged one; the layer is there nevertheless.
        return LayerFile()
    return LayerFile(
        note=f"{layer.name} is not as {Path(path).name} is read, so it is taken as it is; to have "
        "what the file says, open it with Open movies…"
    )


def _read_by_us(array: MovieArray, found: FoundMovie | None) -> LayerFile:
    movie = array.movie
    axes = "".join(axis for axis, n in (("T", movie.n_frames), ("Z", movie.n_z)) if n > 1) + "YX"
    is_one_of_several = array.channel is not None and len(movie.channels) > 1
    return LayerFile(
        movie,
        axes if array.channel is not None else f"{axes}C",
        array.channel if is_one_of_several else None,
        found,
    )


def _as_shown(data: Any, movie: Movie, is_rgb: bool) -> LayerFile | None:
    """Return how an array shows a movie, all of it or one channel; None if it does not."""
    shape = tuple(map(int, data.shape))
    axes = _axes_in(movie, shape, len(movie.channels))
    if axes is not None and _is_equal(ArraySource(data, axes), movie, None):
        return LayerFile(movie, axes)
    axes = None if is_rgb else _axes_in(movie, shape, 1)
    if axes is not None:
        for channel in range(len(movie.channels)):
            if _is_equal(ArraySource(data, axes), movie, channel):
                return LayerFile(movie, axes, channel)
    return None


def _axes_in(movie: Movie, shape: tuple[int, ...], n_channels: int) -> str | None:
    """Return what each dimension of an array is; those of one entry may be missing in it."""
    length = {
        "T": movie.n_frames,
        "Z": movie.n_z,
        "C": n_channels,
        "Y": movie.height_px,
        "X": movie.width_px,
    }
    if len(set(movie.axes)) < len(movie.axes) or not set(movie.axes) <= set(length):
        return None
    long = [axis for axis in movie.axes if length[axis] > 1]
    short = [axis for axis in (*movie.axes, *"TZC") if axis not in long]
    short = list(dict.fromkeys(short))
    if [length[axis] for axis in long] != [n for n in shape if n > 1]:
        return None
    if len(shape) - len(long) > len(short):
        return None
    axes = "".join(long.pop(0) if n > 1 else short.pop(0) for n in shape)
    return axes if set("YX") <= set(axes) else None


def _is_equal(array: ArraySource, movie: Movie, only: int | None) -> bool:
    """Whether an array holds a movie, or only one channel of it, by three of its planes."""
    for part in (0.0, 0.5, 1.0):
        lengths = movie.n_frames, movie.n_z, len(movie.channels)
        frame, z, channel = (round(part * (n - 1)) for n in lengths)
        ours = movie.plane(frame, z, channel if only is None else only)
        theirs = array.read_plane(frame, z, channel if only is None else 0)
        if not np.array_equal(ours, theirs, equal_nan=ours.dtype.kind == "f"):
            return False
    return True


def _replaced(axes: str, before: str, after: str) -> str | None:
    """Return axes in which letters are replaced by others at the same place."""
    other = dict(zip(before, after, strict=True))
    # A letter that is taken gives its own away, for a dimension of one entry has a letter, too.
    left = [axis for axis in before if axis not in after]
    other |= dict(zip((axis for axis in after if axis not in before), left, strict=True))
    replaced = "".join(other.get(axis, axis) for axis in axes)
    return replaced if len(set(replaced)) == len(replaced) else None
