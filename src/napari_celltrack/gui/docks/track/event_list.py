"""A list of events to go through one after the other."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from qtpy.QtCore import QEvent, QModelIndex, QObject, Qt, Signal
from qtpy.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from napari_celltrack.gui.docks.rows_model import Column, Look, RowsModel, make_table
from napari_celltrack.gui.theme import ROW_GAP_PX, ChartColours, chart_colours
from napari_celltrack.tables import EVENT_COLUMNS, FRAME, REASON, SEVERITY, TRACK_ID

#: Columns beside those of the events: looked at already; found to be fine.
SEEN, DISMISSED = "seen", "dismissed"

_NO_EVENTS = pd.DataFrame(columns=[*EVENT_COLUMNS, SEEN, DISMISSED]).astype(
    {**EVENT_COLUMNS, SEEN: "bool", DISMISSED: "bool"}
)

#: From here on an event deserves a look, and is most likely a mistake.
TO_LOOK_AT, SEVERE = 0.3, 0.8

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
        self._marked = 0
        self._colours = chart_colours("dark")
        self._model = RowsModel(
            [
                Column("Frame", partial(_text, FRAME)),
                Column("Track", partial(_text, TRACK_ID)),
                Column("Why", partial(_text, REASON)),
            ]
        )
        self._model.set_rows(_NO_EVENTS)
        self._table = self._make_table(prefix)
        self._fine = QPushButton("Fine as it is")
        self._fine.setObjectName(f"{prefix}_fine")
        self._fine.setToolTip("Remove this event from the list; it stays away when tracks change.")
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
        events: pd.DataFrame = self._model.rows
        return events

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
        self._marked = track_id
        self._show_looks()
        rows = np.flatnonzero(self._model.rows[TRACK_ID] == track_id)
        if track_id and len(rows):
            self._table.scrollTo(self._model.index(int(rows[0]), 0))

    def n_to_look_at(self) -> int:
        """Return how many events deserve a look and have had none."""
        waiting = (self._events[SEVERITY] >= TO_LOOK_AT).to_numpy()
        for done in (SEEN, DISMISSED):
            waiting = waiting & ~self._events[done].to_numpy(bool)
        return int(waiting.sum())

    def lists(self, event: pd.Series) -> bool:
        """Whether an event is still listed."""
        return _row_of(self._model.rows, event) >= 0

    def go_on(self) -> None:
        """Choose the next event that was not looked at, from the top after the last."""
        events = self._model.rows
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
        self._colours = chart_colours(theme_id)
        self._show_looks()

    def _make_table(self, prefix: str) -> QTableView:
        table = make_table(f"{prefix}_event_table", self._model, _HEIGHT_PX, _LINES)
        header = table.horizontalHeader()
        for column, width in enumerate((48, 44)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            table.setColumnWidth(column, width)
        table.selectionModel().currentRowChanged.connect(self._choose)
        # Also the chosen event: the user may have looked elsewhere and want to go back.
        table.clicked.connect(self._choose)
        return table

    def _fill(self) -> None:
        chosen = self._model.at(self._row())
        listed = self._events
        if not self._with_dismissed:
            listed = listed[~listed[DISMISSED].to_numpy(bool)]
        # A new list is no choice of the user.
        self._filling = True
        self._list(listed.reset_index(drop=True))
        if (row := _row_of(self._model.rows, chosen)) >= 0 and row != self._row():
            self._table.selectRow(row)
        self._filling = False
        self._show_buttons()

    def _list(self, events: pd.DataFrame) -> None:
        before = self._model.rows
        if events[REASON].equals(before[REASON]) and events[FRAME].equals(before[FRAME]):
            # The same events, some of them seen now: the list keeps its scroll position.
            self._model.replace_rows(events)
        else:
            self._model.set_rows(events)

    def _show_looks(self) -> None:
        self._model.set_look(partial(_look, self._colours, self._marked))

    def _show_buttons(self) -> None:
        event = self._model.at(self._row())
        self._fine.setEnabled(event is not None)
        is_dismissed = event is not None and bool(event[DISMISSED])
        self._fine.setText("Not fine" if is_dismissed else "Fine as it is")
        self._next.setEnabled(len(self._model.rows) > 0)
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
        if (n_rows := len(self._model.rows)) and self._row() < 0:
            self._table.selectRow(min(row, n_rows - 1))

    def _list_dismissed(self, listed: bool) -> None:
        self._with_dismissed = listed
        self._fill()


def _text(column: str, event: pd.Series) -> str:
    return str(event[column])


def _look(colours: ChartColours, marked: int, event: pd.Series, column: int) -> Look:
    """Return how an event looks: red is severe, grey is done with or likely right."""
    is_done = event[SEEN] or event[DISMISSED] or event[SEVERITY] < TO_LOOK_AT
    severe = colours.problem if event[SEVERITY] >= SEVERE else ""
    return Look(
        ink=colours.hint if is_done else severe,
        paper=colours.band if event[TRACK_ID] == marked != 0 else "",
        is_struck_out=bool(event[DISMISSED]),
        tooltip=event[REASON],
    )


def _row_of(events: pd.DataFrame, event: pd.Series | None) -> int:
    """Return where an event is among others, or -1."""
    if event is None or events.empty:
        return -1
    same = events[REASON].eq(event[REASON]) & events[FRAME].eq(event[FRAME])
    rows = np.flatnonzero(same)
    return int(rows[0]) if len(rows) else -1
