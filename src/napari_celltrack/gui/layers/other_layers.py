"""Other images of a viewer that are measured under the same cells."""

from __future__ import annotations

import weakref
from collections.abc import Hashable, Sequence
from typing import Any

from napari.components import ViewerModel
from napari.layers import Image
from psygnal import Signal

from napari_celltrack.engine.measuring import check_others
from napari_celltrack.errors import CelltrackError, MovieError
from napari_celltrack.gui.layers import movie_layers
from napari_celltrack.gui.layers.layer_file import file_of
from napari_celltrack.movie import Movie

#: Events of a layer after which its measurements are others, or are called something else.
_EVENTS = ("data", "axis_labels", "name")


class OtherLayers:
    """Which other Image layers are measured; held weakly, in the order they were chosen.

    Only layers of the same frames are taken. One that is removed, or fits no more, is left out
    with a sentence, and the others go on.

    Parameters
    ----------
    viewer : ViewerModel
        Held weakly.
    """

    #: Other layers are measured, or their images or names are others.
    changed = Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        self._image: weakref.ref[Image] | None = None
        self._movie: Movie | None = None
        self._in_use: list[weakref.ref[Image]] = []
        #: What was made of a layer, so that taking it out and in again costs nothing.
        self._movies: weakref.WeakKeyDictionary[Image, Movie] = weakref.WeakKeyDictionary()
        self._problem = ""
        # napari holds methods weakly.
        viewer.layers.events.removed.connect(self._forget_removed)

    @property
    def in_use(self) -> list[Image]:
        """The layers that are measured."""
        return [layer for each in self._in_use if (layer := each()) is not None]

    @property
    def key(self) -> Hashable:
        """Equal where the same images are measured under the same names."""
        return tuple((name, movie.fingerprint) for name, movie in self.movies().items())

    @property
    def problem(self) -> str:
        """Why a layer is measured no more, in a sentence, until others are chosen."""
        return self._problem

    def movies(self) -> dict[str, Movie]:
        """Return what is measured, by the names that the columns begin with."""
        return {layer.name: self._movies[layer] for layer in self.in_use}

    def use(self, chosen: Sequence[Image]) -> None:
        """Measure these layers and no others.

        Raises
        ------
        MovieError
            If a layer is not of the same frames; those in use stay.
        """
        for layer in chosen:
            self._check(layer)
        self._problem = ""
        if list(chosen) != self.in_use:
            self._take(chosen)

    def fit(self, image: Image | None, movie: Movie | None) -> None:
        """Measure beside another movie, as far as the layers are of its frames."""
        if movie is None or movie is not self._movie:
            self._image = None if image is None else weakref.ref(image)
            self._movie = movie
            self._leave_out_unfit()

    def _leave_out_unfit(self) -> None:
        fitting = []
        for layer in self.in_use:
            try:
                self._check(layer)
                fitting.append(layer)
            except CelltrackError as error:
                self._problem = f"{layer.name} is not measured any more: {error}"
        if fitting != self.in_use:
            self._take(fitting)

    def _check(self, layer: Image) -> None:
        """Make the movie of a layer, and make sure that it can be measured."""
        image, movie = self._image() if self._image else None, self._movie
        if image is None or movie is None:
            raise MovieError("There is no movie to measure beside; open one first.")
        if layer is image:
            raise MovieError("The cells are found in this layer; choose its channels instead.")
        if file_of(image).channel is not None and movie_layers.show_one_movie(layer, image):
            raise MovieError(f"{layer.name} is a channel of this movie; choose it there.")
        if layer not in self._movies:
            alike = layer.ndim == image.ndim and layer.rgb == image.rgb
            self._movies[layer] = movie_layers.movie_from_layer(
                layer, movie.axes if alike else None
            )
        check_others(movie, {layer.name: self._movies[layer]})

    def _take(self, chosen: Sequence[Image]) -> None:
        before = self.in_use
        self._in_use = [weakref.ref(layer) for layer in chosen]
        for layer in before:
            for name in _EVENTS:
                getattr(layer.events, name).disconnect(self._on_edited)
        for layer in chosen:
            for name in _EVENTS:
                getattr(layer.events, name).connect(self._on_edited)
        self.changed.emit()

    def _on_edited(self, event: Any) -> None:
        if event.type != "name":
            for layer in self.in_use:
                if layer is event.source:
                    del self._movies[layer]
        n_before = len(self.in_use)
        self._leave_out_unfit()
        if len(self.in_use) == n_before:
            self.changed.emit()

    def _forget_removed(self, event: Any) -> None:
        left = [layer for layer in self.in_use if layer is not event.value]
        if len(left) < len(self.in_use):
            self._problem = f"{event.value.name} was removed, and is not measured any more."
            self._take(left)
