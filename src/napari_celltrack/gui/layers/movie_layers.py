"""Between napari's layers and movies.

What is read of a layer: its data, lazily, as a movie. What is written: the layer ``cells``, one
frame at a time, in place; another movie takes it over where it has as many dimensions.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np
import numpy.typing as npt
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer
from numpy.lib.stride_tricks import as_strided

from napari_celltrack.gui.layers.layer_file import file_of
from napari_celltrack.gui.layers.own_layers import (
    PLACE,
    TAG,
    align,
    insert,
    is_ours,
    leave,
    leave_all,
    mark_ours,
    reveal_soon,
)
from napari_celltrack.gui.movie_array import MovieArray
from napari_celltrack.movie import RGB_CHANNELS, Movie, movie_from_array

CELLS = "cells"

#: What the file of a layer says of its movie.
_FACTS_OF_FILE = (
    "pixel_size_um",
    "z_step_um",
    "frame_interval_s",
    "axes_note",
    "notes",
    "colours",
    "path",
)
#: What the tag of the layer ``cells`` says of the movie that it fits.
_FACTS = ("image", "axes", "shape")
#: Key in the metadata of a layer of cells that were corrected by hand beside an earlier movie.
_CORRECTED = "corrected_by_hand"
#: Larger label movies are kept compressed; below, a plain array is quicker to draw.
_MAX_PLAIN_BYTES = 2**31
#: napari computes outlines on the GUI thread: in larger planes that is slow, so cells are filled.
_MAX_OUTLINE_PX = 768 * 768


def image_layers(viewer: ViewerModel) -> list[Image]:
    """Return the layers in which cells can be found, in the order of the layer list."""
    return [layer for layer in viewer.layers if _is_usable(layer) and not is_ours(layer)]


def is_read(layer: Layer) -> bool:
    """Whether cells can be found in a layer, and it was read from a file or is a sample."""
    if not _is_usable(layer) or is_ours(layer):
        return False
    source = layer.source
    return isinstance(layer.data, MovieArray) or bool(source.path or source.sample)


def show_one_movie(layer: Image | None, other: Image | None) -> bool:
    """Whether two layers were read together, as channels of one movie are."""
    if layer is None or other is None:
        return False
    if isinstance(layer.data, MovieArray) or isinstance(other.data, MovieArray):
        return getattr(layer.data, "movie", layer) is getattr(other.data, "movie", other)
    return bool(layer.source.path) and layer.source.path == other.source.path


def sibling(viewer: ViewerModel, layer: Image, channel: int) -> Image | None:
    """Return the layer of a viewer that shows another channel of the same file, or None."""
    alike = (each for each in image_layers(viewer) if show_one_movie(each, layer))
    return next((each for each in alike if file_of(each).channel == channel), None)


def movie_from_layer(
    layer: Image, axes: str | None = None, fingerprint: str | None = None
) -> Movie:
    """Wrap the data of a layer as a movie; nothing is copied or read.

    Pixel size and frame interval are taken from the scale only where the layer has units of
    length and of time: a scale alone says nothing. What the layer does not say is taken from the
    file that it shows, with the name of the channel, see
    :func:`~napari_celltrack.gui.layers.layer_file.file_of`.

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
    movie = movie_from_array(
        data,
        axes,
        name=layer.name,
        channels=RGB_CHANNELS[: data.shape[-1]] if layer.rgb else None,
        fingerprint=fingerprint,
    )
    file = file_of(layer)
    told = file.read_as(axes)
    if told is None:
        return _placed(replace(movie, notes=(file.note,) if file.note else ()), layer)
    named = told.channels if file.channel is None else (told.channels[file.channel],)
    facts = {name: getattr(told, name) for name in _FACTS_OF_FILE}
    movie = replace(movie, **facts)
    is_all = len(named) == len(movie.channels)
    return _placed(replace(movie, channels=named) if is_all else movie, layer)


