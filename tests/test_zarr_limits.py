"""Chunks of a zarr that hold far more than their shape: refused before the memory is full."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numcodecs
import numpy as np
import pytest
import zarr
from zarr.codecs import BloscCodec, GzipCodec, ZstdCodec

from napari_celltrack.errors import MovieError
from napari_celltrack.readers import guard, open_movie
from napari_celltrack.readers.zarr_limits import zstd_length
from readers_scenes import pixels

OLD = [
    numcodecs.Zlib(1), numcodecs.GZip(1), numcodecs.BZ2(1), numcodecs.LZMA(preset=1),
    numcodecs.Blosc("lz4"), numcodecs.Zstd(1), numcodecs.LZ4(),
]  # fmt: skip
NEW = [
    (GzipCodec(level=1), numcodecs.GZip(1)),
    (BloscCodec(cname="lz4", typesize=2), numcodecs.Blosc("lz4")),
    (ZstdCodec(level=1), numcodecs.Zstd(1)),
]


def write(path: Path, array: np.ndarray, zarr_format: int, codec: Any) -> Path:
    """Write a plain zarr of planes, and return the file of its second one."""
    made = zarr.create_array(
        str(path), shape=array.shape, dtype=array.dtype, chunks=(1, *array.shape[1:]),
        compressors=codec, zarr_format=zarr_format,
    )  # fmt: skip
    made[:] = array
    return path / ("1.0.0" if zarr_format == 2 else "c/1/0/0")


@pytest.mark.parametrize(
    ("zarr_format", "codec", "plain"),
    [*((2, codec, codec) for codec in OLD), *((3, *codecs) for codecs in NEW)],
    ids=lambda value: type(value).__name__,
)
def test_a_chunk_is_inflated_to_its_shape_and_little_more(
    zarr_format: int, codec: Any, plain: Any, tmp_path: Path
) -> None:
    array = pixels((3, 64, 48), "uint16")
    second = write(tmp_path / "a.zarr", array, zarr_format, codec)
    movie = open_movie(tmp_path / "a.zarr")
    for t in range(3):
        np.testing.assert_array_equal(movie.plane(t), array[t])
    movie.close()
    second.write_bytes(plain.encode(bytes(3 * guard.HARMLESS_BYTES)))
    tracemalloc.start()
    try:
        with pytest.raises(MovieError, match="a chunk holds far more than its shape"):
            movie.plane(1)
        assert tracemalloc.get_traced_memory()[1] < 2.5 * guard.HARMLESS_BYTES
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(movie.plane(2), array[2])
    # What is cut short is refused as before.
    second.write_bytes(plain.encode(bytes(100)))
    with pytest.raises(MovieError, match=r"a\.zarr cannot be decoded"):
        movie.plane(1)
    movie.close()


def test_the_length_of_zstd_is_known_without_being_stated() -> None:
    for data in (b"", bytes(3), bytes(10_000_000), pixels((3, 640, 480), "uint16").tobytes()):
        stated = numcodecs.Zstd(1).encode(data)
        assert zstd_length(memoryview(stated)) == len(data)
    # Ten blocks of one byte again and again, as a frame whose end was not known is written.
    repeated = (0b011 | 131072 << 3).to_bytes(3, "little") + b"a"
    going_on = (0b010 | 131072 << 3).to_bytes(3, "little") + b"a"
    frame = b"\x28\xb5\x2f\xfd" + b"\x00\x38" + going_on * 9 + repeated
    assert numcodecs.Zstd().decode(frame) == 10 * 131072 * b"a"
    assert zstd_length(memoryview(frame)) == 10 * 131072
    assert zstd_length(memoryview(frame * 3)) == 3 * 10 * 131072
