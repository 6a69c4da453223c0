"""The layers of tracks: ``tracks``, ``detections``, ``search`` and ``compared``, updated in place.

Only layers of our own are touched, known by their tag; what the user sets on them (tail, colours,
whether they are shown) stays when new tracks come. New data lie within the image and leave the
viewer's sliders as they are, so updates do not say that the extent has changed: to look at all
layers for it would take napari a third of the time.
"""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt
import pandas as pd
from napari.components import ViewerModel
from napari.layers import Image, Points, Tracks, Vectors

from napari_celltrack.gui.layers import frame_in_view
from napari_celltrack.gui.own_layers import (
    add_own,
    align_over,
    find_fitting,
    find_own,
    place_over,
    quietly,
    remove_own,
)
from napari_celltrack.gui.theme import LAYER_COLOURS
from napari_celltrack.movie import Movie
from napari_celltrack.tables import (
    AREA_PX2,
    FRAME,
    LABEL,
    LINEAGE_ID,
    LINK_COST_PX,
    LINK_DISTANCE_PX,
    LINK_MARGIN,
    N_CANDIDATES,
    PARENT_ID,
    TIME_S,
    TRACK_ID,
    X_PX,
    X_UM,
    Y_PX,
    Y_UM,
    Tables,
)

Floats = npt.NDArray[np.float64]

TRACKS, DETECTIONS, SEARCH, COMPARED = "tracks", "detections", "search", "compared"

#: What tracks can be coloured by, beside the intensities: name in napari, column of the table.
STEP, CONFIDENCE = "step_px", "confidence"
_RENAMED = {LINK_DISTANCE_PX: STEP, LINK_MARGIN: CONFIDENCE}
#: Columns that say where a cell is and what it is called, which is no colour.
_NO_FEATURES = frozenset(
    (FRAME, TIME_S, LABEL, PARENT_ID, Y_PX, X_PX, Y_UM, X_UM, LINK_COST_PX, N_CANDIDATES)
)
#: In typical steps; all links above are equally safe, and would take the colours of the others.
_SAFE_MARGIN = 5.0
#: napari's Tracks have time and at most three dimensions of space.
_MAX_NDIM = 4
#: Rows that napari takes in without being felt, some 20 ms.
QUICK_ROWS = 5_000
#: Where the layer ``detections`` keeps which rows of the object table its points are.
_ROWS = "rows of the object table"
#: Corners of the circle of the search radius.
_N_CORNERS = 48


def show_tracks(
    viewer: ViewerModel,
    image: Image,
    movie: Movie,
    tables: Tables,
    *,
    color_by: str | None = None,
    max_rows: int | None = QUICK_ROWS,
) -> Tracks | None:
    """Show tracks in the layer ``tracks``, and where cells were seen in ``detections``.

    A gap is a piece of a track without a detection. Both layers are made where they are missing
    and go when there are no tracks.

    Parameters
    ----------
    viewer : ViewerModel
        Where to show them.
    image : Image
        The layer that the movie was made from.
    movie : Movie
        Made of that layer.
    tables : Tables
        `objects` and `tracks` are used; frames are true indices.
    color_by : str, optional
        A column of :func:`track_features`; by default as the user has it.
    max_rows : int, optional
        Show only as many sights of cells, those nearest in time to the frame in view: napari takes
        more in on the GUI thread, which is felt. None shows all.

    Returns
    -------
    Tracks or None
        None where there is nothing to follow: no tracks, one frame, or an image of more
        dimensions than napari can draw tracks in.
    """
    followed = tables.objects[tables.objects[TRACK_ID] > 0]
    axes = axes_after_time(movie)
    is_followed = len(followed) and tables.counts[FRAME].nunique() > 1
    if not is_followed or len(axes) < 3 or not can_show(movie):
        remove_tracks(viewer)
        return None
    if max_rows is not None and len(followed) > max_rows:
        followed = _nearest_in_time(followed, frame_in_view(viewer, image, movie), max_rows)
    dots = _show_detections(viewer, image, rows_of(followed, axes)[:, 1:])
    dots.metadata[_ROWS] = followed.index.to_numpy()
    followed = followed.sort_values([TRACK_ID, FRAME], kind="stable")
    rows = rows_of(followed, axes)
    features = track_features(followed)
    graph = _graph(tables.tracks, followed)
    layer = find_fitting(viewer, TRACKS, len(axes))
    if layer is None:
        layer = Tracks(
            rows,
            name=TRACKS,
            features=features,
            graph=graph,
            color_by=color_by or TRACK_ID,
            colormap="turbo",
            tail_width=3,
            **place_over(image, len(axes)),
        )
        add_own(viewer, layer, TRACKS, below=dots)
        return layer
    wanted = color_by or layer.color_by
    with warnings.catch_warnings(), quietly(layer):
        # New data come without the feature that was coloured by; it follows at once.
        warnings.simplefilter("ignore", UserWarning)
        layer.data = rows
    # The order matters: data take features and graph away, and colours need the features.
    layer.features = features
    layer.graph = graph
    layer.color_by = wanted if wanted in features else TRACK_ID
    align_over(layer, image)
    return layer


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


