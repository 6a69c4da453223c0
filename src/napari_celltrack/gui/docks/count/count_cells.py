"""The dock *Count cells*, which answers: are the cells found."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget
from typing_extensions import override

from napari_celltrack.engine.cache import StageCache
from napari_celltrack.gui.charts.chart import Chart
from napari_celltrack.gui.docks.count.cell_clicks import CellClicks
from napari_celltrack.gui.docks.count.cell_source_rows import CellSourceRows
from napari_celltrack.gui.docks.count.threshold_chart import ThresholdChart
from napari_celltrack.gui.docks.dock import Dock, Said, pixel_side_um
from napari_celltrack.gui.docks.sentence import About, cells_of_frame, frame_of, movie_of
from napari_celltrack.gui.forms.rows import heading
from napari_celltrack.gui.forms.settings_form import SettingsForm
from napari_celltrack.gui.lane import Lane, one_result
from napari_celltrack.gui.layers.movie_layers import image_layers, labels_layers
from napari_celltrack.gui.session import Found
from napari_celltrack.gui.theme import ROW_GAP_PX, set_role
from napari_celltrack.movie import Movie
from napari_celltrack.recipe import Recipe
from napari_celltrack.segment import HasThreshold
from napari_celltrack.text import plural

if TYPE_CHECKING:
    import napari

    from napari_celltrack.engine.suggest import Suggestion

_NO_IMAGE = "Open an image or a movie: drag a file onto the window, or use File > Open."
_EARLIER = "This was counted with earlier settings; tick Live to see the change."
_ELSEWHERE = "The frame in view was not counted yet; tick Live to count it."
#: Counts that come one after the other are drawn together, in ms.
_REDRAW_MS = 60


class CountCells(Dock):
    """Find the cells of the frame in view and show how many there are.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer this dock belongs to.
    """

    prefix = "count"
    runs = True

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        #: Whether settings are being suggested.
        self._is_asking = False
        #: What was said of the settings that were suggested, and what that is about.
        self._advice: tuple[str, About] | None = None
        super().__init__(napari_viewer)

    # Laying out

    @override
    def fill(self, column: QVBoxLayout) -> None:
        session = self.session
        self._source = CellSourceRows()
        column.addWidget(self._source)
        column.addLayout(self._suggest_row())
        self._given = QLabel()
        self._given.setObjectName("count_given")
        self._given.setWordWrap(True)
        set_role(self._given, "hint")
        column.addWidget(self._given)
        self._histogram = ThresholdChart(session)
        below = {"segment.threshold": self._histogram}
        self._segment_form = SettingsForm(session.recipe, ["segment"], below=below)
        self._objects_form = SettingsForm(session.recipe, ["objects"])
        column.addWidget(self._segment_form.native)
        column.addWidget(self._objects_form.native)
        column.addWidget(self._curve())
        column.addStretch(1)
        self._suggest_lane = Lane("celltrack suggest", self)
        self._redraw = self.timer(_REDRAW_MS, self._show_counts)
        self._connect_widgets()
        self._connect_session()

    def _suggest_row(self) -> QHBoxLayout:
        self._suggest = QPushButton()
        self._suggest.setObjectName("count_suggest")
        self._suggest.setToolTip(
            "Choose the settings by the frame in view, and by the cells that you clicked on if "
            "you did. Undo in the Recipe menu takes it back."
        )
        self._click = QPushButton()
        self._click.setObjectName("count_click")
        self._click.setCheckable(True)
        self._click.setToolTip(
            "Then click on a few typical cells in the image, dim ones too, and press Suggest."
        )
        row = QHBoxLayout()
        row.addWidget(self._suggest, 1)
        row.addWidget(self._click, 1)
        return row

    def _curve(self) -> QWidget:
        self._over_time = QWidget()
        column = QVBoxLayout(self._over_time)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(ROW_GAP_PX)
        column.addWidget(heading("Cells over time", "click a frame to go there"))
        self._counts = Chart(
            "count_curve",
            "Cells over time",
            "frame",
            "cells",
            empty="not counted yet",
            tooltip="Cells in each frame; dotted where they were found with earlier settings. "
            "Click to go to a frame.",
            clickable=True,
            whole_x=True,
            whole_y=True,
        )
        column.addWidget(self._counts)
        return self._over_time

    # Connecting

    def _connect_widgets(self) -> None:
        session = self.session
        for form, stage in ((self._segment_form, "segment"), (self._objects_form, "objects")):
            form.changed.connect(partial(self._take_form, stage))
            self.take_refusals(form.refused)
        self._source.imageChosen.connect(session.open_layer)
        self._source.channelChosen.connect(
            lambda channel: session.update(input=session.recipe.input.replace(channel=channel))
        )
        self._source.labelsChosen.connect(session.use_labels)
        self._source.dropAsked.connect(session.drop_corrections)
        self._histogram.moved.connect(self._take_threshold)
        self._histogram.noted.connect(self._note_level)
        self._histogram.failed.connect(self.fail)
        self._counts.clicked.connect(lambda x: session.go_to(round(x)))
        self._suggest.clicked.connect(self._ask_for_settings)

    def _connect_session(self) -> None:
        session, viewer = self.session, self.viewer
        self.watch("cells")
        self.listen(session.frame_changed, self._show_frame)
        self.listen(session.frame_found, self._show_found)
        self.listen(session.cells_counted, self._redraw_soon)
        self.listen(session.labels_changed, self._show_hand_made)
        assert viewer is not None  # a dock is made for a viewer that is there
        self.listen_to_layers(self._list_layers)
        self._clicks = CellClicks(viewer, session, self)
        self._clicks.changed.connect(self._show_clicks)
        self._click.toggled.connect(self._clicks.turn)
        self._show_clicks()
        self._list_layers()

    # From the user to the session

    def _take_form(self, stage: str, value: Recipe) -> None:
        self.session.update(**{stage: getattr(value, stage)})

    def _take_threshold(self, threshold: Any) -> None:
        segment = self.session.recipe.segment
        if isinstance(segment, HasThreshold):
            self.session.update(segment=segment.replace(threshold=threshold))

    def _ask_for_settings(self, checked: bool = False) -> None:
        """Have settings suggested in the background."""
        session, movie = self.session, self.session.movie
        if movie is None:
            self.say(_NO_IMAGE, wrong=True)
            return
        clicks = self._clicks.places_px or None
        job = one_result(_suggest, movie, session.recipe, session.frame, clicks, session.cache)
        self._is_asking = True
        self._suggest.setEnabled(False)
        self.say("")
        asked_of = About.of(frame_of, session)
        self._suggest_lane.submit(
            job, partial(self._take_suggestion, asked_of), self._fail_to_suggest
        )

    def _take_suggestion(self, asked_of: About, suggestion: Suggestion) -> None:
        self._is_asking = False
        self._show_hand_made()
        if self.session.movie is None:
            return
        if not asked_of.holds(self.session):
            self.say("Movie, frame or settings were changed meanwhile; press Suggest again.", True)
            return
        self._click.setChecked(False)
        self.session.set_recipe(suggestion.recipe)
        self._advice = suggestion.sentence, About.of(frame_of, self.session)
        self.show_foot()

    def _fail_to_suggest(self, error: Exception) -> None:
        self._is_asking = False
        self._show_hand_made()
        self.fail(error)

    # From the session to the user

    @override
    def refresh(self) -> None:
        session, recipe = self.session, self.session.recipe
        for form, stage in ((self._segment_form, "segment"), (self._objects_form, "objects")):
            if getattr(form.value, stage) != getattr(recipe, stage):
                form.value = recipe
            form.set_pixel_size(pixel_side_um(session))
        self._source.show_channels(session.movie, recipe.input.channel)
        self._show_hand_made()
        self._show_frame()
        self._clicks.keep_to(movie_of(session))
        self._redraw_soon()

    @override
    def in_words(self) -> Said:
        session, found = self.session, self.session.found
        if session.layer is None:
            return Said(_NO_IMAGE)
        told = []
        if self._is_asking:
            told.append("Looking for settings…")
        elif found is not None and About.of(cells_of_frame, found).holds(session):
            told.append(_cells_in_words(found))
        elif found is not None and not session.live:
            told.append(_EARLIER if found.frame == session.frame else _ELSEWHERE)
        if session.assumed_channel:
            told.append(f"{session.assumed_channel}; choose another under Channel.")
        if self._advice is not None and self._advice[1].holds(session):
            told.append(self._advice[0])
        elif session.movie is not None and session.movie.n_frames > 1:
            told.append(self.coverage())
        return Said(" ".join(filter(None, told)))

    def _list_layers(self, event: Any = None) -> None:
        """Offer the images of the viewer, and take one if none was chosen."""
        viewer, session = self.viewer, self.session
        images = image_layers(viewer) if viewer else []
        if session.layer is None and viewer is not None and images:
            active = viewer.layers.selection.active
            session.take_movie(active if active in images else images[-1])
        self._show_layers()

    def _show_layers(self) -> None:
        viewer, session = self.viewer, self.session
        if viewer is not None:
            self._source.show_images(image_layers(viewer), session.layer)
            self._source.show_labels(labels_layers(viewer), session.labels_layer)

    def _show_hand_made(self) -> None:
        """Say what comes from the user's hand, and grey what has no say then."""
        session = self.session
        given = session.labels_layer
        self._show_layers()
        self._source.show_corrected(len(session.corrected_frames))
        if given is not None:
            self._given.setText(
                f"The cells are those of the layer {given.name}; how they would be found has no "
                "effect."
            )
        self._given.setVisible(given is not None)
        self._segment_form.enabled = given is None
        may_ask = given is None and session.movie is not None
        self._suggest.setEnabled(may_ask and not self._is_asking)
        self._click.setEnabled(may_ask)
        if given is not None:
            self._click.setChecked(False)

    def _show_frame(self, frame: int | None = None) -> None:
        """Show the number of cells, in grey while a newer one is on its way."""
        session, found = self.session, self.session.found
        if frame is not None:
            self._clicks.forget()
        self._counts.set_cursor(session.frame if session.movie is not None else None)
        self._histogram.refresh()
        if session.movie is None or found is None:
            self.figure("–", "cells", stale=True)
            return
        current = About.of(cells_of_frame, found).holds(session)
        is_still = found.movie.n_frames == 1
        noun = plural(found.n_cells, "cell")
        caption = noun if is_still else f"{noun} in frame {found.frame}"
        self.figure(str(found.n_cells), caption, stale=not current)

    def _show_found(self, found: Found) -> None:
        self._show_frame()
        self.show_foot()

    def _redraw_soon(self) -> None:
        if not self._redraw.isActive():
            self._redraw.start()

    def _show_counts(self) -> None:
        """Draw the cells over time; frames that were never counted leave a gap."""
        self.show_foot()
        movie, counts, frames = self.session.movie, self.session.counts, self.frames()
        self._over_time.setVisible(movie is None or movie.n_frames > 1)
        if counts.empty or not len(frames):
            self._counts.clear()
            return
        known = counts["frame"].to_numpy() - frames[0]
        inside = (known >= 0) & (known < len(frames))
        n_cells, stale = np.full(len(frames), np.nan), np.ones(len(frames), bool)
        n_cells[known[inside]] = counts["n_cells"].to_numpy()[inside]
        stale[known[inside]] = ~counts["is_current"].to_numpy()[inside]
        ends = (float(frames[0]), float(max(frames[-1], frames[0] + 1)))
        self._counts.plot_lines(np.asarray(frames), n_cells, stale, x_range=ends)

    def _note_level(self, text: str) -> None:
        self._segment_form.set_note("segment.threshold.offset", text)

    def _show_clicks(self) -> None:
        n = len(self._clicks.places_px)
        cells = f"{n} {plural(n, 'cell')}"
        self._suggest.setText(f"Suggest from {cells}" if n else "Suggest settings")
        self._click.setText(f"{cells} clicked" if self._clicks.is_on else "Click on a few cells")


