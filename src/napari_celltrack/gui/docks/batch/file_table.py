"""The files of a batch, a line each: its cells, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QEvent, QModelIndex, QObject, Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QHeaderView,
    QSizePolicy,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from napari_celltrack.batch import FileDone, Inputs, Item
from napari_celltrack.gui.docks.batch.batch_job import FileNews, News
from napari_celltrack.gui.docks.batch.file_lines import (
    Line,
    done_line,
    earlier_line,
    going_line,
    lines_of,
    waiting_line,
)
from napari_celltrack.gui.docks.table_view import make_table
from napari_celltrack.gui.theme import chart_colours

_HEADERS = ("File", "Cells", "State")
_FILE, _CELLS, _STATE = range(3)
#: The least that columns take, in px: a name cut in its middle; "1,234"; "measuring · 21 frames/s".
_LEAST_PX = (76, 38, 158)
_LEAST_CONDITION_PX, _MOST_CONDITION_PX = 30, 90
_PADDING_PX = 10
#: Names are measured up to here; of thousands the others are much the same.
_N_MEASURED = 200
_HEIGHT_PX = 120
_MAX_HEIGHT_PX = 2000
#: Reasons that take more than a line, in letters.
_LONG = 22
#: Of a reason so many lines are shown; the whole is said when the line is chosen.
_MOST_LINES = 3


class FileTable(QWidget):
    """Lists the files of a batch.

    Parameters
    ----------
    prefix : str
        Beginning of the object names.
    """

    #: A line was double-clicked, or Enter pressed on it; a :class:`Line` with an item.
    opened = Signal(object)
    #: A line was chosen, by a click or the arrow keys.
    chosen = Signal(object)

    def __init__(self, prefix: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"{prefix}_files")
        self._model = _Model()
        #: The line worked on last, and those that are higher than the others.
        self._followed = 0
        self._grown: set[int] = set()
        self._first_problem = -1
        self._table = make_table(f"{prefix}_table", self._model, _HEIGHT_PX)
        self._table.setMinimumHeight(_HEIGHT_PX)
        self._table.setMaximumHeight(_MAX_HEIGHT_PX)
        self._table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self._table.setWordWrap(True)
        self._table.setTextElideMode(Qt.TextElideMode.ElideRight)
        # A name is told from others by its end, too; the view does not own its delegates.
        self._middle = _ElidedInTheMiddle(self._table)
        self._table.setItemDelegateForColumn(_FILE, self._middle)
        self._table.setToolTip("Double click (or Enter) opens a finished result, or the file.")
        header = self._table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setTextElideMode(Qt.TextElideMode.ElideRight)
        size = self._table.sizePolicy()
        self._table.setSizePolicy(size.horizontalPolicy(), QSizePolicy.Policy.Expanding)
        self._table.doubleClicked.connect(self._open)
        self._table.clicked.connect(self._choose)
        self._table.selectionModel().currentRowChanged.connect(self._choose)
        # Keys go to the table; what is resized when a scroll bar comes or goes is its inside.
        self._table.installEventFilter(self)
        self._table.viewport().installEventFilter(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._table)
        self._set_widths()

    def lines(self) -> list[Line]:
        """Return what is listed."""
        return list(self._model.lines)

    def set_inputs(self, inputs: Inputs | None) -> None:
        """List the files of a batch, and those that were passed over; none with None."""
        lines = lines_of(inputs)
        items = inputs.items if inputs else ()
        columns = list(dict.fromkeys(name for item in items for name, _ in item.conditions))
        self._model.set_lines(lines, columns)
        self._followed, self._first_problem = 0, -1
        # Lines that had grown for a long reason.
        for row in self._grown & set(range(len(lines))):
            self._table.setRowHeight(row, self._table.verticalHeader().defaultSectionSize())
        self._grown.clear()
        self._set_widths()

    def set_waiting(self) -> None:
        """Say of all files that they are still to be done."""
        self._first_problem = -1
        for row, line in enumerate(self._model.lines):
            if line.item is not None:
                self._model.put(row, waiting_line(line.item))
                self._fit(row)

    def set_earlier(self, results: Mapping[str, Mapping[str, Any]], same: frozenset[str]) -> None:
        """Say which files have a result already, by the name of their item."""
        for row, line in enumerate(self._model.lines):
            if line.item is None:
                continue
            numbers = results.get(line.item.name)
            if numbers is not None:
                self._model.put(row, earlier_line(line.item, numbers, line.item.name in same))
            elif line.has_result:
                self._model.put(row, waiting_line(line.item))

    def tell(self, news: News) -> None:
        """Show what a run did."""
        going = [self._show_frame(each) for each in news.frames]
        for done in news.files:
            self._show_file(done)
        if (row := max(going, default=-1)) >= 0:
            self._follow(row)

    def rest(self) -> None:
        """Say of files that were begun and not finished that they wait."""
        for row, line in enumerate(self._model.lines):
            if line.tone == "going" and line.item is not None:
                self._model.put(row, waiting_line(line.item))

    def show_problems(self) -> None:
        """Scroll to the first file that failed, if one did, and keep it in view."""
        tones = [line.tone for line in self._model.lines]
        self._first_problem = tones.index("problem") if "problem" in tones else -1
        if self._first_problem >= 0:
            self._table.scrollTo(self._model.index(self._first_problem, 0))

    def restyle(self, theme_id: str) -> None:
        """Take the colours of a theme of napari."""
        colours = chart_colours(theme_id)
        inks = {"problem": colours.problem, "doubt": colours.doubt}
        inks |= {"waiting": colours.hint, "ignored": colours.hint}
        self._model.set_inks({tone: QColor(ink) for tone, ink in inks.items()})

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Open the chosen line at Enter, while the table has the focus; use all of its width."""
        if event.type() == QEvent.Type.Resize:
            self._set_widths()
            if self._first_problem >= 0:
                self._table.scrollTo(self._model.index(self._first_problem, 0))
        if event.type() == QEvent.Type.KeyPress and event.key() in (
            Qt.Key.Key_Return,
            Qt.Key.Key_Enter,
        ):
            self._open(self._table.currentIndex())
            return True
        return super().eventFilter(watched, event)

    def _set_widths(self) -> None:
        """Share the width: first the least of each column, then whole headers and names."""
        wanted = self._wanted_px()
        widths = [*_LEAST_PX, *(least for least, _ in wanted[1:])]
        room = self._table.viewport().width() - sum(widths)
        # Conditions stand behind the three columns; the name of the file is served last.
        for column, (_, most) in (*enumerate(wanted[1:], start=len(_HEADERS)), (_FILE, wanted[0])):
            more = max(0, min(room, most - widths[column]))
            widths[column] += more
            room -= more
        widths[_STATE] += max(0, room)
        for column, width in enumerate(widths):
            self._table.setColumnWidth(column, width)

    def _wanted_px(self) -> list[tuple[int, int]]:
        """Return the least and the most that names of files take, and that each condition takes."""
        measure = self._table.fontMetrics().horizontalAdvance
        lines = self._model.lines[:_N_MEASURED]
        names = max((measure(line.file) for line in lines), default=0) + _PADDING_PX
        wanted = [(_LEAST_PX[_FILE], names)]
        for column in range(len(_HEADERS), self._model.columnCount()):
            texts = {self._model.text(line, column) for line in lines}
            values = max(map(measure, texts), default=0) + _PADDING_PX
            least = min(max(values, _LEAST_CONDITION_PX), _MOST_CONDITION_PX)
            wanted.append((least, max(least, measure(self._model.header(column)) + _PADDING_PX)))
        return wanted

    def _choose(self, index: QModelIndex, before: QModelIndex | None = None) -> None:
        if 0 <= index.row() < len(self._model.lines):
            self.chosen.emit(self._model.lines[index.row()])

    def _open(self, index: QModelIndex) -> None:
        lines = self._model.lines
        if 0 <= index.row() < len(lines) and lines[index.row()].item is not None:
            self.opened.emit(lines[index.row()])

    def _show_frame(self, news: FileNews) -> int:
        row = self._model.row_of(news.done.item)
        if row >= 0:
            self._model.put(row, going_line(news))
        return row

    def _show_file(self, done: FileDone) -> None:
        row = self._model.row_of(done.item)
        if row >= 0:
            self._model.put(row, done_line(done))
            self._fit(row)

    def _fit(self, row: int) -> None:
        """Give a line the height that its reason takes; to measure all would take long."""
        if len(self._model.lines[row].state) > _LONG:
            self._grown.add(row)
            self._table.resizeRowToContents(row)
            most = _MOST_LINES * self._table.fontMetrics().height() + 6
            self._table.setRowHeight(row, min(self._table.rowHeight(row), most))
        elif row in self._grown:
            self._grown.discard(row)
            self._table.setRowHeight(row, self._table.verticalHeader().defaultSectionSize())

    def _follow(self, row: int) -> None:
        """Scroll to the line that is worked on, unless the user looks elsewhere."""
        before, self._followed = self._followed, row
        view = self._table.viewport().rect()
        if row != before and self._table.visualRect(self._model.index(before, 0)).intersects(view):
            self._table.scrollTo(self._model.index(row, 0))


