"""Ways to part cells that touch."""

from __future__ import annotations

from math import dist
from typing import Annotated, Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from napari_celltrack.runs import Runs, runs_of
from napari_celltrack.sampling import sample_step
from napari_celltrack.segment.distance import distance_to_edge
from napari_celltrack.segment.flood import Basins, Border, basins_of, borders_of, merged
from napari_celltrack.segment.local_threshold import gaussian, gaussian_reach_px
from napari_celltrack.segment.mosaic import Boxes, Mosaic, mosaic_of
from napari_celltrack.segment.strips import Strip, in_strips
from napari_celltrack.settings import Settings

_Labels = NDArray[np.int32]
_Plane = NDArray[np.float32]

#: A neck that is wider than this, relative to the smaller cell, is only a wobble of the outline.
_WIDEST_NECK = 0.97
#: Cells wider than this are smoothed no further.
_WIDEST_PX = 100.0
#: Smoothing of the image before the darkness of a line in it is measured.
_LINE_SIGMA_PX = 1.0
#: Smoothing and reach, relative to the half width of the cells, that make their texture vanish
#: while a line between two of them stays.
_TEXTURE, _REACH = 0.15, 0.4


class NoSplit(Settings):
    """Leave connected parts whole: cells that touch count as one."""

    method: Literal["none"] = "none"

    def __call__(self, parts: _Labels, image: NDArray[Any]) -> _Labels:
        """Return the parts as they are.

        Parameters
        ----------
        parts : ndarray of int32, shape (Y, X)
            Connected parts.
        image : ndarray, shape (Y, X)
            Not looked at.

        Returns
        -------
        ndarray of int32, shape (Y, X)
            The same parts.
        """
        return parts


class Watershed(Settings):
    """What the watersheds have in common.

    Attributes
    ----------
    method : str
        Name of the method.
    min_distance_px : float
        Smallest distance of two cells.
    smoothing_px : float
        Standard deviation of the Gaussian that smooths the landscape first.
    """

    method: str
    min_distance_px: float = Field(
        6.0,
        ge=0.0,
        le=400.0,
        title="Smallest distance",
        description="Two centres nearer than this are one cell. "
        "Raise it when large cells fall apart, lower it when small neighbours stay together.",
    )
    smoothing_px: float = Field(
        1.0,
        ge=0.0,
        le=20.0,
        title="Smoothing",
        description="Width of the Gaussian that smooths the landscape before centres are sought. "
        "Raise it when ragged cells fall apart, lower it to keep small ones.",
    )


class WatershedDistance(Watershed):
    """Cut where a part has a steep neck or a dark line, not where a cell is long or bent.

    Basins of the distance to the edge are merged again, from the highest saddle down, unless

    - the neck between them is narrower than the smaller cell,
    - their centres are far enough apart, and
    - the distance falls steeply towards the neck. Where round cells touch it does so even if
      they overlap a lot; along a bean or a dumbbell it falls slowly.

    A line that is darker than both cells lowers the distance and counts as steepness too, with
    `intensity_weight`; the texture within cells is smoothed away in proportion to their width.

    Attributes
    ----------
    method : str
        Name of the method.
    min_distance_px : float
        Smallest distance of two cells.
    smoothing_px : float
        Standard deviation of the Gaussian that smooths the distance.
    steepness_percent : float
        Least fall of the half width on the way from the centres to the neck.
    intensity_weight : float
        How much the darkness of the line counts.

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
    )
    intensity_weight: float = Field(
        1.0,
        ge=0.0,
        le=10.0,
        title="Weight of dark lines",
        description="How much a line that is darker than the cells beside it counts for a cut. "
        "Raise it to cut along dark lines, 0 looks at the shape only.",
    )

    def __call__(self, parts: _Labels, image: NDArray[Any]) -> _Labels:
        """Return the parts, cut at their necks.

        Parameters
        ----------
        parts : ndarray of int32, shape (Y, X)
            Connected parts.
        image : ndarray of uint8, uint16 or float32, shape (Y, X)
            One plane without NaN.

        Returns
        -------
        ndarray of int32, shape (Y, X)
            The cells in order of their first pixel.
        """
        laid, above = _Laid(parts), above_ground(image, parts)
        landscape = gaussian(self._distance(laid, above), self.smoothing_px)
        land = laid.landscape(landscape)
        basins = basins_of(land, laid.parts, may_touch=not laid.mosaic.is_packed)
        if basins.contested.size == 0:
            return parts
        bright = laid.mosaic.cut_from(gaussian(above, _LINE_SIGMA_PX))
        mean = _means(basins, bright)
        steepness = self.steepness_percent / 100

        def is_one(border: Border, lower: float, apart: float) -> bool:
            if apart < self.min_distance_px or border.saddle > _WIDEST_NECK * lower:
                return True
            dimmer = min(mean[border.first], mean[border.second])
            darkness = max(0.0, 1 - border.brightness / dimmer) if dimmer > 0 else 0.0
            return _fall(basins, border) + self.intensity_weight * darkness < steepness

        return laid.painted(basins, merged(basins, borders_of(basins, land, bright), is_one))

    def _distance(self, laid: _Laid, image: _Plane) -> _Plane:
        """Return the distance to the edge, lowered where the image is darker than around."""
        found = distance_to_edge(laid.image, laid.runs, laid.boxes, laid.mosaic)
        here = laid.mosaic.here
        if self.intensity_weight > 0 and found.size:
            # The mean distance to the edge of a disc is a third of its radius.
            half_width = min(3 * float(found.mean(dtype=np.float64)), _WIDEST_PX)
            share = _share_of_brightest(image, _TEXTURE * half_width, int(_REACH * half_width))
            found *= cv2.pow(share.ravel()[here], 0.5 * self.intensity_weight).ravel()
        distance = np.zeros(laid.image.shape, dtype=np.float32)
        distance.reshape(-1)[here] = found
        return distance


class WatershedIntensity(Watershed):
    """Cut where a part has a darker line between two bright centres.

    Basins of the smoothed image are merged again, from the highest saddle down, where the line
    is not dark enough.

    Attributes
    ----------
    method : str
        Name of the method.
    min_distance_px : float
        Smallest distance of two cells.
    smoothing_px : float
        Standard deviation of the Gaussian that smooths the image.
    depth_percent : float
        How much darker the line must be.

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
        description="Width of the Gaussian that smooths the image before centres are sought. "
        "Raise it when textured cells fall apart, lower it to see thinner lines.",
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
        """Return the parts, cut along their darker lines.

        Parameters
        ----------
        parts : ndarray of int32, shape (Y, X)
            Connected parts.
        image : ndarray of uint8, uint16 or float32, shape (Y, X)
            One plane without NaN.

        Returns
        -------
        ndarray of int32, shape (Y, X)
            The cells in order of their first pixel.
        """
        laid = _Laid(parts)
        land = laid.landscape(gaussian(above_ground(image, parts), self.smoothing_px))
        basins = basins_of(land, laid.parts, may_touch=not laid.mosaic.is_packed)
        if basins.contested.size == 0:
            return parts
        brightest = 1 - self.depth_percent / 100

        def is_one(border: Border, lower: float, apart: float) -> bool:
            return apart < self.min_distance_px or border.saddle > brightest * lower

        return laid.painted(basins, merged(basins, borders_of(basins, land, land), is_one))


