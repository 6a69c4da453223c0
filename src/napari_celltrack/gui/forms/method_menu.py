"""MethodMenu: a menu of methods, and the fields of the chosen one."""

from __future__ import annotations

from typing import Any

from magicgui.types import Undefined
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel

from napari_celltrack.field_facts import (
    SECTIONS,
    FieldFacts,
    fields_of,
    help_of,
    method_name,
    methods_of,
    title_of,
)
from napari_celltrack.gui.forms.controls import Menu
from napari_celltrack.gui.forms.form_part import FormPart
from napari_celltrack.gui.forms.rows import add_grid, heading
from napari_celltrack.gui.forms.settings_form import SettingsForm
from napari_celltrack.gui.forms.wheel import no_accident
from napari_celltrack.gui.theme import ROW_GAP_PX
from napari_celltrack.settings import Settings


class MethodMenu(FormPart[Settings]):
    """A menu of methods, and the fields of the chosen one; the others keep their last values.

    Parameters
    ----------
    value : Settings, optional
        What to show first, by default the first method.
    annotation : type
        The union of the methods.
    facts : FieldFacts, optional
        Of the field.
    **kwargs
        As for :class:`~napari_celltrack.gui.forms.form_part.FormPart`.
    """

    def __init__(
        self,
        value: Any = Undefined,
        annotation: Any = None,
        facts: FieldFacts | None = None,
        **kwargs: Any,
    ) -> None:
        self._methods = {method_name(cls): cls for cls in methods_of(annotation)}
        self._forms: dict[str, SettingsForm] = {}
        choices = [(title_of(cls), name) for name, cls in self._methods.items()]
        self._menu = Menu(choices=choices)
        super().__init__(annotation=annotation, widgets=[self._menu], **kwargs)
        self._help = facts.help if facts else ""
        self._lay_out(facts.title if facts else "")
        self.set_value(next(iter(self._methods.values()))() if value is Undefined else value)
        self._menu.changed.connect(self._switch, max_args=1)

    def get_value(self) -> Settings:
        """Return the settings of the chosen method."""
        return self._forms[self._menu.value].value

    def set_value(self, value: Settings) -> None:
        """Choose the method of a value and show its settings."""
        name = method_name(type(value))
        before = self.get_value() if self._forms else None
        with self._menu.changed.blocked(), self.changed.blocked():
            self._menu.value = name
            if name in self._forms:
                self._forms[name].value = value
            else:
                self._add_form(name, value)
        self._show_method()
        if value != before:
            self.changed.emit(value)

    def _lay_out(self, title: str) -> None:
        menu, layout = self._menu.native, self.native.layout()
        menu.setObjectName(f"{self.path}.method")
        menu.setAccessibleName(title or "Method")
        no_accident(menu)
        for index, cls in enumerate(self._methods.values()):
            menu.setItemData(index, help_of(cls), Qt.ItemDataRole.ToolTipRole)
        layout.setSpacing(ROW_GAP_PX)
        # Methods that have sections of their own are no section beside these.
        has_sections = any(
            each.kind in SECTIONS for cls in self._methods.values() for each in fields_of(cls)
        )
        if title and not has_sections:
            layout.addWidget(heading(title, self._help))
        label = QLabel(title if title and has_sections else "Method")
        label.setToolTip(self._help)
        rows = add_grid(layout)
        rows.addWidget(label, 0, 0)
        rows.addWidget(menu, 0, 1)

    def _switch(self, name: str) -> None:
        if name not in self._forms:
            self._add_form(name, self._methods[name]())
        self._show_method()
        self.changed.emit(self.get_value())

    def _show_method(self) -> None:
        chosen = self._menu.value
        self._menu.tooltip = f"{self._help}\n{help_of(self._methods[chosen])}".strip()
        if len(self._forms) > 1:
            for name, form in self._forms.items():
                form.native.setVisible(name == chosen)

    def _add_form(self, name: str, value: Settings) -> None:
        """Make the fields of a method, when they are needed first."""
        form = SettingsForm(value, path=self.path, shared=self.shared)
        form.changed.connect(self.tell, max_args=0)
        self.native.layout().addWidget(form.native)
        self._forms[name] = form
