"""Session: what all docks of one viewer share. Knows no widgets.

It holds the movie and the recipe, follows the viewer, and has cells found in the background
whenever something that they depend on has changed and somebody is looking.
"""

from __future__ import annotations

import logging
import time
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from napari.components import ViewerModel
from napari.layers import Image
from napari.utils.notifications import ErrorNotification, notification_manager
from psygnal import Signal

from napari_celltrack.cache import StageCache
from napari_celltrack.engine import segment_frame
from napari_celltrack.errors import CelltrackError
from napari_celltrack.gui import layers
from napari_celltrack.gui.worker import Lane
from napari_celltrack.movie import Movie
from napari_celltrack.recipe import Recipe

_log = logging.getLogger(__name__)
_sessions: weakref.WeakKeyDictionary[ViewerModel, Session] = weakref.WeakKeyDictionary()

#: Events of a layer after which its movie is made anew, with the same pixels.
_CALIBRATION_EVENTS = ("scale", "units", "axis_labels", "name")
#: Events of a layer after which only what is drawn over it has to follow.
_PLACE_EVENTS = ("translate", "rotate", "shear", "affine")


@dataclass(frozen=True, eq=False)
class Found:
    """The cells of one frame, and what they were found with.

    Parameters
    ----------
    movie : Movie
    recipe : Recipe
    frame : int
        True index.
    labels : ndarray, shape (Y, X), int32
        Read-only.
    n_cells : int
    took_ms : float
        Time it took; little when the cache knew.
    """

    movie: Movie
    recipe: Recipe
    frame: int
    labels: npt.NDArray[np.int32]
    n_cells: int
    took_ms: float


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