def _cells_in_words(found: Found) -> str:
    """Say how many cells a frame has, and what to do where it has none."""
    place = "" if found.movie.n_frames == 1 else f"frame {found.frame}: "
    cells = f"{found.n_cells} {plural(found.n_cells, 'cell')}"
    took = f", {found.took_ms:.0f} ms" if found.took_ms >= 1 else ""
    hint = ""
    if found.is_empty:
        hint = f"; {_what_is_empty(found)}"
    elif not found.n_cells:
        hint = "; find dimmer or smaller ones with a lower threshold or area"
    clumps = found.clumps and f" {found.clumps}"
    return f"{place}{cells}{took}{hint}.{clumps}"


def _what_is_empty(found: Found) -> str:
    """Say that the image that was looked in is empty, and what to do."""
    movie, channel = found.movie, found.recipe.input.channel
    other = "frame" if movie.n_frames > 1 else "image"
    if len(movie.channels) == 1 or channel is None:
        return f"the image is empty, nothing stands out of its noise; choose another {other}"
    name = movie.channels[movie.channel_index(channel)]
    return f"channel {name} is empty, nothing stands out of its noise; choose another one"


def _suggest(
    movie: Movie, recipe: Recipe, frame: int, clicks_px: Any, cache: StageCache
) -> Suggestion:
    # Imported when it is needed, for that takes long.
    from napari_celltrack.engine.suggest import suggest

    return suggest(movie, recipe, frame, clicks_px, cache)
