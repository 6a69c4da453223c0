"""The dock *Track cells*."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Tracks
from pandas.testing import assert_frame_equal
from qtpy.QtCore import QPointF, Qt
from qtpy.QtWidgets import QCheckBox, QComboBox, QLabel, QPushButton, QTableView
from track_scenes import (
    choose,
    circle_radius,
    listed,
    open_movie_in,
    part,
    track_at,
    wait_for_tracks,
)

from napari_celltrack.analysis import advise_radius
from napari_celltrack.engine import link_objects, run
from napari_celltrack.gui.charts.chart import Chart
from napari_celltrack.gui.docks.track.track_cells import TrackCells
from napari_celltrack.gui.session import session_of
from napari_celltrack.gui.view import camera_of
from napari_celltrack.link import Assignment, Nearest, Trackpy
from napari_celltrack.recipe import Recipe
from napari_celltrack.tables import FRAME, KIND, TRACK_ID, X_PX, Y_PX

N_FRAMES = 12


@pytest.fixture
def moving() -> np.ndarray:
    """Return a movie (12, 120, 120) of five squares that move 2 px a frame.

    The second is missing in frame 5, and the third makes a step of 14 px to frame 7.
    """
    movie = np.random.default_rng(0).normal(100, 3, (N_FRAMES, 120, 120))
    for frame in range(N_FRAMES):
        for cell in range(5):
            if (cell, frame) == (1, 5):
                continue
            x = 10 + 2 * frame + (14 if cell == 2 and frame >= 7 else 0)
            movie[frame, 8 + 22 * cell : 18 + 22 * cell, x : x + 10] += 500
    return movie.astype(np.uint16)


@pytest.fixture
def recipe(recipe) -> Recipe:
    """Return the recipe of the squares, linked within 10 px."""
    return recipe.replace(link=Assignment(max_distance_px=10, divisions=False))


@pytest.fixture
def dock(viewer, qtbot, moving, open_track) -> TrackCells:
    return open_movie_in(viewer, qtbot, moving, open_track)


@pytest.mark.parametrize(
    "link",
    [
        Assignment(max_distance_px=18, max_gap_frames=2),
        Nearest(max_distance_px=6, max_gap_frames=0),
        Trackpy(max_distance_px=9, max_gap_frames=1),
    ],
    ids=lambda link: link.method,
)
def test_the_layer_and_the_list_are_what_the_engine_finds(viewer, qtbot, dock, link) -> None:
    session = session_of(viewer)
    session.update(link=link)
    wait_for_tracks(qtbot, session, whole=True)
    found = list(run(session.movie, session.recipe))
    tables = link_objects(session.movie, session.recipe, [each.objects for each in found])
    objects = tables.objects.sort_values([TRACK_ID, FRAME])
    layer = viewer.layers["tracks"]
    assert isinstance(layer, Tracks)
    np.testing.assert_array_equal(layer.data, objects[[TRACK_ID, FRAME, Y_PX, X_PX]])
    events = [(str(e.frame), str(e.track_id), e.reason) for e in tables.events.itertuples()]
    assert events, "the scene should have events"
    assert listed(dock) == events
    assert part(dock, QLabel, "track_number").text() == str(len(tables.tracks))


def test_the_form_changes_the_recipe_and_the_recipe_the_form(viewer, qtbot, dock) -> None:
    session = session_of(viewer)
    value = session.recipe.replace(link=Nearest(max_distance_px=7))
    dock._form.value = value
    assert session.recipe.link == Nearest(max_distance_px=7)
    session.update(link=Trackpy(max_distance_px=11))
    assert dock._form.value.link == Trackpy(max_distance_px=11)


@pytest.mark.window
def test_an_event_moves_the_slider_and_the_camera_and_draws_the_circle(viewer, dock) -> None:
    viewer.dims.set_current_step(0, 0)
    choose(dock, "ends")
    (event,) = dock.session.followed.tables.events.query("kind == 'end'").to_dict("records")
    assert (event[FRAME], event[TRACK_ID]) == (6, 3)
    assert dock.session.frame == 6
    np.testing.assert_allclose(camera_of(viewer).center[-2:], (event[Y_PX], event[X_PX]))
    vectors = viewer.layers["search"].data
    place = np.array((event[Y_PX], event[X_PX]))
    np.testing.assert_allclose(np.linalg.norm(vectors[:-1, 0] - place, axis=1), 10)
    # The cell itself, 16 px on in the next frame, is the one candidate.
    np.testing.assert_allclose(vectors[-1, 1], (0, 16), atol=1e-6)


def test_space_goes_through_the_list_and_counts_down(viewer, qtbot, dock) -> None:
    table = part(dock, QTableView, "track_event_table")
    label = part(dock, QLabel, "track_n_events")
    n_events = len(listed(dock))
    before = dock._events.n_to_look_at()
    assert label.text() == f"{before} to look at"
    rows = []
    for _ in range(n_events):
        qtbot.keyClick(table, Qt.Key.Key_Space)
        rows.append(table.currentIndex().row())
    assert rows == list(range(n_events))
    assert label.text() == "nothing to look at"


def test_what_is_fine_stays_off_the_list_when_tracks_are_made_anew(viewer, qtbot, dock) -> None:
    session = session_of(viewer)
    choose(dock, "ends")
    part(dock, QPushButton, "track_fine").click()
    assert not [event for event in listed(dock) if "ends" in event[2]]
    session.update(link=session.recipe.link.replace(max_distance_px=11))
    wait_for_tracks(qtbot, session, whole=True)
    assert not [event for event in listed(dock) if "ends" in event[2]]
    shown = part(dock, QPushButton, "track_show_dismissed")
    assert shown.text() == "Show dismissed (1)"
    shown.click()
    choose(dock, "ends")
    part(dock, QPushButton, "track_fine").click()
    shown.click()
    assert [event for event in listed(dock) if "ends" in event[2]]
    assert shown.isHidden()


def test_a_gap_shows_in_the_detections(viewer, dock) -> None:
    gap = dock.session.followed.tables.events.query("kind == 'gap'")
    assert gap[FRAME].tolist() == [6]
    track = int(gap[TRACK_ID].iloc[0])
    tracks, seen = viewer.layers["tracks"].data, viewer.layers["detections"].data
    y = tracks[tracks[:, 0] == track][0, 2]
    assert sorted(seen[np.isclose(seen[:, 1], y)][:, 0]) == [t for t in range(N_FRAMES) if t != 5]


def test_the_advice_is_that_of_the_advisor(viewer, qtbot, dock) -> None:
    sentence = part(dock, QLabel, "track_radius_sentence")
    qtbot.waitUntil(lambda: sentence.text() != "", timeout=60_000)
    advice = advise_radius(dock.session.followed.tables.objects, N_FRAMES)
    assert sentence.text() == advice.sentence
    button = part(dock, QPushButton, "track_radius_use")
    assert button.text() == f"Use {advice.suggested_px:g} px"
    button.click()
    assert dock.session.recipe.link.max_distance_px == advice.suggested_px
    assert button.isHidden()


def test_dragging_the_line_changes_the_radius(viewer, qtbot, dock) -> None:
    sentence = part(dock, QLabel, "track_radius_sentence")
    qtbot.waitUntil(lambda: sentence.text() != "", timeout=60_000)
    chart = part(dock, Chart, "track_radius_chart")
    viewer.window.show()
    qtbot.waitUntil(lambda: chart.px_of(1.0) > 0, timeout=60_000)
    assert chart.limit_x == 10
    start, end = (QPointF(chart.px_of(x), 40).toPoint() for x in (10.0, 6.0))
    qtbot.mousePress(chart, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(chart, end)
    qtbot.mouseRelease(chart, Qt.MouseButton.LeftButton, pos=end)
    radius = dock.session.recipe.link.max_distance_px
    assert radius == pytest.approx(chart.x_at(end.x()), abs=0.06)
    assert radius < 9
    assert dock._form.value.link.max_distance_px == radius
    qtbot.waitUntil(lambda: "search" in viewer.layers, timeout=60_000)
    np.testing.assert_allclose(circle_radius(viewer), radius)


@pytest.mark.parametrize("view", ["Number of tracks", "Ambiguous links", "Lengths of links"])
def test_each_view_of_the_radius_has_something_to_show(viewer, qtbot, dock, view) -> None:
    sentence = part(dock, QLabel, "track_radius_sentence")
    qtbot.waitUntil(lambda: sentence.text() != "", timeout=60_000)
    part(dock, QComboBox, "track_radius_view").setCurrentText(view)
    (drawn,) = (
        each for each in part(dock, Chart, "track_radius_chart").series if hasattr(each, "x")
    )
    if view == "Lengths of links":
        # Four cells without a flaw, and the pieces of the other two.
        n_links = dock.session.followed.tables.objects["link_distance_px"].notna().sum()
        assert drawn.height.sum() == n_links
    else:
        assert len(drawn.x) == 30


def test_the_circle_is_round_the_cell_nearest_to_the_middle_of_the_view(viewer, dock) -> None:
    viewer.dims.set_current_step(0, 3)
    camera_of(viewer).center = (0, 13, 20)
    part(dock, QCheckBox, "track_circle").setChecked(True)
    middle = viewer.layers["search"].data[:, 0].mean(axis=0)
    np.testing.assert_allclose(middle, (12.5, 20.5), atol=0.6)
    dock.session.pick(int(track_at(dock, 3, 100)))
    np.testing.assert_allclose(viewer.layers["search"].data[:, 0].mean(axis=0)[0], 100.5, atol=0.6)
    part(dock, QCheckBox, "track_circle").setChecked(False)
    assert len(viewer.layers["search"].data) == 0


def test_a_click_on_a_cell_picks_its_track_and_marks_its_events(viewer, dock) -> None:
    viewer.dims.set_current_step(0, 6)
    objects = dock.session.followed.tables.objects
    cell = objects[(objects[FRAME] == 6) & (objects[TRACK_ID] == 3)].iloc[0]
    dock.session._pick_at((6, cell[Y_PX] + 2, cell[X_PX] - 2))
    assert dock.session.picked == 3
    model = part(dock, QTableView, "track_event_table").model()
    marked = {
        model.rows.iloc[row][TRACK_ID]
        for row in range(model.rowCount())
        if model.data(model.index(row, 0), Qt.ItemDataRole.BackgroundRole) is not None
    }
    assert marked == {3}
    dock.session._pick_at((6, 2.0, 110.0))
    assert dock.session.picked == 0


@pytest.mark.window
def test_tracks_take_the_colour_that_is_chosen_and_keep_it(viewer, qtbot, dock) -> None:
    menu = part(dock, QComboBox, "track_colour_by")
    menu.setCurrentIndex(menu.findText("Speed (px per step)"))
    menu.activated.emit(menu.currentIndex())
    assert viewer.layers["tracks"].color_by == "step_px"
    dock.session.update(link=Nearest(max_distance_px=9))
    wait_for_tracks(qtbot, dock.session, whole=True)
    assert viewer.layers["tracks"].color_by == "step_px"
    assert menu.currentData() == "step_px"


def test_comparing_tells_the_links_that_a_smaller_radius_loses(viewer, qtbot, dock) -> None:
    session = dock.session
    session.update(link=Nearest(max_distance_px=20))
    wait_for_tracks(qtbot, session, whole=True)
    part(dock, QPushButton, "track_keep_a").click()
    session.update(link=Nearest(max_distance_px=10))
    sentence = part(dock, QLabel, "track_difference")
    qtbot.waitUntil(lambda: "Only in" in sentence.text(), timeout=60_000)
    links = part(dock, QTableView, "track_links").model().rows
    # The third cell's step of 16 px to frame 7.
    assert links[["run", FRAME]].to_numpy().tolist() == [["A", 7]]
    np.testing.assert_allclose(links[X_PX] - links["x_before_px"], 16)
    assert "1 link," in sentence.text()
    assert len(viewer.layers["compared"].data) == 1
    part(dock, QTableView, "track_links").selectRow(0)
    assert session.frame == 7
    part(dock, QPushButton, "track_forget_a").click()
    assert "compared" not in [layer.name for layer in viewer.layers]


def test_undo_brings_the_radius_back(viewer, qtbot, dock) -> None:
    dock._take_radius(5.0)
    assert part(dock, Chart, "track_radius_chart").limit_x == 5
    dock.session.undo()
    assert dock.session.recipe.link.max_distance_px == 10
    assert part(dock, Chart, "track_radius_chart").limit_x == 10


@pytest.mark.parametrize("n_frames", [1, 2])
def test_one_frame_says_so_and_two_are_a_movie(viewer, qtbot, moving, open_track, n_frames) -> None:
    session = session_of(viewer)
    session.open_layer(viewer.add_image(moving[:n_frames]))
    dock = open_track()
    qtbot.waitUntil(lambda: session.found is not None, timeout=60_000)
    qtbot.wait(200)
    assert ("tracks" in [layer.name for layer in viewer.layers]) == (n_frames == 2)
    assert ("one image" in part(dock, QLabel, "track_foot").text()) == (n_frames == 1)


def test_a_movie_without_cells_has_no_tracks(viewer, qtbot, open_track) -> None:
    dock = open_movie_in(viewer, qtbot, np.full((4, 60, 60), 100, np.uint16), open_track)
    assert part(dock, QLabel, "track_number").text() == "0"
    assert listed(dock) == []
    assert "tracks" not in [layer.name for layer in viewer.layers]


def test_an_empty_frame_is_named(viewer, qtbot, moving, open_track) -> None:
    moving[4] = 100
    dock = open_movie_in(viewer, qtbot, moving, open_track)
    dock.session.update(link=Nearest(max_distance_px=10, max_gap_frames=0))
    wait_for_tracks(qtbot, dock.session, whole=True)
    assert [event for event in listed(dock) if "frame 4 is empty" in event[2]]


def test_a_linker_that_gives_up_says_so_in_a_sentence(viewer, qtbot, dock, moving) -> None:
    layer = viewer.layers["tracks"]
    before = layer.data.copy()
    dock.session.failed.emit("Too many cells lie within 900 px; lower the search radius.")
    foot = part(dock, QLabel, "track_foot")
    assert foot.text() == "Too many cells lie within 900 px; lower the search radius."
    assert foot.property("role") == "problem"
    np.testing.assert_array_equal(layer.data, before)


def test_removing_the_image_while_it_runs_leaves_no_tracks(viewer, qtbot, dock) -> None:
    dock.session.run_all()
    viewer.layers.remove("movie")
    qtbot.waitUntil(lambda: not dock.session.run_state.running, timeout=60_000)
    qtbot.wait(300)
    names = [layer.name for layer in viewer.layers]
    assert not {"tracks", "detections", "search"} & set(names)
    assert part(dock, QLabel, "track_number").text() == "–"
    assert listed(dock) == []


def test_closing_the_dock_while_it_runs_stops_nothing_else(viewer, qtbot, dock) -> None:
    session = dock.session
    session.run_all()
    session.update(link=Nearest(max_distance_px=6))
    viewer.window.remove_dock_widget(dock)
    dock.deleteLater()
    qtbot.wait(500)
    # Nobody is told of picks, and nobody looks, so clicks into the picture are none of ours.
    assert not len(session.picked_changed)
    followed = session.followed
    session.run_all()
    qtbot.waitUntil(lambda: not session.run_state.running, timeout=10_000)
    assert session.followed is followed
    session.pick(2)
    session.update(link=Nearest(max_distance_px=7))
    qtbot.wait(200)


def test_a_dock_opened_late_shows_the_tracks_that_there_are(
    viewer, qtbot, dock, open_track
) -> None:
    events = listed(dock)
    viewer.layers.remove("tracks")
    second = open_track()
    assert listed(second) == events
    assert part(second, QLabel, "track_number").text() == part(dock, QLabel, "track_number").text()
    assert "tracks" in [layer.name for layer in viewer.layers]


def test_two_viewers_have_tracks_of_their_own(qtbot, dock, make_viewer, recipe) -> None:
    viewer, other = dock.viewer, make_viewer()
    session = session_of(other)
    session.set_recipe(recipe)
    session.preview_frames = 3
    pixels = np.full((3, 60, 60), 100, np.uint16)
    pixels[:, 20:30, 20:30] = 600
    session.open_layer(other.add_image(pixels))
    second = TrackCells(other)
    other.window.add_dock_widget(second)
    wait_for_tracks(qtbot, session, whole=True)
    assert len(other.layers["tracks"].data) == 3
    assert len(viewer.layers["tracks"].data) == 5 * N_FRAMES - 1
    session.pick(1)
    assert dock.session.picked == 0
    choose(dock, "ends")
    assert session.reviewed is not dock.session.reviewed
    other.close()


def test_kinds_of_events_keep_the_order_of_the_table(viewer, dock) -> None:
    events = dock.session.followed.tables.events
    assert_frame_equal(dock._events.value()[list(events)], events)
    assert {"gap", "end", "start"} <= set(events[KIND])


def test_a_linker_that_gives_up_says_so_and_the_tracks_stay(viewer, qtbot, dock) -> None:
    session = dock.session
    pixels = np.full((3, 300, 300), 100, np.uint16)
    for row in range(20):
        for column in range(20):
            y, x = 15 * row + 4, 15 * column + 4
            pixels[:, y : y + 7, x : x + 7] = 600
    session.open_layer(viewer.add_image(pixels))
    wait_for_tracks(qtbot, session, whole=True)
    n_tracks = len(session.followed.tables.tracks)
    # A radius of many spacings leaves trackpy with one puzzle of all cells, which it refuses.
    session.update(link=Trackpy(max_distance_px=60, adaptive_stop_px=59))
    qtbot.waitUntil(lambda: session.problem != "", timeout=60_000)
    assert "trackpy" in part(dock, QLabel, "track_foot").text()
    assert len(session.followed.tables.tracks) == n_tracks
    session.update(link=Nearest(max_distance_px=7))
    wait_for_tracks(qtbot, session, whole=True)
    assert session.problem == ""


def test_tracks_are_drawn_over_planes_and_channels_together(viewer, qtbot, moving) -> None:
    stack = np.stack([np.stack([moving, moving], 1)] * 2, 2)  # T, C, Z, Y, X
    session = session_of(viewer)
    session.update(input=session.recipe.input.replace(axes="TCZYX", project_z="max"))
    session.open_layer(viewer.add_image(stack))
    dock = TrackCells(viewer)
    viewer.window.add_dock_widget(dock, name="Track")
    wait_for_tracks(qtbot, session)
    layer = viewer.layers["tracks"]
    followed = session.followed.tables.objects
    assert len(layer.data) == (followed[TRACK_ID] > 0).sum()
    assert layer.ndim == 5
