"""Work in turns: step by step, the newest last, and none of it lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from napari_celltrack.gui.gui_queue import GuiQueue, soon


def steps(said: list[str], name: str, n_steps: int = 3) -> Iterator[None]:
    for index in range(n_steps):
        said.append(f"{name}{index}")
        yield


def test_the_first_step_is_done_now_and_the_window_answers_between_the_others(qtbot) -> None:
    turns, said = GuiQueue(), []
    turns.take(steps(said, "a"), lambda: said.append("done"))
    assert said == ["a0"] and turns.busy
    soon(lambda: said.append("other"))
    qtbot.waitUntil(lambda: not turns.busy, timeout=5_000)
    assert said[-1] == "done"
    assert said.index("other") < said.index("a2")


def test_other_work_finishes_what_was_begun_and_only_the_last_is_told(qtbot) -> None:
    turns, said = GuiQueue(), []
    turns.take(steps(said, "a"), lambda: said.append("a done"))
    turns.take(steps(said, "b", 2), lambda: said.append("b done"))
    assert said == ["a0", "a1", "a2", "b0"]
    qtbot.waitUntil(lambda: not turns.busy, timeout=5_000)
    qtbot.wait(20)
    assert said == ["a0", "a1", "a2", "b0", "b1", "b done"]


def test_what_is_finished_early_is_not_told(qtbot) -> None:
    turns, said = GuiQueue(), []
    turns.take(steps(said, "a"), lambda: said.append("done"))
    turns.finish()
    assert said == ["a0", "a1", "a2"] and not turns.busy
    qtbot.wait(20)
    assert "done" not in said


def test_a_step_that_fails_ends_the_work() -> None:
    def failing() -> Iterator[None]:
        raise ValueError
        yield

    turns = GuiQueue()
    with pytest.raises(ValueError):
        turns.take(failing())
    assert not turns.busy
