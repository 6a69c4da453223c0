"""Rows of the dock *Measure & plots*: a summary in a line, what it is made of behind it."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QCheckBox, QGridLayout, QLabel, QPushButton, QSizePolicy, QWidget

from napari_celltrack.analysis import Traces
from napari_celltrack.analysis.baseline import FirstFrames, Maximin, RunningPercentile
from napari_celltrack.gui.forms.rows import add_grid, column
from napari_celltrack.gui.theme import LABEL_WIDTH_PX, ROW_GAP_PX, set_role
from napari_celltrack.measure import Ring

#: Check boxes side by side.
_N_COLUMNS = 3
#: What a button of Qt needs beside its text, in px.
_BUTTON_MARGIN_PX = 30


class FoldedRow(QWidget):
    """A title and a button that says in a line how it is set, and opens the controls below.

    Parameters
    ----------
    name : str
        Object name of the button.
    title, tooltip : str
        Words at the left, and what the controls are for.
    *inside : QWidget
        The controls.
    """

    def __init__(self, name: str, title: str, tooltip: str, *inside: QWidget) -> None:
        super().__init__()
        self._summary = ""
        layout = column(self)
        rows = add_grid(layout)
        label = QLabel(title)
        label.setFixedWidth(LABEL_WIDTH_PX)
        label.setToolTip(tooltip)
        self._tooltip = tooltip
        self._button = QPushButton()
        self._button.setObjectName(name)
        self._button.setAccessibleName(title)
        self._button.setCheckable(True)
        # A long summary is cut and never widens the dock.
        self._button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        rows.addWidget(label, 0, 0)
        rows.addWidget(self._button, 0, 1)
        self._inside = QWidget()
        body = column(self._inside)
        body.setContentsMargins(0, 0, 0, ROW_GAP_PX)
        for widget in inside:
            body.addWidget(widget)
        layout.addWidget(self._inside)
        self._button.toggled.connect(self._show_inside)
        self._show_inside(False)

    def setSummary(self, text: str) -> None:
        """Say in a line how it is set."""
        self._summary = text
        self._show_summary()

    def summary(self) -> str:
        """Return what it says, also where it is cut."""
        return self._summary

    def open(self) -> None:
        """Show the controls."""
        self._button.setChecked(True)

    def resizeEvent(self, event: Any) -> None:
        """Cut the summary to the new width."""
        super().resizeEvent(event)
        self._show_summary()

    def _show_inside(self, shown: bool) -> None:
        self._inside.setVisible(shown)
        self._show_summary()

    def _show_summary(self) -> None:
        arrow = "▴" if self._button.isChecked() else "▾"
        room = self._button.width() - _BUTTON_MARGIN_PX
        metrics = self._button.fontMetrics()
        text = metrics.elidedText(self._summary, Qt.TextElideMode.ElideRight, room)
        self._button.setText(f"{text} {arrow}")
        self._button.setToolTip(f"{self._summary}\n{self._tooltip}")


class Choices(QWidget):
    """Check boxes of which any number may be ticked, under a grey title.

    Parameters
    ----------
    prefix : str
        Beginning of the object names; the text of a box follows.
    title, tooltip : str
        Words above, and what a tick means.
    """

    #: The places of the ticked boxes, after the user has changed one.
    chosen = Signal(tuple)

    def __init__(self, prefix: str, title: str, tooltip: str) -> None:
        super().__init__()
        self._prefix, self._tooltip = prefix, tooltip
        self._boxes: list[QCheckBox] = []
        layout = column(self)
        heading = QLabel(title)
        set_role(heading, "hint")
        layout.addWidget(heading)
        self._grid = QGridLayout()
        self._grid.setVerticalSpacing(ROW_GAP_PX)
        layout.addLayout(self._grid)

    def show_choices(self, texts: list[str], ticked: set[int]) -> None:
        """Offer boxes, some of them ticked; without any there is nothing to see."""
        if texts != [box.text() for box in self._boxes]:
            for box in self._boxes:
                self._grid.removeWidget(box)
                box.deleteLater()
            self._boxes = [self._box(text) for text in texts]
            # Names of layers are longer than those of channels.
            n_columns = _N_COLUMNS if max(map(len, texts), default=0) < 14 else 1
            for index, box in enumerate(self._boxes):
                self._grid.addWidget(box, *divmod(index, n_columns))
        for index, box in enumerate(self._boxes):
            blocked = box.blockSignals(True)
            box.setChecked(index in ticked)
            box.blockSignals(blocked)
        self.setVisible(bool(texts))

    def _box(self, text: str) -> QCheckBox:
        box = QCheckBox(text)
        box.setObjectName(f"{self._prefix}.{text}")
        box.setToolTip(self._tooltip)
        box.toggled.connect(self._tell)
        return box

    def _tell(self, on: bool) -> None:
        ticked = (index for index, box in enumerate(self._boxes) if box.isChecked())
        self.chosen.emit(tuple(ticked))


def ring_in_words(ring: Ring | None) -> str:
    """Return how the background is taken, in a line."""
    return "off" if ring is None else f"gap {ring.gap_px} px, width {ring.width_px} px"


def baseline_in_words(traces: Traces) -> str:
    """Return what F0 is, in a line."""
    baseline = traces.baseline
    if isinstance(baseline, FirstFrames):
        n = baseline.n_frames
        words = "first frame" if n == 1 else f"mean of the first {n} frames"
    elif isinstance(baseline, RunningPercentile | Maximin):
        in_frames = baseline.window_frames is not None
        window = f"{baseline.window_frames} frames" if in_frames else f"{baseline.window_s:g} s"
        name = "maximin"
        if isinstance(baseline, RunningPercentile):
            name = _percentile_in_words(baseline.percentile)
        words = f"{name}, {window}"
    else:
        words = f"{_percentile_in_words(baseline.percentile)} of the whole"
    return words


def _percentile_in_words(percent: float) -> str:
    if percent != int(percent):
        return f"{percent:g} % percentile"
    n = int(percent)
    ending = {1: "st", 2: "nd", 3: "rd"}.get(n % 10 if n // 10 % 10 != 1 else 0, "th")
    return f"{n}{ending} percentile"
