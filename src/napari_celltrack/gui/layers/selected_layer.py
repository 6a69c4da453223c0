"""The layer ``selected``: a ring round each cell whose track stands out."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
from napari.components import ViewerModel
from napari.layers import Image, Points

from napari_celltrack.gui.layers.own_layers import (
    add_own,
    align_over,
    find_fitting,
    find_own,
    place_over,
)
from napari_celltrack.gui.layers.track_rows import axes_after_time, rows_of
from napari_celltrack.gui.theme import LAYER_COLOURS
from napari_celltrack.movie import Movie
from napari_celltrack.tables import AREA_PX2, TRACK_ID

SELECTED = "selected"
#: A ring is so much wider than a disk of the cell's area, and at least as wide, in px.
_ROOM, _MIN_SIZE_PX = 1.5, 6.0


def show_selected(
    viewer: ViewerModel,
    image: Image,
    movie: Movie,
    objects: pd.DataFrame | None,
    track_ids: Collection[int],
) -> None:
    """Draw a ring round each cell of some tracks, in every frame.

    The layer is made when it is needed first, and emptied where nothing is selected.

    Parameters
    ----------
    viewer : ViewerModel
        Where to show it.
    image : Image
        The layer that the movie was made from.
    movie : Movie
        Made of that layer.
    objects : DataFrame or None
        The object table; frames are true indices.
    track_ids : collection of int
        Of the tracks that stand out.
    """
    axes = axes_after_time(movie)
    chosen = None if objects is None else objects[objects[TRACK_ID].isin(list(track_ids))]
    if chosen is None or chosen.empty or not axes:
        if (layer := find_own(viewer, SELECTED)) is not None and len(layer.data):
            with layer.events.extent.blocker():
                layer.data = np.zeros((0, layer.ndim))
        return
    places = rows_of(chosen, axes)[:, 1:]
    diameter = 2 * np.sqrt(chosen[AREA_PX2].to_numpy(np.float64) / np.pi)
    size = np.maximum(_ROOM * diameter, _MIN_SIZE_PX)
    layer = find_fitting(viewer, SELECTED, len(axes))
    if layer is None:
        layer = Points(
            places,
            name=SELECTED,
            size=size,
            symbol="disc",
            face_color="transparent",
            border_color=LAYER_COLOURS["selected"],
            border_width=2.0,
            border_width_is_relative=False,
            **place_over(image, len(axes)),
        )
        add_own(viewer, layer, SELECTED)
        return
    with layer.events.extent.blocker():
        layer.data = places
        layer.size = size
    align_over(layer, image)
