"""The parts of a form: all fields of a class, a section, a menu of methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from pydantic import ValidationError
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QLabel,
    QWidget,
)
from typing_extensions import override

from napari_celltrack.errors import RecipeError
from napari_celltrack.gui.forms.controls import Editor, NumberControl, control_for
from napari_celltrack.gui.forms.fields import (
    SECTIONS,
    FieldSpec,
    fields_of,
    is_folded,
    method_help,
    method_of,
    method_title,
)
from napari_celltrack.gui.forms.rows import Fold, add_grid, add_row, column, heading
from napari_celltrack.gui.forms.wheel import no_accident
from napari_celltrack.gui.theme import SECTION_GAP_PX
from napari_celltrack.settings import Settings

#: Widgets that belong below a section, by its path.
Below: TypeAlias = Mapping[str, QWidget]


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
    name : QWidget, optional
        What stands before the only row, in place of the name of the field.
    below : mapping of str to QWidget, optional
        Widgets that belong below a section, by the path of the section.
    """

    problem = Signal(str)

    def __init__(
        self,
        value: Settings,
        path: str,
        *,
        only: Sequence[str] | None = None,
        title: tuple[str, str] | None = None,
        name: QWidget | None = None,
        below: Below | None = None,
    ) -> None:
        super().__init__()
        self._value = value
        self._editors: dict[str, Editor] = {}
        self._layout = column(self)
        self._fold: Fold | None = None
        rows: QGridLayout | None = None
        for spec in fields_of(type(value)):
            if only is not None and spec.name not in only:
                continue
            own_path = f"{path}.{spec.name}" if path else spec.name
            if spec.kind in SECTIONS:
                editor = _section_for(spec, own_path, getattr(value, spec.name), below or {})
                self._layout.addWidget(editor)
                if below and own_path in below:
                    self._layout.addWidget(below[own_path])
                rows = None
            elif is_folded(spec, type(value)):
                editor = control_for(spec, own_path)
                editor.set_value(getattr(value, spec.name))
                self._fold = self._fold or Fold(f"{path}.fold" if path else "fold")
                self._fold.add(spec, editor)
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
                add_row(rows, spec, editor, name)
                if name is not None and isinstance(editor, NumberControl):
                    editor.set_note(spec.title.lower())
            self._editors[spec.name] = editor
            editor.changed.connect(lambda name=spec.name: self._take(name))
            if hasattr(editor, "problem"):
                editor.problem.connect(self.problem)
        if self._fold is not None:
            self._layout.addWidget(self._fold)
            self._show_what_is_unusual()

    @override
    def value(self) -> Settings:
        return self._value

    @override
    def set_value(self, value: Settings) -> None:
        self._value = value
        for name, editor in self._editors.items():
            editor.set_value(getattr(value, name))
            editor.set_problem("")
        self._show_what_is_unusual()

    @override
    def set_pixel_size(self, um: float | None) -> None:
        for editor in self._editors.values():
            editor.set_pixel_size(um)

    def _show_what_is_unusual(self) -> None:
        """Open the fold where something in it is not as it is for nearly every movie."""
        if self._fold is None:
            return
        cls = type(self._value)
        usual = cls()
        for spec in fields_of(cls):
            changed = getattr(self._value, spec.name) != getattr(usual, spec.name)
            if changed and spec.name in self._editors and is_folded(spec, cls):
                self._fold.open()

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

    def __init__(self, spec: FieldSpec, path: str, value: Settings | None, below: Below) -> None:
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
            cls() if value is None else value,
            path,
            title=None if self._box else title,
            below=below,
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

    def __init__(self, spec: FieldSpec, path: str, value: Settings, below: Below) -> None:
        super().__init__()
        self._spec = spec
        self._path = path
        self._below = below
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
        # Methods that have sections of their own are no section beside these.
        has_sections = any(
            each.kind in SECTIONS for cls in spec.methods.values() for each in fields_of(cls)
        )
        if not has_sections:
            self._layout.addWidget(heading(spec.title, spec.help))
        label = QLabel(spec.title if has_sections else "Method")
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
            editor = FieldsEditor(value, self._path, below=self._below)
            editor.set_pixel_size(self._um)
            editor.changed.connect(self.changed)
            editor.problem.connect(self.problem)
            self._layout.addWidget(editor)
            self._fields[method] = editor
        return self._fields[method]


def _section_for(spec: FieldSpec, path: str, value: Any, below: Below) -> Editor:
    # A step has fields and a list of steps is one, so neither can be defined before the other.
    from napari_celltrack.gui.forms.steps_editor import StepsEditor

    classes = {"settings": _SectionEditor, "methods": _MethodEditor, "steps": StepsEditor}
    return classes[spec.kind](spec, path, value, below)


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
