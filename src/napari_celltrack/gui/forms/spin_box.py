"""SpinBox: a number with its unit, in the range and steps of its field."""

from __future__ import annotations

from functools import partial
from typing import Any

from magicgui.backends._qtpy.widgets import QBaseRangedWidget
from magicgui.widgets.bases import RangedWidget
from qtpy.QtWidgets import QDoubleSpinBox, QSpinBox

from napari_celltrack.field_facts import FieldFacts
from napari_celltrack.gui.theme import SPIN_WIDTH_PX

#: Range of a spin box where the field has no bound of its own.
_UNBOUNDED = 2**31 - 1
_DECIMALS = 3
#: Letters of a unit that there is room for, and the room for a longer one, in px.
_SHORT_UNIT, _LONG_UNIT_PX = 3, 24
#: The unit that has a singular.
_COUNTED = "frames"


class SpinBox(RangedWidget[float]):
    """A number with its unit; magicgui's own spin box for whole numbers shows no unit.

    Parameters
    ----------
    facts : FieldFacts
        Of the field that it edits.
    **kwargs
        As for any magicgui widget.
    """

    def __init__(self, facts: FieldFacts, **kwargs: Any) -> None:
        lower = -_UNBOUNDED if facts.lower is None else facts.lower
        upper = _UNBOUNDED if facts.upper is None else facts.upper
        is_wide = upper - lower > (1000 if facts.is_int else 1)
        super().__init__(
            widget_type=_WholeNumber if facts.is_int else _Decimal,
            min=max(lower, -_UNBOUNDED),
            max=min(upper, _UNBOUNDED),
            # None is a step that grows with the number.
            step=None if is_wide else 1 if facts.is_int else 0.05,
            **kwargs,
        )
        spin = self.native
        spin.setSuffix(f" {facts.unit}" if facts.unit else "")
        if facts.unit == _COUNTED:
            spin.valueChanged.connect(partial(_count, spin))
        spin.setFixedWidth(SPIN_WIDTH_PX + (_LONG_UNIT_PX if len(facts.unit) > _SHORT_UNIT else 0))
        # What is typed counts when it is complete; arrows, wheel and slider count at once.
        spin.setKeyboardTracking(False)


class _WholeNumber(QBaseRangedWidget):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(QSpinBox, **kwargs)

    def _pre_set_hook(self, value: float) -> int:
        return int(value)


class _Decimal(QBaseRangedWidget):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(_FloatSpinBox, **kwargs)
        self._qwidget.setDecimals(_DECIMALS)


class _FloatSpinBox(QDoubleSpinBox):
    """Shows as many decimals as a value has, not a row of zeros."""

    def textFromValue(self, value: float) -> str:
        text = str(super().textFromValue(value))
        point = self.locale().decimalPoint()
        return text.rstrip("0").rstrip(point) if point in text else text


def _count(spin: QSpinBox, value: int) -> None:
    spin.setSuffix(f" {_COUNTED[:-1] if value == 1 else _COUNTED}")
