"""Contrast limited adaptive histogram equalisation."""

from __future__ import annotations

from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from napari_celltrack.preprocess.normalize import Normalize
from napari_celltrack.preprocess.step import Step

#: OpenCV's 16-bit version does not help: in a small window its 65,536 bins hold at most a pixel
#: each, so the clip limit has no effect, and they take 128 KB per window.
_LEVELS = 256

_RANGE = Normalize(low_percent=0.1, high_percent=99.9, clip=True)


class Clahe(Step, title="Local contrast"):
    """Equalise the contrast of each neighbourhood, so that dim cells are seen beside bright ones.

    The plane is stretched between its percentiles 0.1 and 99.9, so that a hot pixel does not take
    up the range, quantised to 256 grey levels whatever its data type, and returned from 0 to 1.
    The result is no measure of brightness; measure in the raw channel.

    References
    ----------
    Zuiderveld, K. (1994). Contrast limited adaptive histogram equalization. Graphics Gems IV,
    474-485.

    Notes
    -----
    The clip limit is a multiple of the mean of a window's histogram, as in the paper and OpenCV.
    The ``clip_limit`` of ``skimage.exposure.equalize_adapthist`` is a share of the pixels of a
    window instead: this one divided by 256.
    """

    method: Literal["clahe"] = "clahe"
    window_px: int = Field(
        64,
        ge=8,
        le=1024,
        title="Window",
        description=(
            "Side of the neighbourhood; take a few cell diameters. The nearest size that divides"
            " the image evenly is used. Lower evens out more but turns background into texture."
        ),
    )
    clip_limit: float = Field(
        2.0,
        ge=1.0,
        le=20.0,
        title="Clip limit",
        description=(
            "How far contrast may be raised, in means of the window's histogram. Higher makes"
            " dim cells and noise alike brighter; 1 hardly changes anything."
        ),
    )

    def __call__(self, image: NDArray[Any]) -> NDArray[np.float32]:
        """Return the equalised plane, from 0 to 1; 0 where the plane is constant."""
        grey = np.rint(_RANGE(image) * np.float32(_LEVELS - 1)).astype(np.uint8)
        if not grey.any():
            return np.zeros(image.shape, np.float32)
        rows, columns = (max(1, round(size / self.window_px)) for size in image.shape)
        equalizer = cv2.createCLAHE(self.clip_limit, (columns, rows))
        equalized: NDArray[np.float32] = equalizer.apply(grey).astype(np.float32)
        equalized /= np.float32(_LEVELS - 1)
        return equalized
