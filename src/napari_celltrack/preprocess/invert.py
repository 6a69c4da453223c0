"""Invert: make dark cells on bright ground bright on dark."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_celltrack.preprocess.step import Step


class Invert(Step):
    """Exchange dark and bright, for dark cells on bright ground.

    Integers are subtracted from the largest value of their data type (255, 65535), the same in
    every frame of a movie. Floating-point images have no largest value, so they are mirrored within
    the range of the plane, ``maximum + minimum - image``, which keeps the range.

    References
    ----------
    Gonzalez, R. C. and Woods, R. E. (2018). Digital Image Processing, 4th edition, section 3.2
    (image negatives). ``skimage.util.invert`` gives the same for integers.
    """

    method: Literal["invert"] = "invert"

    def __call__(self, image: NDArray[Any]) -> NDArray[np.float32]:
        """Return the inverted plane."""
        if image.dtype.kind == "f":
            top = float(image.max()) + float(image.min())
        else:
            top = float(np.iinfo(image.dtype).max)
        inverted: NDArray[np.float32] = np.subtract(top, image, dtype=np.float32)
        return inverted
