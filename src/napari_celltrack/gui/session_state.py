"""What a session knows, and what it tells those who listen; what it does is in `session.py`."""

from __future__ import annotations

from collections.abc import Hashable

import pandas as pd
from napari.layers import Image, Labels
from psygnal import Signal

from napari_celltrack.gui.channel_guess import CellChannel
from napari_celltrack.gui.drawn_layers import DrawnLayers
from napari_celltrack.gui.follower import Follower
from napari_celltrack.gui.found_cells import Followed, Found
from napari_celltrack.gui.hand_labels import HandLabels
from napari_celltrack.gui.history import History
from napari_celltrack.gui.lane import Lane
from napari_celltrack.gui.layers.layer_watch import LayerWatch
from napari_celltrack.gui.layers.other_layers import OtherLayers
from napari_celltrack.gui.measured_frames import coverage_of
from napari_celltrack.gui.preview import Preview
from napari_celltrack.gui.progress import RunState
from napari_celltrack.gui.watches import Watches
from napari_celltrack.movie import Movie
from napari_celltrack.recipe import Recipe


class SessionState:
    """The readable half of :class:`~napari_celltrack.gui.session.Session`."""

    recipe_changed = Signal(Recipe)
    #: The movie, or None.
    movie_changed = Signal(object)
    #: The frame in view was found.
    frame_found = Signal(Found)
    #: `counts` changed.
    cells_counted = Signal()
    #: A range of frames was linked.
    tracks_found = Signal(Followed)
    #: More rows of the same tracks are in the layers than at first.
    tracks_drawn = Signal()
    #: *Run all frames* began, went on or ended.
    run_changed = Signal(RunState)
    #: Other labels are in use, or cells were corrected by hand.
    labels_changed = Signal()
    #: The track id that was picked, 0 for none.
    picked_changed = Signal(int)
    #: Ids of the tracks that stand out, sorted; the picked one alone, or several.
    selected_changed = Signal(tuple)
    #: One sentence: what is wrong and what to do about it.
    failed = Signal(str)
    #: The slider went to another frame.
    frame_changed = Signal(int)

    #: Other images that are measured under the same cells.
    others: OtherLayers
    follower: Follower
    _layer_watch: LayerWatch
    _channel: CellChannel
    _hand: HandLabels
    _drawn: DrawnLayers
    _history: History
    _movie: Movie | None
    _recipe: Recipe
    _live: bool
    _preview: Preview
    _watches: Watches
    _problem: str
    _picked: int
    _selected: tuple[int, ...]

    @property
    def recipe(self) -> Recipe:
        """The recipe in use; change it with :meth:`update` or :meth:`set_recipe`."""
        return self._recipe

    @property
    def movie(self) -> Movie | None:
        """The movie in use, or None."""
        return self._movie

    @property
    def layer(self) -> Image | None:
        """The layer that the movie was made from, or None."""
        return self._layer_watch.layer

    @property
    def found(self) -> Found | None:
        """The last frame that was found of this movie, or None."""
        return self._preview.result

    @property
    def preview_lane(self) -> Lane:
        """Where the cells of the frame in view are found."""
        return self._preview.lane

    @property
    def followed(self) -> Followed | None:
        """The last range of frames that was linked, or None."""
        return self.follower.result

    @property
    def counts(self) -> pd.DataFrame:
        """Frames that were counted: `frame`, `n_cells`, `is_current` (with the settings now)."""
        return self.follower.counts(self._measured_with())

    @property
    def is_followed_now(self) -> bool:
        """Whether the tracks are those of the settings now, and drawn."""
        is_current = self.follower.is_current(self._linked_with())
        return is_current and not self._drawn.is_drawing

    @property
    def coverage(self) -> str:
        """Which frames are current, in words; empty when all are."""
        counts = self.counts
        return coverage_of(self._frames(), counts["frame"][counts["is_current"]].tolist())

    @property
    def run_state(self) -> RunState:
        """How far *Run all frames* is, or how it ended."""
        return self.follower.run_state

    @property
    def problem(self) -> str:
        """Why there is no newer result, in a sentence, or empty."""
        return self._problem

    @property
    def frame(self) -> int:
        """The frame in view."""
        return self._drawn.frame(self._movie)

    @property
    def live(self) -> bool:
        """Whether a change shows at once."""
        return self._live

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to take back."""
        return self._history.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether there is a change to make again."""
        return self._history.can_redo

    @property
    def labels_layer(self) -> Labels | None:
        """The layer of the user that takes the place of segmentation, or None."""
        return self._hand.layer

    @property
    def corrected_frames(self) -> frozenset[int]:
        """Frames whose cells were corrected by hand; they stay as they are until dropped."""
        return frozenset(self._hand.corrected)

    @property
    def assumed_channel(self) -> str:
        """What was assumed of the channel, without a full stop; empty where it was chosen."""
        return "" if self._movie is None else self._channel.sentence(self._recipe)

    @property
    def picked(self) -> int:
        """The track id that was picked, 0 for none."""
        return self._picked

    @property
    def selected(self) -> tuple[int, ...]:
        """Ids of the tracks that stand out, sorted."""
        return self._selected

    def _current_frame(self) -> int:
        return self.frame

    def _measured_with(self) -> Hashable:
        """Return all that decides which objects there are, but the frame."""
        movie, recipe = self._movie, self._recipe
        if movie is None:
            return None
        place = (movie.fingerprint, movie.axes, movie.pixel_size_um, movie.frame_interval_s)
        return (*place, recipe.upto("measure"), self._hand.version, self.others.key)

    def _linked_with(self) -> Hashable:
        return self._measured_with(), self._recipe.upto("tracks"), self._recipe.motion

    def _frames(self) -> range:
        return range(0) if self._movie is None else self._recipe.input.frames_of(self._movie)
