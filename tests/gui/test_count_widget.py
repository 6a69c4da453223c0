"""The dock *Count cells*."""

from __future__ import annotations

import threading

import npe2
import numpy as np
import pytest
from count_scenes import settle
from qtpy.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QFileDialog,
    QLabel,
    QScrollArea,
    QSlider,
    QSpinBox,
    QToolButton,
)

from napari_celltrack.engine import cell_source, segment_frame
from napari_celltrack.gui.charts.chart import Chart
from napari_celltrack.gui.charts.series import ChartLine
from napari_celltrack.gui.docks.count.count_cells import CountCells
from napari_celltrack.gui.layers import movie_layers
from napari_celltrack.gui.session import session_of
from napari_celltrack.measure import ObjectFilter
from napari_celltrack.recipe import Input, Recipe, TunedOn
from napari_celltrack.segment import Manual, Otsu, Regions

DOCK = "Count cells"


def text(dock, name: str) -> str:
    return dock.findChild(QLabel, name).text()


def trigger(dock, title: str) -> None:
    menu = dock.findChild(QToolButton, "count_recipe").menu()
    next(action for action in menu.actions() if action.text() == title).trigger()


def expected(viewer) -> np.ndarray:
    session = session_of(viewer)
    return segment_frame(session.movie, session.recipe, session.frame)


@pytest.mark.window
def test_the_number_of_cells_follows_the_slider(viewer, open_count, scene, qtbot, cells_of_frame):
    viewer.add_image(scene, name="nuclei")
    dock = open_count()
    for frame, n_cells in enumerate(cells_of_frame):
        viewer.dims.set_current_step(0, frame)
        qtbot.waitUntil(lambda n=n_cells: text(dock, "count_number") == str(n))
        qtbot.waitUntil(lambda f=frame: text(dock, "count_foot").startswith(f"frame {f}: "))
        assert text(dock, "count_caption").endswith(f"in frame {frame}")
        np.testing.assert_array_equal(
            movie_layers.cells_layer(viewer).data[frame], expected(viewer)
        )


def test_turning_a_knob_changes_the_layer(viewer, open_count, scene, qtbot):
    viewer.add_image(scene)
    viewer.dims.set_current_step(0, 1)
    dock = open_count()
    dock.findChild(QSpinBox, "objects.min_area_px2").setValue(5000)
    settle(qtbot)
    assert session_of(viewer).recipe.objects.min_area_px2 == 5000
    assert text(dock, "count_number") == "0"
    np.testing.assert_array_equal(movie_layers.cells_layer(viewer).data[1], expected(viewer))


@pytest.mark.window
def test_the_napari_menu_opens_the_dock(viewer, scene, qtbot):
    manifest = npe2.PluginManifest.from_distribution("napari-celltrack")
    manifest.validate_imports()
    if "napari-celltrack" not in npe2.PluginManager.instance():
        npe2.PluginManager.instance().register(manifest)
    viewer.add_image(scene)
    _, dock = viewer.window.add_plugin_dock_widget("napari-celltrack", DOCK)
    assert isinstance(dock, CountCells)
    session = session_of(viewer)
    qtbot.waitUntil(lambda: session.found is not None)
    assert text(dock, "count_number") == str(session.found.n_cells)


def test_two_docks_share_a_session_and_two_viewers_do_not(
    viewer, make_viewer, open_count, scene, qtbot
):
    viewer.add_image(scene)
    first, second = open_count(), open_count()
    first.findChild(QSpinBox, "objects.min_area_px2").setValue(55)
    assert second.findChild(QSpinBox, "objects.min_area_px2").value() == 55
    other = make_viewer()
    other.add_image(scene)
    dock = CountCells(other)
    other.window.add_dock_widget(dock)
    assert dock.findChild(QSpinBox, "objects.min_area_px2").value() != 55
    settle(qtbot)


def test_the_recipe_survives_closing_the_dock(viewer, open_count, scene, qtbot):
    viewer.add_image(scene)
    dock = open_count()
    dock.findChild(QSpinBox, "objects.min_area_px2").setValue(55)
    viewer.window.remove_dock_widget(dock)
    qtbot.wait(50)
    again = open_count()
    assert again.findChild(QSpinBox, "objects.min_area_px2").value() == 55


