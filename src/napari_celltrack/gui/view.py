"""Where the viewer looks: which frame is in view, and going somewhere."""

from __future__ import annotations

from typing import Any

from napari.components import ViewerModel
from napari.layers import Image

from napari_celltrack.movie import Movie

#: About the side of the canvas on a laptop; napari does not tell its size.
_CANVAS_PX = 600
#: Names of axes that a movie can have.
_AXES = tuple("TCZYX")


def go_to(
    viewer: ViewerModel,
    layer: Image,
    movie: Movie,
    frame: int,
    *,
    y_px: float | None = None,
    x_px: float | None = None,
    width_px: float | None = None,
) -> None:
    """Show a frame of a layer, and a place in it.

    Parameters
    ----------
    viewer : ViewerModel
        Its slider and camera are moved.
    layer : Image
        The layer that the movie was made from.
    movie : Movie
        Says which dimension is time.
    frame : int
        True index.
    y_px, x_px : float, optional
        Place that comes to the middle; the view stays where it is without.
    width_px : float, optional
        Side of the part of the image that is shown; the zoom stays as it is without.
    """
    axes = _axes_of(layer, movie)
    # Layers are aligned at their last dimensions.
    first = viewer.dims.ndim - layer.ndim
    place = list(layer.world_to_data(viewer.dims.point[first:]))
    if "T" in axes:
        place[axes.index("T")] = frame
    if y_px is not None and x_px is not None:
        place[axes.index("Y")], place[axes.index("X")] = y_px, x_px
    world = layer.data_to_world(place)
    if "T" in axes:
        axis = axes.index("T")
        viewer.dims.set_point(first + axis, world[axis])
    camera = camera_of(viewer)
    if y_px is not None and x_px is not None:
        camera.center = (*camera.center[:-2], *world[-2:])
    if width_px is not None:
        camera.zoom = _CANVAS_PX / (width_px * abs(float(layer.scale[-1])))


def name_sliders(viewer: ViewerModel, layer: Image, movie: Movie) -> None:
    """Call the sliders what they are, where napari would call them -3 and -2.

    Parameters
    ----------
    viewer : ViewerModel
        Names that a layer or the user has given stay.
    layer : Image
        The layer that the movie was made from.
    movie : Movie
        Says what each dimension is.
    """
    labels, first = list(viewer.dims.axis_labels), viewer.dims.ndim - layer.ndim
    for at, axis in enumerate(_axes_of(layer, movie), start=first):
        if 0 <= at < len(labels) and (labels[at].lstrip("-").isdigit() or labels[at] in _AXES):
            labels[at] = axis
    if tuple(labels) != tuple(viewer.dims.axis_labels):
        viewer.dims.axis_labels = tuple(labels)


def _axes_of(layer: Image, movie: Movie) -> str:
    """Return the axes of a layer; its colours are no dimension of the viewer."""
    return movie.axes[:-1] if layer.rgb and movie.axes.endswith("C") else movie.axes


def camera_of(viewer: ViewerModel) -> Any:
    """Return the camera of a viewer; napari keeps it in its scene since 0.9."""
    return getattr(viewer, "scene", viewer).camera
