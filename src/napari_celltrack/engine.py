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

from napari_celltrack.cache import StageCache
from napari_celltrack.following import link_objects
from napari_celltrack.measure import overlaps_px
from napari_celltrack.measuring import measure_frame, measured_channels
from napari_celltrack.movie import Movie
from napari_celltrack.recipe import Recipe, Stage
from napari_celltrack.tables import FRAME, LABEL, LABEL_BEFORE, OVERLAP_PX

__all__ = [
    "FrameResult",
    "in_order",
    "link_objects",
    "measure_frame",
    "measured_channels",
    "run",
    "run_frame",
    "segment_frame",
    "with_overlaps",
]

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
