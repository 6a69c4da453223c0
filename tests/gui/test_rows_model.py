"""Lists of the docks: rows of values, their columns declared."""

from __future__ import annotations

import pandas as pd
import pytest
from qtpy.QtCore import Qt

from napari_celltrack.gui.docks.rows_model import Column, Look, RowsModel

COLUMNS = (
    Column("Name", lambda row: row["name"], "What it is called."),
    Column("N", lambda row: f"{row['n']:,}"),
)
ROWS = [{"name": "a", "n": 1}, {"name": "b", "n": 2000}]


@pytest.mark.parametrize("rows", [list(ROWS), pd.DataFrame(ROWS)], ids=["list", "table"])
def test_rows_are_shown_by_their_columns(qapp, rows) -> None:
    model = RowsModel(COLUMNS)
    model.set_rows(rows)
    shown = [
        [model.data(model.index(row, column), Qt.ItemDataRole.DisplayRole) for column in range(2)]
        for row in range(model.rowCount())
    ]
    assert shown == [["a", "1"], ["b", "2,000"]]
    titles = [model.headerData(i, Qt.Orientation.Horizontal, 0) for i in range(2)]
    assert titles == ["Name", "N"]
    help_ = Qt.ItemDataRole.ToolTipRole
    assert model.headerData(0, Qt.Orientation.Horizontal, help_) == "What it is called."
    assert model.headerData(1, Qt.Orientation.Horizontal, help_) is None
    assert model.at(2) is None and model.at(-1) is None


def test_a_row_looks_as_it_is_told(qapp) -> None:
    model = RowsModel(COLUMNS)
    model.set_rows(list(ROWS))
    inks = [Qt.ItemDataRole.ForegroundRole, Qt.ItemDataRole.BackgroundRole]
    assert [model.data(model.index(0, 0), ink) for ink in inks] == [None, None]
    model.set_look(lambda row, column: Look("#ff0000", "#00ff00", True, row["name"]))
    assert [model.data(model.index(1, 0), ink).name() for ink in inks] == ["#ff0000", "#00ff00"]
    assert model.data(model.index(1, 0), Qt.ItemDataRole.ToolTipRole) == "b"
    assert model.data(model.index(1, 0), Qt.ItemDataRole.FontRole).strikeOut()


def test_only_what_changed_is_drawn_again(qapp) -> None:
    model = RowsModel(COLUMNS)
    model.set_rows(list(ROWS))
    changed, reset = [], []
    model.dataChanged.connect(lambda first, last, roles: changed.append((first.row(), last.row())))
    model.modelReset.connect(lambda: reset.append(True))
    model.put(1, dict(ROWS[1]))
    assert changed == []
    model.put(1, {"name": "c", "n": 3})
    assert changed == [(1, 1)]
    model.replace_rows([ROWS[1], ROWS[0]])
    assert changed == [(1, 1), (0, 1)] and not reset
    model.set_rows([])
    assert reset == [True]
