"""A plot in a dock, linked both ways to the viewer."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from napari_celltrack.errors import CelltrackError
from napari_celltrack.gui.docks.plots.column_chooser import ColumnChooser
from napari_celltrack.gui.docks.plots.plot_canvas import PlotCanvas
from napari_celltrack.gui.docks.plots.plot_files import PlotFiles
from napari_celltrack.gui.forms.wheel import no_accident
from napari_celltrack.gui.lane import Lane, one_result
from napari_celltrack.gui.session import Session
from napari_celltrack.gui.single_shot import single_shot
from napari_celltrack.gui.theme import ROW_GAP_PX, plot_style
from napari_celltrack.gui.when_destroyed import when_destroyed
from napari_celltrack.plots import Plot, StyleName
from napari_celltrack.plots.kinds import KINDS
from napari_celltrack.recipe import Recipe
from napari_celltrack.results.plot_job import PlotJob
from napari_celltrack.results.result import Result, numbers_of
from napari_celltrack.tables import FRAME, TRACK_ID, X_PX, Y_PX, Tables

NO_TRACKS = "No tracks yet: open a movie, find its cells, and follow them."
#: A size that still changes is not drawn.
_RESIZE_MS = 80
_LARGE_PX = (1000, 700)
#: So many points stand out at once; more take longer, and are drawn in the background.
_QUICK_POINTS = 2_000


class PlotPanel(QWidget):
    """One plot: a menu of kinds above a canvas, linked to a session.

    A click on a curve, point or bar shows that cell in the viewer and lets its track stand out; a
    line drawn round some selects them, with Shift in addition. The slider moves a line in the plot.

    Parameters
    ----------
    session : Session
        Whose tracks are drawn, and where they are shown.
    prefix : str
        Beginning of the object names.
    kind : str
        The plot to begin with, one of `kinds`.
    theme_id : str
        Name of a napari theme; the dock calls :meth:`restyle` when it changes.
    """

    kinds: ClassVar[tuple[str, ...]] = tuple(KINDS)
    #: The user selected tracks here; a tuple of ids.
    selected = Signal(object)
    #: A sentence for the foot of the dock, and whether something is wrong.
    said = Signal(str, bool)
    #: The exception for which a plot was not drawn or saved; none that the plot tells itself.
    failed = Signal(object)

    def __init__(
        self,
        session: Session,
        prefix: str,
        kind: str = "origin",
        parent: QWidget | None = None,
        theme_id: str = "dark",
    ) -> None:
        super().__init__(parent)
        self.setObjectName(f"{prefix}_plot")
        self._session, self._prefix, self._theme_id = session, prefix, theme_id
        self._result: Result | None = None
        self._drift: Any = None
        self._is_stale = False
        self._lane = Lane("celltrack plot", self)
        self._large: PlotPanel | None = None
        self._lay_out(kind)
        self._connect()
        self.clear()
        self.restyle(theme_id)

    # What is shown

    @property
    def kind(self) -> str:
        """Which plot is shown."""
        return str(self._menu.currentData())

    @property
    def canvas(self) -> PlotCanvas:
        """What the plot is shown on."""
        return self._canvas

    @property
    def is_drawing(self) -> bool:
        """Whether a newer plot is on its way."""
        return self._lane.busy or self._timer.isActive()

    def set_kind(self, kind: str) -> None:
        """Show another kind of plot."""
        self._menu.setCurrentIndex(self._menu.findData(kind))
        self._take_kind()

    def show_tables(self, tables: Tables, recipe: Recipe) -> None:
        """Show other tables, as soon as they are drawn; the newest win.

        Parameters
        ----------
        tables : Tables
            Of the session's movie.
        recipe : Recipe
            How they were made; calibration, drift and traces are taken from it.
        """
        movie = self._session.movie
        without_drift = recipe.replace(motion=recipe.motion.replace(subtract_drift=False))
        result = numbers_of(
            without_drift,
            objects=tables.objects,
            tracks=tables.tracks,
            counts=tables.counts,
            drift=None,
            pixel_size_um=None if movie is None else movie.pixel_size_um,
            frame_interval_s=None if movie is None else movie.frame_interval_s,
        )
        # Finding the drift takes long, so it is done in the background.
        self._result, self._drift = replace(result, recipe=recipe), tables.drift
        self._columns.offer(self.kind, self._result)
        self._redraw()
        if self._large is not None:
            self._large.show_tables(tables, recipe)

    def clear(self, sentence: str = NO_TRACKS) -> None:
        """Show no plot, and say why."""
        self._result = None
        self._lane.cancel()
        self._columns.offer(self.kind, None)
        self._canvas.say(sentence)
        if self._large is not None:
            self._large.clear(sentence)

    def select(self, track_ids: Iterable[int]) -> None:
        """Let tracks stand out, here and wherever else the session's tracks are shown."""
        self._session.select(track_ids)

    def restyle(self, theme_id: str) -> None:
        """Take the colours of a theme of napari."""
        self._theme_id = theme_id
        self._canvas.restyle(theme_id)
        self._redraw()
        if self._large is not None:
            self._large.restyle(theme_id)

    # Files

    def save(self, path: str) -> None:
        """Write the plot as PNG, SVG or PDF, in the background; `said` tells how it went."""
        self._files.save(path)

    def copy(self) -> None:
        """Put the plot on the clipboard as a picture."""
        self._files.copy()

    # Laying out

    def _lay_out(self, kind: str) -> None:
        self._menu = QComboBox()
        self._menu.setObjectName(f"{self._prefix}_kind")
        self._menu.setToolTip("What is drawn.")
        for name, each in KINDS.items():
            self._menu.addItem(each.title, name)
        self._menu.setCurrentIndex(self._menu.findData(kind))
        no_accident(self._menu)
        self._columns = ColumnChooser(self._prefix)
        self._canvas = PlotCanvas(f"{self._prefix}_canvas")
        self._canvas.setToolTip(
            "Click a curve or point to go to that cell. Draw a line round some to select their "
            "tracks; hold Shift to add to them."
        )
        row = QHBoxLayout()
        row.addWidget(self._menu, 1)
        self._files = PlotFiles(self._prefix, self._file_job, self)
        row.addWidget(self._files.button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(ROW_GAP_PX)
        column.addLayout(row)
        column.addWidget(self._columns)
        column.addWidget(self._canvas, 1)
        self._timer = single_shot(self, _RESIZE_MS, self._redraw)

    def _connect(self) -> None:
        self._menu.activated.connect(self._take_kind)
        self._columns.changed.connect(self._redraw)
        self._canvas.clicked.connect(self._on_click)
        self._canvas.lassoed.connect(self._on_lasso)
        self._canvas.resized.connect(self._timer.start)
        self._canvas.stepped.connect(self._go_on)
        self._canvas.escaped.connect(partial(self._select, ()))
        self._files.said.connect(self.said)
        self._files.failed.connect(self.failed)
        self._files.largerAsked.connect(self._show_large)
        session = self._session
        for signal, slot in (
            (session.frame_changed, self._show_frame),
            (session.selected_changed, self._show_selected),
        ):
            signal.connect(slot)
            when_destroyed(self, partial(_stop, signal, weakref.WeakMethod(slot)))

    # From the user to the session

    def _take_kind(self) -> None:
        self._columns.offer(self.kind, self._result)
        self._redraw()

    def _on_click(self, x: float, y: float, adds: bool) -> None:
        plot = self._canvas.plot
        if plot is None:
            return
        if plot.bars is not None:
            self._select(plot.tracks_at_bar(x, y), adds)
            if len(self._session.selected) == 1:
                self._go_to(self._session.selected[0], None)
            return
        picked = plot.pick(x, y)
        if picked is None:
            self._select((), adds)
            return
        if picked.track_id:
            self._select((picked.track_id,), adds)
        self._go_to(picked.track_id, picked.frame)

    def _on_lasso(self, outline: npt.NDArray[np.float64], adds: bool) -> None:
        if (plot := self._canvas.plot) is not None:
            self._select(plot.tracks_in(outline), adds)

    def _select(self, track_ids: tuple[int, ...], adds: bool = False) -> None:
        before = self._session.selected if adds else ()
        self._session.select((*before, *track_ids))
        self.selected.emit(self._session.selected)

    def _go_to(self, track_id: int, frame: int | None) -> None:
        """Show a cell; without a frame, in the one in view or else in its first."""
        if self._result is None:
            return
        if track_id == 0:
            if frame is not None:
                self._session.go_to(frame)
            return
        objects = self._result.objects
        cells = objects[objects[TRACK_ID].to_numpy() == track_id]
        wanted = self._session.frame if frame is None else frame
        at = cells[cells[FRAME].to_numpy() == wanted]
        cell = (cells if at.empty else at).iloc[0]
        # A trace may have a value in a gap of the cell: the clicked frame is shown all the same.
        shown = int(cell[FRAME]) if frame is None else frame
        self._session.go_to(shown, float(cell[Y_PX]), float(cell[X_PX]))

    def _go_on(self, n_frames: int) -> None:
        frame = self._session.frame + n_frames
        movie = self._session.movie
        if movie is not None and 0 <= frame < movie.n_frames:
            self._session.go_to(frame)

    def _show_large(self) -> None:
        if self._large is None:
            large = PlotPanel(
                self._session, f"{self._prefix}_large", self.kind, self, self._theme_id
            )
            large.setWindowFlag(Qt.WindowType.Window)
            large.setWindowTitle("Plot")
            large.resize(*_LARGE_PX)
            large.said.connect(self.said)
            large.failed.connect(self.failed)
            large.selected.connect(self.selected)
            self._large = large
        self._large._follow(self)
        self._large.show()
        self._large.raise_()

    def _follow(self, other: PlotPanel) -> None:
        """Show what another panel shows."""
        self._result, self._drift = other._result, other._drift
        self._columns.choose_as(other._columns)
        self.set_kind(other.kind)
        if self._result is None:
            self._canvas.say(other.canvas.sentence)

    # From the session to the user

    def showEvent(self, event: Any) -> None:
        """Draw what was not drawn while the panel was hidden."""
        super().showEvent(event)
        if self._is_stale:
            self._redraw()

    def _redraw(self) -> None:
        if self._result is None:
            return
        self._is_stale = not self.isVisible()
        if self._is_stale:
            return
        job = self._job(plot_style(self._theme_id))
        show = partial(self._take_plot, job.selected)
        draw = one_result(job.draw, *self._canvas.size_px())
        self._lane.submit(draw, show, self._fail)

    def _job(self, style: StyleName) -> PlotJob:
        assert self._result is not None  # asked by the callers
        selected = self._session.selected
        return PlotJob(self._result, self._drift, self.kind, self._columns.column, style, selected)

    def _file_job(self, style: StyleName | None) -> PlotJob | None:
        """Return what a file or a copy is to show, in the style of the dock where none is given."""
        return None if self._result is None else self._job(style or plot_style(self._theme_id))

    def _take_plot(self, selected: tuple[int, ...], plot: Plot) -> None:
        if self._result is None:
            return
        if plot.is_empty:
            self._canvas.say(plot.sentence)
            return
        plot.set_cursor(self._session.frame)
        self._canvas.show_plot(plot)
        if selected != self._session.selected:
            self._show_selected(self._session.selected)

    def _fail(self, error: Exception) -> None:
        if isinstance(error, CelltrackError):
            self._canvas.say(str(error))
        else:
            self._canvas.say(f"Not drawn: {error}.")
            self.failed.emit(error)

    def _show_frame(self, frame: int) -> None:
        if self.isVisible():
            self._canvas.set_cursor(frame)

    def _show_selected(self, track_ids: tuple[int, ...]) -> None:
        plot = self._canvas.plot
        if plot is None:
            return
        if plot.n_points_of(track_ids) > _QUICK_POINTS:
            self._redraw()
        else:
            self._canvas.select(track_ids, self._session.frame)


def _stop(signal: Any, slot: Any) -> None:
    if (living := slot()) is not None:
        signal.disconnect(living)
