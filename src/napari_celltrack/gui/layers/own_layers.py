"""Layers of our own over an image: known by their tag, placed, added and removed.

All others belong to the user and are never touched, whatever they are called.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Layer

from napari_celltrack.gui.gui_queue import soon
from napari_celltrack.gui.layers.leaving import leaving_of

#: Key of the tag in the metadata of a layer that is ours.
TAG = "napari_celltrack"
#: Where a layer is in the world; shared by an image and what is drawn over it.
PLACE = ("scale", "translate", "rotate", "shear", "affine", "units")

#: Where the name stands in the tag; the user may give a layer another one.
_NAME = "track layer"


def is_ours(layer: Layer) -> bool:
    """Whether a layer was made here and belongs to no user; a copy of it belongs to the user."""
    tag = layer.metadata.get(TAG)
    return bool(tag) and tag["layer"] == str(layer.unique_id)


def mark_ours(layer: Layer, facts: Mapping[str, Any] = MappingProxyType({})) -> None:
    """Tag a layer as ours, with what has to be known of it later."""
    layer.metadata[TAG] = {**facts, "layer": str(layer.unique_id)}


def leave(viewer: ViewerModel, layers: Iterable[Layer]) -> None:
    """Take layers of ours away in one step; from now on they are found no more."""
    leaving = list(layers)
    for layer in leaving:
        mark_ours(layer)
    leaving_of(viewer).leave(leaving)


def leave_all(viewer: ViewerModel, *, but: Layer | None = None) -> None:
    """Take all layers of ours away, in one step; one may stay."""
    leave(viewer, [layer for layer in viewer.layers if is_ours(layer) and layer is not but])


def insert(viewer: ViewerModel, layer: Layer, index: int) -> None:
    """Put a layer into the list; the active layer stays active, for the user works with it."""
    selection = viewer.layers.selection
    selected, active = set(selection), selection.active
    with ExitStack() as stack:
        if active is not None:
            # napari makes each new layer the active one, shows its controls and draws; here it is
            # active for a moment only.
            stack.enter_context(selection.events.blocker_all())
        viewer.layers.insert(index, layer)
        viewer.layers.selection = selected
        selection.active = active


def reveal_soon(layer: Layer) -> None:
    """Draw a layer that was put into the list unseen, in the next round of the event loop.

    To make what belongs to a layer in the window takes napari a while, and as long again to draw
    it first.
    """
    soon(partial(setattr, layer, "visible", True))


def align(layer: Layer, image: Image) -> None:
    """Bring a layer of the same dimensions to the place of an image."""
    for name in PLACE:
        wanted = getattr(image, name)
        now = getattr(layer, name)
        same = now == wanted if name in ("units", "affine") else np.array_equal(now, wanted)
        if not same:
            setattr(layer, name, wanted)


def place_over(image: Image, ndim: int) -> dict[str, Any]:
    """Return where an image is in the world, as far as the last dimensions go."""
    if ndim == image.ndim:
        return {name: getattr(image, name) for name in PLACE}
    affine = np.eye(ndim + 1)
    inner = slice(image.ndim - ndim, image.ndim)
    affine[:-1, :-1] = image.affine.linear_matrix[inner, inner]
    affine[:-1, -1] = image.affine.translate[inner]
    linear = np.asarray(image.rotate)[inner, inner]
    return {
        "scale": image.scale[inner],
        "translate": image.translate[inner],
        "rotate": linear,
        "units": image.units[inner],
        "affine": affine,
    }


def align_over(layer: Layer, image: Image) -> None:
    """Bring a layer of the image's last dimensions to its place."""
    if layer.ndim == image.ndim:
        align(layer, image)
        return
    for name, wanted in place_over(image, layer.ndim).items():
        now = getattr(layer, name)
        same = now == wanted if name == "units" else np.array_equal(now, wanted)
        if not same:
            setattr(layer, name, wanted)


def find_own(viewer: ViewerModel, name: str) -> Any:
    """Return our layer of a name, or None."""
    for layer in viewer.layers:
        if is_ours(layer) and layer.metadata[TAG].get(_NAME) == name:
            return layer
    return None


def find_fitting(viewer: ViewerModel, name: str, ndim: int) -> Any:
    """Return our layer of a name; one of other dimensions goes, for napari cannot change it."""
    layer = find_own(viewer, name)
    if layer is not None and layer.ndim != ndim:
        leave(viewer, [layer])
        return None
    return layer


def remove_own(viewer: ViewerModel, *names: str) -> None:
    """Take our layers of some names away."""
    leave(viewer, [layer for name in names if (layer := find_own(viewer, name)) is not None])


@contextmanager
def quietly(layer: Layer) -> Iterator[None]:
    """Take in new data without telling the viewer that its extent or its thumbnail has changed.

    The data lie within the image, so the sliders stay, which the viewer would otherwise work out
    anew each time that it hears of data; and the list of layers, which draws the icons of all its
    rows anew for every thumbnail, waits until the frame in view is another.
    """
    said = layer.events
    with said.extent.blocker(), said.thumbnail.blocker(), said.data.blocker():
        yield


def add_own(viewer: ViewerModel, layer: Layer, name: str, below: Layer | None = None) -> None:
    """Add a layer; the active layer stays active, for the user works with it."""
    mark_ours(layer, {_NAME: name})
    insert(viewer, layer, len(viewer.layers) if below is None else viewer.layers.index(below))
