"""Layers go: ours with their image, whoever removes what in which order, and nothing else does."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_celltrack.gui.layers import movie_layers
from napari_celltrack.gui.layers.leaving import leaving_of
from napari_celltrack.gui.layers.own_layers import is_ours, leave_all
from napari_celltrack.gui.layers.track_vectors import show_search
from napari_celltrack.gui.session import session_of

SOAK = Path(__file__).parents[2] / "benchmarks" / "soak.py"


@pytest.fixture
def model(qtbot, lane_threads, recipe):
    """Return a viewer without a window, in which somebody looks at tracks."""
    model = ViewerModel()
    session_of(model).set_recipe(recipe)
    session_of(model).watch("tracks")
    yield model
    session_of(model).open_layer(None)
    qtbot.waitUntil(lambda: not lane_threads(), timeout=60_000)


@pytest.fixture
def session(model, scene, qtbot):
    """Return the session of a viewer with all layers that a session draws."""
    session = session_of(model)
    session.open_layer(model.add_image(scene, name="movie"))
    qtbot.waitUntil(lambda: session.is_followed_now, timeout=60_000)
    session.pick(1)
    show_search(model, session.layer, (20, 20), 5)
    return session


def names(model) -> list[str]:
    return [layer.name for layer in model.layers]


def test_all_layers_are_selected_and_deleted(model, session, qtbot) -> None:
    assert {"cells", "tracks", "detections", "selected", "search"} <= set(names(model))
    model.layers.select_all()
    model.layers.remove_selected()
    qtbot.wait(50)
    assert names(model) == []
    assert session.movie is None


@pytest.mark.parametrize("order", list(itertools.permutations(("movie", "cells", "tracks"))))
def test_layers_go_in_any_order_by_a_list_made_before(model, session, qtbot, order) -> None:
    listed = [model.layers[name] for name in order]
    listed += [layer for layer in model.layers if layer not in listed]
    # As napari does it: what it has listed is still there when its turn comes.
    for layer in listed:
        model.layers.remove(layer)
    qtbot.wait(50)
    assert names(model) == []


def test_ours_go_with_their_image_in_one_step_and_not_amid_its_removal(
    model, session, qtbot
) -> None:
    mine = model.add_points(np.zeros((1, 3)), name="mine")
    steps: list[str] = []
    model.layers.events.begin_batch.connect(lambda: steps.append("begin"))
    model.layers.events.removed.connect(lambda event: steps.append(event.value.name))
    model.layers.events.end_batch.connect(lambda: steps.append("end"))
    before = set(names(model)) - {"mine", "movie"}
    model.layers.remove("movie")
    assert steps == ["movie"]
    qtbot.waitUntil(lambda: names(model) == ["mine"], timeout=10_000)
    assert [step for step in steps if step in ("begin", "end")] == ["begin", "end"]
    assert (steps[1], steps[-1]) == ("begin", "end")
    assert set(steps[2:-1]) == before
    assert mine in model.layers


def test_what_leaves_twice_leaves_once(model, session, qtbot) -> None:
    leaving = leaving_of(model)
    listed = []

    def remove_more(event) -> None:
        listed.append(event.value.name)
        leave_all(model)

    model.layers.events.removed.connect(remove_more)
    leave_all(model)
    leaving.leave([])
    assert names(model) == ["movie"]
    assert len(listed) == len(set(listed))


def test_cells_are_kept_for_another_movie_of_as_many_dimensions(model, session, scene, qtbot):
    cells = movie_layers.cells_layer(model)
    cells.opacity = 0.3
    other = model.add_image(scene[:3, ::2, 4:] + 1, name="other")
    session.open_layer(other)
    assert movie_layers.cells_layer(model) is cells
    assert not np.asarray(cells.data).any()
    assert [layer.name for layer in model.layers if is_ours(layer)] == ["cells"]
    qtbot.waitUntil(lambda: session.is_followed_now, timeout=60_000)
    assert movie_layers.cells_layer(model) is cells
    assert cells.data.shape == other.data.shape
    assert np.array_equal(cells.data[session.frame], session.found.labels)
    assert (cells.opacity, cells.editable) == (0.3, True)


def test_a_stroke_just_made_is_kept_when_the_movie_is_left(model, session, scene, qtbot) -> None:
    cells = movie_layers.cells_layer(model)
    cells.paint((session.frame, 90, 90), 77)
    session.open_layer(model.add_image(scene, name="other"))
    qtbot.waitUntil(lambda: session.is_followed_now, timeout=60_000)
    assert cells in model.layers
    assert 77 in cells.data
    assert movie_layers.cells_layer(model) is not cells
    # It belongs to the user now: what is painted there corrects nothing.
    cells.paint((session.frame, 50, 90), 78)
    qtbot.wait(400)
    assert session.corrected_frames == frozenset()


def test_a_stroke_cannot_be_undone_in_another_movie(model, session, scene, qtbot) -> None:
    cells = movie_layers.cells_layer(model)
    cells.paint((session.frame, 90, 90), 77)
    qtbot.waitUntil(lambda: bool(session.corrected_frames), timeout=10_000)
    session.drop_corrections()
    session.open_layer(model.add_image(scene[:, :48], name="other"))
    cells.undo()
    assert not np.asarray(movie_layers.cells_layer(model).data).any()


@pytest.mark.window
@pytest.mark.skipif(not SOAK.is_file(), reason="benchmarks are not here")
def test_a_window_survives_what_takes_layers_away() -> None:
    # A process of its own: what goes wrong in OpenGL ends it.
    command = [sys.executable, str(SOAK), "--rounds", "10"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-3000:]
    assert "10 rounds, and the window lives" in done.stdout
