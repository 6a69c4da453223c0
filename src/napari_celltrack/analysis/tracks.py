"""Tables of tracks and of counts, from linked objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from napari_celltrack.analysis.motion import drift_at, sorted_detections, steps
from napari_celltrack.tables import (
    ACROSS_GAP,
    COUNT_COLUMNS,
    DISPLACEMENT_PX,
    DISPLACEMENT_UM,
    DURATION_FRAMES,
    DURATION_S,
    END_FRAME,
    FRAME,
    IS_INTERPOLATED,
    LINEAGE_ID,
    MAX_SPEED_PX_PER_FRAME,
    MAX_SPEED_UM_PER_S,
    MEAN_TURNING_ANGLE_RAD,
    N_CELLS,
    N_FRAMES,
    PARENT_ID,
    PATH_PX,
    PATH_UM,
    SPEED_PX_PER_FRAME,
    SPEED_UM_PER_S,
    START_FRAME,
    STRAIGHTNESS,
    TIME_S,
    TRACK_COLUMNS,
    TRACK_ID,
    TURNING_ANGLE_RAD,
    X_PX,
    Y_PX,
    as_table,
)


def track_table(
    objects: pd.DataFrame,
    parents: Mapping[int, int],
    pixel_size_um: tuple[float, float] | None = None,
    frame_interval_s: float | None = None,
    drift: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Summarise each track.

    Parameters
    ----------
    objects : DataFrame
        With `frame`, `track_id` (from 1), `y_px`, `x_px`.
    parents : mapping of int to int
        From a track's id to its mother's.
    pixel_size_um : (float, float), optional
        Height and width of a pixel; µm columns are NaN without it.
    frame_interval_s : float, optional
        The speed in µm/s is NaN without it.
    drift : DataFrame, optional
        With `frame`, `drift_y_px`, `drift_x_px`: subtracted from positions first.

    Returns
    -------
    DataFrame
        One row per track, sorted by id; columns of
        :data:`~napari_celltrack.tables.TRACK_COLUMNS`. A track with one detection has path 0 and
        no speed (NaN). Steps over gaps do not count for the maximal speed and the mean turning
        angle; the mean speed is path over duration.
    """
    if IS_INTERPOLATED in objects:
        objects = objects[~objects[IS_INTERPOLATED].astype(bool)]
    order = np.lexsort((objects[FRAME].to_numpy(np.int64), objects[TRACK_ID].to_numpy(np.int64)))
    rows = sorted_detections(objects, order)
    ids = rows[TRACK_ID].to_numpy(np.int64)
    frame = rows[FRAME].to_numpy(np.int64)
    position = rows[[Y_PX, X_PX]].to_numpy(np.float64)
    if drift is not None:
        position = position - drift_at(drift, frame)
    track_id, first, n_frames = np.unique(ids, return_index=True, return_counts=True)
    last = first + n_frames - 1

    # The step into each row; the first row of a track has none.
    step = np.diff(position, axis=0, prepend=position[:1])
    step[first] = 0
    px_to_um = np.array(pixel_size_um or (np.nan, np.nan))
    duration = (frame[last] - frame[first]).astype(np.float64)
    duration[duration == 0] = np.nan

    def path(step: np.ndarray) -> np.ndarray:
        return np.add.reduceat(np.hypot(*step.T), first) if len(first) else np.zeros(0)

    straight = position[last] - position[first]
    path_px, path_um = path(step), path(step * px_to_um)
    distance_px = np.hypot(*straight.T)
    straightness = np.full(len(path_px), np.nan)
    np.divide(distance_px, path_px, out=straightness, where=path_px > 0)
    moves = _moves(steps(rows, pixel_size_um, frame_interval_s, drift), track_id)
    parent_id = np.array([parents.get(int(i), 0) for i in track_id], np.int64)
    columns = {
        TRACK_ID: track_id,
        PARENT_ID: parent_id,
        LINEAGE_ID: _founders(track_id, parents),
        START_FRAME: frame[first],
        END_FRAME: frame[last],
        N_FRAMES: n_frames,
        PATH_PX: path_px,
        DISPLACEMENT_PX: distance_px,
        SPEED_PX_PER_FRAME: path_px / duration,
        PATH_UM: path_um,
        DISPLACEMENT_UM: np.hypot(*(straight * px_to_um).T),
        SPEED_UM_PER_S: path_um / duration / (frame_interval_s or np.nan),
        DURATION_FRAMES: frame[last] - frame[first],
        DURATION_S: (frame[last] - frame[first]) * (frame_interval_s or np.nan),
        MAX_SPEED_PX_PER_FRAME: moves[SPEED_PX_PER_FRAME],
        MAX_SPEED_UM_PER_S: moves[SPEED_UM_PER_S],
        STRAIGHTNESS: straightness,
        MEAN_TURNING_ANGLE_RAD: moves[TURNING_ANGLE_RAD],
    }
    return as_table(columns, TRACK_COLUMNS)


def count_table(
    objects: pd.DataFrame, frames: Sequence[int], frame_interval_s: float | None = None
) -> pd.DataFrame:
    """Count the cells of each frame, also of frames without cells.

    Parameters
    ----------
    objects : DataFrame
        With `frame`.
    frames : sequence of int
        True indices of all processed frames.
    frame_interval_s : float, optional
        `time_s` is NaN without it.

    Returns
    -------
    DataFrame
        Columns of :data:`~napari_celltrack.tables.COUNT_COLUMNS`, in the order of `frames`.
    """
    index = np.asarray(frames, np.int64)
    n_cells = objects[FRAME].value_counts().reindex(index, fill_value=0).to_numpy()
    interval = np.nan if frame_interval_s is None else frame_interval_s
    return as_table({FRAME: index, TIME_S: index * interval, N_CELLS: n_cells}, COUNT_COLUMNS)


def _moves(found: pd.DataFrame, track_id: np.ndarray) -> dict[str, np.ndarray]:
    """Return the maximal speeds and the mean absolute turning angle of each track."""
    seen = ~found[ACROSS_GAP].to_numpy(bool)
    place = np.searchsorted(track_id, found[TRACK_ID].to_numpy(np.int64)[seen])
    moves = {}
    for name in (SPEED_PX_PER_FRAME, SPEED_UM_PER_S):
        moves[name] = np.full(len(track_id), np.nan)
        np.fmax.at(moves[name], place, found[name].to_numpy(np.float64)[seen])
    turning = np.abs(found[TURNING_ANGLE_RAD].to_numpy(np.float64)[seen])
    known = np.isfinite(turning)
    n_known = np.bincount(place[known], minlength=len(track_id)).astype(np.float64)
    n_known[n_known == 0] = np.nan
    total = np.bincount(place[known], turning[known], minlength=len(track_id))
    moves[TURNING_ANGLE_RAD] = total / n_known
    return moves


def _founders(track_id: np.ndarray, parents: Mapping[int, int]) -> np.ndarray:
    """Return for each track the id of the first track of its family."""
    founder: dict[int, int] = {}
    # A mother's id may be above or below her daughters', so each line is followed to its root.
    for track in track_id.tolist():
        line = [track]
        while line[-1] not in founder and line[-1] in parents:
            line.append(parents[line[-1]])
        root = founder.get(line[-1], line[-1])
        founder.update(dict.fromkeys(line, root))
    return np.array([founder[track] for track in track_id.tolist()], np.int64)
