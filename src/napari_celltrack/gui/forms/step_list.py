"""The list of steps before counting: add, remove, switch off, drag into another order."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QMenu, QVBoxLayout
from typing_extensions import override

from napari_celltrack.gui.forms.controls import Editor
from napari_celltrack.gui.forms.fields import method_help
from napari_celltrack.gui.forms.rows import column, quiet_button
from napari_celltrack.gui.forms.step_row import StepRow, title_of
from napari_celltrack.gui.theme import ROW_GAP_PX, SECTION_GAP_PX, set_role
from napari_celltrack.settings import Settings

_TITLE = "Before counting"
_HINT = "drag to sort"
_NONE_YET = "None yet: cells are looked for in the image as it is."


class StepList(Editor):
    """Edits an ordered tuple of methods, one row a step; a click on its name opens its form.

    A row is dragged at its handle, or moved with Alt and the arrow keys.

    Parameters
    ----------
    path : str
        Of the tuple in the recipe, which becomes the object names.
    methods : sequence of type
        The classes of the menu.
    """

    problem = Signal(str)

    def __init__(self, path: str, methods: Sequence[type[Settings]]) -> None:
        super().__init__()
        self._path = path
        self._methods = tuple(methods)
        self._um: float | None = None
        self._value: tuple[Settings, ...] = ()
        self._rows: list[StepRow] = []
        layout = column(self)
        layout.addLayout(self._head())
        self._column = QVBoxLayout()
        self._column.setSpacing(ROW_GAP_PX)
        layout.addLayout(self._column)
        self._none_yet = QLabel(_NONE_YET)
        self._none_yet.setObjectName(f"{path}.none")
        self._none_yet.setWordWrap(True)
        set_role(self._none_yet, "hint")
        layout.addWidget(self._none_yet)

    @override
    def value(self) -> tuple[Settings, ...]:
        return self._value

    @override
    def set_value(self, value: Sequence[Settings]) -> None:
        same_methods = [type(step) for step in value] == [type(step) for step in self._value]
        self._value = tuple(value)
        if not same_methods:
            self._rebuild(opened=None, focused=None)
        for row, step in zip(self._rows, self._value, strict=True):
            row.set_value(step)
        self._none_yet.setVisible(not self._rows)

    @override
    def set_pixel_size(self, um: float | None) -> None:
        self._um = um
        for row in self._rows:
            row.set_pixel_size(um)

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
        self.changed.emit()

    def _head(self) -> QHBoxLayout:
        title, hint = QLabel(_TITLE), QLabel(_HINT)
        set_role(title, "title")
        set_role(hint, "hint")
        add = quiet_button("+ add ▾", f"{self._path}.add", "Add a step behind the others.")
        menu = QMenu(add)
        menu.setToolTipsVisible(True)
        for method in self._methods:
            action = menu.addAction(title_of(method))
            action.setToolTip(method_help(method))
            action.triggered.connect(lambda *_, method=method: self.add(method))
        add.setMenu(menu)
        head = QHBoxLayout()
        head.setContentsMargins(0, SECTION_GAP_PX, 0, 0)
        head.setSpacing(0)
        head.addWidget(title)
        head.addWidget(hint, 1)
        head.addWidget(add)
        return head

    def _take(self, index: int) -> None:
        steps = list(self._value)
        steps[index] = self._rows[index].value()
        self._value = tuple(steps)
        self.changed.emit()

    def _reorder(self, order: Sequence[int], focused: int | None) -> None:
        """Keep the steps of these places, in this order."""
        is_open = [self._rows[each].is_open for each in order]
        self._value = tuple(self._value[each] for each in order)
        self._rebuild(is_open.index(True) if any(is_open) else None, focused)
        self.changed.emit()

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
            row = StepRow(step, f"{self._path}[{index}]")
            row.set_pixel_size(self._um)
            row.changed.connect(lambda index=index: self._take(index))
            row.problem.connect(self.problem)
            row.removed.connect(lambda index=index: self.remove(index))
            row.moved.connect(lambda by, index=index: self.move(index, index + by))
            row.opened.connect(lambda row=row: self._open_only(row))
            row.dragged.connect(lambda y, row=row: self._drag(row, y))
            row.dropped.connect(lambda row=row: self._drop(row))
            self._rows.append(row)
            self._column.addWidget(row)
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
        place = sum(other.mapTo(self, other.rect().center()).y() < y for other in others)
        if self._column.indexOf(row) != place:
            self._column.removeWidget(row)
            self._column.insertWidget(place, row)
            self._column.activate()

    def _drop(self, row: StepRow) -> None:
        place = self._column.indexOf(row)
        self.move(self._rows.index(row), place)
