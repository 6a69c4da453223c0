"""The part of a large image that is enough to judge by."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from napari_celltrack.movie import Plane

#: Larger images are tried in part.
_LARGEST_PX = 768


def part_to_try(image: Plane, clicks: npt.NDArray[np.float64] | None = None) -> tuple[slice, slice]:
    """Return the part of a large image that is tried: round the clicks, or where most is seen.

    Parameters
    ----------
    image : ndarray, shape (Y, X)
        The whole image.
    clicks : ndarray of float64, shape (N, 2), optional
        Places (y, x) in it.

    Returns
    -------
    (slice, slice)
        Rows and columns; all of a small image.
    """
    lengths = [min(length, _LARGEST_PX) for length in image.shape]
    ends = [whole - length for whole, length in zip(image.shape, lengths, strict=True)]
    if clicks is not None and len(clicks):
        middle = clicks.mean(axis=0)
        starts = [
            int(min(max(at - length / 2, 0), end))
            for at, length, end in zip(middle, lengths, ends, strict=True)
        ]
    else:
        # The middle, or the corners: whichever differs most within.
        places: set[tuple[int, int]] = {
            (y, x) for y in (0, ends[0] // 2, ends[0]) for x in (0, ends[1] // 2, ends[1])
        }

        def contrast(place: tuple[int, int]) -> float:
            y, x = place
            return float(image[y : y + lengths[0] : 4, x : x + lengths[1] : 4].std())

        starts = [*max(sorted(places), key=contrast)]
    y, x = (slice(start, start + length) for start, length in zip(starts, lengths, strict=True))
    return y, x
