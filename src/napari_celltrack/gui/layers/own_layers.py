"""Layers of our own over an image: found by their tag and name, placed, added and removed.

All others belong to the user and are never touched, whatever they are called.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Layer

from napari_celltrack.gui.layers.movie_layers import PLACE, TAG, align, insert, is_ours

#: Where the name stands in the tag; the user may give a layer another one.
_NAME = "track layer"


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
        viewer.layers.remove(layer)
        return None
    return layer


def remove_own(viewer: ViewerModel, *names: str) -> None:
    """Take our layers of some names away."""
    for name in names:
        if (layer := find_own(viewer, name)) is not None:
            viewer.layers.remove(layer)


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
    layer.metadata[TAG] = {_NAME: name, "layer": str(layer.unique_id)}
    insert(viewer, layer, len(viewer.layers) if below is None else viewer.layers.index(below))
