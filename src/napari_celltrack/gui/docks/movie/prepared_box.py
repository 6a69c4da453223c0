"""The box *Show the prepared image*: has the frame in view prepared and shown in a layer."""

from __future__ import annotations

import weakref
from collections.abc import Hashable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from napari.components import ViewerModel
from napari.layers import Image
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox

from napari_celltrack.engine import prepare_frame
from napari_celltrack.engine.cache import StageCache
from napari_celltrack.gui.lane import Lane, one_result
from napari_celltrack.gui.layers.prepared_layer import (
    in_whole_image,
    is_prepared,
    move_prepared,
    remove_prepared,
    show_prepared,
)
from napari_celltrack.gui.session import Session
from napari_celltrack.gui.when_destroyed import when_destroyed
from napari_celltrack.movie import Movie
from napari_celltrack.recipe import Recipe

#: Events of an image after which it lies elsewhere, and is otherwise as it was.
_PLACE_EVENTS = ("translate", "rotate", "shear", "affine")


@dataclass(frozen=True, eq=False)
class _Prepared:
    """One frame with the steps applied, and what it was made of."""

    movie: Movie
    frame: int
    plane: npt.NDArray[np.float32]
    made_with: Hashable


class PreparedBox(QCheckBox):
    """Shows the frame in view with all steps applied while it is ticked.

    Parameters
    ----------
    viewer : ViewerModel
        Where to show it; held weakly.
    session : Session
        Of that viewer.
    name : str
        Object name.
    """

    #: A sentence for the foot, empty when all is well, and whether something is wrong.
    told = Signal(str, bool)
    #: The exception for which a frame was not prepared.
    failed = Signal(object)

    def __init__(self, viewer: ViewerModel, session: Session, name: str) -> None:
        super().__init__("Show the prepared image")
        self.setObjectName(name)
        self.setToolTip(
            "Show the frame in view with all steps applied, as a layer of its own: the image in "
            "which cells are found."
        )
        self._viewer = weakref.ref(viewer)
        self._session = session
        self._asked: Hashable = None
        self._heard: weakref.ref[Image] | None = None
        #: Whether a layer is added here at this moment.
        self.is_writing = False
        #: Where frames are prepared.
        self.lane = Lane("celltrack prepared", self)
        self.toggled.connect(self._toggle)
        when_destroyed(self, partial(_release, self._viewer))

    def request(self, at_once: bool = False) -> None:
        """Have the frame in view prepared, if it is to be shown.

        Parameters
        ----------
        at_once : bool
            Whether also without Live.
        """
        session = self._session
        movie, recipe, frame = session.movie, session.recipe, session.frame
        if movie is None:
            self._asked = None
        if movie is None or not self.isChecked() or not (session.live or at_once):
            return
        self._listen_to_image()
        self._follow_image()
        made_with = (movie.fingerprint, movie.axes, recipe.upto("preprocess"))
        if (made_with, frame) == self._asked:
            return
        self._asked = made_with, frame
        job = one_result(_prepare, movie, recipe, frame, session.cache, made_with)
        self.lane.submit(job, self._take, self._fail)

    def notice_removed(self, event: Any) -> None:
        """Untick the box when the user has removed the layer."""
        if not self.is_writing and is_prepared(event.value):
            self.setChecked(False)

    def _toggle(self, on: bool) -> None:
        self._asked = None
        if on:
            self.request(at_once=True)
            return
        self.lane.cancel()
        self._drop()
        self.told.emit("", False)

    def _listen_to_image(self) -> None:
        """Hear when the image in use is moved, and no other."""
        heard, layer = self._heard() if self._heard is not None else None, self._session.layer
        if layer is heard:
            return
        for name in _PLACE_EVENTS:
            if heard is not None:
                getattr(heard.events, name).disconnect(self._follow_image)
            if layer is not None:
                getattr(layer.events, name).connect(self._follow_image)
        self._heard = None if layer is None else weakref.ref(layer)

    def _follow_image(self, event: Any = None) -> None:
        viewer, layer = self._viewer(), self._session.layer
        if viewer is not None and layer is not None:
            move_prepared(viewer, layer)

    def _drop(self) -> None:
        self._asked = None
        if (viewer := self._viewer()) is not None:
            remove_prepared(viewer)

    def _take(self, prepared: _Prepared) -> None:
        viewer, layer, movie = self._viewer(), self._session.layer, self._session.movie
        if viewer is None or layer is None or movie is None or not self.isChecked():
            return
        if (prepared.movie.fingerprint, prepared.movie.axes) != (movie.fingerprint, movie.axes):
            return
        self.is_writing = True
        try:
            show_prepared(
                viewer,
                layer,
                movie,
                prepared.frame,
                prepared.plane,
                made_with=prepared.made_with,
            )
        finally:
            self.is_writing = False
        self.told.emit("", False)

    def _fail(self, error: Exception) -> None:
        self._asked = None
        self.failed.emit(error)


def _prepare(
    movie: Movie, recipe: Recipe, frame: int, cache: StageCache, made_with: Hashable
) -> _Prepared:
    plane = prepare_frame(movie, recipe, frame, cache)
    return _Prepared(movie, frame, in_whole_image(movie, recipe.input, plane), made_with)


def _release(viewer: weakref.ref[ViewerModel]) -> None:
    """Remove the layer with the box, which alone keeps it current."""
    if (living := viewer()) is not None:
        remove_prepared(living)
