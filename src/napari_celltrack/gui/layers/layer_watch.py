"""LayerWatch: notices what happens to the image layer that a movie was made from."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image

#: Events of a layer after which its movie is made anew, with the same pixels.
_CALIBRATION_EVENTS = ("scale", "units", "axis_labels", "name")
#: Events of a layer after which only what is drawn over it has to follow.
_PLACE_EVENTS = ("translate", "rotate", "shear", "affine")


class LayerWatch:
    """Holds the image layer in use, weakly, and tells what happens to it.

    Parameters
    ----------
    viewer : ViewerModel
        Held weakly.
    on_pixels : callable
        The data are others now, or were edited in place.
    on_calibrated : callable
        The pixels are the same; their size, or the meaning of the dimensions, is another.
    on_moved : callable
        The layer lies elsewhere.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        on_pixels: Callable[[], None],
        on_calibrated: Callable[[], None],
        on_moved: Callable[[], None],
    ) -> None:
        self._viewer = weakref.ref(viewer)
        # Weak, for the session that they belong to holds this object.
        self._on_pixels = weakref.WeakMethod(on_pixels)
        self._on_calibrated = weakref.WeakMethod(on_calibrated)
        self._on_moved = weakref.WeakMethod(on_moved)
        self._layer: weakref.ref[Image] | None = None
        self._drawn_at: Any = None
        self._is_drawing = False

    @property
    def layer(self) -> Image | None:
        """The layer in use, or None."""
        return self._layer() if self._layer else None

    def use(self, layer: Image | None) -> None:
        """Watch another layer, or none."""
        if self.layer is not None:
            self._listen(self.layer, False)
        self._layer = None if layer is None else weakref.ref(layer)
        self._drawn_at = self._point()
        if layer is not None:
            self._listen(layer, True)

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """Take no notice of what is drawn anew because layers of ours are written."""
        self._is_drawing = True
        try:
            yield
        finally:
            self._is_drawing = False

    def _listen(self, layer: Image, listen: bool) -> None:
        slots = {
            "data": self._say_pixels,
            "set_data": self._on_drawn,
            **dict.fromkeys(_CALIBRATION_EVENTS, self._say_calibrated),
            **dict.fromkeys(_PLACE_EVENTS, self._say_moved),
        }
        for name, slot in slots.items():
            emitter = getattr(layer.events, name)
            (emitter.connect if listen else emitter.disconnect)(slot)

    def _say_pixels(self, event: Any = None) -> None:
        if (say := self._on_pixels()) is not None:
            say()

    def _say_calibrated(self, event: Any = None) -> None:
        if (say := self._on_calibrated()) is not None:
            say()

    def _say_moved(self, event: Any = None) -> None:
        if (say := self._on_moved()) is not None:
            say()

    def _on_drawn(self, event: Any = None) -> None:
        """Notice an array that was edited in place: the same place is drawn a second time."""
        point, layer = self._point(), self.layer
        again = point == self._drawn_at and not self._is_drawing
        self._drawn_at = point
        if again and layer is not None and isinstance(layer.data, np.ndarray):
            self._say_pixels()

    def _point(self) -> Any:
        """Return where the viewer draws the layer; as long as that is equal, so are the pixels."""
        viewer, layer = self._viewer(), self.layer
        if viewer is None or layer is None:
            return None
        place = (*layer.scale, *layer.translate, *layer.units)
        return viewer.dims.point, viewer.dims.order, viewer.dims.ndisplay, place