class _Model(QAbstractTableModel):
    """The lines as Qt asks for them: cell by cell, only those in view."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[Line] = []
        self._columns: Sequence[str] = ()
        self._rows: dict[str, int] = {}
        self._inks: dict[str, QColor] = {}

    def set_lines(self, lines: list[Line], columns: Sequence[str]) -> None:
        self.beginResetModel()
        self.lines, self._columns = lines, columns
        self._rows = {line.item.name: row for row, line in enumerate(lines) if line.item}
        self.endResetModel()

    def put(self, row: int, line: Line) -> None:
        if self.lines[row] != line:
            self.lines[row] = line
            self.dataChanged.emit(self.index(row, 0), self.index(row, self.columnCount() - 1))

    def row_of(self, item: Item) -> int:
        return self._rows.get(item.name, -1)

    def set_inks(self, inks: dict[str, QColor]) -> None:
        self._inks = inks
        if self.lines:
            last = self.index(len(self.lines) - 1, self.columnCount() - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return len(self.lines)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        return len(_HEADERS) + len(self._columns)

    def headerData(self, section: int, orientation: Any, role: int = 0) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.header(section)
        if role == Qt.ItemDataRole.ToolTipRole and section == _CELLS:
            return "Cells in the image; of a movie, cells in a frame on average."
        if role == Qt.ItemDataRole.ToolTipRole and section >= len(_HEADERS):
            return f"{self.header(section)}, from the names of the files"
        return None

    def data(self, index: QModelIndex, role: int = 0) -> Any:
        if not 0 <= index.row() < len(self.lines):
            return None
        line, column = self.lines[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(line, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            source = line.item.path if line.item else ""
            return "\n".join(part for part in (source, line.more) if part)
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._inks.get(line.tone)
        return None

    def header(self, column: int) -> str:
        return (*_HEADERS, *self._columns)[column]

    def text(self, line: Line, column: int) -> str:
        if column < len(_HEADERS):
            return (line.file, line.cells, line.state)[column]
        name = self._columns[column - len(_HEADERS)]
        return dict(line.item.conditions).get(name, "") if line.item else ""


class _ElidedInTheMiddle(QStyledItemDelegate):
    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        super().initStyleOption(option, index)
        option.textElideMode = Qt.TextElideMode.ElideMiddle
