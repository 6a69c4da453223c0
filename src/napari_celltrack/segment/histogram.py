"""Histogram of one image, from which the automatic thresholds are computed."""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

#: Bins of the histogram of a float image; integer images have one bin per grey level.
N_BINS = 65536
#: OpenCV counts in float32, which is exact up to this number of pixels.
_EXACT_PIXELS = 1 << 24


class Histogram(NamedTuple):
    """Number of pixels of each value, from the darkest to the brightest that occurs.

    Attributes
    ----------
    counts : ndarray of int64, shape (n,)
        Pixels per bin; the first and the last are not zero.
    centers : ndarray of int64 or float64, shape (n,)
        Value at the centre of each bin: the grey level itself for integer images.
    """

    counts: NDArray[np.int64]
    centers: NDArray[Any]

    @property
    def is_constant(self) -> bool:
        """Whether all pixels have the same value."""
        return self.counts.size == 1

    def coarse(self, n_bins: int) -> Histogram:
        """Return the histogram in fewer, equally wide bins; integer levels stay as they are.

        Parameters
        ----------
        n_bins : int
            Number of bins, a divisor of the present number.

        Returns
        -------
        Histogram
            The same pixels in `n_bins` bins.
        """
        if self.centers.dtype.kind != "f" or self.counts.size % n_bins:
            return self
        return Histogram(
            self.counts.reshape(n_bins, -1).sum(axis=1),
            self.centers.reshape(n_bins, -1).mean(axis=1),
        )


def histogram(image: NDArray[Any]) -> Histogram:
    """Count the values of an image.

    Parameters
    ----------
    image : ndarray of uint8, uint16 or float32, shape (Y, X)
        One plane without NaN.

    Returns
    -------
    Histogram
        One bin per grey level for integers, `N_BINS` over the range for floats.
    """
    if image.dtype.kind == "f":
        return _float_histogram(np.ascontiguousarray(image, dtype=np.float32))
    low, high = int(image.min()), int(image.max())
    counts = _count(np.ascontiguousarray(image), 0.0, float(high + 1), high + 1)
    return Histogram(counts[low:], np.arange(low, high + 1))


def _float_histogram(image: NDArray[np.float32]) -> Histogram:
    low, high = float(image.min()), float(image.max())
    if not low < high:
        return Histogram(np.array([image.size]), np.array([low]))
    # The upper end is exclusive in OpenCV; the brightest pixel belongs to the last bin.
    end = float(np.nextafter(np.float32(high), np.float32(np.inf)))
    counts = _count(image, low, end, N_BINS)
    width = (high - low) / N_BINS
    centers = low + width * (np.arange(N_BINS) + 0.5)
    counts[-1] += image.size - int(counts.sum())
    return Histogram(counts, centers)


def _count(image: NDArray[Any], low: float, end: float, n_bins: int) -> NDArray[np.int64]:
    counts = np.zeros(n_bins, dtype=np.int64)
    rows = max(1, _EXACT_PIXELS // max(1, image.shape[1]))
    for start in range(0, image.shape[0], rows):
        strip = image[start : start + rows]
        counts += cv2.calcHist([strip], [0], None, [n_bins], [low, end]).ravel().astype(np.int64)
    return counts
