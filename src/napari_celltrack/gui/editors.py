"""The parts of a form: all fields of a class, a section, a menu of methods, a list of steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from napari_celltrack.errors import RecipeError
from napari_celltrack.gui.controls import Editor, control_for
from napari_celltrack.gui.fields import (
    SECTIONS,
    FieldSpec,
    fields_of,
    method_help,
    method_of,
    method_title,
)
from napari_celltrack.gui.rows import add_grid, add_row, column, heading, quiet_button
from napari_celltrack.gui.theme import ROW_GAP_PX, SECTION_GAP_PX, set_role
from napari_celltrack.gui.wheel import no_accident
from napari_celltrack.settings import Settings


class FieldsEditor(Editor):
    """All fields of one Settings class, as rows and sections, in the order of their declaration.

    Parameters
    ----------
    value : Settings
        What to show first.
    path : str
        Of the value in the recipe; empty for the recipe itself.
    only : sequence of str, optional
        Names of the fields to show, all by default.
    title : (str, str), optional
        Heading, and what it says in grey.
    """

    problem = Signal(str)

    def __init__(
        self,
        value: Settings,
        path: str,
        only: Sequence[str] | None = None,
        title: tuple[str, str] | None = None,
    ) -> None:
        super().__init__()
        self._value = value
        self._editors: dict[str, Editor] = {}
        self._layout = column(self)
        rows: QGridLayout | None = None
        for spec in fields_of(type(value)):
            if only is not None and spec.name not in only:
                continue
            own_path = f"{path}.{spec.name}" if path else spec.name
            if spec.kind in SECTIONS:
                editor = _section_for(spec, own_path, getattr(value, spec.name))
                self._layout.addWidget(editor)
                rows = None
            else:
                editor = control_for(spec, own_path)
                editor.set_value(getattr(value, spec.name))
                if rows is None:
                    # The title comes with the first row that is our own, not a section's; without
                    # one, rows after a section would look like a part of it.
                    if title is None and self._editors:
                        title = ("Other", "")
                    if title is not None:
                        self._layout.addWidget(heading(*title))
                        title = None
                    rows = add_grid(self._layout)
                add_row(rows, spec, editor)
            self._editors[spec.name] = editor
            editor.changed.connect(lambda name=spec.name: self._take(name))
            if hasattr(editor, "problem"):
                editor.problem.connect(self.problem)

    @override
    def value(self) -> Settings:
        return self._value

    @override
    def set_value(self, value: Settings) -> None:
        self._value = value
        for name, editor in self._editors.items():
            editor.set_value(getattr(value, name))
            editor.set_problem("")

    @override
    def set_pixel_size(self, um: float | None) -> None:
        for editor in self._editors.values():
            editor.set_pixel_size(um)

    def _take(self, name: str) -> None:
        """Take all values together: one that was refused may fit now."""
        values = {each: editor.value() for each, editor in self._editors.items()}
        try:
            self._value = self._value.replace(**values)
        except RecipeError as error:
            sentence = _in_titles(error, type(self._value))
            self._editors[name].set_problem(sentence)
            self.problem.emit(sentence)
            return
        for editor in self._editors.values():
            editor.set_problem("")
        self.problem.emit("")
        self.changed.emit()


class _SectionEditor(Editor):
    """A nested Settings value; with a check box when there may be none."""

    problem = Signal(str)

    def __init__(self, spec: FieldSpec, path: str, value: Settings | None) -> None:
        super().__init__()
        cls = next(iter(spec.methods.values()))
        layout = column(self)
        self._box: QCheckBox | None = None
        title = (spec.title, spec.help)
        if spec.optional:
            self._box = QCheckBox(spec.title)
            self._box.setObjectName(f"{path}.set")
            self._box.setToolTip(spec.help)
            self._box.setChecked(value is not None)
            self._box.toggled.connect(self._toggle)
            layout.addSpacing(SECTION_GAP_PX)
            layout.addWidget(self._box)
        self._fields = FieldsEditor(
            cls() if value is None else value, path, title=None if self._box else title
        )
        layout.addWidget(self._fields)
        self._fields.setVisible(value is not None)
        self._fields.changed.connect(self.changed)
        self._fields.problem.connect(self.problem)

    @override
    def value(self) -> Settings | None:
        return self._fields.value() if self._box is None or self._box.isChecked() else None

    @override
    def set_value(self, value: Settings | None) -> None:
        if self._box is not None:
            blocked = self._box.blockSignals(True)
            self._box.setChecked(value is not None)
            self._box.blockSignals(blocked)
        self._fields.setVisible(value is not None)
        if value is not None:
            self._fields.set_value(value)

    @override
    def set_pixel_size(self, um: float | None) -> None:
        self._fields.set_pixel_size(um)

    def _toggle(self, on: bool) -> None:
        self._fields.setVisible(on)
        self.changed.emit()


class _MethodEditor(Editor):
    """A menu of methods, and the fields of the chosen one; the others keep their last values."""

    problem = Signal(str)

    def __init__(self, spec: FieldSpec, path: str, value: Settings) -> None:
        super().__init__()
        self._spec = spec
        self._path = path
        self._um: float | None = None
        self._fields: dict[str, FieldsEditor] = {}
        self._menu = QComboBox()
        self._menu.setObjectName(f"{path}.{spec.discriminator}")
        self._menu.setToolTip(spec.help)
        self._menu.setAccessibleName(spec.title)
        no_accident(self._menu)
        for index, (method, cls) in enumerate(spec.methods.items()):
            self._menu.addItem(method_title(method), method)
            self._menu.setItemData(index, method_help(cls), Qt.ItemDataRole.ToolTipRole)
        self._layout = column(self)
        self._layout.addWidget(heading(spec.title, spec.help))
        label = QLabel("Method")
        label.setToolTip(spec.help)
        rows = add_grid(self._layout)
        rows.addWidget(label, 0, 0)
        rows.addWidget(self._menu, 0, 1)
        self.set_value(value)
        self._menu.currentIndexChanged.connect(self._switch)

    @override
    def value(self) -> Settings:
        return self._fields[self._menu.currentData()].value()

    @override
    def set_value(self, value: Settings) -> None:
        method = method_of(self._spec, value)
        self._fields_of(method, value).set_value(value)
        blocked = self._menu.blockSignals(True)
        self._menu.setCurrentIndex(self._menu.findData(method))
        self._menu.blockSignals(blocked)
        self._show_method()

    @override
    def set_pixel_size(self, um: float | None) -> None:
        self._um = um
        for editor in self._fields.values():
            editor.set_pixel_size(um)

    def _switch(self) -> None:
        method = self._menu.currentData()
        self._fields_of(method, self._spec.methods[method]())
        self._show_method()
        self.changed.emit()

    def _show_method(self) -> None:
        chosen = self._menu.currentData()
        self._menu.setToolTip(f"{self._spec.help}\n{method_help(self._spec.methods[chosen])}")
        for method, editor in self._fields.items():
            editor.setVisible(method == chosen)

    def _fields_of(self, method: str, value: Settings) -> FieldsEditor:
        """Return the fields of a method, made when they are needed first."""
        if method not in self._fields:
            editor = FieldsEditor(value, self._path)
            editor.set_pixel_size(self._um)
            editor.changed.connect(self.changed)
            editor.problem.connect(self.problem)
            self._layout.addWidget(editor)
            self._fields[method] = editor
        return self._fields[method]


class _StepsEditor(Editor):
    """An ordered list of methods, each with its fields: add, remove, move."""

    problem = Signal(str)

    def __init__(self, spec: FieldSpec, path: str, value: tuple[Settings, ...]) -> None:
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
        self._add_button = quiet_button("+ Add step", f"{path}.add", f"Add a step. {spec.help}")
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
            editor = FieldsEditor(step, path)
            editor.set_pixel_size(self._um)
            editor.changed.connect(lambda index=index: self._take(index))
            editor.problem.connect(self.problem)
            self._steps.append(editor)
            self._column.addWidget(self._row(index, step, path, editor))

    def _row(self, index: int, step: Settings, path: str, editor: FieldsEditor) -> QWidget:
        """Return a step: its name and a small menu, and its fields below."""
        row = QWidget()
        layout = column(row)
        name = QLabel(method_title(method_of(self._spec, step)))
        name.setToolTip(method_help(type(step)))
        set_role(name, "step")
        more = quiet_button("⋯", f"{path}.more", "Move or remove this step.")
        menu = QMenu(more)
        for text, place in (("Move up", index - 1), ("Move down", index + 1)):
            action = menu.addAction(text)
            action.setEnabled(0 <= place < len(self._value))
            action.triggered.connect(lambda *_, place=place: self._move(index, place))
        menu.addAction("Remove").triggered.connect(lambda *_: self._move(index, None))
        more.setMenu(menu)
        head = QHBoxLayout()
        head.addWidget(name)
        head.addStretch(1)
        head.addWidget(more)
        layout.addLayout(head)
        layout.addWidget(editor)
        return row

    def _take(self, index: int) -> None:
        steps = list(self._value)
        steps[index] = self._steps[index].value()
        self._value = tuple(steps)
        self.changed.emit()


def _section_for(spec: FieldSpec, path: str, value: Any) -> Editor:
    classes = {"settings": _SectionEditor, "methods": _MethodEditor, "steps": _StepsEditor}
    return classes[spec.kind](spec, path, value)


def _in_titles(error: RecipeError, cls: type[Settings]) -> str:
    """Return what was refused in the words of the form, where a recipe has names of fields."""
    cause = error.__cause__
    if not isinstance(cause, ValidationError):
        return str(error)
    sentence = cause.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
    # The longest first: a name may be a part of another.
    for spec in sorted(fields_of(cls), key=lambda spec: -len(spec.name)):
        sentence = sentence.replace(spec.name, f"“{spec.title}”")
    return f"{sentence}."
