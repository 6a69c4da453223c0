"""One movie spread over workers by blocks of frames; linking and writing stay in one place."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing
from functools import partial
from itertools import chain

import cv2

from napari_celltrack import engine
from napari_celltrack.batch.inputs import Item, open_item, open_others
from napari_celltrack.batch.item_task import absolute
from napari_celltrack.batch.tasks import run_in_order
from napari_celltrack.batch.workers import Workers
from napari_celltrack.movie import Movie
from napari_celltrack.recipe import Recipe

#: Labels of a block at most: results wait in memory, and travel in one piece.
_BLOCK_BYTES = 64 * 2**20
_LABEL_BYTES = 4
#: Each worker gets at least so many blocks, so that none waits long for the last one.
_BLOCKS_A_WORKER = 4


def find_by_blocks(
    item: Item, movie: Movie, recipe: Recipe, workers: Workers
) -> Generator[engine.FrameResult, None, None]:
    """Find and measure the cells of a movie, blocks of frames at once.

    Like :func:`napari_celltrack.engine.run`, which the workers call: frames come in order, and
    workers are only a few blocks ahead.

    Parameters
    ----------
    item : Item
        What the workers open.
    movie : Movie
        The same, opened here.
    recipe : Recipe
        All stages up to `measure` are used.
    workers : Workers
        Who finds them.

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
    find = partial(find_block, absolute(item), recipe)
    done = run_in_order(blocks, lambda block: partial(find, block), workers, n_ahead=workers.n)
    with closing(done):
        # Overlaps reach across the edges of blocks: they are found where the frames come together.
        yield from engine.with_overlaps(recipe, chain.from_iterable(done))


def blocks_of(frames: Sequence[int], n_pixels: int, n_workers: int) -> list[Sequence[int]]:
    """Cut frames into blocks: enough for all workers, each small enough to be sent.

    Parameters
    ----------
    frames : sequence of int
        True indices.
    n_pixels : int
        Of a frame.
    n_workers : int
        Of the processes that share the blocks.
    """
    fair = -(-len(frames) // (n_workers * _BLOCKS_A_WORKER))
    fitting = _BLOCK_BYTES // max(1, n_pixels * _LABEL_BYTES)
    length = max(1, min(fair, fitting))
    return [frames[start : start + length] for start in range(0, len(frames), length)]


def find_block(item: Item, recipe: Recipe, frames: Sequence[int]) -> list[engine.FrameResult]:
    """Find and measure the cells of some frames in a worker process, on one core."""
    cv2.setNumThreads(1)
    with ExitStack() as stack:
        movie = open_item(item, recipe)
        stack.callback(movie.close)
        others = open_others(item)
        for other in others.values():
            stack.callback(other.close)
        return list(engine.run(movie, recipe, frames=frames, others=others))
