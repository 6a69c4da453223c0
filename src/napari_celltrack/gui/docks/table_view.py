"""How lists in docks look: whole rows, one chosen, no editing, quick with thousands of rows."""

from __future__ import annotations

from qtpy.QtCore import QAbstractTableModel, Qt
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView


def make_table(
    name: str, model: QAbstractTableModel, height_px: int, n_lines: int = 1
) -> QTableView:
    """Return a table of rows of one height, for measuring each of thousands takes long.

    Parameters
    ----------
    name : str
        Object name.
    model : QAbstractTableModel
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
