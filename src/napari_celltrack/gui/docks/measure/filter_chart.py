"""Which tracks to keep: the histogram of a column with limits to drag, and all limits in a list."""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd
from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from superqt.utils import signals_blocked

from napari_celltrack.analysis import TrackFilter
from napari_celltrack.analysis.track_filter import Limit
from napari_celltrack.errors import RecipeError
from napari_celltrack.gui.charts.range_chart import LOW, RangeChart
from napari_celltrack.gui.charts.series import ChartBars
from napari_celltrack.gui.docks.sentence import About, Sentence
from napari_celltrack.gui.forms.rows import column, quiet_button
from napari_celltrack.gui.forms.wheel import no_accident
from napari_celltrack.gui.theme import ROW_GAP_PX
from napari_celltrack.plots.units import column_label
from napari_celltrack.tables import (
    DISPLACEMENT_PX,
    DISPLACEMENT_UM,
    DURATION_FRAMES,
    DURATION_S,
    LINEAGE_ID,
    N_FRAMES,
    PARENT_ID,
    SPEED_PX_PER_FRAME,
    SPEED_UM_PER_S,
    STRAIGHTNESS,
    TRACK_ID,
)
from napari_celltrack.text import plural

#: Bars that are drawn at most.
_N_BARS = 48
#: Digits of a limit, as a share of the range of the column.
_DIGITS = 3
_HEIGHT_PX = 88
#: Height of the axis, in highest bars: there is a word beside the line.
_HEAD = 1.35
#: The columns that are mostly asked for, in this order; others follow.
_FIRST = (
    DURATION_FRAMES,
    DURATION_S,
    DISPLACEMENT_UM,
    DISPLACEMENT_PX,
    SPEED_UM_PER_S,
    SPEED_PX_PER_FRAME,
    STRAIGHTNESS,
)
#: Numbers that are names.
_NO_AMOUNTS = (TRACK_ID, PARENT_ID, LINEAGE_ID)
_WORDS = {DURATION_FRAMES: "duration (frames)", N_FRAMES: "seen in (frames)"}
_SEEN = "seen in at least"
#: Key of the least length in the list; limits go by their place and column.
_LENGTH = "length"


