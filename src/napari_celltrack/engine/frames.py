"""The pipeline: a movie and a recipe in, cells, tracks and tables out.

Every caller (docks, command line, batch) goes through these functions. Frames are worked on one
at a time; :func:`run` is a generator, so progress is counting and cancelling is not asking on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_celltrack.arrays.freed_memory import keep_freed_memory
from napari_celltrack.engine.cache import StageCache
from napari_celltrack.engine.measuring import measure_frame
from napari_celltrack.engine.preparing import (
    cached_stage,
    needs_reference,
    preprocess_frame,
    shift_of,
    true_frame,
)
from napari_celltrack.measure import overlaps_px
from napari_celltrack.movie import Movie
from napari_celltrack.recipe import Recipe
from napari_celltrack.segment import NoSplit, Regions
from napari_celltrack.tables import FRAME, LABEL, LABEL_BEFORE, OVERLAP_PX

Labels = npt.NDArray[np.int32]

# Here, as all that works on frames comes through this file, in every process.
keep_freed_memory()

#: Room to keep what all frames share (the cells of a projection over time, the reference that they
#: are compared with) beside the stages of the frames in work; of each pixel, for each thread.
_BYTES_A_PIXEL = 64


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
    shift_px : (float, float)
        How far the field has moved along Y and X since the first frame, as drift correction
        found it; labels and objects lie in the coordinates of the image as it is.
    """

    frame: int
    labels: Labels
    objects: pd.DataFrame
    overlaps: pd.DataFrame | None = None
    shift_px: tuple[float, float] = (0.0, 0.0)


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
    """Find the objects of one frame; where results are kept, the parts before they are cut too.

    Moving a parameter of the cut then finds its parts again.
    """
    image = preprocess_frame(movie, recipe, frame, cache)
    method = recipe.segment
    if cache is None or not isinstance(method, Regions) or isinstance(method.split, NoSplit):
        return method(image)
    uncut = recipe.replace(segment=method.replace(split=NoSplit()))
    parts = cached_stage(movie, uncut, "segment", frame, lambda: uncut.segment(image), cache=cache)
    return method.split(parts, image)


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


def shared_cache(movie: Movie, recipe: Recipe, n_threads: int = 1) -> StageCache | None:
    """Return a cache with room for what all frames share; None where they share nothing.

    Shared are the image of a projection over time with its cells, and the reference frame of
    steps that compare with it.
    """
    if recipe.input.project_t is None and not needs_reference(recipe):
        return None
    return StageCache(_BYTES_A_PIXEL * movie.height_px * movie.width_px * (max(1, n_threads) + 1))


def run_frame(
    movie: Movie,
    recipe: Recipe,
    frame: int,
    cache: StageCache | None = None,
    others: Mapping[str, Movie] | None = None,
) -> FrameResult:
    """Find and measure the cells of one frame, also in other files of the same frames."""
    labels = segment_frame(movie, recipe, frame, cache)
    objects = measure_frame(movie, recipe, frame, labels, others)
    shift_px = shift_of(movie, recipe, frame, cache)
    return FrameResult(frame, labels, objects, shift_px=shift_px)


def run(
    movie: Movie,
    recipe: Recipe,
    cache: StageCache | None = None,
    *,
    frames: Sequence[int] | None = None,
    others: Mapping[str, Movie] | None = None,
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
    others : mapping of str to Movie, optional
        Other files of the same frames, measured under the same labels, by the name of their
        columns; see :func:`~napari_celltrack.engine.measuring.measure_frame`.
    n_threads : int
        Frames worked on at once.

    Yields
    ------
    FrameResult
    """
    wanted = recipe.input.frames_of(movie) if frames is None else frames
    is_flat = recipe.input.project_t is not None
    cache = shared_cache(movie, recipe, n_threads) if cache is None else cache
    if is_flat:
        # Once, before several threads would all begin to read the whole movie.
        segment_frame(movie, recipe, wanted[0], cache)
    found = in_order(
        lambda frame: run_frame(movie, recipe, frame, cache, others), wanted, n_threads
    )
    yield from with_asked_overlaps(recipe, found)


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


def with_asked_overlaps(recipe: Recipe, found: Iterable[FrameResult]) -> Iterable[FrameResult]:
    """Add overlaps as :func:`with_overlaps` does, where the linker of a recipe asks for them."""
    # Masks that are the same in every frame need not be laid over each other.
    is_asked = recipe.link.needs_overlaps and not recipe.input.is_still
    return with_overlaps(found) if is_asked else found


def with_overlaps(found: Iterable[FrameResult]) -> Iterator[FrameResult]:
    """Add to each frame which of its cells lie over which of the frame before, drift undone."""
    before: FrameResult | None = None
    columns = (LABEL_BEFORE, LABEL, OVERLAP_PX)
    for result in found:
        under = np.zeros_like(result.labels)
        if before is not None:
            moved = np.rint(np.subtract(result.shift_px, before.shift_px)).astype(int)
            under = _moved(before.labels, *moved.tolist())
        values = overlaps_px(under, result.labels)
        pairs = pd.DataFrame(dict(zip(columns, values, strict=True)))
        yield replace(result, overlaps=pairs.assign(**{FRAME: result.frame}))
        before = result


def _moved(labels: Labels, y_px: int, x_px: int) -> Labels:
    """Return labels moved down and right by whole pixels, as far as they stay in the field."""
    if y_px == 0 and x_px == 0:
        return labels
    height, width = labels.shape
    moved = np.zeros_like(labels)
    target = moved[max(0, y_px) : max(0, height + y_px), max(0, x_px) : max(0, width + x_px)]
    source = labels[max(0, -y_px) : max(0, height - y_px), max(0, -x_px) : max(0, width - x_px)]
    target[...] = source
    return moved