def movie_of_file(layer: Image, axes: str | None = None, fingerprint: str | None = None) -> Movie:
    """Return the movie that a layer belongs to, with all channels of its file.

    A layer that shows one of several channels is where the cells of all of them are drawn. Any
    other layer is a movie itself, see :func:`movie_from_layer`, which takes the same.
    """
    file = file_of(layer)
    axes = axes or guess_axes(layer)
    whole = file.read_as(axes)
    n_shown = layer.data.shape[-1] if layer.rgb else 1
    is_part = file.channel is not None or (layer.rgb and whole and n_shown < len(whole.channels))
    if whole is None or not is_part:
        return movie_from_layer(layer, axes, fingerprint)
    return _placed(replace(whole, axes=axes), layer)


def guess_axes(layer: Image) -> str:
    """Return the likely meaning of each dimension: as layer or file name them, else T, then Z."""
    named = "".join(label[:1].upper() for label in layer.axis_labels)
    choices = axes_choices(layer)
    return next((each for each in (named, file_of(layer).axes) if each in choices), choices[0])


def _placed(movie: Movie, layer: Image) -> Movie:
    """Return a movie with the calibration of a layer, where it has one."""
    axes = movie.axes
    y, x = (_scale_in(layer, axes, axis, "micrometer") for axis in "YX")
    return replace(
        movie,
        pixel_size_um=(y, x) if y and x else movie.pixel_size_um,
        z_step_um=_scale_in(layer, axes, "Z", "micrometer") or movie.z_step_um,
        frame_interval_s=_scale_in(layer, axes, "T", "second") or movie.frame_interval_s,
    )


def axes_choices(layer: Image) -> list[str]:
    """Return the readings of a layer's dimensions that make sense, the likeliest first."""
    colours = "C" if layer.rgb else ""
    has_channels = layer.rgb or (file_of(layer).channel is not None and layer.ndim <= 4)
    free = "TZ" if has_channels else "TZC"
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
    fit_cells(viewer, image, movie)
    layer, fits = cells_layer(viewer), _facts(image, movie)
    if layer is None:
        frames, view = _empty_frames(fits)
        frames[frame] = labels
        return _add(viewer, image, view, {**fits, "frames": frames})
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
    return next((layer for layer in viewer.layers if is_cells(layer)), None)


def is_cells(layer: Any) -> bool:
    """Whether a layer is the one that :func:`show_labels` writes to."""
    return isinstance(layer, Labels) and is_ours(layer) and "frames" in layer.metadata[TAG]


def leave_image(viewer: ViewerModel) -> None:
    """Take all layers of ours off an image, in one step, but for the cells: they are emptied."""
    cells = cells_layer(viewer)
    leave_all(viewer, but=cells)
    if cells is not None:
        _give(cells, cells.metadata[TAG])


def do_cells_fit(viewer: ViewerModel, image: Image | None, movie: Movie | None) -> bool:
    """Whether the layer ``cells``, where there is one, was made for a movie."""
    cells = cells_layer(viewer)
    if cells is None:
        return True
    if image is None or movie is None:
        return False
    return {key: cells.metadata[TAG][key] for key in _FACTS} == _facts(image, movie)


def fit_cells(viewer: ViewerModel, image: Image | None, movie: Movie | None) -> None:
    """Have the layer ``cells`` lie over an image, empty, with all that the user has set on it.

    It goes where it has other dimensions, for napari cannot change them, and where there is no
    movie any more.
    """
    cells = cells_layer(viewer)
    if cells is None or do_cells_fit(viewer, image, movie):
        return
    fits = {} if image is None or movie is None else _facts(image, movie)
    if image is not None and fits and cells.ndim == len(fits["axes"]):
        _give(cells, fits)
        _lift(viewer, cells, image)
    else:
        leave(viewer, [cells])


def frame_of_cells(cells: Labels, frame: int) -> npt.NDArray[np.int32]:
    """Return a copy of one frame of the layer ``cells``, shape (Y, X)."""
    return np.array(cells.metadata[TAG]["frames"][frame], np.int32)


