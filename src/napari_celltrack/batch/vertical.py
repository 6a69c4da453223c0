"""The vertical strategy: each movie through all steps, several movies at once.

With fewer movies than workers, the frames of each are shared out too: to threads, or to other
processes as blocks of frames.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ThreadPoolExecutor,
    wait,
)
from contextlib import suppress
from dataclasses import replace
from functools import partial
from queue import Empty, SimpleQueue

from napari_celltrack.batch.blocks import find_by_blocks
from napari_celltrack.batch.inputs import Item
from napari_celltrack.batch.result import FileDone, FrameDone
from napari_celltrack.batch.work import Found, Work, absolute, run_work, why_failed
from napari_celltrack.batch.workers import KILLED, LOST, Workers, was_killed
from napari_celltrack.errors import ResultError
from napari_celltrack.movie import Movie
from napari_celltrack.recipe import Recipe

#: How often a wait is interrupted, for Ctrl+C on systems where it would not end one.
_WAIT_S = 0.5

_Job = Future[FileDone]
_Events = SimpleQueue[FrameDone | _Job]


def run_vertical(
    works: Sequence[Work], workers: Workers
) -> Generator[FrameDone | FileDone, None, None]:
    """Run items, as many at once as there are workers.

    Parameters
    ----------
    works : sequence of Work
        The items, in the order to begin them, all with the token of one run.
    workers : Workers
        Who does it.

    Yields
    ------
    FrameDone or FileDone
        As they come; of frames, not those that other processes work on. Closing the generator
        takes the token away, and waits until nobody is at work any more.

    Raises
    ------
    ResultError
        If the folder of the results, or the cluster, is gone.
    """
    if not works:
        return
    events: _Events = SimpleQueue()
    if workers.kind == "threads":
        n_each = max(1, workers.n // len(works))
        run = partial(run_work, tell=events.put)
        works = [replace(work, n_threads=n_each) for work in works]
        yield from _Round(works, run, workers, workers.n, events).run()
    elif workers.n > len(works) and works[0].options.cells_from == "image":
        run = partial(run_work, tell=events.put, find=partial(_by_blocks, workers))
        make = partial(ThreadPoolExecutor, len(works), "celltrack-item")
        here = Workers(make, len(works), "threads")
        with here.executor:
            yield from _Round(works, run, here, here.n, events).run()
    else:
        yield from _Round(works, run_elsewhere(workers), workers, workers.n, events).run()


def run_elsewhere(workers: Workers) -> Callable[[Work], FileDone]:
    """Return what another process is to do with a piece of work."""
    return partial(_run_here, is_elsewhere=workers.kind == "cluster")


def _run_here(work: Work, *, is_elsewhere: bool) -> FileDone:
    return run_work(replace(work, item=absolute(work.item), is_elsewhere=is_elsewhere))


def _by_blocks(
    workers: Workers, item: Item, movie: Movie, recipe: Recipe, others: Mapping[str, Movie]
) -> Found:
    return find_by_blocks(item, movie, recipe, workers)


class _Round:
    """Work on its way: what waits, what is at work, and what is tried again on its own.

    When a process is killed, all that were at work are lost with it, and nobody knows whose fault
    it was: each is tried once more with nothing beside it.
    """

    def __init__(
        self,
        works: Sequence[Work],
        run: Callable[[Work], FileDone],
        workers: Workers,
        n_at_once: int,
        events: _Events,
    ) -> None:
        self._run = run
        self._workers = workers
        self._n_at_once = n_at_once
        self._events = events
        self._token = works[0].token
        self._waiting = deque(works)
        self._again: deque[Work] = deque()
        self._on_its_own: Work | None = None
        self._at_work: dict[_Job, tuple[Work, Executor]] = {}

    def run(self) -> Generator[FrameDone | FileDone, None, None]:
        try:
            while self._waiting or self._again or self._at_work:
                self._begin()
                event = self._next()
                if isinstance(event, FrameDone):
                    yield event
                    continue
                done = self._end(event)
                if done is not None:
                    if done.status == "stopped":
                        # Nobody here has asked for it: the token is gone with its folder.
                        raise ResultError(
                            f"The folder of the results, {self._token.parent}, was removed or "
                            "renamed during the run; run again."
                        )
                    yield done
        finally:
            with suppress(OSError):
                self._token.unlink(missing_ok=True)
            wait([job for job in self._at_work if not job.cancel()])

    def _begin(self) -> None:
        """Give out as much work as there are workers."""
        try:
            if self._again:
                if not self._at_work:
                    self._on_its_own = self._again[0]
                    self._submit(self._again)
                return
            self._on_its_own = None
            while self._waiting and len(self._at_work) < self._n_at_once:
                self._submit(self._waiting)
        except BrokenExecutor:
            # Broken since it was last used; what is at work will say so too.
            if not self._at_work:
                self._workers.renew(self._workers.executor)

    def _submit(self, works: deque[Work]) -> None:
        executor = self._workers.executor
        job = executor.submit(self._run, works[0])
        self._at_work[job] = works.popleft(), executor
        job.add_done_callback(self._events.put)

    def _next(self) -> FrameDone | _Job:
        while True:
            if not self._at_work:
                self._begin()
            with suppress(Empty):
                return self._events.get(timeout=_WAIT_S)
            self._workers.check()

    def _end(self, job: _Job) -> FileDone | None:
        """Return the row of a finished job, or None if it is to be done again."""
        work, executor = self._at_work.pop(job)
        try:
            return replace(job.result(), item=work.item)
        except BrokenExecutor:
            self._workers.renew(executor)
            if self._on_its_own is not work:
                self._again.append(work)
                return None
            error = KILLED
        except CancelledError:
            raise ResultError(LOST) from None
        except Exception as raised:
            error = (
                KILLED if was_killed(raised) else why_failed(raised, work.item, work.folder.parent)
            )
        return FileDone(work.item, "failed", seconds=0, error=error)
