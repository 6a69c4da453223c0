"""A form edits one Settings value, whatever its class is."""

from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QSlider,
    QSpinBox,
    QToolButton,
    QWidget,
)

from napari_celltrack.field_facts import SECTIONS, FieldFacts, fields_of
from napari_celltrack.gui.forms.settings_form import SettingsForm
from napari_celltrack.link import Assignment
from napari_celltrack.measure import ObjectFilter
from napari_celltrack.preprocess import Gaussian, Median
from napari_celltrack.recipe import Crop, Input, Recipe, TunedOn
from napari_celltrack.segment import LocalMean, LogBlobs, Otsu, Regions, WatershedDistance
from napari_celltrack.settings import Settings


def classes_in(cls: type[Settings]) -> list[type[Settings]]:
    """Return a class and all that its fields can hold, each once."""
    found = [cls]
    for spec in fields_of(cls):
        for inner in spec.methods.values():
            found += [each for each in classes_in(inner) if each not in found]
    return found


# What a movie was like that a recipe was tuned on is written by the program, never set by a user.
ALL_CLASSES = [cls for cls in classes_in(Recipe) if cls is not TunedOn]
ALL_CONTROLS = [
    pytest.param(cls, spec, id=f"{cls.__name__}.{spec.name}")
    for cls in ALL_CLASSES
    for spec in fields_of(cls)
    if spec.kind not in SECTIONS
]


def other_value(spec: FieldFacts, value: Any) -> Any:
    """Return a valid value that is not the present one."""
    if spec.kind != "number":
        return {
            "flag": not value,
            "choice": next((choice for choice in spec.choices if choice != value), None),
            "choices": spec.choices[:1],
            "texts": (1, "dapi") if spec.is_int else ("1", "dapi"),
            "text": "ZYX" if spec.name == "axes" else "red",
        }[spec.kind]
    if value is None:
        return 77 if spec.is_int else 0.5
    upper = spec.upper if spec.upper is not None else value + 10
    lower = spec.lower if spec.lower is not None else value - 10
    wanted = value + 1 if value + 1 <= upper else max(value - 1, lower)
    if not spec.is_int and upper - lower <= 1:
        wanted = lower + 0.5 if value != lower + 0.5 else lower + 0.25
    return int(wanted) if spec.is_int else float(wanted)


def find(form: SettingsForm, name: str, kind: type = QWidget) -> Any:
    child = form.native.findChild(kind, name)
    assert child is not None, f"no control is called {name}"
    return child


def open_all(form: SettingsForm) -> None:
    """Click on whatever shows more: what is folded away, and the name of each step."""
    for kind, ending in ((QToolButton, "fold"), (QPushButton, ".title")):
        for button in form.native.findChildren(kind):
            if button.objectName().endswith(ending):
                button.click()


def turn(form: SettingsForm, spec: FieldFacts, value: Any) -> None:
    """Do what a user does to set a control."""
    if spec.optional and spec.kind in ("number", "flag", "choices"):
        find(form, f"{spec.name}.set", QCheckBox).setChecked(True)
    if spec.kind == "number":
        find(form, spec.name, QAbstractSpinBox).setValue(value)
    elif spec.kind == "flag":
        find(form, spec.name, QCheckBox).click()
    elif spec.kind == "choice":
        menu = find(form, spec.name, QComboBox)
        menu.setCurrentIndex(spec.choices.index(value) + spec.optional)
    elif spec.kind == "choices":
        for choice in spec.choices:
            find(form, f"{spec.name}.{choice}", QCheckBox).setChecked(choice in value)
    else:
        line = find(form, spec.name, QLineEdit)
        line.setText(", ".join(map(str, value)) if isinstance(value, tuple) else value)
        line.editingFinished.emit()


@pytest.fixture
def make_form(qtbot):
    def make(*args, **kwargs) -> SettingsForm:
        form = SettingsForm(*args, **kwargs)
        qtbot.addWidget(form.native)
        return form

    return make


def test_the_scene_holds_every_stage():
    names = {cls.__name__ for cls in ALL_CLASSES}
    assert {"Recipe", "Otsu", "FillHoles", "WatershedIntensity", "Gaussian", "Nearest"} <= names


@pytest.mark.parametrize("cls", ALL_CLASSES)
def test_a_form_returns_what_it_was_given(make_form, cls):
    assert make_form(cls()).value == cls()


@pytest.mark.parametrize(("cls", "spec"), ALL_CONTROLS)
def test_a_value_that_is_set_is_returned(make_form, cls, spec):
    wanted = cls().replace(**{spec.name: other_value(spec, getattr(cls(), spec.name))})
    form = make_form(cls())
    form.value = wanted
    assert form.value == wanted


