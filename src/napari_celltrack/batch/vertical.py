"""The vertical strategy: each movie through all steps, several movies at once.

With fewer movies than workers, the frames of each are shared out too: to threads, or to other
processes as blocks of frames.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import partial
from queue import SimpleQueue

from napari_celltrack.batch.blocks import find_by_blocks
from napari_celltrack.batch.inputs import Item
from napari_celltrack.batch.item_task import (
    FrameResults,
    ItemTask,
    absolute,
    run_item_elsewhere,
    run_item_task,
    why_failed,
)
from napari_celltrack.batch.result import FileDone, FrameDone
from napari_celltrack.batch.tasks import TaskDone, run_tasks
from napari_celltrack.batch.workers import Workers
from napari_celltrack.movie import Movie
from napari_celltrack.recipe import Recipe

_News = SimpleQueue[FrameDone | Future[FileDone]]


def run_vertical(
    tasks: Sequence[ItemTask], workers: Workers
) -> Generator[FrameDone | FileDone, None, None]:
    """Run items, as many at once as there are workers.

    Parameters
    ----------
    tasks : sequence of ItemTask
        The items, in the order to begin them, all with the running file of one run.
    workers : Workers
        Who runs them.

    Yields
    ------
    FrameDone or FileDone
        As they come; of frames, not those that other processes work on. Closing the generator
        removes the running file, and waits until all workers have stopped.

    Raises
    ------
    ResultError
        If the folder of the results, or the cluster, is gone.
    """
    if not tasks:
        return
    news: _News = SimpleQueue()
    if workers.kind == "threads":
        n_each = max(1, workers.n // len(tasks))
        run = partial(run_item_task, tell=news.put)
        tasks = [replace(task, n_threads=n_each) for task in tasks]
        yield from _run(tasks, lambda task: partial(run, task), workers, news)
    elif workers.n > len(tasks) and tasks[0].options.cells_from == "image":
        run = partial(run_item_task, tell=news.put, find=partial(_by_blocks, workers))
        make = partial(ThreadPoolExecutor, len(tasks), "celltrack-item")
        here = Workers(make, len(tasks), "threads")
        try:
            yield from _run(tasks, lambda task: partial(run, task), here, news, workers.end_soon)
        finally:
            here.shutdown()
    else:
        run_there = run_item_elsewhere if workers.kind == "cluster" else run_item_task

        def call_for(task: ItemTask) -> Callable[[], FileDone]:
            # A worker may have another working folder.
            return partial(run_there, replace(task, item=absolute(task.item)))

        yield from _run(tasks, call_for, workers, news)


def _run(
    tasks: Sequence[ItemTask],
    call_for: Callable[[ItemTask], Callable[[], FileDone]],
    workers: Workers,
    news: _News,
    end_others: Callable[[], None] = lambda: None,
) -> Generator[FrameDone | FileDone, None, None]:
    def stop() -> None:
        tasks[0].running_file.remove()
        end_others()

    loop = run_tasks(
        deque(tasks),
        call_for,
        workers,
        n_at_once=workers.n,
        news=news,
        stop=stop,
    )
    with closing(loop):
        for event in loop:
            yield _row(event) if isinstance(event, TaskDone) else event


def _row(done: TaskDone[ItemTask, FileDone]) -> FileDone:
    item = done.task.item
    try:
        # What has travelled is a copy of the item.
        return replace(done.result(), item=item)
    except Exception as error:
        reason = why_failed(error, item, done.task.folder.parent)
        return FileDone(item, "failed", seconds=0, error=reason)


def _by_blocks(
    workers: Workers, item: Item, movie: Movie, recipe: Recipe, others: Mapping[str, Movie]
) -> FrameResults:
    return find_by_blocks(item, movie, recipe, workers)
