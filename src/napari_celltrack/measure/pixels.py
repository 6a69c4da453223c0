"""Pixels of many cells at once: their statistics, and how many two label images share."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[Any]
Whole = npt.NDArray[np.int64]

Statistic = Literal["mean", "median", "total", "min", "max", "sd"]


def statistics_of(
    ids: Ids, values: npt.NDArray[Any], n: int, wanted: tuple[Statistic, ...]
) -> dict[Statistic, Floats]:
    """Compute statistics of the pixels of each cell.

    Parameters
    ----------
    ids : ndarray, shape (n_pixels,), integer
        The cell of each pixel, from 1.
    values : ndarray, shape (n_pixels,)
        Its grey value.
    n : int
        Number of cells.
    wanted : tuple of str
        Which statistics.

    Returns
    -------
    dict of ndarray, each shape (n,), float64
        In the order of `wanted`; entry k is of cell k + 1. NaN for a cell without pixels or with
        a NaN pixel; the total of no pixels is 0. `sd` divides by the number of pixels, not by one
        less.
    """
    grey = values.astype(np.float64)
    n_pixels = np.bincount(ids, minlength=n + 1)
    total: Floats = np.bincount(ids, weights=grey, minlength=n + 1).astype(np.float64, copy=False)
    bad = (n_pixels == 0) | np.isnan(total)
    mean = np.divide(total, n_pixels, out=np.full(n + 1, np.nan), where=n_pixels > 0)

    def one(statistic: Statistic) -> Floats:
        if statistic == "total":
            return total
        if statistic == "mean":
            return np.asarray(mean, np.float64)
        if statistic == "sd":
            squares = np.bincount(ids, weights=(grey - mean[ids]) ** 2, minlength=n + 1)
            sd: Floats = np.sqrt(squares / np.maximum(n_pixels, 1))
            return sd
        if statistic == "median":
            return _medians(ids, values, n_pixels)
        extreme = np.full(n + 1, np.inf if statistic == "min" else -np.inf)
        (np.minimum if statistic == "min" else np.maximum).at(extreme, ids, grey)
        return extreme

    found = {}
    # NaN is the answer for a cell with a NaN pixel, and nothing to be warned of.
    with np.errstate(invalid="ignore"):
        for statistic in wanted:
            result = one(statistic)
            kept = result if statistic == "total" else np.where(bad, np.nan, result)
            found[statistic] = kept[1:]
    return found


def _medians(ids: Ids, values: npt.NDArray[Any], n_pixels: npt.NDArray[np.int64]) -> Floats:
    """Return the median of each id, shape as `n_pixels`; undefined for an id without pixels."""
    if not len(ids):
        return np.full(len(n_pixels), np.nan)
    if values.dtype.kind in "bu" and values.dtype.itemsize <= 4:
        # One number holds id and value: sorting it is several times faster than by two keys.
        key = np.sort((ids.astype(np.int64) << 32) | values.astype(np.int64))
        ordered = (key & 0xFFFFFFFF).astype(np.float64)
    else:
        ordered = values[np.lexsort((values, ids))].astype(np.float64)
    first = np.cumsum(n_pixels) - n_pixels
    last = len(ids) - 1
    lower = np.clip(first + (n_pixels - 1) // 2, 0, last)
    upper = np.clip(first + n_pixels // 2, 0, last)
    median: Floats = (ordered[lower] + ordered[upper]) / 2
    return median


def overlaps_px(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> tuple[Whole, Whole, Whole]:
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
