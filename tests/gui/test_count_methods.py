"""How cells are found, from the dock: every method, the level to drag, and suggested settings."""

from __future__ import annotations

import numpy as np
import pytest
from count_scenes import settle
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QAbstractSpinBox, QComboBox, QLabel, QPushButton, QSlider, QToolButton
from skimage.filters import threshold_otsu

from napari_celltrack.engine import segment_frame
from napari_celltrack.engine.levels import in_few_bars
from napari_celltrack.field_facts import methods_of
from napari_celltrack.gui.charts.chart import Chart
from napari_celltrack.gui.layers import movie_layers
from napari_celltrack.gui.session import session_of
from napari_celltrack.preprocess import Invert
from napari_celltrack.recipe import Recipe
from napari_celltrack.segment import (
    Contrast,
    LogBlobs,
    Manual,
    Otsu,
    Regions,
    histogram,
)


def method_names(cls: type, field: str) -> list[str]:
    """Return the names of the methods that a field may hold."""
    methods = methods_of(cls.model_fields[field].annotation)
    return [each.model_fields["method"].default for each in methods]


def assert_the_layer_is_what_the_engine_finds(viewer) -> None:
    session = session_of(viewer)
    assert session.problem == ""
    wanted = segment_frame(session.movie, session.recipe, session.frame)
    np.testing.assert_array_equal(movie_layers.cells_layer(viewer).data[session.frame], wanted)


def choose(dock, path: str, method: str) -> None:
    menu = dock.findChild(QComboBox, f"{path}.method")
    menu.setCurrentIndex(menu.findData(method))


@pytest.fixture
def dock(viewer, open_count, scene):
    viewer.add_image(scene)
    viewer.dims.set_current_step(0, 1)
    return open_count()


@pytest.mark.parametrize("method", method_names(Recipe, "segment"))
def test_each_way_to_segment_gives_the_labels_of_the_engine(viewer, dock, qtbot, method):
    choose(dock, "segment", method)
    assert session_of(viewer).recipe.segment.method == method
    settle(qtbot)
    assert_the_layer_is_what_the_engine_finds(viewer)


@pytest.mark.parametrize("method", method_names(Regions, "threshold"))
def test_each_threshold_gives_the_labels_of_the_engine(viewer, dock, qtbot, method):
    choose(dock, "segment.threshold", method)
    assert session_of(viewer).recipe.segment.threshold.method == method
    settle(qtbot)
    assert_the_layer_is_what_the_engine_finds(viewer)


@pytest.mark.parametrize("method", method_names(Regions, "split"))
def test_each_split_gives_the_labels_of_the_engine(viewer, dock, qtbot, method):
    choose(dock, "segment.split", method)
    assert session_of(viewer).recipe.segment.split.method == method
    settle(qtbot)
    assert_the_layer_is_what_the_engine_finds(viewer)


@pytest.mark.parametrize("method", method_names(Regions, "morphology"))
def test_each_step_of_cleaning_up_gives_the_labels_of_the_engine(viewer, dock, qtbot, method):
    menu = dock.findChild(QToolButton, "segment.morphology.add").menu()
    title = method.replace("_", " ").capitalize()
    next(action for action in menu.actions() if action.text() == title).trigger()
    assert session_of(viewer).recipe.segment.morphology[-1].method == method
    settle(qtbot)
    assert_the_layer_is_what_the_engine_finds(viewer)


# The histogram


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("n_bars", [1, 7, 160])
def test_few_bars_hold_all_pixels_at_their_levels(dtype, n_bars):
    image = np.random.default_rng(0).integers(3, 201, (50, 60)).astype(dtype)
    pixels = histogram(image)
    centers, counts, width = in_few_bars(pixels, n_bars)
    assert len(centers) == len(counts) <= n_bars
    assert counts.sum() == image.size
    for center, count in zip(centers, counts, strict=True):
        inside = (image >= center - width / 2) & (image < center + width / 2)
        # A float bin may begin a hair beside a value.
        assert abs(inside.sum() - count) <= (0 if dtype != np.float32 else 100)


def test_a_constant_image_is_one_bar():
    centers, counts, width = in_few_bars(histogram(np.full((4, 5), 9, np.uint8)), 100)
    assert (centers.tolist(), counts.tolist(), width) == ([9.0], [20.0], 1.0)


def drag(chart: Chart, qtbot, level: float) -> None:
    def place(x: float) -> QPoint:
        return QPoint(round(chart.px_of(x)), 30)

    qtbot.mousePress(chart, Qt.MouseButton.LeftButton, pos=place(chart.limit_x))
    qtbot.mouseMove(chart, place(level))
    qtbot.mouseRelease(chart, Qt.MouseButton.LeftButton, pos=place(level))


