"""Checks that a TIFF holds as much data as its pages claim, before anything is decoded."""

from __future__ import annotations

import math
from typing import Any

from napari_celltrack.errors import MovieError
from napari_celltrack.readers.guard import HARMLESS_BYTES, check_claim, n_bytes
from napari_celltrack.readers.image_headers import jpeg2000_size, jpeg_size

_RAW = 1
#: Compression schemes of TIFF by how far they can expand, see guard.MAX_RATIO.
_HOW = {
    5: "lzw",
    6: "jpeg",
    7: "jpeg",
    8: "deflate",
    32773: "packbits",
    32946: "deflate",
    33007: "jpeg",
    34892: "jpeg",
}
_JPEG = (6, 7, 33007, 34892)
_JPEG2000 = (33003, 33004, 33005, 34712)
#: The size of a picture is in the first bytes of a compressed strip or tile.
_HEADER_BYTES = 64 << 10


def check_page(name: str, page: Any) -> None:
    """Refuse a page that is too large for the bytes in which it is stored.

    Parameters
    ----------
    name : str
        The file, for messages.
    page : tifffile.TiffPage or TiffFrame
        Of an open file.

    Raises
    ------
    MovieError
        If the page, one of its strips or tiles, or a picture within one claims too much.
    """
    key = page.keyframe
    dtype = key.dtype
    if dtype is None or not page.dataoffsets:
        raise MovieError(f"{name} has a page without pixels; it is damaged, so export it again.")
    size = page.parent.filehandle.size
    segments = list(zip(page.dataoffsets, page.databytecounts, strict=False))
    stored = [min(count, max(0, size - offset)) for offset, count in segments]
    bits = key.bitspersample if isinstance(key.bitspersample, int) else dtype.itemsize * 8
    claimed = n_bytes(key.shape, dtype.itemsize)
    packed = math.prod(key.shape) * bits // 8
    if key.compression == _RAW and key.is_contiguous:
        # Old writers give wrong byte counts for data in one block.
        check_claim(name, packed, size - page.dataoffsets[0], "raw")
        return
    if key.compression == _RAW and all(count > 0 for _, count in segments):
        check_claim(name, packed, min(sum(stored), size), "raw")
    # One bit becomes one byte, so bool pages expand eight times more.
    how, swell = _HOW.get(int(key.compression), "other"), max(1, dtype.itemsize * 8 // bits)
    check_claim(name, claimed, min(sum(stored), size) * swell, how)
    segment = n_bytes(_segment_shape(key), dtype.itemsize)
    check_claim(name, segment, max(stored) * swell, how)
    if key.compression in _JPEG + _JPEG2000:
        _check_pictures(name, page, segments, segment // dtype.itemsize)


def _segment_shape(key: Any) -> tuple[int, ...]:
    """Return the shape of a tile or strip; 2**32 - 1 rows often mean all rows."""
    if key.is_tiled:
        return tuple(key.chunks)
    samples = key.samplesperpixel if key.planarconfig == 1 else 1
    return min(key.rowsperstrip, key.imagelength), key.imagewidth, samples


def _check_pictures(name: str, page: Any, segments: list[tuple[int, int]], expected: int) -> None:
    """Check the sizes within JPEG and JPEG 2000 data, which their decoders use."""
    size_of = jpeg_size if page.keyframe.compression in _JPEG else jpeg2000_size
    handle = page.parent.filehandle
    for offset, count in segments:
        handle.seek(offset)
        found = size_of(handle.read(min(count, _HEADER_BYTES)))
        n_samples = math.prod(found) if found else 0
        if n_samples > max(2 * expected, HARMLESS_BYTES):
            raise MovieError(
                f"{name} holds a compressed picture of {found} where {expected} values were "
                "expected; it is damaged, so export it again."
            )