def track_features(followed: pd.DataFrame) -> pd.DataFrame:
    """Return what tracks can be coloured by, without holes.

    Parameters
    ----------
    followed : DataFrame
        The object table, sorted by track, then frame.

    Returns
    -------
    DataFrame
        A row an object: `track_id`, `lineage_id`, `step_px`, `confidence` (of the link that leads
        there, in typical steps, 0 to 5), `area_px2` and each other numeric column that is not
        a place. A track's first row, which has no link, takes the value of its next; one NaN
        would make all tracks transparent.
    """
    first = (TRACK_ID, STEP, CONFIDENCE, AREA_PX2, LINEAGE_ID)
    table = followed.drop(columns=[name for name in _NO_FEATURES if name in followed])
    table = table.select_dtypes("number").rename(columns=_RENAMED).reset_index(drop=True)
    if CONFIDENCE in table:
        table[CONFIDENCE] = table[CONFIDENCE].clip(0, _SAFE_MARGIN)
    known = table.replace([np.inf, -np.inf], np.nan).dropna(axis="columns", how="all")
    holes = list(known.columns[known.isna().any()])
    if holes:
        by_track = known.groupby(followed[TRACK_ID].to_numpy(), sort=False)[holes]
        known[holes] = by_track.bfill().fillna(known[holes].median())
    ordered = [name for name in first if name in known]
    features: pd.DataFrame = known[ordered + [name for name in known if name not in ordered]]
    return features


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
    """Take the circle and the lines away."""
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
        As in :class:`napari_celltrack.analysis.compare.LinkDifference`; A is red, B is blue.

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


def move_tracks(viewer: ViewerModel, image: Image) -> None:
    """Let all layers of tracks follow an image that was moved or scaled."""
    for name in (TRACKS, DETECTIONS, SEARCH, COMPARED):
        if (layer := find_own(viewer, name)) is not None:
            align_over(layer, image)


def _show_detections(viewer: ViewerModel, image: Image, places: Floats) -> Points:
    ndim = places.shape[1]
    layer = find_fitting(viewer, DETECTIONS, ndim)
    if layer is not None:
        # Other links between the same cells are the usual change, and napari takes long.
        if not np.array_equal(layer.data, places):
            with quietly(layer):
                layer.data = places
        align_over(layer, image)
        return layer
    layer = Points(
        places,
        name=DETECTIONS,
        size=2,
        face_color=LAYER_COLOURS["detection"],
        border_width=0,
        opacity=0.8,
        **place_over(image, ndim),
    )
    add_own(viewer, layer, DETECTIONS)
    return layer


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
            **place_over(image, ndim),
        )
        add_own(viewer, layer, name)
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


def can_show(movie: Movie) -> bool:
    """Tell whether napari can draw tracks over an image: not over one of planes and channels."""
    return len(axes_after_time(movie)) <= _MAX_NDIM


def axes_after_time(movie: Movie) -> str:
    """Return the dimensions of the image from time on: what comes before is the same for all."""
    axes = movie.axes[:-1] if movie.axes.endswith("C") else movie.axes
    return axes[axes.index("T") :] if "T" in axes else ""


def rows_of(followed: pd.DataFrame, axes: str) -> Floats:
    """Return rows (track_id, t, ..., y, x); a depth or channel between is 0, the first."""
    rows = np.zeros((len(followed), 1 + len(axes)))
    rows[:, 0], rows[:, 1] = followed[TRACK_ID], followed[FRAME]
    rows[:, -2], rows[:, -1] = followed[Y_PX], followed[X_PX]
    return rows


def _graph(tracks: pd.DataFrame, followed: pd.DataFrame) -> dict[int, list[int]]:
    """Return the mother of each daughter, where both are shown: napari refuses unknown ids."""
    shown = followed[TRACK_ID].unique()
    born = tracks[tracks[TRACK_ID].isin(shown) & tracks[PARENT_ID].isin(shown)]
    return {
        int(daughter): [int(mother)]
        for daughter, mother in zip(born[TRACK_ID], born[PARENT_ID], strict=True)
    }


def _nearest_in_time(followed: pd.DataFrame, frame: int, max_rows: int) -> pd.DataFrame:
    """Return the rows of whole frames round one, at least of that one."""
    away = (followed[FRAME] - frame).abs()
    per_distance = away.value_counts().sort_index()
    fits = per_distance.index[per_distance.cumsum() <= max_rows]
    reach = max(fits.max() if len(fits) else 0, away.min())
    near: pd.DataFrame = followed[away <= reach]
    return near