Split = Annotated[NoSplit | WatershedDistance | WatershedIntensity, Field(discriminator="method")]


def above_ground(image: NDArray[Any], parts: _Labels) -> _Plane:
    """Return the image minus the median of what lies outside the parts.

    Parameters
    ----------
    image : ndarray of uint8, uint16 or float32, shape (Y, X)
        One plane without NaN.
    parts : ndarray of int32, shape (Y, X)
        Connected parts.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        About 0 in the background.
    """
    step = sample_step(image.size)
    outside = image[::step, ::step][parts[::step, ::step] == 0]
    ground = np.median(outside) if outside.size else image.min()
    above: _Plane = np.subtract(image, np.float32(ground), dtype=np.float32)
    return above


def _share_of_brightest(image: _Plane, sigma_px: float, reach_px: int) -> _Plane:
    """Return how bright each pixel of the smoothed image is, relative to the brightest nearby."""
    share = np.empty(image.shape, dtype=np.float32)
    reach_px = max(1, reach_px)
    # A square is good enough for a reach, and its cost does not grow with its size.
    square = np.ones((2 * reach_px + 1,) * 2, np.uint8)

    def fill(strip: Strip) -> None:
        bright = np.maximum(gaussian(image[strip.wide], sigma_px), np.float32(1e-6))
        around = cv2.dilate(bright, square)
        np.divide(bright[strip.inside], around[strip.inside], out=share[strip.rows])

    in_strips(fill, image.shape, halo_px=gaussian_reach_px(sigma_px) + reach_px)
    return share


class _Laid:
    """Parts, as runs and laid close together: `image` are they as given, `parts` as a mosaic."""

    def __init__(self, image: _Labels) -> None:
        self.image = image
        self.runs: Runs = runs_of(image)
        self.boxes = Boxes(self.runs)
        self.mosaic: Mosaic = mosaic_of(self.runs, self.boxes)
        self.parts: _Labels = self.mosaic.filled(np.repeat(self.runs.ids, self.runs.length))

    def landscape(self, image: _Plane) -> _Plane:
        """Return the landscape of an image in the mosaic."""
        return self.mosaic.cut_from(image, -np.inf)

    def painted(self, basins: Basins, names: NDArray[np.int32]) -> _Labels:
        """Return the basins with these names in the image, numbered by their first pixel."""
        found = basins.labels.reshape(-1)[self.mosaic.there]
        # Assignment from the back: where a basin occurs again the last one written stays.
        first = np.full(names.size, found.size, dtype=self.mosaic.there.dtype)
        first[found[::-1]] = np.arange(found.size - 1, -1, -1, dtype=first.dtype)
        first_of_name = np.full_like(first, found.size)
        np.minimum.at(first_of_name, names, first)
        renumbered = np.empty(names.size, dtype=np.int32)
        renumbered[np.argsort(first_of_name, kind="stable")] = np.arange(1, names.size + 1)
        labels = np.zeros(self.image.shape, dtype=np.int32)
        labels.reshape(-1)[self.mosaic.here] = renumbered[names][found]
        return labels


def _means(basins: Basins, image: _Plane) -> list[float]:
    """Return the mean of an image over each contested basin, 0 for the others."""
    size = basins.height.size
    names = basins.labels.ravel()[basins.contested]
    sums = np.bincount(names, image.ravel()[basins.contested], minlength=size)
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
