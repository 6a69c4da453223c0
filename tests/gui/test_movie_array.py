"""A movie as the data of a layer: as numpy slices it, read once, by any thread, and not by dask."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import dask.array as da
import numpy as np
import pytest
from dask.cache import Cache
from dask.callbacks import Callback

from napari_celltrack.gui.layers.movie_layers import movie_from_layer
from napari_celltrack.gui.movie_array import MovieArray
from napari_celltrack.gui.show_movie import add_movie
from napari_celltrack.movie import movie_from_array

PIXELS = np.random.default_rng(0).integers(0, 999, (5, 3, 2, 8, 9)).astype(np.uint16)


class CountedSource:
    """Planes of an array, and which were read."""

    def __init__(self, source) -> None:
        self._source = source
        self.read: list[tuple[int, int, int]] = []

    def read_plane(self, frame: int, z: int, channel: int) -> np.ndarray:
        self.read.append((frame, z, channel))
        return self._source.read_plane(frame, z, channel)

    def close(self) -> None:
        """Nothing to release."""


def counted(pixels: np.ndarray, axes: str):
    movie = movie_from_array(pixels, axes)
    return replace(movie, source=CountedSource(movie.source))


@pytest.mark.parametrize(
    "key",
    [
        3,
        -1,
        np.int64(2),
        ...,
        slice(1, 4, 2),
        slice(None, None, -1),
        (2, 1),
        (2, slice(None), 4),
        (slice(None), -1, ..., slice(2, 5)),
        (..., 4),
        (2, 1, 4, 5),
        ([0, 3], slice(None), 2),
        (np.array([0, 0, 4]), np.array([1, 2, 1]), np.array([3, 3, 7]), np.array([0, 1, 8])),
        (np.array([True, False, True, False, True]),),
    ],
)
def test_it_is_sliced_as_an_array_is(key) -> None:
    array = MovieArray(movie_from_array(PIXELS, "TZCYX"), 1)
    expected = PIXELS[:, :, 1][key]
    got = array[key]
    assert got.dtype == expected.dtype
    assert np.shape(got) == np.shape(expected)
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("key", [5, -6, (0, 3), (0, 0, 0, 0, 0)])
def test_what_is_not_there_is_an_index_error(key) -> None:
    with pytest.raises(IndexError):
        MovieArray(movie_from_array(PIXELS, "TZCYX"), 1)[key]


@pytest.mark.parametrize("axes", ["YX", "TYX", "ZYX", "YXC", "TYXC"])
def test_dimensions_of_one_entry_are_left_out(axes) -> None:
    lengths = {"T": 4, "Z": 3, "Y": 8, "X": 9, "C": 3}
    pixels = PIXELS.ravel()[: np.prod([lengths[axis] for axis in axes])]
    pixels = pixels.reshape([lengths[axis] for axis in axes])
    array = MovieArray(movie_from_array(pixels, axes), range(3) if "C" in axes else 0)
    assert (array.shape, array.ndim, array.size) == (pixels.shape, pixels.ndim, pixels.size)
    assert len(array) == len(pixels)
    np.testing.assert_array_equal(np.asarray(array), pixels)
    np.testing.assert_array_equal(np.asarray(array, float), pixels.astype(float))


def test_a_frame_is_read_once_as_long_as_there_is_room() -> None:
    movie = counted(PIXELS[:, 0, 0], "TYX")
    array = MovieArray(movie, 0, max_bytes=2 * 8 * 9 * 2)
    for frame in (0, 1, 0, 1, 1):
        array[frame]
    assert movie.source.read == [(0, 0, 0), (1, 0, 0)]
    for frame in (2, 1, 0):
        array[frame, 2:4]
    assert [frame for frame, *_ in movie.source.read] == [0, 1, 2, 0]


def test_nobody_can_change_what_others_read() -> None:
    array = MovieArray(movie_from_array(PIXELS.copy(), "TZCYX"), 0)
    with pytest.raises(ValueError, match="read-only"):
        array[0, 0][2, 2] = 7


def test_many_threads_read_the_right_frames() -> None:
    array = MovieArray(counted(PIXELS[:, 0, 0], "TYX"), 0, max_bytes=1)
    frames = np.random.default_rng(1).integers(0, 5, 2000)
    with ThreadPoolExecutor(8) as pool:
        for frame, plane in zip(frames, pool.map(array.__getitem__, frames), strict=True):
            np.testing.assert_array_equal(plane, PIXELS[frame, 0, 0])


def test_a_layer_of_ours_is_read_without_dask(viewer) -> None:
    asked: list[object] = []
    movie = counted(PIXELS[:, 0], "TCYX")
    with Callback(start=asked.append):
        first, second = add_movie(viewer, movie)
        viewer.dims.set_current_step(0, 3)
        again = movie_from_layer(second, "TYX")
        np.testing.assert_array_equal(again.plane(4), PIXELS[4, 0, 1])
        np.testing.assert_array_equal(first.data[3], PIXELS[3, 0, 0])
    assert asked == []


@pytest.mark.parametrize("scheduler", ["threads", "synchronous"])
def test_a_lazy_layer_is_read_beside_the_store_that_napari_has_dask_keep(viewer, scheduler) -> None:
    import dask

    layer = viewer.add_image(da.from_array(PIXELS[:, 0, 0], chunks=(1, 8, 9)))
    movie = movie_from_layer(layer, "TYX")
    asked: list[object] = []
    cache = Cache(1e9, 0)
    with cache, Callback(start=asked.append), dask.config.set(scheduler=scheduler):
        for frame in range(5):
            np.testing.assert_array_equal(movie.plane(frame), PIXELS[frame, 0, 0])
    assert asked == []
    assert len(cache.cache.data) == 0


def test_a_lazy_layer_is_read_while_others_make_dask_forget() -> None:
    lazy = da.from_array(PIXELS[:, 0, 0], chunks=(1, 8, 9)) + 1
    movie = movie_from_array(lazy, "TYX")
    stop = threading.Event()

    def forget(cache: Cache) -> None:
        while not stop.is_set():
            cache.cache.data.clear()

    with Cache(1e9, 0) as cache, ThreadPoolExecutor(3) as pool:
        forgetting = pool.submit(forget, cache)
        try:
            reads = [pool.submit(movie.plane, frame % 5) for frame in range(300)]
            for frame, read in enumerate(reads):
                np.testing.assert_array_equal(read.result(), PIXELS[frame % 5, 0, 0] + 1)
        finally:
            stop.set()
        forgetting.result()
