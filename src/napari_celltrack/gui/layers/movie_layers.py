"""Between napari's layers and movies: the only file that adds, updates or removes layers.

What is read of a layer: its data, lazily, as a movie. What is written: the layer ``cells``, one
frame at a time, in place. A layer of ours carries a tag in its metadata; all others belong to the
user and are never touched, whatever they are called.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from itertools import permutations
from typing import Any

import numpy as np
import numpy.typing as npt
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer

from napari_celltrack.gui.gui_queue import soon
from napari_celltrack.movie import RGB_CHANNELS, Movie, movie_from_array

CELLS = "cells"

#: Key of the tag in the metadata of a layer that is ours.
TAG = "napari_celltrack"
#: Where a layer is in the world; shared by an image and what is drawn over it.
PLACE = ("scale", "translate", "rotate", "shear", "affine", "units")
#: Larger label movies are kept compressed; below, a plain array is quicker to draw.
_MAX_PLAIN_BYTES = 2**31
#: napari computes outlines on the GUI thread: in larger planes that is slow, so cells are filled.
_MAX_OUTLINE_PX = 768 * 768


def image_layers(viewer: ViewerModel) -> list[Image]:
    """Return the layers in which cells can be found, in the order of the layer list."""
    return [layer for layer in viewer.layers if _is_usable(layer) and not is_ours(layer)]


def movie_from_layer(
    layer: Image, axes: str | None = None, fingerprint: str | None = None
) -> Movie:
    """Wrap the data of a layer as a movie; nothing is copied or read.

    Pixel size and frame interval are taken from the scale only where the layer has units of
    length and of time: a scale alone says nothing.

    Parameters
    ----------
    layer : Image
        May be RGB, lazy or multiscale; of the latter the finest level is used.
    axes : str, optional
        The meaning of each dimension of the data, with the colours of an RGB image last; by
        default :func:`guess_axes`.
    fingerprint : str, optional
        By default a new one.

    Returns
    -------
    Movie

    Raises
    ------
    MovieError
        If the axes do not fit the data.
    """
    axes = axes or guess_axes(layer)
    data = layer.data[0] if layer.multiscale else layer.data
    y, x = (_scale_in(layer, axes, axis, "micrometer") for axis in "YX")
    return movie_from_array(
        data,
        axes,
        name=layer.name,
        channels=RGB_CHANNELS[: data.shape[-1]] if layer.rgb else None,
        pixel_size_um=(y, x) if y and x else None,
        z_step_um=_scale_in(layer, axes, "Z", "micrometer"),
        frame_interval_s=_scale_in(layer, axes, "T", "second"),
        fingerprint=fingerprint,
    )


def guess_axes(layer: Image) -> str:
    """Return the likely meaning of each dimension: as the layer names them, else T, then Z."""
    named = "".join(label[:1].upper() for label in layer.axis_labels)
    if named in axes_choices(layer):
        return named
    return axes_choices(layer)[0]


def axes_choices(layer: Image) -> list[str]:
    """Return the readings of a layer's dimensions that make sense, the likeliest first."""
    colours = "C" if layer.rgb else ""
    free = "TZ" if layer.rgb else "TZC"
    return [
        "".join(leading) + "YX" + colours for leading in permutations(free, max(layer.ndim - 2, 0))
    ]


def frame_in_view(viewer: ViewerModel, layer: Image, movie: Movie) -> int:
    """Return the index of the frame that the viewer shows of a layer."""
    if "T" not in movie.axes:
        return 0
    axis = movie.axes.index("T")
    # Layers are aligned at their last dimensions.
    point = np.array(viewer.dims.point[-layer.ndim :], float)
    point *= _units_in_view(viewer, layer)
    frame = round(float(layer.world_to_data(point)[axis]))
    return min(max(frame, 0), movie.n_frames - 1)


def movie_from_labels(layer: Labels, axes: str) -> Movie:
    """Wrap the data of a Labels layer as a movie of label images; nothing is copied or read."""
    data = layer.data[0] if layer.multiscale else layer.data
    return movie_from_array(data, axes, name=layer.name)


def labels_layers(viewer: ViewerModel) -> list[Labels]:
    """Return the Labels layers of the user, in the order of the layer list."""
    return [layer for layer in viewer.layers if isinstance(layer, Labels) and not is_ours(layer)]


def show_labels(
    viewer: ViewerModel,
    image: Image,
    movie: Movie,
    frame: int,
    labels: npt.NDArray[np.int32],
    *,
    in_view: bool = True,
) -> Labels:
    """Write the cells of one frame into the layer ``cells``, which is made where it is missing.

    The layer lies over the image, in all its dimensions, at the same place.

    Parameters
    ----------
    viewer : ViewerModel
        Where to show them.
    image : Image
        The layer that the movie was made from.
    movie : Movie
        Made by :func:`movie_from_layer`.
    frame : int
        True index.
    labels : ndarray, shape (Y, X), int32
        0 is background.
    in_view : bool
        Whether this frame is on the screen now and has to be drawn.

    Returns
    -------
    Labels
    """
    layer = _ours(viewer)
    fits = {
        "image": str(image.unique_id),
        "axes": movie.axes,
        "shape": (movie.n_frames, *movie.shape),
    }
    if layer is not None and any(layer.metadata[TAG].get(key) != fits[key] for key in fits):
        viewer.layers.remove(layer)
        layer = None
    if layer is None:
        frames = _empty_frames(movie)
        frames[frame] = labels
        return _add(viewer, image, _spread(frames, movie), {**fits, "frames": frames})
    layer.metadata[TAG]["frames"][frame] = labels
    align(layer, image)
    if in_view:
        # napari made the thumbnail of a frame before its cells were found; while a setting moves,
        # painting its row again would take longer than it is worth.
        is_new = layer.metadata[TAG].get("thumbnail") != frame
        layer.refresh(extent=False, highlight=False, thumbnail=is_new)
        layer.metadata[TAG]["thumbnail"] = frame
    return layer