class Session:
    """Movie, recipe, cache and two background lanes of a viewer.

    Cells are looked for only while something is connected to `frame_found`: without a dock
    nobody looks.

    Parameters
    ----------
    viewer : ViewerModel
        Held weakly.
    """

    recipe_changed = Signal(Recipe)
    #: The movie, or None.
    movie_changed = Signal(object)
    #: The frame in view was found.
    frame_found = Signal(Found)
    #: One sentence: what is wrong and what to do about it.
    failed = Signal(str)
    #: The slider went to another frame.
    frame_changed = Signal(int)

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = weakref.ref(viewer)
        self._layer: weakref.ref[Image] | None = None
        self._movie: Movie | None = None
        self._recipe = Recipe()
        self._live = True
        self._found: Found | None = None
        self._problem = ""
        self._asked: Any = None
        self._drawn_at: Any = None
        self._drawing = False
        self.cache = StageCache()
        self.preview_lane = Lane("celltrack preview")
        self.run_lane = Lane("celltrack run")
        # napari holds methods weakly, so the viewer does not keep its session nor the reverse.
        viewer.dims.events.current_step.connect(self._follow_slider)
        viewer.layers.events.removed.connect(self._forget_removed)

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
        return self._layer() if self._layer else None

    @property
    def found(self) -> Found | None:
        """The last frame that was found of this movie, or None."""
        return self._found

    @property
    def problem(self) -> str:
        """Why there is no newer result, in a sentence, or empty."""
        return self._problem

    @property
    def frame(self) -> int:
        """The frame in view."""
        viewer, layer, movie = self._viewer(), self.layer, self._movie
        if viewer is None or movie is None or layer not in viewer.layers:
            return 0
        return layers.frame_in_view(viewer, layer, movie)

    @property
    def live(self) -> bool:
        """Whether a change shows at once."""
        return self._live

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
        """Use another recipe."""
        if recipe == self._recipe:
            return
        other_axes = recipe.input.axes != self._recipe.input.axes
        self._recipe = recipe
        self.recipe_changed.emit(recipe)
        if other_axes:
            self._read_layer()
        self.request_preview()

    def open_layer(self, layer: Image | None) -> None:
        """Use another layer of the viewer, or none."""
        if layer is self.layer and (layer is None) == (self._movie is None):
            return
        if self.layer is not None:
            self._listen_to(self.layer, False)
        self._layer = None if layer is None else weakref.ref(layer)
        self._movie = None
        self._found = self._asked = None
        self._drawn_at = self._point()
        self.preview_lane.cancel()
        self.run_lane.cancel()
        if layer is not None:
            self._listen_to(layer, True)
        self._read_layer()
        self.request_preview()

    def request_preview(self) -> None:
        """Have the cells of the frame in view found, if somebody looks."""
        movie = self._movie
        if movie is None or not self._live or not len(self.frame_found):
            return
        wanted = (movie.fingerprint, movie.axes, self._recipe, self.frame)
        if wanted == self._asked and (self.preview_lane.busy or self._is_shown()):
            return
        self._asked = wanted
        job = partial(_find, movie, self._recipe, self.frame, self.cache)
        self.preview_lane.submit(job, self._show, self._fail)

    def _is_shown(self) -> bool:
        """Whether the answer to the last request is on the screen."""
        viewer = self._viewer()
        cells = layers.cells_layer(viewer) if viewer is not None else None
        return cells is not None and self._found is not None and not self._problem

    def _read_layer(self, fingerprint: str | None = None) -> None:
        """Make the movie of the layer; with a fingerprint, its pixels are the ones known."""
        layer = self.layer
        movie, problem = None, ""
        if layer is not None:
            try:
                movie = layers.movie_from_layer(layer, self._recipe.input.axes, fingerprint)
            except CelltrackError as error:
                problem = str(error)
        self._movie = movie
        if movie is None:
            self._found = None
        self._problem = problem
        self.movie_changed.emit(movie)
        if problem:
            self.failed.emit(problem)

    def _show(self, found: Found) -> None:
        viewer, layer, movie = self._viewer(), self.layer, self._movie
        if viewer is None or layer is None or movie is None or not len(self.frame_found):
            return
        if found.movie.fingerprint != movie.fingerprint or found.movie.axes != movie.axes:
            return
        self._drawing = True
        try:
            layers.show_labels(viewer, layer, movie, found.frame, found.labels)
        finally:
            self._drawing = False
        self._found, self._problem = found, ""
        self.frame_found.emit(found)

    def _fail(self, error: Exception) -> None:
        if isinstance(error, CelltrackError):
            self._problem = str(error)
        else:
            _log.error("cells could not be found", exc_info=error)
            notification_manager.dispatch(ErrorNotification(error))
            self._problem = (
                f"Something unexpected happened ({type(error).__name__}: {error}). Please report "
                "it with the text that napari shows."
            )
        self.failed.emit(self._problem)

    def _listen_to(self, layer: Image, listen: bool) -> None:
        slots = {
            "data": self._on_data_replaced,
            "set_data": self._on_drawn,
            **dict.fromkeys(_CALIBRATION_EVENTS, self._on_calibrated),
            **dict.fromkeys(_PLACE_EVENTS, self._on_moved),
        }
        for name, slot in slots.items():
            emitter = getattr(layer.events, name)
            (emitter.connect if listen else emitter.disconnect)(slot)

    def _on_data_replaced(self, event: Any = None) -> None:
        self._read_layer()
        self.request_preview()

    def _on_drawn(self, event: Any = None) -> None:
        """Notice an array that was edited in place: the same place is drawn a second time."""
        point, layer = self._point(), self.layer
        again = point == self._drawn_at
        self._drawn_at = point
        if again and not self._drawing and layer is not None and isinstance(layer.data, np.ndarray):
            self._on_data_replaced()

    def _on_calibrated(self, event: Any = None) -> None:
        self._read_layer(self._movie.fingerprint if self._movie else None)
        self._on_moved()
        self.request_preview()

    def _on_moved(self, event: Any = None) -> None:
        viewer, layer = self._viewer(), self.layer
        if viewer is not None and layer is not None:
            layers.move_cells(viewer, layer)

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

    def _point(self) -> Any:
        """Return where the viewer draws the layer; as long as that is equal, so are the pixels."""
        viewer, layer = self._viewer(), self.layer
        if viewer is None or layer is None:
            return None
        place = (*layer.scale, *layer.translate, *layer.units)
        return viewer.dims.point, viewer.dims.order, viewer.dims.ndisplay, place


def _find(movie: Movie, recipe: Recipe, frame: int, cache: StageCache) -> Iterator[Found]:
    """Find the cells of one frame; runs on a lane."""
    began = time.perf_counter()
    labels = segment_frame(movie, recipe, frame, cache)
    n_cells = int(labels.max())
    yield Found(movie, recipe, frame, labels, n_cells, 1000 * (time.perf_counter() - began))
