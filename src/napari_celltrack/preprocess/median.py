"""Median filter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy import ndimage
from skimage.filters import rank

from napari_celltrack.preprocess.step import Step

#: Side of the square that is filtered at a time, where few grey levels make it faster.
_TILE_PX = 512

#: Grey levels of one pass in 8 bit; the two levels left mean "below" and "above" the band.
_BAND = 254


class Median(Step, title="Median filter"):
    """Middle value of a square window; removes specks and keeps edges and the data type.

    Equal to ``scipy.ndimage.median_filter(image, size)`` to the last bit, at borders (mirrored with
    the edge pixel repeated) and with even sizes too. A window of even size reaches one pixel
    further up and left, and its result is the upper of the two middle values.

    References
    ----------
    Huang, T., Yang, G. and Tang, G. (1979). A fast two-dimensional median filtering algorithm.
    IEEE Transactions on Acoustics, Speech, and Signal Processing, 27, 13-18.
    ``scipy.ndimage.median_filter`` is the reference that it is compared with.

    Notes
    -----
    Sizes up to 3 and size 5 are always fast. Larger windows are fast on integer images and slow
    on float32, so put the median before the steps that return float32.
    """

    method: Literal["median"] = "median"
    size_px: int = Field(
        3,
        ge=1,
        le=31,
        title="Size",
        description=(
            "Side of the square window. Higher removes larger specks, but also small cells and"
            " thin gaps between cells; 1 changes nothing."
        ),
    )

    def __call__(self, image: NDArray[Any]) -> NDArray[Any]:
        """Return the filtered plane, in the data type of `image`."""
        if self.size_px == 1:
            return np.array(image)
        before, after = self.size_px // 2, (self.size_px - 1) // 2
        padded: NDArray[Any] = np.pad(image, (before, after), mode="symmetric")
        return _median_inside(padded, self.size_px)


def _median_inside(padded: NDArray[Any], size: int) -> NDArray[Any]:
    """Return the median of every window that lies wholly inside `padded`."""
    if size == 2:
        return _median_of_four(padded)
    if size in (3, 5):
        return _crop(cv2.medianBlur(padded, size), size)
    if padded.dtype == np.uint8:
        return _median_8_bit(padded, size)
    height, width = padded.shape[0] - size + 1, padded.shape[1] - size + 1
    result = np.empty((height, width), padded.dtype)
    for y, x in _corners(height, width):
        tile = padded[y : y + _TILE_PX + size - 1, x : x + _TILE_PX + size - 1]
        result[y : y + _TILE_PX, x : x + _TILE_PX] = _median_by_bands(tile, size)
    return result


def _median_of_four(padded: NDArray[Any]) -> NDArray[Any]:
    """Return the third smallest of each 2 x 2 window: the rank that SciPy takes."""
    low = np.minimum(padded[:, :-1], padded[:, 1:])
    high = np.maximum(padded[:, :-1], padded[:, 1:])
    runner_up = np.minimum(high[:-1], high[1:])
    return np.asarray(np.maximum(np.maximum(low[:-1], low[1:]), runner_up))


def _median_by_bands(tile: NDArray[Any], size: int) -> NDArray[Any]:
    """Return the median in 8-bit passes: a rank filter commutes with renumbering values in order.

    The values of the tile are numbered in order and grouped into bands. A first pass finds the band
    of each median; one pass per band then finds its number. If that would take longer than sorting
    every window, SciPy does it.
    """
    # Number of passes that take as long as SciPy's sorting, by size of the window; measured.
    affordable = size**2 // (2 if size % 2 else 16)
    values, numbers = _numbered(tile)
    if len(values) <= 256:
        return np.asarray(values[_median_8_bit(numbers.astype(np.uint8), size)])
    if affordable < 3 or len(values) > _BAND * 256:
        return _crop(ndimage.median_filter(tile, size), size)
    coarse = _median_8_bit((numbers // _BAND).astype(np.uint8), size)
    bands = np.flatnonzero(np.bincount(coarse.ravel()))
    if len(bands) >= affordable:
        return _crop(ndimage.median_filter(tile, size), size)
    answer = np.empty(coarse.shape, np.int32)
    for band in bands:
        below = int(band) * _BAND - 1
        levels = np.clip(numbers - below, 0, _BAND + 1).astype(np.uint8)
        resolved = _median_8_bit(levels, size).astype(np.int32) + below
        np.copyto(answer, resolved, where=coarse == band)
    return np.asarray(values[answer])


def _numbered(tile: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """Return the values of a tile in order, and the number of its value for each pixel."""
    if tile.dtype.kind == "f":
        values, numbers = np.unique(tile, return_inverse=True)
        return values, numbers.reshape(tile.shape).astype(np.int32)
    # The same for integers, without sorting.
    present = np.bincount(tile.ravel()) > 0
    number_of = np.cumsum(present, dtype=np.int32) - np.int32(1)
    return np.flatnonzero(present).astype(tile.dtype), number_of[tile]


def _median_8_bit(padded: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Return the median of 8-bit windows by a running histogram, almost as fast for large ones."""
    if size % 2:
        return _crop(cv2.medianBlur(padded, size), size)
    # scikit-image is not typed.
    middle = rank.median(padded, np.ones((size, size), np.uint8))  # type: ignore[no-untyped-call]
    return _crop(middle, size)


def _crop(filtered: NDArray[Any], size: int) -> NDArray[Any]:
    """Crop the pixels whose windows reach outside."""
    before, after = size // 2, (size - 1) // 2
    height, width = filtered.shape
    return np.ascontiguousarray(filtered[before : height - after, before : width - after])


def _corners(height: int, width: int) -> Iterator[tuple[int, int]]:
    for y in range(0, height, _TILE_PX):
        for x in range(0, width, _TILE_PX):
            yield y, x
