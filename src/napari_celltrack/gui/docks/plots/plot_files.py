"""The menu of a plot: save it, copy it, show it larger."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import QObject, Signal
from qtpy.QtGui import QGuiApplication, QImage
from qtpy.QtWidgets import QFileDialog, QMenu, QToolButton, QWidget

from napari_celltrack.export import TABLE_ENDINGS
from napari_celltrack.gui.forms.rows import quiet_button
from napari_celltrack.gui.lane import Lane, one_result
from napari_celltrack.plots import StyleName
from napari_celltrack.results.plot_job import PlotJob


class _Files(NamedTuple):
    """What a plot can be saved as: title and choices of the dialog, endings in the same order."""

    title: str
    filter: str
    endings: tuple[str, ...]


_PICTURES = _Files(
    "Save plot",
    "PNG picture (*.png);;SVG drawing (*.svg);;PDF page (*.pdf)",
    (".png", ".svg", ".pdf"),
)
_TABLES = _Files("Save numbers", "CSV table (*.csv);;Parquet table (*.parquet)", TABLE_ENDINGS)


class PlotFiles(QObject):
    """Writes what a plot shows to files and to the clipboard, in the background.

    Parameters
    ----------
    prefix : str
        Beginning of the object names.
    wanted : callable
        From a style, or None for that of the dock, to what is to be drawn; None for nothing.
    parent : QWidget
        The panel of the plot; lives as long as this.
    """

    #: A sentence for the foot of the dock, and whether something is wrong.
    said = Signal(str, bool)
    #: The exception for which nothing was written.
    failed = Signal(object)
    #: The plot is to be shown in a window of its own.
    largerAsked = Signal()

    def __init__(
        self,
        prefix: str,
        wanted: Callable[[StyleName | None], PlotJob | None],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._wanted = wanted
        self._lane = Lane("celltrack plot file", parent)
        #: Opens the menu.
        self.button: QToolButton = quiet_button(
            "Save ▾", f"{prefix}_save", "Save or copy this plot or its numbers, or show it larger."
        )
        menu = QMenu(self.button)
        menu.setObjectName(f"{prefix}_save_menu")
        for text, slot in (
            ("Save plot…", partial(self._ask_and_save, _PICTURES)),
            ("Save its numbers…", partial(self._ask_and_save, _TABLES)),
            ("Copy picture", self.copy),
            ("Show larger", self.largerAsked.emit),
        ):
            menu.addAction(text).triggered.connect(partial(_call, slot))
        menu.addSeparator()
        self._on_white = menu.addAction("White paper for files and copies")
        self._on_white.setCheckable(True)
        self._on_white.setChecked(True)
        self.button.setMenu(menu)

    def save(self, path: str) -> None:
        """Write the plot as PNG, SVG or PDF, its numbers as CSV or Parquet; `said` tells how."""
        if (job := self._job()) is not None:
            done: Callable[[Path], None] = partial(self._say_of, "Saved as {}.")
            is_table = Path(path).suffix.lower() in TABLE_ENDINGS
            work = job.save_numbers if is_table else job.save
            self._lane.submit(one_result(work, path), done, self.failed.emit)

    def copy(self) -> None:
        """Put the plot on the clipboard as a picture."""
        if (job := self._job()) is not None:
            self._lane.submit(one_result(job.picture), self._take_picture, self.failed.emit)

    def _job(self) -> PlotJob | None:
        job = self._wanted("print" if self._on_white.isChecked() else None)
        if job is None:
            self.said.emit("There is no plot to save yet.", True)
        return job

    def _ask_and_save(self, files: _Files) -> None:
        job = self._job()
        if job is None:
            return
        path, chosen = QFileDialog.getSaveFileName(
            self.button, files.title, f"{job.kind}{files.endings[0]}", files.filter
        )
        if not path:
            return
        if not Path(path).suffix:
            path += next((end for end in files.endings if end in chosen), files.endings[0])
        self.save(path)

    def _take_picture(self, pixels: npt.NDArray[np.uint8]) -> None:
        height, width = pixels.shape[:2]
        form = QImage.Format.Format_RGBA8888
        image = QImage(pixels.tobytes(), width, height, 4 * width, form).copy()
        QGuiApplication.clipboard().setImage(image)
        self.said.emit("The plot is on the clipboard.", False)

    def _say_of(self, sentence: str, path: Path) -> None:
        self.said.emit(sentence.format(path), False)


def _call(slot: Callable[[], None], _checked: bool = False) -> None:
    slot()
