"""The layers of tracks: ``tracks`` and ``detections``, updated in place.

Only layers of our own are touched, known by their tag; what the user sets on them (tail, colours,
whether they are shown) stays when new tracks come. New data lie within the image and leave the
viewer's sliders as they are, so updates do not say that the extent has changed: to look at all
layers for it would take napari a third of the time.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import pandas as pd
from napari.components import ViewerModel
from napari.layers import Image, Points, Tracks

from napari_celltrack.gui.layers.deep_tracks import make_tracks
from napari_celltrack.gui.layers.movie_layers import frame_in_view
from napari_celltrack.gui.layers.own_layers import (
    add_own,
    align_over,
    find_fitting,
    find_own,
    place_over,
    quietly,
    remove_own,
)
from napari_celltrack.gui.layers.track_rows import QUICK_ROWS, TrackRows, rows_to_show
from napari_celltrack.gui.layers.track_vectors import COMPARED, SEARCH
from napari_celltrack.gui.theme import LAYER_COLOURS
from napari_celltrack.movie import Movie
from napari_celltrack.tables import TRACK_ID, Tables

TRACKS, DETECTIONS = "tracks", "detections"

#: Where the layer ``detections`` keeps which rows of the object table its points are.
_ROWS = "rows of the object table"
#: What a layer of tracks says after each of data, features and graph; once for all is enough.
_SAID_BY_TRACKS = ("rebuild_tracks", "rebuild_graph", "properties", "color_by")


def show_tracks(
    viewer: ViewerModel,
    image: Image,
    movie: Movie,
    tables: Tables,
    *,
    max_rows: int | None = QUICK_ROWS,
) -> Tracks | None:
    """Show tracks in the layer ``tracks``, and where cells were seen in ``detections``.

    Parameters
    ----------
    viewer, image
        As of :func:`draw_tracks`.
    movie : Movie
        Made of that layer.
    tables, max_rows
        As of :func:`~napari_celltrack.gui.layers.track_rows.rows_to_show`.

    Returns
    -------
    Tracks or None
        None where there is nothing to follow.
    """
    frame = frame_in_view(viewer, image, movie)
    return draw_tracks(viewer, image, rows_to_show(tables, movie, frame, max_rows))


def draw_tracks(viewer: ViewerModel, image: Image, shown: TrackRows | None) -> Tracks | None:
    """Write the layers ``tracks`` and ``detections`` at once; see :func:`drawing_tracks`.

    Returns
    -------
    Tracks or None
        None where there is nothing to show.
    """
    for _ in drawing_tracks(viewer, image, shown):
        pass
    return tracks_layer(viewer)


def drawing_tracks(viewer: ViewerModel, image: Image, shown: TrackRows | None) -> Iterator[None]:
    """Write the layers ``tracks`` and ``detections``, step by step.

    A gap is a piece of a track without a detection. Both layers are made where they are missing
    and go when there are no tracks. To make a layer and to draw it first are steps of their own.

    Parameters
    ----------
    viewer : ViewerModel
        Where to show them.
    image : Image
        The layer that the movie was made from.
    shown : TrackRows or None
        What they are to show.
    """
    if shown is None:
        remove_tracks(viewer)
        return
    yield from _drawing_detections(viewer, image, shown)
    ndim = shown.places.shape[1]
    layer = find_fitting(viewer, TRACKS, ndim)
    if layer is not None:
        yield from _giving(layer, shown)
        align_over(layer, image)
        yield
        return
    layer = make_tracks(
        shown.rows,
        shown.features,
        shown.graph,
        place_over(image, ndim),
        name=TRACKS,
        color_by=TRACK_ID,
        colormap="turbo",
        tail_width=3,
        visible=False,
    )
    add_own(viewer, layer, TRACKS, below=find_own(viewer, DETECTIONS))
    yield
    layer.visible = True
    # They are drawn before the caller goes on.
    yield


def _giving(layer: Tracks, shown: TrackRows) -> Iterator[None]:
    """Give a layer other tracks; it is coloured by what the user chose."""
    wanted = layer.color_by
    # The order matters: data take features and graph away, and are coloured by track; other
    # colours need the features.
    with _saying_nothing(layer):
        layer.data = shown.rows
    if len(shown.rows) > QUICK_ROWS:
        yield
    with _saying_nothing(layer):
        layer.features = shown.features
        layer.graph = shown.graph
        if wanted in shown.features and wanted != layer.color_by:
            layer.color_by = wanted
    for name in _SAID_BY_TRACKS:
        getattr(layer.events, name)()


@contextmanager
def _saying_nothing(layer: Tracks) -> Iterator[None]:
    with ExitStack() as stack:
        stack.enter_context(quietly(layer))
        # New data come without the feature that was coloured by; it follows.
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore", UserWarning)
        for name in (*_SAID_BY_TRACKS, "set_data"):
            stack.enter_context(getattr(layer.events, name).blocker())
        yield


def shows_all(viewer: ViewerModel, tables: Tables) -> bool:
    """Tell whether :func:`show_tracks` has shown all rows of tracks that there are."""
    layer = tracks_layer(viewer)
    return layer is None or len(layer.data) >= int((tables.objects[TRACK_ID] > 0).sum())


def color_tracks(viewer: ViewerModel, color_by: str) -> None:
    """Colour the layer ``tracks`` by one of its features; without it nothing happens."""
    layer = tracks_layer(viewer)
    if layer is not None and color_by in layer.features:
        layer.color_by = color_by


def tracks_layer(viewer: ViewerModel) -> Tracks | None:
    """Return the layer that :func:`show_tracks` writes to, or None."""
    layer: Tracks | None = find_own(viewer, TRACKS)
    return layer


def describe_detections(viewer: ViewerModel, objects: pd.DataFrame) -> Points | None:
    """Give each point of the layer ``detections`` the row of the object table that it is.

    Parameters
    ----------
    viewer : ViewerModel
        Where :func:`show_tracks` has shown them.
    objects : DataFrame
        The object table that was shown.

    Returns
    -------
    Points or None
        None where no cells are shown.
    """
    layer: Points | None = find_own(viewer, DETECTIONS)
    if layer is None:
        return None
    rows = objects.loc[layer.metadata[_ROWS]]
    layer.features = rows.dropna(axis="columns", how="all").reset_index(drop=True)
    return layer


def detections_layer(viewer: ViewerModel) -> Points | None:
    """Return the layer of the points where cells were seen, or None."""
    layer: Points | None = find_own(viewer, DETECTIONS)
    return layer


def remove_tracks(viewer: ViewerModel) -> None:
    """Take the layers ``tracks`` and ``detections`` away."""
    remove_own(viewer, TRACKS, DETECTIONS)


def move_tracks(viewer: ViewerModel, image: Image) -> None:
    """Let all layers of tracks follow an image that was moved or scaled."""
    for name in (TRACKS, DETECTIONS, SEARCH, COMPARED):
        if (layer := find_own(viewer, name)) is not None:
            align_over(layer, image)


def _drawing_detections(viewer: ViewerModel, image: Image, shown: TrackRows) -> Iterator[None]:
    places, index = shown.places, shown.index
    layer = find_fitting(viewer, DETECTIONS, places.shape[1])
    # Other links between the same cells are the usual change, and napari takes long.
    is_same = layer is not None and np.array_equal(layer.data, places)
    if not is_same:
        places, index = places[shown.near], index[shown.near]
        is_same = layer is not None and np.array_equal(layer.data, places)
    if layer is None:
        layer = Points(
            places,
            name=DETECTIONS,
            size=2,
            face_color=LAYER_COLOURS["detection"],
            border_width=0,
            opacity=0.8,
            visible=False,
            **place_over(image, places.shape[1]),
        )
        layer.metadata[_ROWS] = index
        add_own(viewer, layer, DETECTIONS)
        yield
        layer.visible = True
        yield
        return
    layer.metadata[_ROWS] = index
    align_over(layer, image)
    if not is_same:
        with quietly(layer):
            layer.data = places
        yield
