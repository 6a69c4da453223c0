"""What is rounding and what is signal, in images of float32."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_celltrack.arrays.sampling import sample_step

#: Differences up to this share of the values themselves are rounding: a few units in the last place
#: of float32, which a filter adds up.
ROUNDING = 16 * float(np.finfo(np.float32).eps)
#: Fewer pixels than this are no cell: dead and hot pixels, and clusters of 2 x 2.
_SPECK_PX = 5
#: A speck is also at most this share of the image.
_SPECK_SHARE = 0.001


def rounding_of(values: Any) -> float:
    """Return the largest difference that rounding may cause among values.

    Parameters
    ----------
    values : ndarray
        Of any shape; at least one.

    Returns
    -------
    float
        0 for integers.
    """
    if values.dtype.kind != "f":
        return 0.0
    return ROUNDING * max(abs(float(values.min())), abs(float(values.max())))


def middle_of(image: NDArray[Any]) -> np.float32:
    """Return the median of an image, from some of its pixels; the value of a constant one.

    Parameters
    ----------
    image : ndarray of uint8, uint16 or float32, shape (Y, X)
        One plane without NaN.
    """
    step = sample_step(image.size)
    middle: np.float32 = np.float32(np.median(image[::step, ::step]))
    return middle


def is_blank(image: NDArray[Any]) -> bool:
    """Tell whether an image has one value only, up to rounding and to a few dead or hot pixels.

    Parameters
    ----------
    image : ndarray of uint8, uint16 or float32, shape (Y, X)
        One plane without NaN.
    """
    low, high, least = float(image.min()), float(image.max()), rounding_of(image)
    if high - low <= least:
        return True
    value = float(middle_of(image))
    most = min(_SPECK_PX - 1, int(_SPECK_SHARE * image.size))
    least = ROUNDING * abs(value) if image.dtype.kind == "f" else 0.0
    # A few rows settle most images.
    if _n_differing(image[:: max(1, image.shape[0] // 8)], value, least) > most:
        return False
    return _n_differing(image, value, least) <= most


def _n_differing(image: NDArray[Any], value: float, least: float) -> int:
    if least == 0:
        return int(np.count_nonzero(image != np.float32(value)))
    return int(np.count_nonzero(np.abs(image - np.float32(value)) > least))


def difference(image: NDArray[Any], ground: NDArray[Any]) -> NDArray[np.float32]:
    """Return an image minus its background, with what is only rounding set to 0.

    Parameters
    ----------
    image, ground : ndarray, shape (Y, X)
        Two planes of one shape.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        A new plane.
    """
    above: NDArray[np.float32] = np.subtract(image, ground, dtype=np.float32)
    if image.dtype.kind == "f" or ground.dtype.kind == "f":
        least = np.abs(ground, dtype=np.float32)
        least *= np.float32(ROUNDING)
        above[np.abs(above) <= least] = 0
    return above
