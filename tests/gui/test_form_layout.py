"""What a form shows where: what is folded away, what stands beside and below."""

from __future__ import annotations

from typing import Any

import pytest
from napari._qt.qt_resources import get_stylesheet
from qtpy.QtCore import QPoint
from qtpy.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QLabel,
    QStyle,
    QStyleOptionFrame,
    QToolButton,
    QWidget,
)

from napari_celltrack.field_facts import SECTIONS, fields_of
from napari_celltrack.gui.forms.rows import half_sentence
from napari_celltrack.gui.forms.settings_form import SettingsForm
from napari_celltrack.link import Assignment
from napari_celltrack.measure import Measure
from napari_celltrack.measure.intensity import STATISTICS
from napari_celltrack.recipe import Recipe, TunedOn
from napari_celltrack.segment import Otsu, Regions
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


def find(form: SettingsForm, name: str, kind: type = QWidget) -> Any:
    child = form.native.findChild(kind, name)
    assert child is not None, f"no control is called {name}"
    return child


@pytest.fixture
def make_form(qtbot):
    def make(*args, **kwargs) -> SettingsForm:
        form = SettingsForm(*args, **kwargs)
        qtbot.addWidget(form.native)
        return form

    return make


def test_what_is_seldom_needed_is_folded_away_until_it_is_unusual(make_form):
    form = make_form(Recipe(segment=Regions(threshold=Otsu())))
    form.native.show()
    assert form.native.findChild(QAbstractSpinBox, "segment.threshold.factor") is None
    fold = find(form, "segment.threshold.fold", QToolButton)
    fold.click()
    factor = find(form, "segment.threshold.factor", QAbstractSpinBox)
    assert factor.isVisible()
    fold.click()
    assert not factor.isVisible()
    # A recipe that sets it shows that it does.
    other = make_form(Recipe(segment=Regions(threshold=Otsu(factor=1.2))))
    other.native.show()
    assert find(other, "segment.threshold.factor", QAbstractSpinBox).isVisible()


@pytest.mark.parametrize("cls", ALL_CLASSES)
def test_a_form_folds_away_what_a_class_declares_advanced_and_never_all(make_form, cls):
    form, facts = make_form(cls()), fields_of(cls)
    for each in facts:
        if each.kind not in (*SECTIONS, "choices"):
            is_made = form.native.findChild(QWidget, each.name) is not None
            assert is_made is not each.advanced
    assert not facts or not all(each.advanced for each in facts)


def test_the_words_beside_a_title_are_one_clause():
    assert half_sentence("Steps on the mask, in order. Raise it.") == "steps on the mask"
    assert half_sentence("At 0.5 px it is fine.") == "at 0.5 px it is fine"
    assert half_sentence("") == ""


def test_a_widget_stands_below_its_section(make_form):
    below = QLabel("here")
    form = make_form(Recipe(segment=Regions()), ["segment"], below={"segment.threshold": below})
    form.native.show()
    threshold = find(form, "segment.threshold.method", QComboBox)
    split = find(form, "segment.split.method", QComboBox)

    def top(widget: QWidget) -> int:
        return widget.mapTo(form.native, QPoint(0, 0)).y()

    assert top(threshold) < top(below) < top(split)


def test_a_note_stands_beside_its_number_alone(make_form):
    form = make_form(Recipe(segment=Regions(threshold=Otsu())))
    form.set_note("segment.threshold.offset", "auto 74")
    assert [each.text() for each in form.native.findChildren(QLabel)].count("auto 74") == 1


def test_values_of_several_keep_the_order_they_were_given(make_form):
    backwards = tuple(reversed(STATISTICS))
    form = make_form(Measure(statistics=backwards))
    assert form.value.statistics == backwards
    find(form, f"statistics.{backwards[0]}", QCheckBox).click()
    find(form, f"statistics.{backwards[0]}", QCheckBox).click()
    assert form.value.statistics == (*backwards[1:], backwards[0])


def cut(box: QAbstractSpinBox) -> str:
    """Return what stands in a box if there is no room for it."""
    line, option = box.lineEdit(), QStyleOptionFrame()
    option.initFrom(line)
    room = line.style().subElementRect(QStyle.SubElement.SE_LineEditContents, option, line)
    # Qt keeps two pixels free on either side.
    text_px = line.fontMetrics().horizontalAdvance(line.text()) + 4
    return line.text() if text_px > room.width() else ""


@pytest.mark.parametrize("font_size", ["7pt", "9pt", "14pt", "20pt"])
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_no_number_is_cut_in_any_theme_and_font_size(make_form, qtbot, theme, font_size):
    form = make_form(Recipe(link=Assignment(max_distance_px=6.515)), ["link", "objects"])
    form.native.setStyleSheet(get_stylesheet(theme, extra_variables={"font_size": font_size}))
    form.native.resize(356, 800)
    form.native.show()
    qtbot.waitExposed(form.native)
    boxes = form.native.findChildren(QAbstractSpinBox)
    assert len(boxes) > 4
    distance = find(form, "link.max_distance_px", QAbstractSpinBox)
    assert distance.text() == "6.515 px"
    assert [words for box in boxes if box.isVisible() and (words := cut(box))] == []
    for box in boxes:
        box.setValue(min(box.maximum(), 123456))
    qtbot.wait(20)
    assert [words for box in boxes if box.isVisible() and (words := cut(box))] == []
