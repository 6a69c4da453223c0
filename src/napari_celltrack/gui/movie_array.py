"""MovieArray: a movie as the data of a layer, read plane by plane as the viewer asks for it.

Not through dask: napari has dask keep what it computed, in a store that background threads which
read the same graph would change under it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_celltrack.movie import Movie

#: Planes are forgotten, least recently asked for first, to stay below it.
_MAX_BYTES = 256 * 2**20


class MovieArray:
    """An array ([T,] [Z,] Y, X[, C]) that reads planes of a movie; any thread may ask.

    It has what napari asks of the data of a layer: shape, dtype, slicing as of numpy. Dimensions
    of one entry are left out. What is read belongs to all who ask, and cannot be written to.

    Parameters
    ----------
    movie : Movie
    channels : int or sequence of int
        One channel; or several, which are colours in the last dimension.
    max_bytes : int
        How much of it is kept in memory; the last plane always is.
    """

    def __init__(
        self, movie: Movie, channels: int | Sequence[int], max_bytes: int = _MAX_BYTES
    ) -> None:
        self._movie = movie
        self._channels = channels
        colours = () if isinstance(channels, int) else (len(channels),)
        #: Numbers of frames and planes, where there are several.
        self._counts = tuple(n for n in (movie.n_frames, movie.n_z) if n > 1)
        self._plane_shape = (*movie.shape, *colours)
        self.shape: tuple[int, ...] = (*self._counts, *self._plane_shape)
        self.dtype = np.dtype(movie.dtype)
        self.ndim = len(self.shape)
        self.size = int(np.prod(self.shape, dtype=np.int64))
        self.nbytes = self.size * self.dtype.itemsize
        plane_bytes = int(np.prod(self._plane_shape, dtype=np.int64)) * self.dtype.itemsize
        self._n_max = max(max_bytes // max(plane_bytes, 1), 1)
        self._planes: OrderedDict[tuple[int, ...], npt.NDArray[Any]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def movie(self) -> Movie:
        """The movie that is read."""
        return self._movie

    @property
    def channel(self) -> int | None:
        """The channel that is read; None for several, which are colours."""
        return self._channels if isinstance(self._channels, int) else None

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> npt.NDArray[Any]:
        keys = self._whole_key(key)
        n_counts = len(self._counts)
        # Only planes that are asked for are read; within those numpy does the rest.
        wanted: list[npt.NDArray[np.intp]] = []
        within: list[Any] = []
        for count, asked in zip(self._counts, keys[:n_counts], strict=True):
            all_of_it = np.arange(count)
            if isinstance(asked, slice):
                wanted.append(all_of_it[asked])
                within.append(slice(None))
            else:
                chosen, at = np.unique(all_of_it[asked], return_inverse=True)
                wanted.append(chosen)
                is_one = np.ndim(all_of_it[asked]) == 0
                within.append(0 if is_one else at.reshape(np.shape(all_of_it[asked])))
        if all(isinstance(part, int) for part in within):
            return self._plane(tuple(int(each[0]) for each in wanted))[tuple(keys[n_counts:])]
        shape = tuple(len(each) for each in wanted)
        block = np.empty((*shape, *self._plane_shape), self.dtype)
        for place in np.ndindex(*shape):
            at_plane = (int(each[i]) for each, i in zip(wanted, place, strict=True))
            block[place] = self._plane(tuple(at_plane))
        return block[tuple(within + keys[n_counts:])]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return np.array(self[...], dtype or self.dtype)

    def _whole_key(self, key: Any) -> list[Any]:
        """Return an entry for each dimension."""
        keys = list(key) if isinstance(key, tuple) else [key]
        is_rest = [each is Ellipsis for each in keys]
        if any(is_rest):
            at = is_rest.index(True)
            keys[at : at + 1] = [slice(None)] * (self.ndim - len(keys) + 1)
        if len(keys) > self.ndim:
            raise IndexError(f"{len(keys)} indices for an array of {self.ndim} dimensions")
        return keys + [slice(None)] * (self.ndim - len(keys))

    def _plane(self, at: tuple[int, ...]) -> npt.NDArray[Any]:
        with self._lock:
            if at in self._planes:
                self._planes.move_to_end(at)
                return self._planes[at]
        # Not locked: two may read the same plane, and nobody waits for another one.
        plane = self._read(at)
        with self._lock:
            self._planes[at] = plane
            self._planes.move_to_end(at)
            while len(self._planes) > self._n_max:
                self._planes.popitem(last=False)
        return plane

    def _read(self, at: tuple[int, ...]) -> npt.NDArray[Any]:
        movie, indices = self._movie, list(at)
        frame = indices.pop(0) if movie.n_frames > 1 else 0
        z = indices.pop(0) if movie.n_z > 1 else 0
        if isinstance(self._channels, int):
            plane = movie.plane(frame, z, self._channels)
        else:
            plane = np.stack([movie.plane(frame, z, each) for each in self._channels], axis=-1)
        shown = np.asarray(plane, self.dtype).view()
        shown.flags.writeable = False
        return shown
