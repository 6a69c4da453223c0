"""Columns of the tables of a result: names, units, dtypes.

objects
    One row per cell and frame, sorted by frame, then label.
tracks
    One row per track, sorted by track id.
counts
    One row per frame, also for frames without cells.
events
    One row per place where tracking may have failed, with the reason in words.
drift
    One row per frame: the common motion that was subtracted before linking.

Lengths are always given in px, and in µm where the movie is calibrated (empty otherwise); times
in s where the frame interval is known. Intensity columns are ``<channel>_<statistic>``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

#: True index of the frame in the movie, from 0.
FRAME = "frame"
#: Value of the cell's pixels in the label image; unique within its frame.
LABEL = "label"
#: From 1, compact; 0 for a cell whose track the track filter left out.
TRACK_ID = "track_id"
#: The mother's track id, 0 where there is none.
PARENT_ID = "parent_id"
#: Track id of the founder of the family that a track belongs to.
LINEAGE_ID = "lineage_id"
#: The link that leads to a row; see :class:`napari_celltrack.link.Linking`.
LINK_DISTANCE_PX, LINK_COST_PX = "link_distance_px", "link_cost_px"
LINK_MARGIN, N_CANDIDATES = "link_margin", "n_candidates"
TIME_S = "time_s"
Y_PX, X_PX = "y_px", "x_px"
Y_UM, X_UM = "y_um", "x_um"
AREA_PX2, AREA_UM2 = "area_px2", "area_um2"
#: 4π area / perimeter², at most 1; see :mod:`napari_celltrack.measure.shape`.
ROUNDNESS = "roundness"
#: Outline, and the ellipse with the cell's second moments, as scikit-image defines them. The angle
#: is from the Y axis to the long axis, from -pi/2 to pi/2.
PERIMETER_PX = "perimeter_px"
ECCENTRICITY, ORIENTATION_RAD = "eccentricity", "orientation_rad"
#: Number of background pixels around the cell, where the ring is measured. It is 0 where other
#: cells leave no pixel; then the background is empty.
RING_PX2 = "ring_px2"

START_FRAME, END_FRAME = "start_frame", "end_frame"
#: Frames in which the cell was seen; gaps do not count.
N_FRAMES = "n_frames"
#: Length of the path from centroid to centroid, and of the straight line from first to last.
PATH_PX, DISPLACEMENT_PX = "path_px", "displacement_px"
PATH_UM, DISPLACEMENT_UM = "path_um", "displacement_um"
#: Path over time from first to last detection.
SPEED_PX_PER_FRAME, SPEED_UM_PER_S = "speed_px_per_frame", "speed_um_per_s"

#: Time from first to last detection; `duration_frames` counts true frames.
DURATION_FRAMES, DURATION_S = "duration_frames", "duration_s"
#: Fastest step between consecutive frames; steps over a gap are left out.
MAX_SPEED_PX_PER_FRAME, MAX_SPEED_UM_PER_S = "max_speed_px_per_frame", "max_speed_um_per_s"
#: Displacement over path: 1 if straight, near 0 if the cell comes back, NaN without motion.
STRAIGHTNESS = "straightness"
#: Mean of the absolute turning angles, from 0 (straight on) to pi (back and forth).
MEAN_TURNING_ANGLE_RAD = "mean_turning_angle_rad"

#: A step is from the track's last detection to the row's frame; see :mod:`.analysis.motion`.
STEP_PX, STEP_UM = "step_px", "step_um"
#: The step as seen in the image, including the drift that is subtracted from the other columns.
STEP_IN_IMAGE_PX = "step_in_image_px"
#: Path and straight line from the track's first detection.
CUMULATIVE_PATH_PX, CUMULATIVE_PATH_UM = "cumulative_path_px", "cumulative_path_um"
NET_DISPLACEMENT_PX, NET_DISPLACEMENT_UM = "net_displacement_px", "net_displacement_um"
#: Direction of a step, from the X axis (right) towards Y (down), from -pi to pi; and the angle
#: between it and the direction of the step before.
DIRECTION_RAD, TURNING_ANGLE_RAD = "direction_rad", "turning_angle_rad"
#: Whether the cell was missing in the frame before.
ACROSS_GAP = "across_gap"
#: Whether a row fills a gap between two detections, so that nothing was detected there.
IS_INTERPOLATED = "is_interpolated"

#: Mean squared displacement by lag; `n_steps` pairs of detections went into a value.
LAG_FRAMES, LAG_S = "lag_frames", "lag_s"
MSD_PX2, MSD_UM2, N_STEPS = "msd_px2", "msd_um2", "n_steps"
#: Number of independent pairs that these overlapping pairs are worth, and number of tracks.
N_INDEPENDENT, N_TRACKS = "n_independent", "n_tracks"

#: A trace: the measured intensity, its background, the corrected intensity, its baseline, dF/F.
F, BACKGROUND, F_CORRECTED, F0, DFF = "f", "background", "f_corrected", "f0", "dff"
#: Why a value of a trace may be wrong; empty where nothing is.
FLAG = "flag"
#: A peak of a trace: its height in dF/F, its prominence, and its width at half prominence.
HEIGHT_DFF, PROMINENCE_DFF = "height_dff", "prominence_dff"
WIDTH_FRAMES, WIDTH_S = "width_frames", "width_s"

N_CELLS = "n_cells"

#: Masks that share pixels in consecutive frames; `frame` is that of the later one.
LABEL_BEFORE, OVERLAP_PX = "label_before", "overlap_px"

#: Kind of event, the other track involved (0 for none), how likely a mistake (0 to 1), and why.
KIND, OTHER_TRACK_ID, SEVERITY, REASON = "kind", "other_track_id", "severity", "reason"

OBJECT_COLUMNS = {
    FRAME: np.int64,
    TIME_S: np.float64,
    LABEL: np.int64,
    TRACK_ID: np.int64,
    PARENT_ID: np.int64,
    LINEAGE_ID: np.int64,
    Y_PX: np.float64,
    X_PX: np.float64,
    Y_UM: np.float64,
    X_UM: np.float64,
    AREA_PX2: np.int64,
    AREA_UM2: np.float64,
    ROUNDNESS: np.float64,
    PERIMETER_PX: np.float64,
    ECCENTRICITY: np.float64,
    ORIENTATION_RAD: np.float64,
    LINK_DISTANCE_PX: np.float64,
    LINK_COST_PX: np.float64,
    LINK_MARGIN: np.float64,
    N_CANDIDATES: np.int64,
}

TRACK_COLUMNS = {
    TRACK_ID: np.int64,
    PARENT_ID: np.int64,
    LINEAGE_ID: np.int64,
    START_FRAME: np.int64,
    END_FRAME: np.int64,
    N_FRAMES: np.int64,
    PATH_PX: np.float64,
    DISPLACEMENT_PX: np.float64,
    SPEED_PX_PER_FRAME: np.float64,
    PATH_UM: np.float64,
    DISPLACEMENT_UM: np.float64,
    SPEED_UM_PER_S: np.float64,
    DURATION_FRAMES: np.int64,
    DURATION_S: np.float64,
    MAX_SPEED_PX_PER_FRAME: np.float64,
    MAX_SPEED_UM_PER_S: np.float64,
    STRAIGHTNESS: np.float64,
    MEAN_TURNING_ANGLE_RAD: np.float64,
}

STEP_COLUMNS = {
    TRACK_ID: np.int64,
    FRAME: np.int64,
    TIME_S: np.float64,
    STEP_PX: np.float64,
    STEP_UM: np.float64,
    STEP_IN_IMAGE_PX: np.float64,
    CUMULATIVE_PATH_PX: np.float64,
    CUMULATIVE_PATH_UM: np.float64,
    NET_DISPLACEMENT_PX: np.float64,
    NET_DISPLACEMENT_UM: np.float64,
    SPEED_PX_PER_FRAME: np.float64,
    SPEED_UM_PER_S: np.float64,
    DIRECTION_RAD: np.float64,
    TURNING_ANGLE_RAD: np.float64,
    ACROSS_GAP: np.bool_,
}

MSD_COLUMNS = {
    TRACK_ID: np.int64,
    LAG_FRAMES: np.int64,
    LAG_S: np.float64,
    MSD_PX2: np.float64,
    MSD_UM2: np.float64,
    N_STEPS: np.int64,
    N_INDEPENDENT: np.float64,
}

ENSEMBLE_MSD_COLUMNS = {
    LAG_FRAMES: np.int64,
    LAG_S: np.float64,
    MSD_PX2: np.float64,
    MSD_UM2: np.float64,
    N_INDEPENDENT: np.float64,
    N_TRACKS: np.int64,
}

TRACE_COLUMNS = {
    TRACK_ID: "int64",
    FRAME: "int64",
    TIME_S: "float64",
    F: "float64",
    BACKGROUND: "float64",
    F_CORRECTED: "float64",
    F0: "float64",
    DFF: "float64",
    FLAG: "str",
}

PEAK_COLUMNS = {
    TRACK_ID: "int64",
    FRAME: "int64",
    TIME_S: "float64",
    HEIGHT_DFF: "float64",
    PROMINENCE_DFF: "float64",
    WIDTH_FRAMES: "float64",
    WIDTH_S: "float64",
    FLAG: "str",
}

EVENT_COLUMNS = {
    FRAME: "int64",
    TRACK_ID: "int64",
    OTHER_TRACK_ID: "int64",
    KIND: "str",
    Y_PX: "float64",
    X_PX: "float64",
    SEVERITY: "float64",
    REASON: "str",
}

#: Common motion of all cells since the first frame.
DRIFT_Y_PX, DRIFT_X_PX = "drift_y_px", "drift_x_px"

DRIFT_COLUMNS = {FRAME: np.int64, DRIFT_Y_PX: np.float64, DRIFT_X_PX: np.float64}

COUNT_COLUMNS = {FRAME: np.int64, TIME_S: np.float64, N_CELLS: np.int64}


@dataclass(frozen=True)
class Tables:
    """The tables of a result, with the columns above.

    Parameters
    ----------
    objects : DataFrame
        One row per cell and frame, sorted by frame, then label.
    tracks : DataFrame
        One row per track, sorted by track id.
    counts : DataFrame
        One row per frame, also for frames without cells.
    events : DataFrame
        One row per place where tracking may have failed, most severe first.
    drift : DataFrame
        One row per frame: the common motion that was subtracted before linking, 0 where none was.
    """

    objects: pd.DataFrame
    tracks: pd.DataFrame
    counts: pd.DataFrame
    events: pd.DataFrame
    drift: pd.DataFrame


def intensity_column(channel: str, statistic: str) -> str:
    """Return the column of a statistic of a channel: ``red_mean``, or ``ch0_mean`` for a number."""
    return f"ch{channel}_{statistic}" if channel.isdigit() else f"{channel}_{statistic}"


def as_table(
    columns: Mapping[str, npt.NDArray[Any]],
    dtypes: Mapping[str, type | str],
    extra: Iterable[str] = (),
) -> pd.DataFrame:
    """Make a table of known column order and dtypes.

    Parameters
    ----------
    columns : dict of ndarray
        Every name in `dtypes` and in `extra`.
    dtypes : dict
        One of the ``*_COLUMNS`` above.
    extra : iterable of str
        Float columns to follow, such as intensities.

    Returns
    -------
    DataFrame
    """
    wanted: dict[str, type | str] = {**dtypes, **dict.fromkeys(extra, np.float64)}
    table: pd.DataFrame = pd.DataFrame(
        {name: _as_column(columns[name], dtype) for name, dtype in wanted.items()}
    )
    return table


def _as_column(values: npt.NDArray[Any], dtype: type | str) -> npt.NDArray[Any] | pd.Series[Any]:
    # Not by a string array of numpy, in which every string takes as much memory as the longest.
    return pd.Series(values, dtype="str") if dtype == "str" else values.astype(dtype)
