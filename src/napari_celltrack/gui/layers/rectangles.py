"""Rectangles of Shapes layers as parts of an image.

The one layer that is added here, ``crop``, is empty and the user's own from then on: to draw in.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from napari.components import ViewerModel
from napari.layers import Image, Shapes

from napari_celltrack.errors import RecipeError
from napari_celltrack.gui.layers.movie_layers import guess_axes
from napari_celltrack.input import Crop
from napari_celltrack.movie import Movie

#: Name of the layer to draw a rectangle in.
CROP = "crop"


def rectangles_in(layer: Shapes) -> list[int]:
    """Return which shapes of a layer are rectangles."""
    return [index for index, kind in enumerate(layer.shape_type) if kind == "rectangle"]


def crop_of(shapes: Shapes, index: int, image: Image, movie: Movie) -> Crop:
    """Return the part of an image that a rectangle covers.

    A pixel belongs to it when its centre lies inside. A turned rectangle gives the part that
    holds all of it.

    Parameters
    ----------
    shapes : Shapes
        May be scaled, moved and of other units or fewer dimensions than the image.
    index : int
        Of the rectangle in the layer.
    image : Image
        The layer that the movie was made from.
    movie : Movie
        Made of `image`.

    Returns
    -------
    Crop
        In pixels of the image, within its borders.

    Raises
    ------
    RecipeError
        If the rectangle lies outside of the image.
    """
    corners = np.array([_in_image(shapes, corner, image) for corner in shapes.data[index]])
    ends = {}
    for axis, length in (("Y", movie.height_px), ("X", movie.width_px)):
        along = corners[:, movie.axes.index(axis)]
        start, stop = (min(max(math.ceil(v), 0), length) for v in (along.min(), along.max()))
        if stop <= start:
            raise RecipeError("The rectangle lies outside of the image; move it over the cells.")
        ends[f"{axis.lower()}_start_px"], ends[f"{axis.lower()}_stop_px"] = start, stop
    return Crop(**ends)


def add_crop_layer(viewer: ViewerModel, image: Image, axes: str | None) -> Shapes:
    """Add an empty layer over an image, ready to draw a rectangle in.

    Parameters
    ----------
    viewer : ViewerModel
        Where to add it.
    image : Image
        The layer that it lies over.
    axes : str or None
        How the image is read; None for the guess.

    Returns
    -------
    Shapes
        Of two dimensions, so that what is drawn holds for all frames.
    """
    axes = axes or guess_axes(image)
    plane = [axes.index(axis) for axis in sorted("YX", key=axes.index)]
    layer = Shapes(
        ndim=2,
        name=CROP,
        scale=[image.scale[i] for i in plane],
        translate=[image.translate[i] for i in plane],
        units=[image.units[i] for i in plane],
        face_color="transparent",
        edge_color="#4a9eff",
        # About three pixels of the screen, whatever the size of the image.
        edge_width=max(max(image.data.shape[i] for i in plane) / 300, 1),
    )
    viewer.add_layer(layer)
    viewer.layers.selection.active = layer
    layer.mode = "add_rectangle"
    return layer


def _in_image(
    shapes: Shapes, corner: npt.NDArray[np.float64], image: Image
) -> npt.NDArray[np.float64]:
    """Return a corner in data coordinates of the image."""
    world = np.array(shapes.data_to_world(corner), float)
    pairs = zip(reversed(shapes.units), reversed(image.units), strict=False)
    for index, (own, wanted) in enumerate(pairs, start=1):
        if own != wanted and own.is_compatible_with(wanted):
            world[-index] *= (1 * own).to(wanted).magnitude
    return np.asarray(image.world_to_data(world), float)
