"""Which cells of two label images lie over each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]


def overlaps_px(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> tuple[Ids, Ids, Ids]:
    """Count the pixels that cells of two label images share.

    Parameters
    ----------
    first, second : ndarray, shape (Y, X), any integer
        Label images, 0 is background.

    Returns
    -------
    first_label, second_label, n_pixels : ndarray, shape (n_pairs,), int64
        Of each pair that shares at least one pixel.
    """
    both = (first > 0) & (second > 0)
    n_second = int(second.max(initial=0)) + 1
    pair = first[both].astype(np.int64) * n_second + second[both].astype(np.int64)
    pairs, n_pixels = np.unique(pair, return_counts=True)
    first_label, second_label = np.divmod(pairs, n_second)
    return first_label, second_label, n_pixels
