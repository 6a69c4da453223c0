"""Bleaching correction: bring frames back to the brightness of the first."""

from __future__ import annotations

from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from napari_celltrack.arrays.rounding import rounding_of
from napari_celltrack.preprocess.step import ReferenceStep

#: The background is measured in means over blocks of this side, in which noise averages out.
_BLOCK_PX = 8


class BleachCorrection(ReferenceStep):
    """Scale each frame so that its mean above the background is that of the first frame.

    The background of a frame is a low percentile of its brightness, taken from means over blocks
    of 8 x 8 px, so that dark noise does not lower it. It is shifted to the background of the first
    frame, and what lies above it is multiplied by the ratio of the two means. A frame with nothing
    above its background stays as it is. No frame is multiplied by more than `max_factor`, because
    a signal that has faded away cannot be restored.

    The correction assumes that the sum of light in the field is constant. It is wrong if many cells
    enter, leave or divide, or if brightness itself is to be measured. Cells are detected in the
    corrected image; intensities are still measured in the image of the file.

    References
    ----------
    Miura, K. (2020). Bleach correction ImageJ plugin for compensating the photobleaching of
    time-lapse sequences. F1000Research, 9, 1494 (the method "simple ratio").
    """

    method: Literal["bleach_correction"] = "bleach_correction"
    background_percent: float = Field(
        10.0,
        ge=0.0,
        le=90.0,
        title="Background percentile",
        description=(
            "The brightness below which this share of the image lies is the background. Lower it"
            " where cells fill the field, raise it where a corner of the image is black."
        ),
    )
    max_factor: float = Field(
        10.0,
        ge=1.0,
        le=1000.0,
        title="Largest factor",
        description=(
            "No frame is made brighter by more than this. Lower it when empty or very dim frames"
            " turn into noise."
        ),
    )

    def __call__(self, image: NDArray[Any], reference: NDArray[Any]) -> NDArray[np.float32]:
        """Return the scaled plane, in the units of `image`."""
        ground, level = self._level(image)
        reference_ground, reference_level = self._level(reference)
        if level <= rounding_of(image) or reference_level <= rounding_of(reference):
            return image.astype(np.float32)
        factor = min(reference_level / level, self.max_factor)
        scaled: NDArray[np.float32] = np.subtract(image, ground, dtype=np.float32)
        scaled *= np.float32(factor)
        scaled += np.float32(reference_ground)
        return scaled

    def _level(self, image: NDArray[Any]) -> tuple[float, float]:
        """Return the background, and how far the mean lies above it."""
        height, width = image.shape
        blocks = (max(1, width // _BLOCK_PX), max(1, height // _BLOCK_PX))
        pixels = image.astype(np.float32, copy=False)
        smooth = cv2.resize(pixels, blocks, interpolation=cv2.INTER_AREA)
        ground = float(np.percentile(smooth, self.background_percent))
        return ground, float(pixels.mean(dtype=np.float64)) - ground
