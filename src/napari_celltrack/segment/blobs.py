"""Blob detectors: round cells of similar size, detected by their centre instead of their edge."""

from __future__ import annotations

from itertools import pairwise
from math import sqrt
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy.spatial import cKDTree
from typing_extensions import Self

from napari_celltrack.arrays.rounding import is_blank, rounding_of
from napari_celltrack.arrays.sampling import sample_step
from napari_celltrack.segment.label import in_raster_order
from napari_celltrack.segment.local_threshold import gaussian
from napari_celltrack.settings import ADVANCED, Settings

_Plane = NDArray[np.float32]

#: Standard deviation of a normal distribution over the first quintile of its absolute values.
_FIFTH_TO_SIGMA = 3.947


class Blobs(Settings):
    """What both detectors of bright round spots have in common."""

    method: str
    min_diameter_px: float = Field(
        10.0,
        ge=1.5,
        le=400.0,
        title="Smallest diameter",
        description="Diameter of the smallest cell. Raise it when grains inside cells are found.",
    )
    max_diameter_px: float = Field(
        30.0,
        ge=1.5,
        le=400.0,
        title="Largest diameter",
        description="Diameter of the largest cell; equal to the smallest, only that size is found. "
        "Raise it when large cells are missed.",
    )
    min_contrast: float = Field(
        0.0,
        ge=0.0,
        title="Contrast",
        description="Grey levels that a round cell is brighter than its surroundings, at least. "
        "Raise it to drop dim ones.",
    )
    noise_factor: float = Field(
        5.0,
        ge=0.0,
        le=1000.0,
        title="Contrast to noise",
        description="How many times the noise of the filtered image a cell must stand out. "
        "Raise it to drop dim ones, lower it to find dimmer ones.",
    )
    max_overlap_percent: float = Field(
        50.0,
        ge=0.0,
        le=100.0,
        title="Overlap",
        description="Of two spots that overlap by more of the smaller one's area, the smaller is "
        "dropped. Lower it when cells are found twice.",
        json_schema_extra=ADVANCED,
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.max_diameter_px < self.min_diameter_px:
            raise ValueError("the largest diameter must not be below the smallest")
        return self

    def __call__(self, image: NDArray[Any]) -> NDArray[np.int32]:
        """Return a disc for each cell; where discs meet, a pixel belongs to the nearest centre."""
        spots = self.spots(image)
        return in_raster_order(discs(image.shape[:2], spots[:, :2], spots[:, 2] * sqrt(2)))

    def spots(self, image: NDArray[Any]) -> NDArray[np.float64]:
        """Return the centre and scale of each spot.

        Parameters
        ----------
        image : ndarray of uint8, uint16 or float32, shape (Y, X)
            One plane without NaN.

        Returns
        -------
        ndarray of float64, shape (n, 3)
            Row, column and sigma of each spot; its radius is sigma times the root of 2.
        """
        if is_blank(image):
            return np.empty((0, 3))
        pixels = np.ascontiguousarray(image, dtype=np.float32)
        rounding = rounding_of(pixels)
        pixels = pixels - pixels.min()
        sigmas = self._sigmas()
        responses = [np.asarray(r) for r in self._responses(pixels, sigmas)]
        found = _peaks(responses, lambda response: max(self._least(response), rounding))
        spots = np.array([(y, x, sigmas[i]) for i, y, x in found], dtype=np.float64).reshape(-1, 3)
        return _without_overlaps(spots, self.max_overlap_percent / 100)

    def _least(self, response: _Plane) -> float:
        # From the flattest fifth of the image, because cells may fill half of it.
        step = sample_step(response.size)
        noise = _FIFTH_TO_SIGMA * float(np.quantile(np.abs(response[::step, ::step]), 0.2))
        # The response to a disc of contrast 1 is 2 / e at its own scale. Rounding is no signal.
        rounding = 1e-5 * float(np.abs(response).max())
        return max(self.min_contrast * 2 / np.e, self.noise_factor * noise, rounding)

    def _sigmas(self) -> list[float]:
        raise NotImplementedError

    def _responses(self, image: _Plane, sigmas: list[float]) -> list[_Plane]:
        raise NotImplementedError


class LogBlobs(Blobs, title="Round spots"):
    """Bright spots by the Laplacian of a Gaussian; exact, with one filter for each size.

    Same centres and scales as ``skimage.feature.blob_log`` at equal thresholds.

    Notes
    -----
    T. Lindeberg, "Feature detection with automatic scale selection", International Journal of
    Computer Vision 30, 79-116 (1998).
    """

    method: Literal["log_blobs"] = "log_blobs"
    n_scales: int = Field(
        6,
        ge=1,
        le=30,
        title="Sizes",
        description="Sizes that are tried from the smallest to the largest cell. "
        "More fit better and take longer.",
        json_schema_extra=ADVANCED,
    )

    def _sigmas(self) -> list[float]:
        low, high = (d / (2 * sqrt(2)) for d in (self.min_diameter_px, self.max_diameter_px))
        n_scales = self.n_scales if high > low else 1
        return [float(sigma) for sigma in np.linspace(low, high, n_scales)]

    def _responses(self, image: _Plane, sigmas: list[float]) -> list[_Plane]:
        return [_laplacian(image, sigma) for sigma in sigmas]


class DogBlobs(Blobs, title="Round spots, faster"):
    """Bright spots by the difference of two Gaussians; nearly as exact and faster.

    Same centres and scales as ``skimage.feature.blob_dog`` at equal thresholds.

    Notes
    -----
    D. G. Lowe, "Distinctive image features from scale-invariant keypoints", International Journal
    of Computer Vision 60, 91-110 (2004).
    """

    method: Literal["dog_blobs"] = "dog_blobs"
    sigma_ratio: float = Field(
        1.4,
        ge=1.05,
        le=4.0,
        title="Ratio of sizes",
        description="Each size that is tried is this much larger than the one before. "
        "Lower it for a closer fit, raise it for speed.",
        json_schema_extra=ADVANCED,
    )

    def _sigmas(self) -> list[float]:
        low, high = (d / (2 * sqrt(2)) for d in (self.min_diameter_px, self.max_diameter_px))
        steps = int(np.log(high / low) / np.log(self.sigma_ratio) + 1)
        return [low * self.sigma_ratio**step for step in range(steps)]

    def _responses(self, image: _Plane, sigmas: list[float]) -> list[_Plane]:
        blurred = [gaussian(image, s) for s in (*sigmas, sigmas[-1] * self.sigma_ratio)]
        scale = np.float32(1 / (self.sigma_ratio - 1))
        return [(fine - wide) * scale for fine, wide in pairwise(blurred)]


def discs(
    shape: tuple[int, ...], centres: NDArray[np.float64], radii_px: NDArray[np.float64]
) -> NDArray[np.int32]:
    """Draw discs that do not overlap: each pixel belongs to the nearest centre only.

    Parameters
    ----------
    shape : tuple of int
        Height and width of the image.
    centres : ndarray of float64, shape (n, 2)
        Rows and columns; whole numbers, all different.
    radii_px : ndarray of float64, shape (n,)
        Radius of each disc.

    Returns
    -------
    ndarray of int32, shape (Y, X)
        Disc `i` is labelled ``i + 1``.
    """
    if len(centres) == 0:
        return np.zeros(shape, dtype=np.int32)
    empty = np.ones(shape, dtype=np.uint8)
    rows, columns = centres.astype(np.intp).T
    empty[rows, columns] = 0
    _, nearest = cv2.distanceTransformWithLabels(
        empty, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    number = np.zeros(int(nearest.max()) + 1, dtype=np.int32)
    number[nearest[rows, columns]] = np.arange(1, len(centres) + 1)
    labels: NDArray[np.int32] = number[nearest]
    y, x = np.ogrid[: shape[0], : shape[1]]
    squared = (y - rows[labels - 1]) ** 2 + (x - columns[labels - 1]) ** 2
    labels[squared > radii_px[labels - 1] ** 2] = 0
    return labels


def _laplacian(image: _Plane, sigma_px: float) -> _Plane:
    """Return the negative scale-normalised Laplacian of a Gaussian, high on bright spots."""
    radius = int(4 * sigma_px + 0.5)
    x = np.arange(-radius, radius + 1, dtype=np.float64)
    smooth = np.exp(-(x**2) / (2 * sigma_px**2))
    smooth /= smooth.sum()
    curve = (x**2 / sigma_px**4 - 1 / sigma_px**2) * smooth
    along_x = cv2.sepFilter2D(image, cv2.CV_32F, curve, smooth, borderType=cv2.BORDER_REFLECT)
    along_y = cv2.sepFilter2D(image, cv2.CV_32F, smooth, curve, borderType=cv2.BORDER_REFLECT)
    return np.asarray((along_x + along_y) * np.float32(-(sigma_px**2)), dtype=np.float32)


def _peaks(responses: list[_Plane], least: Any) -> list[tuple[int, int, int]]:
    """Return scale, row and column of the peaks in space and scale, row by row."""
    kernel = np.ones((3, 3), np.uint8)
    highest = [cv2.dilate(response, kernel) for response in responses]
    found = []
    for i, response in enumerate(responses):
        around = highest[max(0, i - 1) : i + 2]
        peak = response > least(response)
        for plane in around:
            peak &= response >= plane
        found += [(int(y), int(x), i) for y, x in np.argwhere(peak)]
    return [(i, y, x) for y, x, i in sorted(found)]


def _without_overlaps(spots: NDArray[np.float64], most: float) -> NDArray[np.float64]:
    """Drop the smaller of two spots that overlap by more than a share of the smaller one's area."""
    if len(spots) < 2:
        return spots
    radius = spots[:, 2] * sqrt(2)
    pairs = cKDTree(spots[:, :2]).query_pairs(2 * float(radius.max()), output_type="ndarray")
    # The largest first, so that a spot that is dropped itself drops no other.
    pairs = pairs[np.lexsort((pairs.min(axis=1), pairs.max(axis=1)))]
    apart = np.hypot(*(spots[pairs[:, 0], :2] - spots[pairs[:, 1], :2]).T)
    too_much = _shared(apart, radius[pairs[:, 0]], radius[pairs[:, 1]]) > most
    kept = np.ones(len(spots), dtype=bool)
    for a, b in pairs[too_much]:
        if kept[a] and kept[b]:
            kept[b if radius[a] > radius[b] else a] = False
    return spots[kept]


def _shared(
    apart: NDArray[np.float64], r1: NDArray[np.float64], r2: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the area that two discs share, relative to the smaller disc."""
    d = np.maximum(apart, 1e-9)
    cos1 = np.clip((d**2 + r1**2 - r2**2) / (2 * d * r1), -1, 1)
    cos2 = np.clip((d**2 + r2**2 - r1**2) / (2 * d * r2), -1, 1)
    kite = np.maximum((-d + r1 + r2) * (d + r1 - r2) * (d - r1 + r2) * (d + r1 + r2), 0)
    lens = r1**2 * np.arccos(cos1) + r2**2 * np.arccos(cos2) - 0.5 * np.sqrt(kite)
    return np.asarray(lens / (np.pi * np.minimum(r1, r2) ** 2))
