"""Number: a spin box with its unit, a slider where both ends are known, and µm beside a length."""

from __future__ import annotations

from typing import Any

from magicgui.backends._qtpy.widgets import QBaseValueWidget
from magicgui.widgets.bases import ValueWidget
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QAbstractSpinBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QSpinBox,
    QWidget,
)
from superqt.utils import signals_blocked

from napari_celltrack.field_facts import FieldFacts
from napari_celltrack.gui.forms.rows import dress
from napari_celltrack.gui.forms.shared import Shared
from napari_celltrack.gui.forms.whole_text import show_whole
from napari_celltrack.gui.theme import DERIVED_WIDTH_PX, SPIN_WIDTH_PX, set_role

#: Steps of a slider.
_SLIDER_STEPS = 1000
#: Over a wider range a slider is finer at its low end, where the useful values are.
_LINEAR_RANGE = 30
#: The unit that has a singular.
_COUNTED = "frames"
#: The power of a pixel in a unit.
_POWERS_OF_PX = {"px": 1, "px²": 2}

#: Range of a spin box where the field has no bound of its own.
_UNBOUNDED = 2**31 - 1
_DECIMALS = 3


class Number(ValueWidget[float]):
    """A number with its unit; it stays as exact as it was given.

    magicgui's own spin box of whole numbers can show no unit.

    Parameters
    ----------
    facts : FieldFacts
        Of the field that it edits.
    path : str
        Of the field in the recipe, which becomes the object name.
    shared : Shared
        What it shares with the other parts of its form.
    **kwargs
        As for any magicgui widget.
    """

    def __init__(self, facts: FieldFacts, path: str, shared: Shared, **kwargs: Any) -> None:
        kwargs["widget_type"] = _Backend
        super().__init__(backend_kwargs={"facts": facts, "path": path}, **kwargs)
        self.native.set_pixel_size(shared.pixel_size_um)


class _Backend(QBaseValueWidget):
    def __init__(self, facts: FieldFacts, path: str, **kwargs: Any) -> None:
        super().__init__(NumberRow, "value", "setValue", "valueChanged", **kwargs)
        self._qwidget.lay_out(facts, path)


class NumberRow(QWidget):
    """What a :class:`Number` consists of.

    Parameters
    ----------
    parent : QWidget, optional
    """

    valueChanged = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.path = ""
        self._value: Any = None
        self._um: float | None = None
        self._note = ""
        self._slider: QSlider | None = None

    def lay_out(self, facts: FieldFacts, path: str) -> None:
        """Put in what edits a field."""
        self.path = path
        self._is_counted = facts.unit == _COUNTED
        self._power_of_px = _POWERS_OF_PX.get(facts.unit, 0)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        self._spin = _spin_box(facts)
        dress(self._spin, facts, path)
        row.addWidget(self._spin)
        self._fit = show_whole(self._spin, SPIN_WIDTH_PX)
        self._derived = QLabel()
        set_role(self._derived, "derived")
        self._derived.hide()
        if facts.lower is None or facts.upper is None:
            # Like a slider it takes what room there is, and asks for none.
            self._derived.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            row.addWidget(self._derived, 1)
            row.addStretch(0)
        else:
            self._slider = self._make_slider(facts, facts.lower, facts.upper)
            row.addWidget(self._slider, 1)
            self._derived.setMinimumWidth(DERIVED_WIDTH_PX)
            row.addWidget(self._derived)
        self._spin.valueChanged.connect(self._take)

    def value(self) -> Any:
        """Return the number, as exact as it was given."""
        return self._value

    def setValue(self, value: Any) -> None:
        """Show a number."""
        if value != self._value:
            with signals_blocked(self._spin):
                self._spin.setValue(value)
            self._take(value)

    def set_pixel_size(self, um: float | None) -> None:
        """Show a length in µm too, or stop showing it."""
        if um != self._um:
            self._um = um
            self._show_derived()

    def set_note(self, text: str) -> None:
        """Say something in grey beside the number, where there is no size in µm."""
        self._note = text
        self._show_derived()

    def _make_slider(self, facts: FieldFacts, lower: float, upper: float) -> QSlider:
        is_wide = upper - lower > _LINEAR_RANGE and facts.unit != "%"
        self._lower, self._span = lower, (upper - lower) or 1.0
        self._power = 3.0 if is_wide else 1.0
        self._digits = None if facts.is_int else 2
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, _SLIDER_STEPS)
        slider.setMinimumWidth(24)
        # It takes what room there is, and asks for none: the dock need not grow for it.
        slider.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        dress(slider, facts, f"{self.path}.slider")
        # The spin box is the one to reach with the keyboard.
        slider.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        slider.valueChanged.connect(self._slide)
        return slider

    def _take(self, value: float) -> None:
        self._value = value
        if self._is_counted:
            self._spin.setSuffix(f" {_COUNTED[:-1] if value == 1 else _COUNTED}")
        self._fit()
        if self._slider is not None:
            share = min(max((value - self._lower) / self._span, 0.0), 1.0)
            with signals_blocked(self._slider):
                self._slider.setValue(round(_SLIDER_STEPS * share ** (1 / self._power)))
        self._show_derived()
        self.valueChanged.emit(value)

    def _slide(self, position: int) -> None:
        value = self._lower + self._span * (position / _SLIDER_STEPS) ** self._power
        self._spin.setValue(round(value, self._digits))

    def _show_derived(self) -> None:
        text = self._note
        if self._power_of_px and self._um and self._value is not None:
            size = self._value * self._um**self._power_of_px
            text = f"{_short(size)} µm{'²' if self._power_of_px == 2 else ''}"
        if text != self._derived.text():
            self._derived.setText(text)
            self._derived.setToolTip(text)
            self._derived.setVisible(bool(text))


class _FloatSpinBox(QDoubleSpinBox):
    """Shows as many decimals as a value has, not a row of zeros."""

    def textFromValue(self, value: float) -> str:
        text = str(super().textFromValue(value))
        point = self.locale().decimalPoint()
        return text.rstrip("0").rstrip(point) if point in text else text


def _spin_box(facts: FieldFacts) -> QSpinBox | QDoubleSpinBox:
    """Return a spin box for a field that is a number."""
    lower = -_UNBOUNDED if facts.lower is None else facts.lower
    upper = _UNBOUNDED if facts.upper is None else facts.upper
    spin: QSpinBox | QDoubleSpinBox
    if facts.is_int:
        spin = QSpinBox()
        spin.setRange(max(int(lower), -_UNBOUNDED), min(int(upper), _UNBOUNDED))
    else:
        spin = _FloatSpinBox()
        spin.setDecimals(_DECIMALS)
        spin.setRange(lower, upper)
        if upper - lower <= 1:
            spin.setSingleStep(0.05)
    if upper - lower > 1000 or (not facts.is_int and upper - lower > 1):
        spin.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)
    spin.setSuffix(f" {facts.unit}" if facts.unit else "")
    # What is typed counts when it is complete; arrows, wheel and slider count at once.
    spin.setKeyboardTracking(False)
    return spin


def _short(number: float) -> str:
    """Return a number with two or three digits, without an exponent."""
    if abs(number) >= 100:
        return f"{number:.0f}"
    return f"{number:.3g}" if abs(number) >= 1 else f"{number:.2g}"
