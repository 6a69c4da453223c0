"""Jobs that find, measure and follow cells in the background.

A job is a generator that runs on a lane and yields what it has found.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_celltrack.analysis.clumps import clumps_in_words, find_clumps
from napari_celltrack.analysis.frame_health import health_of
from napari_celltrack.engine import (
    CellSource,
    FrameResult,
    in_order,
    needs_overlaps,
    preprocess_frame,
    with_overlaps,
)
from napari_celltrack.engine.cache import StageCache
from napari_celltrack.engine.linking import Linked, keep_tracks, link_all
from napari_celltrack.gui.found_cells import Followed, Found
from napari_celltrack.gui.layers.track_rows import rows_to_show
from napari_celltrack.gui.measured_frames import known_round, without_labels
from napari_celltrack.gui.warm_up import make_ready_for_cells
from napari_celltrack.input import FrameRange
from napari_celltrack.recipe import Recipe


def find_cells(source: CellSource, frame: int, cache: StageCache) -> Iterator[Found]:
    """Find the cells of one frame and count them."""
    began = time.perf_counter()
    cells = source.cells(frame, cache)
    labels = cells.labels
    took_ms = 1000 * (time.perf_counter() - began)
    is_empty, clumps = False, ""
    # Whoever gave or corrected cells has decided what they are.
    if source.given is None and frame not in source.corrected:
        is_empty = not cells.n and _is_empty(source, frame, cache)
        clumps = _clumps(source, frame, labels, cache)
    found = Found(source.movie, source.recipe, frame, labels, cells.n, took_ms, is_empty, clumps)
    make_ready_for_cells()
    yield found


def _is_empty(source: CellSource, frame: int, cache: StageCache) -> bool:
    """Whether there is nothing to find in the image of a frame, as the file has it."""
    as_it_is = source.recipe.replace(preprocess=())
    return health_of(preprocess_frame(source.movie, as_it_is, frame, cache)).is_empty


def _clumps(
    source: CellSource, frame: int, labels: npt.NDArray[np.int32], cache: StageCache
) -> str:
    """Say which of the cells are probably several, in the image in which they were found."""
    movie, recipe = source.movie, source.recipe
    image = preprocess_frame(movie, recipe, frame, cache)
    return clumps_in_words(find_clumps(image, labels[recipe.input.slices_in(movie)]))


def measure_frames(
    source: CellSource, frames: Sequence[int], cache: StageCache, n_threads: int = 1
) -> Iterator[FrameResult]:
    """Measure frame after frame."""
    yield from in_order(partial(source.measure, cache=cache), frames, n_threads)


def follow(
    source: CellSource,
    known: Mapping[int, FrameResult],
    missing: Sequence[int],
    frame: int,
    cache: StageCache,
    *,
    before: Followed | None = None,
) -> Iterator[FrameResult | Followed]:
    """Measure the frames that are missing, then link the unbroken known range round one.

    What was followed before, of the same objects, is only filtered anew where no more has changed.
    """
    known = dict(known)
    for result in measure_frames(source, missing, cache):
        known[result.frame] = without_labels(result)
        yield result
    movie, recipe = source.movie, source.recipe
    frames = recipe.input.frames_of(movie)
    linked = known_round(frames, known, frame)
    if not linked:
        return
    began = time.perf_counter()
    if before is None or before.frames != linked or not _are_linked_alike(before.recipe, recipe):
        all_tracks = _link(source, known, linked, cache)
    else:
        all_tracks = before.linked
    tables = keep_tracks(recipe, all_tracks)
    took_ms = 1000 * (time.perf_counter() - began)
    yield Followed(
        movie=movie,
        recipe=recipe,
        frames=linked,
        tables=tables,
        is_whole=len(linked) == len(frames),
        took_ms=took_ms,
        linked=all_tracks,
        shown=rows_to_show(tables, movie, frame),
    )


def _are_linked_alike(one: Recipe, other: Recipe) -> bool:
    """Tell whether two recipes, of the same objects, make the same tracks before the filter."""
    return one.upto("link") == other.upto("link") and one.motion == other.motion


def _link(
    source: CellSource, known: Mapping[int, FrameResult], linked: range, cache: StageCache
) -> Linked:
    movie, recipe = source.movie, source.recipe
    overlaps: list[pd.DataFrame | None] = []
    if needs_overlaps(recipe):
        # Labels were not kept with what was measured; they come from the cache.
        labelled = (replace(known[t], labels=source.cells(t, cache).labels) for t in linked)
        overlaps = [result.overlaps for result in with_overlaps(recipe, labelled)]
    part = recipe
    if len(linked) < len(recipe.input.frames_of(movie)):
        limits = FrameRange(start=linked[0], stop=linked[-1] + 1, step=linked.step)
        part = recipe.replace(input=recipe.input.replace(frames=limits))
    objects = [known[t].objects for t in linked]
    shifts_px = {t: known[t].shift_px for t in linked}
    return link_all(movie, part, objects, overlaps, shifts_px)
