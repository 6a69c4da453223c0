"""How the parts of a form are laid out: columns, grids that align, headings, quiet buttons."""

from __future__ import annotations

import re

from qtpy.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from superqt import QElidingLabel

from napari_celltrack.field_facts import FieldFacts
from napari_celltrack.gui.forms.wheel import no_accident
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


def dress(widget: QWidget, facts: FieldFacts, path: str) -> None:
    """Give a control the object name, tooltip and accessible name of its field."""
    widget.setObjectName(path)
    widget.setToolTip(facts.help)
    widget.setAccessibleName(facts.title)
    no_accident(widget)


def heading(title: str, hint: str | QLabel = "", at_end: QWidget | None = None) -> QWidget:
    """Return the head of a section: a bold title, grey words beside it, and a control at the end.

    Parameters
    ----------
    title : str
        The title.
    hint : str or QLabel, optional
        The help of the section, of which the beginning is shown; or a label of the caller.
    at_end : QWidget, optional
        Stands at the right end.
    """
    widget = QWidget()
    layout = QHBoxLayout(widget)
    layout.setContentsMargins(0, SECTION_GAP_PX, 0, 0)
    layout.setSpacing(6)
    bold = QLabel(title)
    set_role(bold, "title")
    layout.addWidget(bold)
    if isinstance(hint, str):
        widget.setToolTip(hint)
        words = QElidingLabel(half_sentence(hint))
        words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        set_role(words, "hint")
        layout.addWidget(words, 1)
    else:
        set_role(hint, "hint")
        layout.addWidget(hint)
        layout.addStretch(1)
    if at_end is not None:
        layout.addWidget(at_end)
    return widget


def half_sentence(help_: str) -> str:
    """Return the beginning of a help as it stands beside a title: one clause, no full stop."""
    clause = re.split(r"[.;,](?:\s|$)", help_, maxsplit=1)[0]
    return clause[:1].lower() + clause[1:]


def quiet_button(text: str, name: str, tooltip: str) -> QToolButton:
    """Return a button for a menu that does not ask for attention."""
    button = QToolButton()
    button.setText(text)
    button.setObjectName(name)
    button.setToolTip(tooltip)
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    set_role(button, "quiet")
    return button
