"""Cells that are given as label images: the engine with reading in place of segmentation.

What follows (measuring, linking, tables) is that of :mod:`napari_celltrack.engine`.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping

import numpy as np

from napari_celltrack.engine.frames import FrameResult, in_order, with_overlaps
from napari_celltrack.engine.measuring import measure_frame
from napari_celltrack.movie import Movie
from napari_celltrack.readers import check_label_movie, read_labels
from napari_celltrack.recipe import Input, Recipe
from napari_celltrack.tables import LABEL


def for_labels(recipe: Recipe) -> Recipe:
    """Return a recipe without what has no meaning where label images are the input.

    Label images have one channel, are taken whole, frame by frame, and hold no intensities. The
    stages `preprocess` and `segment` stay as they are and are not used.
    """
    plain = recipe.input.replace(
        channel=0, crop=None, project_t=None, measure_each_frame=Input().measure_each_frame
    )
    return recipe.replace(input=plain, measure=recipe.measure.replace(channels=()))


def label_frame(
    movie: Movie, recipe: Recipe, frame: int, others: Mapping[str, Movie] | None = None
) -> FrameResult:
    """Take the cells of one frame from a label image, and measure them.

    Parameters
    ----------
    movie : Movie
        Label images: a pixel holds the number of its cell, unique within its frame.
    recipe : Recipe
        Its `input`, `objects` and `measure` are used, as :func:`for_labels` leaves them.
    frame : int
        True index.
    others : mapping of str to Movie, optional
        Images of the same frames to measure under the labels, by the name of their columns; see
        :func:`~napari_celltrack.engine.measuring.measure_frame`.

    Returns
    -------
    FrameResult
        Labels and the column `label` hold the values of the image. A frame with values that do
        not fit int32 is numbered 1..n in their order instead.

    Raises
    ------
    MovieError
        If these are not label images.
    """
    recipe = for_labels(recipe)
    ids, values = read_labels(movie, frame)
    cells = recipe.objects(ids)
    value_of = np.zeros(int(cells.max(initial=0)) + 1, np.int32)
    is_cell = cells > 0
    value_of[cells[is_cell]] = values[ids[is_cell] - 1]
    objects = measure_frame(movie, recipe, frame, cells, others)
    return FrameResult(
        frame, value_of[cells], objects.assign(**{LABEL: value_of[1:].astype(np.int64)})
    )


def run_labels(
    movie: Movie,
    recipe: Recipe,
    *,
    others: Mapping[str, Movie] | None = None,
    n_threads: int = 1,
) -> Generator[FrameResult, None, None]:
    """Take the cells of frame after frame from label images, and measure them.

    Like :func:`napari_celltrack.engine.run` with :func:`label_frame` in place of segmentation.
    """
    check_label_movie(movie)
    wanted = for_labels(recipe).input.frames_of(movie)
    found = in_order(lambda frame: label_frame(movie, recipe, frame, others), wanted, n_threads)
    yield from with_overlaps(found) if recipe.link.needs_overlaps else found
