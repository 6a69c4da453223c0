"""The strip of frame health: a bar a frame, red where a look is worth it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from qtpy.QtCore import QEvent, QObject, Signal
from qtpy.QtWidgets import QLabel, QMenu, QToolTip, QWidget

from napari_celltrack.analysis.frame_health import (
    FOCUS,
    MEAN,
    PROBLEM,
    SATURATED_PERCENT,
    drift_px,
    judge_frames,
    summarise,
)
from napari_celltrack.errors import CelltrackError
from napari_celltrack.gui.charts.chart import Chart
from napari_celltrack.gui.charts.series import ChartBars
from napari_celltrack.gui.forms.rows import column, quiet_button
from napari_celltrack.gui.lane import Lane
from napari_celltrack.gui.theme import set_role
from napari_celltrack.input import Input
from napari_celltrack.movie import Movie
from napari_celltrack.tables import FRAME

#: How often bars are shown while frames are looked at, in s; a cancel is noticed as often.
_SHOWN_EVERY_S = 0.3
#: Movies and parts of them that are remembered.
_N_KNOWN = 8
#: In frames; the rest is a gap.
_BAR_WIDTH = 0.8
_DRIFT = "drift"
#: What the bars can be, and what stands at their axis.
_METRICS = {
    "mean": (MEAN, "mean"),
    "saturated": (SATURATED_PERCENT, "saturated, %"),
    "focus": (FOCUS, "focus"),
    "drift": (_DRIFT, "drift, px"),
}
#: Bars of these begin at 0; those of the others where they differ.
_FROM_ZERO = (SATURATED_PERCENT, _DRIFT)


class HealthStrip(QWidget):
    """Looks at all frames of a movie in the background and shows what they are like.

    Parameters
    ----------
    name : str
        Object name of the chart; the rest is ``{name}_metric`` and ``{name}_summary``.
    """

    #: The frame that was clicked.
    went_to = Signal(int)
    #: An unexpected exception.
    failed = Signal(object)

    def __init__(self, name: str) -> None:
        super().__init__()
        #: Where frames are looked at.
        self.lane = Lane("celltrack health", self)
        self._metric = "mean"
        self._asked: Hashable = None
        self._known: OrderedDict[Hashable, pd.DataFrame] = OrderedDict()
        self._table: pd.DataFrame | None = None
        self._ends = (0, 0)
        #: What the bars are; to be put beside the title.
        self.menu = quiet_button("mean ▾", f"{name}_metric", "What the bars show.")
        menu = QMenu(self.menu)
        for metric in _METRICS:
            action = menu.addAction(metric)
            action.triggered.connect(lambda *_, metric=metric: self.show_metric(metric))
        self.menu.setMenu(menu)
        self._chart = Chart(
            name,
            "Health of each frame",
            "frame",
            "mean",
            empty="no movie",
            tooltip="One bar for each frame; red ones are worth a look. Click to go there.",
            clickable=True,
            whole_x=True,
        )
        self._chart.clicked.connect(self._go)
        self._chart.installEventFilter(self)
        self._summary = QLabel()
        self._summary.setObjectName(f"{name}_summary")
        self._summary.setWordWrap(True)
        set_role(self._summary, "hint")
        layout = column(self)
        layout.addWidget(self._chart)
        layout.addWidget(self._summary)

    @property
    def table(self) -> pd.DataFrame | None:
        """What is known of the frames, as :func:`judge_frames` gives it, or None."""
        return self._table

    def show_movie(self, movie: Movie | None, input_: Input) -> None:
        """Look at the frames of a movie, unless that was done before.

        Parameters
        ----------
        movie : Movie or None
            The movie.
        input_ : Input
            Which channel and which part of it.
        """
        part = input_.model_dump_json(exclude={"pixel_size_um", "frame_interval_s", "project_t"})
        key = None if movie is None else (movie.fingerprint, movie.axes, part)
        if key == self._asked:
            return
        self._asked = key
        self.lane.cancel()
        self._table = None
        self._summary.setText("")
        self._ends = _ends_of(movie, input_)
        if movie is None:
            self._chart.clear("no movie")
        elif key in self._known:
            self._show(key, self._known[key], is_whole=True)
        else:
            self._chart.clear("looking at the frames…")
            self.lane.submit(
                partial(judge_frames, movie, input_, _SHOWN_EVERY_S),
                partial(self._show, key),
                partial(self._fail, key),
                partial(self._finish, key),
            )

    def show_frame(self, frame: int) -> None:
        """Mark the frame in view."""
        self._chart.set_cursor(frame)

    def show_metric(self, metric: str) -> None:
        """Show ``"mean"``, ``"saturated"``, ``"focus"`` or ``"drift"``."""
        self._metric = metric
        self.menu.setText(f"{metric} ▾")
        self._draw()

    def reason(self, frame: int) -> str:
        """Return what there is to say about a frame, in a sentence."""
        table = self._table
        rows = [] if table is None else table.loc[table[FRAME] == frame].to_dict("records")
        if not rows or table is None:
            return ""
        row = rows[0]
        value = f"mean {row[MEAN]:.4g}, {row[SATURATED_PERCENT]:.2g} % saturated"
        return f"frame {frame}: {row[PROBLEM] or 'nothing unusual'} ({value})"

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Say what is the matter with the frame under the mouse."""
        if event.type() == QEvent.Type.ToolTip and self._table is not None:
            text = self.reason(self._nearest(self._chart.x_at(event.pos().x())))
            QToolTip.showText(event.globalPos(), text, self._chart)
            return True
        return super().eventFilter(watched, event)

    def _show(self, key: Hashable, table: pd.DataFrame, is_whole: bool = False) -> None:
        if key != self._asked:
            return
        self._table = table
        self._summary.setText(summarise(table) if is_whole else f"{len(table)} frames looked at…")
        self._draw()

    def _finish(self, key: Hashable) -> None:
        if self._table is not None and key == self._asked:
            self._known[key] = self._table
            while len(self._known) > _N_KNOWN:
                self._known.popitem(last=False)
            self._show(key, self._table, is_whole=True)

    def _fail(self, key: Hashable, error: Exception) -> None:
        if key == self._asked:
            self._chart.clear("cannot be told")
            self._summary.setText(str(error))
        if not isinstance(error, CelltrackError):
            self.failed.emit(error)

    def _draw(self) -> None:
        table = self._table
        if table is None or table.empty:
            return
        name, label = _METRICS[self._metric]
        values = drift_px(table) if name == _DRIFT else table[name].to_numpy(np.float64)
        self._chart.set_labels("frame", label)
        frames = table[FRAME].to_numpy(np.float64)
        wrong = (table[PROBLEM] != "").to_numpy()
        self._chart.show_series(
            ChartBars(frames[~wrong], values[~wrong], width=_BAR_WIDTH),
            ChartBars(frames[wrong], values[wrong], ink="problem", width=_BAR_WIDTH),
            # Of all frames from the beginning, so that bars stay where they are.
            x_range=(self._ends[0] - 0.75, self._ends[1] + 0.75),
            y_range=_range_of(values, name in _FROM_ZERO),
        )

    def _go(self, x: float) -> None:
        if self._table is not None and not self._table.empty:
            self.went_to.emit(self._nearest(x))

    def _nearest(self, x: float) -> int:
        """Return the frame that a place in the chart is nearest to."""
        assert self._table is not None  # asked by the callers
        frames = self._table[FRAME].to_numpy()
        return int(frames[np.abs(frames - x).argmin()])


def _ends_of(movie: Movie | None, input_: Input) -> tuple[int, int]:
    """Return the first and the last frame that will be looked at."""
    try:
        frames = range(1) if movie is None else input_.replace(project_t=None).frames_of(movie)
    except CelltrackError:
        return 0, 0  # looking at them says why
    return frames[0], frames[-1]


def _range_of(values: npt.NDArray[Any], from_zero: bool) -> tuple[float, float]:
    """Return the ends of the axis, so that differences between frames are seen."""
    low, high = float(values.min()), float(values.max())
    if from_zero:
        return 0.0, 1.1 * high if high > 0 else 1.0
    span = (high - low) or 0.1 * abs(high) or 1.0
    return low - 0.6 * span, high + 0.1 * span
