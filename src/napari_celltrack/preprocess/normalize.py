"""Normalise: scale brightness to 0..1 by percentiles."""

from __future__ import annotations

from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from napari_celltrack.arrays.rounding import rounding_of
from napari_celltrack.preprocess.step import Step

#: OpenCV counts in float32, which is exact up to here.
_EXACT_COUNT = 2**24


class Normalize(Step, title="Stretch contrast"):
    """Stretch a plane so that a low percentile becomes 0 and a high percentile 1.

    The percentiles are those of ``numpy.percentile``. If both are the same value, as in a nearly
    black plane with one cell, minimum and maximum are used instead. A constant plane becomes 0.

    References
    ----------
    Gonzalez, R. C. and Woods, R. E. (2018). Digital Image Processing, 4th edition, section 3.2
    (contrast stretching).
    """

    method: Literal["normalize"] = "normalize"
    low_percent: float = Field(
        1.0,
        ge=0.0,
        le=100.0,
        title="Low percentile",
        description=(
            "The value below which this share of the pixels lies becomes 0. Higher makes the"
            " background darker."
        ),
    )
    high_percent: float = Field(
        99.8,
        ge=0.0,
        le=100.0,
        title="High percentile",
        description=(
            "The value below which this share of the pixels lies becomes 1. Lower makes dim"
            " cells brighter, higher takes the few brightest pixels into account."
        ),
    )
    clip: bool = Field(
        False,
        title="Clip",
        description=(
            "Cut values below 0 and above 1. An automatic threshold finds its place better when"
            " this is off."
        ),
    )

    @model_validator(mode="after")
    def _ordered(self) -> Normalize:
        if self.high_percent <= self.low_percent:
            raise ValueError(
                f"the high percentile ({self.high_percent:g} %) must be higher than"
                f" the low percentile ({self.low_percent:g} %)"
            )
        return self

    def __call__(self, image: NDArray[Any]) -> NDArray[np.float32]:
        """Return the stretched plane; within 0..1 only when clipped."""
        low, high = percentiles(image, (self.low_percent, self.high_percent))
        least = rounding_of(image)
        if high - low <= least:
            low, high = float(image.min()), float(image.max())
        stretched = stretch(image, low, high if high - low > least else low)
        return np.clip(stretched, 0, 1, out=stretched) if self.clip else stretched


def stretch(image: NDArray[Any], low: float, high: float) -> NDArray[np.float32]:
    """Map `low` to 0 and `high` to 1; if they are equal, the result is 0.

    Parameters
    ----------
    image : ndarray
        One plane (Y, X).
    low, high : float
        Values in units of the image.

    Returns
    -------
    ndarray
        The stretched plane (Y, X), float32.
    """
    if low == high:
        return np.zeros(image.shape, np.float32)
    stretched: NDArray[np.float32] = np.subtract(image, low, dtype=np.float32)
    stretched /= np.float32(high - low)
    return stretched


def percentiles(image: NDArray[Any], percents: tuple[float, ...]) -> list[float]:
    """Return percentiles equal to those of ``numpy.percentile``, for integers by one histogram.

    Parameters
    ----------
    image : ndarray
        One plane (Y, X), uint8, uint16 or float32.
    percents : tuple of float
        From 0 to 100.

    Returns
    -------
    list of float
        One value per percentage.
    """
    if image.dtype.kind == "f":
        return [float(value) for value in np.percentile(image, percents)]
    up_to = np.cumsum(_histogram(image))
    return [_percentile_of(up_to, percent) for percent in percents]


def _percentile_of(up_to: NDArray[np.int64], percent: float) -> float:
    """Interpolate between the two nearest of the sorted pixels, by cumulative counts."""
    place = percent / 100 * (int(up_to[-1]) - 1)
    below = int(place)
    above = min(below + 1, int(up_to[-1]) - 1)
    low, high = np.searchsorted(up_to, [below, above], side="right")
    return float(low) + (float(high) - float(low)) * (place - below)


def _histogram(image: NDArray[Any]) -> NDArray[np.int64]:
    levels = int(np.iinfo(image.dtype).max) + 1
    counts = np.zeros(levels, np.int64)
    rows = max(1, _EXACT_COUNT // image.shape[1])
    for top in range(0, image.shape[0], rows):
        part = cv2.calcHist([image[top : top + rows]], [0], None, [levels], [0, levels])
        counts += part.ravel().astype(np.int64)
    return counts
