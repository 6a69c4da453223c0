"""From which grey to which a movie is shown, so that a hot pixel leaves no black picture."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from napari_celltrack.errors import CelltrackError
from napari_celltrack.gui.movie_array import MovieArray

#: From so many times the range that is worth seeing on, a picture would be black.
_TOO_WIDE = 3.0
#: Pixels of a plane that are looked at, at most.
_MOST_PIXELS = 2**24


def contrast_of(data: MovieArray) -> dict[str, Any]:
    """Return the option ``contrast_limits`` of a layer, where napari's would make it black.

    napari takes the brightest pixel for white. Here a pixel that stands alone has no say: the
    limits are those of the median of 3 x 3 pixels in the first, the middle and the last plane,
    of 8 bit in the first.

    Parameters
    ----------
    data : MovieArray
        One channel of a movie.

    Returns
    -------
    dict
        Empty where napari's limits are right, or nothing can be read.
    """
    is_8_bit = data.dtype == np.uint8
    counts = data.shape[:-2]
    places = sorted(set(zip(*((0, n // 2, n - 1) for n in counts), strict=True)) or {()})
    if is_8_bit:
        # napari reads nothing of it, and the end of a long video takes long to get to.
        places = places[:1]
    try:
        planes = [np.asarray(data[place]) for place in places]
    except CelltrackError:
        return {}  # napari asks for it again, and says why
    whole = [_ends(plane) for plane in planes]
    seen = [_ends(_without_lone_pixels(plane)) for plane in planes]
    low, high = min(each[0] for each in seen), max(each[1] for each in seen)
    darkest, brightest = min(each[0] for each in whole), max(each[1] for each in whole)
    if is_8_bit:
        darkest, brightest = 0.0, 255.0  # as napari shows 8 bit, whatever there is
    is_black = high > low and brightest - darkest > _TOO_WIDE * (high - low)
    return {"contrast_limits": (low, high)} if is_black else {}


def _without_lone_pixels(plane: npt.NDArray[Any]) -> npt.NDArray[Any]:
    step = max(round((plane.size / _MOST_PIXELS) ** 0.5), 1)
    grey = plane[::step, ::step]
    if grey.dtype not in (np.uint8, np.uint16):
        grey = grey.astype(np.float32)
        grey = np.where(np.isfinite(grey), grey, _ends(grey)[0]).astype(np.float32)
    return cv2.medianBlur(np.ascontiguousarray(grey), 3)


def _ends(plane: npt.NDArray[Any]) -> tuple[float, float]:
    """Return the least and the greatest number of a plane; 0 without any."""
    known = plane[np.isfinite(plane)]
    return (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
