"""What napari is given of tracks: rows, features and graph, made of tables; knows no layers.

Making them takes as long as showing them, so it is done in the background.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

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

#: What tracks can be coloured by, beside the intensities: name in napari, column of the table.
STEP, CONFIDENCE = "step_px", "confidence"
_RENAMED = {LINK_DISTANCE_PX: STEP, LINK_MARGIN: CONFIDENCE}
#: Columns that say where a cell is and what it is called, which is no colour.
_NO_FEATURES = frozenset(
    (FRAME, TIME_S, LABEL, PARENT_ID, Y_PX, X_PX, Y_UM, X_UM, LINK_COST_PX, N_CANDIDATES)
)
#: In typical steps; all links above are equally safe, and would take the colours of the others.
_SAFE_MARGIN = 5.0
#: Rows that napari takes in within some 20 ms, which no one notices.
QUICK_ROWS = 5_000


@dataclass(frozen=True, eq=False)
class TrackRows:
    """What the layers ``tracks`` and ``detections`` are to show.

    Parameters
    ----------
    places : ndarray, shape (n, ndim), float64
        Where cells were seen, (t, ..., y, x), in the order of the object table.
    index : ndarray, shape (n,), int64
        Which rows of the object table they are.
    near : ndarray, shape (n,), bool
        Those that `rows` has, too: many at once are quick for napari only where its layer has them
        already.
    rows : ndarray, shape (n, 1 + ndim), float64
        (track_id, t, ..., y, x), sorted by track, then frame.
    features : DataFrame
        See :func:`track_features`; a row for each of `rows`.
    graph : dict of int to list of int
        The mother of each daughter.
    """

    places: Floats
    index: npt.NDArray[np.int64]
    near: npt.NDArray[np.bool_]
    rows: Floats
    features: pd.DataFrame
    graph: dict[int, list[int]]


def rows_to_show(
    tables: Tables, movie: Movie, frame: int, max_rows: int | None = QUICK_ROWS
) -> TrackRows | None:
    """Return what napari is to show of some tracks.

    Parameters
    ----------
    tables : Tables
        `objects` and `tracks` are used; frames are true indices.
    movie : Movie
        Its axes are those of the image that the tracks lie over.
    frame : int
        The one in view.
    max_rows : int, optional
        Only as many detections, those nearest in time to the frame in view: napari takes them in
        on the GUI thread, where more are felt. None for all.

    Returns
    -------
    TrackRows or None
        None where there is nothing to follow: no tracks, or one frame.
    """
    followed = tables.objects[tables.objects[TRACK_ID].to_numpy() > 0]
    axes = axes_after_time(movie)
    is_followed = len(followed) and tables.counts[FRAME].nunique() > 1
    if not is_followed or len(axes) < 3:
        return None
    places, index = rows_of(followed, axes)[:, 1:], followed.index.to_numpy(np.int64)
    near = np.ones(len(followed), bool)
    if max_rows is not None and len(followed) > max_rows:
        near = _nearest_in_time(followed, frame, max_rows)
    followed = followed[near].sort_values([TRACK_ID, FRAME], kind="stable")
    graph = _graph(tables.tracks, followed)
    rows = rows_of(followed, axes)
    return TrackRows(places, index, near, rows, track_features(followed), graph)


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


def _nearest_in_time(followed: pd.DataFrame, frame: int, max_rows: int) -> npt.NDArray[np.bool_]:
    """Return which rows are of whole frames round one, at least of that one."""
    away = (followed[FRAME] - frame).abs()
    per_distance = away.value_counts().sort_index()
    fits = per_distance.index[per_distance.cumsum() <= max_rows]
    reach = max(fits.max() if len(fits) else 0, away.min())
    near: npt.NDArray[np.bool_] = (away <= reach).to_numpy()
    return near
