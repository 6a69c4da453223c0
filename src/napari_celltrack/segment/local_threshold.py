"""Thresholds that compare a pixel with its surroundings."""

from __future__ import annotations

from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from napari_celltrack.arrays.rounding import difference, is_blank, middle_of
from napari_celltrack.settings import Settings


class LocalThreshold(Settings):
    """A level of its own for each pixel: the brightness around it plus an offset."""

    method: str
    offset: float = Field(
        0.0,
        title="Offset",
        description="Grey levels that a pixel must be brighter than its surroundings. "
        "Raise it to suppress the noise of empty regions, lower it to find dimmer cells.",
    )

    def level(self, image: NDArray[Any]) -> NDArray[np.float32]:
        """Return the level at every pixel.

        Parameters
        ----------
        image : ndarray of uint8, uint16 or float32, shape (Y, X)
            One plane without NaN.

        Returns
        -------
        ndarray of float32, shape (Y, X)
            Local brightness plus offset.
        """
        # Around 0, an image is rounded relative to its contrast and not to its brightness.
        middle = middle_of(image)
        around = self._surroundings(np.subtract(image, middle, dtype=np.float32))
        return np.asarray(around + (middle + np.float32(self.offset)), dtype=np.float32)

    def __call__(self, image: NDArray[Any]) -> NDArray[np.bool_]:
        """Return the pixels brighter than their level; a blank image has none."""
        if is_blank(image):
            return np.zeros(image.shape, dtype=np.bool_)
        return np.asarray(difference(image, self.level(image)) > 0)

    def _surroundings(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        raise NotImplementedError


class LocalMean(LocalThreshold):
    """Brighter than the mean of a square window.

    Equal to ``skimage.filters.threshold_local`` with ``method="mean"`` and the offset negated.

    Notes
    -----
    R. C. Gonzalez and R. E. Woods, "Digital Image Processing", 2nd edition, 600-612 (2002).
    """

    method: Literal["local_mean"] = "local_mean"
    radius_px: int = Field(
        25,
        ge=1,
        le=500,
        title="Radius",
        description="Half the side of the window whose mean is the local level. "
        "Take about the diameter of a cell; in smaller windows cells get holes.",
    )

    def _surroundings(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        side = 2 * self.radius_px + 1
        blurred = cv2.boxFilter(image, cv2.CV_32F, (side, side), borderType=cv2.BORDER_REFLECT)
        return np.asarray(blurred, dtype=np.float32)


class LocalGaussian(LocalThreshold, title="Local mean, weighted"):
    """Brighter than the surroundings, weighted by a Gaussian.

    Equal to ``skimage.filters.threshold_local`` with ``method="gaussian"``, ``param=sigma`` and
    the offset negated, up to rounding.

    Notes
    -----
    R. C. Gonzalez and R. E. Woods, "Digital Image Processing", 2nd edition, 600-612 (2002).
    """

    method: Literal["local_gaussian"] = "local_gaussian"
    sigma_px: float = Field(
        20.0,
        ge=0.5,
        le=200.0,
        title="Sigma",
        description="Width of the Gaussian whose mean is the local level. "
        "Take about the diameter of a cell; with smaller ones cells get holes.",
    )

    def _surroundings(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        return gaussian(image, self.sigma_px)


def gaussian(image: NDArray[np.float32], sigma_px: float) -> NDArray[np.float32]:
    """Smooth an image, as ``skimage.filters.gaussian`` does with ``mode="reflect"``.

    Parameters
    ----------
    image : ndarray of float32, shape (Y, X)
        One plane.
    sigma_px : float
        Standard deviation; 0 returns the image itself.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        The smooth image.
    """
    if sigma_px <= 0:
        return image
    side = 2 * gaussian_reach_px(sigma_px) + 1
    smooth = cv2.GaussianBlur(image, (side, side), sigma_px, borderType=cv2.BORDER_REFLECT)
    return np.asarray(smooth, dtype=np.float32)


def gaussian_reach_px(sigma_px: float) -> int:
    """Return the reach of the kernel of :func:`gaussian`, in px."""
    return int(4.0 * sigma_px + 0.5)
