"""Going back to earlier recipes, and forward again."""

from __future__ import annotations

import pytest

from napari_celltrack.gui.history import History
from napari_celltrack.link import Nearest
from napari_celltrack.measure import ObjectFilter
from napari_celltrack.recipe import Recipe


def area(min_area_px2: int) -> Recipe:
    return Recipe(objects=ObjectFilter(min_area_px2=min_area_px2))


@pytest.fixture
def clock():
    """Return a clock that is set by hand."""

    class Clock:
        now = 0.0

        def __call__(self) -> float:
            return self.now

    return Clock()


def test_back_and_forward(clock):
    history = History(area(1), clock)
    for value in (2, 3, 4):
        clock.now += 10
        history.put(area(value))
    assert [history.undo(), history.undo()] == [area(3), area(2)]
    assert history.redo() == area(3)
    assert history.can_redo


def test_a_new_change_forgets_what_was_gone_back_from(clock):
    history = History(area(1), clock)
    clock.now += 10
    history.put(area(2))
    history.undo()
    history.put(area(5))
    assert not history.can_redo
    assert history.undo() == area(1)


def test_a_drag_is_one_step_and_a_pause_begins_another(clock):
    history = History(area(1), clock)
    for value in range(2, 10):
        clock.now += 0.1
        history.put(area(value))
    clock.now += 5
    history.put(area(20))
    assert history.undo() == area(9)
    assert history.undo() == area(1)
    assert not history.can_undo


def test_another_field_is_another_step(clock):
    history = History(area(1), clock)
    history.put(area(2))
    history.put(area(2).replace(link=Nearest()))
    assert history.undo() == area(2)


def test_at_the_ends_nothing_moves(clock):
    history = History(area(1), clock)
    assert history.undo() == area(1)
    assert history.redo() == area(1)
