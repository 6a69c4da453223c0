"""The pipeline: a movie and a recipe in, cells, tracks and tables out.

Every caller (docks, command line, batch) goes through these functions. Frames are worked on one
at a time; :func:`run` is a generator, so progress is counting and cancelling is not asking on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_celltrack.analysis import count_table, find_events, track_table
from napari_celltrack.cache import StageCache
from napari_celltrack.measure import areas_px2, centroids_px, overlaps_px, roundness
from napari_celltrack.movie import Movie
from napari_celltrack.recipe import Recipe, Stage
from napari_celltrack.tables import (
    AREA_PX2,
    AREA_UM2,
    DRIFT_COLUMNS,
    DRIFT_X_PX,
    DRIFT_Y_PX,
    FRAME,
    LABEL,
    LABEL_BEFORE,
    LINEAGE_ID,
    LINK_COST_PX,
    LINK_DISTANCE_PX,
    LINK_MARGIN,
    N_CANDIDATES,
    OBJECT_COLUMNS,
    OVERLAP_PX,
    PARENT_ID,
    ROUNDNESS,
    TIME_S,
    TRACK_ID,
    X_PX,
    X_UM,
    Y_PX,
    Y_UM,
    Tables,
    as_table,
    intensity_column,
)

Plane = npt.NDArray[Any]
Labels = npt.NDArray[np.int32]


@dataclass(frozen=True)
class FrameResult:
    """One frame, found and measured.

    Parameters
    ----------
    frame : int
        True index in the movie.
    labels : ndarray, shape (Y, X), int32
        The cells, 1..n, in the coordinates of the whole image.
    objects : DataFrame
        The object table of this frame; track columns are 0 until :func:`link_objects`.
    overlaps : DataFrame or None
        Which cells lie over which of the frame before, where the linker asks for it.
    """

    frame: int
    labels: Labels
    objects: pd.DataFrame
    overlaps: pd.DataFrame | None = None


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
        True index.
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

    def stage(name: Stage, compute: Callable[[], Plane]) -> Plane:
        if cache is None:
            return compute()
        key = (name, movie.fingerprint, movie.axes, recipe.upto(name), frame)
        return cache.get(key, compute)

    def preprocess() -> Plane:
        image = stage("input", lambda: recipe.input(movie, frame))
        for step in recipe.preprocess:
            image = step(image)
        return image

    def segment() -> Labels:
        return recipe.segment(stage("preprocess", preprocess))

    def keep_cells() -> Labels:
        found = recipe.objects(stage("segment", segment))
        if recipe.input.crop is None:
            return found
        whole = np.zeros(movie.shape, np.int32)
        whole[recipe.input.slices_in(movie)] = found
        return whole

    return stage("objects", keep_cells)


def measure_frame(movie: Movie, recipe: Recipe, frame: int, labels: Labels) -> pd.DataFrame:
    """Measure the cells of one frame, in every channel that the recipe asks for.

    Parameters
    ----------
    movie : Movie
        The input.
    recipe : Recipe
        Its `input` and `measure` are used.
    frame : int
        True index.
    labels : ndarray, shape (Y, X), int32
        The cells of this frame, 1..n.

    Returns
    -------
    DataFrame
        The object table, with track columns 0.
    """
    movie = recipe.input.calibrated(movie)
    area = areas_px2(labels)
    n = len(area)
    y_px, x_px = centroids_px(labels).T
    height_um, width_um = movie.pixel_size_um or (np.nan, np.nan)
    interval_s = np.nan if movie.frame_interval_s is None else movie.frame_interval_s
    columns = {
        FRAME: np.full(n, frame),
        TIME_S: np.full(n, frame * interval_s),
        LABEL: np.arange(1, n + 1),
        TRACK_ID: np.zeros(n),
        PARENT_ID: np.zeros(n),
        LINEAGE_ID: np.zeros(n),
        Y_PX: y_px,
        X_PX: x_px,
        Y_UM: y_px * height_um,
        X_UM: x_px * width_um,
        AREA_PX2: area,
        AREA_UM2: area * height_um * width_um,
        ROUNDNESS: roundness(labels),
        LINK_DISTANCE_PX: np.full(n, np.nan),
        LINK_COST_PX: np.full(n, np.nan),
        LINK_MARGIN: np.full(n, np.nan),
        N_CANDIDATES: np.zeros(n),
    }
    intensities = {}
    for channel in measured_channels(movie, recipe):
        plane = recipe.input.plane(movie, frame, channel)
        for statistic, values in recipe.measure(labels, plane).items():
            intensities[intensity_column(channel, statistic)] = values
    return as_table({**columns, **intensities}, OBJECT_COLUMNS, extra=intensities)


def measured_channels(movie: Movie, recipe: Recipe) -> list[str]:
    """Return the names of the channels that are measured, in the order of the recipe."""
    wanted = recipe.measure.channels
    if wanted is None:
        return list(movie.channels)
    return [movie.channels[movie.channel_index(channel)] for channel in wanted]


def run_frame(
    movie: Movie, recipe: Recipe, frame: int, cache: StageCache | None = None
) -> FrameResult:
    """Find and measure the cells of one frame."""
    labels = segment_frame(movie, recipe, frame, cache)
    return FrameResult(frame, labels, measure_frame(movie, recipe, frame, labels))


def run(
    movie: Movie,
    recipe: Recipe,
    cache: StageCache | None = None,
    *,
    frames: Sequence[int] | None = None,
    n_threads: int = 1,
) -> Generator[FrameResult, None, None]:
    """Find and measure the cells of frame after frame.

    Frames come in order whatever the number of threads, and only a few are worked on ahead, so
    memory does not grow with the movie. Closing the generator cancels what has not begun.

    Parameters
    ----------
    movie : Movie
        The input.
    recipe : Recipe
        All stages up to `measure` are used.
    cache : StageCache, optional
        Where results of the stages are looked up and kept.
    frames : sequence of int, optional
        Which frames; by default all that the recipe names.
    n_threads : int
        Frames worked on at once.

    Yields
    ------
    FrameResult
    """
    wanted = recipe.input.frames_of(movie) if frames is None else frames
    found = in_order(lambda frame: run_frame(movie, recipe, frame, cache), wanted, n_threads)
    yield from with_overlaps(found) if recipe.link.needs_overlaps else found


def in_order(
    work: Callable[[int], FrameResult], frames: Sequence[int], n_threads: int
) -> Generator[FrameResult, None, None]:
    """Work on frames, a few at once and a few ahead, and yield the results in order."""
    if n_threads <= 1:
        yield from map(work, frames)
        return
    with ThreadPoolExecutor(n_threads) as pool:
        ahead: deque[Future[FrameResult]] = deque()
        try:
            for frame in frames:
                ahead.append(pool.submit(work, frame))
                if len(ahead) > n_threads:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for job in ahead:
                job.cancel()


def with_overlaps(found: Iterable[FrameResult]) -> Iterator[FrameResult]:
    """Add to each frame which of its cells lie over which of the frame before."""
    before: Labels | None = None
    for result in found:
        if before is None:
            before = np.zeros_like(result.labels)
        columns = (LABEL_BEFORE, LABEL, OVERLAP_PX)
        pairs = pd.DataFrame(dict(zip(columns, overlaps_px(before, result.labels), strict=True)))
        yield replace(result, overlaps=pairs.assign(**{FRAME: result.frame}))
        before = result.labels


def link_objects(
    movie: Movie,
    recipe: Recipe,
    objects: Iterable[pd.DataFrame],
    overlaps: Iterable[pd.DataFrame | None] = (),
) -> Tables:
    """Link the objects of all frames to tracks, and make the tables.

    Parameters
    ----------
    movie : Movie
        The input.
    recipe : Recipe
        Its `input`, `link` and `tracks` are used.
    objects : iterable of DataFrame
        The object table of each frame, as :func:`run` yields them.
    overlaps : iterable of DataFrame
        Which masks lie over each other, as :func:`run` yields them; only some linkers ask for it.

    Returns
    -------
    Tables
    """
    movie = recipe.input.calibrated(movie)
    frames = recipe.input.frames_of(movie)
    table = pd.concat(objects, ignore_index=True)
    # A linker counts frames in steps of the range it is given: a gap is a missing image, whatever
    # the true index between two of them.
    index_of = {frame: index for index, frame in enumerate(frames)}

    def in_steps(rows: pd.DataFrame) -> pd.DataFrame:
        renamed: pd.DataFrame = rows.assign(**{FRAME: rows[FRAME].map(index_of)})
        return renamed

    known = [pairs for pairs in overlaps if pairs is not None]
    shared = in_steps(pd.concat(known, ignore_index=True)) if known else None
    linking = recipe.link(in_steps(table), len(frames), shared)
    tracked = table.assign(**linking.columns())
    tracks = track_table(tracked, linking.parents, movie.pixel_size_um, movie.frame_interval_s)
    tracks = recipe.tracks(tracks)
    by_id = tracks.set_index(TRACK_ID)
    kept = tracked[TRACK_ID].where(tracked[TRACK_ID].isin(by_id.index), 0)
    family = {
        column: kept.map(by_id[column]).fillna(0).astype(np.int64)
        for column in (PARENT_ID, LINEAGE_ID)
    }
    tracked = tracked.assign(**{TRACK_ID: kept, **family})
    events = find_events(
        tracked,
        linking.parents,
        frames,
        movie.shape,
        max_distance_px=recipe.link.max_distance_px,
        max_gap_frames=recipe.link.max_gap_frames,
        drift_px=linking.drift_px,
    )
    counts = count_table(table, frames, movie.frame_interval_s)
    drift_px = np.zeros((len(frames), 2)) if linking.drift_px is None else linking.drift_px
    by_axis = dict(zip((DRIFT_Y_PX, DRIFT_X_PX), drift_px.T, strict=True))
    drift = as_table({FRAME: np.asarray(frames), **by_axis}, DRIFT_COLUMNS)
    return Tables(tracked, tracks, counts, events, drift)
