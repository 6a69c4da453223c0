"""Limits on what the chunks of a zarr are inflated to: a few kB can claim to be gigabytes.

The decoders of zarr make all of what a chunk holds before they compare it with its shape. The
decoders of an array that was opened here stop at a limit.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from napari_celltrack.readers.guard import HARMLESS_BYTES, n_bytes

#: A chunk may be stored in larger numbers than it is read in.
_WIDER = 8
#: How a frame of zstd begins, what a block inflates to at most, and the kinds of blocks.
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_BLOCK = 128 * 1024
_ZSTD_REPEATED, _ZSTD_COMPRESSED = 1, 2
_TOO_MUCH = "a chunk holds far more than its shape"


def limit_decoders(array: Any) -> None:
    """Have the decoders of an opened array refuse chunks that are far larger than they should be.

    Parameters
    ----------
    array : zarr.Array
        Its decoders, which are its own, raise ValueError.
    """
    shape = getattr(array, "shards", None) or array.chunks
    limit = max(HARMLESS_BYTES, _WIDER * n_bytes(shape, np.dtype(array.dtype).itemsize))
    for codec in _codecs_of(array.metadata):
        inflate = _INFLATE.get(str(getattr(codec, "codec_id", "")))
        if inflate is not None:
            codec.decode = partial(_decode, codec, inflate, limit)


def _codecs_of(metadata: Any) -> Iterator[Any]:
    """Return the codecs of numcodecs that do the work, in both versions of the format."""
    yield getattr(metadata, "compressor", None)
    waiting = list(getattr(metadata, "codecs", ()))
    while waiting:
        codec = waiting.pop()
        waiting += getattr(codec, "codecs", ())  # of the chunks of a shard
        for name in ("_gzip_codec", "_blosc_codec", "_zstd_codec", "_codec"):
            yield getattr(codec, name, None)


def _decode(codec: Any, inflate: _Inflate, limit: int, data: Any) -> Any:
    inflated = inflate(codec, data, limit + 1)
    if len(inflated) > limit:
        raise ValueError(_TOO_MUCH)
    return inflated


def _zlib(_: Any, data: Any, most: int) -> Any:
    return zlib.decompressobj().decompress(data, most)


def _gzip(_: Any, data: Any, most: int) -> Any:
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
        return file.read(most)


def _bz2(_: Any, data: Any, most: int) -> Any:
    return bz2.BZ2Decompressor().decompress(memoryview(data), most)


def _lzma(codec: Any, data: Any, most: int) -> Any:
    return lzma.LZMADecompressor(codec.format, None, codec.filters).decompress(data, most)


def _blosc(codec: Any, data: Any, most: int) -> Any:
    # Its length stands in its head, and is what is made room for.
    if int.from_bytes(bytes(memoryview(data)[4:8]), "little") >= most:
        raise ValueError(_TOO_MUCH)
    return type(codec).decode(codec, data)


def _lz4(codec: Any, data: Any, most: int) -> Any:
    # As of blosc, with the length in front.
    if int.from_bytes(bytes(memoryview(data)[:4]), "little") >= most:
        raise ValueError(_TOO_MUCH)
    return type(codec).decode(codec, data)


def _zstd(codec: Any, data: Any, most: int) -> Any:
    if zstd_length(memoryview(data).cast("B")) >= most:
        raise ValueError(_TOO_MUCH)
    return type(codec).decode(codec, data)


def zstd_length(data: memoryview) -> int:
    """Return to how much frames of zstd inflate at most, by what they state (RFC 8878, 3.1.1).

    The length of a frame may be left out, that of its blocks cannot be.
    """
    length = at = 0
    while len(data) > at + 4 and data[at : at + 4] == _ZSTD:
        flags = data[at + 4]
        is_single = flags >> 5 & 1
        start = at + 6 - is_single + (0, 1, 2, 4)[flags & 3]
        n = (is_single, 2, 4, 8)[flags >> 6]
        stated = int.from_bytes(data[start : start + n], "little") + (256 if n == 2 else 0)
        at, of_blocks = start + n, 0
        is_last = False
        while not is_last and len(data) >= at + 3:
            head = int.from_bytes(data[at : at + 3], "little")
            is_last, kind, size = bool(head & 1), head >> 1 & 3, head >> 3
            of_blocks += _ZSTD_BLOCK if kind == _ZSTD_COMPRESSED else size
            at += 3 + (1 if kind == _ZSTD_REPEATED else size)
        # A frame that inflates to more than it states is refused by its decoder.
        length += stated or of_blocks
        at += 4 * (flags >> 2 & 1)  # the checksum
    return length


#: Inflates the bytes of a chunk to as many as there may be at most.
_Inflate = Callable[[Any, Any, int], Any]
_INFLATE: dict[str, _Inflate] = {
    "zlib": _zlib, "gzip": _gzip, "bz2": _bz2, "lzma": _lzma, "blosc": _blosc, "zstd": _zstd,
    "lz4": _lz4,
}  # fmt: skip
