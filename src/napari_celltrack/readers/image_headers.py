"""Image sizes read from the first bytes, before a decoder sees the file."""

from __future__ import annotations

import struct

#: JPEG markers that carry the size: start of frame, except DHT (C4), JPG (C8) and DAC (CC).
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_START_OF_SCAN = 0xDA
#: Bytes after 0xFF that do not make a marker: padding, and an escaped 0xFF.
_FILL = (0xFF, 0x00)


def png_size(data: bytes) -> tuple[int, int, int, int] | None:
    """Return height, width, samples per pixel and bits per sample of a PNG, or None."""
    if len(data) < 26 or data[12:16] != b"IHDR":
        return None
    width, height, bits, colour = struct.unpack(">IIBB", data[16:26])
    samples = {0: 1, 2: 3, 3: 4, 4: 2, 6: 4}.get(colour)
    return None if samples is None else (height, width, samples, bits)


def jpeg_size(data: bytes) -> tuple[int, int, int] | None:
    """Return height, width and samples per pixel of a JPEG, or None.

    The largest frame counts: a damaged or hostile file may hold several.
    """
    found: tuple[int, int, int] | None = None
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            at += 1
            continue
        marker = data[at + 1]
        if marker in _FILL or marker in _STANDALONE:
            at += 1 if marker == 0xFF else 2
            continue
        if marker in _START_OF_FRAME and at + 10 <= len(data):
            height, width, samples = struct.unpack(">HHB", data[at + 5 : at + 10])
            if found is None or height * width * samples > found[0] * found[1] * found[2]:
                found = height, width, samples
        if marker == _START_OF_SCAN:
            return found
        at += 2 + max(2, struct.unpack(">H", data[at + 2 : at + 4])[0])
    return found


def jpeg2000_size(data: bytes) -> tuple[int, int, int] | None:
    """Return height, width and samples per pixel of a JPEG 2000 code stream, or None."""
    at = data.find(b"\xff\x4f\xff\x51")
    if at < 0 or at + 42 > len(data):
        return None
    x1, y1, x0, y0 = struct.unpack(">IIII", data[at + 8 : at + 24])
    samples = struct.unpack(">H", data[at + 40 : at + 42])[0]
    return max(0, y1 - y0), max(0, x1 - x0), samples


def bmp_size(data: bytes) -> tuple[int, int, int, int, int] | None:
    """Return height, width, bits per pixel, compression and pixel offset of a BMP, or None."""
    if len(data) < 34 or data[:2] != b"BM":
        return None
    start, header = struct.unpack("<II", data[10:18])
    if header == 12:
        width, height, _, bits = struct.unpack("<HHHH", data[18:26])
        return height, width, bits, 0, start
    if not 40 <= header <= 256:
        return None
    width, height, _, bits, compression = struct.unpack("<iiHHI", data[18:34])
    return abs(height), abs(width), bits, compression, start
