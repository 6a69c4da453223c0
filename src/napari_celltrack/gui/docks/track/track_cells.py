"""The dock *Track cells*, which answers: are the cells followed, and where does it fail."""

from __future__ import annotations

from typing import Any

import pandas as pd
from qtpy.QtWidgets import QCheckBox, QComboBox, QLabel, QVBoxLayout

from napari_celltrack.analysis import RadiusAdvice, jumps_in_words
from napari_celltrack.gui.docks.dock import Dock, Said, pixel_side_um
from napari_celltrack.gui.docks.sentence import About, Sentence, tracks_of
from napari_celltrack.gui.docks.track.event_list import DISMISSED, SEEN, EventList
from napari_celltrack.gui.docks.track.radius_chart import RadiusAdvisor, RadiusChart
from napari_celltrack.gui.docks.track.run_comparison import RunComparison
from napari_celltrack.gui.forms.rows import add_grid, heading
from napari_celltrack.gui.forms.settings_form import SettingsForm
from napari_celltrack.gui.forms.wheel import no_accident
from napari_celltrack.gui.layers import track_layers, track_rows, track_vectors
from napari_celltrack.gui.picking import centre_of_view, nearest_cell
from napari_celltrack.gui.session import Followed, Found
from napari_celltrack.gui.theme import LABEL_WIDTH_PX
from napari_celltrack.recipe import Recipe
from napari_celltrack.tables import (
    AREA_PX2,
    DRIFT_X_PX,
    DRIFT_Y_PX,
    FRAME,
    KIND,
    LINEAGE_ID,
    LINK_DISTANCE_PX,
    PARENT_ID,
    ROUNDNESS,
    TRACK_ID,
    X_PX,
    Y_PX,
)
from napari_celltrack.text import plural

#: What tracks can be coloured by, in words; other columns go by their names.
_COLOURS = {
    TRACK_ID: "Track",
    track_rows.STEP: "Speed (px per step)",
    track_rows.CONFIDENCE: "Confidence",
    LINEAGE_ID: "Family",
    AREA_PX2: "Area (px²)",
    ROUNDNESS: "Roundness",
}
#: Events at a cell that has no link to the frame after; the others are about the one before.
_AHEAD = ("end", "merge")
#: Width of the view that an event is shown in, in search radii, and at least in px.
_VIEW_RADII, _VIEW_PX = 8.0, 80.0
#: How far candidates are shown, in search radii: just beyond is the usual reason.
_CANDIDATE_RADII = 2.0
#: How long the circle stays when the radius was changed, and how long nothing must change before
#: all tracks of a long movie are given to napari, in ms.
_CIRCLE_MS, _REST_MS = 2500, 400
_NOTHING = "Find cells first: open a movie and the dock Count cells."
_ONE_FRAME = "This is one image: there is nothing to follow. Open a movie."


