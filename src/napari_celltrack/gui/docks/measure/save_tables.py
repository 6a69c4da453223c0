"""Showing and saving the tables: a menu of formats, and the writing in the background."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from napari.utils.notifications import ErrorNotification, notification_manager
from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QFileDialog, QMenu, QMessageBox

from napari_celltrack.errors import CelltrackError
from napari_celltrack.export import TablesCsv, TablesParquet, save_tables
from napari_celltrack.export.tables_csv import named_tables
from napari_celltrack.gui.forms.rows import quiet_button
from napari_celltrack.gui.lane import Lane
from napari_celltrack.gui.session import Followed, Session
from napari_celltrack.gui.when_destroyed import when_destroyed

#: What the menu offers: its words, the format, the ending of its files.
_FORMATS: tuple[tuple[str, TablesCsv | TablesParquet, str], ...] = (
    ("Save as CSV…", TablesCsv(), "csv"),
    ("Save as Parquet…", TablesParquet(), "parquet"),
)


class SaveTables(QObject):
    """A menu that shows the cells as a table, or writes all tables into a folder.

    Parameters
    ----------
    session : Session
    prefix : str
        Beginning of the object names.
    """

    #: What was saved, or why not, in a sentence; and whether that is a problem.
    told = Signal(str, bool)
    #: The table of cells is to be shown.
    showAsked = Signal()

    def __init__(self, session: Session, prefix: str) -> None:
        super().__init__()
        self._session = session
        self._lane = Lane("celltrack save")
        self.button = quiet_button(
            "Tables ▾",
            f"{prefix}_tables",
            "Look at the numbers of every cell, or save the tables of cells and tracks.",
        )
        menu = QMenu(self.button)
        menu.setObjectName(f"{prefix}_tables_menu")
        show = menu.addAction("Show table of cells")
        show.setObjectName(f"{prefix}_show_table")
        show.triggered.connect(self._ask_to_show)
        menu.addSeparator()
        for words, export, ending in _FORMATS:
            action = menu.addAction(words)
            action.setObjectName(f"{prefix}_save_{ending}")
            action.triggered.connect(partial(self._ask, export, ending))
        self.button.setMenu(menu)
        # Qt's half of the button goes before Python's; then nothing may be told any more.
        lane = self._lane
        when_destroyed(self.button, lane.cancel)

    @property
    def busy(self) -> bool:
        """Whether tables are being written."""
        return self._lane.busy

    def save(self, export: TablesCsv | TablesParquet, folder: Path) -> None:
        """Write the tables into a folder, in the background."""
        followed = self._session.followed
        if followed is None or not self._session.is_followed_now:
            self.told.emit("The tables are not there yet; wait until the tracks are.", True)
            return
        self._lane.submit(
            partial(_save, export, folder, followed),
            partial(self._tell, folder, followed),
            self._fail,
        )

    def _ask_to_show(self, checked: bool = False) -> None:
        self.showAsked.emit()

    def _ask(self, export: TablesCsv | TablesParquet, ending: str, checked: bool = False) -> None:
        followed = self._session.followed
        if followed is None:
            self.told.emit("There are no tables yet; open a movie and find its cells first.", True)
            return
        chosen = QFileDialog.getExistingDirectory(self.button, "Folder of the tables")
        if not chosen:
            return
        folder = Path(chosen)
        names = [f"{name}.{ending}" for name in named_tables(followed.tables, "")]
        there = [name for name in names if (folder / name).exists()]
        if there and not self._may_replace(there, folder):
            return
        self.save(export, folder)

    def _may_replace(self, names: list[str], folder: Path) -> bool:
        answer = QMessageBox.question(
            self.button, "Replace tables?", f"Replace {', '.join(names)} in {folder}?"
        )
        return answer == QMessageBox.StandardButton.Yes

    def _tell(self, folder: Path, followed: Followed, written: list[Path]) -> None:
        part = "" if followed.is_whole else f" of frames {_ends(followed.frames)} only"
        names = ", ".join(path.name for path in written)
        self.told.emit(f"Saved {names}{part} in {folder}.", False)

    def _fail(self, error: Exception) -> None:
        if isinstance(error, CelltrackError):
            self.told.emit(str(error), True)
            return
        notification_manager.dispatch(ErrorNotification(error))
        self.told.emit("The tables could not be saved; please report the text of napari.", True)


def _ends(frames: range) -> str:
    return f"{frames[0]}–{frames[-1]}"


def _save(
    export: TablesCsv | TablesParquet, folder: Path, followed: Followed
) -> Iterator[list[Path]]:
    """Write the tables; runs on a lane."""
    yield save_tables(export, folder, followed.movie, followed.tables)
