"""Frames: what is found in each of them, in order, and how the cells of neighbours overlap."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_celltrack.arrays.freed_memory import keep_freed_memory
from napari_celltrack.measure import overlaps_px
from napari_celltrack.recipe import Recipe
from napari_celltrack.tables import FRAME, LABEL, LABEL_BEFORE, OVERLAP_PX

Labels = npt.NDArray[np.int32]

# Here, as all that works on frames comes through this file, in every process.
keep_freed_memory()


@dataclass(frozen=True)
class FrameResult:
    """One frame, found and measured.

    Parameters
    ----------
    frame : int
        True index in the movie.
    labels : ndarray, shape (Y, X), int32
        The cells in the coordinates of the whole image: 1..n where they were found, with their
        own numbers where they were given.
    objects : DataFrame
        The object table of this frame, whose column `label` holds the same numbers; track columns
        are 0 until :func:`link_objects`.
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


def needs_overlaps(recipe: Recipe) -> bool:
    """Tell whether the linker of a recipe is to be given overlaps."""
    # Masks that are the same in every frame need not be laid over each other.
    return recipe.link.needs_overlaps and not recipe.input.is_still


def with_overlaps(recipe: Recipe, found: Iterable[FrameResult]) -> Iterator[FrameResult]:
    """Add to each frame which of its cells lie over which of the frame before, drift undone.

    Frames stay as they are where :func:`needs_overlaps` says no.
    """
    if not needs_overlaps(recipe):
        yield from found
        return
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
