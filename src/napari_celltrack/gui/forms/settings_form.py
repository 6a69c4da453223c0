"""SettingsForm: a form made from the fields of a Settings class, which edits one frozen value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from magicgui.types import Undefined
from magicgui.widgets.bases import BaseValueWidget
from pydantic import ValidationError
from qtpy.QtWidgets import QCheckBox, QGridLayout, QLabel, QVBoxLayout, QWidget
from superqt.utils import signals_blocked

from napari_celltrack.errors import RecipeError
from napari_celltrack.field_facts import SECTIONS, FieldFacts, fields_of, methods_of
from napari_celltrack.gui.forms.controls import control_for, show_problem
from napari_celltrack.gui.forms.fold import Fold
from napari_celltrack.gui.forms.form_part import FormPart
from napari_celltrack.gui.forms.number import NumberRow
from napari_celltrack.gui.forms.rows import add_grid, column, heading, quiet_button
from napari_celltrack.gui.forms.shared import Shared
from napari_celltrack.gui.theme import LABEL_WIDTH_PX, ROW_GAP_PX, SECTION_GAP_PX
from napari_celltrack.settings import Settings


class SettingsForm(FormPart[Any]):
    """All fields of one Settings class, as rows and sections, in the order of their declaration.

    A combination of values that the class refuses marks the control that was changed last and
    leaves the value as it was.

    Parameters
    ----------
    value : Settings, optional
        What to show first; by default the annotation's own default.
    fields : sequence of str, optional
        Names of the fields to show, all by default; the others keep their values.
    below : mapping of str to QWidget, optional
        Widgets that belong below a section, by its path, e.g. ``"segment.threshold"``.
    annotation : type, optional
        A Settings class, or None with it: then a check box stands before the fields.
    nullable : bool, optional
        Whether None is a value.
    **kwargs
        As for :class:`~napari_celltrack.gui.forms.form_part.FormPart`.
    """

    def __init__(
        self,
        value: Any = Undefined,
        fields: Sequence[str] | None = None,
        *,
        below: Mapping[str, QWidget] | None = None,
        annotation: Any = None,
        nullable: bool = False,
        facts: FieldFacts | None = None,
        path: str = "",
        shared: Shared | None = None,
        **kwargs: Any,
    ) -> None:
        if value is Undefined or value is None:
            (cls,) = methods_of(annotation)
            self._fields_value = cls()
        else:
            self._fields_value = value
        path = path or kwargs.get("name", "")
        shared = shared or Shared(below or {})
        cls = type(self._fields_value)
        shown = [each for each in fields_of(cls) if fields is None or each.name in fields]
        may_fold = not all(each.advanced for each in shown)
        self._folded = [each for each in shown if each.advanced and may_fold]
        self._facts = {each.name: each for each in shown}
        self._paths = {name: f"{path}.{name}" if path else name for name in self._facts}
        self._own_facts, self.path, self.shared = facts, path, shared
        self._controls: dict[str, BaseValueWidget[Any]] = {}
        for each in shown:
            if each not in self._folded:
                self._add_control(each)
        super().__init__(
            widgets=list(self._controls.values()),
            annotation=annotation,
            nullable=nullable,
            path=path,
            shared=shared,
            **kwargs,
        )
        self._marked: set[str] = set()
        self._switch: QCheckBox | None = None
        self._fold: Fold | None = None
        self._lay_out()
        self._show_what_is_unusual()
        if nullable:
            self._add_switch(value is not Undefined and value is not None)

    def get_value(self) -> Any:
        """Return the last value that was valid, or None where there is none."""
        is_none = self._switch is not None and not self._switch.isChecked()
        return None if is_none else self._fields_value

    def set_value(self, value: Settings | None) -> None:
        """Show another value of the same class; marks of refused values go."""
        has_changed = value != self.get_value()
        if self._switch is not None:
            with signals_blocked(self._switch):
                self._switch.setChecked(value is not None)
            self._body.setVisible(value is not None)
        if value is not None:
            self._fields_value = value
            self._show_fields()
        self.shared.refuse("")
        if has_changed:
            self.changed.emit(value)

    def set_note(self, path: str, text: str) -> None:
        """Say something in grey beside the number with a path, e.g. what is derived from it."""
        for row in self.native.findChildren(NumberRow):
            if row.path == path:
                row.set_note(text)

    # Laying out

    def _lay_out(self) -> None:
        """Put the controls where they belong: rows in grids, sections, and what is folded away."""
        self._body = QWidget()
        layout = column(self._body)
        own = None if self._nullable else self._own_facts
        title = (own.title, own.help) if own else None
        rows: QGridLayout | None = None
        for index, (name, control) in enumerate(self._controls.items()):
            facts = self._facts[name]
            if facts.kind in SECTIONS:
                self._add_section(layout, name)
                rows = None
            else:
                if rows is None:
                    # The title comes with the first row that is our own, not a section's; without
                    # one, rows after a section would look like a part of it.
                    if title is None and index > 0:
                        title = ("Other", "")
                    if title is not None:
                        layout.addWidget(heading(*title))
                        title = None
                    rows = add_grid(layout)
                _add_row(rows, facts, control.native)
        if self._folded:
            self._fold = self._make_fold()
            layout.addWidget(self._fold)
        self.native.layout().setSpacing(ROW_GAP_PX)
        self.native.layout().addWidget(self._body)

    def _add_section(self, layout: QVBoxLayout, name: str) -> None:
        layout.addWidget(self._controls[name].native)
        below = self.shared.below.get(self._paths[name])
        if below is not None:
            layout.addWidget(below)

    def _make_fold(self) -> Fold:
        """Return a place for the fields that are seldom needed, which are made when it opens."""
        first = self._folded[0]
        button = quiet_button(
            # A single one lends its name to the button.
            first.title if len(self._folded) == 1 else "More",
            f"{self.path}.fold" if self.path else "fold",
            "Show or hide settings that are seldom needed.",
        )
        inside = QWidget()
        rows = add_grid(column(inside))

        def fill(*_: Any) -> None:
            if first.name not in self._controls:
                for facts in self._folded:
                    _add_row(rows, facts, self._add_control(facts).native)

        button.toggled.connect(fill)
        return Fold(button, inside)

    def _add_switch(self, is_on: bool) -> None:
        """Put the fields behind a check box, for there may be no value."""
        self._switch = QCheckBox(self._own_facts.title if self._own_facts else self.label)
        self._switch.setObjectName(f"{self.path}.set")
        self._switch.setToolTip(self._own_facts.help if self._own_facts else "")
        self._switch.setChecked(is_on)
        self._switch.toggled.connect(lambda _: self.changed.emit(self.get_value()))
        layout = self.native.layout()
        layout.addSpacing(SECTION_GAP_PX)
        layout.addWidget(Fold(self._switch, self._body))

    def _add_control(self, facts: FieldFacts) -> BaseValueWidget[Any]:
        """Return what edits a field."""
        name = facts.name
        value = getattr(self._fields_value, name)
        control = control_for(facts, value, self._paths[name], self.shared)
        control.changed.connect(lambda _: self._take(name), max_args=1)
        self._controls[name] = control
        return control

    # Values

    def _show_fields(self) -> None:
        for name, control in self._controls.items():
            with control.changed.blocked():
                control.value = getattr(self._fields_value, name)
        self._unmark()
        self._show_what_is_unusual()

    def _show_what_is_unusual(self) -> None:
        """Open the fold where something in it is not as it is for nearly every movie."""
        if self._fold is not None and any(
            getattr(self._fields_value, each.name) != each.default for each in self._folded
        ):
            self._fold.open()

    def _take(self, name: str) -> None:
        """Take all values together: one that was refused may fit now."""
        values = {each: control.value for each, control in self._controls.items()}
        try:
            self._fields_value = self._fields_value.replace(**values)
        except RecipeError as error:
            sentence = _in_titles(error, type(self._fields_value))
            self._mark(name, sentence)
            self.shared.refuse(sentence)
            return
        self._unmark()
        self.shared.refuse("")
        self.changed.emit(self._fields_value)

    def _mark(self, name: str, sentence: str) -> None:
        """Mark a field as wrong, with the reason."""
        self._marked.add(name)
        show_problem(self._controls[name], self._facts[name], self._paths[name], sentence)

    def _unmark(self) -> None:
        for name in self._marked:
            show_problem(self._controls[name], self._facts[name], self._paths[name], "")
        self._marked.clear()


def _add_row(rows: QGridLayout, facts: FieldFacts, control: QWidget) -> None:
    """Add a field to a grid: its name left, what edits it right."""
    row = rows.rowCount()
    name = QLabel(facts.title)
    name.setToolTip(facts.help)
    name.setFixedWidth(LABEL_WIDTH_PX)
    name.setWordWrap(True)
    rows.addWidget(name, row, 0)
    rows.addWidget(control, row, 1)


def _in_titles(error: RecipeError, cls: type[Settings]) -> str:
    """Return what was refused in the words of the form, where a recipe has names of fields."""
    cause = error.__cause__
    if not isinstance(cause, ValidationError):
        return str(error)
    sentence = cause.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
    # The longest first: a name may be a part of another.
    for facts in sorted(fields_of(cls), key=lambda facts: -len(facts.name)):
        sentence = sentence.replace(facts.name, f"“{facts.title}”")
    return f"{sentence}."
