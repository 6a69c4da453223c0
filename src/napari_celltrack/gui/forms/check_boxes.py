"""CheckBoxes: a value of which any number may be ticked, as a grid of check boxes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from qtpy.QtWidgets import QCheckBox, QGridLayout, QLabel
from superqt.utils import signals_blocked

from napari_celltrack.gui.forms.form_part import FormPart
from napari_celltrack.gui.theme import ROW_GAP_PX, set_role

#: So many side by side, for texts of at most so many letters.
_MOST_LETTERS = ((3, 13), (2, 18), (1, math.inf))


class Choice(NamedTuple):
    """A check box: its value, its text, its object name and its tooltip."""

    value: Any
    text: str
    name: str
    tooltip: str


class CheckBoxes(FormPart[tuple]):
    """A grid of check boxes; the value keeps the order in which they were ticked.

    Parameters
    ----------
    value : tuple, optional
        The ticked ones, none by default.
    choices : sequence of Choice
        What there is to tick.
    n_columns : int, optional
        Check boxes side by side; by default as many as their texts leave room for.
    title : str, optional
        Words above.
    **kwargs
        As for :class:`~napari_celltrack.gui.forms.form_part.FormPart`.
    """

    def __init__(
        self,
        value: tuple[Any, ...] = (),
        choices: Sequence[Choice] = (),
        n_columns: int | None = None,
        title: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._n_columns = n_columns
        self._value = tuple(value)
        self._choices: tuple[Choice, ...] = ()
        self._boxes: dict[Any, QCheckBox] = {}
        self._grid = QGridLayout()
        self._grid.setVerticalSpacing(ROW_GAP_PX)
        if title:
            words = QLabel(title)
            set_role(words, "hint")
            self.native.layout().addWidget(words)
        self.native.layout().setSpacing(ROW_GAP_PX)
        self.native.layout().addLayout(self._grid)
        self._offer(tuple(choices))

    def get_value(self) -> tuple[Any, ...]:
        """Return the values of the ticked boxes."""
        return self._value

    def set_value(self, value: tuple[Any, ...]) -> None:
        """Tick some boxes."""
        if tuple(value) != self._value:
            self._value = tuple(value)
            self._show()
            self.changed.emit(self._value)

    def show_choices(self, choices: Sequence[Choice], value: tuple[Any, ...]) -> None:
        """Offer other boxes, some of them ticked; without any there is nothing to see."""
        if tuple(choices) != self._choices:
            for box in self._boxes.values():
                self._grid.removeWidget(box)
                box.deleteLater()
            self._offer(tuple(choices))
        self._value = tuple(value)
        self._show()
        self.native.setVisible(bool(choices))

    def _offer(self, choices: tuple[Choice, ...]) -> None:
        self._choices = choices
        self._boxes = {choice.value: self._box(choice) for choice in choices}
        longest = max((len(choice.text) for choice in choices), default=0)
        n_columns = self._n_columns or next(n for n, most in _MOST_LETTERS if longest <= most)
        for index, box in enumerate(self._boxes.values()):
            self._grid.addWidget(box, *divmod(index, n_columns))
        self._show()

    def _box(self, choice: Choice) -> QCheckBox:
        box = QCheckBox(choice.text)
        box.setObjectName(choice.name)
        box.setToolTip(choice.tooltip)
        box.toggled.connect(lambda on: self._toggle(choice.value, on))
        return box

    def _show(self) -> None:
        for value, box in self._boxes.items():
            with signals_blocked(box):
                box.setChecked(value in self._value)

    def _toggle(self, value: Any, on: bool) -> None:
        others = tuple(each for each in self._value if each != value)
        self.set_value((*others, value) if on else others)
