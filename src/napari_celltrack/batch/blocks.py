"""One movie spread over workers by blocks of frames; linking and writing stay in one place."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, wait
from contextlib import ExitStack
from functools import partial

import cv2

from napari_celltrack import engine
from napari_celltrack.batch.inputs import Item, open_item, open_others
from napari_celltrack.batch.work import absolute
from napari_celltrack.batch.workers import KILLED, LOST, Workers, was_killed
from napari_celltrack.errors import CelltrackError
from napari_celltrack.movie import Movie
from napari_celltrack.recipe import Recipe

#: Labels of a block at most: results wait in memory, and travel in one piece.
_BLOCK_BYTES = 64 * 2**20
_LABEL_BYTES = 4
#: How often a wait is interrupted, to see whether anybody is there to do the work.
_WAIT_S = 0.5
#: So many blocks a worker at least, so that none waits long for the last.
_BLOCKS_A_WORKER = 4


def find_by_blocks(
    item: Item, movie: Movie, recipe: Recipe, workers: Workers
) -> Generator[engine.FrameResult, None, None]:
    """Find and measure the cells of a movie, blocks of frames at once.

    Like :func:`napari_celltrack.engine.run`, which is what the workers do: frames come in order,
    and only a few blocks are worked on ahead.

    Parameters
    ----------
    item : Item
        What the workers open.
    movie : Movie
        The same, opened here.
    recipe : Recipe
        All stages up to `measure` are used.
    workers : Workers
        Who does it.

    Yields
    ------
    FrameResult
    """
    frames = recipe.input.frames_of(movie)
    if recipe.input.project_t is not None:
        # All frames are one image, which each block would make again.
        blocks: Sequence[Sequence[int]] = [frames]
    else:
        blocks = blocks_of(frames, movie.height_px * movie.width_px, workers.n)
    found = _in_order(item, recipe, blocks, workers)
    # Overlaps reach across the edges of blocks: they are found where the frames come together.
    yield from engine.with_overlaps(recipe, found)


def blocks_of(frames: Sequence[int], n_pixels: int, n_workers: int) -> list[Sequence[int]]:
    """Cut frames into blocks: enough for all workers, each small enough to be sent.

    Parameters
    ----------
    frames : sequence of int
        True indices.
    n_pixels : int
        Of a frame.
    n_workers : int
        Blocks that are worked on at once.
    """
    fair = -(-len(frames) // (n_workers * _BLOCKS_A_WORKER))
    fitting = _BLOCK_BYTES // max(1, n_pixels * _LABEL_BYTES)
    length = max(1, min(fair, fitting))
    return [frames[start : start + length] for start in range(0, len(frames), length)]


def find_block(item: Item, recipe: Recipe, frames: Sequence[int]) -> list[engine.FrameResult]:
    """Find and measure the cells of some frames; what a worker process does, with one core."""
    cv2.setNumThreads(1)
    with ExitStack() as stack:
        movie = open_item(item, recipe)
        stack.callback(movie.close)
        others = open_others(item)
        for other in others.values():
            stack.callback(other.close)
        return list(engine.run(movie, recipe, frames=frames, others=others))


def _in_order(
    item: Item, recipe: Recipe, blocks: Sequence[Sequence[int]], workers: Workers
) -> Iterator[engine.FrameResult]:
    """Yield the frames of all blocks; when a worker was killed, try once more with nobody else."""
    n_done, executor = 0, workers.executor
    work = partial(find_block, absolute(item), recipe)
    try:
        for results in _ahead(executor, work, blocks, workers.n, workers.check):
            yield from results
            n_done += 1
        return
    except BrokenExecutor:
        workers.renew(executor)
    with workers.alone:
        executor = workers.executor
        try:
            for results in _ahead(executor, work, blocks[n_done:], 1, workers.check):
                yield from results
        except BrokenExecutor as error:
            workers.renew(executor)
            raise CelltrackError(KILLED) from error


def _ahead(
    executor: Executor,
    work: Callable[[Sequence[int]], list[engine.FrameResult]],
    blocks: Sequence[Sequence[int]],
    n_ahead: int,
    check: Callable[[], None],
) -> Iterator[list[engine.FrameResult]]:
    jobs: deque[Future[list[engine.FrameResult]]] = deque()
    try:
        for frames in blocks:
            jobs.append(executor.submit(work, frames))
            if len(jobs) > n_ahead:
                yield _result(jobs.popleft(), check)
        while jobs:
            yield _result(jobs.popleft(), check)
    finally:
        for job in jobs:
            job.cancel()


def _result(
    job: Future[list[engine.FrameResult]], check: Callable[[], None]
) -> list[engine.FrameResult]:
    try:
        while not wait([job], timeout=_WAIT_S).done:
            check()
        return job.result()
    except BrokenExecutor:
        raise
    except CancelledError as error:
        raise CelltrackError(LOST) from error
    except Exception as error:
        if was_killed(error):
            raise CelltrackError(KILLED) from error
        raise
