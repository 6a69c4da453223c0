"""Shape of every cell of a label image at once.

All functions take labels (Y, X) int32 with ids 1..n and return arrays of length n, entry k for
label k + 1. They sum over runs of pixels instead of cropping each cell; tests compare them with
scikit-image's ``regionprops``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from napari_celltrack.arrays.label_runs import centroid_sums, label_runs_of, moment_sums

Labels = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

# Share of a border pixel in the perimeter, by 1 + 2 * (border pixels beside it) + 10 * (border
# pixels at its corners). Benkrid & Crookes, "Design and FPGA implementation of a perimeter
# estimator", 2000; the table is the one that scikit-image uses.
_PERIMETER_WEIGHTS = np.zeros(50)
_PERIMETER_WEIGHTS[[5, 7, 15, 17, 25, 27]] = 1
_PERIMETER_WEIGHTS[[21, 33]] = np.sqrt(2)
_PERIMETER_WEIGHTS[[13, 23]] = (1 + np.sqrt(2)) / 2

#: Up to this area the second moments of a shape no longer than the side of a 16k image are exact.
_LARGEST_EXACT_PX2 = 1 << 17

_BESIDE = ((-1, 0), (1, 0), (0, -1), (0, 1))
_CORNERS = ((-1, -1), (-1, 1), (1, -1), (1, 1))


def count(labels: Labels) -> int:
    """Return the number of cells, that is the largest label."""
    return int(labels.max(initial=0))


def foreground(labels: Labels) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Return the indices of the pixels of cells in the flattened image, and the cell of each."""
    # Several times faster than flatnonzero(labels).
    at = np.flatnonzero(labels != 0)
    return at, labels.ravel()[at]


def sums_by_id(ids: npt.NDArray[Any], values: npt.NDArray[Any], n: int) -> Floats:
    """Add up `values` by the id beside each, shape (n,); entry k is the sum of id k."""
    return np.bincount(ids, weights=values, minlength=n).astype(np.float64, copy=False)


def areas_px2(labels: Labels) -> npt.NDArray[np.int64]:
    """Return the number of pixels of each cell, shape (n,)."""
    runs = label_runs_of(labels)
    return runs.sums(runs.length)[1:]


def centroids_px(labels: Labels) -> Floats:
    """Return the mean position of each cell's pixels, shape (n, 2), columns y and x."""
    return Shapes(labels).centroid_px


def ellipses(labels: Labels) -> tuple[Floats, Floats]:
    """Return eccentricity and orientation of the ellipse with each cell's second moments.

    Parameters
    ----------
    labels : ndarray, shape (Y, X), int32
        Ids 1..n, 0 is background.

    Returns
    -------
    eccentricity : ndarray, shape (n,), float64
        0 for a circle, near 1 for a line.
    orientation_rad : ndarray, shape (n,), float64
        Angle from the Y axis (down) to the long axis, counter-clockwise, from -pi/2 to pi/2. It
        means nothing for a shape that is equally long in all directions.

    References
    ----------
    Both as ``regionprops`` defines them; B. Jähne, "Spatio-temporal image processing", 1993.
    """
    return Shapes(labels).ellipses()


class Shapes:
    """Areas, centroids and ellipses of the cells of a label image, which is read only once.

    Parameters
    ----------
    labels : ndarray, shape (Y, X), int32
        Ids 1..n, 0 is background.

    Attributes
    ----------
    area_px2 : ndarray, shape (n,), int64
        Number of pixels of each cell.
    centroid_px : ndarray, shape (n, 2), float64
        Mean position of its pixels, columns y and x.
    """

    def __init__(self, labels: Labels) -> None:
        self._runs = label_runs_of(labels)
        area, self._sum_y, self._sum_x = centroid_sums(self._runs)
        self._safe = np.maximum(area, 1)
        self.area_px2 = area[1:]
        self.centroid_px: Floats = np.stack(
            [self._sum_y / self._safe, self._sum_x / self._safe], axis=1
        )[1:]

    def ellipses(self) -> tuple[Floats, Floats]:
        """Return eccentricity and orientation of each cell, see :func:`ellipses`."""
        # Coordinates from a whole number near the centroid keep the sums small and exact, so that
        # a shape that is equally long in both directions is recognised.
        sums = moment_sums(self._runs, self._sum_y // self._safe, self._sum_x // self._safe)
        # Products for a cell that fills a large image do not fit into int64.
        kind = np.int64 if self._safe.max() < _LARGEST_EXACT_PX2 else np.float64
        safe = self._safe.astype(kind)
        sum_y, sum_x, sum_yy, sum_xx, sum_xy = (each.astype(kind) for each in sums)
        yy = safe * sum_yy - sum_y * sum_y
        xx = safe * sum_xx - sum_x * sum_x
        xy = safe * sum_xy - sum_x * sum_y
        half, apart = (yy + xx) / 2, np.hypot((yy - xx) / 2, xy)
        longest, shortest = half + apart, np.maximum(half - apart, 0)
        share = np.divide(shortest, longest, out=np.ones(len(safe)), where=longest > 0)
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
    # The border of a cell: its pixels beside a different pixel or at the edge of the image.
    height, width = labels.shape
    is_border = np.zeros((height + 2, width + 2), bool)
    inner = is_border[1:-1, 1:-1]
    inner[[0, -1], :] = inner[:, [0, -1]] = True
    for ahead, behind in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
        differs = labels[ahead] != labels[behind]
        inner[ahead] |= differs
        inner[behind] |= differs
    inner &= labels != 0

    border = np.flatnonzero(is_border)
    row, column = np.divmod(border, width + 2)
    at = (row - 1) * width + (column - 1)
    borders, ids = is_border.ravel(), labels.ravel()
    own = ids[at]

    def neighbours(offsets: tuple[tuple[int, int], ...]) -> npt.NDArray[np.int64]:
        # There is no border beyond the image, so the label taken there does not matter.
        found = [
            borders[border + dy * (width + 2) + dx]
            & (np.take(ids, at + dy * width + dx, mode="clip") == own)
            for dy, dx in offsets
        ]
        n_found: npt.NDArray[np.int64] = np.sum(found, axis=0, dtype=np.int64)
        return n_found

    kind = 1 + 2 * neighbours(_BESIDE) + 10 * neighbours(_CORNERS)
    weights = _PERIMETER_WEIGHTS[kind]
    return sums_by_id(own, weights, count(labels) + 1)[1:]


def roundness(labels: Labels) -> Floats:
    """Return 4π area / perimeter² of each cell, shape (n,), between 0 and 1.

    1 is a disk; long, bent or ragged cells have less. The perimeter of tiny cells is estimated too
    short, so values are limited to 1.

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
    """Return whether each cell touches the edge of the image, shape (n,)."""
    touching = np.zeros(count(labels) + 1, bool)
    for edge in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        touching[edge] = True
    return touching[1:]