@pytest.mark.parametrize(("cls", "spec"), ALL_CONTROLS)
def test_turning_a_control_changes_its_field_and_no_other(make_form, cls, spec):
    wanted = other_value(spec, getattr(cls(), spec.name))
    form = make_form(cls())
    open_all(form)
    told = []
    form.changed.connect(told.append)
    turn(form, spec, wanted)
    assert told[-1] == form.value == cls().replace(**{spec.name: wanted})


@pytest.mark.parametrize(("cls", "spec"), ALL_CONTROLS)
def test_every_control_says_what_it_does(make_form, cls, spec):
    name = f"{spec.name}.{spec.choices[0]}" if spec.kind == "choices" else spec.name
    form = make_form(cls())
    open_all(form)
    assert len(find(form, name).toolTip()) > 10


@pytest.mark.parametrize(("name", "unit"), [("min_area_px2", " px²"), ("min_roundness", "")])
def test_the_unit_stands_in_the_control(make_form, name, unit):
    assert find(make_form(ObjectFilter()), name, QAbstractSpinBox).suffix() == unit


def test_a_single_frame_is_no_frames(make_form):
    form = make_form(Assignment(max_gap_frames=1))
    assert find(form, "max_gap_frames", QAbstractSpinBox).text() == "1 frame"
    find(form, "max_gap_frames", QAbstractSpinBox).setValue(2)
    assert find(form, "max_gap_frames", QAbstractSpinBox).text() == "2 frames"
    form.value = Assignment(max_gap_frames=1)
    assert find(form, "max_gap_frames", QAbstractSpinBox).text() == "1 frame"


def test_showing_a_value_does_not_round_it(make_form):
    exact = Gaussian(sigma_px=1.23456789)
    form = make_form(Gaussian())
    form.value = exact
    assert form.value == exact


def test_names_are_the_paths_of_the_recipe(make_form):
    form = make_form(Recipe(preprocess=(Gaussian(),)))
    open_all(form)
    find(form, "preprocess[0].sigma_px", QAbstractSpinBox)
    find(form, "segment.threshold.method", QComboBox)
    find(form, "objects.min_area_px2", QSpinBox)


def test_only_the_chosen_stages_are_shown_and_the_others_kept(make_form):
    recipe = Recipe(input=Input(channel=2))
    form = make_form(recipe, ["objects"])
    assert form.native.findChild(QWidget, "segment.threshold.method") is None
    find(form, "objects.min_area_px2", QSpinBox).setValue(44)
    assert form.value == recipe.replace(objects=ObjectFilter(min_area_px2=44))


def test_a_method_remembers_its_last_values(make_form):
    form = make_form(Regions(threshold=Otsu()))
    menu = find(form, "threshold.method", QComboBox)
    find(form, "threshold.offset", QAbstractSpinBox).setValue(-10)
    menu.setCurrentIndex(menu.findData("local_mean"))
    assert form.value.threshold == LocalMean()
    menu.setCurrentIndex(menu.findData("otsu"))
    assert form.value.threshold == Otsu(offset=-10)


def test_only_the_fields_of_the_chosen_method_are_visible(make_form):
    form = make_form(Regions(threshold=Otsu(), split=WatershedDistance()))
    form.native.show()
    menu = find(form, "threshold.method", QComboBox)
    menu.setCurrentIndex(menu.findData("local_mean"))
    shown = [w.objectName() for w in form.native.findChildren(QAbstractSpinBox) if w.isVisible()]
    assert "threshold.radius_px" in shown
    assert "threshold.factor" not in shown


def actions_of(widget: QWidget) -> dict[str, Any]:
    return {action.text().split("\t")[0]: action for action in widget.actions()}


def test_steps_are_added_moved_and_removed(make_form):
    form = make_form(Recipe(preprocess=(Gaussian(sigma_px=3.0),)), ["preprocess"])
    actions_of(find(form, "preprocess.add", QToolButton).menu())["Median filter"].trigger()
    assert form.value.preprocess == (Gaussian(sigma_px=3.0), Median())
    find(form, "preprocess[1].size_px", QAbstractSpinBox).setValue(5)
    QApplication.processEvents()
    actions_of(find(form, "preprocess[1]"))["Move up"].trigger()
    assert form.value.preprocess == (Median(size_px=5), Gaussian(sigma_px=3.0))
    QApplication.sendPostedEvents()
    actions_of(find(form, "preprocess[0]"))["Move down"].trigger()
    QApplication.sendPostedEvents()
    actions_of(find(form, "preprocess[0]"))["Remove"].trigger()
    QApplication.sendPostedEvents()
    actions_of(find(form, "preprocess[0]"))["Remove"].trigger()
    assert form.value.preprocess == ()


