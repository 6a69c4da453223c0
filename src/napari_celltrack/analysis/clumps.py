"""Clumps: outlines that are round many cells, noticed by what is within them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from napari_celltrack.arrays.rounding import rounding_of
from napari_celltrack.arrays.sampling import sample_step
from napari_celltrack.measure import areas_px2
from napari_celltrack.text import plural

Labels = npt.NDArray[np.int32]

#: An outline is looked into if it is so many times as large as the usual one; those of two or
#: three cells that touch are smaller.
_LARGE = 4.0
#: So many of the usual ones are needed to know what is usual, and tops within to call it a clump.
_LEAST_OTHERS, _LEAST_TOPS = 4, 4
#: Widths of two Gaussians, relative to a cell: their difference shows spots as wide as cells.
_FINE, _COARSE = 1 / 6, 1 / 2
#: Tops must be apart by this share of a cell, and exceed their surroundings by this many times the
#: noise that is left.
_APART, _ABOVE_NOISE = 0.5, 6.0
#: Noise of integers from rounding.
_ROUNDED = 0.29


@dataclass(frozen=True)
class Clump:
    """One outline that is round several cells, probably.

    Parameters
    ----------
    label : int
        Its value in the label image.
    times_usual : float
        Its area over the median of all outlines of the frame.
    n_tops : int
        Bright spots as wide as a cell within it.
    """

    label: int
    times_usual: float
    n_tops: int


def find_clumps(image: npt.NDArray[Any], labels: Labels) -> list[Clump]:
    """Find outlines that are far larger than the usual one and hold several spots like cells.

    Parameters
    ----------
    image : ndarray, shape (Y, X), uint8, uint16 or float32
        The image in which the cells were found, bright on a dark ground.
    labels : ndarray, shape (Y, X), int32
        The cells, 0 is background.

    Returns
    -------
    list of Clump
        The largest first. Empty where there are too few cells to know what is usual, and for a
        large cell without spots in it.

    Notes
    -----
    Spots are local maxima of a difference of Gaussians at the scale of the usual cell, as in
    T. Lindeberg, "Feature detection with automatic scale selection", International Journal of
    Computer Vision 30, 79-116 (1998); what counts as one is our own choice.
    """
    area = np.concatenate([[0], areas_px2(labels)])
    there = np.flatnonzero(area)
    if len(there) <= _LEAST_OTHERS:
        return []
    usual = float(np.median(area[there]))
    large = [label for label in there.tolist() if area[label] >= _LARGE * usual]
    if not large or len(there) - len(large) < _LEAST_OTHERS:
        return []
    diameter_px, noise = 2 * float(np.sqrt(usual / np.pi)), _noise_of(image)
    places = ndimage.find_objects(labels)
    clumps = []
    for label in large:
        place = places[label - 1]
        n_tops = _n_tops(image[place], labels[place] == label, diameter_px, noise)
        if n_tops >= _LEAST_TOPS:
            clumps.append(Clump(label, float(area[label]) / usual, n_tops))
    return sorted(clumps, key=lambda clump: -clump.times_usual)


def clumps_in_words(clumps: list[Clump]) -> str:
    """Say how many outlines are round several cells, and why that is thought; empty for none."""
    if not clumps:
        return ""
    n, worst = len(clumps), clumps[0]
    outlines = f"{n} {plural(n, 'outline is', 'outlines are')} probably round several cells"
    which = "it is" if n == 1 else "the largest is"
    return (
        f"{outlines}: {which} {worst.times_usual:.0f} times as large as the usual one, with "
        f"{worst.n_tops} bright spots as wide as a cell."
    )


def _n_tops(
    image: npt.NDArray[Any], mask: npt.NDArray[np.bool_], diameter_px: float, noise: float
) -> int:
    """Return the number of bright spots in a mask that are about as wide as a cell."""
    fine_px, coarse_px = _FINE * diameter_px, _COARSE * diameter_px
    inside = mask.astype(np.float32)
    pixels = image.astype(np.float32)
    pixels -= np.float32(np.median(pixels[mask]))
    pixels *= inside

    def smooth(sigma_px: float) -> npt.NDArray[np.float32]:
        """Return means of what is inside, so that the step at the outline is no spot."""
        total, weight = (
            cv2.GaussianBlur(plane, (0, 0), sigma_px, borderType=cv2.BORDER_CONSTANT)
            for plane in (pixels, inside)
        )
        return np.asarray(np.where(mask, total / np.maximum(weight, 1e-6), 0), np.float32)

    spots = smooth(fine_px) - smooth(coarse_px)
    # The noise of a pixel after a Gaussian, whose weights squared add up to 1 / (4 pi sigma²).
    left = noise / (2 * np.sqrt(np.pi) * max(fine_px, 0.5))
    reach = max(1, round(_APART * diameter_px / 2))
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2)
    is_top = mask & (spots == cv2.dilate(spots, disk)) & (spots > _ABOVE_NOISE * left)
    # A flat top is one.
    _, n = ndimage.label(is_top, np.ones((3, 3)))
    return int(n)


def _noise_of(image: npt.NDArray[Any]) -> float:
    """Return the standard deviation of neighbouring pixels, at least that of rounding."""
    rows = image[:: sample_step(image.size) ** 2]
    steps = np.abs(np.diff(rows.astype(np.float32), axis=1))
    noise = 1.4826 * float(np.median(steps)) / np.sqrt(2) if steps.size else 0.0
    return max(noise, rounding_of(image) if image.dtype.kind == "f" else _ROUNDED)
