"""PNG, JPEG and BMP: a still, decoded as a whole after a check of its size.

Palettes become red, green and blue. The dpi of such files is no calibration and is ignored.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, NoReturn

import imagecodecs
import numpy as np
import numpy.typing as npt

from napari_celltrack.errors import MovieError
from napari_celltrack.readers.guard import HARMLESS_BYTES, check_claim, decoding
from napari_celltrack.readers.image_headers import bmp_size, jpeg_size, png_size
from napari_celltrack.readers.stored import Stored, colour_names

_BMP_RAW = (0, 3, 6)


def read_image(path: Path) -> Stored:
    """Read a PNG, JPEG or BMP.

    It is decoded for its shape and type, which its header alone does not tell (palettes,
    transparency). The pixels are kept until the first read.

    Parameters
    ----------
    path : Path
        An image file, whatever its suffix.

    Raises
    ------
    MovieError
        If it is broken.
    """
    chunks = ImageFile(path)
    pixels = chunks.decode()
    samples = colour_names(pixels.shape[2]) if pixels.ndim == 3 else ()
    if path.suffix.lower() in (".jpg", ".jpeg") and len(samples) == 4:
        samples = ()  # four inks: JPEG has no alpha
    return Stored(
        chunks=chunks,
        axes="YXS"[: pixels.ndim],
        shape=pixels.shape,
        n_outer=0,
        dtype=pixels.dtype,
        samples=samples,
    )


class ImageFile:
    """One still; nothing stays open.

    Parameters
    ----------
    path : Path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ready: npt.NDArray[Any] | None = None

    def read(self, index: tuple[int, ...]) -> npt.NDArray[Any]:
        """Return the image, shape (Y, X) or (Y, X, samples); its only index is ()."""
        pixels = self.decode()
        self._ready = None
        return pixels

    def decode(self) -> npt.NDArray[Any]:
        """Return the image, and keep it for the next read."""
        if self._ready is None:
            self._ready = self._decode()
        return self._ready

    def close(self) -> None:
        """Release the pixels."""
        self._ready = None

    def _decode(self) -> npt.NDArray[Any]:
        with decoding(self.path.name):
            pixels = decode_image(self.path.read_bytes(), self.path.name)
        if pixels.ndim not in (2, 3):
            _refuse(self.path.name)
        return pixels[..., 0] if pixels.shape[2:] == (1,) else pixels

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_ready": None}


def decode_image(data: bytes, name: str) -> npt.NDArray[Any]:
    """Decode a PNG, JPEG or BMP after a check of its claimed size.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        The file, for messages.

    Returns
    -------
    ndarray, shape (Y, X) or (Y, X, samples)
        Samples in the order red, green, blue, alpha; uint8 or uint16.

    Raises
    ------
    MovieError
        If the size is impossible or missing.
    """
    if data.startswith(b"\x89PNG"):
        return _decode_png(data, name)
    if data.startswith(b"\xff\xd8"):
        return _decode_jpeg(data, name)
    return _decode_bmp(data, name)


def _decode_png(data: bytes, name: str) -> npt.NDArray[Any]:
    size = png_size(data)
    if size is None:
        _refuse(name)
    height, width, samples, bits = size
    # Palettes become colours and low bit depths become bytes: at most 4 samples a pixel.
    expanded = height * width * max(samples, 4) * (2 if bits == 16 else 1)
    swell = 64 // min(64, max(1, bits * samples))
    check_claim(name, expanded, len(data) * swell, "deflate")
    return np.asarray(imagecodecs.png_decode(data))


def _decode_jpeg(data: bytes, name: str) -> npt.NDArray[Any]:
    size = jpeg_size(data)
    if size is None:
        _refuse(name)
    check_claim(name, math.prod(size), len(data), "jpeg")
    return np.asarray(imagecodecs.jpeg8_decode(data))


def _decode_bmp(data: bytes, name: str) -> npt.NDArray[Any]:
    import cv2  # slow to import, and only BMP needs it

    size = bmp_size(data)
    if size is None:
        _refuse(name)
    height, width, bits, compression, start = size
    if compression in _BMP_RAW:
        row = (width * bits + 31) // 32 * 4
        check_claim(name, row * height, len(data) - start, "raw")
    elif height * width * 3 > HARMLESS_BYTES:
        check_claim(name, height * width * 3, len(data), "packbits")
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    finally:
        cv2.utils.logging.setLogLevel(level)
    if pixels is None:
        _refuse(name)
    blue_first = {3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGBA}
    return (
        cv2.cvtColor(pixels, blue_first[pixels.shape[2]])
        if pixels.ndim == 3
        else np.asarray(pixels)
    )


def _refuse(name: str) -> NoReturn:
    raise MovieError(
        f"{name} cannot be decoded; it is damaged or of a kind that is not supported, so open it "
        "in Fiji and save it again as TIFF."
    )
