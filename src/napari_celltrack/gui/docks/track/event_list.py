"""A list of events to go through one after the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from qtpy.QtCore import QAbstractTableModel, QEvent, QModelIndex, QObject, Qt, Signal
from qtpy.QtGui import QColor, QFont
from qtpy.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from napari_celltrack.gui.docks.table_view import make_table
from napari_celltrack.gui.theme import ROW_GAP_PX, chart_colours
from napari_celltrack.tables import EVENT_COLUMNS, FRAME, REASON, SEVERITY, TRACK_ID

#: Columns beside those of the events: looked at already; found to be fine.
SEEN, DISMISSED = "seen", "dismissed"

_NO_EVENTS = pd.DataFrame(columns=[*EVENT_COLUMNS, SEEN, DISMISSED]).astype(
    {**EVENT_COLUMNS, SEEN: "bool", DISMISSED: "bool"}
)

#: From here on an event deserves a look, and is most likely a mistake.
TO_LOOK_AT, SEVERE = 0.3, 0.8

_HEADERS = ("Frame", "Track", "Why")
#: Height of all rows in lines of text: reasons take two, and rows of one height are quick.
_LINES = 2
_HEIGHT_PX = 176


class EventList(QWidget):
    """Shows a table of events, the worst first, and goes from one to the next.

    Parameters
    ----------
    prefix : str
        Beginning of the object names.
    """

    #: An event was chosen, by a click, the arrow keys, Space or *Next*; a row of the table.
    chosen = Signal(object)
    #: *Fine as it is* was pressed on an event, or *Not fine* on a dismissed one.
    dismissed = Signal(object)
    restored = Signal(object)

    def __init__(self, prefix: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"{prefix}_events")
        self._events = _NO_EVENTS
        self._with_dismissed = False
        self._filling = False
        self._model = _Model()
        self._table = self._make_table(prefix)
        self._fine = QPushButton("Fine as it is")
        self._fine.setObjectName(f"{prefix}_fine")
        self._fine.setToolTip("Take this event off the list; it stays off when tracks change.")
        self._next = QPushButton("Next ␣")
        self._next.setObjectName(f"{prefix}_next")
        self._next.setToolTip("Go to the next event that was not looked at (Space in the list).")
        self._show_dismissed = QPushButton()
        self._show_dismissed.setObjectName(f"{prefix}_show_dismissed")
        self._show_dismissed.setCheckable(True)
        self._show_dismissed.setToolTip("List the events too that were found to be fine.")
        self._show_dismissed.setVisible(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(ROW_GAP_PX)
        column.addWidget(self._table)
        row = QHBoxLayout()
        row.addWidget(self._fine, 1)
        row.addWidget(self._next, 1)
        column.addLayout(row)
        column.addWidget(self._show_dismissed)
        self._fine.clicked.connect(self._dismiss_or_restore)
        self._next.clicked.connect(self.go_on)
        self._show_dismissed.toggled.connect(self._list_dismissed)
        self._table.installEventFilter(self)
        self._show_buttons()

    def value(self) -> pd.DataFrame:
        """Return the events that are listed, in their order."""
        return self._model.events

    def setValue(self, events: pd.DataFrame) -> None:
        """List other events; what was chosen stays chosen where it is still there.

        Parameters
        ----------
        events : DataFrame
            Columns of :data:`~napari_celltrack.tables.EVENT_COLUMNS`, worst first, and `seen`
            and `dismissed`, both bool.
        """
        self._events = events
        self._fill()

    def clear(self) -> None:
        """List nothing."""
        self.setValue(_NO_EVENTS)

    def setMarked(self, track_id: int) -> None:
        """Let the events of a track stand out, and scroll to the first; 0 for none."""
        self._model.set_marked(track_id)
        rows = np.flatnonzero(self._model.events[TRACK_ID] == track_id)
        if track_id and len(rows):
            self._table.scrollTo(self._model.index(int(rows[0]), 0))

    def n_to_look_at(self) -> int:
        """Return how many events deserve a look and have had none."""
        waiting = (self._events[SEVERITY] >= TO_LOOK_AT).to_numpy()
        for done in (SEEN, DISMISSED):
            waiting = waiting & ~self._events[done].to_numpy(bool)
        return int(waiting.sum())

    def go_on(self) -> None:
        """Choose the next event that was not looked at, from the top after the last."""
        events = self._model.events
        waiting = np.flatnonzero(~(events[SEEN] | events[DISMISSED]).to_numpy(bool))
        if not len(waiting):
            return
        current = self._row()
        later = waiting[waiting > current]
        self._table.selectRow(int(later[0] if len(later) else waiting[0]))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Go on at Space, while the table has the focus: elsewhere the key has other meanings."""
        if event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Space:
            self.go_on()
            return True
        return super().eventFilter(watched, event)

    def restyle(self, theme_id: str) -> None:
        """Take the colours of a theme of napari."""
        colours = chart_colours(theme_id)
        self._model.set_colours(colours.problem, colours.hint, colours.band)

    def _make_table(self, prefix: str) -> QTableView:
        table = make_table(f"{prefix}_event_table", self._model, _HEIGHT_PX, _LINES)
        header = table.horizontalHeader()
        for column, width in enumerate((48, 44)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            table.setColumnWidth(column, width)
        table.selectionModel().currentRowChanged.connect(self._choose)
        # Also one that is chosen already: the user looked elsewhere and wants to go back.
        table.clicked.connect(self._choose)
        return table

    def _fill(self) -> None:
        chosen = self._model.at(self._row())
        listed = self._events
        if not self._with_dismissed:
            listed = listed[~listed[DISMISSED].to_numpy(bool)]
        # A new list is no choice of the user.
        self._filling = True
        self._model.set_events(listed.reset_index(drop=True))
        if (row := self._model.row_of(chosen)) >= 0 and row != self._row():
            self._table.selectRow(row)
        self._filling = False
        self._show_buttons()

    def _show_buttons(self) -> None:
        event = self._model.at(self._row())
        self._fine.setEnabled(event is not None)
        is_dismissed = event is not None and bool(event[DISMISSED])
        self._fine.setText("Not fine" if is_dismissed else "Fine as it is")
        self._next.setEnabled(len(self._model.events) > 0)
        n_dismissed = int(self._events[DISMISSED].sum())
        self._show_dismissed.setVisible(n_dismissed > 0)
        verb = "Hide" if self._with_dismissed else "Show"
        self._show_dismissed.setText(f"{verb} dismissed ({n_dismissed})")

    def _row(self) -> int:
        return self._table.currentIndex().row()

    def _choose(self, index: QModelIndex, before: QModelIndex | None = None) -> None:
        if self._filling:
            return
        event = self._model.at(index.row())
        self._show_buttons()
        if event is not None:
            self.chosen.emit(event)

    def _dismiss_or_restore(self) -> None:
        row = self._row()
        event = self._model.at(row)
        if event is None:
            return
        if event[DISMISSED]:
            self.restored.emit(event)
            return
        self.dismissed.emit(event)
        # The list is shorter by one; the next event has its place.
        if (n_rows := len(self._model.events)) and self._row() < 0:
            self._table.selectRow(min(row, n_rows - 1))

    def _list_dismissed(self, listed: bool) -> None:
        self._with_dismissed = listed
        self._fill()


class _Model(QAbstractTableModel):
    """The events as Qt asks for them: cell by cell, only those in view."""

    def __init__(self) -> None:
        super().__init__()
        self.events = _NO_EVENTS
        self._marked = 0
        self._red = self._grey = self._band = QColor()

    def set_events(self, events: pd.DataFrame) -> None:
        if events[REASON].equals(self.events[REASON]) and events[FRAME].equals(self.events[FRAME]):
            # The same list, some of it seen now: it stays where it was scrolled to.
            self.events = events
            self._repaint()
            return
        self.beginResetModel()
        self.events = events
        self.endResetModel()

    def set_marked(self, track_id: int) -> None:
        self._marked = track_id
        self._repaint()

    def set_colours(self, problem: str, hint: str, band: str) -> None:
        self._red, self._grey, self._band = QColor(problem), QColor(hint), QColor(band)
        self._repaint()

    def at(self, row: int) -> pd.Series | None:
        return self.events.iloc[row] if 0 <= row < len(self.events) else None

    def row_of(self, event: pd.Series | None) -> int:
        if event is None or self.events.empty:
            return -1
        same = self.events[REASON].eq(event[REASON]) & self.events[FRAME].eq(event[FRAME])
        rows = np.flatnonzero(same)
        return int(rows[0]) if len(rows) else -1

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return len(self.events)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        return len(_HEADERS)

    def headerData(self, section: int, orientation: Any, role: int = 0) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return _HEADERS[section]
        return None

    def data(self, index: QModelIndex, role: int = 0) -> Any:
        event = self.at(index.row())
        if event is None:
            return None
        answers = {
            Qt.ItemDataRole.DisplayRole: lambda: _text(event, index.column()),
            Qt.ItemDataRole.ToolTipRole: lambda: event[REASON],
            Qt.ItemDataRole.ForegroundRole: lambda: self._ink(event),
            Qt.ItemDataRole.BackgroundRole: lambda: self._paper(event),
            Qt.ItemDataRole.FontRole: lambda: _font(event),
        }
        return answers[role]() if role in answers else None

    def _ink(self, event: pd.Series) -> QColor | None:
        if event[SEEN] or event[DISMISSED] or event[SEVERITY] < TO_LOOK_AT:
            return self._grey
        return self._red if event[SEVERITY] >= SEVERE else None

    def _paper(self, event: pd.Series) -> QColor | None:
        return self._band if event[TRACK_ID] == self._marked != 0 else None

    def _repaint(self) -> None:
        if len(self.events):
            last = self.index(len(self.events) - 1, len(_HEADERS) - 1)
            self.dataChanged.emit(self.index(0, 0), last)


def _text(event: pd.Series, column: int) -> str:
    if column < len(_HEADERS) - 1:
        return str(event[(FRAME, TRACK_ID)[column]])
    return str(event[REASON])


def _font(event: pd.Series) -> QFont | None:
    if not event[DISMISSED]:
        return None
    font = QFont()
    font.setStrikeOut(True)
    return font
