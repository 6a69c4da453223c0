"""Pixel size and frame interval: from the file, typed, or said to be unknown."""

from __future__ import annotations

import math
from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QWidget

from napari_celltrack.gui.forms.wheel import no_accident
from napari_celltrack.gui.forms.whole_text import show_whole
from napari_celltrack.gui.theme import set_role, set_state

_UNKNOWN = "unknown"
_FROM_FILE = "from file"
_BY_USER = "set by you"
_REFUSED = "Type a number above 0, or nothing to go back to what the file says."
#: Room for six digits, and for the name of a unit, in px.
_LINE_WIDTH_PX = 64
_UNIT_WIDTH_PX = 68
#: From so many of the smaller unit on a value is shown in the larger one.
_MIN_IN_LARGER = 2.0


class QuantityLine(QWidget):
    """A number with its unit: that of the file, one that was typed instead, or unknown.

    Parameters
    ----------
    name : str
        Object name of the line; the rest is ``{name}_unit`` and ``{name}_source``.
    help_ : str
        What it is, for the tooltip.
    units : sequence of (str, float)
        Names of units and how many of the first each is; with several there is a menu.
    """

    #: The value that was typed, in the first unit, or None to go back to the file's.
    chosen = Signal(object)
    #: Why what was typed is no value, or empty when it is.
    problem = Signal(str)

    def __init__(self, name: str, help_: str, units: Sequence[tuple[str, float]]) -> None:
        super().__init__()
        self._help = f"{help_} Empty it to go back to what the file says."
        self._units = tuple(units)
        self._own: float | None = None
        self._of_file: tuple[float, ...] = ()
        self._shown = ""
        self._unit_was_chosen = False
        self._line = QLineEdit()
        self._line.setObjectName(name)
        self._line.setPlaceholderText(_UNKNOWN)
        self._line.setToolTip(self._help)
        show_whole(self._line, _LINE_WIDTH_PX)
        self._line.editingFinished.connect(self._take)
        self._menu = QComboBox()
        self._menu.setObjectName(f"{name}_unit")
        self._menu.setToolTip("The unit that the number is in.")
        self._menu.addItems([unit for unit, _ in self._units])
        self._menu.setFixedWidth(_UNIT_WIDTH_PX)
        no_accident(self._menu)
        self._menu.activated.connect(self._take_unit)
        self._unit = QLabel(self._units[0][0])
        self._source = QLabel()
        self._source.setObjectName(f"{name}_source")
        for label in (self._unit, self._source):
            set_role(label, "derived")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self._line)
        has_menu = len(self._units) > 1
        row.addWidget(self._menu if has_menu else self._unit)
        (self._unit if has_menu else self._menu).setParent(None)
        row.addStretch(1)
        row.addWidget(self._source)

    def set_title(self, title: str) -> None:
        """Name the line for those who cannot see its label."""
        self._line.setAccessibleName(title)

    def show_value(self, own: float | None, of_file: tuple[float, ...] | float | None) -> None:
        """Show what is known.

        Parameters
        ----------
        own : float or None
            What the user has set, in the first unit.
        of_file : float, tuple of float, or None
            What the file says, in the first unit; height and width of a pixel may differ.
        """
        told = of_file if isinstance(of_file, tuple) else (of_file,)
        file_values = tuple(value for value in told if value is not None)
        if (own, file_values) == (self._own, self._of_file):
            return  # what is being typed stays
        self._own, self._of_file = own, file_values
        values = self._values()
        if values and not self._unit_was_chosen:
            # The largest unit that leaves a number which is easy to read.
            fitting = [
                i for i, (_, size) in enumerate(self._units) if values[0] / size >= _MIN_IN_LARGER
            ]
            self._menu.setCurrentIndex(fitting[-1] if fitting else 0)
        self._show()

    def _values(self) -> tuple[float, ...]:
        return (self._own,) if self._own is not None else self._of_file

    def _show(self) -> None:
        size = self._units[self._menu.currentIndex()][1]
        different = list(dict.fromkeys(f"{value / size:.5g}" for value in self._values()))
        self._shown = " × ".join(different)
        self._line.setText(self._shown)
        set_state(self._line, "wrong", False)
        self._line.setToolTip(self._help)
        if self._own is not None:
            self._source.setText(_BY_USER)
        else:
            self._source.setText(_FROM_FILE if self._of_file else "")

    def _take_unit(self) -> None:
        self._unit_was_chosen = True
        self._show()

    def _take(self) -> None:
        text = self._line.text().strip()
        if text == self._shown:
            return
        if not text:
            self.problem.emit("")
            self._own = None
            self._show()
            self.chosen.emit(None)
            return
        number = _number(text)
        if number is None:
            set_state(self._line, "wrong", True)
            self._line.setToolTip(_REFUSED)
            self.problem.emit(_REFUSED)
            return
        self._own = number * self._units[self._menu.currentIndex()][1]
        self._show()
        self.problem.emit("")
        self.chosen.emit(self._own)


def _number(text: str) -> float | None:
    """Return a number above 0 that was typed with a point or a comma, or None."""
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) and number > 0 else None
