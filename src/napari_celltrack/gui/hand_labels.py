"""Cells that a person made: a Labels layer of the user, or `cells` corrected by hand.

Neither is changed or thrown away unless the user asks for it.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from napari.layers import Image, Labels
from qtpy.QtCore import QTimer

from napari_celltrack.errors import MovieError
from napari_celltrack.gui.layers import movie_layers
from napari_celltrack.movie import Movie
from napari_celltrack.readers import check_label_movie

#: Strokes of a brush that follow each other within this time are one.
_STROKE_MS = 250
#: Events of a layer of the user after which its labels are others.
_PAINTING_EVENTS = ("paint", "labels_update", "data")


class HandLabels:
    """The labels layer in use, if any, and the frames of `cells` that were corrected.

    Parameters
    ----------
    frame_in_view : callable
        Gives the frame in view.
    on_given : callable
        Called when the labels in use changed.
    on_corrected : callable
        Called with the frames that were corrected, after the last stroke.
    """

    def __init__(
        self,
        frame_in_view: Callable[[], int],
        on_given: Callable[[], None],
        on_corrected: Callable[[set[int]], None],
    ) -> None:
        # Weak, for the session that they belong to holds this object.
        self._frame_in_view = weakref.WeakMethod(frame_in_view)
        self._on_given = weakref.WeakMethod(on_given)
        self._on_corrected = weakref.WeakMethod(on_corrected)
        self._given: weakref.ref[Labels] | None = None
        self._watched: weakref.ref[Labels] | None = None
        self._version = 0
        self._touched: set[int] = set()
        self.corrected: dict[int, npt.NDArray[np.int32]] = {}
        #: Layers of the user that were painted in while they were in use.
        self.painted: weakref.WeakSet[Labels] = weakref.WeakSet()
        self._given_timer = _timer(self._say_given)
        self._stroke_timer = _timer(self._take_strokes)

    @property
    def layer(self) -> Labels | None:
        """The layer of the user that takes the place of segmentation, or None."""
        return self._given() if self._given else None

    @property
    def version(self) -> int:
        """Grows with every change of the labels in use."""
        return self._version

    def use(self, layer: Labels | None) -> None:
        """Use a Labels layer of the user, or none."""
        if self.layer is not None:
            for name in _PAINTING_EVENTS:
                getattr(self.layer.events, name).disconnect(self._on_painted)
        self._given = None if layer is None else weakref.ref(layer)
        self._version += 1
        if layer is not None:
            for name in _PAINTING_EVENTS:
                getattr(layer.events, name).connect(self._on_painted)

    def movie(self, image: Image, movie: Movie) -> Movie | None:
        """Return the labels in use as a movie that fits another, or None without any.

        Raises
        ------
        MovieError
            If they do not fit.
        """
        layer = self.layer
        if layer is None:
            return None
        axes = "YX" if layer.ndim == 2 else movie.axes.replace("C", "")
        if layer.ndim != len(axes):
            raise MovieError(
                f"The labels {layer.name} have {layer.ndim} dimensions and {movie.name} has "
                f"{image.ndim}; choose labels of the same frames."
            )
        given = movie_layers.movie_from_labels(layer, axes)
        check_label_movie(given)
        if given.shape != movie.shape or given.n_frames not in (1, movie.n_frames):
            raise MovieError(
                f"The labels {layer.name} are {_size(given)} and {movie.name} is {_size(movie)}; "
                "choose labels of the same frames."
            )
        return given

    def watch(self, cells: Labels) -> None:
        """Notice what the user paints in our own layer, and no more in one before."""
        before = self._cells()
        if before is cells:
            return
        if before is not None:
            before.events.paint.disconnect(self._on_stroke)
            before.events.set_data.disconnect(self._on_drawn)
        self._watched = weakref.ref(cells)
        cells.events.paint.connect(self._on_stroke)
        cells.events.set_data.connect(self._on_drawn)

    def has_touched(self, frame: int) -> bool:
        """Whether a frame was corrected, or is at this moment."""
        return frame in self.corrected or frame in self._touched

    def settle(self) -> None:
        """Take the last stroke for a correction now, and say so."""
        if self._touched:
            self._stroke_timer.stop()
            self._take_strokes()

    def keep_strokes(self) -> None:
        """Take the last stroke for a correction now, without saying so."""
        self._stroke_timer.stop()
        cells, frames, self._touched = self._cells(), self._touched, set()
        if cells is not None and movie_layers.is_cells(cells):
            for frame in frames:
                self.corrected[frame] = movie_layers.frame_of_cells(cells, frame)

    def take(self) -> dict[int, npt.NDArray[np.int32]]:
        """Return all corrections, with the last stroke, and forget them."""
        self.keep_strokes()
        taken = self.corrected
        self.forget()
        return taken

    def forget(self) -> None:
        """Forget all corrections."""
        self._stroke_timer.stop()
        self._touched = set()
        self.corrected = {}

    def _on_painted(self, event: Any = None) -> None:
        if self.layer is not None:
            self.painted.add(self.layer)
        self._given_timer.start(_STROKE_MS)

    def _say_given(self) -> None:
        self._version += 1
        if (say := self._on_given()) is not None:
            say()

    def _on_stroke(self, event: Any = None) -> None:
        cells, frame_in_view = self._cells(), self._frame_in_view()
        if cells is None or frame_in_view is None or not movie_layers.is_cells(cells):
            return
        frame = frame_in_view()
        # A brush may reach into the frames before and after.
        reach = round(cells.brush_size / 2) if cells.n_edit_dimensions > 2 else 0
        n_frames = movie_layers.n_frames_of_cells(cells)
        self._touched |= set(range(max(frame - reach, 0), min(frame + reach + 1, n_frames)))
        self._stroke_timer.start(_STROKE_MS)

    def _on_drawn(self, event: Any = None) -> None:
        """Notice that a stroke was undone: napari has no event for it."""
        cells, frame_in_view = self._cells(), self._frame_in_view()
        if not self.corrected or cells is None or frame_in_view is None:
            return
        if not movie_layers.is_cells(cells):
            return
        frame = frame_in_view()
        known = self.corrected.get(frame)
        if known is not None and not np.array_equal(
            movie_layers.frame_of_cells(cells, frame), known
        ):
            self._on_stroke()

    def _take_strokes(self) -> None:
        frames = set(self._touched)
        self.keep_strokes()
        if frames and (say := self._on_corrected()) is not None:
            say(frames)

    def _cells(self) -> Labels | None:
        return self._watched() if self._watched else None


def _timer(slot: Callable[[], None]) -> QTimer:
    timer = QTimer()
    timer.setSingleShot(True)
    timer.timeout.connect(slot)
    return timer


def _size(movie: Movie) -> str:
    frames = f"{movie.n_frames} frames of " if movie.n_frames > 1 else ""
    return f"{frames}{movie.height_px} x {movie.width_px} px"
