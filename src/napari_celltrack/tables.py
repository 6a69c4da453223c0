"""Columns of the tables that a result is made of: names, units, dtypes.

objects
    A row a cell and frame, sorted by frame, then label.
tracks
    A row a track, sorted by track id.
counts
    A row a frame, also for frames without cells.
events
    A row a place that deserves a look, with the reason in words.
drift
    A row a frame, the common motion that was taken out before linking.

Lengths are given in px always, and in µm where the movie is calibrated (empty otherwise); times
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
#: Pixels of background that were found round the cell, where that is measured; 0 where other cells
#: leave none, and the background is empty then.
RING_PX2 = "ring_px2"

START_FRAME, END_FRAME = "start_frame", "end_frame"
#: Frames in which the cell was seen; gaps do not count.
N_FRAMES = "n_frames"
#: Length of the way from centroid to centroid, and the straight line from first to last.
PATH_PX, DISPLACEMENT_PX = "path_px", "displacement_px"
PATH_UM, DISPLACEMENT_UM = "path_um", "displacement_um"
#: Path over time from first to last detection.
SPEED_PX_PER_FRAME, SPEED_UM_PER_S = "speed_px_per_frame", "speed_um_per_s"

#: From first to last detection, in steps of true frames.
DURATION_FRAMES, DURATION_S = "duration_frames", "duration_s"
#: Of the steps between frames that follow each other; steps over a gap are left out.
MAX_SPEED_PX_PER_FRAME, MAX_SPEED_UM_PER_S = "max_speed_px_per_frame", "max_speed_um_per_s"
#: Displacement over path: 1 of a straight way, near 0 of one that comes back; NaN without motion.
STRAIGHTNESS = "straightness"
#: Mean of the absolute turning angles, from 0 straight on to pi back and forth.
MEAN_TURNING_ANGLE_RAD = "mean_turning_angle_rad"

#: A step is from the track's last detection to the row's frame; see :mod:`.analysis.motion`.
STEP_PX, STEP_UM = "step_px", "step_um"
#: The step as it is in the image, with the drift that was taken out of the others.
STEP_IN_IMAGE_PX = "step_in_image_px"
#: Way and straight line from the track's first detection.
CUMULATIVE_PATH_PX, CUMULATIVE_PATH_UM = "cumulative_path_px", "cumulative_path_um"
NET_DISPLACEMENT_PX, NET_DISPLACEMENT_UM = "net_displacement_px", "net_displacement_um"
#: Where a step goes, from the X axis (right) towards Y (down), from -pi to pi; and how far that is
#: from where the step before went.
DIRECTION_RAD, TURNING_ANGLE_RAD = "direction_rad", "turning_angle_rad"
#: Whether the cell was not seen in the frame before.
ACROSS_GAP = "across_gap"
#: Whether a row was put into a gap, between two detections, and nothing was seen there.
IS_INTERPOLATED = "is_interpolated"

#: Mean squared displacement by lag; `n_steps` pairs of detections went into a value.
LAG_FRAMES, LAG_S = "lag_frames", "lag_s"
MSD_PX2, MSD_UM2, N_STEPS = "msd_px2", "msd_um2", "n_steps"
#: How many independent pairs they are worth, as pairs overlap; and how many tracks went in.
N_INDEPENDENT, N_TRACKS = "n_independent", "n_tracks"

#: A trace: what was measured, its background, what is left of it, its baseline, and their ratio.
F, BACKGROUND, F_CORRECTED, F0, DFF = "f", "background", "f_corrected", "f0", "dff"
#: Why a value of a trace deserves care; empty where nothing is wrong.
FLAG = "flag"
#: A peak of a trace: its height in dF/F, how far it stands out, and its width at half of that.
HEIGHT_DFF, PROMINENCE_DFF = "height_dff", "prominence_dff"
WIDTH_FRAMES, WIDTH_S = "width_frames", "width_s"

N_CELLS = "n_cells"

#: Masks that share pixels in consecutive frames; `frame` is that of the later one.
LABEL_BEFORE, OVERLAP_PX = "label_before", "overlap_px"

#: What kind of event, who else is involved (0 for nobody), how likely a mistake (0 to 1), and why.
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
    """The tables that a result is made of, columns as above.

    Parameters
    ----------
    objects : DataFrame
        A row a cell and frame, sorted by frame, then label.
    tracks : DataFrame
        A row a track, sorted by track id.
    counts : DataFrame
        A row a frame, also for frames without cells.
    events : DataFrame
        A row a place that deserves a look, most severe first.
    drift : DataFrame
        A row a frame: the common motion that was taken out before linking, 0 where none was.
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
    """Put columns into a table of known order and dtypes.

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
    # Words go by no string array of numpy, in which all are as wide as the longest.
    return pd.Series(values, dtype="str") if dtype == "str" else values.astype(dtype)
