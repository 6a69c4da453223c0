"""The dock *Batch* as a user works with it, and what is to be seen of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tifffile
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QLineEdit, QPushButton, QTableView

from napari_celltrack.gui.docks.batch.batch import Batch
from napari_celltrack.gui.lane import Lane


def write(path: Path, pixels: np.ndarray) -> None:
    tifffile.imwrite(path, pixels, imagej=True, metadata={"axes": "TYX"})


def make_folder(path: Path, scene: np.ndarray) -> Path:
    """Make a folder of four movies, the last of them broken, and a text."""
    path.mkdir()
    for name, shift in (("ctrl_1", 0), ("ctrl_2", 1), ("drug_1", 2)):
        write(path / f"{name}.tif", np.roll(scene, shift, axis=2))
    (path / "drug_2.tif").write_text("not an image")
    (path / "notes.txt").write_text("hello")
    return path


class Desk:
    """The dock, and what a user does with it."""

    def __init__(self, viewer, qtbot) -> None:
        self.viewer = viewer
        self.dock = open_dock(viewer)
        self.qtbot = qtbot

    def use(self, folder: Path | str, pattern: str = "", results: Path | str = "") -> None:
        """Enter a folder, and wait for what is found in it."""
        part(self.dock, QLineEdit, "batch_folder").setText(str(folder))
        part(self.dock, QLineEdit, "batch_pattern").setText(pattern)
        if results:
            line = part(self.dock, QLineEdit, "batch_results")
            line.clear()
            self.qtbot.keyClicks(line, str(results))
        self.wait()

    def run(self) -> None:
        """Press Start, and wait for the end."""
        part(self.dock, QPushButton, "batch_start").click()
        self.wait()

    def press(self, row: int) -> None:
        """Choose a line of the table, and press Enter on it."""
        table = part(self.dock, QTableView, "batch_table")
        table.selectRow(row)
        self.qtbot.keyClick(table, Qt.Key.Key_Return)

    def wait_for_foot(self, words: str) -> None:
        """Wait until the line at the foot says something."""
        self.qtbot.waitUntil(lambda: words in foot(self.dock), timeout=60_000)

    def wait(self) -> None:
        """Wait until nothing goes on any more."""
        for _ in range(2):  # what a lane gave out last is still on its way when it is idle
            self.qtbot.waitUntil(lambda: is_quiet(self.dock), timeout=60_000)
            self.qtbot.wait(20)


def open_dock(viewer) -> Batch:
    dock = Batch(viewer)
    viewer.window.add_dock_widget(dock, name="Batch")
    return dock


def part(dock: Batch, kind: type, name: str):
    found = dock.findChild(kind, name)
    assert found is not None, f"{name} is not in the dock"
    return found


def lanes_of(dock: Batch) -> list[Lane]:
    sheet = [dock._sheet.lane] if dock._sheet else []
    lanes = (*dock._lanes.values(), *dock._ahead.lanes.values())
    return [*lanes, dock._opening.lane, *sheet]


def is_quiet(dock: Batch) -> bool:
    timers = (dock._plan_rest, dock._inputs._rest)
    is_busy = any(lane.busy for lane in lanes_of(dock))
    return not (dock._job.running or is_busy or any(timer.isActive() for timer in timers))


def listed(dock: Batch) -> list[tuple[str, ...]]:
    model = part(dock, QTableView, "batch_table").model()
    shown = Qt.ItemDataRole.DisplayRole
    return [
        tuple(model.data(model.index(row, column), shown) for column in range(model.columnCount()))
        for row in range(model.rowCount())
    ]


def tables_in(out: Path) -> dict[str, bytes]:
    """Return all files that must be equal between equal runs: all but times."""
    timed = ("run.json", "summary.csv", "run.log", "report.html")
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file() and path.name not in timed
    }


def caption(dock: Batch) -> str:
    """Return the caption, with spaces where it does not break."""
    return part(dock, QLabel, "batch_caption").text().replace("\N{NO-BREAK SPACE}", " ")


def foot(dock: Batch) -> str:
    return part(dock, QLabel, "batch_foot").text()