class FilterChart(QWidget):
    """Edits a track filter: drag a limit in the histogram of all tracks, or remove one.

    What passes is in the accent colour, what is left out grey.

    Parameters
    ----------
    prefix : str
        Beginning of the object names.
    """

    #: The filter, changed by the user.
    valueChanged = Signal(object)

    def __init__(self, prefix: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"{prefix}_filter")
        self._prefix = prefix
        self._value = TrackFilter()
        self._tracks = pd.DataFrame()
        self._about: About | None = None
        #: Which tracks pass, worked out when it is asked for.
        self._passing: npt.NDArray[np.bool_] | None = None
        self._span: tuple[float, float] | None = None
        self._shown: dict[str, QPushButton] = {}
        #: A menu of the columns, for the title of the section.
        self.menu = QComboBox()
        self.menu.setObjectName(f"{prefix}_filter_column")
        self.menu.setAccessibleName("Column")
        self.menu.setToolTip("What of the tracks is drawn, and limited.")
        no_accident(self.menu)
        self._chart = RangeChart(
            f"{prefix}_filter_chart",
            "Which tracks are kept",
            "",
            "tracks",
            empty="no tracks yet",
            tooltip="All tracks by this column, those that are kept in colour. Drag the line at "
            "either end to leave out tracks below or above it; back to the edge for no limit.",
            height_px=_HEIGHT_PX,
            whole_y=True,
        )
        self._hint = Sentence(f"{prefix}_filter_hint", "hint")
        self._rows = QWidget()
        self._list = column(self._rows)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(ROW_GAP_PX)
        layout.addWidget(self._chart)
        layout.addWidget(self._hint)
        layout.addWidget(self._rows)
        self._chart.dragged.connect(self._take)
        self.menu.currentIndexChanged.connect(self._show_column)
        self._show_column()

    # The value

    def value(self) -> TrackFilter:
        """Return the filter that is shown."""
        return self._value

    def setValue(self, value: TrackFilter) -> None:
        """Show another filter."""
        if value != self._value:
            self._value, self._passing = value, None
            self._draw()
            self._list_limits()

    def setTracks(self, tracks: pd.DataFrame, about: About | None = None) -> None:
        """Show the table of all tracks, before any is left out, and say which tracks they are."""
        if tracks is self._tracks:
            return
        self._tracks, self._passing, self._about = tracks, None, about
        self._offer_columns()
        self._show_column()

    def n_passing(self) -> int:
        """Return how many tracks pass."""
        return int(self._passes().sum())

    def setColumn(self, name: str) -> None:
        """Show the histogram of a column; without tracks that have it nothing happens."""
        if (index := self.menu.findData(name)) >= 0:
            self.menu.setCurrentIndex(index)

    # From the user to the value

    def _take(self, x: float) -> None:
        """Take a limit from where the line is."""
        if self._span is None:
            return
        name, (low, high) = self.menu.currentData(), self._span
        x = _rounded(x, high - low, whole=self._is_whole(name))
        before = self._limit_of(name) or Limit(column=name)
        if self._chart.active == LOW:
            upper = np.inf if before.max is None else before.max
            limit = before.replace(min=None if x <= low else min(x, upper))
        else:
            lower = -np.inf if before.min is None else before.min
            limit = before.replace(max=None if x >= high else max(x, lower))
        self._replace(before, limit)

    def _replace(self, before: Limit, limit: Limit | None) -> None:
        limits = list(self._value.limits)
        after = []
        if limit is not None and (limit.min is not None or limit.max is not None):
            after.append(limit)
        at = next((i for i, each in enumerate(limits) if each == before), len(limits))
        limits[at : at + 1] = after
        self._change(self._value.replace(limits=tuple(limits)))

    def _change(self, value: TrackFilter) -> None:
        if value != self._value:
            self.setValue(value)
            self.valueChanged.emit(value)

    # From the value to the user

    def _offer_columns(self) -> None:
        """Offer the columns that have numbers."""
        known = [
            str(name)
            for name in self._tracks.select_dtypes("number").columns
            if name not in _NO_AMOUNTS and np.isfinite(self._tracks[name].to_numpy(float)).any()
        ]
        names = [name for name in _FIRST if name in known]
        names += [name for name in known if name not in names]
        shown = [self.menu.itemData(index) for index in range(self.menu.count())]
        if names == shown:
            return
        chosen = self.menu.currentData()
        with signals_blocked(self.menu):
            self.menu.clear()
            for name in names:
                self.menu.addItem(_label(name), name)
            self.menu.setCurrentIndex(max(self.menu.findData(chosen), 0) if names else -1)
        self.menu.setEnabled(bool(names))

    def _show_column(self, _: int = 0) -> None:
        self._draw()
        self._list_limits()

    def _draw(self) -> None:
        name = self.menu.currentData()
        if name is None or name not in self._tracks:
            self._span = None
            self._chart.clear("no tracks yet")
            self._chart.set_limit(None)
            self._hint.hide()
            return
        values = self._tracks[name].to_numpy(np.float64)
        known = np.isfinite(values)
        low, high = float(values[known].min()), float(values[known].max())
        self._span = low, high
        is_whole = self._is_whole(name)
        edges = _edges(low, high, is_whole)
        middle, width = (edges[:-1] + edges[1:]) / 2, float(edges[1] - edges[0])
        passes = self._passes()
        everyone, kept = (
            np.histogram(values[chosen], bins=edges)[0].astype(np.float64)
            for chosen in (known, known & passes)
        )
        self._chart.set_whole(is_whole)
        self._chart.set_labels(_label(name), "tracks")
        limit = self._limit_of(name) or Limit(column=name)
        ends = [end for end in (limit.min, limit.max) if end is not None]
        x_range = (min([edges[0], *ends]), max([edges[-1], *ends]))
        self._chart.show_series(
            ChartBars(middle, everyone, "fill", width),
            ChartBars(middle, kept, "accent", width),
            x_range=x_range,
            y_range=(0.0, _HEAD * everyone.max()),
        )
        self._chart.set_range(limit.min, limit.max, least_step=1.0 if is_whole else 0.0)
        self._say_missing(int((~known).sum()))

    def _passes(self) -> npt.NDArray[np.bool_]:
        """Tell of each track whether it passes the whole filter, shape (n_tracks,)."""
        if self._passing is None:
            self._passing = _who_passes(self._value, self._tracks)
        return self._passing

    def _say_missing(self, n: int) -> None:
        tracks = f"{n:,} {plural(n, 'track has', 'tracks have')}"
        words = f"{tracks} no such value, and would pass no limit here." if n else ""
        self._hint.say(words, self._about)
        self._hint.setVisible(n > 0)

    def _list_limits(self) -> None:
        """List the limits, each to be shown by a click and to be removed."""
        limits = self._value.limits
        words = [_in_words(limit) for limit in limits]
        keys = [f"{index}:{limit.column}" for index, limit in enumerate(limits)]
        if self._value.min_length_frames > 1:
            words.insert(0, f"{_SEEN} {self._value.min_length_frames} frames")
            keys.insert(0, _LENGTH)
        if keys != list(self._shown):
            self._make_rows(keys)
        # While a line is dragged only the words change.
        for button, text in zip(self._shown.values(), words, strict=True):
            button.setText(text)
        self._rows.setVisible(bool(keys))

    def _make_rows(self, keys: list[str]) -> None:
        while (item := self._list.takeAt(0)) is not None:
            item.widget().deleteLater()
        self._shown = {key: self._add_row(key) for key in keys}

    def _add_row(self, key: str) -> QPushButton:
        index, _, name = key.partition(":")
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        show = QPushButton()
        show.setObjectName(f"{self._prefix}_limit_{index}")
        show.setToolTip("Show the histogram of this column.")
        show.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        show.clicked.connect(partial(self._show_limit, name or N_FRAMES))
        remove: QToolButton = quiet_button("✕", f"{self._prefix}_forget_{index}", "Remove it.")
        remove.setAccessibleName("Remove the limit")
        remove.clicked.connect(partial(self._forget, index))
        layout.addWidget(show, 1)
        layout.addWidget(remove)
        self._list.addWidget(row)
        return show

    def _show_limit(self, name: str, checked: bool = False) -> None:
        self.setColumn(name)

    def _forget(self, index: str, checked: bool = False) -> None:
        if index == _LENGTH:
            self._change(self._value.replace(min_length_frames=1))
        else:
            self._replace(self._value.limits[int(index)], None)

    def _limit_of(self, name: str) -> Limit | None:
        return next((each for each in self._value.limits if each.column == name), None)

    def _is_whole(self, name: str) -> bool:
        return self._tracks[name].dtype.kind in "iu"


