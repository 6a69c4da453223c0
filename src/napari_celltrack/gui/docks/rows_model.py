"""Lists in docks: values in rows, their columns declared, quick with thousands of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import pandas as pd
from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt
from qtpy.QtGui import QColor, QFont
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView

#: A table of pandas has a row a value, too.
Rows: TypeAlias = Sequence[Any] | pd.DataFrame


@dataclass(frozen=True)
class Column:
    """A column of a list.

    Parameters
    ----------
    title : str
        What stands above it.
    text : callable
        From a row to what is written.
    help : str
        Tooltip of the title.
    """

    title: str
    text: Callable[[Any], str]
    help: str = ""


@dataclass(frozen=True)
class Look:
    """How a cell of a list looks; empty is as the theme has it.

    Parameters
    ----------
    ink, paper : str
        Colours of the text and behind it, ``"#rrggbb"``.
    is_struck_out : bool
        Whether the text is crossed out.
    tooltip : str
        What is said beyond the text.
    """

    ink: str = ""
    paper: str = ""
    is_struck_out: bool = False
    tooltip: str = ""


def _plain(row: Any, column: int) -> Look:
    return Look()


class RowsModel(QAbstractTableModel):
    """Rows as Qt asks for them: cell by cell, only those in view.

    Parameters
    ----------
    columns : sequence of Column
        What is shown of a row.
    look : callable
        From a row and the number of a column to a :class:`Look`.
    """

    def __init__(
        self, columns: Sequence[Column], look: Callable[[Any, int], Look] = _plain
    ) -> None:
        super().__init__()
        self._columns = tuple(columns)
        self._look = look
        self._rows: Rows = ()

    @property
    def rows(self) -> Any:
        """What is listed, as it was given."""
        return self._rows

    @property
    def columns(self) -> tuple[Column, ...]:
        """What is shown of a row."""
        return self._columns

    def set_rows(self, rows: Rows, columns: Sequence[Column] | None = None) -> None:
        """List other rows, and of other columns if some are given."""
        self.beginResetModel()
        self._rows = rows
        if columns is not None:
            self._columns = tuple(columns)
        self.endResetModel()

    def replace_rows(self, rows: Rows) -> None:
        """List as many rows in place of those now; the list stays where it was scrolled to."""
        self._rows = rows
        self._repaint()

    def put(self, row: int, value: Any) -> None:
        """Replace one row of a list."""
        if self._rows[row] != value:
            self._rows[row] = value  # type: ignore[index]  # a list, where rows are replaced
            self.dataChanged.emit(self.index(row, 0), self.index(row, len(self._columns) - 1))

    def set_look(self, look: Callable[[Any, int], Look]) -> None:
        """Let the rows look otherwise."""
        self._look = look
        self._repaint()

    def at(self, row: int) -> Any:
        """Return a row, or None where there is none."""
        if not 0 <= row < len(self._rows):
            return None
        return self._rows.iloc[row] if isinstance(self._rows, pd.DataFrame) else self._rows[row]

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Return how many rows there are."""
        return len(self._rows)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Return how many columns there are."""
        return len(self._columns)

    def headerData(self, section: int, orientation: Any, role: int = 0) -> Any:
        """Return the title of a column, or its help."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = self._columns[section]
        told = {Qt.ItemDataRole.DisplayRole: column.title, Qt.ItemDataRole.ToolTipRole: column.help}
        return told.get(role) or None

    def data(self, index: QModelIndex, role: int = 0) -> Any:
        """Return the text of a cell, or how it looks."""
        row = self.at(index.row())
        if row is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._columns[index.column()].text(row)
        if role not in _LOOKS:
            return None
        return _LOOKS[role](self._look(row, index.column()))

    def _repaint(self) -> None:
        if len(self._rows):
            last = self.index(len(self._rows) - 1, len(self._columns) - 1)
            self.dataChanged.emit(self.index(0, 0), last)


def make_table(name: str, model: RowsModel, height_px: int, n_lines: int = 1) -> QTableView:
    """Return a table of whole rows, all of one height, for to measure thousands takes long.

    Parameters
    ----------
    name : str
        Object name.
    model : RowsModel
        What it shows.
    height_px : int
        Its height.
    n_lines : int
        Lines of text in a row.
    """
    table = QTableView()
    table.setObjectName(name)
    table.setModel(model)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    table.setWordWrap(n_lines > 1)
    # The Tab key goes on to the next control of the dock.
    table.setTabKeyNavigation(False)
    table.setFixedHeight(height_px)
    rows, header = table.verticalHeader(), table.horizontalHeader()
    rows.hide()
    rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    rows.setDefaultSectionSize(n_lines * table.fontMetrics().height() + 6)
    header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
    header.setHighlightSections(False)
    return table


def _colour(colour: str) -> QColor | None:
    return QColor(colour) if colour else None


def _font(look: Look) -> QFont | None:
    if not look.is_struck_out:
        return None
    font = QFont()
    font.setStrikeOut(True)
    return font


_LOOKS: dict[int, Callable[[Look], Any]] = {
    Qt.ItemDataRole.ToolTipRole: lambda look: look.tooltip or None,
    Qt.ItemDataRole.ForegroundRole: lambda look: _colour(look.ink),
    Qt.ItemDataRole.BackgroundRole: lambda look: _colour(look.paper),
    Qt.ItemDataRole.FontRole: _font,
}