class TrackCells(Dock):
    """Follow the cells through the frames, and show where that may have failed."""

    prefix = "track"
    runs = True
    run_text = "Track all {n} frames"

    # Laying out

    def fill(self, column: QVBoxLayout) -> None:
        """Put the form, the advisor, the list of events and the comparison into a column."""
        session = self.session
        self._radius_px = session.recipe.link.max_distance_px
        self._form = SettingsForm(session.recipe, ("link",))
        column.addWidget(self._form.native)
        self._radius = RadiusChart("track")
        column.addWidget(heading("Is the radius right?", at_end=self._radius.menu))
        column.addWidget(self._radius)
        self._events = EventList("track")
        self._n_events = Sentence("track_n_events", "hint")
        self._n_events.setWordWrap(False)
        column.addWidget(heading("Where it fails", self._n_events))
        column.addWidget(self._events)
        self._add_looks(column)
        self._filter = SettingsForm(session.recipe, ("tracks",))
        column.addWidget(self._filter.native)
        column.addWidget(heading("Compare", "what other settings change"))
        self._comparison = RunComparison(session, self)
        column.addWidget(self._comparison.panel)
        column.addStretch(1)
        self._shown: Followed | None = None
        #: The event that the circle is drawn for.
        self._circled: pd.Series | None = None
        self._advisor = RadiusAdvisor(self)
        self._flash_timer = self.timer(0, self._draw_circle)
        self._circle_timer = self.timer(_CIRCLE_MS, self._hide_circle)
        self._rest_timer = self.timer(_REST_MS, session.show_all_tracks)
        self._connect_parts()

    def _add_looks(self, column: QVBoxLayout) -> None:
        rows = add_grid(column)
        self._colour = QComboBox()
        self._colour.setObjectName("track_colour_by")
        self._colour.setToolTip(
            "What the colours of the tracks say. Confidence is low (0) where another link was "
            "nearly as good."
        )
        no_accident(self._colour)
        label = QLabel("Colour by")
        label.setFixedWidth(LABEL_WIDTH_PX)
        rows.addWidget(label, 0, 0)
        rows.addWidget(self._colour, 0, 1)
        self._circle = QCheckBox("Show the search circle")
        self._circle.setObjectName("track_circle")
        self._circle.setToolTip(
            "Draw the search radius at true scale round the picked cell, or the one nearest to "
            "the middle of the view. It shows for a moment whenever the radius changes."
        )
        rows.addWidget(self._circle, 1, 1)

    def _connect_parts(self) -> None:
        session = self.session
        self.watch("tracks")
        self.listen(session.frame_found, self._on_found)
        self.listen(session.tracks_found, self._on_tracks)
        self.listen(session.frame_changed, self._on_frame)
        self.listen(session.picked_changed, self._on_picked)
        self._form.changed.connect(self._take_form)
        self._filter.changed.connect(self._take_filter)
        for form in (self._form, self._filter):
            self.take_refusals(form.refused)
        self._radius.radiusChanged.connect(self._take_radius)
        self._colour.activated.connect(self._take_colour)
        self._circle.toggled.connect(self._toggle_circle)
        self._events.chosen.connect(self._go_to_event)
        self._events.dismissed.connect(self._dismiss)
        self._events.restored.connect(self._restore)
        self._advisor.found.connect(self._show_advice)
        self._advisor.failed.connect(self.fail)

    # From the user to the session

    def _take_form(self, value: Recipe) -> None:
        self.session.update(link=value.link)

    def _take_filter(self, value: Recipe) -> None:
        self.session.update(tracks=value.tracks)

    def _take_radius(self, radius_px: float) -> None:
        link = self.session.recipe.link
        self.session.update(link=link.replace(max_distance_px=radius_px))

    def _take_colour(self, index: int) -> None:
        if (viewer := self.viewer) is not None:
            track_layers.color_tracks(viewer, self._colour.itemData(index))

    def _go_to_event(self, event: pd.Series) -> None:
        radius = self.session.recipe.link.max_distance_px
        width = max(_VIEW_RADII * radius, _VIEW_PX)
        self.session.go_to(int(event[FRAME]), event[Y_PX], event[X_PX], width)
        self._circle_timer.stop()
        self._circled = event
        self._draw_event(event)
        self.session.reviewed.see(self._movie_key(), event)
        self._list_events()

    def _dismiss(self, event: pd.Series) -> None:
        self.session.reviewed.dismiss(self._movie_key(), event)
        self._list_events()

    def _restore(self, event: pd.Series) -> None:
        self.session.reviewed.restore(self._movie_key(), event)
        self._list_events()

    # From the session to the user

    def refresh(self) -> None:
        """Show the recipe, and what is known of the tracks."""
        # More changes may follow.
        self._rest_timer.stop()
        recipe = self.session.recipe
        for form, stage in ((self._form, "link"), (self._filter, "tracks")):
            if getattr(form.value, stage) != getattr(recipe, stage):
                form.value = recipe
            form.set_pixel_size(pixel_side_um(self.session))
        radius_px = recipe.link.max_distance_px
        self._radius.setValue(radius_px)
        if radius_px != self._radius_px:
            self._radius_px = radius_px
            self._flash_circle()
        followed = self.session.followed
        if followed is None:
            self._forget_tracks()
        elif followed is not self._shown:
            # They were found before this dock was opened.
            self.session.show_tracks()
            self._on_tracks(followed)
        self._show_figure()

    def in_words(self) -> Said:
        """Say what was linked."""
        session, followed = self.session, self.session.followed
        if session.movie is None:
            return Said(_NOTHING)
        if session.movie.n_frames < 2:
            return Said(_ONE_FRAME)
        told = []
        if followed is not None and About.of(tracks_of, followed).holds(session):
            n_cells = len(followed.tables.objects)
            cells = f"{n_cells:,} {plural(n_cells, 'cell')}"
            told.append(f"Linked {cells} in {followed.took_ms:.0f} ms.")
            told.append(jumps_in_words(followed.tables.drift, session.recipe.link.max_distance_px))
        return Said(" ".join(filter(None, (*told, self.coverage()))))

    def _on_found(self, found: Found) -> None:
        self.show_foot()

    def _on_frame(self, frame: int) -> None:
        self._leave_event()
        if self._circle.isChecked():
            self._draw_circle()

    def _on_tracks(self, followed: Followed) -> None:
        self._shown, tables = followed, followed.tables
        self._show_figure()
        self.show_foot()
        self._offer_colours()
        self._list_events()
        self._radius.setLengths(tables.objects[LINK_DISTANCE_PX].to_numpy())
        self._advisor.ask(followed)
        self._comparison.compare(followed)
        if self._circle.isChecked():
            self._draw_circle()
        viewer = self.viewer
        is_all_shown = viewer is None or track_layers.shows_all(viewer, tables)
        if self.session.is_followed_now and not is_all_shown:
            self._rest_timer.start()

    def _on_picked(self, track_id: int) -> None:
        self._events.setMarked(track_id)
        if self._circled is not None and track_id not in (0, self._circled[TRACK_ID]):
            self._leave_event()
        if self._circle.isChecked():
            self._draw_circle()

    def _show_advice(self, advice: RadiusAdvice | None, about: About | None) -> None:
        self._radius.setAdvice(advice, about)
        self._check_sentences()

    def _show_figure(self) -> None:
        followed = self.session.followed
        if followed is None:
            self.figure("–", "tracks", stale=True)
            return
        tracks = followed.tables.tracks
        n_divisions = tracks.loc[tracks[PARENT_ID] > 0, PARENT_ID].nunique()
        where = ""
        if not followed.is_whole:
            where = f" in frames {followed.frames[0]}–{followed.frames[-1]}"
        divisions = f"{n_divisions} {plural(n_divisions, 'division')}"
        caption = f"{plural(len(tracks), 'track')}{where} · {divisions}"
        self.figure(f"{len(tracks):,}", caption, stale=not self.session.is_followed_now)

    def _forget_tracks(self) -> None:
        """Show nothing: the movie is another one, or gone."""
        self._shown = self._circled = None
        self._rest_timer.stop()
        self._advisor.forget()
        self._radius.setAdvice(None)
        self._events.clear()
        self._count_events()
        self._comparison.forget()
        if (viewer := self.viewer) is not None:
            track_vectors.remove_search(viewer)
            track_layers.remove_tracks(viewer)

    def _offer_colours(self) -> None:
        viewer = self.viewer
        layer = track_layers.tracks_layer(viewer) if viewer else None
        names = [] if layer is None else list(layer.features)
        if names != [self._colour.itemData(index) for index in range(self._colour.count())]:
            self._colour.clear()
            for name in names:
                self._colour.addItem(_COLOURS.get(name, name), name)
        if layer is not None:
            self._colour.setCurrentIndex(self._colour.findData(layer.color_by))
        self._colour.setEnabled(bool(names))

    def _list_events(self) -> None:
        followed = self.session.followed
        if followed is None:
            return
        events, reviewed, key = followed.tables.events, self.session.reviewed, self._movie_key()
        self._events.setValue(
            events.assign(
                **{
                    SEEN: reviewed.are_seen(key, events),
                    DISMISSED: reviewed.are_dismissed(key, events),
                }
            )
        )
        self._count_events()
        if self._circled is not None and not self._events.lists(self._circled):
            self._leave_event()

    def _count_events(self) -> None:
        """Say how many events are left to look at, as long as they are those of the tracks now."""
        followed = self.session.followed
        if followed is None:
            self._n_events.say("")
            return
        n_left = self._events.n_to_look_at()
        words = f"{n_left:,} to look at" if n_left else "nothing to look at"
        self._n_events.say(words, About.of(tracks_of, followed))
        self._n_events.check(self.session)

    def _movie_key(self) -> Any:
        movie = self.session.movie
        return None if movie is None else (movie.fingerprint, movie.axes)

    # The circle

    def _leave_event(self) -> None:
        """Take the circle away that was drawn for an event."""
        if self._circled is not None:
            self._circled = None
            self._hide_circle()

    def _toggle_circle(self, shown: bool) -> None:
        self._circle_timer.stop()
        if shown:
            self._draw_circle()
        else:
            self._hide_circle()

    def _flash_circle(self) -> None:
        self._circled = None
        # Drawn later, so that all docks show the new radius first.
        self._flash_timer.start()
        if not self._circle.isChecked():
            self._circle_timer.start()

    def _hide_circle(self) -> None:
        if (viewer := self.viewer) is not None and not self._circle.isChecked():
            track_vectors.hide_search(viewer)

    def _draw_circle(self) -> None:
        """Draw the radius round the picked cell, or the one nearest to the middle of the view."""
        viewer, image, followed = self.viewer, self.session.layer, self.session.followed
        if viewer is None or image is None or followed is None:
            return
        objects, picked = followed.tables.objects, self.session.picked
        cells = objects[objects[FRAME].to_numpy() == self.session.frame]
        if picked and (cells[TRACK_ID] == picked).any():
            cells = cells[cells[TRACK_ID] == picked]
        cell = nearest_cell(cells, self.session.frame, centre_of_view(viewer, image))
        if cell is not None:
            radius = self.session.recipe.link.max_distance_px
            track_vectors.show_search(viewer, image, (cell[Y_PX], cell[X_PX]), radius)

    def _draw_event(self, event: pd.Series) -> None:
        """Draw the radius and the candidates of the frame that the event is about."""
        viewer, image, followed = self.viewer, self.session.layer, self.session.followed
        if viewer is None or image is None or followed is None:
            return
        frames, frame = followed.frames, int(event[FRAME])
        index = frames.index(frame) + (1 if event[KIND] in _AHEAD else -1)
        radius, objects = self.session.recipe.link.max_distance_px, followed.tables.objects
        place = (float(event[Y_PX]), float(event[X_PX]))
        candidates = objects[:0]
        if 0 <= index < len(frames):
            drift = followed.tables.drift.set_index(FRAME)[[DRIFT_Y_PX, DRIFT_X_PX]]
            moved = drift.loc[frames[index]] - drift.loc[frame]
            # The linker searches where the cell would be if it moved as all do.
            place = (place[0] + float(moved[DRIFT_Y_PX]), place[1] + float(moved[DRIFT_X_PX]))
            candidates = objects[objects[FRAME] == frames[index]]
            apart = (candidates[Y_PX] - place[0]) ** 2 + (candidates[X_PX] - place[1]) ** 2
            candidates = candidates[apart <= (_CANDIDATE_RADII * radius) ** 2]
        track_vectors.show_search(viewer, image, place, radius, candidates[[Y_PX, X_PX]].to_numpy())

    def _restyle(self, event: Any = None) -> None:
        super()._restyle(event)
        if (viewer := self.viewer) is not None:
            for part in (self._radius, self._events):
                part.restyle(viewer.theme)
