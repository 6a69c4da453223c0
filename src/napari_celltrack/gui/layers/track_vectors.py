"""Lines drawn beside the tracks: the layers ``search`` and ``compared``."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from napari.components import ViewerModel
from napari.layers import Image, Vectors

from napari_celltrack.gui.layers.own_layers import (
    add_own,
    align_over,
    find_fitting,
    find_own,
    place_over,
    quietly,
    remove_own,
    reveal_soon,
)
from napari_celltrack.gui.layers.track_rows import Floats, axes_after_time
from napari_celltrack.gui.theme import LAYER_COLOURS
from napari_celltrack.movie import Movie
from napari_celltrack.tables import FRAME, X_PX, Y_PX

SEARCH, COMPARED = "search", "compared"

#: Corners of the circle of the search radius.
_N_CORNERS = 48


def show_search(
    viewer: ViewerModel,
    image: Image,
    place_px: tuple[float, float],
    radius_px: float,
    candidates: npt.ArrayLike = (),
) -> Vectors:
    """Draw the search radius round a cell at true scale, and lines to those it may be linked to.

    The layer has no time, so it stays when the slider goes to the frame before or after.

    Parameters
    ----------
    viewer, image
        As of :func:`show_tracks`.
    place_px : (float, float)
        The cell (y, x).
    radius_px : float
        Radius of the circle.
    candidates : array-like of float, shape (n, 2)
        Places (y, x) of cells in the next frame, or the one before.
    """
    centre = np.asarray(place_px, np.float64)
    others = np.asarray(candidates, np.float64).reshape(-1, 2)
    angles = np.linspace(0, 2 * np.pi, _N_CORNERS + 1)
    corners = centre + radius_px * np.stack([np.sin(angles), np.cos(angles)], axis=1)
    circle = np.stack([corners[:-1], np.diff(corners, axis=0)], axis=1)
    lines = np.stack([np.broadcast_to(centre, others.shape), others - centre], axis=1)
    colours = [LAYER_COLOURS["limit"]] * len(circle) + [LAYER_COLOURS["candidate"]] * len(lines)
    width = max(radius_px / 25, 0.3)
    data = np.concatenate([circle, lines])
    return _show_vectors(viewer, image, SEARCH, data, colours=colours, width=width)


def hide_search(viewer: ViewerModel) -> None:
    """Take the circle and the lines away; their layer stays, for a new one takes long to make."""
    layer = find_own(viewer, SEARCH)
    if layer is not None and len(layer.data):
        with quietly(layer):
            layer.data = np.zeros((0, 2, layer.ndim))


def remove_search(viewer: ViewerModel) -> None:
    """Take the layer away, too."""
    remove_own(viewer, SEARCH)


def show_compared(
    viewer: ViewerModel, image: Image, movie: Movie, only_a: pd.DataFrame, only_b: pd.DataFrame
) -> Vectors | None:
    """Draw the links that only one of two runs has, each in the frame that it leads to.

    Parameters
    ----------
    viewer, image, movie
        As of :func:`show_tracks`.
    only_a, only_b : DataFrame
        As in :class:`~napari_celltrack.analysis.link_difference.LinkDifference`; A is red, B
        is blue.

    Returns
    -------
    Vectors or None
        None where there is nothing to draw.
    """
    axes = axes_after_time(movie)
    links = pd.concat([only_a, only_b])
    if links.empty or len(axes) < 3:
        hide_compared(viewer)
        return None
    start = np.zeros((len(links), 2, len(axes)))
    start[:, 0, 0] = links[FRAME]
    before = links[["y_before_px", "x_before_px"]].to_numpy(np.float64)
    start[:, 0, -2:] = before
    start[:, 1, -2:] = links[[Y_PX, X_PX]].to_numpy(np.float64) - before
    colours = [LAYER_COLOURS["a"]] * len(only_a) + [LAYER_COLOURS["b"]] * len(only_b)
    return _show_vectors(viewer, image, COMPARED, start, colours=colours, width=1.5)


def hide_compared(viewer: ViewerModel) -> None:
    """Take the links of the comparison away."""
    remove_own(viewer, COMPARED)


def _show_vectors(
    viewer: ViewerModel,
    image: Image,
    name: str,
    data: Floats,
    *,
    colours: list[str],
    width: float,
) -> Vectors:
    ndim = data.shape[-1]
    layer = find_fitting(viewer, name, ndim)
    if layer is None:
        layer = Vectors(
            data,
            name=name,
            edge_color=np.array(colours),
            edge_width=width,
            vector_style="line",
            opacity=1.0,
            visible=False,
            **place_over(image, ndim),
        )
        add_own(viewer, layer, name)
        reveal_soon(layer)
        return layer
    is_other = len(colours) != len(layer.data)
    with quietly(layer):
        layer.data = data
    if is_other or name == COMPARED:
        layer.edge_color = np.array(colours)
    # Each change is drawn, and of the width a small one is not seen.
    if not 0.8 < layer.edge_width / width < 1.25:
        layer.edge_width = width
    align_over(layer, image)
    return layer
