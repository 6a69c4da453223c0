"""A form made from the fields of a Settings class: an editor of one immutable value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_celltrack.gui.forms.controls import NumberControl
from napari_celltrack.gui.forms.editors import FieldsEditor
from napari_celltrack.settings import Settings


class SettingsForm(QWidget):
    """Edits one Settings value, e.g. some stages of a recipe.

    A combination of values that the class refuses marks the control that was changed last and
    leaves the value as it was.

    Parameters
    ----------
    value : Settings
        What to show first.
    fields : sequence of str, optional
        Names of the fields to show, all by default; the others keep their values.
    below : mapping of str to QWidget, optional
        Widgets that belong below a section, by its path, e.g. ``"segment.threshold"``.
    """

    valueChanged = Signal(object)
    #: Why the last change was refused, in a sentence, or empty when all is well again.
    problemChanged = Signal(str)

    def __init__(
        self,
        value: Settings,
        fields: Sequence[str] | None = None,
        parent: QWidget | None = None,
        *,
        below: Mapping[str, QWidget] | None = None,
    ) -> None:
        super().__init__(parent)
        self._editor = FieldsEditor(value, path="", only=fields, below=below)
        self._value = value
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._editor)
        layout.addStretch(1)
        self._editor.changed.connect(self._take)
        self._editor.problem.connect(self.problemChanged)

    def value(self) -> Settings:
        """Return the last value that was valid."""
        return self._value

    def setValue(self, value: Settings) -> None:
        """Show another value of the same class; marks of refused values go."""
        changed = value != self._value
        self._editor.set_value(value)
        self._value = value
        self.problemChanged.emit("")
        if changed:
            self.valueChanged.emit(value)

    def setPixelSize(self, um: float | None) -> None:
        """Show lengths in µm too, given the size of a pixel; None when it is not known."""
        self._editor.set_pixel_size(um)

    def setNote(self, path: str, text: str) -> None:
        """Say something in grey beside the number with a path, e.g. what is derived from it."""
        for control in self.findChildren(NumberControl):
            if control.path == path:
                control.set_note(text)

    def _take(self) -> None:
        value = self._editor.value()
        if value != self._value:
            self._value = value
            self.valueChanged.emit(value)
