"""Gaussian smoothing."""

from __future__ import annotations

from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from napari_celltrack.arrays.rounding import middle_of
from napari_celltrack.preprocess.step import Step

#: Where the kernel is cut off, in sigmas: SciPy's default, so that results agree.
TRUNCATE = 4.0


class Gaussian(Step, title="Gaussian blur"):
    """Weighted mean of the neighbourhood; reduces noise and blurs edges.

    The kernel is cut off at 4 sigma and the image is mirrored at its borders with the edge pixel
    repeated. These are the defaults of ``scipy.ndimage.gaussian_filter``; results agree with it
    within 1e-5 of the largest value.

    References
    ----------
    Davies, E. R. (1990). Machine Vision: Theory, Algorithms, Practicalities, chapter 3.
    ``scipy.ndimage.gaussian_filter`` is the reference that it is compared with.
    """

    method: Literal["gaussian"] = "gaussian"
    sigma_px: float = Field(
        1.0,
        ge=0.1,
        le=50.0,
        title="Sigma",
        description=(
            "Width of the blur. Higher removes more noise, but touching cells merge and"
            " small ones fade; lower keeps detail and noise."
        ),
    )

    def __call__(self, image: NDArray[Any]) -> NDArray[np.float32]:
        """Return the smoothed plane, in the units of `image`."""
        return gaussian_blur(image, self.sigma_px, self.sigma_px)


def gaussian_blur(image: NDArray[Any], sigma_y_px: float, sigma_x_px: float) -> NDArray[np.float32]:
    """Blur a plane, each axis with its own sigma.

    Parameters
    ----------
    image : ndarray
        One plane (Y, X), uint8, uint16 or float32.
    sigma_y_px, sigma_x_px : float
        Standard deviations of the kernel along Y and X.

    Returns
    -------
    ndarray
        The blurred plane (Y, X), float32.
    """
    # Around 0, an image is rounded relative to its contrast and not to its brightness.
    middle = middle_of(image)
    blurred = cv2.sepFilter2D(
        np.subtract(image, middle, dtype=np.float32),
        cv2.CV_32F,
        _kernel(sigma_x_px),
        _kernel(sigma_y_px),
        borderType=cv2.BORDER_REFLECT,  # d c b a | a b c d: what SciPy calls 'reflect'
    )
    return np.asarray(blurred, dtype=np.float32) + middle


def _kernel(sigma_px: float) -> NDArray[np.float32]:
    radius = int(TRUNCATE * sigma_px + 0.5)
    distance = np.arange(-radius, radius + 1, dtype=np.float64)
    kernel: NDArray[np.float64] = np.exp(-0.5 * (distance / sigma_px) ** 2)
    kernel /= kernel.sum()
    return kernel.astype(np.float32)
