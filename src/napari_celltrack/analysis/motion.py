"""Motion of cells: steps, drift, and rows that fill gaps."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from napari_celltrack.settings import Settings
from napari_celltrack.tables import (
    ACROSS_GAP,
    CUMULATIVE_PATH_PX,
    CUMULATIVE_PATH_UM,
    DIRECTION_RAD,
    DRIFT_COLUMNS,
    DRIFT_X_PX,
    DRIFT_Y_PX,
    FRAME,
    IS_INTERPOLATED,
    NET_DISPLACEMENT_PX,
    NET_DISPLACEMENT_UM,
    SPEED_PX_PER_FRAME,
    SPEED_UM_PER_S,
    STEP_COLUMNS,
    STEP_IN_IMAGE_PX,
    STEP_PX,
    STEP_UM,
    TIME_S,
    TRACK_ID,
    TURNING_ANGLE_RAD,
    X_PX,
    Y_PX,
    as_table,
)

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]

#: The drift is mentioned if it is at least this share of the typical step.
LARGE_SHARE = 0.3
#: Number of cells that the median step must have to count as drift.
MIN_CELLS = 3


class Motion(Settings):
    """How the motion of cells is measured."""

    subtract_drift: bool = Field(
        False,
        title="Subtract drift",
        description=(
            "Take the motion that all cells share out of steps, paths and speeds; positions stay "
            "those in the image."
        ),
    )

    def drift_of(self, objects: pd.DataFrame, drift: pd.DataFrame | None) -> pd.DataFrame | None:
        """Return the drift that is subtracted from motion; None where none is.

        Parameters
        ----------
        objects : DataFrame
            As for :func:`common_motion`, which is the drift where none is known.
        drift : DataFrame or None
            What was taken out before linking.
        """
        return _known_or_common(objects, drift) if self.subtract_drift else None


def steps(
    objects: pd.DataFrame,
    pixel_size_um: tuple[float, float] | None = None,
    frame_interval_s: float | None = None,
    drift: pd.DataFrame | None = None,
    *,
    interpolated: bool = False,
) -> pd.DataFrame:
    """Measure every step of every track.

    Parameters
    ----------
    objects : DataFrame
        With `track_id` (rows with 0 are left out), `frame`, `y_px`, `x_px`.
    pixel_size_um : (float, float), optional
        Height and width of a pixel; µm columns are NaN without it.
    frame_interval_s : float, optional
        Columns in s are NaN without it.
    drift : DataFrame, optional
        With `frame`, `drift_y_px`, `drift_x_px`, e.g. of :func:`common_motion`: subtracted from
        positions first. `step_in_image_px` is the step without this subtraction.
    interpolated : bool
        Whether rows that :func:`with_gaps_filled` added count as detections.

    Returns
    -------
    DataFrame
        One row per cell and frame, sorted by track, then frame; columns of
        :data:`~napari_celltrack.tables.STEP_COLUMNS`. A step ends at its row; the first row of a
        track has none (NaN, path 0). `across_gap` marks a step over frames without a detection;
        its speed is per frame of the gap, and neither it nor the next step has a turning angle.
    """
    rows = detections_of(objects, interpolated)
    ids, frame = rows[TRACK_ID].to_numpy(np.int64), rows[FRAME].to_numpy(np.int64)
    image = rows[[Y_PX, X_PX]].to_numpy(np.float64)
    place = image if drift is None else image - drift_at(drift, frame)
    starts = is_first(ids)
    px_to_um = np.array(pixel_size_um or (np.nan, np.nan))
    interval_s = np.nan if frame_interval_s is None else frame_interval_s

    step = _step_into(place, starts)
    length_px, length_um = np.hypot(*step.T), np.hypot(*(step * px_to_um).T)
    n_frames = np.diff(frame, prepend=frame[:1]).astype(np.float64)
    n_frames[starts] = np.nan
    across_gap = n_frames > frame_step(objects[FRAME].to_numpy(np.int64))
    net = place - place[_first_row(starts)]
    direction = np.arctan2(step[:, 0], step[:, 1])
    # A cell that does not move has no direction.
    direction[length_px == 0] = np.nan
    columns = {
        TRACK_ID: ids,
        FRAME: frame,
        TIME_S: frame * interval_s,
        STEP_PX: length_px,
        STEP_UM: length_um,
        STEP_IN_IMAGE_PX: np.hypot(*_step_into(image, starts).T),
        CUMULATIVE_PATH_PX: _path(length_px, starts),
        CUMULATIVE_PATH_UM: _path(length_um, starts)
        if pixel_size_um
        else np.full(len(ids), np.nan),
        NET_DISPLACEMENT_PX: np.hypot(*net.T),
        NET_DISPLACEMENT_UM: np.hypot(*(net * px_to_um).T),
        SPEED_PX_PER_FRAME: length_px / n_frames,
        SPEED_UM_PER_S: length_um / n_frames / interval_s,
        DIRECTION_RAD: direction,
        TURNING_ANGLE_RAD: _turning(direction, starts, across_gap),
        ACROSS_GAP: across_gap,
    }
    return as_table(columns, STEP_COLUMNS)


def common_motion(objects: pd.DataFrame) -> pd.DataFrame:
    """Measure how far all tracked cells have moved together, by the median of their steps.

    Parameters
    ----------
    objects : DataFrame
        As for :func:`steps`.

    Returns
    -------
    DataFrame
        One row per frame of `objects`, motion since the first; columns of
        :data:`~napari_celltrack.tables.DRIFT_COLUMNS`. A step with fewer than
        :data:`MIN_CELLS` cells counts as none.
    """
    rows = detections_of(objects)
    ids, frame = rows[TRACK_ID].to_numpy(np.int64), rows[FRAME].to_numpy(np.int64)
    step = _step_into(rows[[Y_PX, X_PX]].to_numpy(np.float64), is_first(ids))
    usual = np.diff(frame, prepend=frame[:1]) == frame_step(objects[FRAME].to_numpy(np.int64))
    moved = pd.DataFrame({FRAME: frame, Y_PX: step[:, 0], X_PX: step[:, 1]})
    by_frame = moved[usual & ~is_first(ids)].groupby(FRAME)
    median = by_frame.median()[by_frame.size() >= MIN_CELLS]
    every = np.unique(objects[FRAME].to_numpy(np.int64))
    total = median.reindex(every, fill_value=0.0).cumsum()
    columns = {FRAME: every, DRIFT_Y_PX: total[Y_PX], DRIFT_X_PX: total[X_PX]}
    return as_table({name: np.asarray(column) for name, column in columns.items()}, DRIFT_COLUMNS)


def drift_warning(objects: pd.DataFrame, drift: pd.DataFrame | None = None) -> str:
    """Return a warning if the common motion is a large share of the steps of cells.

    Parameters
    ----------
    objects : DataFrame
        As for :func:`steps`.
    drift : DataFrame, optional
        As for :func:`steps`; :func:`common_motion` of the objects if left out or all 0.

    Returns
    -------
    str
        A sentence, or an empty string if drift is below 30 % of the typical step.
    """
    drift = _known_or_common(objects, drift)
    if len(drift) < 2:
        return ""
    together = float(np.median(np.hypot(*np.diff(drift[[DRIFT_Y_PX, DRIFT_X_PX]], axis=0).T)))
    typical = float(steps(objects)[STEP_PX].median())
    if not typical > 0 or together < LARGE_SHARE * typical:
        return ""
    return (
        f"All cells move together by {together:.2g} px per frame, {min(together / typical, 1):.0%} "
        "of a typical step; subtract the drift before comparing speeds."
    )


def jumps_in_words(drift: pd.DataFrame, radius_px: float) -> str:
    """Say where all cells moved together by more than the search radius; that was taken out.

    Parameters
    ----------
    drift : DataFrame
        With `frame`, `drift_y_px` and `drift_x_px`, as linking gives it.
    radius_px : float
        Search radius of the linker.

    Returns
    -------
    str
        A sentence, or an empty string if there was no such jump.
    """
    frame = drift[FRAME].to_numpy(np.int64)
    step_px = np.hypot(*np.diff(drift[[DRIFT_Y_PX, DRIFT_X_PX]].to_numpy(np.float64), axis=0).T)
    (at,) = np.nonzero(step_px > radius_px)
    if not len(at):
        return ""
    first = f"{step_px[at[0]]:.0f} px between frames {frame[at[0]]} and {frame[at[0] + 1]}"
    more = f", and at {len(at) - 1} more" if len(at) > 1 else ""
    return f"All cells moved together by {first}{more}; this was taken out before linking."


def with_gaps_filled(objects: pd.DataFrame) -> pd.DataFrame:
    """Add rows for the frames in which a tracked cell was not detected, by interpolation.

    Parameters
    ----------
    objects : DataFrame
        As for :func:`steps`.

    Returns
    -------
    DataFrame
        Columns of `objects` and `is_interpolated`, sorted by frame, added rows last. In these,
        positions are on the straight line between detections, ids are the track's, label is 0, and
        what was not measured is NaN (0 in integer columns).
    """
    rows = detections_of(objects)
    ids, frame = rows[TRACK_ID].to_numpy(np.int64), rows[FRAME].to_numpy(np.int64)
    unit = frame_step(objects[FRAME].to_numpy(np.int64))
    n_missing = np.where(is_first(ids), 0, np.diff(frame, prepend=frame[:1]) // unit - 1)
    after = np.repeat(np.arange(len(rows)), n_missing)
    nth = np.arange(len(after)) - np.repeat(np.cumsum(n_missing) - n_missing, n_missing) + 1
    share = (nth / (n_missing[after] + 1))[:, None]
    place = rows[[Y_PX, X_PX]].to_numpy(np.float64)
    between = place[after - 1] * (1 - share) + place[after] * share
    filled = objects.iloc[:0].reindex(range(len(after)))
    # Ids are those of the track; what was not measured stays empty.
    whole = [str(name) for name, kind in objects.dtypes.items() if kind.kind in "iu"]
    filled[whole] = 0
    kept = [name for name in ("parent_id", "lineage_id") if name in objects]
    source = objects.loc[rows.index[after]]
    filled[[TRACK_ID, *kept]] = source[[TRACK_ID, *kept]].to_numpy()
    filled[FRAME] = frame[after - 1] + nth * unit
    filled[[Y_PX, X_PX]] = between
    both = pd.concat(
        [
            objects.assign(**{IS_INTERPOLATED: False}),
            filled.astype(objects.dtypes.to_dict()).assign(**{IS_INTERPOLATED: True}),
        ],
        ignore_index=True,
    )
    ordered: pd.DataFrame = both.sort_values(
        [FRAME, IS_INTERPOLATED], kind="stable", ignore_index=True
    )
    return ordered


def detections_of(objects: pd.DataFrame, interpolated: bool = False) -> pd.DataFrame:
    """Return the rows of tracks, sorted by track, then frame; interpolated ones if asked for."""
    ids, frame = objects[TRACK_ID].to_numpy(np.int64), objects[FRAME].to_numpy(np.int64)
    wanted = ids > 0
    if not interpolated and IS_INTERPOLATED in objects:
        wanted &= ~objects[IS_INTERPOLATED].to_numpy(bool)
    at = np.flatnonzero(wanted)
    return sorted_detections(objects, at[np.lexsort((frame[at], ids[at]))])


def sorted_detections(objects: pd.DataFrame, order: Ids) -> pd.DataFrame:
    """Return only track, frame and place of rows in an order, as the full table may be large."""
    columns = {name: objects[name].to_numpy()[order] for name in (TRACK_ID, FRAME, Y_PX, X_PX)}
    rows: pd.DataFrame = pd.DataFrame(columns, index=objects.index[order])
    return rows


def frame_step(frames: Ids) -> int:
    """Return the number of true frames between consecutive processed frames, 1 if unknown."""
    apart = np.diff(np.unique(frames))
    return int(np.gcd.reduce(apart)) if len(apart) else 1


def is_first(ids: Ids) -> npt.NDArray[np.bool_]:
    """Return whether each row, sorted by track, is the first of its track."""
    first = np.ones(len(ids), bool)
    first[1:] = ids[1:] != ids[:-1]
    return first


def drift_at(drift: pd.DataFrame, frame: Ids) -> Floats:
    """Return the drift (y, x) at frames, shape (n, 2), interpolated between known frames."""
    known = drift[FRAME].to_numpy(np.float64)
    if not len(known):
        return np.zeros((len(frame), 2))
    axes = (drift[name].to_numpy(np.float64) for name in (DRIFT_Y_PX, DRIFT_X_PX))
    return np.stack([np.interp(frame, known, axis) for axis in axes], axis=1)


def _known_or_common(objects: pd.DataFrame, drift: pd.DataFrame | None) -> pd.DataFrame:
    if drift is not None and drift[[DRIFT_Y_PX, DRIFT_X_PX]].to_numpy().any():
        return drift
    return common_motion(objects)


def _step_into(place: Floats, starts: npt.NDArray[np.bool_]) -> Floats:
    step = np.diff(place, axis=0, prepend=place[:1])
    step[starts] = np.nan
    return step


def _first_row(starts: npt.NDArray[np.bool_]) -> Ids:
    """Return for each row the number of the first row of its track."""
    return np.maximum.accumulate(np.where(starts, np.arange(len(starts)), 0))


def _path(length: Floats, starts: npt.NDArray[np.bool_]) -> Floats:
    """Return the length of the path since the first row of each track."""
    total = np.cumsum(np.nan_to_num(length))
    way: Floats = total - total[_first_row(starts)]
    return way


def _turning(
    direction: Floats, starts: npt.NDArray[np.bool_], across_gap: npt.NDArray[np.bool_]
) -> Floats:
    """Return the angle between each step and the one before, from -pi to pi."""
    turned = np.diff(direction, prepend=direction[:1])
    turned = np.arctan2(np.sin(turned), np.cos(turned))
    over = starts | across_gap
    turned[over | np.roll(over, 1)] = np.nan
    return turned
