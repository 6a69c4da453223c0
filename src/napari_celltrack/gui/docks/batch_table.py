"""The files of a batch, a line each: its cells, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

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
from napari_celltrack.gui.docks.batch_job import FileNews, News
from napari_celltrack.gui.docks.table_view import make_table
from napari_celltrack.gui.theme import chart_colours

#: What a line says: not begun, going on, done, done but look, failed, not a file of the batch.
Tone = Literal["waiting", "going", "done", "doubt", "problem", "ignored"]

_HEADERS = ("File", "Cells", "State")
_FILE, _CELLS, _STATE = range(3)
_WIDTHS_PX = (104, 42, 160)
_CONDITION_PX = 64
_HEIGHT_PX = 120
_MAX_HEIGHT_PX = 2000
#: Files that were passed over are listed up to here; nobody reads on.
_MAX_IGNORED = 200
#: Reasons that take more than a line, in letters.
_LONG = 22
#: Of a reason so many lines are shown; the whole is said when the line is chosen.
_MOST_LINES = 3


@dataclass(frozen=True)
class Line:
    """What the table says of one file.

    Parameters
    ----------
    item : Item or None
        None for a file that was passed over.
    file, cells, state, more : str
        The columns, and what the tooltip says beyond them.
    tone : str
        Which decides the colour.
    part : float
        How much of it is done, 0 to 1.
    is_kept : bool
        Whether an earlier result was kept.
    """

    item: Item | None
    file: str
    cells: str = ""
    state: str = ""
    more: str = ""
    tone: Tone = "waiting"
    part: float = 0.0
    is_kept: bool = False

    @property
    def has_result(self) -> bool:
        """Whether there is something to open."""
        return self.tone in ("done", "doubt")


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
        size = self._table.sizePolicy()
        self._table.setSizePolicy(size.horizontalPolicy(), QSizePolicy.Policy.Expanding)
        self._table.doubleClicked.connect(self._open)
        self._table.clicked.connect(self._choose)
        self._table.selectionModel().currentRowChanged.connect(self._choose)
        self._table.installEventFilter(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._table)
        self._set_widths()

    def lines(self) -> list[Line]:
        """Return what is listed."""
        return list(self._model.lines)

    def set_inputs(self, inputs: Inputs | None) -> None:
        """List the files of a batch, and those that were passed over; none with None."""
        columns: list[str] = []
        lines: list[Line] = []
        for item in inputs.items if inputs else ():
            columns += [name for name, _ in item.conditions if name not in columns]
            lines.append(Line(item, item.file, state="waiting"))
        ignored = inputs.ignored if inputs else ()
        reasons = inputs.reasons if inputs and inputs.reasons else ("",) * len(ignored)
        for path, why in list(zip(ignored, reasons, strict=True))[:_MAX_IGNORED]:
            more = f"{path}\n{why}".strip()
            lines.append(Line(None, Path(path).name, state="ignored", more=more, tone="ignored"))
        if len(ignored) > _MAX_IGNORED:
            rest = f"and {len(ignored) - _MAX_IGNORED:,} more"
            lines.append(Line(None, rest, state="ignored", tone="ignored"))
        self._model.set_lines(lines, columns)
        self._followed = 0
        # Lines that had grown for a long reason.
        for row in self._grown & set(range(len(lines))):
            self._table.setRowHeight(row, self._table.verticalHeader().defaultSectionSize())
        self._grown.clear()
        self._set_widths()

    def set_waiting(self) -> None:
        """Say of all files that they are still to be done."""
        for row, line in enumerate(self._model.lines):
            if line.item is not None:
                self._model.put(row, Line(line.item, line.file, state="waiting"))
                self._fit(row)

    def set_earlier(self, results: Mapping[str, dict[str, Any]], same: frozenset[str]) -> None:
        """Say which files have a result already, by the name of their item."""
        for row, line in enumerate(self._model.lines):
            if line.item is None:
                continue
            numbers = results.get(line.item.name)
            if numbers is None:
                if line.has_result:
                    self._model.put(row, Line(line.item, line.file, state="waiting"))
                continue
            is_same = line.item.name in same
            told = _of_numbers(line, numbers)
            if not is_same:
                told = replace(
                    told,
                    state="other settings",
                    more="An earlier run did this file with other settings; it is done again.",
                )
            self._model.put(row, told)

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
            if line.tone == "going":
                self._model.put(row, Line(line.item, line.file, state="waiting"))

    def show_problems(self) -> None:
        """Scroll to the first file that failed, if one did."""
        for row, line in enumerate(self._model.lines):
            if line.tone == "problem":
                self._table.scrollTo(self._model.index(row, 0))
                return

    def restyle(self, theme_id: str) -> None:
        """Take the colours of a theme of napari."""
        colours = chart_colours(theme_id)
        inks = {"problem": colours.problem, "doubt": colours.doubt}
        inks |= {"waiting": colours.hint, "ignored": colours.hint}
        self._model.set_inks({tone: QColor(ink) for tone, ink in inks.items()})

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Open the chosen line at Enter, while the table has the focus."""
        if event.type() == QEvent.Type.KeyPress and event.key() in (
            Qt.Key.Key_Return,
            Qt.Key.Key_Enter,
        ):
            self._open(self._table.currentIndex())
            return True
        return super().eventFilter(watched, event)

    def _set_widths(self) -> None:
        header = self._table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        n_conditions = self._model.columnCount() - len(_HEADERS)
        for column, width in enumerate((*_WIDTHS_PX, *(_CONDITION_PX,) * n_conditions)):
            self._table.setColumnWidth(column, width)
        header.setStretchLastSection(n_conditions == 0)

    def _choose(self, index: QModelIndex, before: QModelIndex | None = None) -> None:
        if 0 <= index.row() < len(self._model.lines):
            self.chosen.emit(self._model.lines[index.row()])

    def _open(self, index: QModelIndex) -> None:
        lines = self._model.lines
        if 0 <= index.row() < len(lines) and lines[index.row()].item is not None:
            self.opened.emit(lines[index.row()])

    def _show_frame(self, news: FileNews) -> int:
        done = news.done
        row = self._model.row_of(done.item)
        rate = f" · {news.frames_per_s:.2g} frames/s" if news.frames_per_s else ""
        if news.frames_per_s >= 10:
            rate = f" · {news.frames_per_s:.0f} frames/s"
        line = Line(
            done.item,
            done.item.file,
            state=f"{done.step or 'measuring'}{rate}",
            more=f"Frame {done.n_done:,} of {done.n_frames:,}.",
            tone="going",
            part=done.n_done / max(done.n_frames, 1),
        )
        if row >= 0:
            self._model.put(row, line)
        return row

    def _show_file(self, done: FileDone) -> None:
        row = self._model.row_of(done.item)
        if row >= 0:
            self._model.put(row, _of_done(done))
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


