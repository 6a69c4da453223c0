"""Connected parts of a mask, numbered row by row."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_celltrack.arrays.label_runs import label_runs_of


def label_parts(mask: NDArray[np.bool_], connectivity: int = 8) -> NDArray[np.int32]:
    """Give each connected part of a mask a number.

    Equal to ``skimage.measure.label``: parts are numbered by their first pixel, row by row.

    Parameters
    ----------
    mask : ndarray of bool, shape (Y, X)
        The foreground.
    connectivity : {4, 8}
        Whether pixels that only share a corner belong together (8) or not (4).

    Returns
    -------
    ndarray of int32, shape (Y, X)
        0 for background, 1 to n for the parts.
    """
    return in_raster_order(unordered_parts(mask, connectivity))


def unordered_parts(mask: NDArray[np.bool_], connectivity: int = 8) -> NDArray[np.int32]:
    """Give each connected part of a mask a number, in the order that is fastest.

    Parameters
    ----------
    mask : ndarray of bool, shape (Y, X)
        The foreground.
    connectivity : {4, 8}
        Whether pixels that only share a corner belong together (8) or not (4).

    Returns
    -------
    ndarray of int32, shape (Y, X)
        0 for background, 1 to n for the parts.
    """
    pixels = as_bytes(mask)
    _, labels = cv2.connectedComponents(pixels, connectivity=connectivity, ltype=cv2.CV_32S)
    return np.asarray(labels, dtype=np.int32)


def in_raster_order(labels: NDArray[np.int32]) -> NDArray[np.int32]:
    """Renumber labels 1 to n by their first pixel, row by row.

    Parameters
    ----------
    labels : ndarray of int32, shape (Y, X)
        Labels in any order, 0 is background, none negative.

    Returns
    -------
    ndarray of int32, shape (Y, X)
        The same regions, numbered consecutively.
    """
    runs = label_runs_of(labels)
    first = np.full(runs.n + 1, labels.size, dtype=np.int64)
    # Assigned from the back, so that the first occurrence is written last and stays.
    first[runs.ids[::-1]] = runs.start[::-1]
    order = np.argsort(first[1:], kind="stable") + 1
    present = order[: np.count_nonzero(first[1:] < labels.size)]
    if np.array_equal(present, np.arange(1, runs.n + 1)):
        return labels
    renumbered = np.zeros(runs.n + 1, dtype=np.int32)
    renumbered[present] = np.arange(1, present.size + 1, dtype=np.int32)
    return runs.painted(renumbered[runs.ids])


def as_bytes(mask: NDArray[Any]) -> NDArray[np.uint8]:
    """Return a mask as contiguous bytes of 0 and 1 for OpenCV; copies only if needed.

    Parameters
    ----------
    mask : ndarray of bool, shape (Y, X)
        The foreground.

    Returns
    -------
    ndarray of uint8, shape (Y, X)
        1 in the foreground, 0 outside.
    """
    return np.ascontiguousarray(mask, dtype=np.bool_).view(np.uint8)
