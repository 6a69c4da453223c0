"""The layer ``prepared``."""

from __future__ import annotations

import numpy as np
import pytest
from movie_scenes import WANTED, box, choose, settle
from qtpy.QtWidgets import QCheckBox, QLabel

from napari_celltrack.engine import prepare_frame
from napari_celltrack.gui.layers.prepared_layer import FramesInHand, prepared_layer
from napari_celltrack.gui.session import session_of
from napari_celltrack.input import Crop
from napari_celltrack.preprocess import METHODS, Gaussian, Median


@pytest.fixture
def show(viewer, open_movie_dock, qtbot):
    """Return a function that opens the dock, shows the prepared image and returns both."""

    def show_prepared():
        dock = open_movie_dock()
        dock.findChild(QCheckBox, "movie_prepared").click()
        settle(dock, qtbot)
        return dock, prepared_layer(viewer)

    return show_prepared


def expected(viewer) -> np.ndarray:
    session = session_of(viewer)
    return prepare_frame(session.movie, session.recipe, session.frame)


def test_the_prepared_image_is_that_of_the_engine(viewer, show, scene, qtbot):
    viewer.add_image(scene)
    viewer.dims.set_current_step(0, 3)
    dock, layer = show()
    for method in METHODS:
        session_of(viewer).update(preprocess=(Median(size_px=2), method()))
        settle(dock, qtbot)
        np.testing.assert_array_equal(layer.data[3], expected(viewer), str(method))
        assert not layer.data[1].any()  # nobody has looked at it


@pytest.mark.window
def test_the_prepared_image_follows_the_slider_and_the_steps(viewer, show, scene, qtbot):
    viewer.add_image(scene)
    dock, layer = show()
    for frame in (1, 3):
        viewer.dims.set_current_step(0, frame)
        settle(dock, qtbot)
        np.testing.assert_array_equal(layer.data[frame], scene[frame])
    dock._steps.add(Gaussian)
    settle(dock, qtbot)
    np.testing.assert_array_equal(layer.data[3], expected(viewer))
    assert not np.array_equal(layer.data[3], scene[3])
    assert not layer.data[1].any()  # it was made with other steps
    dock.findChild(QCheckBox, "preprocess[0].enabled").click()
    settle(dock, qtbot)
    np.testing.assert_array_equal(layer.data[3], scene[3])
    session_of(viewer).undo()
    settle(dock, qtbot)
    np.testing.assert_array_equal(layer.data[3], expected(viewer))
    assert len(viewer.layers) == 2


def test_without_live_the_prepared_image_waits(viewer, show, scene, qtbot):
    viewer.add_image(scene)
    dock, layer = show()
    frame = session_of(viewer).frame
    dock.findChild(QCheckBox, "movie_live").click()
    dock._steps.add(Gaussian)
    settle(dock, qtbot)
    np.testing.assert_array_equal(layer.data[frame], scene[frame])
    dock.findChild(QCheckBox, "movie_live").click()
    settle(dock, qtbot)
    np.testing.assert_array_equal(layer.data[frame], expected(viewer))


def test_the_prepared_image_lies_over_the_image_and_under_the_rest(viewer, show, scene):
    place = {"scale": (60, 0.5, 0.5), "translate": (0, 3, 4), "units": ("s", "um", "um")}
    image = viewer.add_image(scene, **place)
    shapes = viewer.add_shapes([box(10, 40, 20, 70)], shape_type="rectangle")
    viewer.layers.selection.active = shapes
    _, layer = show()
    for name in ("scale", "translate", "units"):
        np.testing.assert_array_equal(getattr(layer, name), getattr(image, name))
    assert list(viewer.layers) == [image, layer, shapes]
    assert viewer.layers.selection.active is shapes
    image.scale = (60, 0.25, 0.25)
    np.testing.assert_array_equal(layer.scale, image.scale)
    image.translate = (0, 1, 2)
    np.testing.assert_array_equal(layer.translate, image.translate)


