"""One row of the list of steps: what it is, whether it is on, and its form below."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QEvent, QObject, Qt, Signal
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
)

from napari_celltrack.gui.forms.editors import FieldsEditor
from napari_celltrack.gui.forms.fields import SECTIONS, fields_of, method_help, method_title
from napari_celltrack.gui.forms.rows import column
from napari_celltrack.gui.theme import set_role, set_state
from napari_celltrack.settings import Settings

#: The field that switches a step off; it has a place of its own in the row.
_SWITCH = "enabled"


class StepRow(QFrame):
    """One step: handle, switch, name, main value, remove; its form below when it is open.

    Parameters
    ----------
    step : Settings
        What to show first.
    path : str
        Of the step in the recipe.
    """

    changed = Signal()
    problem = Signal(str)
    removed = Signal()
    #: By how many places, up is negative.
    moved = Signal(int)
    opened = Signal()
    #: The height of the mouse within the list, in px.
    dragged = Signal(int)
    dropped = Signal()

    def __init__(self, step: Settings, path: str) -> None:
        super().__init__()
        self._step = step
        self._path = path
        self._um: float | None = None
        self._form: FieldsEditor | None = None
        self._names = [s.name for s in fields_of(type(step)) if s.name != _SWITCH]
        self.setObjectName(path)
        set_role(self, "card")
        self._layout = column(self)
        self._layout.setContentsMargins(6, 1, 2, 1)
        self._layout.addLayout(self._head(step))
        self.set_value(step)

    @property
    def is_open(self) -> bool:
        """Whether the form is shown."""
        return self._form is not None and not self._form.isHidden()

    def value(self) -> Settings:
        """Return the step."""
        return self._step

    def set_value(self, step: Settings) -> None:
        """Show another value of the same method."""
        self._step = step
        on = is_on(step)
        blocked = self._switch.blockSignals(True)
        self._switch.setChecked(on)
        self._switch.blockSignals(blocked)
        self._summary.setText(main_value(step) if on else "off")
        set_state(self._name, "off", not on)
        if self._form is not None and self._form.value() != step:
            self._form.set_value(step)

    def set_pixel_size(self, um: float | None) -> None:
        """Show lengths in µm too, or stop showing them."""
        self._um = um
        if self._form is not None:
            self._form.set_pixel_size(um)

    def open(self) -> None:
        """Show the form below the name."""
        if self._form is None and self._names:
            self._form = FieldsEditor(self._step, self._path, only=self._names)
            self._form.set_pixel_size(self._um)
            self._form.changed.connect(self._take_form)
            self._form.problem.connect(self.problem)
            self._form.setContentsMargins(0, 2, 4, 6)
            self._layout.addWidget(self._form)
        if self._form is not None:
            self._form.show()
        self.opened.emit()

    def close_form(self) -> None:
        """Hide the form."""
        if self._form is not None:
            self._form.hide()

    def take_focus(self) -> None:
        """Let the keyboard go on with this row."""
        self._name.setFocus()

    def _head(self, step: Settings) -> QHBoxLayout:
        handle = _Handle(f"{self._path}.handle")
        handle.dragged.connect(self._say_dragged)
        handle.dropped.connect(self.dropped)
        self._switch = QCheckBox()
        self._switch.setObjectName(f"{self._path}.{_SWITCH}")
        self._switch.setToolTip("Untick it to leave this step out and keep its settings.")
        self._switch.setAccessibleName(f"{title_of(type(step))} on")
        self._switch.setVisible(_SWITCH in type(step).model_fields)
        self._switch.toggled.connect(self._take_switch)
        self._name = QPushButton()
        self._name.setObjectName(f"{self._path}.title")
        self._name.setText(title_of(type(step)))
        self._name.setToolTip(
            f"{method_help(type(step))}\nClick for its settings; Alt+Up and Alt+Down move it."
        )
        self._name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        set_role(self._name, "step")
        self._name.clicked.connect(self._toggle_form)
        self._summary = QLabel()
        self._summary.setObjectName(f"{self._path}.summary")
        set_role(self._summary, "derived")
        remove = QToolButton()
        remove.setText("✕")
        remove.setObjectName(f"{self._path}.remove")
        remove.setToolTip("Remove this step.")
        remove.setAccessibleName("Remove")
        set_role(remove, "step")
        remove.clicked.connect(self.removed)
        for button in (self._switch, self._name, remove):
            button.installEventFilter(self)
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(handle)
        head.addWidget(self._switch)
        head.addWidget(self._name, 1)
        head.addWidget(self._summary)
        head.addWidget(remove)
        return head

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Move the step by Alt and an arrow key, whichever of its buttons has the focus."""
        if event.type() == QEvent.Type.KeyPress:
            by = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(event.key())
            if by is not None and event.modifiers() & Qt.KeyboardModifier.AltModifier:
                self.moved.emit(by)
                return True
        return super().eventFilter(watched, event)

    def _toggle_form(self) -> None:
        if self.is_open:
            self.close_form()
        else:
            self.open()

    def _take_form(self) -> None:
        assert self._form is not None
        self._take(self._form.value())

    def _take_switch(self, on: bool) -> None:
        self._take(self._step.replace(**{_SWITCH: on}))

    def _take(self, step: Settings) -> None:
        self.set_value(step)
        self.changed.emit()

    def _say_dragged(self, y: int) -> None:
        self.dragged.emit(y)


class _Handle(QLabel):
    """Where a row is dragged at."""

    #: The height of the mouse within the list, in px.
    dragged = Signal(int)
    dropped = Signal()

    def __init__(self, name: str) -> None:
        super().__init__("⋮⋮")
        self.setObjectName(name)
        self.setToolTip("Drag to change the order of the steps.")
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        set_role(self, "handle")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setCursor(Qt.CursorShape.ClosedHandCursor)
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        row = self.parentWidget()
        within = row.parentWidget() if row is not None else None
        if within is not None and event.buttons() & Qt.MouseButton.LeftButton:
            self.dragged.emit(self.mapTo(within, event.position().toPoint()).y())

    def mouseReleaseEvent(self, event: QEvent) -> None:
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self.dropped.emit()


def is_on(step: Settings) -> bool:
    """Whether a step takes part; one that has no switch always does."""
    return bool(getattr(step, _SWITCH, True))


def title_of(method: type[Settings]) -> str:
    """Return the name of a method as it stands in the menu."""
    return method_title(str(method.model_fields["method"].default))


def main_value(step: Settings) -> str:
    """Return the first setting of a step in a few words, e.g. ``"size 3 px"``; empty without one.

    Parameters
    ----------
    step : Settings
        A method.

    Returns
    -------
    str
    """
    for spec in fields_of(type(step)):
        if spec.name == _SWITCH or spec.kind in SECTIONS:
            continue
        value: Any = getattr(step, spec.name)
        if isinstance(value, bool) or value is None or isinstance(value, tuple):
            continue
        if isinstance(value, str):
            return method_title(value).lower()
        return f"{spec.title.lower()} {value:g} {spec.unit}".rstrip()
    return ""