def test_dragging_the_line_changes_the_offset(viewer, dock, qtbot, scene):
    session = session_of(viewer)
    session.update(segment=Regions(threshold=Otsu()))
    settle(qtbot)
    chart = dock.findChild(Chart, "count_histogram")
    automatic = threshold_otsu(scene[1])
    assert chart.mark_x == chart.limit_x == automatic
    assert sum(part.height.sum() for part in chart.series) == scene[1].size
    drag(chart, qtbot, automatic + 200)
    offset = session.recipe.segment.threshold.offset
    a_pixel = (chart.x_at(200) - chart.x_at(100)) / 100
    assert offset == pytest.approx(200, abs=a_pixel)
    assert dock.findChild(QAbstractSpinBox, "segment.threshold.offset").value() == offset
    assert chart.mark_x == automatic
    notes = [label.text() for label in dock.findChildren(QLabel) if "auto " in label.text()]
    assert f"auto {automatic:.4g} → {automatic + offset:.4g}" in notes
    settle(qtbot)
    assert_the_layer_is_what_the_engine_finds(viewer)


def test_turning_the_offset_moves_the_line(viewer, dock, qtbot, scene):
    session_of(viewer).update(segment=Regions(threshold=Otsu(factor=2.0)))
    settle(qtbot)
    dock.findChild(QAbstractSpinBox, "segment.threshold.offset").setValue(-50)
    chart = dock.findChild(Chart, "count_histogram")
    assert chart.limit_x == 2 * threshold_otsu(scene[1]) - 50


def test_dragging_the_line_of_a_fixed_level_changes_the_level(viewer, dock, qtbot):
    settle(qtbot)
    chart = dock.findChild(Chart, "count_histogram")
    assert (chart.limit_x, chart.mark_x) == (300.0, None)
    drag(chart, qtbot, 500)
    level = session_of(viewer).recipe.segment.threshold.value
    assert level == pytest.approx(500, abs=5)
    assert dock.findChild(QAbstractSpinBox, "segment.threshold.value").value() == level


def test_a_method_without_one_level_says_so(viewer, dock, qtbot):
    why = dock.findChild(QLabel, "count_no_level")
    assert why.isHidden()
    session_of(viewer).update(segment=Regions(threshold=Contrast()))
    assert not why.isHidden()
    assert dock.findChild(Chart, "count_histogram").isHidden()
    session_of(viewer).update(segment=LogBlobs())
    assert not dock.findChild(Chart, "count_histogram").isVisible()
    settle(qtbot)


def test_the_histogram_is_that_of_the_image_after_the_steps(viewer, dock, qtbot, scene):
    session_of(viewer).update(preprocess=(Invert(),))
    settle(qtbot)
    (shown,) = dock.findChild(Chart, "count_histogram").series
    session = session_of(viewer)
    image = Invert()(session.recipe.input(session.movie, 1))
    centers, counts, _ = in_few_bars(histogram(image), 160)
    np.testing.assert_array_equal(shown.x, centers[counts > 0])
    np.testing.assert_array_equal(shown.height, counts[counts > 0])


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((40, 40), np.uint8),
        np.full((3, 40, 40), 65535, np.uint16),
        np.linspace(0, 1, 1600).reshape(40, 40),
        np.full((40, 40), np.nan, np.float32),
        np.random.default_rng(0).integers(0, 2**31, (40, 40)).astype(np.uint32),
        np.random.default_rng(0).integers(0, 255, (40, 40, 3)).astype(np.uint8),
    ],
    ids=["empty", "saturated", "float64", "nan", "uint32", "rgb"],
)
@pytest.mark.parametrize("threshold", [Otsu(), Manual(), Contrast()])
def test_strange_images_are_counted_or_refused_in_words(
    viewer, open_count, qtbot, image, threshold
):
    viewer.add_image(image, rgb=image.ndim == 3 and image.shape[-1] == 3)
    session = session_of(viewer)
    session.update(segment=Regions(threshold=threshold))
    dock = open_count()
    settle(qtbot)
    foot = dock.findChild(QLabel, "count_foot")
    assert foot.text().endswith(".") or " cell" in foot.text()
    if not session.problem:
        assert dock.findChild(QLabel, "count_number").text() == str(session.found.n_cells)


# Suggested settings


def test_suggested_settings_are_applied_said_and_undone(viewer, dock, qtbot, scene):
    session = session_of(viewer)
    before = Recipe(segment=Regions(threshold=Manual(value=60_000.0)))
    session.set_recipe(before)
    settle(qtbot)
    assert dock.findChild(QLabel, "count_number").text() == "0"
    dock.findChild(QPushButton, "count_suggest").click()
    assert not dock.findChild(QPushButton, "count_suggest").isEnabled()
    settle(qtbot)
    assert session.recipe != before
    assert dock.findChild(QPushButton, "count_suggest").isEnabled()
    assert dock.findChild(QLabel, "count_number").text() == "5"
    assert len(dock.findChild(QLabel, "count_foot").text()) > 60
    assert_the_layer_is_what_the_engine_finds(viewer)
    session.undo()
    assert session.recipe == before
    settle(qtbot)


