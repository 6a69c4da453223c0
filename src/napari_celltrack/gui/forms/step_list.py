"""StepList: a list of methods that are done one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from magicgui.types import Undefined
from qtpy.QtWidgets import QLabel, QMenu, QVBoxLayout, QWidget

from napari_celltrack.field_facts import FieldFacts, help_of, methods_of, title_of
from napari_celltrack.gui.forms.form_part import FormPart
from napari_celltrack.gui.forms.rows import heading, quiet_button
from napari_celltrack.gui.forms.step_row import StepRow
from napari_celltrack.gui.theme import ROW_GAP_PX, set_role
from napari_celltrack.settings import Settings


class StepList(FormPart[tuple]):
    """Edits an ordered tuple of methods, one row a step; a click on its name opens its form.

    A row is dragged at its handle, moved with Alt and the arrow keys, or by its menu.

    Parameters
    ----------
    value : tuple of Settings, optional
        What to show first, none by default.
    annotation : type
        ``tuple[X | Y, ...]`` of the methods.
    facts : FieldFacts, optional
        Of the field.
    title, hint : str, optional
        Words above, by default those of the field.
    none_yet : str, optional
        Words where there is no step.
    **kwargs
        As for :class:`~napari_celltrack.gui.forms.form_part.FormPart`.
    """

    def __init__(
        self,
        value: Any = Undefined,
        annotation: Any = None,
        facts: FieldFacts | None = None,
        *,
        title: str = "",
        hint: str = "",
        none_yet: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(annotation=annotation, **kwargs)
        self._value: tuple[Settings, ...] = ()
        self._rows: list[StepRow] = []
        layout = self.native.layout()
        layout.setSpacing(ROW_GAP_PX)
        words = (title, hint) if title or facts is None else (facts.title, facts.help)
        layout.addWidget(self._head(*words, methods_of(annotation)))
        self._column = QVBoxLayout()
        self._column.setSpacing(ROW_GAP_PX)
        layout.addLayout(self._column)
        self._none_yet: QLabel | None = None
        if none_yet:
            self._none_yet = QLabel(none_yet)
            self._none_yet.setObjectName(f"{self.path}.none")
            self._none_yet.setWordWrap(True)
            set_role(self._none_yet, "hint")
            layout.addWidget(self._none_yet)
        self._use(() if value is Undefined else tuple(value))

    def get_value(self) -> tuple[Settings, ...]:
        """Return the steps in their order."""
        return self._value

    def set_value(self, value: Sequence[Settings]) -> None:
        """Show other steps."""
        if tuple(value) != self._value:
            self._use(tuple(value))
            self.changed.emit(self._value)

    def rows(self) -> list[StepRow]:
        """Return the rows, in the order that they are shown."""
        return list(self._rows)

    def move(self, index: int, place: int) -> None:
        """Move a step to another place, if there is one."""
        if not 0 <= place < len(self._value) or place == index:
            return
        order = list(range(len(self._value)))
        order.insert(place, order.pop(index))
        self._reorder(order, focused=place)

    def remove(self, index: int) -> None:
        """Take a step out of the list."""
        self._reorder([each for each in range(len(self._value)) if each != index], focused=None)

    def add(self, method: type[Settings]) -> None:
        """Put a step behind the others and open its form."""
        opened = len(self._value)
        self._value = (*self._value, method())
        self._rebuild(opened=opened, focused=None)
        self.changed.emit(self._value)

    def _head(self, title: str, hint: str, methods: Sequence[type[Settings]]) -> QWidget:
        add = quiet_button("+ add ▾", f"{self.path}.add", "Add a step behind the others.")
        menu = QMenu(add)
        menu.setToolTipsVisible(True)
        for method in methods:
            action = menu.addAction(title_of(method))
            action.setToolTip(help_of(method))
            action.triggered.connect(lambda *_, method=method: self.add(method))
        add.setMenu(menu)
        return heading(title, hint, add)

    def _use(self, value: tuple[Settings, ...]) -> None:
        same_methods = [type(step) for step in value] == [type(step) for step in self._value]
        self._value = value
        if not same_methods:
            self._rebuild(opened=None, focused=None)
            return
        for row, step in zip(self._rows, value, strict=True):
            row.show_step(step)

    def _take(self, index: int, step: Settings) -> None:
        self._value = (*self._value[:index], step, *self._value[index + 1 :])
        self.changed.emit(self._value)

    def _reorder(self, order: Sequence[int], focused: int | None) -> None:
        """Keep the steps of these places, in this order."""
        is_open = [self._rows[each].is_open for each in order]
        self._value = tuple(self._value[each] for each in order)
        self._rebuild(is_open.index(True) if any(is_open) else None, focused)
        self.changed.emit(self._value)

    def _rebuild(self, opened: int | None, focused: int | None) -> None:
        while (item := self._column.takeAt(0)) is not None:
            widget = item.widget()
            widget.hide()
            # Its names are those of its successor; deleted later, since it may be a button of
            # this very row that was clicked.
            widget.setParent(None)
            widget.deleteLater()
        self._rows = []
        for index, step in enumerate(self._value):
            row = StepRow(step, f"{self.path}[{index}]", self.shared)
            row.changed.connect(lambda step, index=index: self._take(index, step), max_args=1)
            row.removed.connect(lambda index=index: self.remove(index), max_args=0)
            row.moved.connect(lambda by, index=index: self.move(index, index + by), max_args=1)
            row.opened.connect(lambda row=row: self._open_only(row), max_args=0)
            row.dragged.connect(lambda y, row=row: self._drag(row, y), max_args=1)
            row.dropped.connect(lambda row=row: self._drop(row), max_args=0)
            self._rows.append(row)
            self._column.addWidget(row)
        if self._none_yet is not None:
            self._none_yet.setVisible(not self._rows)
        if opened is not None:
            self._rows[opened].open()
        if focused is not None:
            self._rows[focused].take_focus()

    def _open_only(self, row: StepRow) -> None:
        for other in self._rows:
            if other is not row:
                other.close_form()

    def _drag(self, row: StepRow, y: int) -> None:
        """Let a row follow the mouse, which is at a height in px of this list."""
        others = [self._column.itemAt(i).widget() for i in range(self._column.count())]
        others.remove(row)
        own = self.native
        place = sum(other.mapTo(own, other.rect().center()).y() < y for other in others)
        if self._column.indexOf(row) != place:
            self._column.removeWidget(row)
            self._column.insertWidget(place, row)
            self._column.activate()

    def _drop(self, row: StepRow) -> None:
        self.move(self._rows.index(row), self._column.indexOf(row))
