"""A lane: one job at a time, the newest request wins."""

from __future__ import annotations

import threading

import pytest

from napari_celltrack.gui.lane import Lane


@pytest.fixture
def lane(qtbot, lane_threads):
    lane = Lane("celltrack test")
    yield lane
    lane.cancel()
    qtbot.waitUntil(lambda: not lane_threads())


def fail(error: Exception) -> None:
    raise AssertionError(error)


def test_results_come_on_the_gui_thread_and_in_order(lane, qtbot):
    came = []
    lane.submit(
        lambda: iter(range(20)),
        lambda result: came.append((result, threading.current_thread())),
        fail,
        lambda: came.append("end"),
    )
    qtbot.waitUntil(lambda: came[-1:] == ["end"])
    assert came[:-1] == [(i, threading.main_thread()) for i in range(20)]


def test_only_the_newest_request_waits(lane, qtbot):
    go, came = threading.Event(), []

    def work(i):
        go.wait(5)
        yield i

    for i in range(10):
        lane.submit(lambda i=i: work(i), came.append, fail)
    go.set()
    qtbot.waitUntil(lambda: not lane.busy)
    qtbot.waitUntil(lambda: len(came) == 2)
    assert came == [0, 9]


def test_nothing_comes_after_cancel(lane, qtbot, lane_threads):
    began, go, came = threading.Event(), threading.Event(), []

    def work():
        began.set()
        go.wait(5)
        yield 1

    lane.submit(work, came.append, fail)
    assert began.wait(5)
    lane.submit(work, came.append, fail)
    lane.cancel()
    go.set()
    qtbot.waitUntil(lambda: not lane_threads())
    qtbot.wait(20)
    assert came == []


def test_a_result_on_its_way_is_dropped_by_cancel(lane, qtbot, lane_threads):
    came = []
    lane.submit(lambda: [1], came.append, fail)
    while lane_threads():  # the result is posted, and no event was processed yet
        pass
    lane.cancel()
    qtbot.wait(20)
    assert came == []
    lane.submit(lambda: [2], came.append, fail)
    qtbot.waitUntil(lambda: came == [2])


def test_cancel_closes_the_generator(lane, qtbot):
    closed, came = threading.Event(), []

    def work():
        try:
            i = 0
            while True:
                yield (i := i + 1)
        finally:
            closed.set()

    lane.submit(work, came.append, fail)
    qtbot.waitUntil(lambda: len(came) > 3)
    lane.cancel()
    assert closed.wait(5)


def test_an_error_is_given_out_and_the_next_job_runs(lane, qtbot):
    came = []

    def broken():
        yield 1
        raise ZeroDivisionError("no")

    lane.submit(broken, came.append, lambda error: came.append(type(error)))
    qtbot.waitUntil(lambda: len(came) == 2)
    lane.submit(lambda: [2], came.append, fail)
    qtbot.waitUntil(lambda: len(came) == 3)
    assert came == [1, ZeroDivisionError, 2]


def test_a_fast_job_does_not_run_far_ahead_of_the_window(lane, qtbot):
    made = []

    def work():
        for i in range(100):
            made.append(i)
            yield i

    lane.submit(work, lambda _: None, fail)
    threading.Event().wait(0.3)  # the window is busy
    assert len(made) <= 4
    qtbot.waitUntil(lambda: len(made) == 100)


def test_busy_is_said_once_each_way(lane, qtbot):
    go, said = threading.Event(), []
    lane.busy_changed.connect(said.append)
    lane.submit(lambda: [go.wait(5)], lambda _: None, fail)
    lane.submit(lambda: [1], lambda _: None, fail)
    go.set()
    qtbot.waitUntil(lambda: said == [True, False])
    assert not lane.busy


def test_a_lane_that_is_let_go_while_it_works_does_no_harm(qtbot, lane_threads):
    go, came = threading.Event(), []

    def work():
        go.wait(5)
        yield 1

    lane = Lane("celltrack forgotten")
    lane.submit(work, came.append, fail)
    del lane
    go.set()
    qtbot.waitUntil(lambda: not lane_threads())
    qtbot.wait(20)


def test_a_long_job_ends_at_its_next_result_when_a_newer_one_waits(lane, qtbot):
    began, go, came = threading.Event(), threading.Event(), []

    def long():
        for i in range(1000):
            yield i
            began.set()
            go.wait(5)

    lane.submit(long, came.append, fail, lambda: came.append("end"))
    assert began.wait(5)
    lane.submit(lambda: ["new"], came.append, fail)
    go.set()
    qtbot.waitUntil(lambda: came[-1:] == ["new"])
    assert "end" not in came
    assert len(came) < 10
