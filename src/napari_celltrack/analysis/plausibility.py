"""Plausibility: how much detected objects look like cells, without ground truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from scipy import ndimage

Labels = npt.NDArray[np.int32]
Pixels = npt.NDArray[np.float32]

#: Objects of less than this share of the typical area are fragments.
_FRAGMENT = 0.3
#: Edges are slopes that exceed the usual slope by this many times its spread.
_EDGE_TO_NOISE = 3.0
#: Slopes are limited to this percentile of the edges, so that bright cells do not count for most.
_STEEPEST_PERCENT = 75.0
#: The sum over an object must exceed its surroundings by this many times its noise; an object that
#: a threshold cuts out of pure noise reaches about 8.
_LEAST_SIGNAL = 12.0
#: Smallest noise of an image of integers, from rounding.
_ROUNDING = 0.3
#: Number of objects above which only some are measured.
_MOST_OBJECTS = 300


@dataclass(frozen=True)
class Plausibility:
    """Evidence that detected objects are cells; each measure from 0 to 1, higher is better.

    Parameters
    ----------
    on_edges : float
        Slope at the outlines, relative to the steepest slope near them.
    edges_found : float
        Share of the image's edges that lie along an outline.
    solidity : float
        Area over that of the convex hull, averaged by area.
    whole : float
        Share of the objects that are not much smaller than the typical one.
    stands_out : float
        Share of the objects that are brighter than their surroundings by far more than noise.
    diameter_px : float
        Diameter of a disc with the mean area, weighted by area; 0 without cells.
    n_cells : int
        Number of objects.
    """

    on_edges: float
    edges_found: float
    solidity: float
    whole: float
    stands_out: float
    diameter_px: float
    n_cells: int

    @property
    def score(self) -> float:
        """All measures in one number from 0 to 1; 0 without cells."""
        if not self.n_cells:
            return 0.0
        # Solidity differs little between good and bad outlines: 0.96 is good, 0.88 is ragged.
        edges, objects = self.on_edges * self.edges_found, self.whole * self.stands_out
        return edges * objects * float(self.solidity**8)


def plausibility(image: npt.NDArray[Any], labels: Labels, diameter_px: float) -> Plausibility:
    """Measure how much detected objects look like cells.

    Parameters
    ----------
    image : ndarray, shape (Y, X), uint8, uint16 or float32
        The image in which the cells were detected.
    labels : ndarray, shape (Y, X), int32
        The cells, 1..n.
    diameter_px : float
        Approximate width of a cell; edges are searched within a share of it from the outlines.

    Returns
    -------
    Plausibility

    Notes
    -----
    Measures without truth as in Y. J. Zhang, "A survey on evaluation methods for image
    segmentation", Pattern Recognition 29, 1335-1346 (1996): agreement of outlines and edges, and
    shape. Their product is our own choice.
    """
    outline = _outlines(labels)
    if not outline.any():
        return Plausibility(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0)
    slope = _slope(image, max(1.0, diameter_px / 24))
    reach = max(2, int(diameter_px / 10))
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2)
    steepest = np.maximum(cv2.dilate(slope, disk)[outline], 1e-9)
    edges = _edges(slope)
    near = cv2.dilate(outline.astype(np.uint8), disk) > 0
    area = np.bincount(labels.ravel())[1:]
    area = area[area > 0]
    typical = float((area**2).sum() / area.sum())
    return Plausibility(
        on_edges=float((slope[outline] / steepest).mean()),
        edges_found=float(edges[near].sum() / max(float(edges.sum()), 1e-9)),
        solidity=_solidity(labels),
        whole=float((area >= _FRAGMENT * typical).mean()),
        stands_out=_share_that_stands_out(image, labels),
        diameter_px=2 * float(np.sqrt(typical / np.pi)),
        n_cells=len(area),
    )


def _outlines(labels: Labels) -> npt.NDArray[np.bool_]:
    """Return the pixels on both sides of the border of each cell."""
    names = labels.astype(np.float32)
    square = np.ones((3, 3), np.uint8)
    return np.asarray(cv2.dilate(names, square) != cv2.erode(names, square))


def _slope(image: npt.NDArray[Any], sigma_px: float) -> Pixels:
    """Return the size of the gradient of the smoothed image."""
    pixels = cv2.GaussianBlur(image.astype(np.float32), (0, 0), sigma_px)
    across, down = cv2.Sobel(pixels, cv2.CV_32F, 1, 0), cv2.Sobel(pixels, cv2.CV_32F, 0, 1)
    return np.asarray(np.hypot(across, down), dtype=np.float32)


def _edges(slope: Pixels) -> Pixels:
    """Return how far slopes exceed the noise, limited so that the steepest do not dominate."""
    usual = float(np.median(slope))
    spread = 1.4826 * float(np.median(np.abs(slope - usual)))
    edges = np.maximum(slope - (usual + _EDGE_TO_NOISE * spread), 0)
    if not edges.any():
        return np.asarray(edges, dtype=np.float32)
    return np.asarray(np.minimum(edges, np.percentile(edges[edges > 0], _STEEPEST_PERCENT)))


def _share_that_stands_out(image: npt.NDArray[Any], labels: Labels) -> float:
    """Return the share of objects that are significantly brighter than a rim around them."""
    pixels = image.astype(np.float32)
    names = labels.astype(np.float32)
    grown = cv2.dilate(names, np.ones((7, 7), np.uint8)).astype(np.int32)
    close = cv2.dilate(names, np.ones((3, 3), np.uint8))
    around = np.where(close > 0, 0, grown)
    size = int(labels.max()) + 1
    inside, area = _means(labels, pixels, size)
    outside, rim = _means(around, pixels, size)
    steps = np.abs(np.diff(pixels, axis=1))
    noise = 1.4826 * float(np.median(steps)) / np.sqrt(2) if steps.size else 0.0
    noise = max(noise, _ROUNDING if image.dtype.kind != "f" else 1e-6 * float(np.ptp(pixels)))
    known = (area > 0) & (rim > 0)
    known[0] = False
    if not known.any():
        return 1.0
    signal = (inside - outside)[known] * np.sqrt(area[known]) / max(noise, 1e-30)
    return float((signal > _LEAST_SIGNAL).mean())


def _means(
    labels: Labels, pixels: Pixels, size: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the mean and the number of the pixels of each label."""
    area = np.bincount(labels.ravel(), minlength=size).astype(np.float64)
    total = np.bincount(labels.ravel(), pixels.ravel(), minlength=size)
    return total / np.maximum(area, 1), area


def _solidity(labels: Labels) -> float:
    """Return the areas of objects over those of their convex hulls, averaged by area."""
    places = [
        (name, place)
        for name, place in enumerate(ndimage.find_objects(labels), start=1)
        if place is not None
    ]
    filled, hulls = 0, 0.0
    for name, place in places[:: -(-len(places) // _MOST_OBJECTS)]:
        mask = np.pad((labels[place] == name).astype(np.uint8), 1)
        outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        hull = np.zeros_like(mask)
        cv2.fillConvexPoly(hull, cv2.convexHull(np.vstack(outlines)), 1)
        area = int(mask.sum())
        filled += area
        hulls += area * int(hull.sum()) / area
    return min(1.0, filled / hulls)
