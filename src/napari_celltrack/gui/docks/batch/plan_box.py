"""What a run will take, memory, disk and time of each way to go; and the buttons to begin it."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from napari_celltrack.batch.plan import Estimate, Plan
from napari_celltrack.batch.run_options import Strategy
from napari_celltrack.batch.tried_files import N_TRIED
from napari_celltrack.gui.charts.pipeline_diagram import STAGES, PipelineDiagram
from napari_celltrack.gui.theme import ROW_GAP_PX, set_role, set_state
from napari_celltrack.text import bytes_text, duration_text

_TITLES: dict[Strategy, str] = {
    "auto": "Automatic",
    "vertical": "Image by image",
    "horizontal": "Step by step",
}
_HELP: dict[Strategy, str] = {
    "auto": "Take the quicker way that fits the free memory and disk. The results are the same.",
    "vertical": (
        "Each image goes through all steps before the next one begins: least disk. The results "
        "are the same either way."
    ),
    "horizontal": (
        "Each step goes through all images before the next one begins; what is between lies on "
        "disk, where it can be looked at, and later steps can be done anew from there."
    ),
}
_TIMING = "A few frames of one of the files are being timed."
_NOT_TIMED = "The run began before a sample was timed; it is timed when the run is over."
_COLUMNS = ("memory", "disk", "time")
_COLUMN_PX = 56


class PlanBox(QWidget):
    """Offers the ways to go, with what each will take.

    Parameters
    ----------
    prefix : str
        Beginning of the object names.
    """

    #: Another way was chosen: "auto", "vertical" or "horizontal".
    strategyChanged = Signal(str)

    def __init__(self, prefix: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"{prefix}_plan")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(ROW_GAP_PX)
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(0, 1)
        for place, name in enumerate(_COLUMNS, start=1):
            head = QLabel(name)
            set_role(head, "hint")
            grid.addWidget(head, 0, place)
            grid.setColumnMinimumWidth(place, _COLUMN_PX)
        #: How much there is, to stand beside the title.
        self.room = QLabel()
        self.room.setObjectName(f"{prefix}_room")
        set_role(self.room, "hint")
        self._group = QButtonGroup(self)
        self._radios: dict[str, QRadioButton] = {}
        self._cells: dict[tuple[str, str], QLabel] = {}
        for row, strategy in enumerate(_TITLES, start=1):
            radio = QRadioButton(_TITLES[strategy])
            radio.setObjectName(f"{prefix}_{strategy}")
            radio.setToolTip(_HELP[strategy])
            self._group.addButton(radio)
            self._radios[strategy] = radio
            grid.addWidget(radio, row, 0)
            if strategy != "auto":
                self._add_cells(grid, prefix, strategy, row)
        self._choice = QLabel()
        self._choice.setObjectName(f"{prefix}_choice")
        set_role(self._choice, "hint")
        grid.addWidget(self._choice, 1, 1, 1, len(_COLUMNS) - 1)
        self._timing = QLabel()
        self._timing.setObjectName(f"{prefix}_timing")
        set_role(self._timing, "hint")
        grid.addWidget(self._timing, 1, len(_COLUMNS))
        naive = QLabel("(all in memory)")
        naive.setToolTip("What opening all images at once would take; never done here.")
        naive.setIndent(22)
        set_role(naive, "hint")
        grid.addWidget(naive, len(_TITLES) + 1, 0)
        self._add_cells(grid, prefix, "naive", len(_TITLES) + 1)
        column.addLayout(grid)
        self.diagram = PipelineDiagram(f"{prefix}_diagram")
        column.addWidget(self.diagram)
        self._radios["auto"].setChecked(True)
        self._group.buttonToggled.connect(self._tell)
        self.set_plan(None)

    def strategy(self) -> Strategy:
        """Return which way is chosen."""
        for strategy in _TITLES:
            if self._radios[strategy].isChecked():
                return strategy
        return "auto"

    def set_plan(self, plan: Plan | None, is_timing: bool = False) -> None:
        """Show what it will take, or dashes; dots for times that are on their way."""
        if plan is None:
            self.room.setText("")
            self._timing.setText("")
            for label in self._cells.values():
                label.setText("–")
                set_role(label, "hint")
            self._choice.setText("")
            self._choice.setToolTip("")
            self.diagram.set_stages([(name, None) for name in STAGES])
            return
        self._show("vertical", plan.vertical)
        self._show("horizontal", plan.horizontal)
        self._show_times(plan, is_timing)
        free = plan.free_bytes
        self.room.setText("" if free is None else f"{bytes_text(free)} of memory free")
        self._cells["naive", "memory"].setText(bytes_text(plan.naive_bytes))
        is_too_much = plan.free_bytes is not None and plan.naive_bytes > plan.free_bytes
        set_role(self._cells["naive", "memory"], "problem" if is_too_much else "hint")
        self._choice.setText(_TITLES[plan.choice].lower())
        self._choice.setToolTip(plan.why)
        self.diagram.set_stages([(stage.name, stage.n_bytes) for stage in plan.stages])

    def set_ready(self, is_ready: bool) -> None:
        """Say whether a way can be chosen; the numbers stay as they are."""
        for radio in self._radios.values():
            radio.setEnabled(is_ready)

    def set_busy(self) -> None:
        """Grey the numbers: newer ones are on their way."""
        for label in self._cells.values():
            set_role(label, "hint")

    def _add_cells(self, grid: QGridLayout, prefix: str, row_name: str, row: int) -> None:
        for place, name in enumerate(_COLUMNS, start=1):
            label = QLabel("–")
            label.setObjectName(f"{prefix}_{row_name}_{name}")
            label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(label, row, place)
            self._cells[row_name, name] = label

    def _show(self, strategy: Strategy, estimate: Estimate) -> None:
        texts = bytes_text(estimate.peak_bytes), bytes_text(estimate.disk_bytes)
        for name, text in zip(_COLUMNS, texts, strict=False):
            label = self._cells[strategy, name]
            label.setText(text)
            label.setToolTip(estimate.why)
            set_state(label, "role", "")
        if not estimate.fits:
            set_role(self._cells[strategy, "memory"], "problem")

    def _show_times(self, plan: Plan, is_timing: bool) -> None:
        is_known = plan.vertical.seconds is not None or not plan.n_items
        self._timing.setText("" if is_known else "timing…" if is_timing else "not timed")
        self._timing.setToolTip("" if is_known else _TIMING if is_timing else _NOT_TIMED)
        for estimate in (plan.vertical, plan.horizontal):
            label, seconds = self._cells[estimate.strategy, "time"], estimate.seconds
            unknown = "…" if is_timing else "–"
            label.setText(unknown if seconds is None else duration_text(seconds))
            label.setToolTip(_TIMING if is_timing else plan.sample)
            set_state(label, "role", "hint" if seconds is None else "")

    def _tell(self, button: QRadioButton, checked: bool) -> None:
        if checked:
            self.strategyChanged.emit(self.strategy())


class StartRow(QWidget):
    """The buttons *Try on 3* and *Start*.

    Parameters
    ----------
    prefix : str
        Beginning of the object names.
    """

    tryAsked = Signal()
    startAsked = Signal()

    def __init__(self, prefix: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        trial, start = QPushButton(f"Try on {N_TRIED}"), QPushButton("Start")
        trial.setObjectName(f"{prefix}_try")
        trial.setToolTip(
            "Find the cells of one frame of the first, the middle and the last file, and show "
            "their outlines side by side."
        )
        start.setObjectName(f"{prefix}_start")
        start.setToolTip("Run the settings on all files.")
        set_role(start, "primary")
        trial.clicked.connect(lambda _checked: self.tryAsked.emit())
        start.clicked.connect(lambda _checked: self.startAsked.emit())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(trial, 1)
        row.addWidget(start, 1)
        self._buttons = (trial, start)

    def set_ready(self, is_ready: bool) -> None:
        """Say whether there is something to start."""
        for button in self._buttons:
            button.setEnabled(is_ready)
