"""A session follows cells through a window of frames, then through all of them."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel

from napari_celltrack.engine import link_objects, run, segment_frame
from napari_celltrack.gui.layers import movie_layers, track_layers
from napari_celltrack.gui.session import session_of
from napari_celltrack.gui.view import camera_of
from napari_celltrack.input import FrameRange
from napari_celltrack.link import Nearest
from napari_celltrack.measure import ObjectFilter
from napari_celltrack.recipe import Input

N_FRAMES, N_CELLS = 24, 4


@pytest.fixture
def walk() -> np.ndarray:
    """Return a movie (24, 64, 128) of four squares of 8 px that go 2 px to the right a frame."""
    movie = np.full((N_FRAMES, 64, 128), 100, np.uint16)
    for frame in range(N_FRAMES):
        for cell in range(N_CELLS):
            y, x = 4 + 15 * cell, 10 + 2 * frame
            movie[frame, y : y + 8, x : x + 8] = 600
    return movie


@pytest.fixture
def model(qtbot, lane_threads, recipe):
    model = ViewerModel()
    session_of(model).set_recipe(recipe)
    yield model
    session_of(model).open_layer(None)
    qtbot.waitUntil(lambda: not lane_threads(), timeout=60_000)


@pytest.fixture
def session(model, walk, qtbot):
    """Return the session of a viewer in which somebody looks at cells, counts and tracks."""
    session = session_of(model)
    session.told = {"tracks": [], "failed": [], "runs": []}
    session.watch("tracks")
    session.tracks_found.connect(session.told["tracks"].append)
    session.failed.connect(session.told["failed"].append)
    session.run_changed.connect(session.told["runs"].append)
    session.open_layer(model.add_image(walk))
    qtbot.waitUntil(lambda: session.is_followed_now, timeout=60_000)
    return session


def settle(session, qtbot) -> None:
    """Wait until everything that was asked for is there, or it is said why not."""
    lanes = (session.preview_lane, session.follower.follow_lane, session.follower.run_lane)

    def is_settled() -> bool:
        is_told = session.is_followed_now or bool(session.problem) or session.movie is None
        return is_told and not any(lane.busy for lane in lanes)

    qtbot.waitUntil(is_settled, timeout=60_000)
    qtbot.wait(30)
    qtbot.waitUntil(is_settled, timeout=60_000)


def of_engine(session, frames=None):
    recipe = session.recipe
    if frames is not None:
        limits = FrameRange(start=frames[0], stop=frames[-1] + 1)
        recipe = recipe.replace(input=recipe.input.replace(frames=limits))
    objects = [result.objects for result in run(session.movie, recipe)]
    return link_objects(session.movie, recipe, objects)


def test_the_window_is_followed_and_nothing_more(session):
    assert session.followed.frames == range(6, 16)  # napari opens a movie in the middle
    assert not session.followed.is_whole
    expected = of_engine(session, session.followed.frames)
    pd.testing.assert_frame_equal(session.followed.tables.objects, expected.objects)
    pd.testing.assert_frame_equal(session.followed.tables.tracks, expected.tracks)
    assert session.coverage == "Frames 6–15 are current, the others stale."


def test_all_frames_equal_the_engine(session, qtbot):
    session.run_all()
    qtbot.waitUntil(lambda: session.followed.is_whole, timeout=60_000)
    expected = of_engine(session)
    tables = session.followed.tables
    for name in ("objects", "tracks", "counts", "events"):
        pd.testing.assert_frame_equal(getattr(tables, name), getattr(expected, name))
    assert len(tables.tracks) == N_CELLS
    assert session.coverage == ""
    assert session.counts["is_current"].all()
    cells = movie_layers.cells_layer(session._viewer())
    for frame in range(N_FRAMES):
        expected = segment_frame(session.movie, session.recipe, frame)
        np.testing.assert_array_equal(np.asarray(cells.data[frame]), expected)
    last = session.told["runs"][-1]
    assert not last.running
    assert last.done == last.total == N_FRAMES - 10


def test_a_linker_is_changed_without_finding_cells_again(session, qtbot, monkeypatch):
    session.run_all()
    qtbot.waitUntil(lambda: session.followed.is_whole, timeout=60_000)
    found = session.found
    session.update(link=Nearest(max_distance_px=1.0))
    qtbot.waitUntil(lambda: session.is_followed_now, timeout=60_000)
    assert session.found is found
    assert session.followed.is_whole
    # Every step is 2 px, so nothing can be linked.
    assert len(session.followed.tables.tracks) == N_FRAMES * N_CELLS


def test_other_cells_make_the_rest_stale(session, qtbot):
    session.run_all()
    qtbot.waitUntil(lambda: session.followed.is_whole, timeout=60_000)
    session.update(objects=ObjectFilter(min_area_px2=31))
    settle(session, qtbot)
    assert session.followed.frames == range(6, 16)
    counts = session.counts.set_index("frame")
    assert len(counts) == N_FRAMES
    assert counts.index[counts["is_current"]].tolist() == list(range(6, 16))
    session.undo()
    settle(session, qtbot)
    assert session.followed.is_whole  # what was known is known still
    assert session.coverage == ""


def test_going_elsewhere_follows_there_and_joins_what_touches(session, qtbot, model):
    session.go_to(21)
    settle(session, qtbot)
    assert session.frame == 21
    assert session.followed.frames == range(6, 24)


@pytest.mark.parametrize("n_measured", [1, 2, 5, 9])
@pytest.mark.parametrize("what", ["the same frame", "the next frame", "the linker"])
def test_what_comes_while_a_window_is_measured_cuts_nothing_short(
    session, qtbot, model, what, n_measured
):
    """Objects that are others: the window is measured anew, and interrupted on its way."""
    seen: list[int] = []

    def interrupt(key, result):
        seen.append(result.frame)
        if len(seen) == n_measured and what == "the linker":
            session.update(link=Nearest(max_distance_px=6))
        elif len(seen) == n_measured:
            step = 1 if what == "the next frame" else 0
            model.dims.set_current_step(0, session.frame + step)
            session.request_preview()

    session.follower.frame_measured.connect(interrupt)
    session.update(objects=ObjectFilter(min_area_px2=31))
    settle(session, qtbot)
    assert session.frame in session.followed.frames
    assert len(session.followed.frames) >= session.preview_frames
    expected = of_engine(session, session.followed.frames)
    pd.testing.assert_frame_equal(session.followed.tables.objects, expected.objects)


def test_running_is_stopped_by_the_user_and_what_is_done_is_kept(session, qtbot):
    session.run_all()
    session.cancel_run()
    settle(session, qtbot)
    assert not session.run_state.running
    assert "Stopped" in session.run_state.sentence
    assert not session.followed.is_whole
    session.run_all()
    qtbot.waitUntil(lambda: session.followed.is_whole, timeout=60_000)


def test_running_is_stopped_by_other_settings(session, qtbot):
    session.run_all()
    session.update(objects=ObjectFilter(min_area_px2=31))
    settle(session, qtbot)
    assert not session.run_state.running
    assert "settings changed" in session.run_state.sentence
    assert session.followed.recipe == session.recipe


def test_a_layer_deleted_while_running(session, qtbot, model):
    session.run_all()
    model.layers.remove(session.layer)
    settle(session, qtbot)
    assert session.movie is None
    assert session.followed is None
    assert not session.run_state.running
    assert session.counts.empty


def test_our_cells_deleted_while_running_come_back(session, qtbot, model):
    session.run_all()
    model.layers.remove(movie_layers.cells_layer(model))
    qtbot.waitUntil(lambda: session.followed.is_whole, timeout=60_000)
    assert session.told["failed"] == []


def test_changes_are_taken_back_and_made_again(session):
    first = session.recipe
    session.update(objects=ObjectFilter(min_area_px2=31))
    session.update(link=Nearest(max_distance_px=9.0))
    assert session.can_undo
    session.undo()
    assert session.recipe.link == first.link
    session.undo()
    assert session.recipe == first
    session.redo()
    session.redo()
    assert session.recipe.link == Nearest(max_distance_px=9.0)
    assert not session.can_redo


def test_one_drag_is_one_change(session):
    first = session.recipe
    for area in range(31, 60):
        session.update(objects=ObjectFilter(min_area_px2=area))
    session.undo()
    assert session.recipe == first


def test_labels_of_the_user_take_the_place_of_segmentation(session, qtbot, model):
    mine = np.zeros((N_FRAMES, 64, 128), np.int32)
    mine[:, 20:30, 20:30] = 7
    mine[:, 40:50, 20:30] = 3
    theirs = model.add_labels(mine.copy(), name="painted")
    session.use_labels(theirs)
    settle(session, qtbot)
    assert session.found.n_cells == 2
    assert set(session.followed.tables.objects["label"]) == {3, 7}
    np.testing.assert_array_equal(movie_layers.cells_layer(model).data[session.frame], mine[0])
    np.testing.assert_array_equal(theirs.data, mine)
    theirs.data_setitem((np.array([session.frame]), np.array([5]), np.array([5])), 9)
    qtbot.waitUntil(
        lambda: session.found.n_cells == 2 and session._hand.version > 1, timeout=60_000
    )
    model.layers.remove(theirs)
    settle(session, qtbot)
    assert session.labels_layer is None
    assert session.found.n_cells == N_CELLS


def test_labels_of_other_frames_are_refused_in_words(session, qtbot, model):
    session.use_labels(model.add_labels(np.zeros((3, 20, 20), np.int32), name="other"))
    settle(session, qtbot)
    assert "choose labels of the same frames" in session.problem
    session.use_labels(None)
    settle(session, qtbot)
    assert session.problem == ""


def test_cells_corrected_by_hand_are_kept_until_dropped(session, qtbot, model):
    cells = movie_layers.cells_layer(model)
    frame = session.frame
    cells.data_setitem(tuple(np.full(25, v) for v in (frame, 60, 100)), 9)
    cells.selected_label = 9
    cells.paint((frame, 58, 110), 9)
    qtbot.waitUntil(lambda: session.corrected_frames == {frame}, timeout=60_000)
    settle(session, qtbot)
    assert session.found.n_cells == N_CELLS + 1
    assert 9 in set(session.followed.tables.objects.query("frame == @frame")["label"])
    painted = np.array(cells.data[frame])
    session.update(objects=ObjectFilter(min_area_px2=31))
    settle(session, qtbot)
    np.testing.assert_array_equal(cells.data[frame], painted)
    assert session.found.n_cells == N_CELLS + 1
    session.drop_corrections()
    settle(session, qtbot)
    assert session.found.n_cells == N_CELLS
    assert session.corrected_frames == frozenset()


def test_corrected_cells_are_given_to_the_user_when_the_image_changes(session, qtbot, model, walk):
    cells = movie_layers.cells_layer(model)
    cells.paint((session.frame, 58, 110), 9)
    qtbot.waitUntil(lambda: bool(session.corrected_frames), timeout=60_000)
    painted = np.array(cells.data)
    session.open_layer(model.add_image(walk[:, :40]))
    settle(session, qtbot)
    assert cells in model.layers
    assert cells is not movie_layers.cells_layer(model)
    np.testing.assert_array_equal(cells.data, painted)
    assert session.corrected_frames == frozenset()


def test_one_frame_has_a_count_and_no_failure(model, qtbot, walk):
    session = session_of(model)
    session.watch("tracks")
    session.open_layer(model.add_image(walk[0]))
    qtbot.waitUntil(lambda: session.followed is not None, timeout=60_000)
    assert session.followed.is_whole
    assert len(session.followed.tables.objects) == N_CELLS


def test_tracks_are_drawn_and_picked_while_somebody_looks_at_tracks(model, qtbot, walk):
    session = session_of(model)
    session.preview_frames = N_FRAMES
    watch = session.watch("cells")
    session.open_layer(model.add_image(walk))
    qtbot.waitUntil(lambda: session.is_followed_now, timeout=10_000)
    settle(session, qtbot)
    assert session.counts["n_cells"].tolist() == [N_CELLS] * N_FRAMES
    assert track_layers.tracks_layer(model) is None
    objects = session.followed.tables.objects
    row = int(np.argmax(objects["frame"] == session.frame))
    cell = objects.iloc[row]
    place = (session.frame, cell["y_px"], cell["x_px"])
    click(model, place)
    assert session.picked == 0
    with session.watch("tracks"):
        session.update(link=Nearest(max_distance_px=5))
        settle(session, qtbot)
        assert track_layers.tracks_layer(model) is not None
        click(model, place)
        assert session.picked == session.followed.tables.objects.iloc[row]["track_id"]
        session.pick(0)
    click(model, place)
    assert session.picked == 0
    watch.end()


def click(model, place) -> None:
    """Press and release the left button at a place of the image."""
    press = SimpleNamespace(type="mouse_press", button=1, modifiers=(), pos=(5, 5), position=place)
    for callback in list(model.mouse_drag_callbacks):
        steps = callback(model, press)
        if steps is not None:
            next(steps, None)
            press.type = "mouse_release"
            next(steps, None)
            press.type = "mouse_press"


def test_masks_of_a_projection_are_measured_in_every_frame(session, qtbot):
    session.update(input=Input(project_t="max"))
    session.run_all()
    qtbot.waitUntil(lambda: session.is_followed_now and session.followed.is_whole, timeout=60_000)
    assert session.problem == ""
    assert session.found.n_cells == N_CELLS
    expected = of_engine(session)
    pd.testing.assert_frame_equal(session.followed.tables.objects, expected.objects)
    assert len(expected.objects) == N_CELLS * N_FRAMES
    assert len(expected.tracks) == N_CELLS


def test_going_to_a_cell_moves_slider_and_camera(session, model):
    session.layer.scale = (1, 0.5, 0.5)
    session.go_to(3, y_px=20.0, x_px=60.0, width_px=50.0)
    assert session.frame == 3
    assert camera_of(model).center[-2:] == pytest.approx((10.0, 30.0))
    assert camera_of(model).zoom > 1
