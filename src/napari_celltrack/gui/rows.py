"""How the parts of a form are laid out: columns, grids that align, headings, quiet buttons."""

from __future__ import annotations

from qtpy.QtWidgets import QGridLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from napari_celltrack.gui.fields import FieldSpec
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


def add_row(rows: QGridLayout, spec: FieldSpec, editor: QWidget) -> None:
    """Add a field to a grid: its name left, what edits it right."""
    label = QLabel(spec.title)
    label.setToolTip(spec.help)
    label.setFixedWidth(LABEL_WIDTH_PX)
    label.setWordWrap(True)
    row = rows.rowCount()
    rows.addWidget(label, row, 0)
    rows.addWidget(editor, row, 1)


def heading(title: str, help_: str) -> QWidget:
    """Return the bold title of a section with its help in grey."""
    widget = QWidget()
    layout = column(widget)
    layout.setContentsMargins(0, SECTION_GAP_PX, 0, 0)
    bold = QLabel(title)
    set_role(bold, "title")
    layout.addWidget(bold)
    if help_:
        grey = QLabel(help_)
        set_role(grey, "hint")
        grey.setWordWrap(True)
        layout.addWidget(grey)
    return widget


def quiet_button(text: str, name: str, tooltip: str) -> QToolButton:
    """Return a button for a menu that does not ask for attention."""
    button = QToolButton()
    button.setText(text)
    button.setObjectName(name)
    button.setToolTip(tooltip)
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    set_role(button, "quiet")
    return button