def test_after_closing_the_dock_nothing_is_computed(viewer, open_count, scene, qtbot):
    viewer.add_image(scene)
    viewer.dims.set_current_step(0, 1)
    dock = open_count()
    settle(qtbot)
    viewer.window.remove_dock_widget(dock)
    dock.deleteLater()
    qtbot.wait(50)
    viewer.dims.set_current_step(0, 3)
    settle(qtbot)
    assert session_of(viewer).found.frame == 1


@pytest.fixture
def slow(monkeypatch):
    """Let cells be looked for until the returned event is set."""
    go = threading.Event()

    def wait(*args):
        go.wait(10)
        return segment_frame(*args)

    monkeypatch.setattr(cell_source, "segment_frame", wait)
    yield go
    go.set()


def test_closing_the_dock_while_it_works(viewer, scene, slow, qtbot, lane_threads):
    viewer.add_image(scene)
    dock = CountCells(viewer)
    viewer.window.add_dock_widget(dock)
    assert session_of(viewer).preview_lane.busy
    viewer.window.remove_dock_widget(dock)
    dock.deleteLater()
    del dock
    qtbot.wait(50)
    slow.set()
    qtbot.waitUntil(lambda: not lane_threads())
    qtbot.wait(50)
    assert movie_layers.cells_layer(viewer) is None


@pytest.mark.window
def test_closing_the_window_while_it_works(viewer, scene, slow, qtbot, lane_threads):
    viewer.add_image(scene)
    viewer.window.add_dock_widget(CountCells(viewer))
    assert session_of(viewer).preview_lane.busy
    viewer.close()
    slow.set()
    qtbot.waitUntil(lambda: not lane_threads())
    qtbot.wait(50)


def test_removing_the_image_while_it_works(viewer, scene, slow, qtbot, lane_threads):
    image = viewer.add_image(scene)
    dock = CountCells(viewer)
    viewer.window.add_dock_widget(dock)
    viewer.layers.remove(image)
    slow.set()
    qtbot.waitUntil(lambda: not lane_threads())
    qtbot.wait(50)
    assert text(dock, "count_number") == "–"
    assert len(viewer.layers) == 0


def test_the_old_result_stays_until_the_new_one_is_there(viewer, scene, slow, qtbot):
    viewer.add_image(scene)
    viewer.dims.set_current_step(0, 0)
    dock = CountCells(viewer)
    viewer.window.add_dock_widget(dock)
    slow.set()
    qtbot.waitUntil(lambda: text(dock, "count_number") == "3")
    slow.clear()
    viewer.dims.set_current_step(0, 1)
    qtbot.wait(30)
    assert text(dock, "count_caption") == "cells in frame 0"
    assert dock.findChild(QLabel, "count_number").property("stale") is True
    slow.set()
    qtbot.waitUntil(lambda: text(dock, "count_number") == "5")


def test_no_image_is_a_friendly_sentence(viewer, open_count, scene, qtbot):
    dock = open_count()
    assert "Open an image" in text(dock, "count_foot")
    assert text(dock, "count_number") == "–"
    viewer.add_points(np.zeros((2, 2)))
    assert dock.findChild(QComboBox, "count_layer").count() == 0
    image = viewer.add_image(scene)
    qtbot.waitUntil(lambda: text(dock, "count_number") != "–")
    viewer.layers.remove(image)
    assert "Open an image" in text(dock, "count_foot")
    assert text(dock, "count_number") == "–"


def test_a_still_has_no_frames(viewer, open_count, scene, cells_of_frame, qtbot):
    viewer.add_image(scene[1])
    dock = open_count()
    settle(qtbot)
    assert text(dock, "count_number") == str(cells_of_frame[1])
    assert text(dock, "count_caption") == "cells"
    assert dock.findChild(Chart, "count_curve").parentWidget().isHidden()
    assert movie_layers.cells_layer(viewer).data.shape == (96, 96)


