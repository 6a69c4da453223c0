"""The tables: that of cells in napari's own features table, and all of them saved to files."""

from __future__ import annotations

import weakref
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from napari.layers import Points
from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QFileDialog, QMenu, QMessageBox, QWidget

from napari_celltrack.export import TablesCsv, TablesParquet, save_tables
from napari_celltrack.export.tables_csv import named_tables
from napari_celltrack.gui.forms.rows import quiet_button
from napari_celltrack.gui.lane import Lane, one_result
from napari_celltrack.gui.layers import track_layers
from napari_celltrack.gui.session import Followed, Session
from napari_celltrack.gui.when_destroyed import when_destroyed
from napari_celltrack.tables import FRAME, TRACK_ID, X_PX, Y_PX, Tables

#: napari's own widget, as its plugins menu knows it.
_WIDGET = ("napari", "Features table widget")
#: What the menu offers: its words, the format, the ending of its files.
_FORMATS: tuple[tuple[str, TablesCsv | TablesParquet, str], ...] = (
    ("Save as CSV…", TablesCsv(), "csv"),
    ("Save as Parquet…", TablesParquet(), "parquet"),
)


class CellTable(QObject):
    """Opens napari's features table over the cells, a row a cell and frame.

    Rows that are selected select their tracks, and the tracks that stand out select their rows.

    Parameters
    ----------
    session : Session
    viewer : ViewerModel
        Held weakly.
    parent : QWidget
        Lives as long as this.
    """

    #: Why there is no table, in a sentence; and that it is a problem.
    told = Signal(str, bool)

    def __init__(self, session: Session, viewer: Any, parent: QWidget) -> None:
        super().__init__(parent)
        self._session = session
        self._viewer = weakref.ref(viewer)
        self._layer: weakref.ref[Points] | None = None
        self._tables: Tables | None = None
        self._is_selecting = False
        self._is_open = False
        weak = weakref.WeakMethod(self._watch)

        def stop() -> None:
            if (watch := weak()) is not None:
                watch(None)

        when_destroyed(parent, stop)

    def open(self) -> None:
        """Open the table, or bring it up."""
        viewer, followed = self._viewer(), self._session.followed
        layer = None if viewer is None else track_layers.detections_layer(viewer)
        if viewer is None or layer is None or followed is None:
            self.told.emit("There are no followed cells to list; find and track them first.", True)
            return
        self._is_open = True
        self.show_tables(followed.tables)
        viewer.layers.selection.active = layer
        try:
            viewer.window.add_plugin_dock_widget(*_WIDGET)
        except (KeyError, ValueError):
            # Older versions of napari do not have it.
            self.told.emit(
                "This version of napari has no features table; update napari, or save the tables.",
                True,
            )

    def show_tables(self, tables: Tables) -> None:
        """Give the table the cells as they are now, if it was opened."""
        viewer = self._viewer()
        if viewer is None or not self._is_open:
            return
        self._tables = tables
        layer = track_layers.describe_detections(viewer, tables.objects)
        if layer is not (self._layer() if self._layer else None):
            self._watch(layer)
        self.select(self._session.selected)

    def select(self, track_ids: tuple[int, ...]) -> None:
        """Select the rows of some tracks."""
        layer = self._layer() if self._layer else None
        if layer is None or self._is_selecting:
            return
        is_wanted = self._rows(layer)[TRACK_ID].isin(track_ids)
        self._is_selecting = True
        layer.selected_data = set(np.flatnonzero(is_wanted).tolist())
        self._is_selecting = False

    def _watch(self, layer: Points | None) -> None:
        before = self._layer() if self._layer else None
        if before is not None:
            before.selected_data.events.items_changed.disconnect(self._on_selected)
        self._layer = None if layer is None else weakref.ref(layer)
        if layer is not None:
            layer.selected_data.events.items_changed.connect(self._on_selected)

    def _on_selected(self, *_: Any) -> None:
        layer = self._layer() if self._layer else None
        if layer is None or self._is_selecting or not layer.selected_data:
            return
        rows = self._rows(layer)
        chosen = rows.iloc[sorted(at for at in layer.selected_data if at < len(rows))]
        self._is_selecting = True
        self._session.select(int(track) for track in chosen[TRACK_ID].unique())
        if len(chosen) == 1:
            cell = chosen.iloc[0]
            self._session.go_to(int(cell[FRAME]), float(cell[Y_PX]), float(cell[X_PX]))
        self._is_selecting = False

    @staticmethod
    def _rows(layer: Points) -> pd.DataFrame:
        return pd.DataFrame(layer.features)


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
    #: The exception for which nothing was saved.
    failed = Signal(object)
    #: The table of cells is to be shown.
    showAsked = Signal()

    def __init__(self, session: Session, prefix: str) -> None:
        super().__init__()
        self._session = session
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
        self._lane = Lane("celltrack save", self.button)

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
        job = one_result(save_tables, export, folder, followed.movie, followed.tables)
        self._lane.submit(job, partial(self._tell, folder, followed), self.failed.emit)

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


def _ends(frames: range) -> str:
    return f"{frames[0]}–{frames[-1]}"
