"""The dock *Measure & plots*, which answers: what are the numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
from qtpy.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout
from typing_extensions import override

from napari_celltrack.analysis import TrackFilter, drift_warning, steps
from napari_celltrack.analysis.traces import Traces
from napari_celltrack.gui.docks.dock import Dock, Said
from napari_celltrack.gui.docks.measure.cell_table import CellTable, SaveTables
from napari_celltrack.gui.docks.measure.filter_chart import FilterChart
from napari_celltrack.gui.docks.measure.measure_settings import MeasureSettings
from napari_celltrack.gui.docks.plots.plot_panel import PlotPanel
from napari_celltrack.gui.docks.sentence import About, Sentence, links_of, tracks_of
from napari_celltrack.gui.forms.rows import heading
from napari_celltrack.gui.lane import Lane, one_result
from napari_celltrack.gui.layers.movie_layers import image_layers
from napari_celltrack.gui.session import Followed, Found
from napari_celltrack.gui.theme import set_state
from napari_celltrack.tables import (
    CUMULATIVE_PATH_PX,
    CUMULATIVE_PATH_UM,
    FRAME,
    STEP_PX,
    STEP_UM,
    TRACK_ID,
)
from napari_celltrack.text import plural

#: How long nothing must change before all tracks of a long movie are given to napari, in ms.
_REST_MS = 400
#: The plots to begin with, and the least height of one, in px.
_PLOT_PX = 126
_PLOTS = ("origin", "steps")
_NOTHING = "Find cells first: open a movie and the dock Count cells."
_ONE_FRAME = "This is one image: its cells are measured, and there is no motion."
_NO_TRACKS = pd.DataFrame()
_CLICK = "Click a curve to go there."
_NO_CELLS = "There are no cells to measure; find them with the dock Count cells."


class MeasurePlots(Dock):
    """Measure cells and tracks, choose which tracks to keep, and draw them.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer this dock belongs to.
    """

    prefix = "measure"
    runs = True
    run_text = "Measure all {n} frames"

    # Laying out

    @override
    def fill(self, column: QVBoxLayout) -> None:
        session = self.session
        self._shown: Followed | None = None
        #: What the plots were drawn from.
        self._drawn: tuple[Followed, Traces] | None = None
        self._motions: TrackMotions | None = None
        self._motions_lane = Lane("celltrack motion", self)
        self._plot_timer = self.timer(0, self._draw_plots)
        self._rest_timer = self.timer(_REST_MS, session.show_all_tracks)
        self._settings = MeasureSettings(session, self.prefix)
        column.addWidget(self._settings)
        self._filter = FilterChart(self.prefix)
        column.addWidget(heading("Keep tracks", "drag the limit", self._filter.menu))
        column.addWidget(self._filter)
        self._plots = tuple(self._plot(index, kind) for index, kind in enumerate(_PLOTS, start=1))
        for plot in self._plots:
            column.addWidget(plot, 1)
        self._where = Sentence("measure_where", "hint")
        column.addWidget(self._where)
        self._connect_parts()

    def _plot(self, index: int, kind: str) -> PlotPanel:
        theme_id = self.viewer.theme if self.viewer is not None else "dark"
        plot = PlotPanel(self.session, f"{self.prefix}_{index}", kind, theme_id=theme_id)
        plot.said.connect(self.say)
        plot.failed.connect(self.fail)
        # Two plots fit a laptop, and share what room a larger screen has.
        plot.canvas.setMinimumHeight(_PLOT_PX)
        plot.canvas.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        return plot

    @override
    def _run_row(self) -> QHBoxLayout:
        row = super()._run_row()
        self._saving = SaveTables(self.session, self.prefix)
        self._cell_table = CellTable(self.session, self.viewer, self)
        self._saving.showAsked.connect(self._cell_table.open)
        for part in (self._cell_table, self._saving):
            part.told.connect(self.say)
        self._saving.failed.connect(self.fail)
        row.addWidget(self._saving.button)
        return row

    def _connect_parts(self) -> None:
        session = self.session
        self.watch("tracks")
        self.listen(session.frame_found, self._on_found)
        self.listen(session.tracks_found, self._on_tracks)
        self.listen(session.tracks_drawn, self._on_drawn)
        self.listen(session.frame_changed, self._on_frame)
        self.listen(session.selected_changed, self._on_selected)
        self.listen(session.picked_changed, self._on_picked)
        self.listen(session.others.changed, self._on_others)
        self.take_refusals(self._settings.refused)
        self._filter.valueChanged.connect(self._take_filter)
        self.listen_to_layers(self._list_layers)
        self._list_layers()

    # From the user to the session

    def _take_filter(self, value: TrackFilter) -> None:
        self.session.update(tracks=value)

    # From the session to the user

    @override
    def refresh(self) -> None:
        self._settings.refresh()
        self._filter.setValue(self.session.recipe.tracks)
        followed = self.session.followed
        if followed is None:
            self._forget_tracks()
        elif followed is not self._shown:
            # They were found before this dock was opened.
            self._on_tracks(followed)
        else:
            self._draw_plots()
        self._show_figure()

    @override
    def in_words(self) -> Said:
        session, followed = self.session, self.session.followed
        if session.others.problem:
            return Said(session.others.problem, True)
        if session.movie is None:
            return Said(_NOTHING)
        told = []
        if followed is not None and About.of(tracks_of, followed).holds(session):
            n_cells = len(followed.tables.objects)
            cells = f"{n_cells:,} {plural(n_cells, 'cell')} measured."
            if session.movie.n_frames < 2 and n_cells:
                cells = _ONE_FRAME
            told.append(cells if n_cells else _NO_CELLS)
        return Said(" ".join(filter(None, (*told, self.coverage()))))

    def _list_layers(self, event: Any = None) -> None:
        if (viewer := self.viewer) is not None:
            self._settings.show_layers(image_layers(viewer))

    def _on_found(self, found: Found) -> None:
        self.show_foot()

    def _on_frame(self, frame: int) -> None:
        self._show_where()

    def _on_picked(self, track_id: int) -> None:
        self._show_where()

    def _on_selected(self, track_ids: tuple[int, ...]) -> None:
        self._cell_table.select(track_ids)

    def _on_others(self) -> None:
        self._settings.refresh()
        self._show_figure()

    def _on_tracks(self, followed: Followed) -> None:
        self._shown = followed
        job = one_result(TrackMotions.of, followed)
        self._motions_lane.submit(job, self._take_motions, self.fail)
        self._filter.setTracks(followed.linked.tracks, About.of(links_of, followed))
        self._cell_table.show_tables(followed.tables)
        # The window may answer in between.
        self._plot_timer.start()
        self._rest_timer.start()
        self._show_figure()
        self.show_foot()

    def _take_motions(self, motions: TrackMotions) -> None:
        self._motions = motions
        self._settings.warn(motions.warning, About.of(tracks_of, motions.followed))
        self._show_where()
        self._check_sentences()

    def _forget_tracks(self) -> None:
        """Show nothing: the movie is another one, or gone."""
        self._shown = self._motions = self._drawn = None
        self._rest_timer.stop()
        self._filter.setTracks(_NO_TRACKS)
        self._motions_lane.cancel()
        self._settings.warn("")
        for plot in self._plots:
            plot.clear()
        self._show_where()

    def _draw_plots(self) -> None:
        """Draw the tracks, and anew when only the baseline of their traces is another."""
        followed, settings = self._shown, self.session.recipe.traces
        if followed is None or (followed, settings) == self._drawn:
            return
        self._drawn = followed, settings
        for plot in self._plots:
            plot.show_tables(followed.tables, followed.recipe.replace(traces=settings))

    def _on_drawn(self) -> None:
        if (followed := self.session.followed) is not None:
            self._cell_table.show_tables(followed.tables)

    def _show_figure(self) -> None:
        followed = self.session.followed
        if followed is None:
            self.figure("–", "tracks", stale=True)
            return
        n_all = len(followed.linked.tracks)
        caption = f"{self._filter.n_passing():,} pass the filter"
        if not followed.is_whole:
            caption += f", frames {followed.frames[0]}–{followed.frames[-1]}"
        set_state(self._number, "long", True)
        number = f"{n_all:,} {plural(n_all, 'track')}"
        self.figure(number, caption, stale=not self.session.is_followed_now)
        # The caption gives way, and not the figure.
        self._number.setMinimumWidth(self._number.sizeHint().width())

    def _show_where(self) -> None:
        motions, session = self._motions, self.session
        if motions is None:
            self._where.say("")
            return
        words = motions.sentence(session.picked, session.frame)
        self._where.say(words, About.of(tracks_of, motions.followed))
        self._where.check(session)

    @override
    def _restyle(self, event: Any = None) -> None:
        super()._restyle(event)
        if (viewer := self.viewer) is not None:
            for plot in self._plots:
                plot.restyle(viewer.theme)


@dataclass(frozen=True, eq=False)
class TrackMotions:
    """What is said of the motion of tracks, worked out for a track when it is asked for.

    Parameters
    ----------
    followed : Followed
        The tracks.
    drift : DataFrame or None
        What is subtracted from positions.
    warning : str
        That much of the motion is common to all cells, and still in it; empty otherwise.
    """

    followed: Followed
    drift: pd.DataFrame | None
    warning: str

    @classmethod
    def of(cls, followed: Followed) -> TrackMotions:
        """Return the motions, with the drift out of them if the recipe asks for that."""
        tables = followed.tables
        drift = followed.recipe.motion.drift_of(followed.linked.objects, tables.drift)
        warning = drift_warning(tables.objects, tables.drift) if drift is None else ""
        return cls(followed, drift, warning)

    def sentence(self, track_id: int, frame: int) -> str:
        """Say how far a track has come in a frame, and what a click does."""
        tables, movie, recipe = self.followed.tables, self.followed.movie, self.followed.recipe
        if not len(tables.tracks):
            return ""
        if track_id == 0:
            return _CLICK
        objects = tables.objects
        own = objects[objects[TRACK_ID] == track_id]
        if own.empty:
            return f"Track {track_id} does not pass the filter. {_CLICK}"
        if not (own[FRAME] == frame).any():
            return f"Track {track_id} is not seen in frame {frame}. {_CLICK}"
        calibrated = recipe.input.calibrated(movie)
        found = steps(own, calibrated.pixel_size_um, calibrated.frame_interval_s, self.drift)
        at = found[found[FRAME] == frame].iloc[0]
        has_um = calibrated.pixel_size_um is not None
        step, path = (
            (at[STEP_UM], at[CUMULATIVE_PATH_UM])
            if has_um
            else (at[STEP_PX], at[CUMULATIVE_PATH_PX])
        )
        unit = "µm" if has_um else "px"
        walked = f"step {_short(step)} {unit}, path {_short(path)} {unit}"
        if pd.isna(step):
            walked = "its first frame"
        return f"Track {track_id}, frame {frame}: {walked}. {_CLICK}"


def _short(length: float) -> str:
    return f"{length:.0f}" if abs(length) >= 10 else f"{length:.2g}"
