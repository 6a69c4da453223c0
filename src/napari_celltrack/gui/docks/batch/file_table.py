"""The files of a batch, a line each: its cells, and how far it is; below, how far all are."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any

from qtpy.QtCore import QEvent, QModelIndex, QObject, Qt, QUrl, Signal
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from napari_celltrack.batch import Inputs, Item
from napari_celltrack.batch.file_lines import (
    FileLine,
    done_line,
    earlier_line,
    going_line,
    lines_of,
    waiting_line,
)
from napari_celltrack.batch.progress import News
from napari_celltrack.gui.docks.rows_model import Column, Look, RowsModel, make_table
from napari_celltrack.gui.forms.rows import column
from napari_celltrack.gui.theme import ChartColours, chart_colours
from napari_celltrack.results.run_folder import REPORT

_COLUMNS = (
    Column("File", attrgetter("file")),
    Column(
        "Cells",
        attrgetter("cells"),
        "Cells in the image; of a movie, cells in a frame on average.",
    ),
    Column("State", attrgetter("state")),
)
_FILE, _CELLS, _STATE = range(3)
#: The least that columns take, in px: a name cut in its middle; "1,234"; "measuring · 21 frames/s".
_LEAST_PX = (76, 38, 158)
_LEAST_CONDITION_PX, _MOST_CONDITION_PX = 30, 90
_PADDING_PX = 10
#: Names that are measured at most; of thousands the others are about as long.
_N_MEASURED = 200
_HEIGHT_PX = 120
_MAX_HEIGHT_PX = 2000
#: Reasons that take more than a line, in letters.
_LONG = 22
#: Of a reason so many lines are shown; the whole is said when the line is chosen.
_MOST_LINES = 3
#: Steps of the bar.
_WHOLE = 1000


class FileTable(QWidget):
    """Lists the files of a batch.

    Parameters
    ----------
    prefix : str
        Beginning of the object names.
    """

    #: A line was double-clicked, or Enter pressed on it; a :class:`FileLine` with an item.
    opened = Signal(object)
    #: A line was chosen, by a click or the arrow keys.
    chosen = Signal(object)

    def __init__(self, prefix: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"{prefix}_files")
        self._model = RowsModel(_COLUMNS, partial(_look, chart_colours("dark")))
        #: In which line each item is, by its name.
        self._rows: dict[str, int] = {}
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
        # Names may differ at their end only. The view does not own its delegates.
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
        # The table gets the keys; its viewport is resized when a scroll bar comes or goes.
        self._table.installEventFilter(self)
        self._table.viewport().installEventFilter(self)
        column(self).addWidget(self._table)
        self._set_widths()

    def lines(self) -> list[FileLine]:
        """Return what is listed."""
        return list(self._model.rows)

    def set_inputs(self, inputs: Inputs | None) -> None:
        """List the files of a batch, and those that were passed over; none with None."""
        lines = lines_of(inputs)
        items = inputs.items if inputs else ()
        names = dict.fromkeys(name for item in items for name, _ in item.conditions)
        conditions = [
            Column(name, partial(_condition, name), f"{name}, from the names of the files")
            for name in names
        ]
        self._model.set_rows(lines, (*_COLUMNS, *conditions))
        self._rows = {line.item.name: row for row, line in enumerate(lines) if line.item}
        self._followed, self._first_problem = 0, -1
        # Lines that are higher for a long reason.
        for row in self._grown & set(range(len(lines))):
            self._table.setRowHeight(row, self._table.verticalHeader().defaultSectionSize())
        self._grown.clear()
        self._set_widths()

    def set_waiting(self) -> None:
        """Say of all files that they are still to be done."""
        self._first_problem = -1
        for row, line in enumerate(self._model.rows):
            if line.item is not None:
                self._model.put(row, waiting_line(line.item))
                self._fit(row)

    def set_earlier(self, results: Mapping[str, Mapping[str, Any]], same: frozenset[str]) -> None:
        """Say which files have a result already, by the name of their item."""
        for row, line in enumerate(self._model.rows):
            if line.item is None:
                continue
            numbers = results.get(line.item.name)
            if numbers is not None:
                self._model.put(row, earlier_line(line.item, numbers, line.item.name in same))
            elif line.has_result:
                self._model.put(row, waiting_line(line.item))

    def tell(self, news: News) -> None:
        """Show what a run did."""
        going = -1
        for each in news.frames:
            going = max(going, self._put(each.done.item, going_line(each)))
        for done in news.files:
            if (row := self._put(done.item, done_line(done))) >= 0:
                self._fit(row)
        if going >= 0:
            self._follow(going)

    def rest(self) -> None:
        """Say of files that were begun and not finished that they wait."""
        for row, line in enumerate(self._model.rows):
            if line.tone == "going" and line.item is not None:
                self._model.put(row, waiting_line(line.item))

    def show_problems(self) -> None:
        """Scroll to the first file that failed, if one did, and keep it in view."""
        tones = [line.tone for line in self._model.rows]
        self._first_problem = tones.index("problem") if "problem" in tones else -1
        if self._first_problem >= 0:
            self._table.scrollTo(self._model.index(self._first_problem, 0))

    def restyle(self, theme_id: str) -> None:
        """Take the colours of a theme of napari."""
        self._model.set_look(partial(_look, chart_colours(theme_id)))

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
        # Conditions are the columns after the first three; the file name gets what is left.
        for place, (_, most) in (*enumerate(wanted[1:], start=len(_COLUMNS)), (_FILE, wanted[0])):
            more = max(0, min(room, most - widths[place]))
            widths[place] += more
            room -= more
        widths[_STATE] += max(0, room)
        for place, width in enumerate(widths):
            self._table.setColumnWidth(place, width)

    def _wanted_px(self) -> list[tuple[int, int]]:
        """Return the least and the most that names of files take, and that each condition takes."""
        measure = self._table.fontMetrics().horizontalAdvance
        lines = self._model.rows[:_N_MEASURED]
        names = max((measure(line.file) for line in lines), default=0) + _PADDING_PX
        wanted = [(_LEAST_PX[_FILE], names)]
        for condition in self._model.columns[len(_COLUMNS) :]:
            texts = {condition.text(line) for line in lines}
            values = max(map(measure, texts), default=0) + _PADDING_PX
            least = min(max(values, _LEAST_CONDITION_PX), _MOST_CONDITION_PX)
            wanted.append((least, max(least, measure(condition.title) + _PADDING_PX)))
        return wanted

    def _choose(self, index: QModelIndex, before: QModelIndex | None = None) -> None:
        if (line := self._model.at(index.row())) is not None:
            self.chosen.emit(line)

    def _open(self, index: QModelIndex) -> None:
        line = self._model.at(index.row())
        if line is not None and line.item is not None:
            self.opened.emit(line)

    def _put(self, item: Item, line: FileLine) -> int:
        """Show the line of an item; return which it is, or -1 where it is not listed."""
        row = self._rows.get(item.name, -1)
        if row >= 0:
            self._model.put(row, line)
        return row

    def _fit(self, row: int) -> None:
        """Give a line the height that its reason takes; to measure all would take long."""
        if len(self._model.rows[row].state) > _LONG:
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


class ProgressRows(QWidget):
    """How far a run is, *Stop*, and what can be opened when it is over.

    Parameters
    ----------
    prefix : str
        Beginning of the object names.
    """

    stopAsked = Signal()

    def __init__(self, prefix: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._results: Path | None = None
        self._bar = QProgressBar()
        self._bar.setObjectName(f"{prefix}_progress")
        self._bar.setRange(0, _WHOLE)
        self._stop = _button(
            f"{prefix}_stop", "Stop", "Stop after the frame in work. What is finished is kept."
        )
        self._stop.clicked.connect(lambda _checked: self.stopAsked.emit())
        self._report = _button(
            f"{prefix}_open_report",
            "Open report",
            "Show the summary of all files, with a picture of each, in the browser.",
        )
        self._folder = _button(
            f"{prefix}_open_folder", "Open folder", "Show the folder of the results."
        )
        self._report.clicked.connect(lambda _checked: self._browse(REPORT))
        self._folder.clicked.connect(lambda _checked: self._browse(""))
        rows = column(self)
        going, self._after = QHBoxLayout(), QWidget()
        going.addWidget(self._bar, 1)
        going.addWidget(self._stop)
        after = QHBoxLayout(self._after)
        after.setContentsMargins(0, 0, 0, 0)
        after.addWidget(self._report, 1)
        after.addWidget(self._folder, 1)
        rows.addLayout(going)
        rows.addWidget(self._after)

    def set_progress(self, part: float, words: str) -> None:
        """Show how much is done, 0 to 1, and the same in words."""
        self._bar.setValue(round(_WHOLE * part))
        self._bar.setFormat(words)

    def set_running(self, is_running: bool, is_stopping: bool, results: Path | None) -> None:
        """Offer to stop a run that goes on, or to look at the results of one that is over."""
        self._results = results
        self._stop.setEnabled(is_running and not is_stopping)
        self._after.setVisible(not is_running and results is not None and results.is_dir())
        self._report.setEnabled(results is not None and (results / REPORT).is_file())

    def _browse(self, name: str) -> None:
        if self._results is not None:
            path = self._results / name if name else self._results
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))


def _condition(name: str, line: FileLine) -> str:
    return dict(line.item.conditions).get(name, "") if line.item else ""


def _look(colours: ChartColours, line: FileLine, column: int) -> Look:
    inks = {"problem": colours.problem, "doubt": colours.doubt}
    inks |= {"waiting": colours.hint, "ignored": colours.hint}
    source = line.item.path if line.item else ""
    told = "\n".join(part for part in (source, line.more) if part)
    return Look(ink=inks.get(line.tone, ""), tooltip=told)


def _button(name: str, text: str, tooltip: str) -> QPushButton:
    button = QPushButton(text)
    button.setObjectName(name)
    button.setToolTip(tooltip)
    return button


class _ElidedInTheMiddle(QStyledItemDelegate):
    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        super().initStyleOption(option, index)
        option.textElideMode = Qt.TextElideMode.ElideMiddle
