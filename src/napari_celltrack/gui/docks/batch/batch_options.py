"""What is seldom changed of a batch: files to write, workers, files with settings of their own."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from qtpy.QtCore import QUrl, Signal
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_celltrack.batch.run_options import RunOptions
from napari_celltrack.export import is_installed
from napari_celltrack.field_facts import fields_of, help_of, title_of
from napari_celltrack.gui.forms.check_boxes import CheckBoxes, Choice
from napari_celltrack.gui.forms.fold import Fold
from napari_celltrack.gui.forms.rows import add_grid, column, quiet_button
from napari_celltrack.gui.forms.wheel import no_accident
from napari_celltrack.gui.theme import set_role
from napari_celltrack.recipe import Recipe
from napari_celltrack.settings import Settings

#: Exports side by side in a row.
_EXPORTS_A_ROW = 2
(_EXPORT,) = (each for each in fields_of(Recipe) if each.name == "export")
_ONE_A_CORE = "one per core"


class BatchOptions(QWidget):
    """Edits the options of a batch behind a fold.

    Parameters
    ----------
    prefix : str
        Beginning of the object names.
    """

    optionsChanged = Signal(object)
    #: Which files a run writes, as a tuple of exports.
    exportChanged = Signal(object)
    #: Another file of overrides was chosen, or none with an empty path.
    overridesChosen = Signal(str)

    def __init__(self, prefix: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"{prefix}_options")
        self._prefix = prefix
        self._export: tuple[Settings, ...] = ()
        self._overrides: Path | None = None
        self._begin_at = ""
        inside = QWidget()
        self._rows = add_grid(column(inside))
        more = quiet_button(
            "More", f"{prefix}_more", "Show or hide settings that are seldom needed."
        )
        column(self).addWidget(Fold(more, inside))
        self._exports = self._export_boxes(prefix)
        self._workers = QSpinBox()
        self._workers.setRange(0, 256)
        self._workers.setSpecialValueText(_ONE_A_CORE)
        self._add(
            "Workers", self._workers, f"{prefix}_workers", "Frames worked on at the same time."
        )
        self._pool = QComboBox()
        self._pool.addItem("threads of this program", "threads")
        self._pool.addItem("processes of their own", "processes")
        self._add(
            "Run as",
            self._pool,
            f"{prefix}_pool",
            "Threads are quick to start and share memory; processes can be quicker with many "
            "cores and small images. The results are the same.",
        )
        self._scheduler = QLineEdit()
        self._scheduler.setPlaceholderText("this computer")
        self._add(
            "Scheduler",
            self._scheduler,
            f"{prefix}_scheduler",
            "Address of a Dask scheduler such as tcp://10.0.0.5:8786, whose workers see the same "
            "folders. Empty for this computer.",
        )
        self._rescale = self._box(
            f"{prefix}_rescale",
            "Scale lengths by pixel size",
            "Where a file has another pixel size than the movie that the recipe was tuned on, "
            "lengths in pixels are changed to the same µm.",
        )
        self._strict = self._box(
            f"{prefix}_strict",
            "Fail files with warnings",
            "There is a warning where something was assumed or left out when a file was read, such "
            "as what its dimensions are, and where it differs from the movie that the recipe was "
            "tuned on. Tick this to have such a file fail.",
        )
        self._plots = self._box(
            f"{prefix}_plots", "Draw plots of each file", "Paths, counts and curves as pictures."
        )
        self._add_overrides(prefix)
        for widget in (self._workers, self._pool):
            no_accident(widget)
        self._workers.valueChanged.connect(self._tell)
        self._pool.currentIndexChanged.connect(self._tell)
        self._scheduler.editingFinished.connect(self._tell)
        for box in (self._rescale, self._strict, self._plots):
            box.toggled.connect(self._tell)

    def value(self) -> RunOptions:
        """Return what is chosen."""
        return RunOptions(
            n_workers=self._workers.value() or None,
            pool=self._pool.currentData(),
            scheduler=self._scheduler.text().strip() or None,
            rescale=self._rescale.isChecked(),
            strict=self._strict.isChecked(),
            plots=self._plots.isChecked(),
        )

    def set_export(self, export: Sequence[Any]) -> None:
        """Show which files a run writes."""
        self._export = tuple(export)
        with self._exports.changed.blocked():
            wanted = tuple(type(each) for each in export)
            self._exports.show_choices(self._export_choices(wanted), wanted)

    def set_overrides(self, path: Path | None, lines: Sequence[str], begin_at: str = "") -> None:
        """Show which files have settings of their own: the file that says so, a line a pattern."""
        self._overrides, self._begin_at = path, begin_at
        self._what.setText("\n".join(lines) if lines else "none: all files have the same settings")
        self._what.setToolTip(str(path) if path else "")
        self._open.setVisible(path is not None)

    # Laying out

    def _export_boxes(self, prefix: str) -> CheckBoxes:
        boxes = CheckBoxes(choices=self._export_choices(), n_columns=_EXPORTS_A_ROW)
        boxes.changed.connect(self._take_export)
        self._add("Write", boxes.native, f"{prefix}_export", _EXPORT.help)
        return boxes

    def _export_choices(self, wanted: Collection[type[Settings]] = ()) -> list[Choice]:
        """Return the formats whose libraries are installed, and those that the recipe asks for."""
        return [
            Choice(cls, title_of(cls), f"{self._prefix}_export_{method}", help_of(cls))
            for method, cls in _EXPORT.methods.items()
            if cls in wanted or is_installed(cls)
        ]

    def _box(self, name: str, text: str, tooltip: str) -> QCheckBox:
        box = QCheckBox(text)
        self._add("", box, name, tooltip)
        return box

    def _add_overrides(self, prefix: str) -> None:
        inside = QWidget()
        rows = QVBoxLayout(inside)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(2)
        self._what = QLabel()
        self._what.setObjectName(f"{prefix}_overrides_what")
        self._what.setWordWrap(True)
        set_role(self._what, "hint")
        rows.addWidget(self._what)
        buttons = QHBoxLayout()
        self._pick = QPushButton("Choose…")
        self._pick.setObjectName(f"{prefix}_overrides_choose")
        self._pick.setToolTip(
            "Choose a file overrides.yaml: patterns of file names, and what is different for "
            "the files that fit."
        )
        self._open = QPushButton("Open")
        self._open.setObjectName(f"{prefix}_overrides_open")
        self._open.setToolTip("Open the file in the program for texts.")
        buttons.addWidget(self._pick, 1)
        buttons.addWidget(self._open, 1)
        rows.addLayout(buttons)
        self._add(
            "Overrides",
            inside,
            f"{prefix}_overrides",
            "Files with settings of their own, from a file overrides.yaml in the folder.",
        )
        self._pick.clicked.connect(self._choose_overrides)
        self._open.clicked.connect(self._open_overrides)
        self.set_overrides(None, ())

    def _add(self, title: str, widget: QWidget, name: str, tooltip: str) -> None:
        widget.setObjectName(name)
        widget.setToolTip(tooltip)
        widget.setAccessibleName(title or tooltip)
        row = self._rows.rowCount()
        if title:
            label = QLabel(title)
            label.setToolTip(tooltip)
            self._rows.addWidget(label, row, 0)
        self._rows.addWidget(widget, row, 1)

    # From the user

    def _tell(self, *_: Any) -> None:
        self.optionsChanged.emit(self.value())

    def _take_export(self, classes: tuple[type[Settings], ...]) -> None:
        now = {type(each): each for each in self._export}
        self._export = tuple(now.get(cls) or cls() for cls in classes)
        self.exportChanged.emit(self._export)

    def _choose_overrides(self, checked: bool = False) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, "Overrides", self._begin_at, "Overrides (*.yaml *.yml)"
        )
        if path:
            self.overridesChosen.emit(path)

    def _open_overrides(self, checked: bool = False) -> None:
        if self._overrides is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._overrides)))
