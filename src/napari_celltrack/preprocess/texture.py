"""Texture: how much neighbouring pixels differ."""

from __future__ import annotations

from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from napari_celltrack.arrays.rounding import ROUNDING, middle_of
from napari_celltrack.arrays.strips import Strip, in_strips
from napari_celltrack.preprocess.step import Step


class Texture(Step, title="Texture"):
    """Local standard deviation: bright where neighbouring pixels differ, dark where all is smooth.

    For phase contrast, differential interference contrast and bright field, where a cell is
    grainier than the ground and not brighter. The result is in grey levels of the image, and no
    measure of brightness; measure in the raw channel.

    References
    ----------
    Haralick, R. M., Shanmugam, K. and Dinstein, I. (1973). Textural features for image
    classification. IEEE Transactions on Systems, Man, and Cybernetics, 3, 610-621. The mean and the
    mean of squares by ``scipy.ndimage.uniform_filter`` with ``mode="reflect"`` are the reference
    that it is compared with.
    """

    method: Literal["texture"] = "texture"
    radius_px: int = Field(
        5,
        ge=1,
        le=100,
        title="Radius",
        description=(
            "Half the side of the square whose pixels are compared; take about a quarter of a"
            " cell. Higher joins the grains of a cell to one bright blob; too high and outlines"
            " grow and neighbours merge."
        ),
    )

    def __call__(self, image: NDArray[Any]) -> NDArray[np.float32]:
        """Return the standard deviation of the square round each pixel; 0 where it is constant."""
        spread = np.empty(image.shape, np.float32)
        middle = float(middle_of(image))
        is_float = image.dtype.kind == "f"
        n_pixels = (2 * self.radius_px + 1) ** 2

        def work(strip: Strip) -> None:
            # In float64, as two large numbers are subtracted: sums of integers are exact there, and
            # so is the 0 of pixels that are equal.
            pixels = image[strip.wide].astype(np.float64)
            pixels -= middle
            total = self._sum(pixels)
            squares = self._sum(np.square(pixels, out=pixels))
            squares *= n_pixels
            squares -= total * total
            deviation = np.sqrt(np.maximum(squares, 0, out=squares), out=squares)
            deviation /= n_pixels
            if is_float:
                # Differences that rounding to float32 explains are none.
                mean = np.abs(total / n_pixels + middle)
                deviation[deviation <= ROUNDING * mean] = 0
            spread[strip.rows] = deviation[strip.inside]

        in_strips(work, image.shape, self.radius_px)
        return spread

    def _sum(self, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
        side = 2 * self.radius_px + 1
        total = cv2.boxFilter(
            pixels, cv2.CV_64F, (side, side), normalize=False, borderType=cv2.BORDER_REFLECT
        )
        return np.asarray(total, np.float64)
