"""StepRow: a row of a list of steps: what it is, whether it is on, and its form below."""

from __future__ import annotations

from typing import Any

from psygnal import Signal
from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import (
    QAction,
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
)
from superqt.utils import signals_blocked

from napari_celltrack.field_facts import SECTIONS, fields_of, help_of, in_words, title_of
from napari_celltrack.gui.forms.rows import column
from napari_celltrack.gui.forms.settings_form import SettingsForm
from napari_celltrack.gui.forms.shared import Shared
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
    shared : Shared
        What it shares with the other parts of its form.
    """

    changed = Signal(object)
    removed = Signal()
    #: By how many places, up is negative.
    moved = Signal(int)
    opened = Signal()
    #: The height of the mouse within the list, in px.
    dragged = Signal(int)
    dropped = Signal()

    def __init__(self, step: Settings, path: str, shared: Shared) -> None:
        super().__init__()
        self._step = step
        self._path = path
        self._shared = shared
        self._form: SettingsForm | None = None
        self._names = [each.name for each in fields_of(type(step)) if each.name != _SWITCH]
        self.setObjectName(path)
        set_role(self, "card")
        self._layout = column(self)
        self._layout.setContentsMargins(6, 1, 2, 1)
        self._layout.addLayout(self._head(step))
        self._add_menu()
        self.show_step(step)

    @property
    def is_open(self) -> bool:
        """Whether the form is shown."""
        return self._form is not None and not self._form.native.isHidden()

    def show_step(self, step: Settings) -> None:
        """Show another value of the same method."""
        self._step = step
        on = is_on(step)
        with signals_blocked(self._switch):
            self._switch.setChecked(on)
        self._summary.setText(main_value(step) if on else "off")
        set_state(self._name, "off", not on)
        if self._form is not None:
            with self._form.changed.blocked():
                self._form.value = step

    def open(self) -> None:
        """Show the form below the name."""
        if self._form is None and self._names:
            self._form = SettingsForm(self._step, self._names, path=self._path, shared=self._shared)
            self._form.changed.connect(self._take, max_args=1)
            self._form.margins = (0, 2, 4, 6)
            self._layout.addWidget(self._form.native)
        if self._form is not None:
            self._form.native.show()
        self.opened.emit()

    def close_form(self) -> None:
        """Hide the form."""
        if self._form is not None:
            self._form.native.hide()

    def take_focus(self) -> None:
        """Let the keyboard go on with this row."""
        self._name.setFocus()

    def _head(self, step: Settings) -> QHBoxLayout:
        handle = _Handle(f"{self._path}.handle", self)
        self._switch = QCheckBox()
        self._switch.setObjectName(f"{self._path}.{_SWITCH}")
        self._switch.setToolTip("Untick it to leave this step out and keep its settings.")
        self._switch.setAccessibleName(f"{title_of(type(step))} on")
        if _SWITCH not in type(step).model_fields:
            self._switch.hide()
        self._switch.toggled.connect(self._take_switch)
        self._name = QPushButton()
        self._name.setObjectName(f"{self._path}.title")
        self._name.setText(title_of(type(step)))
        self._name.setToolTip(
            f"{help_of(type(step))}\nClick for its settings, right-click to move or remove it."
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
        remove.clicked.connect(lambda *_: self.removed.emit())
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

    def _add_menu(self) -> None:
        """Offer what can be done with the step at a right click, too."""
        for text, does in (
            ("Move up\tAlt+Up", lambda *_: self.moved.emit(-1)),
            ("Move down\tAlt+Down", lambda *_: self.moved.emit(1)),
            ("Remove", lambda *_: self.removed.emit()),
        ):
            action = QAction(text, self)
            action.triggered.connect(does)
            self.addAction(action)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

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

    def _take_switch(self, on: bool) -> None:
        self._take(self._step.replace(**{_SWITCH: on}))

    def _take(self, step: Settings) -> None:
        self.show_step(step)
        self.changed.emit(step)


class _Handle(QLabel):
    """Where a row is dragged at."""

    def __init__(self, name: str, row: StepRow) -> None:
        super().__init__("⋮⋮")
        self._row = row
        self.setObjectName(name)
        self.setToolTip("Drag to change the order of the steps.")
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        set_role(self, "handle")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setCursor(Qt.CursorShape.ClosedHandCursor)
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        within = self._row.parentWidget()
        if within is not None and event.buttons() & Qt.MouseButton.LeftButton:
            self._row.dragged.emit(self.mapTo(within, event.position().toPoint()).y())

    def mouseReleaseEvent(self, event: QEvent) -> None:
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self._row.dropped.emit()


def is_on(step: Settings) -> bool:
    """Whether a step takes part; one that has no switch always does."""
    return bool(getattr(step, _SWITCH, True))


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
    for facts in fields_of(type(step)):
        if facts.name == _SWITCH or facts.kind in SECTIONS:
            continue
        value: Any = getattr(step, facts.name)
        if isinstance(value, bool) or value is None or isinstance(value, tuple):
            continue
        if isinstance(value, str):
            return in_words(value).lower()
        return f"{facts.title.lower()} {value:g} {facts.unit}".rstrip()
    return ""