def test_unticking_removes_our_layer_only(viewer, show, scene):
    viewer.add_image(scene)
    own = viewer.add_image(scene, name="prepared")
    viewer.layers.selection.active = viewer.layers[0]
    dock, layer = show()
    copy = viewer.add_image(layer.data[...], name="a copy", metadata=dict(layer.metadata))
    dock.findChild(QCheckBox, "movie_prepared").click()
    assert layer not in viewer.layers
    assert own in viewer.layers
    assert copy in viewer.layers


def test_removing_the_layer_unticks_the_box(viewer, show, scene):
    viewer.add_image(scene)
    dock, layer = show()
    viewer.layers.remove(layer)
    assert not dock.findChild(QCheckBox, "movie_prepared").isChecked()


def test_a_crop_is_prepared_at_its_place(viewer, show, scene, input_of, qtbot):
    viewer.add_image(scene)
    dock, layer = show()
    frame = session_of(viewer).frame
    session_of(viewer).update(input=input_of().replace(crop=WANTED))
    settle(dock, qtbot)
    np.testing.assert_array_equal(layer.data[frame][10:40, 20:70], expected(viewer))
    outside = np.array(layer.data[frame])
    outside[10:40, 20:70] = outside[0, 0]
    assert (outside == outside[0, 0]).all()


@pytest.mark.parametrize(
    ("axes", "at"), [("TZCYX", (2, 1, 0)), ("CTZYX", (1, 2, 0)), ("ZTCYX", (0, 2, 1))]
)
def test_the_prepared_image_has_the_dimensions_of_the_image(viewer, show, axes, at, qtbot):
    data = np.random.default_rng(0).integers(0, 1000, (3, 3, 2, 30, 40)).astype(np.uint16)
    viewer.add_image(data)
    session = session_of(viewer)
    session.update(input=session.recipe.input.replace(axes=axes))
    dock, _ = show()
    for dimension, step in enumerate(at):
        viewer.dims.set_current_step(dimension, step)
    settle(dock, qtbot)
    layer = prepared_layer(viewer)
    assert layer.data.shape == data.shape
    np.testing.assert_array_equal(layer.data[at], expected(viewer))


def test_another_image_takes_its_prepared_image_along(viewer, show, scene, qtbot):
    viewer.add_image(scene, name="first")
    viewer.add_image(scene[:, ::2] + 1, name="second")
    dock, _ = show()
    choose(dock, "movie_layer", "first")
    settle(dock, qtbot)
    layer = prepared_layer(viewer)
    np.testing.assert_array_equal(layer.data[session_of(viewer).frame], expected(viewer))
    assert len(viewer.layers) == 3
    viewer.layers.remove("first")
    viewer.layers.remove("second")
    settle(dock, qtbot)
    assert prepared_layer(viewer) is None


def test_what_cannot_be_prepared_is_said(viewer, show, scene, input_of, qtbot):
    viewer.add_image(scene)
    dock, _ = show()
    session_of(viewer).update(input=input_of().replace(crop=Crop(y_start_px=500)))
    settle(dock, qtbot)
    assert dock.findChild(QLabel, "movie_foot").property("role") == "problem"
    session_of(viewer).update(input=input_of().replace(crop=None))
    settle(dock, qtbot)
    assert dock.findChild(QLabel, "movie_foot").property("role") == "foot"


def test_only_the_last_frames_are_held():
    planes = np.arange(4 * 6 * 8, dtype=np.float32).reshape(4, 6, 8) + 1
    held = FramesInHand("TYX", (4, 6, 8), max_bytes=2 * planes[0].nbytes)
    for frame in (0, 1, 2):
        held.put(frame, planes[frame])
    wanted = planes * np.isin(np.arange(4), (1, 2))[:, None, None]
    np.testing.assert_array_equal(np.asarray(held), wanted)
    np.testing.assert_array_equal(held[1:3, ::2, 3], wanted[1:3, ::2, 3])
    np.testing.assert_array_equal(held[..., -1], wanted[..., -1])
    np.testing.assert_array_equal(held[4:], wanted[4:])
    assert (len(held), held.size) == (4, wanted.size)


def test_closing_the_dock_takes_the_prepared_image_along(viewer, show, scene, qtbot):
    viewer.add_image(scene)
    dock, layer = show()
    viewer.window.remove_dock_widget(dock)
    dock.deleteLater()
    del dock
    qtbot.waitUntil(lambda: layer not in viewer.layers)
