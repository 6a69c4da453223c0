"""DrawnLayers: the layers that a session draws over the image, and what its viewer shows."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from napari.components import ViewerModel

from napari_celltrack.gui import view
from napari_celltrack.gui.found_cells import Followed
from napari_celltrack.gui.gui_queue import GuiQueue
from napari_celltrack.gui.hand_labels import HandLabels
from napari_celltrack.gui.lane import Lane, one_result
from napari_celltrack.gui.layers import movie_layers, track_layers
from napari_celltrack.gui.layers.layer_watch import LayerWatch
from napari_celltrack.gui.layers.leaving import leaving_of
from napari_celltrack.gui.layers.track_rows import TrackRows, rows_to_show
from napari_celltrack.gui.selection import mark_selected, track_under
from napari_celltrack.movie import Movie

#: Returned by `next` after the last step.
_END = object()


class DrawnLayers:
    """Draws cells, tracks and selected tracks, where there is a viewer and an image in it.

    Parameters
    ----------
    viewer : ViewerModel
        Held weakly.
    watch : LayerWatch
        Knows the image.
    hand : HandLabels
        Knows which cells a person corrected; those are never drawn over.
    """

    def __init__(self, viewer: ViewerModel, watch: LayerWatch, hand: HandLabels) -> None:
        self._viewer = weakref.ref(viewer)
        # From now on, for no layer of this viewer is removed safely without.
        leaving_of(viewer)
        self._watch, self._hand = watch, hand
        #: Very many tracks take long to prepare.
        self._lane = Lane("celltrack rows")
        self._queue = GuiQueue()
        #: The tracks that are drawn, or will be, with all their rows.
        self._drawn_whole: Followed | None = None

    def frame(self, movie: Movie | None) -> int:
        """Return the frame in view, 0 where there is none."""
        viewer, image = self._viewer(), self._watch.layer
        if viewer is None or movie is None or image not in viewer.layers:
            return 0
        return movie_layers.frame_in_view(viewer, image, movie)

    def has_cells(self) -> bool:
        """Whether cells are drawn."""
        viewer = self._viewer()
        return viewer is not None and movie_layers.cells_layer(viewer) is not None

    def draw_cells(self, movie: Movie, frame: int, labels: npt.NDArray[np.int32]) -> None:
        """Write the cells of a frame into their layer, unless the user corrected them."""
        viewer, image = self._viewer(), self._watch.layer
        if viewer is None or image is None:
            return
        if self._hand.has_touched(frame) and movie_layers.cells_layer(viewer) is not None:
            return
        in_view = frame == self.frame(movie)
        with self._watch.drawing():
            cells = movie_layers.show_labels(viewer, image, movie, frame, labels, in_view=in_view)
        self._hand.watch(cells)

    def put_cells(self, movie: Movie, cells: Mapping[int, npt.NDArray[np.int32]]) -> None:
        """Write the cells of frames that a person made."""
        viewer, image = self._viewer(), self._watch.layer
        if viewer is None or image is None:
            return
        for frame, labels in cells.items():
            with self._watch.drawing():
                is_shown = frame == self.frame(movie)
                layer = movie_layers.show_labels(
                    viewer, image, movie, frame, labels, in_view=is_shown
                )
            self._hand.watch(layer)

    def release_cells(self) -> None:
        """Give the cells that were corrected by hand to the user."""
        viewer = self._viewer()
        if self._hand.corrected and viewer is not None:
            movie_layers.release_cells(viewer)

    def leave(self) -> None:
        """Take all layers of ours off the image, which is no longer in use."""
        if (viewer := self._viewer()) is not None:
            movie_layers.leave_image(viewer)

    def fit(self, movie: Movie | None) -> None:
        """Make the cells ready for a movie; without one they go. What a person made stays."""
        viewer, image = self._viewer(), self._watch.layer
        if viewer is None or movie_layers.do_cells_fit(viewer, image, movie):
            return
        self._hand.keep_strokes()
        self.release_cells()
        self._hand.forget()
        movie_layers.fit_cells(viewer, image, movie)

    @property
    def is_drawing(self) -> bool:
        """Whether layers of tracks are still to be written."""
        return self._queue.busy

    def draw_tracks(self, shown: TrackRows | None, done: Callable[[], None]) -> None:
        """Write the layers of tracks, one after the other, and then call a function."""
        self._queue.take(self._drawing(shown), done)

    def draw_tracks_now(self, shown: TrackRows | None) -> None:
        """Write the layers of tracks at once."""
        self._drawn_whole = None
        for _ in self._drawing(shown):
            pass

    def draw_all_tracks(self, followed: Followed, done: Callable[[], None]) -> None:
        """Write all rows of tracks, also those that take napari long, as soon as they are ready.

        Parameters
        ----------
        followed : Followed
            Of which a part is shown.
        done : callable
            Called when they are drawn; not if they were drawn already.
        """
        viewer = self._viewer()
        if viewer is None or followed is self._drawn_whole:
            return
        if track_layers.shows_all(viewer, followed.tables):
            return
        # Several docks ask for the same.
        self._drawn_whole = followed
        self._lane.submit(one_result(_all_rows, followed), partial(self._take_rows, done), _raise)

    def forget(self) -> None:
        """Stop drawing: the tracks have changed."""
        self._lane.cancel()
        self._queue.finish()
        self._drawn_whole = None

    def mark(
        self, movie: Movie | None, followed: Followed | None, selected: tuple[int, ...]
    ) -> None:
        """Highlight the selected tracks."""
        with self._watch.drawing():
            mark_selected(self._viewer(), self._watch.layer, movie, followed, selected)

    def track_under(self, followed: Followed, frame: int, world: Any) -> int:
        """Return the track at a place of the viewer, or 0."""
        viewer, image = self._viewer(), self._watch.layer
        if viewer is None or image is None:
            return 0
        return track_under(viewer, image, followed, frame, world)

    def follow_image(self) -> None:
        """Bring all layers to the place of the image, which was moved or scaled."""
        viewer, image = self._viewer(), self._watch.layer
        if viewer is not None and image is not None:
            movie_layers.move_cells(viewer, image)
            track_layers.move_tracks(viewer, image)

    def go_to(self, movie: Movie | None, frame: int, **place: float | None) -> None:
        """Show a frame, and a place in it; see :func:`napari_celltrack.gui.view.go_to`."""
        viewer, image = self._viewer(), self._watch.layer
        if viewer is not None and image is not None and movie is not None:
            view.go_to(viewer, image, movie, frame, **place)

    def _take_rows(self, done: Callable[[], None], shown: TrackRows | None) -> None:
        self.draw_tracks(shown, done)

    def _drawing(self, shown: TrackRows | None) -> Iterator[None]:
        viewer, image = self._viewer(), self._watch.layer
        if viewer is None or image is None:
            return
        steps = track_layers.drawing_tracks(viewer, image, shown)
        # A viewer that was closed meanwhile has no layers.
        while image in viewer.layers:
            with self._watch.drawing():
                if next(steps, _END) is _END:
                    return
            yield


def _all_rows(followed: Followed) -> TrackRows | None:
    return rows_to_show(followed.tables, followed.movie, followed.frames[0], None)


def _raise(error: Exception) -> None:
    raise error