def test_the_channel_of_a_colour_image_is_chosen(viewer, open_count, scene, qtbot, cells_of_frame):
    colours = np.stack([scene[0], scene[1], scene[2]], axis=-1) // 4
    viewer.add_image(colours.astype(np.uint8), rgb=True)
    session_of(viewer).update(
        input=Input(channel="red"), segment=Regions(threshold=Manual(value=60.0))
    )
    dock = open_count()
    menu = dock.findChild(QComboBox, "count_channel")
    assert [menu.itemText(i) for i in range(menu.count())] == ["red", "green", "blue"]
    assert text(dock, "count_number") == str(cells_of_frame[0])
    menu.setCurrentIndex(1)
    menu.activated.emit(1)
    settle(qtbot)
    assert session_of(viewer).recipe.input.channel == "green"
    assert text(dock, "count_number") == str(cells_of_frame[1])


def test_one_outline_round_many_cells_is_said(viewer, open_count, qtbot) -> None:
    image = np.random.default_rng(0).normal(100, 3, (96, 160))
    for y in range(5):
        image[6 + 18 * y : 18 + 18 * y, 6:18] += 500
    image[16:80, 60:124] += 400
    for y, x in np.ndindex(3, 3):
        image[22 + 20 * y : 34 + 20 * y, 66 + 20 * x : 78 + 20 * x] += 200
    viewer.add_image(image.astype(np.uint16))
    dock = open_count()
    settle(qtbot)
    assert text(dock, "count_number") == "6"
    said = dock.in_words().sentence
    assert "1 outline is probably round several cells" in said
    # Corners are cut off by opening: 64² of 12² - 4.
    assert "29 times as large as the usual one, with 9 bright spots" in said


def test_another_layer_is_chosen(viewer, open_count, scene, qtbot, cells_of_frame):
    viewer.add_image(scene[0], name="three")
    viewer.add_image(scene[1], name="five")
    dock = open_count()
    assert text(dock, "count_number") == str(cells_of_frame[1])
    menu = dock.findChild(QComboBox, "count_layer")
    assert [menu.itemText(i) for i in range(menu.count())] == ["three", "five"]
    menu.activated.emit(0)
    settle(qtbot)
    assert text(dock, "count_number") == str(cells_of_frame[0])
    assert menu.currentText() == "three"
    viewer.layers["three"].name = "trois"
    assert menu.currentText() == "trois"


def test_a_refused_value_is_said_and_the_result_stays(viewer, open_count, scene, qtbot):
    viewer.add_image(scene)
    dock = open_count()
    settle(qtbot)
    before = text(dock, "count_number")
    dock.findChild(QCheckBox, "objects.max_area_px2.set").setChecked(True)
    dock.findChild(QSpinBox, "objects.max_area_px2").setValue(2)
    settle(qtbot)
    assert "must not be below" in text(dock, "count_foot")
    assert text(dock, "count_number") == before
    dock.findChild(QSpinBox, "objects.max_area_px2").setValue(2000)
    settle(qtbot)
    assert "frame" in text(dock, "count_foot")


def test_live_off_says_so(viewer, open_count, scene, qtbot):
    viewer.add_image(scene)
    dock = open_count()
    dock.findChild(QCheckBox, "count_live").setChecked(False)
    dock.findChild(QSpinBox, "objects.min_area_px2").setValue(77)
    settle(qtbot)
    assert "tick Live" in text(dock, "count_foot")
    assert dock.findChild(QLabel, "count_number").property("stale") is True
    dock.findChild(QCheckBox, "count_live").setChecked(True)
    settle(qtbot)
    assert dock.findChild(QLabel, "count_number").property("stale") is False


def test_a_recipe_is_saved_loaded_and_reset(viewer, open_count, scene, tmp_path, monkeypatch):
    viewer.add_image(scene)
    dock = open_count()
    path = tmp_path / "mine.yaml"
    for name in ("getSaveFileName", "getOpenFileName"):
        monkeypatch.setattr(QFileDialog, name, staticmethod(lambda *_: (str(path), "")))
    wanted = Recipe(
        segment=Regions(threshold=Otsu(offset=-3)), objects=ObjectFilter(min_area_px2=9)
    )
    session_of(viewer).set_recipe(wanted)
    trigger(dock, "Save recipe…")
    # With it goes what the movie was like, so that a run can say where another differs.
    wanted = wanted.replace(tuned_on=TunedOn.of(session_of(viewer).movie))
    assert Recipe.load(path) == wanted
    trigger(dock, "Reset")
    assert session_of(viewer).recipe == Recipe()
    default = Recipe().objects.min_area_px2
    assert dock.findChild(QSpinBox, "objects.min_area_px2").value() == default
    trigger(dock, "Load recipe…")
    assert session_of(viewer).recipe == wanted
    assert dock.findChild(QSpinBox, "objects.min_area_px2").value() == 9
    assert dock.findChild(QAbstractSpinBox, "segment.threshold.offset").value() == -3
    path.write_text("version: 1\nsegmnt: {}\n")
    trigger(dock, "Load recipe…")
    assert "segmnt" in text(dock, "count_foot")
    assert session_of(viewer).recipe == wanted


