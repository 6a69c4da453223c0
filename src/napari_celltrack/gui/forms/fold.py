"""Fold: controls behind a button."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QWidget,
)

from napari_celltrack.gui.forms.rows import column
from napari_celltrack.gui.theme import LABEL_WIDTH_PX

#: What a push button needs beside its text, in px.
_BUTTON_MARGIN_PX = 30


class Fold(QWidget):
    """A button that shows and hides what is below it.

    A push button takes the width there is and its text is cut; a check box says by itself whether
    it is open, the others have an arrow.

    Parameters
    ----------
    button : QAbstractButton
        Shows the controls while it is checked.
    inside : QWidget
        The controls.
    label : str, optional
        Words before the button.
    """

    def __init__(self, button: QAbstractButton, inside: QWidget, label: str = "") -> None:
        super().__init__()
        self._button, self._inside = button, inside
        self._text, self._tooltip = button.text(), button.toolTip()
        self._is_wide = isinstance(button, QPushButton)
        button.setCheckable(True)
        layout = column(self)
        row = QHBoxLayout()
        row.setSpacing(6)
        if label:
            words = QLabel(label)
            words.setFixedWidth(LABEL_WIDTH_PX)
            words.setToolTip(self._tooltip)
            row.addWidget(words)
        row.addWidget(button, int(self._is_wide))
        if self._is_wide:
            # A long text is cut and never widens the dock.
            button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        else:
            row.addStretch(1)
        layout.addLayout(row)
        layout.addWidget(inside)
        button.toggled.connect(self._show)
        self._show()

    def text(self) -> str:
        """Return what the button says, also where it is cut."""
        return self._text

    def setText(self, text: str) -> None:
        """Say something else on the button."""
        self._text = text
        self._show_text()

    def open(self) -> None:
        """Show the controls."""
        self._button.setChecked(True)

    def resizeEvent(self, event: Any) -> None:
        """Cut the text to the new width."""
        super().resizeEvent(event)
        self._show_text()

    def _show(self, *_: Any) -> None:
        self._inside.setVisible(self._button.isChecked())
        self._show_text()

    def _show_text(self) -> None:
        text = self._text
        if self._is_wide:
            room = self._button.width() - _BUTTON_MARGIN_PX
            metrics = self._button.fontMetrics()
            text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
            self._button.setToolTip(f"{self._text}\n{self._tooltip}")
        if not isinstance(self._button, QCheckBox):
            text = f"{text} {'▴' if self._button.isChecked() else '▾'}"
        self._button.setText(text)
