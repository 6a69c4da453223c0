"""The mouse wheel scrolls a dock; it changes no value that happens to be under the mouse."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QAbstractSpinBox, QComboBox, QSlider, QWidget


def no_accident(widget: QWidget) -> None:
    """Let a control react to the wheel only while it has the focus."""
    if isinstance(widget, QAbstractSpinBox | QComboBox | QSlider):
        if widget.focusPolicy() == Qt.FocusPolicy.WheelFocus:
            widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        widget.installEventFilter(_WheelGuard(widget))


class _WheelGuard(QObject):
    """Leaves the wheel to the scroll area unless the widget has the focus."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and not watched.hasFocus():
            event.ignore()
            return True
        return False