def cells_layer(viewer: ViewerModel) -> Labels | None:
    """Return the layer that :func:`show_labels` writes to, or None."""
    return _ours(viewer)


def frame_of_cells(cells: Labels, frame: int) -> npt.NDArray[np.int32]:
    """Return a copy of one frame of the layer ``cells``, shape (Y, X)."""
    return np.array(cells.metadata[TAG]["frames"][frame], np.int32)


def n_frames_of_cells(cells: Labels) -> int:
    """Return how many frames the layer ``cells`` has."""
    return int(cells.metadata[TAG]["frames"].shape[0])


def release_cells(viewer: ViewerModel) -> None:
    """Give the layer ``cells`` to the user, who corrected it by hand; another is made when due."""
    layer = _ours(viewer)
    if layer is not None:
        del layer.metadata[TAG]
        layer.name = f"{CELLS} corrected"


def move_cells(viewer: ViewerModel, image: Image) -> None:
    """Let the layer ``cells`` follow an image that was moved or scaled."""
    layer = _ours(viewer)
    if layer is not None and layer.metadata[TAG]["image"] == str(image.unique_id):
        align(layer, image)


def _add(viewer: ViewerModel, image: Image, data: Any, tag: dict[str, Any]) -> Labels:
    place = {name: getattr(image, name) for name in PLACE}
    outlined = data.shape[-1] * data.shape[-2] <= _MAX_OUTLINE_PX
    opacity = 0.7 if outlined else 0.4
    layer = Labels(data, name=CELLS, opacity=opacity, visible=False, **place)
    layer.contour = 2 if outlined else 0
    layer.metadata[TAG] = {**tag, "layer": str(layer.unique_id)}
    insert(viewer, layer, len(viewer.layers))
    reveal_soon(layer)
    return layer


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


def _ours(viewer: ViewerModel) -> Labels | None:
    """Find our layer of cells."""
    for layer in viewer.layers:
        if isinstance(layer, Labels) and is_ours(layer) and "frames" in layer.metadata[TAG]:
            return layer
    return None


def is_ours(layer: Layer) -> bool:
    """Whether a layer was made here and belongs to no user; a copy of it belongs to the user."""
    tag = layer.metadata.get(TAG)
    return bool(tag) and tag["layer"] == str(layer.unique_id)


def _empty_frames(movie: Movie) -> Any:
    """Return an array (T, Y, X) of zeros that takes memory only where it was written to."""
    shape = (movie.n_frames, *movie.shape)
    if movie.axes != "TYX" or int(np.prod(shape, dtype=np.int64)) * 4 <= _MAX_PLAIN_BYTES:
        return np.zeros(shape, np.int32)
    import zarr

    return zarr.zeros(shape=shape, chunks=(1, *movie.shape), dtype="int32")


def _spread(frames: Any, movie: Movie) -> Any:
    """Return a view of (T, Y, X) with the dimensions of the image: cells are in all channels."""
    if movie.axes == "TYX":
        return frames
    axes = movie.axes[:-1] if movie.axes[-1] == "C" else movie.axes
    own = {"T": movie.n_frames, "Y": movie.height_px, "X": movie.width_px}
    whole = {**own, "Z": movie.n_z, "C": len(movie.channels)}
    view = frames.reshape([own.get(axis, 1) for axis in axes])
    shape = tuple(whole[axis] for axis in axes)
    return view if view.shape == shape else np.broadcast_to(view, shape)


def align(layer: Layer, image: Image) -> None:
    """Bring a layer of the same dimensions to the place of an image."""
    for name in PLACE:
        wanted = getattr(image, name)
        now = getattr(layer, name)
        same = now == wanted if name in ("units", "affine") else np.array_equal(now, wanted)
        if not same:
            setattr(layer, name, wanted)


def _is_usable(layer: Any) -> bool:
    return (
        isinstance(layer, Image)
        and 2 <= layer.ndim <= 5 - layer.rgb
        and np.dtype(layer.dtype).kind in "buif"
    )


def _scale_in(layer: Image, axes: str, axis: str, unit: str) -> float | None:
    """Return the size of a step along an axis in a unit, or None if the layer does not say."""
    if axis not in axes:
        return None
    index = axes.index(axis)
    if index >= layer.ndim or not layer.units[index].is_compatible_with(unit):
        return None
    step = abs(float(layer.scale[index])) * layer.units[index]
    return float(step.to(unit).magnitude)


def _units_in_view(viewer: ViewerModel, layer: Image) -> npt.NDArray[np.float64]:
    """Return the factors from the viewer's units, where it has any, to those of a layer."""
    units = getattr(viewer.dims, "units", None) or ()
    factors = np.ones(layer.ndim)
    pairs = zip(reversed(layer.units), reversed(units), strict=False)
    for index, (own, shown) in enumerate(pairs, start=1):
        if own != shown and shown.is_compatible_with(own):
            factors[-index] = (1 * shown).to(own).magnitude
    return factors
