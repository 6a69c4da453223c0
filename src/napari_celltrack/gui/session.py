"""Session: what all docks of one viewer share. Knows no widgets.

It holds the movie and the recipe, follows the viewer, and has cells found and followed in the
background whenever something that they depend on has changed and somebody is looking: first the
frame in view, then a window of frames round it, then the tracks through them.
"""

from __future__ import annotations

import weakref
from collections.abc import Hashable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from napari.components import ViewerModel
from napari.layers import Image, Labels

from napari_celltrack.analysis.reviewed import Reviewed
from napari_celltrack.engine import CellSource, ChannelGuess, FrameResult
from napari_celltrack.engine.cache import StageCache
from napari_celltrack.errors import CelltrackError
from napari_celltrack.gui.by_hand import ByHand
from napari_celltrack.gui.channel_guess import CellChannel
from napari_celltrack.gui.drawn_layers import DrawnLayers
from napari_celltrack.gui.failure import report
from napari_celltrack.gui.file_channels import (
    axes_in_layer,
    does_name_channel,
    is_one_of_several,
    recipe_in,
    recipe_of,
    without_channel,
)
from napari_celltrack.gui.follower import Follower, Wanted
from napari_celltrack.gui.found_cells import Followed, Found
from napari_celltrack.gui.hand_labels import HandLabels
from napari_celltrack.gui.history import History
from napari_celltrack.gui.layers import movie_layers
from napari_celltrack.gui.layers.layer_file import forget_file
from napari_celltrack.gui.layers.layer_watch import LayerWatch
from napari_celltrack.gui.layers.newest import NewestMovie
from napari_celltrack.gui.layers.other_layers import OtherLayers
from napari_celltrack.gui.picking import Picking
from napari_celltrack.gui.preview import Preview
from napari_celltrack.gui.progress import RunState
from napari_celltrack.gui.selection import as_selection
from napari_celltrack.gui.session_state import SessionState
from napari_celltrack.gui.watches import Watch, Watched, Watches
from napari_celltrack.movie import Movie
from napari_celltrack.recipe import Recipe

__all__ = ["Followed", "Found", "RunState", "Session", "session_of"]

_sessions: weakref.WeakKeyDictionary[ViewerModel, Session] = weakref.WeakKeyDictionary()

#: Frames round the one in view that are followed at once.
_PREVIEW_FRAMES = 10


def session_of(viewer: Any) -> Session:
    """Return the session of a viewer, the same for all its docks.

    Parameters
    ----------
    viewer : napari.Viewer
        The viewer, or one of the proxies of it that docks are given.
    """
    viewer = getattr(viewer, "__wrapped__", viewer)
    if viewer not in _sessions:
        _sessions[viewer] = Session(viewer)
    return _sessions[viewer]


