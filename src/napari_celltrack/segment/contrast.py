"""A threshold for cells of different brightness on an uneven, noisy background."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from napari_celltrack.arrays.rounding import is_blank, rounding_of
from napari_celltrack.arrays.sampling import sample_step
from napari_celltrack.arrays.strips import Strip, in_strips
from napari_celltrack.segment.label import as_bytes, unordered_parts
from napari_celltrack.segment.local_threshold import gaussian, gaussian_reach_px
from napari_celltrack.segment.morphology import disk
from napari_celltrack.settings import ADVANCED, Settings

_Plane = NDArray[np.float32]
#: For each pixel of a rim, the number of its part and its value.
_Rim = tuple[NDArray[np.int32], _Plane]

#: The background is computed in an image that is this much smaller, as it has no detail.
_SHRINK = 8
#: Share of the pixels that lies below the slope of the background; cells may cover the others.
_SLOPE_SHARE = 0.25
#: Number of pixels that suffices to find it.
_ENOUGH_FOR_SLOPE_PX = 1 << 12
#: In so many steps the slope changes by less than the noise.
_SLOPE_STEPS = 12
#: Distances from the slope below this share of the typical one count as this.
_SLOPE_LEAST = 0.05
#: Standard deviation of a normal distribution relative to its median absolute deviation.
_MAD_TO_SIGMA = 1.4826
#: The opening that removes bright grains, so that they do not count as a cell's brightness.
_GRAIN_RADIUS_PX = 2
#: Pixels this far apart have independent noise after the smoothing.
_LAG_PX = 5
#: Smaller differences of grey levels in integer images are chance, as with few photons.
_LEAST_LEVELS = 0.5
#: Background brighter than this many times the typical one counts as haze, not as light.
_MOST_LIGHT = 4.0
#: How much of the background is darker than what counts as bright.
_BRIGHT_PERCENT = 90
#: Width of the rims inside and outside an object that are compared.
_RIM_PX = 3
#: Smallest difference of the rims, relative to the height of the object.
_LEAST_EDGE = 0.25
#: Number of pixels that suffices to estimate the brightness of edges.
_ENOUGH_FOR_EDGES_PX = 1 << 19
#: Slopes below this many times their noise do not count as edges.
_EDGE_TO_NOISE = 3.0


class Contrast(Settings):
    """Brighter than background, than the noise, and than the halo of the nearest bright cell.

    A pixel is foreground when, above the local background, it is brighter than

    1. `noise_factor` times the noise,
    2. `typical_percent` of the brightness at which the image's edges lie, and
    3. `local_percent` of the brightest spot within `local_radius_px`.

    The first keeps empty images empty, the second excludes haze and halos, the third cuts each
    cell at about half its own height, so that dim cells beside bright ones are found too.

    Notes
    -----
    The brightness of edges is the mean grey level weighted by the gradient: J. Kittler,
    J. Illingworth and J. Foglein, "Threshold selection based on a simple image statistic",
    Computer Vision, Graphics, and Image Processing 30, 125-147 (1985). Background by opening:
    S. R. Sternberg, "Biomedical image processing", Computer 16, 22-34 (1983). Noise is
    taken from the darker side of the background's peak, so that cells do not count as noise.
    """

    method: Literal["contrast"] = "contrast"
    noise_factor: float = Field(
        6.0,
        ge=0.0,
        le=1000.0,
        title="Contrast to noise",
        description="How many times the noise a cell must be brighter than the background. "
        "Raise it when noise is found, lower it to find dimmer cells.",
    )
    typical_percent: float = Field(
        25.0,
        ge=0.0,
        le=200.0,
        title="Dimmest cell",
        description="How bright a cell must be, relative to the typical edge in the image. "
        "Raise it to drop haze and dim cells, lower it to find dimmer or very uneven ones.",
    )
    local_percent: float = Field(
        45.0,
        ge=0.0,
        le=100.0,
        title="Height of the outline",
        description="At which share of its own brightness a cell has its outline. "
        "Raise it for tighter outlines, lower it for wider ones and for cells with bright spots.",
    )
    local_radius_px: int = Field(
        5,
        ge=1,
        le=50,
        title="Reach of a cell's halo",
        description="How far the halo of a bright cell reaches. "
        "Raise it when blurred cells get too wide, lower it when dim neighbours are lost.",
        json_schema_extra=ADVANCED,
    )
    smoothing_px: float = Field(
        1.0,
        ge=0.0,
        le=20.0,
        title="Smoothing",
        description="Width of the Gaussian that suppresses noise before the comparison. "
        "Raise it for noisy images, lower it to keep small details.",
        json_schema_extra=ADVANCED,
    )
    background_px: int = Field(
        128,
        ge=16,
        le=4096,
        title="Background window",
        description="The background is what is darkest within a window of this size. Take more "
        "than twice the largest cell or clump; lower it when the background is very uneven.",
        json_schema_extra=ADVANCED,
    )

    def __call__(self, image: NDArray[Any]) -> NDArray[np.bool_]:
        """Return the foreground; an image without cells has none."""
        if is_blank(image):
            return np.zeros(image.shape, dtype=np.bool_)
        pixels = _smooth(image, self.smoothing_px)
        beneath = background(pixels, self.background_px)
        _subtract(pixels, beneath)
        ground, noise = ground_and_noise(pixels)
        noise *= _photon_factor(beneath)
        _subtract(pixels, np.float32(ground))
        least = self.noise_factor * noise
        least = max(least, _LEAST_LEVELS if image.dtype.kind != "f" else rounding_of(beneath))
        # At the border, the smooth image of a slope is that much off.
        least = max(least, _steepness(beneath) * max(1.0, self.smoothing_px))
        if self.typical_percent > 0:
            least = max(least, self.typical_percent / 100 * _edge_brightness(pixels, least))
        foreground = self._foreground(pixels, max(least, 0.0))
        return with_edges(foreground, pixels, self.noise_factor / 2 * noise)

    def _foreground(self, pixels: _Plane, least: float) -> NDArray[np.bool_]:
        """Return the pixels that are brighter than a level and than their local level."""
        foreground = np.empty(pixels.shape, dtype=np.bool_)
        grains, nearby = disk(_GRAIN_RADIUS_PX), disk(self.local_radius_px)
        share = np.float32(self.local_percent / 100)

        def compare(strip: Strip) -> None:
            inside, found = pixels[strip.rows], foreground[strip.rows]
            np.greater(inside, np.float32(least), out=found)
            if share > 0 and found.any():
                smooth = cv2.morphologyEx(pixels[strip.wide], cv2.MORPH_OPEN, grains)
                level = cv2.dilate(smooth, nearby)[strip.inside]
                found &= inside > level * share

        in_strips(compare, pixels.shape, halo_px=2 * _GRAIN_RADIUS_PX + self.local_radius_px)
        return foreground


def _smooth(image: NDArray[Any], sigma_px: float) -> _Plane:
    """Return the image without hot pixels and with less noise."""
    smooth = np.empty(image.shape, dtype=np.float32)

    def fill(strip: Strip) -> None:
        pixels = without_hot_pixels(image[strip.wide]).astype(np.float32)
        smooth[strip.rows] = gaussian(pixels, sigma_px)[strip.inside]

    # The median and the dilation reach one pixel each.
    in_strips(fill, image.shape, halo_px=2 + gaussian_reach_px(sigma_px))
    return smooth


def _subtract(pixels: _Plane, beneath: _Plane | np.float32) -> None:
    """Subtract an image of the same shape, or a number, in place."""
    beneath = np.broadcast_to(beneath, pixels.shape)

    def fill(strip: Strip) -> None:
        pixels[strip.rows] -= beneath[strip.rows]

    in_strips(fill, pixels.shape)


def without_hot_pixels(image: NDArray[Any]) -> NDArray[Any]:
    """Limit each pixel to the largest median next to it.

    What covers less than half of a 3 x 3 window does not change its median: single hot pixels and
    2 x 2 clusters vanish, while the smallest real objects stay as they are.

    Parameters
    ----------
    image : ndarray of uint8, uint16 or float32, shape (Y, X)
        One plane.

    Returns
    -------
    ndarray, shape (Y, X)
        Same dtype.
    """
    source = np.ascontiguousarray(image)
    medians = cv2.medianBlur(source, 3).reshape(source.shape)
    return np.asarray(np.minimum(source, cv2.dilate(medians, np.ones((3, 3), np.uint8))))


def background(pixels: _Plane, window_px: int) -> _Plane:
    """Return the local background: the darkest values within a window, smoothed.

    Parameters
    ----------
    pixels : ndarray of float32, shape (Y, X)
        One plane.
    window_px : int
        Side of the window.

    Returns
    -------
    ndarray of float32, shape (Y, X)
        Below the image almost everywhere.
    """
    height, width = pixels.shape
    small = (max(1, width // _SHRINK), max(1, height // _SHRINK))
    shrunk = cv2.resize(pixels, small, interpolation=cv2.INTER_AREA)
    half = max(1, window_px // (2 * _SHRINK))
    # The opening keeps a slope only where its window has room beside the cells. Without the slope
    # of the image it needs none, and a small picture gives what it gives as a part of a large one.
    slope = _slope_of(np.asarray(shrunk, dtype=np.float32))
    wide = np.pad(shrunk - slope.over(shrunk.shape), half, mode="symmetric")
    opened = cv2.morphologyEx(wide, cv2.MORPH_OPEN, np.ones((2 * half + 1,) * 2, np.uint8))
    inside = np.ascontiguousarray(opened[half:-half, half:-half], dtype=np.float32)
    smooth = gaussian(inside, half / 2)
    grown = cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(grown + slope.over((height, width)), dtype=np.float32)


class _Slope(NamedTuple):
    """A plane over an image of any size: its middle, and how much it rises along Y and X."""

    middle: float
    along_y: float
    along_x: float

    def over(self, shape: tuple[int, ...]) -> _Plane:
        """Return it at the pixels of an image."""
        y, x = _places(shape)
        rows: _Plane = np.asarray(self.middle + self.along_y * y, dtype=np.float32)
        return rows + np.asarray(self.along_x * x, dtype=np.float32)


def _places(shape: tuple[int, ...], step: int = 1) -> list[NDArray[np.float64]]:
    """Return where the middles of pixels lie between the edges of an image, at -1 and 1."""
    (n_y, n_x) = shape
    y, x = np.ogrid[0:n_y:step, 0:n_x:step]
    return [(2 * y + 1) / n_y - 1, (2 * x + 1) / n_x - 1]


def _slope_of(image: _Plane) -> _Slope:
    """Return the plane that a share of the pixels lies below, which is that of the background.

    It is found by least squares, again and again with other weights: E. J. Schlossmacher, "An
    iterative technique for absolute deviations curve fitting", Journal of the American Statistical
    Association 68, 857-859 (1973), with the weights of a quantile: R. Koenker and G. Bassett,
    "Regression quantiles", Econometrica 46, 33-50 (1978).
    """
    step = max(1, int(np.sqrt(image.size / _ENOUGH_FOR_SLOPE_PX)))
    values = image[::step, ::step].ravel().astype(np.float64)
    y, x = _places(image.shape, step)
    terms = np.stack(np.broadcast_arrays(1.0, y, x), axis=-1).reshape(-1, 3)
    weights = np.ones(values.size)
    for _ in range(_SLOPE_STEPS):
        weighted = terms * weights[:, None]
        plane = np.linalg.lstsq(weighted.T @ terms, weighted.T @ values, rcond=None)[0]
        above = values - terms @ plane
        size = np.abs(above)
        least = _SLOPE_LEAST * float(np.median(size))
        if least == 0:  # half of the image lies on it
            break
        weights = np.where(above > 0, _SLOPE_SHARE, 1 - _SLOPE_SHARE) / np.maximum(size, least)
    return _Slope(*map(float, plane))


def ground_and_noise(pixels: _Plane) -> tuple[float, float]:
    """Return the most frequent dark value and the standard deviation around it.

    The value is the half-sample mode of the darker three quarters. The deviation is taken from
    pixels that are darker than it, where there are no cells.

    Parameters
    ----------
    pixels : ndarray of float32, shape (Y, X)
        One plane, background removed.

    Returns
    -------
    ground : float
        Grey level of the background.
    noise : float
        Its standard deviation.
    """
    step = sample_step(pixels.size)
    values = np.sort(pixels[::step, ::step], axis=None)
    part = values[: max(1, (3 * values.size) // 4)]
    # The mode of fewer values would be a chance cluster of noise.
    fewest = max(50, values.size // 50)
    while part.size > fewest:
        half = part.size // 2
        start = int(np.argmin(part[half:] - part[: part.size - half]))
        part = part[start : start + half + 1]
    ground = float(part.mean())
    darker = ground - values[: np.searchsorted(values, np.float32(ground))]
    spread = float(np.median(darker)) if darker.size else 0.0
    # If the noise is cut off at zero there is no darker side, but neighbours still differ.
    near, far = pixels[::step, :-_LAG_PX:step], pixels[::step, _LAG_PX::step]
    differences = np.abs(far - near)
    differ = float(np.median(differences)) / np.sqrt(2) if differences.size else 0.0
    return ground, _MAD_TO_SIGMA * max(spread, differ)


def with_edges(mask: NDArray[np.bool_], pixels: _Plane, least: float) -> NDArray[np.bool_]:
    """Keep the parts of a mask that have an edge.

    Where an uneven background rises above the level gradually, the rim inside the part is hardly
    brighter than the rim outside.

    Parameters
    ----------
    mask : ndarray of bool, shape (Y, X)
        The foreground.
    pixels : ndarray of float32, shape (Y, X)
        One plane, about 0 in the background.
    least : float
        Smallest difference between the inner and the outer rim of a part.

    Returns
    -------
    ndarray of bool, shape (Y, X)
        The mask without parts that have no edge.
    """
    parts = unordered_parts(mask)
    size = int(parts.max()) + 1
    kernel = disk(_RIM_PX)
    # The smallest number type that OpenCV dilates and that holds all numbers is by far fastest.
    narrow = np.uint16 if size <= np.iinfo(np.uint16).max else np.float32

    def rims(strip: Strip) -> tuple[_Rim, _Rim]:
        wide = mask[strip.wide]
        own, own_parts = mask[strip.rows], parts[strip.rows].ravel()
        values = pixels[strip.rows].ravel()
        eroded = cv2.erode(as_bytes(wide), kernel)[strip.inside]
        inner = np.flatnonzero(as_bytes(own) != eroded)
        grown = cv2.dilate(parts[strip.wide].astype(narrow), kernel)[strip.inside].ravel()
        outer = np.flatnonzero((grown > 0) != own.ravel())
        nearest = np.take(grown, outer).astype(np.int32)
        of_inner = np.take(own_parts, inner), np.take(values, inner)
        return of_inner, (nearest, np.take(values, outer))

    inner, outer = zip(*in_strips(rims, mask.shape, halo_px=_RIM_PX), strict=True)
    rim = _means(inner, size)
    difference = rim - _means(outer, size)
    # The inner rim, not the brighter middle, is the height that the edge is compared with.
    keep = difference > np.maximum(least, _LEAST_EDGE * rim)
    if keep[1:].all():
        return mask
    keep[0] = False
    kept = np.empty(mask.shape, dtype=np.bool_)

    def paint(strip: Strip) -> None:
        # With clip, numpy writes to `out` directly, as it need not check the indices first.
        np.take(keep, parts[strip.rows], out=kept[strip.rows], mode="clip")

    in_strips(paint, mask.shape)
    return kept


def _means(rims: Sequence[_Rim], size: int) -> NDArray[np.float64]:
    """Return the mean of the values of each part."""
    names, values = (np.concatenate(found) for found in zip(*rims, strict=True))
    count = np.maximum(np.bincount(names, minlength=size), 1)
    return np.asarray(np.bincount(names, values, minlength=size) / count)


def _steepness(beneath: _Plane) -> float:
    """Return by how much the background typically changes from a pixel to the next."""
    coarse = beneath[::_SHRINK, ::_SHRINK]
    if min(coarse.shape) < 2:
        return 0.0
    along_y, along_x = np.gradient(coarse)
    return float(np.median(np.hypot(along_y, along_x))) / _SHRINK


def _photon_factor(beneath: _Plane) -> float:
    """Return the noise of bright background over that of the typical background.

    Photon noise grows with the root of the brightness. An offset of the camera makes the true
    factor larger, read noise makes it smaller.
    """
    # The very brightest background hangs on what few pixels are in its window.
    typical, bright = np.percentile(beneath[::_SHRINK, ::_SHRINK], (50, _BRIGHT_PERCENT))
    if typical <= 0:
        return 1.0
    return float(np.sqrt(np.clip(bright / typical, 1.0, _MOST_LIGHT)))


def _power_of_two(pixels: _Plane) -> np.float32:
    """Return what brings the largest value near 1 when multiplied, without rounding."""
    largest = max(abs(float(pixels.min())), abs(float(pixels.max())))
    _, exponent = np.frexp(largest)
    unit: np.float32 = np.float32(np.ldexp(1.0, int(np.clip(-exponent, -126, 126))))
    return unit


def _edge_brightness(pixels: _Plane, least: float) -> float:
    """Return the mean brightness of the image's edges, weighted by their steepness.

    Some rows of a large image suffice: they have enough edges.
    """
    step = max(1, round(pixels.size / _ENOUGH_FOR_EDGES_PX))
    above, here, below = pixels[:-2:step], pixels[1:-1:step], pixels[2::step]
    # The Sobel filter, on these rows only.
    along_x = above + below + 2 * here
    along_x = (along_x[:, 2:] - along_x[:, :-2]) / 8
    along_y = below - above
    along_y = (along_y[:, 2:] + along_y[:, :-2] + 2 * along_y[:, 1:-1]) / 8
    if along_x.size == 0:
        return 0.0
    # Squares of very large and of very small numbers are beyond float32.
    unit = _power_of_two(pixels)
    along_x *= unit
    along_y *= unit
    steepness, brightness = cv2.magnitude(along_x, along_y), here[:, 1:-1]
    step = sample_step(steepness.size)
    # Much faster than an index by a mask.
    is_flat = brightness[::step, ::step] < least
    flat = np.compress(is_flat.ravel(), steepness[::step, ::step])
    noise = _MAD_TO_SIGMA * float(np.median(flat)) if flat.size else 0.0
    _, weight = cv2.threshold(steepness, _EDGE_TO_NOISE * noise, 0, cv2.THRESH_TOZERO)
    total = float(weight.sum(dtype=np.float64))
    return float(np.vdot(weight, brightness)) / total if total > 0 else 0.0
