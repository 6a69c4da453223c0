"""The grey levels of a frame, as its threshold sees them, and the level in use among them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_celltrack.engine.cache import StageCache
from napari_celltrack.engine.preparing import preprocess_frame
from napari_celltrack.movie import Movie
from napari_celltrack.recipe import Recipe
from napari_celltrack.segment import HasLevel, HasThreshold, Histogram, histogram
from napari_celltrack.settings import Settings

#: Bars that are drawn, about two px each.
_N_BARS = 160


@dataclass(frozen=True, eq=False)
class Levels:
    """The grey levels of one frame as a threshold sees them.

    Parameters
    ----------
    pixels : Histogram
        All of them.
    centers, counts : ndarray of float64, shape (N,)
        The same in few bars, to draw.
    width : float
        Width of a bar, in grey levels.
    threshold : Settings
        The method that found `automatic`.
    automatic : float or None
        The level that it finds by itself; None for a method without.
    """

    pixels: Histogram
    centers: npt.NDArray[np.float64]
    counts: npt.NDArray[np.float64]
    width: float
    threshold: Settings
    automatic: float | None


def read_levels(
    movie: Movie, recipe: Recipe, frame: int, cache: StageCache | None = None
) -> Levels:
    """Count the grey levels of a frame after all steps before counting.

    Parameters
    ----------
    movie : Movie
    recipe : Recipe
        With a threshold.
    frame : int
        True index.
    cache : StageCache, optional
        What finding the cells left there is used.
    """
    threshold = threshold_of(recipe)
    pixels = histogram(preprocess_frame(movie, recipe, frame, cache))
    automatic = threshold.level_of(pixels) if isinstance(threshold, HasLevel) else None
    centers, counts, width = in_few_bars(pixels, _N_BARS)
    return Levels(pixels, centers, counts, width, threshold, automatic)


def in_few_bars(
    pixels: Histogram, n_at_most: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], float]:
    """Return a histogram in few, equally wide bars; a bar never covers part of a grey level.

    Parameters
    ----------
    pixels : Histogram
        At least one level.
    n_at_most : int
        Bars wanted at most.

    Returns
    -------
    centers, counts : ndarray of float64, shape (N,)
        N is at most `n_at_most`.
    width : float
        Of a bar, in grey levels.
    """
    n = pixels.counts.size
    together = -(-n // n_at_most)
    n_bars = -(-n // together)
    counts = np.zeros(n_bars * together)
    counts[:n] = pixels.counts
    low = float(pixels.centers[0])
    step = (float(pixels.centers[-1]) - low) / (n - 1) if n > 1 else 1.0
    first = low + step * (together - 1) / 2
    centers = first + step * together * np.arange(n_bars)
    bars: npt.NDArray[np.float64] = counts.reshape(n_bars, together).sum(1)
    return np.asarray(centers, np.float64), bars, step * together


def threshold_of(recipe: Recipe) -> Any:
    """Return the threshold of the method that finds cells, or None for a method without."""
    return recipe.segment.threshold if isinstance(recipe.segment, HasThreshold) else None
