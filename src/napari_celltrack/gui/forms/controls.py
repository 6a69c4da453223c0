"""Controls for single values: each edits one field of a Settings value.

A control keeps the exact value it was given: rounding for display never changes a recipe.
"""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QObject, Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QSlider,
    QWidget,
)
from typing_extensions import override

from napari_celltrack.gui.forms.fields import FieldSpec, method_title
from napari_celltrack.gui.forms.spin_box import spin_box
from napari_celltrack.gui.forms.wheel import no_accident
from napari_celltrack.gui.theme import DERIVED_WIDTH_PX, ROW_GAP_PX, set_role, set_state

#: Steps of a slider.
_SLIDER_STEPS = 1000
#: Over a wider range a slider is finer at its low end, where the useful values are.
_LINEAR_RANGE = 30
#: Check boxes side by side, of a field that takes several values.
_CHOICES_A_ROW = 3
#: What an optional value is called when it is off.
_OFF = "not set"


class Editor(QWidget):
    """Edits one value; the base of controls, sections and lists.

    `changed` is emitted when the user has changed the value, never by `set_value`.
    """

    changed = Signal()

    def value(self) -> Any:
        """Return the value."""
        raise NotImplementedError

    def set_value(self, value: Any) -> None:
        """Show a value."""
        raise NotImplementedError

    def set_pixel_size(self, um: float | None) -> None:
        """Show lengths in µm too, or stop showing them."""

    def set_problem(self, sentence: str) -> None:
        """Mark the control as wrong, with the reason, or as right with an empty sentence."""


class Control(Editor):
    """An editor of a single value: a row of a form.

    Parameters
    ----------
    spec : FieldSpec
        The field.
    path : str
        Its path in the recipe, which becomes the object name.
    """

    def __init__(self, spec: FieldSpec, path: str) -> None:
        super().__init__()
        self.spec = spec
        self.path = path
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(6)

    def _add(self, widget: QWidget, name: str = "", stretch: int = 0) -> None:
        """Put a widget into the row, with the tooltip and name of the field."""
        self._dress(widget, name)
        self.row.addWidget(widget, stretch)

    def _dress(self, widget: QWidget, name: str = "") -> None:
        widget.setObjectName(self.path + name)
        widget.setToolTip(self.spec.help)
        widget.setAccessibleName(self.spec.title)
        no_accident(widget)

    @override
    def set_problem(self, sentence: str) -> None:
        for child in self.findChildren(QWidget):
            if child.objectName() == self.path:
                set_state(child, "wrong", bool(sentence))
                child.setToolTip(sentence or self.spec.help)


