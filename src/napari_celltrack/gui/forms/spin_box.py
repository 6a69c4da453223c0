"""The spin box of a number: bounds, unit and steps of its field."""

from __future__ import annotations

from qtpy.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QSpinBox

from napari_celltrack.field_facts import FieldFacts
from napari_celltrack.gui.theme import SPIN_WIDTH_PX

#: Range of a spin box where the field has no bound of its own.
_UNBOUNDED = 2**31 - 1
_DECIMALS = 3
#: Letters of a unit that there is room for, and the room for a longer one, in px.
_SHORT_UNIT, _LONG_UNIT_PX = 3, 24


class _FloatSpinBox(QDoubleSpinBox):
    """Shows as many decimals as a value has, not a row of zeros."""

    def textFromValue(self, value: float) -> str:
        text = str(super().textFromValue(value))
        point = self.locale().decimalPoint()
        return text.rstrip("0").rstrip(point) if point in text else text


def spin_box(facts: FieldFacts) -> QSpinBox | QDoubleSpinBox:
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
    spin.setFixedWidth(SPIN_WIDTH_PX + (_LONG_UNIT_PX if len(facts.unit) > _SHORT_UNIT else 0))
    # What is typed counts when it is complete; arrows, wheel and slider count at once.
    spin.setKeyboardTracking(False)
    return spin
