"""How layers leave a viewer: ours in one step and never amid a removal, any in its own canvas.

napari has the OpenGL objects of a removed layer deleted at once, in whichever context is current
by then, and that is mostly the one in which Qt put the window together. Mesa, which draws where
there is no graphics card, then takes the shader of the canvas away without setting another, and
the next picture ends the process (docs/upstream.md). With the context of the canvas current,
whoever removes a layer, the objects are deleted where they were made.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any

from napari.components import ViewerModel
from napari.layers import Layer

from napari_celltrack.gui.gui_queue import soon

_of_viewer: weakref.WeakKeyDictionary[ViewerModel, Leaving] = weakref.WeakKeyDictionary()


def leaving_of(viewer: ViewerModel) -> Leaving:
    """Return what sees to the removals of a viewer; from the first call on it does."""
    if viewer not in _of_viewer:
        _of_viewer[viewer] = Leaving(viewer)
    return _of_viewer[viewer]


class Leaving:
    """Sees to it that layers of a viewer are removed in an order that napari survives.

    Parameters
    ----------
    viewer : ViewerModel
        Held weakly.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = weakref.ref(viewer)
        self._due: list[Layer] = []
        #: Whether napari may be in the middle of a removal: it goes by a list that it made before.
        self._is_removing = False
        self._is_ours = False
        # Before a layer is removed, for napari's own slots come first in what follows. Methods are
        # held weakly.
        viewer.layers.events.removing.connect(self._on_removing)

    def leave(self, layers: Iterable[Layer]) -> None:
        """Remove layers in one step; while napari removes others, in a turn of their own."""
        self._due += [layer for layer in layers if layer not in self._due]
        self._remove_due()

    def _remove_due(self) -> None:
        viewer = self._viewer()
        if viewer is None or self._is_removing or self._is_ours:
            return
        due, self._due = [layer for layer in self._due if layer in viewer.layers], []
        if not due:
            return
        self._is_ours = True
        try:
            with _in_one_step(viewer):
                for layer in due:
                    viewer.layers.remove(layer)
        finally:
            self._is_ours = False
        # Whoever listens may have had more to take away.
        self._remove_due()

    def _on_removing(self, event: Any = None) -> None:
        self._use_canvas()
        if not self._is_ours and not self._is_removing:
            self._is_removing = True
            # napari has no word for the last of several removals; by then they are over.
            soon(self._go_on)

    def _go_on(self) -> None:
        self._is_removing = False
        self._remove_due()

    def _use_canvas(self) -> None:
        """Make the OpenGL context of the canvas current, where there is one."""
        # napari has no public way to its canvas; without one, or before it is shown, all is as
        # napari does it. Qt's half of a window that closes may be gone before Python's.
        with suppress(AttributeError, RuntimeError):
            canvas = self._viewer().window._qt_viewer.canvas.native  # type: ignore[union-attr]
            if canvas.isValid():
                canvas.makeCurrent()


def _in_one_step(viewer: ViewerModel) -> AbstractContextManager[object]:
    """Have the canvas updated once for several removals, where napari knows how to."""
    update = getattr(viewer.layers, "batched_update", None)
    return nullcontext() if update is None else update()
