"""The dock *Measure & plots*: what is measured, and which tracks are kept."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from measure_scenes import engine_tables, open_measure_in, wait_for_numbers
from pandas.testing import assert_frame_equal
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QCheckBox, QComboBox, QLabel, QPushButton, QToolButton

from napari_celltrack.analysis import TrackFilter
from napari_celltrack.analysis.track_filter import Limit
from napari_celltrack.gui.charts.range_chart import RangeChart
from napari_celltrack.gui.docks.measure.measure_plots import MeasurePlots
from napari_celltrack.gui.docks.plots.plot_panel import PlotPanel
from napari_celltrack.gui.session import session_of
from napari_celltrack.link import Assignment
from napari_celltrack.measure import Measure, Ring
from napari_celltrack.movie import movie_from_array
from napari_celltrack.recipe import Recipe
from napari_celltrack.tables import FRAME, TRACK_ID, X_PX, Y_PX

N_FRAMES = 12
#: In how many frames each square of the scene is seen.
SEEN = (12, 12, 9, 6, 3)


@pytest.fixture
def moving() -> np.ndarray:
    """Return a movie (12, 120, 120) of five squares, each there from the first frame for SEEN."""
    movie = np.random.default_rng(0).normal(100, 3, (N_FRAMES, 120, 120))
    for cell, n_frames in enumerate(SEEN):
        for frame in range(n_frames):
            x = 10 + (1 + cell) * frame
            movie[frame, 8 + 22 * cell : 18 + 22 * cell, x : x + 10] += 500
    return movie.astype(np.uint16)


@pytest.fixture
def recipe(recipe) -> Recipe:
    """Return the recipe of the squares, linked within 10 px."""
    return recipe.replace(link=Assignment(max_distance_px=10, divisions=False))


@pytest.fixture
def dock(viewer, qtbot, moving) -> MeasurePlots:
    return open_measure_in(viewer, qtbot, moving)


def part(dock: MeasurePlots, kind: type, name: str):
    found = dock.findChild(kind, name)
    assert found is not None, f"{name} is not in the dock"
    return found


def said(dock: MeasurePlots, name: str) -> str:
    return part(dock, QLabel, f"measure_{name}").text()


def assert_is_engines(session, others=None) -> None:
    """Hold the tables of the docks to those that the engine makes with the same recipe."""
    wanted, got = engine_tables(session, others), session.followed.tables
    for name in ("objects", "tracks", "counts", "events", "drift"):
        assert_frame_equal(getattr(got, name), getattr(wanted, name), obj=name)


def shown_tracks(viewer) -> set[int]:
    return {int(track_id) for track_id in viewer.layers["tracks"].data[:, 0]}


def drawn_tracks(plot: PlotPanel) -> set[int]:
    drawn = plot.canvas.plot
    return set() if drawn is None else set(drawn.points.track_id.tolist())


def drag(dock: MeasurePlots, qtbot, from_x: float, to_x: float) -> None:
    """Drag the line nearest to a value of the histogram to another value."""
    chart = part(dock, RangeChart, "measure_filter_chart")
    y = chart.height() // 2
    start, end = (QPoint(round(chart.px_of(x)), y) for x in (from_x, to_x))
    qtbot.mousePress(chart, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(chart, pos=end)
    qtbot.mouseRelease(chart, Qt.MouseButton.LeftButton, pos=end)


def test_the_numbers_are_those_of_the_engine_whatever_is_measured(viewer, qtbot, dock) -> None:
    session = session_of(viewer)
    assert_is_engines(session)
    session.update(measure=Measure(statistics=("median", "sd"), ring=Ring(gap_px=1, width_px=3)))
    wait_for_numbers(qtbot, session)
    assert {"ch0_median", "ch0_sd", "ch0_background"} <= set(session.followed.tables.objects)
    assert_is_engines(session)


def test_the_controls_change_the_recipe_and_the_recipe_the_controls(viewer, qtbot, dock) -> None:
    session = session_of(viewer)
    part(dock, QPushButton, "measure_in").click()
    part(dock, QCheckBox, "statistics.sd").click()
    assert session.recipe.measure.statistics == ("mean", "max", "total", "sd")
    part(dock, QCheckBox, "ring.set").click()
    assert session.recipe.measure.ring == Ring()
    assert part(dock, QPushButton, "measure_ring").text().startswith("gap 2 px, width 5 px")
    part(dock, QCheckBox, "subtract_drift").click()
    assert session.recipe.motion.subtract_drift
    session.update(measure=Measure(statistics=("max",)))
    assert part(dock, QPushButton, "measure_ring").text().startswith("off")
    assert not part(dock, QCheckBox, "statistics.mean").isChecked()
    part(dock, QComboBox, "baseline.method").setCurrentIndex(2)
    assert session.recipe.traces.baseline.method == "first_frames"
    assert "first 10 frames" in dock._settings._baseline.text()


def test_common_drift_leaves_the_tracks_when_it_is_switched_off(viewer, qtbot, dock) -> None:
    session = session_of(viewer)
    before = session.followed.tables.tracks["path_px"]
    session.update(motion=session.recipe.motion.replace(subtract_drift=True))
    wait_for_numbers(qtbot, session)
    # All squares go right, so they share most of their way.
    assert not session.followed.tables.tracks["path_px"].equals(before)
    assert_is_engines(session)


def test_channels_are_chosen_by_name(viewer, qtbot, moving) -> None:
    colours = np.stack([moving, moving // 2, moving // 4], axis=-1).astype(np.uint16)
    session = session_of(viewer)
    session.preview_frames = N_FRAMES
    session.open_layer(viewer.add_image(colours, rgb=True, name="colours"))
    dock = MeasurePlots(viewer)
    viewer.window.add_dock_widget(dock, name="Measure")
    wait_for_numbers(qtbot, session)
    part(dock, QCheckBox, "measure_channel.green").click()
    assert session.recipe.measure.channels == ("red", "blue")
    wait_for_numbers(qtbot, session)
    columns = set(session.followed.tables.objects)
    assert {"red_mean", "blue_mean"} <= columns
    assert "green_mean" not in columns
    assert_is_engines(session)


def test_another_layer_is_measured_until_it_is_removed(viewer, qtbot, moving, dock) -> None:
    session = session_of(viewer)
    dye = (moving.astype(np.uint32) * 3).astype(np.uint16)
    layer = viewer.add_image(dye, name="dye")
    part(dock, QCheckBox, "measure_layer.dye").click()
    wait_for_numbers(qtbot, session)
    objects = session.followed.tables.objects
    np.testing.assert_allclose(objects["dye_mean"], 3 * objects["ch0_mean"], rtol=0.01)
    assert_is_engines(session, {"dye": movie_from_array(dye, "TYX", name="dye")})

    layer.name = "ink"
    wait_for_numbers(qtbot, session)
    assert "ink_mean" in session.followed.tables.objects
    viewer.layers.remove(layer)
    assert "ink was removed" in said(dock, "foot")
    wait_for_numbers(qtbot, session)
    assert_is_engines(session)


def test_a_layer_of_other_frames_is_refused_in_words(viewer, qtbot, moving, dock) -> None:
    viewer.add_image(moving[:5], name="short")
    box = part(dock, QCheckBox, "measure_layer.short")
    box.click()
    assert "5 frames" in said(dock, "foot")
    assert not box.isChecked()
    assert session_of(viewer).others.in_use == []


def test_a_limit_that_is_dragged_goes_through_layer_plots_and_tables(viewer, qtbot, dock) -> None:
    session = session_of(viewer)
    # What nobody sees is not drawn.
    viewer.window.show()
    assert said(dock, "number") == "5 tracks"
    assert said(dock, "caption") == "5 pass the filter"
    drag(dock, qtbot, 2, 7)
    # Squares of 12, 12 and 9 frames last 11, 11 and 8 from first to last detection.
    assert session.recipe.tracks.limits == (Limit(column="duration_frames", min=7),)
    wait_for_numbers(qtbot, session)
    kept = set(session.followed.tables.tracks[TRACK_ID])
    assert len(kept) == 3
    assert said(dock, "number") == "5 tracks"
    assert said(dock, "caption") == "3 pass the filter"
    assert shown_tracks(viewer) == kept
    for plot in dock._plots:
        qtbot.waitUntil(lambda plot=plot: drawn_tracks(plot) == kept, timeout=60_000)
    assert_is_engines(session)
    # The histogram still holds those that are left out.
    everyone, passing = part(dock, RangeChart, "measure_filter_chart").series
    assert (everyone.height.sum(), passing.height.sum()) == (5, 3)


def test_both_ends_are_lines_and_the_edge_is_no_limit(viewer, qtbot, dock) -> None:
    session = session_of(viewer)
    column = part(dock, QComboBox, "measure_filter_column")
    column.setCurrentIndex(column.findData("path_px"))
    tracks = session.followed.linked.tracks
    longest = float(tracks["path_px"].max())
    drag(dock, qtbot, longest, 20)
    (limit,) = session.recipe.tracks.limits
    assert limit.min is None
    assert limit.max == pytest.approx(20, abs=0.5)
    drag(dock, qtbot, 0, 12)
    (limit,) = session.recipe.tracks.limits
    assert (limit.min, limit.max) == pytest.approx((12, 20), abs=0.5)
    wait_for_numbers(qtbot, session)
    inside = tracks[(tracks["path_px"] >= limit.min) & (tracks["path_px"] <= limit.max)]
    assert set(session.followed.tables.tracks[TRACK_ID]) == set(inside[TRACK_ID])
    drag(dock, qtbot, 12, -100)
    drag(dock, qtbot, 20, 1000)
    assert session.recipe.tracks.limits == ()


def test_several_limits_are_listed_and_removed_one_by_one(viewer, qtbot, dock) -> None:
    session = session_of(viewer)
    limits = (Limit(column="duration_frames", min=3), Limit(column="path_px", min=5, max=30))
    session.update(tracks=TrackFilter(min_length_frames=4, limits=limits))
    rows = [part(dock, QPushButton, f"measure_limit_{key}") for key in ("length", "0", "1")]
    assert [row.text() for row in rows] == [
        "seen in at least 4 frames",
        "duration at least 3 frames",
        "path 5 to 30 px",
    ]
    rows[2].click()
    assert part(dock, QComboBox, "measure_filter_column").currentData() == "path_px"
    part(dock, QToolButton, "measure_forget_0").click()
    part(dock, QToolButton, "measure_forget_length").click()
    assert session.recipe.tracks == TrackFilter(limits=limits[1:])
    session.undo()
    assert session.recipe.tracks.min_length_frames == 4


def test_the_keyboard_moves_the_line(viewer, qtbot, dock) -> None:
    chart = part(dock, RangeChart, "measure_filter_chart")
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Right):
        qtbot.keyClick(chart, key)
    (limit,) = session_of(viewer).recipe.tracks.limits
    assert limit.min is not None
    qtbot.keyClick(chart, Qt.Key.Key_Up)
    qtbot.keyClick(chart, Qt.Key.Key_Left)
    (limit,) = session_of(viewer).recipe.tracks.limits
    assert limit.max is not None
    assert limit.max >= limit.min


def test_the_line_under_the_plots_tells_of_the_picked_track(viewer, qtbot, dock) -> None:
    session = session_of(viewer)
    objects = session.followed.tables.objects
    qtbot.waitUntil(lambda: said(dock, "where") != "", timeout=60_000)
    at = objects[(objects[FRAME] == 0) & (objects[Y_PX] < 20)]
    (track,) = at[TRACK_ID]
    session.go_to(6)
    session.pick(int(track))
    # The uppermost square goes 1 px a frame.
    assert said(dock, "where").startswith(f"Track {track}, frame 6: step 1 px, path 6 px.")
    session.go_to(0)
    assert "its first frame" in said(dock, "where")
    short = objects.loc[(objects[FRAME] == 0) & (objects[Y_PX] > 95), TRACK_ID].item()
    session.pick(int(short))
    session.go_to(8)
    assert "not seen in frame 8" in said(dock, "where")


def test_the_scale_of_the_layer_gives_micrometres(viewer, qtbot, dock) -> None:
    session = session_of(viewer)
    layer = viewer.layers["movie"]
    layer.units, layer.scale = ("pixel", "um", "um"), (1, 0.5, 0.5)
    session.go_to(6)
    session.pick(1)
    qtbot.waitUntil(lambda: "step 0.5 µm, path 3 µm" in said(dock, "where"), timeout=60_000)


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((4, 64, 64), np.uint8),
        np.full((64, 64), 900, np.uint16),
        np.zeros((1, 64, 64), np.float32),
    ],
    ids=["empty", "one image", "one frame"],
)
def test_nothing_to_follow_is_no_problem(viewer, qtbot, pixels) -> None:
    session = session_of(viewer)
    dock = MeasurePlots(viewer)
    viewer.window.add_dock_widget(dock, name="Measure")
    assert "open a movie" in said(dock, "foot")
    assert said(dock, "number") == "–"
    session.open_layer(viewer.add_image(pixels, name="still"))
    wait_for_numbers(qtbot, session)
    n_tracks = len(engine_tables(session).tracks)
    assert said(dock, "number").startswith(f"{n_tracks} track")
    assert session.problem == ""
    viewer.layers.clear()
    assert said(dock, "number") == "–"
    assert part(dock, RangeChart, "measure_filter_chart").series == ()


def test_what_is_stale_is_said(viewer, qtbot, moving) -> None:
    session = session_of(viewer)
    dock = open_measure_in(viewer, qtbot, moving)
    session.preview_frames = 4
    session.update(measure=Measure(statistics=("mean",)))
    wait_for_numbers(qtbot, session, 4)
    assert "the others stale" in said(dock, "foot")
    assert "frames 3–6" in said(dock, "caption")
    part(dock, QPushButton, "measure_run").click()
    wait_for_numbers(qtbot, session)
    assert said(dock, "caption") == "5 pass the filter"


def test_two_viewers_keep_their_own(viewer, qtbot, moving, make_viewer, recipe) -> None:
    dock = open_measure_in(viewer, qtbot, moving)
    second = make_viewer()
    session_of(second).set_recipe(recipe)
    other = open_measure_in(second, qtbot, moving[:, :72])
    drag(other, qtbot, 2, 7)
    wait_for_numbers(qtbot, session_of(second))
    assert session_of(viewer).recipe.tracks == TrackFilter()
    assert said(dock, "caption") == "5 pass the filter"
    assert said(other, "number") == "3 tracks"
    second.close()


@pytest.mark.window
def test_the_table_of_napari_has_a_row_a_cell_and_is_linked(viewer, qtbot, dock) -> None:
    from napari_builtins._qt.features_table import FeaturesTable

    session = session_of(viewer)
    dock._cell_table.open()
    layer = viewer.layers["detections"]
    features = pd.DataFrame(layer.features)
    objects = session.followed.tables.objects
    assert_frame_equal(
        features[[FRAME, TRACK_ID, Y_PX, X_PX, "ch0_mean"]],
        objects[[FRAME, TRACK_ID, Y_PX, X_PX, "ch0_mean"]],
    )
    table = viewer.window._qt_window.findChild(FeaturesTable)
    assert table is not None
    row = int(np.flatnonzero((objects[FRAME] == 4) & (objects[Y_PX] < 20))[0])
    table.table.selectRow(row)
    assert session.picked == objects[TRACK_ID][row]
    assert session.frame == 4
    session.select((2, 3))
    assert set(features.loc[sorted(layer.selected_data), TRACK_ID]) == {2, 3}
    # Other numbers come into the table that is open.
    session.update(measure=Measure(statistics=("sd",)))
    wait_for_numbers(qtbot, session)
    assert "ch0_sd" in layer.features
