"""The dock *Movie & preprocess*."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import tifffile
from movie_scenes import WANTED, box, choose, settle, text, write
from napari.utils import notifications
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QToolButton,
)

from napari_celltrack.gui.docks.movie.movie_preprocess import MoviePreprocess
from napari_celltrack.gui.docks.movie.open_row import OpenRow
from napari_celltrack.gui.layers.prepared_layer import prepared_layer
from napari_celltrack.gui.session import session_of
from napari_celltrack.input import Crop, FrameRange
from napari_celltrack.preprocess import DriftCorrection, Gaussian
from napari_celltrack.recipe import Recipe

# What is in the movie


def test_an_empty_viewer_says_what_to_do(open_movie_dock):
    dock = open_movie_dock()
    assert text(dock, "movie_number") == "–"
    assert text(dock, "movie_foot").startswith("Open an image")
    assert not dock.findChild(QComboBox, "movie_crop").isEnabled()
    dock.findChild(QCheckBox, "movie_prepared").click()
    dock.findChild(QCheckBox, "movie_prepared").click()


def test_files_are_opened_several_at_once(viewer, open_movie_dock, tmp_path, monkeypatch, qtbot):
    for name in "ac":
        tifffile.imwrite(
            tmp_path / f"{name}.tif", np.zeros((5, 40, 50), np.uint16), metadata={"axes": "TYX"}
        )
    (tmp_path / "b.tif").write_text("no image")
    dock = open_movie_dock()
    button = dock.findChild(QPushButton, "movie_open")
    chosen = iter([[], ["b.tif"], ["a.tif", "b.tif", "c.tif"]])
    monkeypatch.setattr(
        QFileDialog, "getOpenFileNames", lambda *_: ([str(tmp_path / n) for n in next(chosen)], "")
    )
    said = []
    monkeypatch.setattr("napari.utils.notifications.show_error", said.append)
    button.click()
    button.click()
    qtbot.waitUntil(lambda: len(said) == 1)
    assert "b.tif is not an image" in said[0]
    assert not viewer.layers
    button.click()
    qtbot.waitUntil(lambda: session_of(viewer).layer in list(viewer.layers)[1:2])
    assert [layer.name for layer in viewer.layers] == ["a", "c"]
    assert session_of(viewer).movie.n_frames == 5
    assert len(said) == 2
    assert not button.isHidden()


KINDS = [
    (np.zeros((5, 40, 50), np.uint16), {}, "5 frames", "40 × 50, 16 bit"),
    (np.zeros((40, 50), np.uint8), {}, "1 frame", "40 × 50, 8 bit"),
    (np.zeros((1, 40, 50), np.float32), {}, "1 frame", "40 × 50, 32 bit float"),
    (np.zeros((40, 50), bool), {}, "1 frame", "40 × 50, 1 bit"),
    (np.zeros((4, 40, 50, 3), np.uint8), {"rgb": True}, "4 frames", "40 × 50, 8 bit"),
    (np.zeros((4, 3, 2, 40, 50), np.uint8), {}, "4 frames", "40 × 50, 3 planes, 8 bit"),
]


def test_the_figure_says_what_there_is(viewer, open_movie_dock, qtbot):
    dock = open_movie_dock()
    for data, options, number, caption in KINDS:
        viewer.layers.clear()
        viewer.add_image(data, **options)
        assert text(dock, "movie_number") == number
        assert text(dock, "movie_caption").replace("\N{NO-BREAK SPACE}", " ") == caption
        assert session_of(viewer).problem == ""
        dock.findChild(QCheckBox, "movie_prepared").click()
        settle(dock, qtbot)
        assert prepared_layer(viewer) is not None
        dock.findChild(QCheckBox, "movie_prepared").click()


def test_layers_of_other_kinds_are_not_offered(viewer, open_movie_dock, scene):
    viewer.add_labels(scene.astype(int), name="masks")
    viewer.add_points(name="points")
    dock = open_movie_dock()
    assert dock.findChild(QComboBox, "movie_layer").count() == 0
    viewer.add_image(scene, name="nuclei")
    menu = dock.findChild(QComboBox, "movie_layer")
    assert [menu.itemText(i) for i in range(menu.count())] == ["nuclei"]
    assert text(dock, "movie_number") == "5 frames"


def test_another_layer_is_chosen_and_a_removed_one_gives_way(viewer, open_movie_dock, scene):
    first = viewer.add_image(scene, name="first")
    second = viewer.add_image(scene[:3], name="second")
    dock = open_movie_dock()
    choose(dock, "movie_layer", "first")
    assert session_of(viewer).layer is first
    assert text(dock, "movie_number") == "5 frames"
    viewer.layers.remove(first)
    assert session_of(viewer).layer is second
    assert text(dock, "movie_number") == "3 frames"
    viewer.layers.remove(second)
    assert text(dock, "movie_number") == "–"
    assert text(dock, "movie_foot").startswith("Open an image")


def test_the_channel_of_a_picture_is_chosen_by_its_colour(viewer, open_movie_dock, scene, input_of):
    viewer.add_image(np.stack([scene // 4] * 3, axis=-1).astype(np.uint8), rgb=True)
    dock = open_movie_dock()
    choose(dock, "movie_channel", "green")
    assert input_of().channel == "green"


def test_a_channel_that_is_not_there_is_said_to_be_missing(viewer, open_movie_dock, scene):
    viewer.add_image(scene)
    session = session_of(viewer)
    session.update(input=session.recipe.input.replace(channel="green"))
    dock = open_movie_dock()
    menu = dock.findChild(QComboBox, "movie_channel")
    assert menu.currentIndex() == -1
    assert not menu.isHidden()
    assert "green" in menu.placeholderText()


def test_a_chip_changes_how_the_image_is_read(viewer, open_movie_dock, scene, input_of, qtbot):
    viewer.add_image(scene)
    dock = open_movie_dock()
    assert text(dock, "movie_axes_hint").startswith("guessed")
    dock.findChild(QToolButton, "movie_axes_T").click()
    dock._axes._popup.findChild(QToolButton, "movie_reading_ZYX").click()
    assert input_of().axes == "ZYX"
    assert text(dock, "movie_number") == "1 frame"
    assert dock.findChild(QToolButton, "movie_axes_Z").text() == "Z 5 planes"
    # Depth is to be flattened, and time is not there to be.
    assert not dock.findChild(QComboBox, "movie_flatten_z").isHidden()
    assert dock.findChild(QComboBox, "movie_masks_from").isHidden()
    choose(dock, "movie_flatten_z", "its mean")
    session = session_of(viewer)
    np.testing.assert_allclose(
        session.recipe.input(session.movie, 0), scene.mean(axis=0), rtol=1e-6
    )
    session.undo()
    session.undo()
    assert text(dock, "movie_number") == "5 frames"


def test_axes_of_another_image_are_told_and_can_be_changed(
    viewer, open_movie_dock, scene, input_of
):
    viewer.add_image(scene)
    session = session_of(viewer)
    session.update(input=session.recipe.input.replace(axes="TCYX"))
    dock = open_movie_dock()
    assert dock.findChild(QLabel, "movie_foot").property("role") == "problem"
    dock.findChild(QToolButton, "movie_axes_T").click()
    dock._axes._popup.findChild(QToolButton, "movie_reading_TYX").click()
    assert input_of().axes == "TYX"
    assert dock.findChild(QLabel, "movie_foot").property("role") == "foot"
    assert text(dock, "movie_number") == "5 frames"


# Calibration


def test_nothing_is_invented(viewer, open_movie_dock, scene, input_of):
    viewer.add_image(scene, scale=(2, 0.5, 0.5))
    dock = open_movie_dock()
    for name in ("movie_pixel_size", "movie_interval"):
        line = dock.findChild(QLineEdit, name)
        assert (line.text(), line.placeholderText()) == ("", "unknown")
        assert text(dock, f"{name}_source") == ""
    assert input_of().pixel_size_um is None


def test_the_file_can_be_overruled_and_gone_back_to(viewer, open_movie_dock, scene, input_of):
    viewer.add_image(scene, scale=(300, 0.5, 0.5), units=("s", "um", "um"))
    dock = open_movie_dock()
    size, interval = (
        dock.findChild(QLineEdit, name) for name in ("movie_pixel_size", "movie_interval")
    )
    assert (size.text(), text(dock, "movie_pixel_size_source")) == ("0.5", "from file")
    unit = dock.findChild(QComboBox, "movie_interval_unit")
    assert (interval.text(), unit.currentText()) == ("5", "min")
    size.editingFinished.emit()  # the focus went through it
    assert input_of().pixel_size_um is None
    write(dock, "movie_pixel_size", "0,65")
    assert input_of().pixel_size_um == 0.65
    assert text(dock, "movie_pixel_size_source") == "set by you"
    write(dock, "movie_interval", "2.5")
    assert input_of().frame_interval_s == 150
    choose(dock, "movie_interval_unit", "s")
    assert interval.text() == "150"
    assert input_of().frame_interval_s == 150
    write(dock, "movie_pixel_size", "")
    write(dock, "movie_interval", "")
    assert input_of().pixel_size_um is input_of().frame_interval_s is None
    assert (size.text(), interval.text()) == ("0.5", "300")


def test_what_is_no_size_is_marked_and_changes_nothing(viewer, open_movie_dock, scene, input_of):
    viewer.add_image(scene)
    dock = open_movie_dock()
    for words in ("-1", "0", "half", "nan", "inf"):
        write(dock, "movie_pixel_size", words)
        assert dock.findChild(QLineEdit, "movie_pixel_size").property("wrong"), words
        assert dock.findChild(QLabel, "movie_foot").property("role") == "problem"
        assert input_of().pixel_size_um is None
    write(dock, "movie_pixel_size", "0.3")
    assert not dock.findChild(QLineEdit, "movie_pixel_size").property("wrong")
    assert dock.findChild(QLabel, "movie_foot").property("role") == "foot"


def test_pixels_that_are_not_square_are_shown_as_they_are(viewer, open_movie_dock, scene):
    viewer.add_image(scene, scale=(1, 0.5, 0.6), units=("pixel", "um", "um"))
    dock = open_movie_dock()
    assert dock.findChild(QLineEdit, "movie_pixel_size").text() == "0.5 × 0.6"


# Which part


def test_frames_are_called_as_the_slider_calls_them(viewer, open_movie_dock, scene, input_of):
    viewer.add_image(scene)
    dock = open_movie_dock()
    menu = dock.findChild(QComboBox, "movie_frames")
    assert menu.currentText() == "all 5"
    choose(dock, "movie_frames", "a part of them")
    assert input_of().frames == FrameRange()
    dock.findChild(QSpinBox, "movie_frames_from").setValue(1)
    dock.findChild(QSpinBox, "movie_frames_to").setValue(3)
    dock.findChild(QSpinBox, "movie_frames_every").setValue(2)
    assert input_of().frames == FrameRange(start=1, stop=4, step=2)
    assert list(input_of().frames_of(session_of(viewer).movie)) == [1, 3]
    assert text(dock, "movie_frames_count") == "= 2"
    # An end that would come before the other takes it along.
    dock.findChild(QSpinBox, "movie_frames_from").setValue(4)
    assert input_of().frames == FrameRange(start=4, step=2)
    choose(dock, "movie_frames", "all 5")
    assert input_of().frames == FrameRange()


@pytest.mark.parametrize(
    ("entry", "how"), [("brightest over time", np.max), ("mean over time", np.mean)]
)
def test_masks_can_come_from_one_image_of_all_frames(viewer, open_movie_dock, scene, entry, how):
    viewer.add_image(scene)
    dock = open_movie_dock()
    choose(dock, "movie_masks_from", entry)
    session = session_of(viewer)
    image = session.recipe.input(session.movie, 0)
    np.testing.assert_allclose(image, how(scene, axis=0), rtol=1e-6)
    choose(dock, "movie_masks_from", "each frame")
    np.testing.assert_array_equal(session.recipe.input(session.movie, 3), scene[3])


PLACES = [
    ({}, {}, box(10, 40, 20, 70)),
    # Drawn over the plane of a scaled and moved image.
    (
        {"scale": (1, 0.5, 0.25), "translate": (0, 100, 200)},
        {"scale": (2, 2)},
        box(52.5, 60, 102.5, 108.75),
    ),
    # The one in nm, the other in µm.
    (
        {"scale": (1, 0.5, 0.5), "units": ("s", "um", "um")},
        {"scale": (10, 10), "units": ("nm", "nm")},
        box(500, 2000, 1000, 3500),
    ),
]


@pytest.mark.parametrize("places", PLACES)
def test_a_rectangle_is_cropped_to(viewer, open_movie_dock, scene, input_of, places):
    image_place, shapes_place, corners = places
    viewer.add_image(scene, **image_place)
    viewer.add_shapes([corners], shape_type="rectangle", name="Shapes", **shapes_place)
    dock = open_movie_dock()
    choose(dock, "movie_crop", "rectangle 1 of Shapes")
    assert input_of().crop == WANTED
    session = session_of(viewer)
    np.testing.assert_array_equal(session.recipe.input(session.movie, 1), scene[1, 10:40, 20:70])
    choose(dock, "movie_crop", "whole image")
    assert input_of().crop is None


def test_a_rectangle_over_the_border_is_cut_off(viewer, open_movie_dock, scene, input_of):
    viewer.add_image(scene)
    viewer.add_shapes([box(-30, 40.4, 80, 500)], shape_type="rectangle", name="Shapes")
    dock = open_movie_dock()
    choose(dock, "movie_crop", "rectangle 1 of Shapes")
    assert input_of().crop == Crop(y_start_px=0, y_stop_px=41, x_start_px=80, x_stop_px=96)


def test_a_rectangle_outside_of_the_image_is_refused(viewer, open_movie_dock, scene, input_of):
    viewer.add_image(scene)
    viewer.add_shapes([box(200, 300, 0, 50)], shape_type="rectangle", name="Shapes")
    dock = open_movie_dock()
    choose(dock, "movie_crop", "rectangle 1 of Shapes")
    assert input_of().crop is None
    assert dock.findChild(QLabel, "movie_foot").property("role") == "problem"
    assert dock.findChild(QComboBox, "movie_crop").currentText() == "whole image"


def test_the_crop_follows_its_rectangle_until_that_is_gone(
    viewer, open_movie_dock, scene, input_of
):
    viewer.add_image(scene)
    shapes = viewer.add_shapes(
        [box(0, 5, 0, 5), box(10, 40, 20, 70)], shape_type="rectangle", name="Shapes"
    )
    dock = open_movie_dock()
    choose(dock, "movie_crop", "rectangle 2 of Shapes")
    shapes.data = [shapes.data[0], np.array(box(12, 42, 20, 70))]
    moved = Crop(y_start_px=12, y_stop_px=42, x_start_px=20, x_stop_px=70)
    assert input_of().crop == moved
    shapes.name = "field"
    assert dock.findChild(QComboBox, "movie_crop").currentText() == "rectangle 2 of field"
    viewer.layers.remove(shapes)
    assert input_of().crop == moved
    shown = dock.findChild(QComboBox, "movie_crop").currentText()
    assert shown == "rows 12–41, columns 20–69"


@pytest.mark.window
def test_a_rectangle_can_be_drawn(viewer, open_movie_dock, scene, input_of):
    viewer.add_image(scene, scale=(1, 0.5, 0.5), translate=(0, 3, 4))
    dock = open_movie_dock()
    choose(dock, "movie_crop", "draw a rectangle…")
    shapes = viewer.layers["crop"]
    assert shapes.mode == "add_rectangle"
    assert viewer.layers.selection.active is shapes
    assert input_of().crop is None
    shapes.add_rectangles([box(10, 40, 20, 70)])
    assert input_of().crop == WANTED
    assert shapes.mode == "select"


# Living together


def test_two_viewers_have_two_sessions(viewer, make_viewer, open_movie_dock, scene, qtbot):
    viewer.add_image(scene)
    dock = open_movie_dock()
    other_viewer = make_viewer()
    other_viewer.add_image(scene)
    other = MoviePreprocess(other_viewer)
    other_viewer.window.add_dock_widget(other)
    dock._steps.add(DriftCorrection)
    write(dock, "movie_pixel_size", "0.5")
    settle(other, qtbot)
    assert session_of(other_viewer).recipe == Recipe()
    assert other._steps.value == ()
    twin = MoviePreprocess(viewer)
    viewer.window.add_dock_widget(twin, name="Movie again")
    assert twin._steps.value == (DriftCorrection(),)
    assert twin.findChild(QLineEdit, "movie_pixel_size").text() == "0.5"
    settle(twin, qtbot)


class WaitingArray:
    """A movie whose frames can be read only once it was told to go on."""

    def __init__(self, data: np.ndarray) -> None:
        self._data = data
        self.shape, self.dtype = data.shape, data.dtype
        self.ndim, self.size = data.ndim, data.size
        self.go = threading.Event()

    def __getitem__(self, key):
        # napari reads on the GUI thread; only a lane has to wait.
        if threading.current_thread() is not threading.main_thread():
            assert self.go.wait(10)
        return self._data[key]


@pytest.fixture
def busy(viewer, scene, qtbot):
    """Return a dock that is preparing and looking at frames, and the array it waits for."""
    data = WaitingArray(scene)
    viewer.add_image(data, contrast_limits=(0, 700), multiscale=False, rgb=False)
    dock = MoviePreprocess(viewer)
    viewer.window.add_dock_widget(dock, name="Movie")
    dock.findChild(QCheckBox, "movie_prepared").click()
    assert dock._prepared.lane.busy
    assert dock._health.lane.busy
    yield dock, data
    data.go.set()


@pytest.mark.window
def test_closing_the_dock_while_it_is_busy(viewer, busy, lane_threads, qtbot):
    dock, data = busy
    viewer.window.remove_dock_widget(dock)
    dock.deleteLater()
    del dock
    qtbot.wait(50)
    data.go.set()
    qtbot.waitUntil(lambda: not lane_threads(), timeout=60_000)
    qtbot.wait(20)
    assert len(viewer.layers) == 1
    # Nothing of it listens any more.
    viewer.dims.set_current_step(0, 1)
    viewer.add_shapes([box(10, 40, 20, 70)], shape_type="rectangle")
    session_of(viewer).update(preprocess=(Gaussian(),))


def test_removing_the_image_while_it_is_busy(viewer, busy, qtbot):
    dock, data = busy
    viewer.layers.clear()
    data.go.set()
    settle(dock, qtbot)
    assert len(viewer.layers) == 0
    assert text(dock, "movie_number") == "–"
    assert dock._health.table is None


def test_sliders_are_called_what_they_are(viewer, open_movie_dock) -> None:
    viewer.add_image(np.zeros((4, 3, 32, 32), np.uint16))
    assert viewer.dims.axis_labels == ("-4", "-3", "-2", "-1")
    dock = open_movie_dock()
    assert "".join(viewer.dims.axis_labels) == dock.session.movie.axes == "TZYX"
    dock._update_input(axes="ZTYX")
    assert "".join(viewer.dims.axis_labels) == "ZTYX"
    viewer.dims.axis_labels = ("planes", "T", "Y", "X")
    dock._update_input(axes="TZYX")
    assert viewer.dims.axis_labels == ("planes", "Z", "Y", "X")


def test_the_button_names_the_way_out_of_a_file_of_a_microscope(
    qtbot, viewer, open_movie_dock, tmp_path, monkeypatch
) -> None:
    said = []
    monkeypatch.setattr(notifications, "show_error", said.append)
    path = tmp_path / "a.czi"
    path.write_bytes(b"ZISRAWFILE" + bytes(60))
    row = open_movie_dock().findChild(OpenRow)
    row.open([str(path)])
    qtbot.waitUntil(lambda: bool(said))
    assert len(said) == 1
    assert "export it from ZEN as OME-TIFF" in said[0]