def n_frames_of_cells(cells: Labels) -> int:
    """Return how many frames the layer ``cells`` has."""
    return int(cells.metadata[TAG]["frames"].shape[0])


def release_cells(viewer: ViewerModel) -> None:
    """Give the layer ``cells`` to the user, who corrected it by hand; another is made when due."""
    layer = cells_layer(viewer)
    if layer is not None:
        layer.metadata[_CORRECTED] = {
            "frames": layer.metadata[TAG]["frames"],
            "layer": str(layer.unique_id),
        }
        del layer.metadata[TAG]
        layer.name = f"{CELLS} corrected"


def corrected_before(layer: Labels) -> npt.NDArray[np.int32] | None:
    """Return the frames of what :func:`release_cells` gave to the user; None of other layers."""
    known = layer.metadata.get(_CORRECTED)
    return known["frames"] if known and known["layer"] == str(layer.unique_id) else None


def move_cells(viewer: ViewerModel, image: Image) -> None:
    """Let the layer ``cells`` follow an image that was moved or scaled."""
    layer = cells_layer(viewer)
    if layer is not None and layer.metadata[TAG]["image"] == str(image.unique_id):
        align(layer, image)


def _add(viewer: ViewerModel, image: Image, data: Any, tag: dict[str, Any]) -> Labels:
    place = {name: getattr(image, name) for name in PLACE}
    outlined = _is_outlined(data)
    opacity = 0.7 if outlined else 0.4
    layer = Labels(data, name=CELLS, opacity=opacity, visible=False, **place)
    layer.contour = 2 if outlined else 0
    mark_ours(layer, tag)
    insert(viewer, layer, len(viewer.layers))
    reveal_soon(layer)
    return layer


def _give(layer: Labels, fits: dict[str, Any]) -> None:
    """Empty the layer ``cells`` for a movie; strokes made before cannot be undone any more."""
    frames, view = _empty_frames(fits)
    # napari forgets strokes only where a layer cannot be edited any more.
    layer.editable = False
    mark_ours(layer, {**{key: fits[key] for key in _FACTS}, "frames": frames})
    layer.data = view
    layer.editable = True
    if not _is_outlined(view):
        layer.contour = 0


def _lift(viewer: ViewerModel, cells: Labels, image: Image) -> None:
    """Have the layer ``cells`` lie over an image that was opened after it."""
    layers = viewer.layers
    if image in layers and layers.index(cells) < layers.index(image):
        layers.move(layers.index(cells), layers.index(image) + 1)


def _facts(image: Image, movie: Movie) -> dict[str, Any]:
    """Return what the layer ``cells`` has to fit: an image, and its dimensions but for colours."""
    axes = movie.axes[:-1] if image.rgb else movie.axes
    data = image.data[0] if image.multiscale else image.data
    shape = tuple(int(length) for length in data.shape[: len(axes)])
    return dict(zip(_FACTS, (str(image.unique_id), axes, shape), strict=True))


def _empty_frames(fits: dict[str, Any]) -> tuple[Any, Any]:
    """Return an array (T, Y, X) of zeros, and a view of it with the dimensions of an image.

    Memory is taken only where it is written to. The cells of a frame are the same in all planes
    and channels; what is painted in one is painted in all.
    """
    axes, length = fits["axes"], dict(zip(fits["axes"], fits["shape"], strict=True))
    shape = (length.get("T", 1), length["Y"], length["X"])
    if axes == "TYX" and int(np.prod(shape, dtype=np.int64)) * 4 > _MAX_PLAIN_BYTES:
        import zarr

        frames = zarr.zeros(shape=shape, chunks=(1, *shape[1:]), dtype="int32")
        return frames, frames
    plain = np.zeros(shape, np.int32)
    stride = dict(zip("TYX", plain.strides, strict=True))
    # numpy's own broadcasting gives what cannot be written to.
    return plain, as_strided(plain, fits["shape"], [stride.get(axis, 0) for axis in axes])


def _is_outlined(cells: Any) -> bool:
    return cells.shape[-1] * cells.shape[-2] <= _MAX_OUTLINE_PX


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
