"""The list of steps before counting."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QCheckBox, QLabel, QPushButton, QSpinBox, QToolButton

from napari_celltrack.gui.forms.step_list import StepList
from napari_celltrack.gui.forms.step_row import main_value
from napari_celltrack.preprocess import (
    METHODS,
    Clahe,
    Gaussian,
    Invert,
    Median,
    Normalize,
    PreprocessStep,
    WhiteTophat,
)

STEPS = (Median(size_px=2), WhiteTophat(radius_px=25), Gaussian(sigma_px=1.5))


@pytest.fixture
def steps(qtbot):
    """Return a list of three steps, on the screen."""
    editor = StepList(STEPS, tuple[PreprocessStep, ...], path="preprocess", none_yet="None yet.")
    qtbot.addWidget(editor.native)
    editor.native.resize(360, 300)
    with qtbot.waitExposed(editor.native):
        editor.native.show()
    return editor


@pytest.fixture
def changes(steps):
    """Return the list of values that the editor has told of."""
    told = []
    steps.changed.connect(told.append)
    return told


def titles(steps) -> list[str]:
    names = (f"preprocess[{index}].title" for index in range(len(steps.value)))
    return [steps.native.findChild(QPushButton, name).text() for name in names]


def row(steps, index: int):
    return steps.rows()[index]


def test_a_row_says_what_the_step_is_and_its_main_value(steps):
    assert titles(steps) == ["Median filter", "Top-hat", "Gaussian blur"]
    summaries = [
        steps.native.findChild(QLabel, f"preprocess[{i}].summary").text() for i in range(3)
    ]
    assert summaries == ["size 2 px", "radius 25 px", "sigma 1.5 px"]


def test_a_step_without_a_number_has_no_main_value():
    assert main_value(Invert()) == ""


def test_the_menu_adds_each_method_behind_the_others(steps, changes):
    menu = steps.native.findChild(QToolButton, "preprocess.add").menu()
    assert all(action.toolTip() for action in menu.actions())
    for action in menu.actions():
        action.trigger()
    assert [type(step) for step in steps.value[3:]] == list(METHODS)
    assert steps.value[:3] == STEPS
    assert len(changes) == len(METHODS)


def test_a_step_that_is_off_stays_in_the_list(steps, changes):
    steps.native.findChild(QCheckBox, "preprocess[1].enabled").click()
    assert steps.value == (STEPS[0], STEPS[1].replace(enabled=False), STEPS[2])
    assert steps.native.findChild(QLabel, "preprocess[1].summary").text() == "off"
    steps.native.findChild(QCheckBox, "preprocess[1].enabled").click()
    assert steps.value == STEPS
    assert len(changes) == 2


def test_a_step_is_removed(steps, changes):
    steps.native.findChild(QToolButton, "preprocess[0].remove").click()
    assert steps.value == STEPS[1:]
    assert titles(steps) == ["Top-hat", "Gaussian blur"]
    assert changes == [STEPS[1:]]


def test_a_click_on_the_name_opens_its_form_and_only_that(steps, changes):
    steps.native.findChild(QPushButton, "preprocess[0].title").click()
    steps.native.findChild(QPushButton, "preprocess[1].title").click()
    assert [each.is_open for each in steps.rows()] == [False, True, False]
    steps.native.findChild(QSpinBox, "preprocess[1].radius_px").setValue(30)
    assert steps.value[1] == WhiteTophat(radius_px=30)
    assert steps.native.findChild(QLabel, "preprocess[1].summary").text() == "radius 30 px"
    steps.native.findChild(QPushButton, "preprocess[1].title").click()
    assert not any(each.is_open for each in steps.rows())


def test_the_form_and_the_switch_keep_what_the_other_did(steps):
    steps.native.findChild(QPushButton, "preprocess[1].title").click()
    steps.native.findChild(QCheckBox, "preprocess[1].enabled").click()
    steps.native.findChild(QSpinBox, "preprocess[1].radius_px").setValue(30)
    steps.native.findChild(QCheckBox, "preprocess[1].enabled").click()
    assert steps.value[1] == WhiteTophat(radius_px=30)
    assert not steps.native.findChildren(QCheckBox, "preprocess[1].enabled")[1:]


def test_the_keyboard_moves_a_step_and_stays_with_it(steps, changes, qtbot):
    steps.native.findChild(QPushButton, "preprocess[2].title").setFocus()
    for _ in range(3):  # the last one finds no place above
        focused = steps.native.window().focusWidget()
        qtbot.keyClick(focused, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert steps.value == (STEPS[2], STEPS[0], STEPS[1])
    assert len(changes) == 2
    focused = steps.native.window().focusWidget()
    qtbot.keyClick(focused, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert steps.value == (STEPS[0], STEPS[2], STEPS[1])


def test_an_open_form_moves_along(steps):
    steps.native.findChild(QPushButton, "preprocess[0].title").click()
    steps.move(0, 2)
    assert [each.is_open for each in steps.rows()] == [False, False, True]
    steps.native.findChild(QSpinBox, "preprocess[2].size_px").setValue(5)
    assert steps.value == (STEPS[1], STEPS[2], Median(size_px=5))


@pytest.mark.parametrize(
    ("taken", "dropped_at", "order"),
    [(0, 2, (1, 2, 0)), (2, 0, (2, 0, 1)), (1, 1, (0, 1, 2)), (0, 1, (1, 0, 2))],
)
def test_a_row_is_dragged_at_its_handle(steps, changes, taken, dropped_at, order):
    handle = steps.native.findChild(QLabel, f"preprocess[{taken}].handle")
    start, end = row(steps, taken), row(steps, dropped_at)
    way = (
        end.mapTo(steps.native, end.rect().center()).y()
        - start.mapTo(steps.native, start.rect().center()).y()
    )
    beyond = 4 if way > 0 else -4
    QTest.mousePress(handle, Qt.MouseButton.LeftButton, pos=handle.rect().center())
    target = handle.mapTo(steps.native, handle.rect().center()) + QPoint(
        0, way + beyond * bool(way)
    )
    for part in (0.5, 1.0):
        at = handle.mapTo(steps.native, handle.rect().center())
        here = QPoint(at.x(), round(at.y() + part * (target.y() - at.y())))
        QTest.mouseMove(handle, handle.mapFrom(steps.native, here))
    QTest.mouseRelease(handle, Qt.MouseButton.LeftButton)
    assert steps.value == tuple(STEPS[index] for index in order)
    assert len(changes) == (order != (0, 1, 2))


def test_another_value_is_shown_and_told_once(steps, changes):
    steps.native.findChild(QPushButton, "preprocess[0].title").click()
    changed = (Median(size_px=7), STEPS[1].replace(enabled=False), STEPS[2])
    steps.value = changed
    steps.value = changed
    assert steps.native.findChild(QSpinBox, "preprocess[0].size_px").value() == 7
    assert not steps.native.findChild(QCheckBox, "preprocess[1].enabled").isChecked()
    steps.value = (Clahe(), Normalize())
    assert titles(steps) == ["Local contrast", "Stretch contrast"]
    steps.value = ()
    assert steps.rows() == []
    assert steps.native.findChild(QLabel, "preprocess.none").isVisible()
    assert changes == [changed, (Clahe(), Normalize()), ()]


def test_lengths_are_shown_in_um_too(steps):
    steps.set_pixel_size(0.5)
    steps.native.findChild(QPushButton, "preprocess[1].title").click()
    shown = [label.text() for label in row(steps, 1).findChildren(QLabel)]
    assert "12.5 µm" in shown
