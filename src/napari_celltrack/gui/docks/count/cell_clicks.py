"""Clicks on cells in the canvas, while the user was asked for some."""

from __future__ import annotations

import weakref
from collections.abc import Hashable, Iterator
from typing import Any

import numpy as np
from napari.components import ViewerModel
from qtpy.QtCore import QObject, Signal

from napari_celltrack.gui.session import Session
from napari_celltrack.gui.when_destroyed import when_destroyed

#: A hand that clicks moves the mouse this much on the screen; more is a drag.
_STILL_PX = 3


class CellClicks(QObject):
    """Collects places in the frame in view that are clicked while it is on.

    A drag is no click, so the canvas can still be moved. Another frame begins anew.

    Parameters
    ----------
    viewer : ViewerModel
        Held weakly.
    session : Session
        Tells the layer and its axes.
    parent : QObject
        The dock.
    """

    changed = Signal()

    def __init__(self, viewer: ViewerModel, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = weakref.ref(viewer)
        self._session = session
        self._places: list[tuple[float, float]] = []
        self._on = False
        self._movie: Hashable = None
        # The list of the viewer must not keep the dock; and it must find its entry again.
        self._callback = _callback_of(weakref.ref(self))
        callbacks, callback = viewer.mouse_drag_callbacks, self._callback
        when_destroyed(parent, lambda: _remove(callbacks, callback))

    @property
    def places_px(self) -> tuple[tuple[float, float], ...]:
        """Places (y, x) that were clicked, in pixels of the whole image."""
        return tuple(self._places)

    @property
    def is_on(self) -> bool:
        """Whether clicks are collected."""
        return self._on

    def turn(self, on: bool) -> None:
        """Begin to collect, or stop and forget what was clicked."""
        viewer = self._viewer()
        self._on = on
        self._places = []
        if viewer is not None:
            _remove(viewer.mouse_drag_callbacks, self._callback)
            if on:
                viewer.mouse_drag_callbacks.append(self._callback)
        self.changed.emit()

    def forget(self) -> None:
        """Begin anew; the frame is another."""
        if self._places:
            self._places = []
            self.changed.emit()

    def keep_to(self, movie: Hashable) -> None:
        """Begin anew if the movie is another."""
        if movie != self._movie:
            self._movie = movie
            self.forget()

    def take(self, position: Any) -> None:
        """Take a click at a position of the viewer, if it lies in the image."""
        layer, movie = self._session.layer, self._session.movie
        if layer is None or movie is None:
            return
        # Layers are aligned at their last dimensions.
        place = layer.world_to_data(np.asarray(position, float)[-layer.ndim :])
        axes = movie.axes[:-1] if layer.rgb and movie.axes.endswith("C") else movie.axes
        y, x = float(place[axes.index("Y")]), float(place[axes.index("X")])
        if -0.5 <= y < movie.height_px - 0.5 and -0.5 <= x < movie.width_px - 0.5:
            self._places.append((y, x))
            self.changed.emit()


def _callback_of(weak: weakref.ref[CellClicks]) -> Any:
    def click(viewer: Any, event: Any) -> Iterator[None]:
        if event.button != 1:
            return
        start = np.asarray(event.pos, float)
        yield
        while event.type == "mouse_move":
            if np.abs(np.asarray(event.pos, float) - start).max() > _STILL_PX:
                return
            yield
        if (clicks := weak()) is not None:
            clicks.take(event.position)

    return click


def _remove(callbacks: Any, callback: Any) -> None:
    if callback in callbacks:
        callbacks.remove(callback)
