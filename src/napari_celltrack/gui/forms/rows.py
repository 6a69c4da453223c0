"""How the parts of a form are laid out: columns, grids that align, headings, quiet buttons."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_celltrack.gui.forms.fields import FieldSpec, half_sentence
from napari_celltrack.gui.theme import LABEL_WIDTH_PX, ROW_GAP_PX, SECTION_GAP_PX, set_role


def column(widget: QWidget) -> QVBoxLayout:
    """Give a widget a column without margins."""
    layout = QVBoxLayout(widget)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(ROW_GAP_PX)
    return layout


def add_grid(above: QVBoxLayout) -> QGridLayout:
    """Add a grid of labels and controls; all of them have columns of the same width."""
    grid = QGridLayout()
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setVerticalSpacing(ROW_GAP_PX)
    grid.setHorizontalSpacing(6)
    grid.setColumnMinimumWidth(0, LABEL_WIDTH_PX)
    grid.setColumnStretch(1, 1)
    above.addLayout(grid)
    return grid


def add_row(
    rows: QGridLayout, spec: FieldSpec, editor: QWidget, name: QWidget | None = None
) -> None:
    """Add a field to a grid: its name, or another widget, left; what edits it right."""
    row = rows.rowCount()
    if name is None:
        name = QLabel(spec.title)
        name.setToolTip(spec.help)
        name.setFixedWidth(LABEL_WIDTH_PX)
        name.setWordWrap(True)
        rows.addWidget(name, row, 0)
    else:
        rows.addWidget(name, row, 0, Qt.AlignmentFlag.AlignLeft)
    rows.addWidget(editor, row, 1)


def heading(title: str, help_: str) -> QWidget:
    """Return the bold title of a section with the beginning of its help in grey beside it."""
    widget = QWidget()
    layout = QHBoxLayout(widget)
    layout.setContentsMargins(0, SECTION_GAP_PX, 0, 0)
    layout.setSpacing(6)
    bold = QLabel(title)
    set_role(bold, "title")
    layout.addWidget(bold)
    layout.addWidget(HalfSentence(half_sentence(help_)), 1)
    widget.setToolTip(help_)
    return widget


class HalfSentence(QLabel):
    """Grey words beside a title; where they would be cut off they are left to the tooltip."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._whole = text
        set_role(self, "hint")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def resizeEvent(self, event: Any) -> None:
        """Show the words if there is room for them."""
        super().resizeEvent(event)
        fits = self.fontMetrics().horizontalAdvance(self._whole) <= self.width()
        self.setText(self._whole if fits else "")


class Fold(QWidget):
    """Rows that are seldom needed, behind a small button.

    Parameters
    ----------
    name : str
        Object name of the button.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        layout = column(self)
        self._button = quiet_button("", name, "Show or hide settings that are seldom needed.")
        self._button.setCheckable(True)
        self._button.toggled.connect(self._show)
        self._titles: list[str] = []
        layout.addWidget(self._button)
        self._inside = QWidget()
        self.rows = add_grid(column(self._inside))
        layout.addWidget(self._inside)
        self._show(False)

    def add(self, spec: FieldSpec, editor: QWidget) -> None:
        """Add a field; a single one lends its name to the button."""
        add_row(self.rows, spec, editor)
        self._titles.append(spec.title)
        self._show(self._button.isChecked())

    def open(self) -> None:
        """Show the rows."""
        self._button.setChecked(True)

    def _show(self, shown: bool) -> None:
        self._inside.setVisible(shown)
        name = self._titles[0] if len(self._titles) == 1 else "More"
        self._button.setText(f"{name} {'▴' if shown else '▾'}")


def quiet_button(text: str, name: str, tooltip: str) -> QToolButton:
    """Return a button for a menu that does not ask for attention."""
    button = QToolButton()
    button.setText(text)
    button.setObjectName(name)
    button.setToolTip(tooltip)
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    set_role(button, "quiet")
    return button
