"""A function that somebody else wrote gets our widgets from magicgui."""

# No postponed annotations here: magicgui reads them.

import numpy as np
import pytest
from magicgui import magicgui
from magicgui.widgets import create_widget
from napari.layers import Image, Labels
from qtpy.QtWidgets import QAbstractSpinBox, QComboBox

import napari_celltrack.gui.forms  # noqa: F401  it tells magicgui of our types
from napari_celltrack.engine import segment_frame
from napari_celltrack.export import Export
from napari_celltrack.gui.forms.method_menu import MethodMenu
from napari_celltrack.gui.forms.settings_form import SettingsForm
from napari_celltrack.gui.forms.step_list import StepList
from napari_celltrack.input import Crop
from napari_celltrack.link import Linker
from napari_celltrack.measure import Measure, ObjectFilter
from napari_celltrack.movie import Movie
from napari_celltrack.preprocess import Gaussian, PreprocessStep
from napari_celltrack.recipe import Recipe
from napari_celltrack.segment import Manual, NoSplit, Regions, Segmenter
from napari_celltrack.segment.regions import Split, Threshold


@pytest.mark.parametrize(
    ("annotation", "widget"),
    [
        (Recipe, SettingsForm),
        (Measure, SettingsForm),
        (ObjectFilter, SettingsForm),
        (Regions, SettingsForm),
        (Crop | None, SettingsForm),
        (Segmenter, MethodMenu),
        (Threshold, MethodMenu),
        (Split, MethodMenu),
        (Linker, MethodMenu),
        (tuple[PreprocessStep, ...], StepList),
        (tuple[Export, ...], StepList),
    ],
)
def test_magicgui_knows_our_types(qtbot, annotation, widget):
    made = create_widget(annotation=annotation)
    qtbot.addWidget(made.native)
    assert type(made) is widget


def count(image: Image, preprocess: tuple[PreprocessStep, ...], segment: Segmenter) -> Labels:
    """Find cells, as somebody else would write it."""
    plane = np.asarray(image.data[1])
    for step in preprocess:
        plane = step(plane)
    return Labels(segment(plane), name="found")


@pytest.mark.window
def test_a_function_gets_our_form_and_its_result_becomes_a_layer(viewer, scene, recipe):
    layer = viewer.add_image(scene, name="scene")
    gui = magicgui(count)
    viewer.window.add_dock_widget(gui)
    assert gui.image.value is layer
    menu = gui.segment.native.findChild(QComboBox, "segment.threshold.method")
    menu.setCurrentIndex(menu.findData("manual"))
    gui.segment.native.findChild(QAbstractSpinBox, "segment.threshold.value").setValue(300)
    gui.preprocess.value = (Gaussian(sigma_px=1.0),)
    split = gui.segment.native.findChild(QComboBox, "segment.split.method")
    split.setCurrentIndex(split.findData("none"))
    assert gui.segment.value == Regions(threshold=Manual(value=300.0), split=NoSplit())
    gui()
    assert viewer.layers["found"].data.max() == 5


def test_changes_come_through_the_function_s_own_signal(qtbot):
    gui = magicgui(count, auto_call=False)
    qtbot.addWidget(gui.native)
    told = []
    gui.segment.changed.connect(told.append)
    gui.segment.value = Regions(connectivity=4)
    gui.segment.value = Regions(connectivity=4)
    assert told == [Regions(connectivity=4)]


def first_frame(movie: Movie, recipe: Recipe) -> int:
    """Count the cells of the first frame with a whole recipe."""
    return int(segment_frame(movie, recipe, 0).max())


@pytest.mark.window
def test_a_movie_is_chosen_among_the_image_layers(viewer, scene, recipe):
    gui = magicgui(first_frame)
    viewer.window.add_dock_widget(gui)
    assert gui.movie.value is None
    viewer.add_image(scene, name="first")
    viewer.add_labels(np.zeros(scene.shape, np.uint8))
    second = viewer.add_image(scene[2:4], name="second")
    assert gui.movie.value.name == "first"
    assert gui.movie.value is gui.movie.value
    gui.recipe.value = recipe
    assert gui() == 3
    gui.movie.value = second
    assert gui.movie.value.n_frames == 2
    assert gui() == 0