class NumberControl(Control):
    """A spin box with its unit, a slider where both ends are known, and µm beside a length."""

    def __init__(self, spec: FieldSpec, path: str) -> None:
        super().__init__(spec, path)
        self._um: float | None = None
        self._note = ""
        self._value: Any = 0
        self._spin = spin_box(spec)
        self._add(self._spin)
        self._slider: QSlider | None = None
        if spec.lower is not None and spec.upper is not None:
            self._slider = QSlider(Qt.Orientation.Horizontal)
            self._slider.setRange(0, _SLIDER_STEPS)
            self._slider.setMinimumWidth(24)
            # It takes what room there is, and asks for none: the dock need not grow for it.
            self._slider.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            # The spin box is the one to reach with the keyboard.
            self._slider.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
            self._slider.valueChanged.connect(self._slide)
            self._add(self._slider, ".slider", stretch=1)
        self._derived = QLabel()
        set_role(self._derived, "derived")
        self._derived.hide()
        if self._slider is None:
            # Like a slider it takes what room there is, and asks for none.
            self._derived.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            self.row.addWidget(self._derived, 1)
            self.row.addStretch(0)
        else:
            self._derived.setFixedWidth(DERIVED_WIDTH_PX)
            self.row.addWidget(self._derived)
        self._spin.valueChanged.connect(self._take)

    @override
    def value(self) -> Any:
        return self._value

    @override
    def set_value(self, value: Any) -> None:
        self._value = value
        _quietly(self._spin, "setValue", value)
        self._show_derived()

    @override
    def set_pixel_size(self, um: float | None) -> None:
        self._um = um
        self._show_derived()

    def set_note(self, text: str) -> None:
        """Say something in grey beside the control, where there is no size in µm."""
        self._note = text
        self._show_derived()

    def _take(self, value: float) -> None:
        self._value = value
        self._show_derived()
        self.changed.emit()

    def _slide(self, position: int) -> None:
        lower, span = self._range()
        value = lower + span * (position / _SLIDER_STEPS) ** self._power()
        self._spin.setValue(round(value) if self.spec.is_int else round(value, 2))

    def _show_derived(self) -> None:
        """Let slider and µm follow the value."""
        if self._slider is not None:
            lower, span = self._range()
            share = min(max((self._value - lower) / span, 0.0), 1.0)
            position = round(_SLIDER_STEPS * share ** (1 / self._power()))
            _quietly(self._slider, "setValue", position)
        power = {"px": 1, "px²": 2}.get(self.spec.unit, 0)
        text = self._note
        if power and self._um:
            size = self._value * self._um**power
            text = f"{_short(size)} µm{'²' if power == 2 else ''}"
        self._derived.setText(text)
        self._derived.setToolTip(text)
        self._derived.setVisible(bool(text))

    def _range(self) -> tuple[float, float]:
        lower, upper = float(self.spec.lower or 0), float(self.spec.upper or 0)
        return lower, (upper - lower) or 1.0

    def _power(self) -> float:
        wide = self._range()[1] > _LINEAR_RANGE and self.spec.unit != "%"
        return 3.0 if wide else 1.0


class FlagControl(Control):
    """A check box."""

    def __init__(self, spec: FieldSpec, path: str) -> None:
        super().__init__(spec, path)
        self._box = QCheckBox()
        self._add(self._box)
        self.row.addStretch(1)
        self._box.toggled.connect(self.changed)

    @override
    def value(self) -> bool:
        return self._box.isChecked()

    @override
    def set_value(self, value: bool) -> None:
        _quietly(self._box, "setChecked", value)


class ChoiceControl(Control):
    """A menu of values; None is a choice where the field is optional."""

    def __init__(self, spec: FieldSpec, path: str) -> None:
        super().__init__(spec, path)
        self._values = [None, *spec.choices] if spec.optional else list(spec.choices)
        self._menu = QComboBox()
        for choice in self._values:
            self._menu.addItem(_OFF if choice is None else method_title(str(choice)))
        self._add(self._menu, stretch=1)
        self._menu.currentIndexChanged.connect(lambda _: self.changed.emit())

    @override
    def value(self) -> Any:
        return self._values[self._menu.currentIndex()]

    @override
    def set_value(self, value: Any) -> None:
        _quietly(self._menu, "setCurrentIndex", self._values.index(value))


class ChoicesControl(Control):
    """A check box a value, for a field that takes several; they keep the order they were given."""

    def __init__(self, spec: FieldSpec, path: str) -> None:
        super().__init__(spec, path)
        self._value: tuple[Any, ...] = ()
        self._boxes = {choice: QCheckBox(method_title(str(choice))) for choice in spec.choices}
        grid = QGridLayout()
        grid.setVerticalSpacing(ROW_GAP_PX)
        for index, (choice, box) in enumerate(self._boxes.items()):
            self._dress(box, f".{choice}")
            grid.addWidget(box, *divmod(index, _CHOICES_A_ROW))
            box.toggled.connect(lambda on, choice=choice: self._toggle(choice, on))
        self.row.addLayout(grid)
        self.row.addStretch(1)

    @override
    def value(self) -> tuple[Any, ...]:
        return self._value

    @override
    def set_value(self, value: tuple[Any, ...]) -> None:
        self._value = tuple(value)
        for choice, box in self._boxes.items():
            _quietly(box, "setChecked", choice in value)

    def _toggle(self, choice: Any, on: bool) -> None:
        others = tuple(each for each in self._value if each != choice)
        self._value = (*others, choice) if on else others
        self.changed.emit()


