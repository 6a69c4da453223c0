"""The layer ``prepared``: the image in which cells are found, with all steps applied.

It is made, written to one frame at a time and removed here, and nothing else is.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

import numpy as np
import numpy.typing as npt
from napari.components import ViewerModel
from napari.layers import Image, Layer

from napari_celltrack.gui.layers.own_layers import (
    PLACE,
    TAG,
    align,
    insert,
    is_ours,
    leave,
    mark_ours,
)
from napari_celltrack.input import Input
from napari_celltrack.movie import Movie

PREPARED = "prepared"

#: Frames are forgotten, least recently prepared first, to stay below it.
_MAX_BYTES = 256 * 2**20
#: Contrast is taken from every so many pixels a side.
_SAMPLE = 4


class FramesInHand:
    """An array with the dimensions of an image that holds its last few frames; others are 0.

    It has what napari asks of the data of a layer: shape, dtype, slicing.

    Parameters
    ----------
    axes : str
        What the dimensions are, without colours in the last one.
    shape : tuple of int
        Their lengths.
    max_bytes : int
        How much it may hold; the last frame is always held.
    """

    dtype = np.dtype(np.float32)

    def __init__(self, axes: str, shape: tuple[int, ...], max_bytes: int = _MAX_BYTES) -> None:
        self.axes = axes
        self.shape = shape
        self.ndim = len(shape)
        self.size = int(np.prod(shape, dtype=np.int64))
        self.made_with: Hashable = None
        self._frames: OrderedDict[int, npt.NDArray[np.float32]] = OrderedDict()
        length = dict(zip(axes, shape, strict=True))
        self._n_frames = length.get("T", 1)
        self._plane_shape = length["Y"], length["X"]
        self._n_max = max(max_bytes // (4 * length["Y"] * length["X"]), 1)

    def put(self, frame: int, plane: npt.NDArray[np.float32]) -> None:
        """Keep a frame, shape (Y, X)."""
        self._frames[frame] = plane
        self._frames.move_to_end(frame)
        while len(self._frames) > self._n_max:
            self._frames.popitem(last=False)

    def clear(self) -> None:
        """Forget all frames."""
        self._frames.clear()

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> npt.NDArray[np.float32]:
        keys = list(key) if isinstance(key, tuple) else [key]
        if Ellipsis in keys:
            at = keys.index(Ellipsis)
            keys[at : at + 1] = [slice(None)] * (self.ndim - len(keys) + 1)
        keys += [slice(None)] * (self.ndim - len(keys))
        times = list(range(self._n_frames))
        if "T" in self.axes:
            wanted = keys[self.axes.index("T")]
            is_one = not isinstance(wanted, slice)
            times = [times[int(wanted)]] if is_one else times[wanted]
            keys[self.axes.index("T")] = 0 if is_one else slice(None)
        empty = np.zeros(self._plane_shape, np.float32)
        planes = np.stack([self._frames.get(time, empty) for time in times] or [empty[:0]])
        if self.axes.index("X") < self.axes.index("Y"):
            planes = planes.swapaxes(1, 2)
        own = {"T": len(times), "Y": self._plane_shape[0], "X": self._plane_shape[1]}
        block = planes.reshape([own.get(axis, 1) for axis in self.axes])
        whole = [
            len(times) if axis == "T" else length
            for axis, length in zip(self.axes, self.shape, strict=True)
        ]
        return np.broadcast_to(block, whole)[tuple(keys)]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return np.array(self[...], dtype or self.dtype)


def prepared_layer(viewer: ViewerModel) -> Image | None:
    """Return the layer that :func:`show_prepared` writes to, or None."""
    return next((layer for layer in viewer.layers if is_prepared(layer)), None)


def is_prepared(layer: Layer) -> bool:
    """Whether a layer was made by :func:`show_prepared`; a copy of it belongs to the user."""
    return isinstance(layer, Image) and is_ours(layer) and PREPARED in layer.metadata[TAG]


def show_prepared(
    viewer: ViewerModel,
    image: Image,
    movie: Movie,
    frame: int,
    plane: npt.NDArray[np.float32],
    *,
    made_with: Hashable,
) -> Image:
    """Write one frame into the layer ``prepared``, which is made where it is missing.

    It lies over the image, under everything else, at the same place in the world.

    Parameters
    ----------
    viewer : ViewerModel
        Where to show it.
    image : Image
        The layer that the movie was made from.
    movie : Movie
        Made of `image`.
    frame : int
        True index.
    plane : ndarray, shape (Y, X), float32
        Of the whole image; see :func:`in_whole_image`.
    made_with : hashable
        What it was made with; frames that were made otherwise are forgotten.

    Returns
    -------
    Image
    """
    axes = movie.axes[:-1] if image.rgb else movie.axes
    data = image.data[0] if image.multiscale else image.data
    shape = tuple(int(length) for length in data.shape[: len(axes)])
    fits = {"image": str(image.unique_id), "axes": axes, "shape": shape}
    layer = prepared_layer(viewer)
    if layer is not None and any(layer.metadata[TAG].get(key) != fits[key] for key in fits):
        leave(viewer, [layer])
        layer = None
    if layer is None:
        layer = _add(viewer, image, FramesInHand(axes, shape), fits)
    frames: FramesInHand = layer.metadata[TAG][PREPARED]
    if frames.made_with != made_with:
        frames.clear()
        frames.made_with = made_with
        _set_contrast(layer, plane)
    frames.put(frame, plane)
    align(layer, image)
    layer.refresh(extent=False, highlight=False, thumbnail=False)
    return layer


def move_prepared(viewer: ViewerModel, image: Image) -> None:
    """Let the layer ``prepared`` follow an image that was moved or scaled."""
    layer = prepared_layer(viewer)
    if layer is not None and layer.metadata[TAG]["image"] == str(image.unique_id):
        align(layer, image)


def remove_prepared(viewer: ViewerModel) -> None:
    """Remove the layer ``prepared``; one of the user that is called so stays."""
    layer = prepared_layer(viewer)
    if layer is not None:
        leave(viewer, [layer])


def in_whole_image(movie: Movie, input_: Input, plane: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Return the prepared part of an image at its place; outside of the crop it is darkest.

    Parameters
    ----------
    movie : Movie
        The movie.
    input_ : Input
        Says where the part lies.
    plane : ndarray, shape of the crop
        The part.

    Returns
    -------
    ndarray, shape (Y, X), float32
    """
    if input_.crop is None:
        return np.asarray(plane, np.float32)
    whole = np.full(movie.shape, plane.min() if plane.size else 0, np.float32)
    whole[input_.slices_in(movie)] = plane
    return whole


def _add(viewer: ViewerModel, image: Image, frames: FramesInHand, fits: dict[str, Any]) -> Image:
    place = {name: getattr(image, name) for name in PLACE}
    layer = Image(
        frames, name=PREPARED, multiscale=False, rgb=False, contrast_limits=(0, 1), **place
    )
    mark_ours(layer, {**fits, PREPARED: frames})
    insert(viewer, layer, viewer.layers.index(image) + 1)
    return layer


def _set_contrast(layer: Image, plane: npt.NDArray[np.float32]) -> None:
    """Set the contrast from the darkest to the brightest pixel, but for a few outliers."""
    few = plane[::_SAMPLE, ::_SAMPLE]
    low, high = np.percentile(few, (0.1, 99.9)) if few.size else (0.0, 1.0)
    low, high = float(low), float(high)
    if not high > low:
        high = low + 1
    layer.contrast_limits_range = min(low, float(plane.min())), max(high, float(plane.max()))
    layer.contrast_limits = low, high