def _of_numbers(line: Line, numbers: Mapping[str, Any]) -> Line:
    """Return the line of a result, from its numbers."""
    n_total, n_frames = numbers.get("n_cells_total"), numbers.get("n_frames")
    mean, n_tracks = numbers.get("n_cells_mean"), numbers.get("n_tracks")
    n_cells = numbers.get("n_cells")
    cells = f"{n_cells if n_cells is not None else round(mean or 0):,}"
    more = f"{n_cells:,} cells." if n_cells is not None else ""
    if n_cells is None and mean is not None:
        more = f"{mean:.1f} cells a frame in {n_frames:,} frames, {n_tracks:,} tracks."
    if n_total == 0:
        more = f"No cells were found in it. {more}"
        return replace(line, cells="0", state="done · no cells?", more=more, tone="doubt", part=1)
    return replace(line, cells=cells, state="done", more=more, tone="done", part=1)


def _of_done(done: FileDone) -> Line:
    line = Line(done.item, done.item.file, part=1, is_kept=done.is_kept)
    if done.status == "failed":
        # The file is named in the line.
        reason = done.error.removeprefix(done.item.file).lstrip(" :")
        return replace(line, cells="–", state=reason, more=done.error, tone="problem")
    if done.status != "done":
        return replace(line, state="waiting", part=0)
    line = _of_numbers(line, done.row())
    if done.is_kept:
        line = replace(line, more=f"Kept from an earlier run. {line.more}")
    if done.warnings and line.tone == "done":
        noun = "warning" if len(done.warnings) == 1 else "warnings"
        line = replace(line, state=f"done · {len(done.warnings)} {noun}", tone="doubt")
    if done.warnings:
        line = replace(line, more=" ".join((*done.warnings, line.more)))
    return line


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
            return (*_HEADERS, *self._columns)[section]
        if role == Qt.ItemDataRole.ToolTipRole and section == _CELLS:
            return "Cells in the image; of a movie, cells in a frame on average."
        return None

    def data(self, index: QModelIndex, role: int = 0) -> Any:
        if not 0 <= index.row() < len(self.lines):
            return None
        line, column = self.lines[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(line, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            source = line.item.path if line.item else ""
            return "\n".join(part for part in (source, line.more) if part)
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._inks.get(line.tone)
        return None

    def _text(self, line: Line, column: int) -> str:
        if column < len(_HEADERS):
            return (line.file, line.cells, line.state)[column]
        name = self._columns[column - len(_HEADERS)]
        return dict(line.item.conditions).get(name, "") if line.item else ""


class _ElidedInTheMiddle(QStyledItemDelegate):
    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        super().initStyleOption(option, index)
        option.textElideMode = Qt.TextElideMode.ElideMiddle