class TextControl(Control):
    """A line of text, or several texts between commas; None where an optional one is empty."""

    def __init__(self, spec: FieldSpec, path: str) -> None:
        super().__init__(spec, path)
        self._value: Any = None
        self._line = QLineEdit()
        if spec.optional:
            self._line.setPlaceholderText(_OFF)
        self._add(self._line, stretch=1)
        self._line.editingFinished.connect(self._take)

    @override
    def value(self) -> Any:
        return self._value

    @override
    def set_value(self, value: Any) -> None:
        self._value = value
        self._line.setText(self._text_of(value))

    def _take(self) -> None:
        text = self._line.text().strip()
        if text == self._text_of(self._value):
            return
        if not text and self.spec.optional:
            self._value = None
        elif self.spec.kind == "texts":
            parts = map(str.strip, text.split(","))
            self._value = tuple(self._parse(part) for part in parts if part)
        else:
            self._value = self._parse(text)
        self.changed.emit()

    def _parse(self, text: str) -> Any:
        return int(text) if self.spec.is_int and text.isdecimal() else text

    @staticmethod
    def _text_of(value: Any) -> str:
        if value is None:
            return ""
        return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


class OptionalControl(Control):
    """A check box before another control; None when it is not ticked.

    Parameters
    ----------
    inner : Control
        Edits the value when there is one.
    initial : object
        The value when it is ticked for the first time.
    """

    def __init__(self, inner: Control, initial: Any) -> None:
        super().__init__(inner.spec, f"{inner.path}.set")
        self._inner = inner
        self._off_text = "no limit" if inner.spec.name[:4] in ("min_", "max_") else _OFF
        self._box = QCheckBox(self._off_text)
        self._add(self._box)
        self.row.addWidget(inner, 1)
        inner.set_value(initial)
        inner.hide()
        self._box.toggled.connect(self._toggle)
        inner.changed.connect(self.changed)

    @override
    def value(self) -> Any:
        return self._inner.value() if self._box.isChecked() else None

    @override
    def set_value(self, value: Any) -> None:
        _quietly(self._box, "setChecked", value is not None)
        if value is not None:
            self._inner.set_value(value)
        self._show_inner()

    @override
    def set_pixel_size(self, um: float | None) -> None:
        self._inner.set_pixel_size(um)

    @override
    def set_problem(self, sentence: str) -> None:
        self._inner.set_problem(sentence)

    def _toggle(self) -> None:
        self._show_inner()
        self.changed.emit()

    def _show_inner(self) -> None:
        on = self._box.isChecked()
        self._inner.setVisible(on)
        self._box.setText("" if on else self._off_text)


def control_for(spec: FieldSpec, path: str) -> Control:
    """Return the control for a field that is not a section."""
    classes: dict[str, type[Control]] = {
        "number": NumberControl,
        "flag": FlagControl,
        "choice": ChoiceControl,
        "choices": ChoicesControl,
        "text": TextControl,
        "texts": TextControl,
    }
    control = classes[spec.kind](spec, path)
    if spec.optional and spec.kind in ("number", "flag", "choices"):
        return OptionalControl(control, _initial(spec))
    return control


def _initial(spec: FieldSpec) -> Any:
    """Return a harmless value for an optional field that was off."""
    if spec.kind != "number":
        return False if spec.kind == "flag" else spec.choices
    wanted = 1000 if spec.is_int else 1.0
    lower = wanted if spec.lower is None else spec.lower
    upper = wanted if spec.upper is None else spec.upper
    value = min(max(wanted, lower), upper)
    return int(value) if spec.is_int else float(value)


def _short(number: float) -> str:
    """Return a number with two or three digits, without an exponent."""
    if abs(number) >= 100:
        return f"{number:.0f}"
    return f"{number:.3g}" if abs(number) >= 1 else f"{number:.2g}"


def _quietly(widget: QObject, setter: str, value: Any) -> None:
    """Set a value without its signal."""
    blocked = widget.blockSignals(True)
    getattr(widget, setter)(value)
    widget.blockSignals(blocked)
