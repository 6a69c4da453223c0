"""The histogram of the frame in view, with the level of the threshold as a line to drag."""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial
from typing import Any

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_celltrack.engine.levels import Levels, read_levels, threshold_of
from napari_celltrack.errors import CelltrackError
from napari_celltrack.gui.charts.chart import Chart
from napari_celltrack.gui.charts.series import ChartBars
from napari_celltrack.gui.docks.sentence import movie_of
from napari_celltrack.gui.lane import Lane, one_result
from napari_celltrack.gui.session import Session
from napari_celltrack.gui.theme import ROW_GAP_PX, set_role
from napari_celltrack.segment import HasLevel

#: Digits of a level that is set by hand, as a share of the range of the image.
_LEVEL_DIGITS = 3
_NO_LINE = "No line to drag: the level differs from place to place."


class ThresholdChart(QWidget):
    """Histogram of the frame in view and, where the method has one, its level to drag.

    Parameters
    ----------
    session : Session
        Tells movie, recipe and frame.
    """

    #: The threshold with its level where the user dragged it.
    moved = Signal(object)
    #: Automatic level and level in use, in words; empty where there is none.
    noted = Signal(str)
    #: An unexpected exception.
    failed = Signal(object)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._lane = Lane("celltrack histogram", self)
        self._levels: Levels | None = None
        #: What is asked for, and what the histogram is of.
        self._wanted: Hashable = None
        self._shown: tuple[Any, ...] = ()
        self._is_now = False
        self._note = ""
        self.chart = Chart(
            "count_histogram",
            "Histogram of the frame in view",
            "intensity [grey levels]",
            "pixels",
            empty="no image yet",
            tooltip="How many pixels of the frame have which brightness, after all steps before "
            "counting. Drag the line: what is brighter than it is a cell.",
            log_y=True,
            ticks_y=False,
        )
        self._why = QLabel(_NO_LINE)
        self._why.setObjectName("count_no_level")
        self._why.setWordWrap(True)
        self._why.setToolTip(
            "This method compares each pixel with its surroundings. Otsu, Li, triangle, yen and "
            "manual have one level for the whole image."
        )
        set_role(self._why, "hint")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(ROW_GAP_PX)
        column.addWidget(self._why)
        column.addWidget(self.chart)
        self.chart.dragged.connect(self._take)

    @property
    def levels(self) -> Levels | None:
        """What is shown."""
        return self._levels

    @property
    def busy(self) -> bool:
        """Whether a histogram is on its way."""
        return self._lane.busy

    def refresh(self) -> None:
        """Show the frame in view and the threshold now; read the frame if that is needed."""
        session = self._session
        threshold, movie = threshold_of(session.recipe), session.movie
        if threshold is None or movie is None:
            self._lane.cancel()
            self._wanted = None
            self._forget()
            self._show_line()
            return
        # Offset and factor move the line only: the automatic level is that of the method.
        before = session.recipe.upto("preprocess")
        wanted: tuple[Any, ...] = (movie_of(session), before, session.frame, type(threshold))
        if self._shown[:1] != wanted[:1]:
            self._forget()
        if session.live and wanted != self._wanted:
            job = one_result(read_levels, movie, session.recipe, session.frame, session.cache)
            self._lane.submit(job, partial(self._show, wanted), partial(self._fail, wanted))
        if session.live:
            self._wanted = wanted
        self._is_now = wanted == self._shown
        self._show_line()

    def _forget(self, why: str = "no image yet") -> None:
        self._levels, self._shown, self._is_now = None, (), False
        self.chart.clear(why)

    def _show(self, wanted: tuple[Any, ...], levels: Levels) -> None:
        # While the slider moves an older frame is shown, too: it is nearer than the one before.
        self._levels, self._shown, self._is_now = levels, wanted, wanted == self._wanted
        seen = levels.counts > 0
        self.chart.show_series(
            ChartBars(levels.centers[seen], levels.counts[seen], width=levels.width)
        )
        self._show_line()

    def _fail(self, wanted: Hashable, error: Exception) -> None:
        # Finding the cells fails for the same reason as this, and says so at the foot.
        if not isinstance(error, CelltrackError):
            self.failed.emit(error)
        self._forget("this frame cannot be read")
        self._show_line()

    def _show_line(self) -> None:
        """Put the line where the threshold is; the histogram may still be of an older frame."""
        threshold = threshold_of(self._session.recipe)
        has_level = isinstance(threshold, HasLevel)
        self._why.setVisible(threshold is not None and not has_level)
        self.chart.setVisible(has_level)
        automatic = self._automatic(threshold)
        level = threshold.level_in_use(automatic) if has_level else None
        self.chart.set_mark(automatic)
        self.chart.set_limit(level)
        known = automatic is not None and level is not None and self._is_now
        note = f"auto {_read(automatic)} → {_read(level)}" if known else ""
        if note != self._note:
            self._note = note
            self.noted.emit(note)

    def _take(self, level: float) -> None:
        threshold, levels = threshold_of(self._session.recipe), self._levels
        if not isinstance(threshold, HasLevel) or levels is None:
            return
        span = float(levels.pixels.centers[-1]) - float(levels.pixels.centers[0])
        self.moved.emit(threshold.with_level(_rounded(level, span), self._automatic(threshold)))

    def _automatic(self, threshold: object) -> float | None:
        """Return the level that a method finds by itself, if that is known already."""
        levels = self._levels
        return levels.automatic if levels and type(levels.threshold) is type(threshold) else None


def _rounded(level: float, span: float) -> float:
    """Round a level to a digit that can be seen in the histogram."""
    if not span > 0:
        return level
    decimals = _LEVEL_DIGITS - int(np.ceil(np.log10(span)))
    return round(level, max(decimals, 0))


def _read(level: float | None) -> str:
    """Return a level as it is read at the axis."""
    return "" if level is None else f"{level:.0f}" if abs(level) >= 1000 else f"{level:.4g}"