class Session(SessionState):
    """Movie, recipe, cache and background lanes of a viewer.

    Nothing is computed until somebody looks, see :meth:`watch`.

    Parameters
    ----------
    viewer : ViewerModel
        Held weakly.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = weakref.ref(viewer)
        self._layer_watch = LayerWatch(viewer, self._on_pixels, self._on_calibrated, self._on_moved)
        self._movie: Movie | None = None
        self._recipe = Recipe()
        self._history = History(self._recipe)
        self._live = True
        self._watches = Watches()
        self._hand = HandLabels(self._current_frame, self._changed_cells, self._on_corrected)
        self._drawn = DrawnLayers(viewer, self._layer_watch, self._hand)
        self._problem = ""
        self._picked = 0
        self._selected: tuple[int, ...] = ()
        self._picking = Picking(viewer, self._pick_at)
        self.others = OtherLayers(viewer)
        self.others.changed.connect(self._changed_cells)
        #: Events that the user has seen, and those that are fine as they are.
        self.reviewed = Reviewed()
        self.by_hand = ByHand(viewer, self._hand, self.reviewed)
        self.preview_frames = _PREVIEW_FRAMES
        self.cache = StageCache()
        self._channel = CellChannel()
        self._preview = Preview()
        self.follower = Follower()
        self.follower.frame_measured.connect(self._on_measured)
        self.follower.followed.connect(self._on_followed)
        self.follower.run_changed.connect(self._on_run)
        self.follower.failed.connect(self._fail)
        # napari holds methods weakly, so the viewer does not keep its session nor the reverse.
        viewer.dims.events.current_step.connect(self._follow_slider)
        viewer.layers.events.removed.connect(self._forget_removed)
        self._newest = NewestMovie(viewer)
        self._newest.opened.connect(self._on_opened)

    def watch(self, what: Watched) -> Watch:
        """Have something found, now and whenever a change makes it another.

        Parameters
        ----------
        what : {"cells", "tracks"}
            Cells of the frame in view are found, and frames round it measured and linked. With
            tracks, these are drawn too, and a click into the picture picks one.

        Returns
        -------
        Watch
            Has an end; what was found stays where it is.
        """
        watch = self._watches.begin(what)
        self.request_preview()
        return watch

    # What the user does

    def set_live(self, live: bool) -> None:
        """Choose whether a change shows at once."""
        self._live = live
        self.request_preview()

    def update(self, **changes: Any) -> None:
        """Change some fields of the recipe, by name.

        Raises
        ------
        RecipeError
            If a value is refused; the recipe stays as it was.
        """
        self.set_recipe(self._recipe.replace(**changes))

    def set_recipe(self, recipe: Recipe) -> None:
        """Use another recipe; :meth:`undo` goes back to the one before."""
        if recipe != self._recipe:
            self._history.put(recipe)
            self._use(recipe)

    def take_recipe(self, recipe: Recipe) -> None:
        """Use a recipe of a person's, whose channel holds for other movies too."""
        self._channel.forget()
        self.set_recipe(recipe)

    def undo(self) -> None:
        """Take the last change of the recipe back."""
        self._use(recipe_of(self.layer, self._history.undo()))

    def redo(self) -> None:
        """Make the change again that was taken back last."""
        self._use(recipe_of(self.layer, self._history.redo()))

    def open_layer(self, layer: Image | None) -> None:
        """Use another layer of the viewer, or none; cells are looked for in its channel."""
        if layer is self.layer and (layer is None) == (self._movie is None):
            return
        recipe = self._recipe
        is_of_other = not movie_layers.show_one_movie(self.layer, layer)
        if layer is not None and is_of_other and self._channel.is_guessed(recipe):
            recipe = without_channel(recipe)
        self._open(layer, recipe_in(layer, self.layer, recipe))

    def take_movie(self, layer: Image) -> None:
        """Use a movie that was opened: in the channel that the recipe names, or that has cells."""
        is_guessed = self._channel.is_guessed(self._recipe)
        if is_guessed or (is_one_of_several(layer) and not does_name_channel(layer, self._recipe)):
            self._open(layer, without_channel(self._recipe))
        else:
            self._open(layer, recipe_of(layer, self._recipe))
            self._follow_channel()

    def use_labels(self, layer: Labels | None) -> None:
        """Take the cells from a Labels layer of the user, or find them again with None."""
        if layer is self._hand.layer:
            return
        self._hand.use(layer)
        self.labels_changed.emit()
        self._changed_cells()

    def drop_corrections(self) -> None:
        """Find the cells of frames again that were corrected by hand."""
        frames = set(self._hand.corrected)
        self._hand.forget()
        self._on_corrected(frames)

    def read_by_hand(self, file: Path) -> int:
        """Use what was saved of what a person made; return how many frames were corrected.

        Raises
        ------
        CelltrackError
            If it cannot be read, or is of another movie.
        """
        corrected = self.by_hand.read(file)
        if self._movie is not None and corrected:
            self._drawn.put_cells(self._movie, corrected)
            self._hand.corrected |= corrected
        self._on_corrected(set(corrected))
        return len(corrected)

    def go_to(
        self,
        frame: int,
        y_px: float | None = None,
        x_px: float | None = None,
        width_px: float | None = None,
    ) -> None:
        """Show a frame, and a place in it; see :func:`napari_celltrack.gui.view.go_to`."""
        self._drawn.go_to(self._movie, frame, y_px=y_px, x_px=x_px, width_px=width_px)

    def pick(self, track_id: int) -> None:
        """Make a track stand out, or none with 0."""
        self.select((track_id,))

    def select(self, track_ids: Iterable[int]) -> None:
        """Make tracks stand out in the picture and in all docks; a single one is picked."""
        selected = as_selection(track_ids)
        if selected == self._selected:
            return
        self._selected = selected
        self._drawn.mark(self._movie, self.followed, selected)
        picked = selected[0] if len(selected) == 1 else 0
        if picked != self._picked:
            self._picked = picked
            self.picked_changed.emit(picked)
        self.selected_changed.emit(selected)

    def show_tracks(self) -> None:
        """Draw the tracks that were found while nobody looked at tracks."""
        if (followed := self.followed) is not None:
            self._drawn.draw_tracks_now(followed.shown)

    def show_all_tracks(self) -> None:
        """Draw also those detections of tracks that are felt, for nothing moves now."""
        if self.followed is not None and self.is_followed_now:
            self._drawn.draw_all_tracks(self.followed, self.tracks_drawn.emit)

    def run_all(self) -> None:
        """Find and follow the cells of all frames, in the background."""
        if (wanted := self._wanted()) is not None:
            self.follower.run_all(wanted)

    def cancel_run(self) -> None:
        """Stop :meth:`run_all`; what is done stays."""
        self.follower.cancel_run("Stopped; what is done is kept.")

    def request_preview(self) -> None:
        """Have the cells of the frame in view found, and followed, if somebody looks."""
        if self._movie is None or not self._live or not self._watches.cells:
            return
        if self._channel.is_awaited:
            return  # its answer asks again
        asked = self._measured_with(), self.frame
        if self._preview.is_answered(*asked) and self._drawn.has_cells() and not self._problem:
            self._request_follow()
        elif not self._preview.is_awaited(*asked) and (wanted := self._wanted()) is not None:
            self._preview.find(wanted, self._show, self._fail)

    # How it is done

    def _use(self, recipe: Recipe) -> None:
        if recipe == self._recipe:
            return
        other_axes = recipe.input.axes != self._recipe.input.axes
        other_channel = recipe.input.channel != self._recipe.input.channel
        before = self._measured_with()
        self._recipe = recipe
        if other_channel:
            self._channel.forget()
            self._find_channel()
        # What was wrong may be right now; if it is not, the next job says so.
        if self._movie is not None:
            self._problem = ""
        self.recipe_changed.emit(recipe)
        if other_axes:
            self._start_clean()
            self._read_layer()
        if other_channel:
            self._follow_channel()
        if before != self._measured_with():
            self._changed_cells()
        else:
            self.request_preview()

    def _open(self, layer: Image | None, recipe: Recipe) -> None:
        is_other = recipe != self._recipe
        if is_other:
            # A channel that was left open is no change of a person's, nor is one that is now.
            is_open = None in {self._recipe.input.channel, recipe.input.channel}
            (self._history.amend if is_open else self._history.put)(recipe)
            self._recipe = recipe
        if layer is None:
            self._channel.stop()
        else:
            self._channel.forget()
        self._switch(layer)
        if is_other:
            self.recipe_changed.emit(recipe)

    def _find_channel(self) -> None:
        """Have the channel with the cells found, where the recipe leaves it open."""
        movie, recipe = self._movie, self._recipe
        if movie is None or recipe.input.channel is not None or len(movie.channels) == 1:
            return

        self._channel.find(movie, recipe, self._take_channel, self._fail_to_find_channel)

    def _take_channel(self, guess: ChannelGuess) -> None:
        input_ = self._recipe.input.replace(channel=guess.channel)
        self._recipe = self._recipe.replace(input=input_)
        # Nobody chose it, so there is nothing to take back.
        self._history.amend(self._recipe)
        self.recipe_changed.emit(self._recipe)
        self._follow_channel()
        self._changed_cells()

    def _fail_to_find_channel(self, error: Exception) -> None:
        self._fail(error)
        self.request_preview()

    def _switch(self, layer: Image | None) -> None:
        # Cells are the same in all channels of a movie, also those that a person made.
        stays = is_one_of_several(layer) and movie_layers.show_one_movie(self.layer, layer)
        kept = self._hand.take() if stays else {}
        self._start_clean()
        if not stays:
            self._hand.use(None)
        self._layer_watch.use(layer)
        self._read_layer()
        if kept and self._movie is not None:
            self._drawn.put_cells(self._movie, kept)
            self._hand.corrected = kept
        self.labels_changed.emit()
        self.request_preview()

    def _follow_channel(self) -> None:
        """Draw over the layer of the channel in which cells are looked for."""
        layer, movie, viewer = self.layer, self._movie, self._viewer()
        if layer is None or movie is None or viewer is None or not is_one_of_several(layer):
            return
        if self._recipe.input.channel is None:
            return
        try:
            channel = movie.channel_index(self._recipe.input.channel)
        except CelltrackError:
            return  # the next job says so
        other = movie_layers.sibling(viewer, layer, channel)
        if other is not None and other is not layer:
            self._switch(other)

    def _changed_cells(self) -> None:
        """Begin anew with other cells; what was computed for the earlier ones is not waited for."""
        self.follower.stop()
        self.cells_counted.emit()
        self.request_preview()

    def _start_clean(self) -> None:
        """Forget the movie and what was found, for another or none; what a person made stays."""
        self._movie = None
        self._hand.keep_strokes()
        self._drawn.release_cells()
        self._preview.start_clean()
        self._drawn.forget()
        self.follower.start_clean()
        self._hand.forget()
        self._drawn.leave()

    def _wanted(self) -> Wanted | None:
        """Return what is wanted now; a job keeps it, whatever changes meanwhile."""
        layer, movie = self.layer, self._movie
        if layer is None or movie is None:
            return None
        try:
            given = self._hand.movie(layer, movie)
            frames = self._frames()
        except CelltrackError as error:
            self._fail(error)
            return None
        corrected = dict(self._hand.corrected)
        source = CellSource(
            movie, self._recipe, given=given, corrected=corrected, others=self.others.movies()
        )
        keys = self._measured_with(), self._linked_with()
        return Wanted(source, self.cache, self.frame, frames, *keys)

    def _read_layer(self, fingerprint: str | None = None) -> None:
        """Make the movie of the layer; with a fingerprint, its pixels are the ones known."""
        layer = self.layer
        movie, problem = None, ""
        if layer is not None:
            try:
                axes = axes_in_layer(layer, self._recipe.input.axes)
                movie = movie_layers.movie_of_file(layer, axes, fingerprint)
            except CelltrackError as error:
                problem = str(error)
        self._movie = movie
        self.by_hand.use(movie)
        self._drawn.fit(movie)
        if movie is None:
            self._preview.result = None
        self._problem = problem
        self.others.fit(layer, movie)
        self._find_channel()
        self.movie_changed.emit(movie)
        if problem:
            self.failed.emit(problem)

    def _show(self, key: Hashable, found: Found) -> None:
        movie = self._movie
        if movie is None or not self._watches.cells:
            return
        if found.movie.fingerprint != movie.fingerprint or found.movie.axes != movie.axes:
            return
        self._drawn.draw_cells(movie, found.frame, found.labels)
        self.follower.count(key, found.frame, found.n_cells)
        self._preview.put(key, found)
        self._problem = ""
        self.frame_found.emit(found)
        self.cells_counted.emit()
        # While a slider is dragged the next frame in view comes first.
        if key == self._measured_with():
            self._request_follow()

    def _request_follow(self) -> None:
        """Have the frames round the one in view measured and linked, if somebody looks."""
        if not self._watches.cells or not self._live or self._problem:
            return
        if (wanted := self._wanted()) is not None and wanted.frames:
            self.follower.follow(wanted, self.preview_frames)

    def _on_measured(self, key: Hashable, result: FrameResult) -> None:
        if self._movie is not None and key == self._measured_with():
            self._drawn.draw_cells(self._movie, result.frame, result.labels)
            self.cells_counted.emit()

    def _on_followed(self, key: Hashable, result: Followed) -> None:
        if self._viewer() is None or self.layer is None or key != self._measured_with():
            return
        self._drawn.forget()
        tell = partial(self._tell_followed, result)
        if self._watches.tracks:
            self._drawn.draw_tracks(result.shown, tell)
        else:
            tell()

    def _tell_followed(self, result: Followed) -> None:
        self._drawn.mark(self._movie, result, self._selected)
        self.tracks_found.emit(result)

    def _pick_at(self, world: Any) -> None:
        """Pick the track at a place that was clicked, if somebody looks at tracks."""
        if self.followed is not None and self._watches.tracks:
            self.pick(self._drawn.track_under(self.followed, self.frame, world))

    def _on_run(self, state: RunState) -> None:
        self.run_changed.emit(state)
        if not state.running:
            self._request_follow()

    def _fail(self, error: Exception) -> None:
        self._preview.ask_again()
        self._problem = report(error)
        self.failed.emit(self._problem)

    def _on_corrected(self, frames: set[int]) -> None:
        self.follower.forget_frames(frames)
        self._preview.ask_again()
        self.labels_changed.emit()
        self._changed_cells()

    def _on_pixels(self) -> None:
        if self.layer is not None:
            forget_file(self.layer)
        self._read_layer()
        self.request_preview()

    def _on_calibrated(self) -> None:
        self._read_layer(self._movie.fingerprint if self._movie else None)
        self._drawn.follow_image()
        self.request_preview()

    def _on_moved(self) -> None:
        self._drawn.follow_image()

    def _follow_slider(self, event: Any = None) -> None:
        viewer = self._viewer()
        # A viewer that loses its last layer moves its slider before it says so.
        if self._movie is None or viewer is None or self.layer not in viewer.layers:
            return
        self.frame_changed.emit(self.frame)
        self.request_preview()

    def _forget_removed(self, event: Any) -> None:
        if event.value is self.layer:
            self.open_layer(None)
        elif event.value is self._hand.layer:
            self.use_labels(None)

    def _on_opened(self, layer: Image) -> None:
        """Work on a movie that was opened beside the one in use."""
        if self.layer is None:
            return
        if movie_layers.show_one_movie(self.layer, layer):
            # Its other channels are there by now.
            self._follow_channel()
        else:
            self.take_movie(layer)
