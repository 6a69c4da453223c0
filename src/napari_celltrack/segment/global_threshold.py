"""Thresholds with one level for the whole image."""

from __future__ import annotations

from math import floor
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import Self

from napari_celltrack.arrays.rounding import is_blank
from napari_celltrack.segment.histogram import Histogram, histogram
from napari_celltrack.settings import ADVANCED, Settings

#: Bins for triangle and yen in a float image; in finer bins the peak would be noise.
_COARSE_BINS = 256


class GlobalThreshold(Settings):
    """A level that the image's histogram decides, moved by a factor and an offset."""

    method: str
    offset: float = Field(
        0.0,
        title="Offset",
        description="Grey levels added to the automatic level. "
        "Raise it to find less, lower it below zero to find dimmer cells too.",
    )
    factor: float = Field(
        1.0,
        ge=0.0,
        le=100.0,
        title="Factor",
        description="The automatic level is multiplied by this before the offset is added. "
        "Raise it to find less, lower it to find dimmer cells too.",
        json_schema_extra=ADVANCED,
    )

    def automatic_level(self, image: NDArray[Any]) -> float:
        """Return the level that the method computes from the image.

        Parameters
        ----------
        image : ndarray of uint8, uint16 or float32, shape (Y, X)
            One plane without NaN.

        Returns
        -------
        float
            A grey level.
        """
        return self.level_of(histogram(image))

    def level_in_use(self, automatic: float | None) -> float | None:
        """Return the level that follows from the automatic one; None where that is not known."""
        return None if automatic is None else automatic * self.factor + self.offset

    def with_level(self, level: float, automatic: float | None) -> Self:
        """Return the threshold with the offset that leads from the automatic level to another."""
        if automatic is None:
            return self
        # A rounded sum may be a hair off; it is the offset that people read.
        return self.replace(offset=round(level - automatic * self.factor, 6))

    def level_of(self, pixels: Histogram) -> float:
        """Return the automatic level of an image by its histogram.

        Parameters
        ----------
        pixels : Histogram
            The histogram of the image.

        Returns
        -------
        float
            A grey level; for a constant image, its value.
        """
        return float(pixels.centers[0]) if pixels.is_constant else self._level_of(pixels)

    def level(self, image: NDArray[Any]) -> float:
        """Return the level in use: automatic level x factor + offset.

        Parameters
        ----------
        image : ndarray of uint8, uint16 or float32, shape (Y, X)
            One plane without NaN.

        Returns
        -------
        float
            A grey level.
        """
        return self.automatic_level(image) * self.factor + self.offset

    def __call__(self, image: NDArray[Any]) -> NDArray[np.bool_]:
        """Return the pixels brighter than the level; a blank image has none.

        Parameters
        ----------
        image : ndarray of uint8, uint16 or float32, shape (Y, X)
            One plane without NaN.

        Returns
        -------
        ndarray of bool, shape (Y, X)
            The foreground.
        """
        if is_blank(image):
            return np.zeros(image.shape, dtype=np.bool_)
        return brighter_than(image, self.level(image))

    def _level_of(self, pixels: Histogram) -> float:
        raise NotImplementedError


class Otsu(GlobalThreshold):
    """The level that separates dark and bright pixels best.

    Notes
    -----
    N. Otsu, "A threshold selection method from gray-level histograms", IEEE Transactions on
    Systems, Man, and Cybernetics 9, 62-66 (1979). Equal to ``skimage.filters.threshold_otsu``.
    """

    method: Literal["otsu"] = "otsu"

    def _level_of(self, pixels: Histogram) -> float:
        # Precision and order of sums are scikit-image's, so that ties are resolved as there.
        counts = pixels.counts.astype(np.float32)
        values = counts * pixels.centers
        dark, bright = np.cumsum(counts), np.cumsum(counts[::-1])[::-1]
        dark_mean = np.cumsum(values) / dark
        bright_mean = np.cumsum(values[::-1])[::-1] / bright
        apart = dark_mean[:-1] - bright_mean[1:]
        return float(pixels.centers[int(np.argmax(dark[:-1] * bright[1:] * apart**2))])