def test_an_empty_frame_is_told_and_changes_nothing(viewer, dock, qtbot):
    session = session_of(viewer)
    viewer.dims.set_current_step(0, 2)
    settle(qtbot)
    before = session.recipe
    dock.findChild(QPushButton, "count_suggest").click()
    settle(qtbot)
    assert session.recipe == before
    assert "nothing is suggested" in dock.findChild(QLabel, "count_foot").text()


def test_settings_that_were_changed_meanwhile_are_kept(viewer, dock, qtbot):
    session = session_of(viewer)
    dock.findChild(QPushButton, "count_suggest").click()
    wanted = session.recipe.replace(segment=Regions(threshold=Manual(value=250.0)))
    session.set_recipe(wanted)
    settle(qtbot)
    assert session.recipe == wanted


class Press:
    """A press of the mouse, as the canvas of napari hands it to a callback."""

    def __init__(self, position: tuple[float, ...]) -> None:
        self.button, self.type = 1, "mouse_press"
        self.position, self.pos = position, np.array([50.0, 50.0])


def click(viewer, position: tuple[float, ...], moved_px: float = 0.0) -> None:
    """Press, maybe move, and release, as napari runs a callback."""
    event = Press(position)
    running = viewer.mouse_drag_callbacks[-1](viewer, event)
    next(running, None)
    if moved_px:
        event.type, event.pos = "mouse_move", event.pos + moved_px
        next(running, None)
    event.type = "mouse_release"
    next(running, None)


def test_clicks_are_collected_and_suggested_from(viewer, open_count, qtbot, scene):
    viewer.add_image(scene, scale=(1, 0.5, 0.5))
    viewer.dims.set_current_step(0, 1)
    dock = open_count()
    n_callbacks = len(viewer.mouse_drag_callbacks)
    toggle = dock.findChild(QPushButton, "count_click")
    toggle.click()
    assert len(viewer.mouse_drag_callbacks) == n_callbacks + 1
    click(viewer, (1, 9.0, 6.0))
    click(viewer, (1, 9.0, 6.0), moved_px=30)  # a drag of the canvas
    click(viewer, (1, 9.0, 22.0), moved_px=1)  # no hand is quite still
    click(viewer, (1, 500.0, 6.0))  # beside the image
    assert toggle.text() == "2 cells clicked"
    suggest = dock.findChild(QPushButton, "count_suggest")
    assert suggest.text() == "Suggest from 2 cells"
    suggest.click()
    settle(qtbot)
    assert not toggle.isChecked()
    assert len(viewer.mouse_drag_callbacks) == n_callbacks
    labels = movie_layers.cells_layer(viewer).data[1]
    assert labels[18, 12] != labels[18, 44] != 0


def test_another_frame_begins_with_no_clicks(viewer, dock, qtbot):
    dock.findChild(QPushButton, "count_click").click()
    click(viewer, (1, 18.0, 12.0))
    assert dock.findChild(QPushButton, "count_click").text() == "1 cell clicked"
    viewer.dims.set_current_step(0, 3)
    assert dock.findChild(QPushButton, "count_click").text() == "0 cells clicked"
    settle(qtbot)


def test_a_closed_dock_leaves_the_canvas_alone(viewer, dock, qtbot):
    n_callbacks = len(viewer.mouse_drag_callbacks)
    dock.findChild(QPushButton, "count_click").click()
    dock.findChild(QPushButton, "count_suggest").click()
    viewer.window.remove_dock_widget(dock)
    dock.deleteLater()
    qtbot.wait(50)
    assert len(viewer.mouse_drag_callbacks) == n_callbacks
    settle(qtbot)


def test_removing_the_image_or_the_window_while_it_suggests(viewer, dock, qtbot):
    before = session_of(viewer).recipe
    dock.findChild(QPushButton, "count_suggest").click()
    viewer.layers.clear()
    settle(qtbot)
    assert session_of(viewer).recipe.input == before.input
    assert "Open an image" in dock.findChild(QLabel, "count_foot").text()


# The window answers


@pytest.mark.window
@pytest.mark.parametrize("what", ["line", "slider"])
def test_dragging_does_not_block_the_window(viewer, open_count, qtbot, gui_blocked_ms, what):
    image = np.random.default_rng(0).normal(200, 5, (4, 512, 512)).astype(np.uint16)
    image[:, 20:-20:60, 20:-20:60] += 5000
    viewer.add_image(image)
    session_of(viewer).update(segment=Regions(threshold=Otsu()))
    dock = open_count()
    viewer.window.show()
    settle(qtbot)
    chart = dock.findChild(Chart, "count_histogram")
    slider = dock.findChild(QSlider, "objects.min_area_px2.slider")
    for _ in gui_blocked_ms.tries():
        for step in range(20):
            if what == "line":
                chart._drag_to(60 + 10 * step)
            else:
                slider.setValue(10 * step)
            qtbot.wait(20)
        settle(qtbot)
