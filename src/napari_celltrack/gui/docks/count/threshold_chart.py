"""The histogram of the frame in view, with the level of the threshold as a line to drag."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_celltrack.engine.cache import StageCache
from napari_celltrack.engine.preparing import preprocess_frame
from napari_celltrack.errors import CelltrackError
from napari_celltrack.gui.charts.chart import Chart
from napari_celltrack.gui.charts.series import Bars
from napari_celltrack.gui.lane import Lane
from napari_celltrack.gui.session import Session
from napari_celltrack.gui.theme import ROW_GAP_PX, set_role
from napari_celltrack.gui.when_destroyed import when_destroyed
from napari_celltrack.movie import Movie
from napari_celltrack.recipe import Recipe
from napari_celltrack.segment import HasLevel, HasThreshold, Histogram, histogram
from napari_celltrack.settings import Settings

#: Bars that are drawn, about two px each.
_N_BARS = 160
#: Digits of a level that is set by hand, as a share of the range of the image.
_LEVEL_DIGITS = 3
_NO_LINE = "No line to drag: the level differs from place to place."


@dataclass(frozen=True, eq=False)
class Levels:
    """The grey levels of one frame as a threshold sees them.

    Parameters
    ----------
    pixels : Histogram
        All of them.
    centers, counts : ndarray of float64, shape (N,)
        The same in few bars, to draw.
    width : float
        Width of a bar, in grey levels.
    threshold : Settings
        The method that found `automatic`.
    automatic : float or None
        The level that it finds by itself; None for a method without.
    """

    pixels: Histogram
    centers: npt.NDArray[np.float64]
    counts: npt.NDArray[np.float64]
    width: float
    threshold: Settings
    automatic: float | None


def read_levels(
    movie: Movie, recipe: Recipe, frame: int, cache: StageCache | None
) -> Iterator[Levels]:
    """Count the grey levels of a frame after all steps before counting; runs on a lane.

    Parameters
    ----------
    movie : Movie
    recipe : Recipe
        With a threshold.
    frame : int
        True index.
    cache : StageCache or None
        What finding the cells left there is used.

    Yields
    ------
    Levels
        One.
    """
    threshold = _threshold_of(recipe)
    pixels = histogram(preprocess_frame(movie, recipe, frame, cache))
    automatic = threshold.level_of(pixels) if isinstance(threshold, HasLevel) else None
    centers, counts, width = in_few_bars(pixels, _N_BARS)
    yield Levels(pixels, centers, counts, width, threshold, automatic)


def in_few_bars(
    pixels: Histogram, n_at_most: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], float]:
    """Return a histogram in few, equally wide bars; a bar never covers part of a grey level.

    Parameters
    ----------
    pixels : Histogram
        At least one level.
    n_at_most : int
        Bars wanted at most.

    Returns
    -------
    centers, counts : ndarray of float64, shape (N,)
        N is at most `n_at_most`.
    width : float
        Of a bar, in grey levels.
    """
    n = pixels.counts.size
    together = -(-n // n_at_most)
    n_bars = -(-n // together)
    counts = np.zeros(n_bars * together)
    counts[:n] = pixels.counts
    low = float(pixels.centers[0])
    step = (float(pixels.centers[-1]) - low) / (n - 1) if n > 1 else 1.0
    first = low + step * (together - 1) / 2
    centers = first + step * together * np.arange(n_bars)
    bars: npt.NDArray[np.float64] = counts.reshape(n_bars, together).sum(1)
    return np.asarray(centers, np.float64), bars, step * together


def _threshold_of(recipe: Recipe) -> Any:
    """Return the threshold of the method that finds cells, or None for a method without."""
    return recipe.segment.threshold if isinstance(recipe.segment, HasThreshold) else None


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

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._lane = Lane("celltrack histogram")
        self._levels: Levels | None = None
        self._wanted: Hashable = None
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
        # Qt's half of this widget goes before Python's; then nothing may be shown any more.
        lane = self._lane
        when_destroyed(self, lane.cancel)

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
        threshold, movie = _threshold_of(session.recipe), session.movie
        if threshold is None or movie is None:
            self._lane.cancel()
            self._wanted = self._levels = None
            self.chart.clear()
            self._show_line()
            return
        self._show_line()
        if not session.live:
            return
        # Offset and factor move the line only: the automatic level is that of the method.
        before = session.recipe.upto("preprocess")
        wanted = (movie.fingerprint, movie.axes, before, session.frame, type(threshold))
        if wanted == self._wanted:
            return
        self._wanted = wanted
        job = partial(read_levels, movie, session.recipe, session.frame, session.cache)
        self._lane.submit(job, partial(self._show, wanted), partial(self._fail, wanted))

    def _show(self, wanted: Hashable, levels: Levels) -> None:
        # An older frame is shown as well while the slider moves: it is nearer than what was there.
        self._levels = levels
        seen = levels.counts > 0
        self.chart.show_series(Bars(levels.centers[seen], levels.counts[seen], width=levels.width))
        self._show_line()

    def _fail(self, wanted: Hashable, error: Exception) -> None:
        if not isinstance(error, CelltrackError):
            raise error
        # Finding the cells fails for the same reason, and says so at the foot.
        self._levels = None
        self.chart.clear("this frame cannot be read")
        self._show_line()

    def _show_line(self) -> None:
        """Put the line where the threshold is; the histogram may still be of an older frame."""
        threshold = _threshold_of(self._session.recipe)
        has_level = isinstance(threshold, HasLevel)
        self._why.setVisible(threshold is not None and not has_level)
        self.chart.setVisible(has_level)
        automatic = self._automatic(threshold)
        level = threshold.level_in_use(automatic) if has_level else None
        self.chart.set_mark(automatic)
        self.chart.set_limit(level)
        known = automatic is not None and level is not None
        note = f"auto {_read(automatic)} → {_read(level)}" if known else ""
        if note != self._note:
            self._note = note
            self.noted.emit(note)

    def _take(self, level: float) -> None:
        threshold, levels = _threshold_of(self._session.recipe), self._levels
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
