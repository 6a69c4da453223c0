"""Shape of every cell of a label image at once.

All functions take labels (Y, X) int32 with ids 1..n and return arrays of length n, entry k for
label k + 1. They count pixels with ``bincount`` over the foreground instead of cutting out one
cell after the other; tests hold them to scikit-image's ``regionprops``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

# What one border pixel adds to the perimeter, by 1 + 2 * (border pixels beside it) + 10 * (border
# pixels at its corners). Benkrid & Crookes, "Design and FPGA implementation of a perimeter
# estimator", 2000; the table is the one that scikit-image uses.
_PERIMETER_WEIGHTS = np.zeros(50)
_PERIMETER_WEIGHTS[[5, 7, 15, 17, 25, 27]] = 1
_PERIMETER_WEIGHTS[[21, 33]] = np.sqrt(2)
_PERIMETER_WEIGHTS[[13, 23]] = (1 + np.sqrt(2)) / 2

_BESIDE = ((-1, 0), (1, 0), (0, -1), (0, 1))
_CORNERS = ((-1, -1), (-1, 1), (1, -1), (1, 1))


def count(labels: Labels) -> int:
    """Return the number of cells, that is the largest label."""
    return int(labels.max(initial=0))


def foreground(labels: Labels) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Return where the pixels of cells are in the flattened image, and the cell of each."""
    # Several times faster than flatnonzero of the labels themselves.
    at = np.flatnonzero(labels != 0)
    return at, labels.ravel()[at]


def sums_by_id(ids: npt.NDArray[Any], values: npt.NDArray[Any], n: int) -> Floats:
    """Add up `values` by the id beside each, shape (n,); entry k is the sum of id k."""
    return np.bincount(ids, weights=values, minlength=n).astype(np.float64, copy=False)


def areas_px2(labels: Labels) -> npt.NDArray[np.int64]:
    """Return the number of pixels of each cell, shape (n,)."""
    area: npt.NDArray[np.int64] = np.bincount(foreground(labels)[1], minlength=count(labels) + 1)
    return area[1:]


def centroids_px(labels: Labels) -> Floats:
    """Return the mean position of each cell's pixels, shape (n, 2), columns y and x."""
    at, ids = foreground(labels)
    n = count(labels) + 1
    y, x = np.divmod(at, labels.shape[1])
    area = np.maximum(np.bincount(ids, minlength=n), 1)
    return np.stack([sums_by_id(ids, axis, n) / area for axis in (y, x)], axis=1)[1:]


def ellipses(labels: Labels) -> tuple[Floats, Floats]:
    """Return eccentricity and orientation of the ellipse with each cell's second moments.

    Parameters
    ----------
    labels : ndarray, shape (Y, X), int32
        Ids 1..n, 0 is background.

    Returns
    -------
    eccentricity : ndarray, shape (n,), float64
        0 of a circle, towards 1 of a line.
    orientation_rad : ndarray, shape (n,), float64
        Angle from the Y axis (down) to the long axis, counter-clockwise, from -pi/2 to pi/2. Of
        a shape that is as long one way as the other it means nothing.

    References
    ----------
    Both as ``regionprops`` defines them; B. Jähne, "Spatio-temporal image processing", 1993.
    """
    at, ids = foreground(labels)
    n = count(labels) + 1
    area = np.bincount(ids, minlength=n).astype(np.int64)
    safe = np.maximum(area, 1)
    y, x = np.divmod(at, labels.shape[1])

    def summed(values: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        return np.bincount(ids, weights=values, minlength=n).astype(np.int64)

    # Counted from a whole number near the centroid, sums stay small and exact, so that a shape
    # that is as long one way as the other is seen to be.
    y = y - (summed(y) // safe)[ids]
    x = x - (summed(x) // safe)[ids]
    sum_y, sum_x = summed(y), summed(x)
    yy = safe * summed(y * y) - sum_y * sum_y
    xx = safe * summed(x * x) - sum_x * sum_x
    xy = safe * summed(x * y) - sum_x * sum_y
    half, apart = (yy + xx) / 2, np.hypot((yy - xx) / 2, xy)
    longest, shortest = half + apart, np.maximum(half - apart, 0)
    share = np.divide(shortest, longest, out=np.ones(n), where=longest > 0)
    alike = np.where(xy > 0, np.pi / 4, -np.pi / 4)
    turned = 0.5 * np.arctan2(2.0 * xy, (yy - xx).astype(np.float64))
    orientation: Floats = np.where(yy == xx, alike, turned)
    return np.sqrt(1 - share)[1:], orientation[1:]


def perimeters_px(labels: Labels) -> Floats:
    """Return the perimeter of each cell, shape (n,), as ``regionprops`` defines it.

    References
    ----------
    K. Benkrid, D. Crookes, "Design and FPGA implementation of a perimeter estimator", IMVIP 2000.
    """
    padded = np.pad(labels, 1)
    width = padded.shape[1]
    flat = padded.ravel()
    inside = np.flatnonzero(flat != 0)
    own = flat[inside]
    # A cell's border: its pixels with a pixel of something else beside them.
    is_border = np.zeros(flat.shape, bool)
    is_border[inside] = np.any([flat[inside + dy * width + dx] != own for dy, dx in _BESIDE], 0)

    border = np.flatnonzero(is_border)
    own = flat[border]

    def neighbours(offsets: tuple[tuple[int, int], ...]) -> npt.NDArray[np.int64]:
        found = [
            is_border[border + dy * width + dx] & (flat[border + dy * width + dx] == own)
            for dy, dx in offsets
        ]
        n_found: npt.NDArray[np.int64] = np.sum(found, axis=0, dtype=np.int64)
        return n_found

    kind = 1 + 2 * neighbours(_BESIDE) + 10 * neighbours(_CORNERS)
    weights = _PERIMETER_WEIGHTS[kind]
    return sums_by_id(own, weights, count(labels) + 1)[1:]


def roundness(labels: Labels) -> Floats:
    """Return 4π area / perimeter² of each cell, shape (n,), between 0 and 1.

    1 is a disk; long, bent or ragged cells are lower. Tiny cells, whose perimeter in pixels comes
    out too short, are cut to 1.

    References
    ----------
    E. P. Cox, "A method of assigning numerical and percentage values to the degree of roundness
    of sand grains", Journal of Paleontology 1927.
    """
    return as_roundness(areas_px2(labels), perimeters_px(labels))


def as_roundness(area_px2: npt.NDArray[np.int64], perimeter_px: Floats) -> Floats:
    """Return the roundness of cells of known area and perimeter, see :func:`roundness`."""
    ratio: Floats = 4 * np.pi * area_px2 / np.maximum(perimeter_px, 1e-9) ** 2
    return np.minimum(ratio, 1.0)


def on_border(labels: Labels) -> npt.NDArray[np.bool_]:
    """Tell of each cell whether it touches the edge of the image, shape (n,)."""
    touching = np.zeros(count(labels) + 1, bool)
    for edge in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        touching[edge] = True
    return touching[1:]