def test_um_stand_beside_pixels_when_the_units_are_known(viewer, open_count, scene, qtbot):
    image = viewer.add_image(scene)
    dock = open_count()

    def um() -> list[str]:
        return [label.text() for label in dock.findChildren(QLabel) if "µm" in label.text()]

    assert um() == []
    image.scale, image.units = (1, 0.5, 0.5), ("s", "um", "um")
    assert "7.5 µm²" in um()
    settle(qtbot)


@pytest.mark.window
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_nothing_is_cut_off_in_a_small_window(viewer, open_count, scene, qtbot, theme):
    viewer.theme = theme
    viewer.add_image(scene, scale=(1, 0.65, 0.65), units=("s", "um", "um"), name="nuclei " * 9)
    dock = open_count()
    viewer.window.resize(1000, 600)
    viewer.window.show()
    qtbot.wait(100)
    body = dock.findChild(QScrollArea)
    assert body.widget().width() <= body.viewport().width()
    menu = dock.findChild(QComboBox, "segment.threshold.method")
    for index in range(menu.count()):
        menu.setCurrentIndex(index)
        qtbot.wait(10)
        assert body.widget().minimumSizeHint().width() <= body.viewport().width()
    settle(qtbot)


def test_the_curve_shows_what_was_counted_and_goes_there(viewer, open_count, scene, qtbot):
    viewer.add_image(scene)
    viewer.dims.set_current_step(0, 1)
    dock = open_count()
    curve = dock.findChild(Chart, "count_curve")
    session_of(viewer).run_all()
    settle(qtbot)
    (line,) = [part for part in curve.series if isinstance(part, ChartLine)]
    assert line.y.tolist() == [3, 5, 0, 4, 2]
    assert not line.dotted
    assert curve.cursor_x == 1
    curve.clicked.emit(3.2)
    assert session_of(viewer).frame == 3
    assert curve.cursor_x == 3
    # Other settings make all of them stale but those round the frame in view.
    session = session_of(viewer)
    session.set_live(False)
    dock.findChild(QSpinBox, "objects.min_area_px2").setValue(77)
    qtbot.wait(100)
    assert all(line.dotted for line in curve.series if isinstance(line, ChartLine))


def test_a_frame_that_was_never_counted_is_a_gap(viewer, open_count, qtbot):
    movie = np.zeros((40, 32, 32), np.uint16)
    movie[:, 10:20, 10:20] = 500
    viewer.add_image(movie)
    viewer.dims.set_current_step(0, 0)
    dock = open_count()
    settle(qtbot)
    (line,) = [p for p in dock.findChild(Chart, "count_curve").series if isinstance(p, ChartLine)]
    counted = session_of(viewer).counts["frame"].tolist()
    assert len(counted) < 40
    assert line.x[np.isfinite(line.y)].tolist() == counted


@pytest.mark.window
def test_dragging_a_slider_does_not_block_the_window(viewer, open_count, qtbot, gui_blocked_ms):
    large = np.random.default_rng(0).normal(200, 5, (2, 2048, 2048)).astype(np.uint16)
    large[:, 100:-100:150, 100:-100:150] += 5000
    viewer.add_image(large)
    dock = open_count()
    qtbot.wait(200)
    slider = dock.findChild(QSlider, "objects.min_area_px2.slider")
    for _ in gui_blocked_ms.tries():
        for position in range(0, 200, 10):
            slider.setValue(position)
            qtbot.wait(20)
        settle(qtbot)
