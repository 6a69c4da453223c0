"""White top-hat: remove what is wider than a disk."""

from __future__ import annotations

from collections.abc import Callable
from math import isqrt
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from napari_celltrack.preprocess.step import Step

_Extreme = Callable[..., Any]

#: Rows that are processed at a time, so that the strip fits the processor's cache.
_STRIP_ROWS = 256


class WhiteTophat(Step, title="Top-hat"):
    """Image minus its opening with a disk: keeps bright objects narrower than the disk.

    Equal to ``skimage.morphology.white_tophat`` with the plain ``disk(radius_px)``; pixels outside
    the image count neither as bright nor as dark.

    References
    ----------
    Serra, J. (1982). Image Analysis and Mathematical Morphology. Academic Press.

    The disk is divided into chords after Urbach, E. R. and Wilkinson, M. H. F. (2008).
    Efficient 2-D grayscale morphological transformations with arbitrary flat structuring
    elements. IEEE Transactions on Image Processing, 17, 1-8.
    """

    method: Literal["white_tophat"] = "white_tophat"
    radius_px: int = Field(
        25,
        ge=1,
        le=200,
        title="Radius",
        description=(
            "Radius of the disk; it must be larger than that of the largest cell. Lower follows"
            " the background closer but darkens the middle of cells, higher leaves more background."
        ),
    )

    def __call__(self, image: NDArray[Any]) -> NDArray[np.float32]:
        """Return the difference; an opening never exceeds its image, so it is never negative."""
        lowest, highest = _bounds(image.dtype)
        eroded = _over_disk(image, self.radius_px, cv2.min, highest)
        opened = _over_disk(eroded, self.radius_px, cv2.max, lowest)
        difference: NDArray[np.float32] = np.subtract(image, opened, dtype=np.float32)
        return difference


def _bounds(dtype: np.dtype[Any]) -> tuple[float, float]:
    if dtype.kind == "f":
        return -np.inf, np.inf
    return 0, int(np.iinfo(dtype).max)


def _over_disk(image: NDArray[Any], radius: int, extreme: _Extreme, outside: float) -> NDArray[Any]:
    """Return the minimum or maximum over each pixel's disk; `outside` never is the extreme."""
    height, width = image.shape
    # The disk covers nothing beyond the far side of the image.
    reach_y, reach_x = min(radius, height - 1), min(radius, width - 1)
    chords = [min(isqrt(radius**2 - dy**2), reach_x) for dy in range(reach_y + 1)]
    padded = np.pad(image, ((reach_y,) * 2, (reach_x,) * 2), constant_values=outside)
    result = np.empty_like(image, order="C")
    for top in range(0, height, _STRIP_ROWS):
        rows = min(_STRIP_ROWS, height - top)
        strip = padded[top : top + rows + 2 * reach_y]
        result[top : top + rows] = _strip_over_disk(strip, chords, reach_x, extreme)
    return result


def _strip_over_disk(
    strip: NDArray[Any], chords: list[int], margin: int, extreme: _Extreme
) -> NDArray[Any]:
    """Return the extreme over the disk, from the shortest chord to the longest.

    Each chord widens the window of the one before. `chords` are half lengths by distance from the
    centre; `strip` has ``len(chords) - 1`` more rows above and below and `margin` columns on each
    side, which the result has not.
    """
    reach = len(chords) - 1
    rows, width = strip.shape[0] - 2 * reach, strip.shape[1] - 2 * margin
    run = strip[:, margin : margin + width].copy()
    result = None
    reached = 0
    for dy in range(reach, -1, -1):
        for half in range(reached + 1, chords[dy] + 1):
            extreme(run, strip[:, margin - half : margin - half + width], run)
            extreme(run, strip[:, margin + half : margin + half + width], run)
        reached = chords[dy]
        above, below = run[reach - dy : reach - dy + rows], run[reach + dy : reach + dy + rows]
        if result is None:
            result = np.array(above)
        extreme(result, above, result)
        extreme(result, below, result)
    assert result is not None  # the centre chord is always there
    return result