def _who_passes(value: TrackFilter, tracks: pd.DataFrame) -> npt.NDArray[np.bool_]:
    none = np.zeros(len(tracks), bool)
    if not len(tracks):
        return none
    try:
        kept = value(tracks)
    except RecipeError:
        # A limit names a column that is not here; the engine refuses it, in words.
        return none
    passes: npt.NDArray[np.bool_] = tracks[TRACK_ID].isin(kept[TRACK_ID]).to_numpy(bool)
    return passes


def _edges(low: float, high: float, is_whole: bool) -> npt.NDArray[np.float64]:
    """Return the edges of bars; a bar of whole numbers has the same number of them as all."""
    if is_whole:
        if high == low:
            low, high = low - 1, high + 1
        width = -(-int(high - low + 1) // _N_BARS)
        n_bars = -(-int(high - low + 1) // width)
        return np.asarray(low - 0.5 + width * np.arange(n_bars + 1), np.float64)
    if not high > low:
        room = 0.5 * abs(low) or 0.5
        low, high = low - room, high + room
    return np.linspace(low, high, _N_BARS + 1)


def _rounded(x: float, span: float, *, whole: bool) -> float:
    """Round a limit to a digit that can be seen in the histogram."""
    if whole:
        return float(round(x))
    if not span > 0:
        return x
    return round(x, max(_DIGITS - int(np.ceil(np.log10(span))), 0))


def _label(name: str) -> str:
    return _WORDS.get(name) or column_label(name)


def _in_words(limit: Limit) -> str:
    """Return a limit as it is read: ``speed at least 0.5 µm/s``."""
    name, _, unit = _label(limit.column).removesuffix(")").partition(" (")
    least = "" if limit.min is None else f"{limit.min:.6g}"
    most = "" if limit.max is None else f"{limit.max:.6g}"
    if least and most:
        amount = f"{least} to {most}"
    else:
        amount = f"at least {least}" if least else f"at most {most}"
    return f"{name} {amount} {unit}".strip()
