"""Give tasks to workers, wait for them, and run alone once more what may have killed a worker.

This is the only place that waits for workers. Items, frames of a step and blocks of frames are all
tasks here; a caller says what a worker is to call for each.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import BrokenExecutor, Future, wait
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar, cast

from napari_celltrack.batch.lock import RunEnded
from napari_celltrack.batch.workers import KILLED, LOST, Workers, was_killed
from napari_celltrack.errors import ResultError

#: A wait is interrupted this often: to check for workers, and for Ctrl+C on systems where it would
#: not end a wait.
_WAIT_S = 0.5

TaskT = TypeVar("TaskT")
ValueT = TypeVar("ValueT")
NewsT = TypeVar("NewsT")


@dataclass(frozen=True, eq=False)
class TaskDone(Generic[TaskT, ValueT]):
    """A task that is finished.

    Parameters
    ----------
    task : object
        The task.
    value : object or None
        What its call has returned; None where it failed.
    error : Exception or None
        Why it failed; where a worker was killed, with a sentence for the user.
    """

    task: TaskT
    value: ValueT | None
    error: Exception | None = None

    def result(self) -> ValueT:
        """Return what the call has returned, or raise what it has raised."""
        if self.error is not None:
            raise self.error
        return cast("ValueT", self.value)


def run_tasks(
    tasks: deque[TaskT],
    call_for: Callable[[TaskT], Callable[[], ValueT]],
    workers: Workers,
    *,
    n_at_once: int,
    news: SimpleQueue[NewsT | Future[ValueT]] | None = None,
    stop: Callable[[], None] | None = None,
) -> Generator[TaskDone[TaskT, ValueT] | NewsT, None, None]:
    """Run tasks, several at once, and yield each when it is finished.

    When a process is killed, all tasks that it and its neighbours run are lost, and nobody knows
    which one was to blame: each of them runs once more with nothing beside it.

    Parameters
    ----------
    tasks : deque
        What to run, in the order to begin; taken out as they begin. More may be added to either
        end until the last one is yielded.
    call_for : callable
        Gives what a worker is to call for a task. For processes it must be possible to pickle it.
    workers : Workers
        Who runs it.
    n_at_once : int
        How many tasks are submitted at most, running or waiting for a worker.
    news : SimpleQueue, optional
        Threads may put anything here that is to be yielded while they work.
    stop : callable, optional
        Tells what runs to stop; called if this ends before its tasks do, and then the workers are
        needed no more: processes that go on nevertheless are ended.

    Yields
    ------
    TaskDone or object
        Tasks as they finish, in no certain order, and what threads put into `news`. Closing the
        generator drops what has not begun, and waits for the rest: no worker may write into a
        folder that the run has left.

    Raises
    ------
    ResultError
        If the workers, the connection to them, or the folder of the results is gone.
    """
    events = SimpleQueue() if news is None else news
    yield from _Loop(tasks, call_for, workers, n_at_once, events, stop).run()


def run_in_order(
    tasks: Iterable[TaskT],
    call_for: Callable[[TaskT], Callable[[], ValueT]],
    workers: Workers,
    *,
    n_ahead: int,
) -> Generator[ValueT, None, None]:
    """Run tasks, several at once, and yield their results in the order of the tasks.

    Parameters
    ----------
    tasks : iterable
        What to run.
    call_for, workers
        As :func:`run_tasks` takes them.
    n_ahead : int
        How many tasks are submitted, or wait here with their result, besides the next one.

    Yields
    ------
    object
        What the call for each task has returned. What it has raised is raised.
    """
    rest = enumerate(tasks)
    begun = deque(islice(rest, n_ahead + 1))
    finished: dict[int, TaskDone[tuple[int, TaskT], ValueT]] = {}
    number = 0
    loop: Generator[TaskDone[tuple[int, TaskT], ValueT], None, None] = run_tasks(
        begun, lambda task: call_for(task[1]), workers, n_at_once=n_ahead + 1
    )
    with closing(loop):
        for done in loop:
            finished[done.task[0]] = done
            del done  # it is kept until its turn, and no longer
            while number in finished:
                yield finished.pop(number).result()
                number += 1
                begun.extend(islice(rest, 1))


@dataclass(eq=False)
class _Loop(Generic[TaskT, ValueT, NewsT]):
    """The tasks of one :func:`run_tasks`: waiting, running, and to be run once more alone."""

    tasks: deque[TaskT]
    call_for: Callable[[TaskT], Callable[[], ValueT]]
    workers: Workers
    n_at_once: int
    events: SimpleQueue[NewsT | Future[ValueT]]
    stop: Callable[[], None] | None
    #: Tasks that were lost with a worker; the first one stays here while it runs alone.
    lost: deque[TaskT] = field(default_factory=deque)
    #: Each with whether it runs alone.
    submitted: dict[Future[ValueT], tuple[TaskT, bool]] = field(default_factory=dict)

    def run(self) -> Generator[TaskDone[TaskT, ValueT] | NewsT, None, None]:
        try:
            while self.tasks or self.lost or self.submitted:
                self._submit_all()
                try:
                    event = self.events.get(timeout=_WAIT_S)
                except Empty:
                    self.workers.check()
                    continue
                if not isinstance(event, Future):
                    yield event
                    continue
                done = self._finish(event)
                if done is not None:
                    yield done
                # Results are large: none is kept while this waits for the next one.
                del event, done
        except BaseException:
            if self.stop is not None:
                self.stop()
                self.workers.end_soon()
            raise
        finally:
            try:
                wait([future for future in self.submitted if not future.cancel()])
            finally:
                self.workers.end_alone(self)

    def _submit_all(self) -> None:
        """Submit as many tasks as may run now."""
        if self.lost:
            if not self.submitted:
                self._submit(self.lost[0], is_alone=True)
            return
        while self.tasks and len(self.submitted) < self.n_at_once:
            if not self._submit(self.tasks[0]):
                return
            self.tasks.popleft()

    def _submit(self, task: TaskT, *, is_alone: bool = False) -> bool:
        future = self.workers.submit(self.call_for(task), self, is_alone=is_alone)
        if future is None:
            return False
        self.submitted[future] = task, is_alone
        future.add_done_callback(self.events.put)
        return True

    def _finish(self, future: Future[ValueT]) -> TaskDone[TaskT, ValueT] | None:
        """Return a finished task, or None if it is to run once more."""
        task, was_alone = self.submitted.pop(future)
        if future.cancelled():
            raise ResultError(LOST)
        error = future.exception()
        if isinstance(error, BrokenExecutor) and not was_alone:
            self.lost.append(task)
            return None
        if was_alone:
            self.lost.popleft()
            if not self.lost:
                self.workers.end_alone(self)
        if error is None:
            return TaskDone(task, future.result())
        if was_killed(error):
            return TaskDone(task, None, ResultError(KILLED))
        if isinstance(error, RunEnded) or not isinstance(error, Exception):
            raise error
        return TaskDone(task, None, error)