class Li(GlobalThreshold):
    """The level of least cross entropy; finds dimmer cells than Otsu when cells are few.

    Notes
    -----
    C. H. Li and P. K. S. Tam, "An iterative algorithm for minimum cross entropy thresholding",
    Pattern Recognition Letters 19, 771-776 (1998). Equal to ``skimage.filters.threshold_li``.
    """

    method: Literal["li"] = "li"

    def _level_of(self, pixels: Histogram) -> float:
        darkest = pixels.centers[0]
        values = (pixels.centers - darkest).astype(np.float64)
        weights = np.cumsum(pixels.counts, dtype=np.float64)
        sums = np.cumsum(pixels.counts * values)
        tolerance = 0.5 * (values[1] - values[0])
        level, before = sums[-1] / weights[-1], -np.inf
        while abs(level - before) > tolerance:
            before = level
            last = int(np.searchsorted(values, level, side="right")) - 1
            dark = sums[last] / weights[last]
            bright = (sums[-1] - sums[last]) / (weights[-1] - weights[last])
            if dark == 0.0:
                break
            level = (dark - bright) / (np.log(dark) - np.log(bright))
        return float(level + darkest)


class Triangle(GlobalThreshold):
    """The corner of the histogram below its long tail; for few, dim cells on a smooth background.

    Notes
    -----
    G. W. Zack, W. E. Rogers and S. A. Latt, "Automatic measurement of sister chromatid exchange
    frequency", Journal of Histochemistry and Cytochemistry 25, 741-753 (1977). Equal to
    ``skimage.filters.threshold_triangle``.
    """

    method: Literal["triangle"] = "triangle"

    def _level_of(self, pixels: Histogram) -> float:
        counts, centers = pixels.coarse(_COARSE_BINS)
        peak = int(np.argmax(counts))
        last = counts.size - 1
        tail_is_right = peak < last - peak
        if tail_is_right:
            counts, peak = counts[::-1], last - peak
        steps = np.arange(peak)
        norm = np.hypot(float(counts[peak]), float(peak))
        distance = counts[peak] / norm * steps - peak / norm * counts[:peak]
        corner = int(np.argmax(distance))
        return float(centers[last - corner if tail_is_right else corner])


class Yen(GlobalThreshold):
    """The level of most entropic correlation; a strict one that keeps the brightest pixels.

    Notes
    -----
    J. C. Yen, F. J. Chang and S. Chang, "A new criterion for automatic multilevel thresholding",
    IEEE Transactions on Image Processing 4, 370-378 (1995). Equal to
    ``skimage.filters.threshold_yen``.
    """

    method: Literal["yen"] = "yen"

    def _level_of(self, pixels: Histogram) -> float:
        counts, centers = pixels.coarse(_COARSE_BINS)
        share = counts / counts.sum()
        dark = np.cumsum(share)[:-1]
        dark_squares = np.cumsum(share**2)[:-1]
        bright_squares = np.cumsum(share[::-1] ** 2)[::-1][1:]
        weight = dark * (1 - dark)
        correlation = 2 * np.log(weight) - np.log(dark_squares * bright_squares)
        return float(centers[int(np.argmax(correlation))])


class Manual(Settings, title="Fixed level"):
    """A fixed level, for movies whose brightness means the same everywhere."""

    method: Literal["manual"] = "manual"
    value: float = Field(
        100.0,
        title="Level",
        description="Pixels brighter than this grey level are foreground. Raise it to find less.",
    )

    def automatic_level(self, image: NDArray[Any]) -> float:
        """Return the fixed level, whatever the image."""
        return self.value

    def level(self, image: NDArray[Any]) -> float:
        """Return the fixed level, whatever the image."""
        return self.automatic_level(image)

    def level_of(self, pixels: Histogram) -> None:
        """Return nothing: the level is set by hand."""

    def level_in_use(self, automatic: float | None) -> float:
        """Return the fixed level."""
        return self.value

    def with_level(self, level: float, automatic: float | None) -> Self:
        """Return the threshold at another level."""
        return self.replace(value=level)

    def __call__(self, image: NDArray[Any]) -> NDArray[np.bool_]:
        """Return the pixels brighter than the level."""
        return brighter_than(image, self.value)


def brighter_than(image: NDArray[Any], level: float) -> NDArray[np.bool_]:
    """Return the pixels of an image above a level.

    Parameters
    ----------
    image : ndarray of uint8, uint16 or float32, shape (Y, X)
        One plane without NaN.
    level : float
        Any number, also outside the range of the image.

    Returns
    -------
    ndarray of bool, shape (Y, X)
        ``image > level``.
    """
    if image.dtype.kind == "f":
        return np.asarray(image > level)
    # An integer is above a level if it is above its floor, so no float copy is needed.
    whole = floor(max(-1.0, min(level, float(np.iinfo(image.dtype).max))))
    if whole < 0:
        return np.ones(image.shape, dtype=np.bool_)
    return np.asarray(image > image.dtype.type(whole))