def test_a_refused_value_marks_its_control_and_keeps_the_last_good_one(make_form):
    form = make_form(ObjectFilter(min_area_px2=30, max_area_px2=100))
    box = find(form, "max_area_px2", QSpinBox)
    refused, told = [], []
    form.refused.connect(refused.append)
    form.changed.connect(told.append)
    box.setValue(10)
    assert refused == ["“Area to” must not be below “Area from”."]
    assert told == []
    assert form.value == ObjectFilter(min_area_px2=30, max_area_px2=100)
    assert box.property("wrong") is True
    assert "must not be below" in box.toolTip()
    # Another control can make it right again: then both count.
    find(form, "min_area_px2", QSpinBox).setValue(5)
    assert form.value == ObjectFilter(min_area_px2=5, max_area_px2=10)
    assert box.property("wrong") is False
    assert "must not be below" not in box.toolTip()


def test_a_refused_value_deep_inside_is_told_too(make_form):
    form = make_form(Recipe(objects=ObjectFilter(max_area_px2=100)))
    refused = []
    form.refused.connect(refused.append)
    find(form, "objects.max_area_px2", QSpinBox).setValue(1)
    form.value = Recipe()
    assert find(form, "objects.max_area_px2", QSpinBox).property("wrong") is False
    assert [bool(sentence) for sentence in refused] == [True, False]


def test_a_refused_value_of_a_method_gives_way_to_the_value_that_is_shown(make_form):
    blobs = LogBlobs(min_diameter_px=10, max_diameter_px=30)
    form = make_form(Recipe(segment=blobs), ["segment"])
    box = find(form, "segment.max_diameter_px", QAbstractSpinBox)
    box.setValue(5)
    assert form.value == Recipe(segment=blobs)
    form.value = Recipe(segment=blobs)
    assert box.value() == 30
    assert box.property("wrong") is False


def test_an_optional_section_is_none_until_ticked(make_form):
    form = make_form(Input())
    box = find(form, "crop.set", QCheckBox)
    box.click()
    assert form.value.crop == Crop()
    find(form, "crop.y_start_px", QSpinBox).setValue(5)
    assert form.value.crop == Crop(y_start_px=5)
    box.click()
    assert form.value.crop is None


def test_lengths_are_shown_in_um_when_the_pixel_size_is_known(make_form):
    objects = ObjectFilter(min_area_px2=30)
    form = make_form(Recipe(preprocess=(Gaussian(sigma_px=2.0),), objects=objects))
    open_all(form)

    def um() -> list[str]:
        return [label.text() for label in form.native.findChildren(QLabel) if "µm" in label.text()]

    assert um() == []
    form.set_pixel_size(0.5)
    assert "1 µm" in um()
    assert "7.5 µm²" in um()
    form.set_pixel_size(None)
    assert um() == []


def test_a_slider_moves_its_spin_box(make_form):
    form = make_form(Gaussian())
    slider = find(form, "sigma_px.slider", QSlider)
    slider.setValue(slider.maximum())
    upper = find(form, "sigma_px", QAbstractSpinBox).maximum()
    assert form.value.sigma_px == upper
    slider.setValue(0)
    assert form.value.sigma_px == find(form, "sigma_px", QAbstractSpinBox).minimum()


def test_typing_counts_when_it_is_complete(make_form, qtbot):
    form = make_form(ObjectFilter(min_area_px2=30))
    box = find(form, "min_area_px2", QSpinBox)
    box.selectAll()
    qtbot.keyClicks(box, "250")
    assert form.value.min_area_px2 == 30
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert form.value.min_area_px2 == 250
    qtbot.keyClick(box, Qt.Key.Key_Up)
    assert form.value.min_area_px2 > 250


def test_the_wheel_does_not_change_what_it_passes_over(make_form):
    form = make_form(ObjectFilter())
    box = find(form, "min_area_px2", QSpinBox)
    event = QWheelEvent(
        QPointF(5, 5),
        QPointF(5, 5),
        QPoint(0, 120),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(box, event)
    assert form.value == ObjectFilter()


def test_setting_a_value_is_told_once_and_only_if_it_changed(make_form):
    form = make_form(Gaussian())
    told = []
    form.changed.connect(told.append)
    form.value = Gaussian()
    form.value = Gaussian(sigma_px=2.0)
    form.value = Gaussian(sigma_px=2.0)
    assert told == [Gaussian(sigma_px=2.0)]
