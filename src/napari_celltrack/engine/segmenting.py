"""Segmenting: a movie and a recipe in, the cells of one frame out."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from napari_celltrack.engine.cache import StageCache
from napari_celltrack.engine.preparing import cached_stage, preprocess_frame, true_frame
from napari_celltrack.movie import Movie
from napari_celltrack.recipe import Recipe
from napari_celltrack.segment import CutsParts, SegmentMethod

Labels = npt.NDArray[np.int32]


def segment_frame(
    movie: Movie, recipe: Recipe, frame: int, cache: StageCache | None = None
) -> Labels:
    """Find the cells of one frame.

    Parameters
    ----------
    movie : Movie
        The input.
    recipe : Recipe
        Its stages up to `objects` are used.
    frame : int
        True index; with a projection over time, any.
    cache : StageCache, optional
        Where results of the stages are looked up and kept.

    Returns
    -------
    ndarray, shape (Y, X), int32
        Cells 1..n, 0 is background, in the coordinates of the whole image; read-only when cached.

    Raises
    ------
    MovieError, RecipeError
        If the frame cannot be read, or the recipe does not fit the movie.
    """
    frame = true_frame(movie, recipe, frame)

    def segment() -> Labels:
        return _segmented(movie, recipe, frame, cache)

    def keep_cells() -> Labels:
        found = cached_stage(movie, recipe, "segment", frame, segment, cache=cache)
        return _cells_among(movie, recipe, found)

    return cached_stage(movie, recipe, "objects", frame, keep_cells, cache=cache)


def _segmented(movie: Movie, recipe: Recipe, frame: int, cache: StageCache | None) -> Labels:
    """Find the objects of one frame; where results are kept, the parts before the cut are too.

    Moving a parameter of the cut then finds its parts again.
    """
    image = preprocess_frame(movie, recipe, frame, cache)
    method: SegmentMethod = recipe.segment
    if cache is None or not isinstance(method, CutsParts) or not method.cuts_parts:
        return method(image)
    uncut = recipe.replace(segment=method.without_cut())
    parts = cached_stage(movie, uncut, "segment", frame, lambda: uncut.segment(image), cache=cache)
    return method.cut(parts, image)


def segment_prepared(movie: Movie, recipe: Recipe, image: npt.NDArray[Any]) -> Labels:
    """Find the cells of one image that is prepared already: the rest of :func:`segment_frame`.

    Parameters
    ----------
    movie : Movie
        Where the image is from.
    recipe : Recipe
        Its `segment` and `objects` are used, and its crop.
    image : ndarray, shape (Y, X), uint8, uint16 or float32
        Of the crop, if the recipe has one, as :func:`preprocess_frame` gives it.

    Returns
    -------
    ndarray, shape (Y, X), int32
        Cells 1..n, 0 is background, in the coordinates of the whole image.
    """
    return _cells_among(movie, recipe, recipe.segment(image))


def _cells_among(movie: Movie, recipe: Recipe, found: Labels) -> Labels:
    """Keep of the found objects those that are cells, in the coordinates of the whole image."""
    cells = recipe.objects(found)
    if recipe.input.crop is None:
        return cells
    whole = np.zeros(movie.shape, np.int32)
    whole[recipe.input.slices_in(movie)] = cells
    return whole
