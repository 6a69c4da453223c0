"""The strip of frame health."""

from __future__ import annotations

import numpy as np
import pytest
from movie_scenes import settle, text
from qtpy.QtWidgets import QToolButton

from napari_celltrack.analysis.frame_health import PROBLEM, frame_health, judge, summarise
from napari_celltrack.gui.charts.chart import Chart
from napari_celltrack.gui.session import session_of
from napari_celltrack.input import FrameRange
from napari_celltrack.preprocess import Gaussian


def test_the_health_of_the_frames_is_that_of_the_core(viewer, open_movie_dock, scene):
    viewer.add_image(scene)
    dock = open_movie_dock()
    session = session_of(viewer)
    table = judge(list(frame_health(session.movie, session.recipe.input)))
    assert dock._health.table.equals(table)
    assert text(dock, "movie_health_summary") == summarise(table)
    chart = dock.findChild(Chart, "movie_health")
    fine, wrong = chart.series
    assert wrong.x.tolist() == table["frame"][table[PROBLEM] != ""].tolist() == [2]
    assert fine.height.tolist() == table["mean"][table[PROBLEM] == ""].tolist()
    assert "empty" in dock._health.reason(2)
    assert dock._health.reason(99) == ""
    assert dock._health.reason(0).startswith("frame 0: nothing unusual")


def test_each_metric_has_a_bar_a_frame(viewer, open_movie_dock, scene):
    """The field moves by 3 px down in the last frame."""
    viewer.add_image(np.concatenate([scene[:2], np.roll(scene[1:2], 3, axis=1)]))
    dock = open_movie_dock()
    table = dock._health.table
    menu = dock.findChild(QToolButton, "movie_health_metric").menu()
    chart = dock.findChild(Chart, "movie_health")
    for metric, wanted in (
        ("saturated", table["saturated_percent"]),
        ("focus", table["focus"]),
        ("drift", np.hypot(table["step_y_px"].cumsum(), table["step_x_px"].cumsum())),
        ("mean", table["mean"]),
    ):
        next(action for action in menu.actions() if action.text() == metric).trigger()
        heights = np.sort(np.concatenate([bars.height for bars in chart.series]))
        np.testing.assert_allclose(heights, np.sort(wanted))
    assert table["step_y_px"].iloc[-1] == pytest.approx(3, abs=0.2)


def test_a_click_goes_to_the_frame_and_the_line_is_where_the_slider_is(
    viewer, open_movie_dock, scene
):
    viewer.add_image(scene)
    dock = open_movie_dock()
    chart = dock.findChild(Chart, "movie_health")
    chart.clicked.emit(3.3)
    assert session_of(viewer).frame == 3
    assert chart.cursor_x == 3
    viewer.dims.set_current_step(0, 1)
    assert chart.cursor_x == 1


def test_frames_are_looked_at_once_a_part_of_the_movie(
    viewer, open_movie_dock, scene, input_of, qtbot
):
    viewer.add_image(scene)
    dock = open_movie_dock()
    whole = dock._health.table
    dock._steps.add(Gaussian)  # health is that of the image as it is
    assert dock._health.table is whole
    session_of(viewer).update(input=input_of().replace(frames=FrameRange(start=1, stop=3)))
    settle(dock, qtbot)
    assert dock._health.table["frame"].tolist() == [1, 2]
    session_of(viewer).undo()
    assert dock._health.table is whole
