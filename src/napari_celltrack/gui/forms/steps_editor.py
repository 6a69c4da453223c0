"""A list of methods that are done one after the other."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QMenu, QToolButton, QVBoxLayout, QWidget
from typing_extensions import override

from napari_celltrack.gui.forms.controls import Editor
from napari_celltrack.gui.forms.editors import Below, FieldsEditor
from napari_celltrack.gui.forms.fields import (
    SECTIONS,
    FieldSpec,
    fields_of,
    is_folded,
    method_help,
    method_of,
    method_title,
)
from napari_celltrack.gui.forms.rows import column, heading, quiet_button
from napari_celltrack.gui.theme import ROW_GAP_PX
from napari_celltrack.settings import Settings


class StepsEditor(Editor):
    """An ordered list of methods, each with its fields: add, remove, move."""

    problem = Signal(str)

    def __init__(
        self, spec: FieldSpec, path: str, value: tuple[Settings, ...], below: Below
    ) -> None:
        super().__init__()
        self._spec = spec
        self._path = path
        self._um: float | None = None
        self._value: tuple[Settings, ...] = ()
        self._steps: list[FieldsEditor] = []
        layout = column(self)
        layout.addWidget(heading(spec.title, spec.help))
        self._column = QVBoxLayout()
        self._column.setSpacing(ROW_GAP_PX)
        layout.addLayout(self._column)
        # A list of one kind of thing is no list of steps.
        noun = method_title(next(iter(spec.methods))).lower() if len(spec.methods) == 1 else "step"
        help_ = f"Add a {noun}. {spec.help}"
        self._add_button = quiet_button(f"+ Add {noun}", f"{path}.add", help_)
        menu = QMenu(self._add_button)
        menu.setToolTipsVisible(True)
        for method, cls in spec.methods.items():
            action = menu.addAction(method_title(method))
            action.setToolTip(method_help(cls))
            action.triggered.connect(lambda *_, cls=cls: self._change([*self._value, cls()]))
        self._add_button.setMenu(menu)
        foot = QHBoxLayout()
        foot.addWidget(self._add_button)
        foot.addStretch(1)
        layout.addLayout(foot)
        self.set_value(value)

    @override
    def value(self) -> tuple[Settings, ...]:
        return self._value

    @override
    def set_value(self, value: tuple[Settings, ...]) -> None:
        same_methods = [type(step) for step in value] == [type(step) for step in self._value]
        self._value = tuple(value)
        if same_methods and self._steps:
            for editor, step in zip(self._steps, value, strict=True):
                editor.set_value(step)
            return
        self._rebuild()

    @override
    def set_pixel_size(self, um: float | None) -> None:
        self._um = um
        for editor in self._steps:
            editor.set_pixel_size(um)

    def _move(self, index: int, place: int | None) -> None:
        """Move a step to another place, or remove it."""
        steps = list(self._value)
        step = steps.pop(index)
        if place is not None:
            steps.insert(place, step)
        self._change(steps)

    def _change(self, steps: Sequence[Settings]) -> None:
        self.set_value(tuple(steps))
        self.changed.emit()

    def _rebuild(self) -> None:
        while (item := self._column.takeAt(0)) is not None:
            if widget := item.widget():
                widget.hide()
                # Its names are those of its successor; deleted later, since it may be a menu of
                # this very row that was clicked.
                widget.setParent(None)
                widget.deleteLater()
        self._steps = []
        for index, step in enumerate(self._value):
            path = f"{self._path}[{index}]"
            name = self._name(index, step, path)
            editor = FieldsEditor(step, path, name=name if _has_one_row(step) else None)
            editor.set_pixel_size(self._um)
            editor.changed.connect(lambda index=index: self._take(index))
            editor.problem.connect(self.problem)
            self._steps.append(editor)
            self._column.addWidget(self._row(step, name, editor))

    def _row(self, step: Settings, name: QWidget, editor: QWidget) -> QWidget:
        """Return a step: its name, and its fields beside or below."""
        row = QWidget()
        layout = column(row)
        if not _has_one_row(step):
            layout.addWidget(name, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(editor)
        return row

    def _name(self, index: int, step: Settings, path: str) -> QToolButton:
        """Return the name of a step, which is a menu to move or remove it."""
        title = method_title(method_of(self._spec, step))
        help_ = f"{method_help(type(step))}\nClick to move or remove this step."
        name = quiet_button(f"{title} ⋯", f"{path}.more", help_)
        menu = QMenu(name)
        for text, place in (("Move up", index - 1), ("Move down", index + 1)):
            action = menu.addAction(text)
            action.setEnabled(0 <= place < len(self._value))
            action.triggered.connect(lambda *_, place=place: self._move(index, place))
        menu.addAction("Remove").triggered.connect(lambda *_: self._move(index, None))
        name.setMenu(menu)
        return name

    def _take(self, index: int) -> None:
        steps = list(self._value)
        steps[index] = self._steps[index].value()
        self._value = tuple(steps)
        self.changed.emit()


def _has_one_row(step: Settings) -> bool:
    """Whether a form shows one number or choice of a step, so that its name can stand before it."""
    cls = type(step)
    shown = [spec for spec in fields_of(cls) if not is_folded(spec, cls)]
    return len(shown) == 1 and shown[0].kind not in SECTIONS
