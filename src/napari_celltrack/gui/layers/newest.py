"""NewestMovie: notices a movie that was opened beside the one in use."""

from __future__ import annotations

import weakref
from typing import Any

from napari.components import ViewerModel
from napari.layers import Image
from psygnal import Signal

from napari_celltrack.gui.gui_queue import soon
from napari_celltrack.gui.layers import movie_layers


class NewestMovie:
    """Tells of movies that are opened, whoever opens them; an array that is added is none.

    Parameters
    ----------
    viewer : ViewerModel
        Held weakly.
    """

    #: The first layer of a movie, once all its layers are there.
    opened = Signal(object)

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = weakref.ref(viewer)
        self._noticed: list[weakref.ref[Image]] = []
        # napari holds methods weakly.
        viewer.layers.events.inserted.connect(self._notice)

    def _notice(self, event: Any) -> None:
        if movie_layers.is_read(event.value):
            self._noticed.append(weakref.ref(event.value))
            soon(self._tell)

    def _tell(self) -> None:
        viewer, noticed = self._viewer(), [layer for each in self._noticed if (layer := each())]
        self._noticed = []
        there = [layer for layer in noticed if viewer is not None and layer in viewer.layers]
        of_last = [layer for layer in there if movie_layers.show_one_movie(layer, there[-1])]
        if of_last:
            self.opened.emit(of_last[0])
