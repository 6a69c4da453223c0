"""Ways to separate cells that touch.

A way is called with connected parts, int32 (Y, X), numbered in any order, and with the image in
which they were detected, uint8, uint16 or float32 (Y, X) without NaN. It returns the cells, int32
(Y, X), numbered in the order of their first pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import dist
from typing import Any, Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from napari_celltrack.arrays.label_runs import label_runs_of
from napari_celltrack.arrays.rounding import rounding_of
from napari_celltrack.arrays.sampling import sample_step
from napari_celltrack.arrays.strips import Strip, on_all_cores
from napari_celltrack.segment.distance import distance_to_edge
from napari_celltrack.segment.flood import Basins, Border, basins_of, borders_of, merged
from napari_celltrack.segment.label import in_raster_order
from napari_celltrack.segment.local_threshold import gaussian, gaussian_reach_px
from napari_celltrack.segment.mosaic import Mosaic, mosaics_of, values_in
from napari_celltrack.settings import ADVANCED, Settings

_Labels = NDArray[np.int32]
_Plane = NDArray[np.float32]

#: A neck wider than this share of the smaller cell is only unevenness of the outline.
_WIDEST_NECK = 0.97
#: Half width of cells above which the smoothing does not grow any more.
_WIDEST_PX = 100.0
#: Smoothing of the image before the darkness of a line in it is measured.
_LINE_SIGMA_PX = 1.0
#: Smoothing and reach, relative to the half width of the cells, that remove their texture but keep
#: a line between two of them.
_TEXTURE, _REACH = 0.15, 0.4
#: What is darker counts as this bright, so that shares stay finite: in integer and in float images.
_LEAST, _LEAST_FLOAT = np.float32(1e-6), 1e-35


class NoSplit(Settings, title="Leave together"):
    """Leave connected parts whole: cells that touch count as one."""

    method: Literal["none"] = "none"

    def __call__(self, parts: _Labels, image: NDArray[Any]) -> _Labels:
        """Return the parts as they are, renumbered; the image is not used."""
        return in_raster_order(parts)


class Watershed(Settings):
    """Common base of the watersheds."""

    method: str
    min_distance_px: float = Field(
        6.0,
        ge=0.0,
        le=400.0,
        title="Smallest distance",
        description="Two centres nearer than this are one cell. "
        "Raise it when large cells are split, lower it when small neighbours stay together.",
    )
    smoothing_px: float = Field(
        1.0,
        ge=0.0,
        le=20.0,
        title="Smoothing",
        description="Width of the Gaussian that smooths the distances before centres are found. "
        "Raise it when ragged cells are split, lower it to keep small ones.",
        json_schema_extra=ADVANCED,
    )


class WatershedDistance(Watershed, title="Watershed by shape"):
    """Cut where a part has a steep neck or a dark line, not where a cell is long or bent.

    Basins of the distance to the edge are merged again, from the highest saddle down, unless

    - the neck between them is narrower than the smaller cell,
    - their centres are far enough apart, and
    - the distance falls steeply towards the neck. Between round cells it does, even if they
      overlap a lot; along a bean or a dumbbell it falls slowly.

    A line that is darker than both cells lowers the distance and counts as steepness too, with
    `intensity_weight`; texture within cells is smoothed in proportion to their width.

    Notes
    -----
    Watershed: S. Beucher and C. Lantuéjoul, "Use of watersheds in contour detection",
    International Workshop on Image Processing, Rennes (1979). Merging by saddles is the idea of
    h-maxima (P. Soille, "Morphological Image Analysis", 2nd edition, section 6.3.4), with a
    slope in place of the height h, so that it holds for cells of any size.
    """

    method: Literal["watershed_distance"] = "watershed_distance"
    steepness_percent: float = Field(
        25.0,
        ge=0.0,
        le=100.0,
        title="Steepness of the neck",
        description="By how much the half width must shrink on the way to the neck, relative to "
        "the way. Lower it to cut more, raise it when long or bent cells are cut.",
        json_schema_extra=ADVANCED,
    )
    intensity_weight: float = Field(
        1.0,
        ge=0.0,
        le=10.0,
        title="Weight of dark lines",
        description="How much a line that is darker than the cells beside it counts for a cut. "
        "Raise it to cut along dark lines, 0 looks at the shape only.",
        json_schema_extra=ADVANCED,
    )

    def __call__(self, parts: _Labels, image: NDArray[Any]) -> _Labels:
        """Return the parts, cut at their necks."""
        mosaics, ground = mosaics_of(label_runs_of(parts)), ground_of(image, parts)
        landscapes = self._landscapes(mosaics, image, ground)
        steepness = self.steepness_percent / 100

        def cut(at: int) -> _Cells:
            mosaic, (height, bright) = mosaics[at], landscapes[at]
            land, own = mosaic.filled(height, -np.inf), mosaic.filled(bright)
            basins = basins_of(land, mosaic.parts(), may_touch=not mosaic.is_packed)
            mean = _means(basins, own)

            def is_one(border: Border, lower: float, apart: float) -> bool:
                if apart < self.min_distance_px or border.saddle > _WIDEST_NECK * lower:
                    return True
                dimmer = min(mean[border.first], mean[border.second])
                darkness = max(0.0, 1 - border.brightness / dimmer) if dimmer > 0 else 0.0
                return _fall(basins, border) + self.intensity_weight * darkness < steepness

            return _cells(mosaic, basins, merged(basins, borders_of(basins, land, own), is_one))

        return _painted(parts.shape, mosaics, on_all_cores(cut, range(len(mosaics))))

    def _landscapes(
        self, mosaics: list[Mosaic], image: NDArray[Any], ground: np.float32
    ) -> list[list[_Plane]]:
        """Return the smooth distance to the edge, lowered in dark lines, and the smooth image.

        For each mosaic, these are the values of its pixels.
        """
        distance = np.zeros(image.shape, dtype=np.float32)

        def measure(mosaic: Mosaic) -> float:
            found = distance_to_edge(mosaic)
            distance.reshape(-1)[mosaic.here] = found
            return float(found.sum(dtype=np.float64))

        total_px = sum(on_all_cores(measure, mosaics))
        n_pixels = sum(mosaic.here.size for mosaic in mosaics)
        # The mean distance to the edge of a disc is a third of its radius.
        half_width_px = min(3 * total_px / max(1, n_pixels), _WIDEST_PX)
        sigma_px, reach_px = _TEXTURE * half_width_px, max(1, int(_REACH * half_width_px))

        least = (
            np.float32(max(rounding_of(image), _LEAST_FLOAT)) if image.dtype.kind == "f" else _LEAST
        )

        def smooth(strip: Strip) -> tuple[_Plane, _Plane]:
            above = np.subtract(image[strip.wide], ground, dtype=np.float32)
            land = distance[strip.wide]
            if self.intensity_weight > 0:
                share = _share_of_brightest(above, least, sigma_px, reach_px)
                land = land * cv2.pow(share, 0.5 * self.intensity_weight)
            planes = gaussian(land, self.smoothing_px), gaussian(above, _LINE_SIGMA_PX)
            return planes[0][strip.inside], planes[1][strip.inside]

        halo_px = gaussian_reach_px(self.smoothing_px) + gaussian_reach_px(sigma_px) + reach_px
        halo_px = max(halo_px, gaussian_reach_px(_LINE_SIGMA_PX))
        return values_in(mosaics, smooth, image.shape, halo_px)


class WatershedIntensity(Watershed, title="Watershed by brightness"):
    """Cut where a part has a darker line between two bright centres.

    Basins of the smoothed image are merged again, from the highest saddle down, where the line
    is not dark enough.

    Notes
    -----
    L. Vincent and P. Soille, "Watersheds in digital spaces: an efficient algorithm based on
    immersion simulations", IEEE Transactions on Pattern Analysis and Machine Intelligence 13,
    583-598 (1991).
    """

    method: Literal["watershed_intensity"] = "watershed_intensity"
    smoothing_px: float = Field(
        2.0,
        ge=0.0,
        le=20.0,
        title="Smoothing",
        description="Width of the Gaussian that smooths the image before centres are found. "
        "Raise it when textured cells are split, lower it to see thinner lines.",
        json_schema_extra=ADVANCED,
    )
    depth_percent: float = Field(
        15.0,
        ge=0.0,
        le=99.0,
        title="Depth",
        description="How much darker than the dimmer centre the line between two cells must be. "
        "Raise it to cut less, lower it to cut more.",
    )

    def __call__(self, parts: _Labels, image: NDArray[Any]) -> _Labels:
        """Return the parts, cut along their darker lines."""
        mosaics, ground = mosaics_of(label_runs_of(parts)), ground_of(image, parts)

        def smooth(strip: Strip) -> tuple[_Plane]:
            above = np.subtract(image[strip.wide], ground, dtype=np.float32)
            return (gaussian(above, self.smoothing_px)[strip.inside],)

        halo_px = gaussian_reach_px(self.smoothing_px)
        landscapes = values_in(mosaics, smooth, image.shape, halo_px)
        brightest = 1 - self.depth_percent / 100

        def is_one(border: Border, lower: float, apart: float) -> bool:
            return apart < self.min_distance_px or border.saddle > brightest * lower

        def cut(at: int) -> _Cells:
            mosaic, (bright,) = mosaics[at], landscapes[at]
            land = mosaic.filled(bright, -np.inf)
            basins = basins_of(land, mosaic.parts(), may_touch=not mosaic.is_packed)
            return _cells(mosaic, basins, merged(basins, borders_of(basins, land, land), is_one))

        return _painted(parts.shape, mosaics, on_all_cores(cut, range(len(mosaics))))


Split = NoSplit | WatershedDistance | WatershedIntensity


def ground_of(image: NDArray[Any], parts: _Labels) -> np.float32:
    """Return the median of the pixels outside the parts, or the darkest pixel without any.

    Parameters
    ----------
    image : ndarray of uint8, uint16 or float32, shape (Y, X)
        One plane without NaN.
    parts : ndarray of int32, shape (Y, X)
        Connected parts.

    Returns
    -------
    float32
        Grey level of the background.
    """
    step = sample_step(image.size)
    is_outside = (parts[::step, ::step] == 0).ravel()
    outside = np.compress(is_outside, image[::step, ::step])
    ground: np.float32 = np.float32(np.median(outside) if outside.size else image.min())
    return ground


def _share_of_brightest(image: _Plane, least: np.float32, sigma_px: float, reach_px: int) -> _Plane:
    """Return how bright each pixel of the smoothed image is, relative to the brightest nearby."""
    bright = np.maximum(gaussian(image, sigma_px), least)
    # A square is good enough here, and its cost does not grow with its size.
    around = cv2.dilate(bright, np.ones((2 * reach_px + 1,) * 2, np.uint8))
    share: _Plane = np.divide(bright, around, out=bright)
    return share


class _Cells(NamedTuple):
    """The cells of a mosaic: the name of each pixel, and the first pixel of each name."""

    names: _Labels
    first: NDArray[np.int64]


def _cells(mosaic: Mosaic, basins: Basins, names: _Labels) -> _Cells:
    """Name each pixel of a mosaic by its merged basin."""
    found = np.take(names, np.take(basins.labels, mosaic.there))
    height_px, width_px = mosaic.runs.shape
    first = np.full(names.size, height_px * width_px, dtype=np.int64)
    is_other = np.ones(found.size, dtype=np.bool_)
    np.not_equal(found[1:], found[:-1], out=is_other[1:])
    # Assigned from the back, so that the first occurrence is written last and stays.
    at = np.flatnonzero(is_other)[::-1]
    first[found[at]] = mosaic.here[at]
    return _Cells(found, first)


def _painted(shape: tuple[int, ...], mosaics: Sequence[Mosaic], cells: Sequence[_Cells]) -> _Labels:
    """Return the cells in the image, numbered by their first pixel."""
    labels = np.zeros(shape, dtype=np.int32)
    if not cells:
        return labels
    first = np.concatenate([found.first for found in cells])
    number = np.empty(first.size, dtype=np.int32)
    number[np.argsort(first, kind="stable")] = np.arange(1, first.size + 1, dtype=np.int32)
    numbers = np.split(number, np.cumsum([found.first.size for found in cells])[:-1])

    def paint(at: int) -> None:
        labels.reshape(-1)[mosaics[at].here] = np.take(numbers[at], cells[at].names)

    on_all_cores(paint, range(len(cells)))
    return labels


def _means(basins: Basins, image: _Plane) -> list[float]:
    """Return the mean of an image over each contested basin, 0 for the others."""
    size = basins.height.size
    names = np.take(basins.labels, basins.contested)
    sums = np.bincount(names, np.take(image, basins.contested), minlength=size)
    means: list[float] = (sums / np.maximum(np.bincount(names, minlength=size), 1)).tolist()
    return means


def _fall(basins: Basins, border: Border) -> float:
    """Return the mean slope of the landscape from the two peaks down to their saddle."""
    slopes = [
        (float(basins.height[name]) - border.saddle)
        / max(1.0, dist(basins.peak[name].tolist(), border.where))
        for name in (border.first, border.second)
    ]
    return sum(slopes) / 2
