"""Controls for single values: rows of a form.

A control keeps the exact value it was given: rounding for display never changes a recipe.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from magicgui.widgets import CheckBox, ComboBox, Widget, create_widget
from magicgui.widgets.bases import BaseValueWidget
from qtpy.QtWidgets import QWidget

from napari_celltrack.field_facts import FieldFacts, in_words
from napari_celltrack.gui.forms.check_boxes import CheckBoxes, Choice
from napari_celltrack.gui.forms.form_part import FormPart
from napari_celltrack.gui.forms.number import Number
from napari_celltrack.gui.forms.rows import dress
from napari_celltrack.gui.forms.shared import Shared
from napari_celltrack.gui.theme import set_state

#: What an optional value is called when it is off.
_OFF = "not set"


class Menu(ComboBox):
    """A menu of values; None is a choice where the field is optional."""

    null_string = _OFF

    def reset_choices(self, *_: Any) -> None:
        """Fill the menu once: its choices are those of a field and never change."""
        if not len(self):
            super().reset_choices()


class Text(FormPart[Any]):
    """A line of text, or several texts between commas; None where an optional one is empty."""

    def __init__(self, value: Any, facts: FieldFacts, **kwargs: Any) -> None:
        self._value: Any = value
        self._facts = facts
        self._edit: Any = create_widget(value=_text_of(value), annotation=str)
        super().__init__(widgets=[self._edit], layout="horizontal", **kwargs)
        self._line = self._edit.native
        dress(self._line, facts, self.path)
        if facts.optional:
            self._line.setPlaceholderText(_OFF)
        self._line.editingFinished.connect(self._take)

    def get_value(self) -> Any:
        """Return a text, a tuple of texts, or None."""
        return self._value

    def set_value(self, value: Any) -> None:
        """Show a value."""
        self._edit.value = _text_of(value)
        if value != self._value:
            self._value = value
            self.changed.emit(value)

    def _take(self) -> None:
        text = self._line.text().strip()
        if text == _text_of(self._value):
            return
        value: Any = self._parse(text)
        if not text and self._facts.optional:
            value = None
        elif self._facts.kind == "texts":
            parts = map(str.strip, text.split(","))
            value = tuple(self._parse(part) for part in parts if part)
        self.set_value(value)

    def _parse(self, text: str) -> Any:
        return int(text) if self._facts.is_int and text.isdecimal() else text


class Switched(FormPart[Any]):
    """A check box before another control; None when it is not ticked."""

    def __init__(self, value: Any, facts: FieldFacts, path: str, shared: Shared) -> None:
        self._off_text = "no limit" if facts.name[:4] in ("min_", "max_") else _OFF
        self._box = CheckBox(value=value is not None)
        initial = _initial(facts) if value is None else value
        self._inner = control_for(replace(facts, optional=False), initial, path, shared)
        super().__init__(
            name=facts.name,
            path=path,
            shared=shared,
            widgets=[self._box, self._inner],
            layout="horizontal",
        )
        self.native.layout().setStretch(1, 1)
        dress(self._box.native, facts, f"{path}.set")
        self._show()
        self._box.changed.connect(self._toggle)
        self._inner.changed.connect(self.tell, max_args=0)

    def get_value(self) -> Any:
        """Return the value, or None."""
        return self._inner.value if self._box.value else None

    def set_value(self, value: Any) -> None:
        """Show a value, or none."""
        if value == self.get_value():
            return
        with self._box.changed.blocked(), self._inner.changed.blocked():
            self._box.value = value is not None
            if value is not None:
                self._inner.value = value
        self._toggle()

    def _toggle(self) -> None:
        self._show()
        self.changed.emit(self.get_value())

    def _show(self) -> None:
        self._inner.visible = self._box.value
        self._box.text = "" if self._box.value else self._off_text


def control_for(facts: FieldFacts, value: Any, path: str, shared: Shared) -> BaseValueWidget[Any]:
    """Return the magicgui widget that edits a field of a form, whatever its kind is.

    Parameters
    ----------
    facts : FieldFacts
        Of the field.
    value : object
        What to show first.
    path : str
        Of the field in the recipe, which becomes the object name.
    shared : Shared
        What it shares with the other parts of its form.
    """
    if facts.optional and facts.kind in ("number", "flag", "choices"):
        return Switched(value, facts, path, shared)
    widget_type: Any = {
        "number": Number,
        "flag": CheckBox,
        "choice": Menu,
        "choices": CheckBoxes,
        "text": Text,
        "texts": Text,
    }.get(facts.kind)
    options: dict[str, Any] = {"facts": facts, "path": path, "shared": shared}
    if facts.kind == "flag":
        options = {}
    elif facts.kind == "choice":
        options = {"choices": [(in_words(str(each)), each) for each in facts.choices]}
    elif facts.kind == "choices":
        names = [(each, in_words(str(each)), f"{path}.{each}") for each in facts.choices]
        options = {"choices": [Choice(*each, facts.help) for each in names]}
    control: Any = create_widget(
        value=value,
        annotation=facts.annotation,
        name=facts.name,
        label=facts.title,
        widget_type=widget_type,
        options=options,
    )
    if isinstance(control, CheckBox):
        control.text = ""
    if isinstance(control, CheckBox | Menu):
        dress(control.native, facts, path)
    return control


def show_problem(control: Widget, facts: FieldFacts, path: str, sentence: str) -> None:
    """Mark a control as wrong, with the reason, or as right with an empty sentence."""
    for child in (control.native, *control.native.findChildren(QWidget)):
        if child.objectName() == path and child.property("wrong") is not bool(sentence):
            set_state(child, "wrong", bool(sentence))
            child.setToolTip(sentence or facts.help)


def _initial(facts: FieldFacts) -> Any:
    """Return a harmless value for an optional field that was off."""
    if facts.kind != "number":
        return False if facts.kind == "flag" else facts.choices
    wanted = 1000 if facts.is_int else 1.0
    lower = wanted if facts.lower is None else facts.lower
    upper = wanted if facts.upper is None else facts.upper
    value = min(max(wanted, lower), upper)
    return int(value) if facts.is_int else float(value)


def _text_of(value: Any) -> str:
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
