"""The loop that runs tasks, with real threads and processes."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context
from multiprocessing.context import BaseContext
from pathlib import Path
from queue import SimpleQueue

import pytest

from napari_celltrack.batch.lock import RunningFile
from napari_celltrack.batch.tasks import TaskDone, run_in_order, run_tasks
from napari_celltrack.batch.workers import KILLED, Workers, open_workers
from napari_celltrack.errors import CelltrackError, ResultError


@pytest.fixture
def threads() -> Iterator[Workers]:
    """Return three threads."""
    with open_workers("threads", 3) as workers:
        yield workers


@pytest.fixture(scope="module")
def processes() -> Iterator[Workers]:
    """Return two processes, which each test leaves fit for the next; new ones start at once."""
    if sys.platform == "win32":
        context: BaseContext = get_context("spawn")
    else:
        context = get_context("forkserver")
        context.set_forkserver_preload(["napari_celltrack.batch.tasks"])
    workers = Workers(partial(ProcessPoolExecutor, 2, context), 2, "processes")
    yield workers
    workers.shutdown()


def twice(number: int) -> int:
    return 2 * number


def twice_for(number: int) -> Callable[[], int]:
    return partial(twice, number)


def die(mark: Path | None = None) -> int:
    """End this process as the system does to free memory; with a mark, only the first time."""
    if mark is not None:
        if mark.exists():
            return -1
        mark.touch()
    os._exit(1)


def twice_slowly(number: int) -> int:
    time.sleep(0.1)
    return 2 * number


def die_soon() -> int:
    time.sleep(0.05)
    os._exit(1)


def fail(error: Exception) -> int:
    raise error


def do(call: Callable[[], int]) -> Callable[[], int]:
    """Return a task as it is: it is the call."""
    return call


def ends(loop: Iterator[TaskDone[Callable[[], int], int]]) -> dict[Callable[[], int], object]:
    """Return what each task has returned, or its error in words."""
    return {done.task: str(done.error) if done.error else done.value for done in loop}


def test_each_task_ends_once(threads: Workers) -> None:
    loop = run_tasks(deque(range(50)), twice_for, threads, n_at_once=4)
    assert {done.task: done.result() for done in loop} == {n: 2 * n for n in range(50)}


def test_no_more_are_submitted_than_asked_for(threads: Workers) -> None:
    submitted: list[int] = []

    def call_for(number: int) -> Callable[[], int]:
        submitted.append(number)
        return partial(twice, number)

    for n_done, _ in enumerate(run_tasks(deque(range(9)), call_for, threads, n_at_once=2)):
        assert len(submitted) <= n_done + 2
    assert submitted == list(range(9))


def test_a_task_that_fails_ends_with_its_error_and_the_others_go_on(threads: Workers) -> None:
    error = ValueError("no")
    good, bad = partial(twice, 1), partial(fail, error)
    done = {end.task: end for end in run_tasks(deque([bad, good]), do, threads, n_at_once=1)}
    assert done[bad].error is error
    with pytest.raises(ValueError, match="no"):
        done[bad].result()
    assert done[good].result() == 2


def test_tasks_added_in_front_are_next(threads: Workers) -> None:
    tasks = deque([0, 10, 20])
    seen = []
    for done in run_tasks(tasks, twice_for, threads, n_at_once=1):
        seen.append(done.task)
        if done.task == 0:
            tasks.extendleft([2, 1])
        if done.task == 20:
            tasks.append(30)
    assert seen == [0, 1, 2, 10, 20, 30]


def test_who_kills_its_process_fails_and_those_beside_it_are_done(processes: Workers) -> None:
    deadly = partial(die)
    innocent = [partial(twice, number) for number in range(6)]
    tasks = deque([*innocent[:3], deadly, *innocent[3:]])
    found = ends(run_tasks(tasks, do, processes, n_at_once=4))
    assert found == {deadly: KILLED, **{task: 2 * n for n, task in enumerate(innocent)}}
    # Afterwards there are workers again.
    again = run_tasks(deque([1, 2]), twice_for, processes, n_at_once=2)
    assert sorted(done.result() for done in again) == [2, 4]


def test_what_was_lost_with_a_process_runs_once_more(processes: Workers, tmp_path: Path) -> None:
    lost = partial(die, tmp_path / "mark")
    innocent = partial(twice, 4)
    found = ends(run_tasks(deque([lost, innocent]), do, processes, n_at_once=2))
    assert found == {lost: -1, innocent: 8}


def test_a_loop_beside_one_that_kills_processes_loses_nothing(processes: Workers) -> None:
    """Whoever runs a task alone keeps the tasks of all other loops away from it."""
    found: dict[Callable[[], int], object] = {}
    deadly = [partial(die_soon) for _ in range(2)]
    innocent = [partial(twice_slowly, number) for number in range(20)]

    def run_deadly() -> None:
        found.update(ends(run_tasks(deque(deadly), do, processes, n_at_once=2)))

    other = threading.Thread(target=run_deadly)
    other.start()
    beside = {}
    for done in run_tasks(deque(innocent), do, processes, n_at_once=3):
        beside[done.task] = done.result()
    other.join()
    assert beside == {task: 2 * n for n, task in enumerate(innocent)}
    assert found == dict.fromkeys(deadly, KILLED)


def test_closing_stops_what_runs_drops_the_rest_and_waits(threads: Workers) -> None:
    begun: list[int] = []
    ended: list[int] = []
    stop = threading.Event()

    def work(number: int) -> int:
        begun.append(number)
        if number:
            assert stop.wait(20)
            ended.append(number)
        return number

    loop = run_tasks(
        deque(range(9)), lambda n: partial(work, n), threads, n_at_once=6, stop=stop.set
    )
    assert next(loop).task == 0
    loop.close()
    assert sorted(ended) == sorted(begun)[1:]
    assert len(begun) < 9


def test_news_come_between_the_ends_of_tasks(threads: Workers) -> None:
    news: SimpleQueue[str | Future[int]] = SimpleQueue()

    def work(number: int) -> int:
        for share in ("half", "nearly"):
            news.put(f"{number} {share}")
        return number

    loop = run_tasks(deque([1, 2]), lambda n: partial(work, n), threads, n_at_once=1, news=news)
    seen = [event if isinstance(event, str) else event.task for event in loop]
    assert seen == ["1 half", "1 nearly", 1, "2 half", "2 nearly", 2]


def test_a_task_whose_running_file_is_gone_ends_all(threads: Workers, tmp_path: Path) -> None:
    running_file = RunningFile.create(tmp_path)
    stopped = threading.Event()

    def work(number: int) -> int:
        running_file.check()
        return number

    loop = run_tasks(
        deque(range(9)), lambda n: partial(work, n), threads, n_at_once=1, stop=stopped.set
    )
    assert next(loop).result() == 0
    running_file.remove()
    with pytest.raises(ResultError, match=r"removed or renamed during the run; run again\."):
        list(loop)
    assert stopped.is_set()


def test_workers_are_checked_while_nothing_comes() -> None:
    stop = threading.Event()

    def check() -> None:
        raise CelltrackError("Nobody is there.")

    def make() -> Executor:
        return ThreadPoolExecutor(1)

    workers = Workers(make, 1, "cluster", check)
    loop = run_tasks(
        deque([20]), lambda n: partial(stop.wait, n), workers, n_at_once=1, stop=stop.set
    )
    with pytest.raises(CelltrackError, match="Nobody is there"):
        next(loop)
    workers.shutdown()


class TestInOrder:
    def test_results_come_in_the_order_of_the_tasks(self, threads: Workers) -> None:
        begun: list[int] = []

        def work(number: int) -> int:
            begun.append(number)
            time.sleep(0.03 * (number % 3 == 0))
            return number

        results = run_in_order(range(12), lambda n: partial(work, n), threads, n_ahead=3)
        for n_given, result in enumerate(results):
            assert result == n_given
            assert len(begun) <= n_given + 4
        assert sorted(begun) == list(range(12))

    def test_an_error_is_raised_in_its_turn(self, threads: Workers) -> None:
        tasks = [partial(twice, 1), partial(time.sleep, 0.05), partial(fail, ValueError("no"))]
        results = run_in_order([*tasks, partial(twice, 9)], do, threads, n_ahead=3)
        assert [next(results), next(results)] == [2, None]
        with pytest.raises(ValueError, match="no"):
            next(results)

    def test_a_lost_task_runs_again_in_its_place(self, processes: Workers, tmp_path: Path) -> None:
        tasks = [partial(twice, number) for number in range(8)]
        tasks[3] = partial(die, tmp_path / "mark")
        assert list(run_in_order(tasks, do, processes, n_ahead=2)) == [0, 2, 4, -1, 8, 10, 12, 14]

    def test_a_task_that_kills_again_is_said_in_words(self, processes: Workers) -> None:
        results = run_in_order([partial(twice, 1), partial(die)], do, processes, n_ahead=2)
        assert next(results) == 2
        with pytest.raises(CelltrackError, match="most often because memory ran out"):
            next(results)

    def test_closing_begins_nothing_more(self, threads: Workers) -> None:
        begun: list[int] = []

        def work(number: int) -> int:
            begun.append(number)
            return number

        results = run_in_order(range(100), lambda n: partial(work, n), threads, n_ahead=2)
        assert next(results) == 0
        results.close()
        n_begun = len(begun)
        time.sleep(0.05)
        assert len(begun) == n_begun <= 3
