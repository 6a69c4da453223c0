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

FRAME, TIME_S, LABEL = "frame", "time_s", "label"
TRACK_ID, PARENT_ID, LINEAGE_ID = "track_id", "parent_id", "lineage_id"
Y_PX, X_PX, Y_UM, X_UM = "y_px", "x_px", "y_um", "x_um"
AREA_PX2, AREA_UM2, ROUNDNESS, PERIMETER_PX = "area_px2", "area_um2", "roundness", "perimeter_px"
ECCENTRICITY, ORIENTATION_RAD = "eccentricity", "orientation_rad"
LINK_DISTANCE_PX, LINK_COST_PX = "link_distance_px", "link_cost_px"
LINK_MARGIN, N_CANDIDATES = "link_margin", "n_candidates"
RING_PX2 = "ring_px2"

START_FRAME, END_FRAME, N_FRAMES = "start_frame", "end_frame", "n_frames"
PATH_PX, DISPLACEMENT_PX = "path_px", "displacement_px"
PATH_UM, DISPLACEMENT_UM = "path_um", "displacement_um"
SPEED_PX_PER_FRAME, SPEED_UM_PER_S = "speed_px_per_frame", "speed_um_per_s"
DURATION_FRAMES, DURATION_S = "duration_frames", "duration_s"
MAX_SPEED_PX_PER_FRAME, MAX_SPEED_UM_PER_S = "max_speed_px_per_frame", "max_speed_um_per_s"
STRAIGHTNESS, MEAN_TURNING_ANGLE_RAD = "straightness", "mean_turning_angle_rad"

STEP_PX, STEP_UM, STEP_IN_IMAGE_PX = "step_px", "step_um", "step_in_image_px"
CUMULATIVE_PATH_PX, CUMULATIVE_PATH_UM = "cumulative_path_px", "cumulative_path_um"
NET_DISPLACEMENT_PX, NET_DISPLACEMENT_UM = "net_displacement_px", "net_displacement_um"
DIRECTION_RAD, TURNING_ANGLE_RAD = "direction_rad", "turning_angle_rad"
ACROSS_GAP, IS_INTERPOLATED = "across_gap", "is_interpolated"

LAG_FRAMES, LAG_S = "lag_frames", "lag_s"
MSD_PX2, MSD_UM2, N_STEPS = "msd_px2", "msd_um2", "n_steps"
N_INDEPENDENT, N_TRACKS = "n_independent", "n_tracks"

F, BACKGROUND, F_CORRECTED, F0, DFF = "f", "background", "f_corrected", "f0", "dff"
FLAG = "flag"
HEIGHT_DFF, PROMINENCE_DFF = "height_dff", "prominence_dff"
WIDTH_FRAMES, WIDTH_S = "width_frames", "width_s"

N_CELLS = "n_cells"
LABEL_BEFORE, OVERLAP_PX = "label_before", "overlap_px"
KIND, OTHER_TRACK_ID, SEVERITY, REASON = "kind", "other_track_id", "severity", "reason"
DRIFT_Y_PX, DRIFT_X_PX = "drift_y_px", "drift_x_px"

#: What each column says; its unit stands at the end of its name.
MEANINGS: Mapping[str, str] = {
    FRAME: "True index of the frame in the movie, from 0.",
    TIME_S: "Time since frame 0; empty if the frame interval is unknown.",
    LABEL: "Value of the cell's pixels in the label image; unique within its frame.",
    TRACK_ID: "The track, from 1 without holes; 0 for a cell whose track the filter left out.",
    PARENT_ID: "The mother's track id; 0 where there is none.",
    LINEAGE_ID: "Track id of the founder of the family that the track belongs to.",
    Y_PX: "Centroid, down from the first row.",
    X_PX: "Centroid, right from the first column.",
    Y_UM: "Centroid, down from the first row.",
    X_UM: "Centroid, right from the first column.",
    AREA_PX2: "Number of pixels.",
    AREA_UM2: "Area.",
    ROUNDNESS: "4π area / perimeter², at most 1, which is a disk.",
    PERIMETER_PX: "Length of the outline, as scikit-image defines it.",
    ECCENTRICITY: "Of the ellipse with the cell's second moments: 0 for a circle, below 1.",
    ORIENTATION_RAD: "Angle of that ellipse, from the Y axis to the long axis, -π/2 to π/2.",
    LINK_DISTANCE_PX: "Length of the link that leads to this row; empty where a track begins.",
    LINK_COST_PX: "What the linker counted for that link: the distance, and what else it weighs.",
    LINK_MARGIN: "How much worse the best alternative was, in steps; below 1.7 is doubtful.",
    N_CANDIDATES: "Objects of the frame before that the cell could have been linked from.",
    RING_PX2: "Background pixels around the cell; 0 where other cells leave none.",
    START_FRAME: "First frame of the track.",
    END_FRAME: "Last frame of the track.",
    N_FRAMES: "Frames in which the cell was seen; gaps do not count.",
    PATH_PX: "Length of the path from centroid to centroid.",
    PATH_UM: "Length of the path from centroid to centroid.",
    DISPLACEMENT_PX: "Straight line from the first to the last detection.",
    DISPLACEMENT_UM: "Straight line from the first to the last detection.",
    SPEED_PX_PER_FRAME: "Path over time from first to last detection.",
    SPEED_UM_PER_S: "Path over time from first to last detection.",
    DURATION_FRAMES: "From first to last detection, in true frames.",
    DURATION_S: "From first to last detection.",
    MAX_SPEED_PX_PER_FRAME: "Fastest step between consecutive frames, so not over a gap.",
    MAX_SPEED_UM_PER_S: "Fastest step between consecutive frames, so not over a gap.",
    STRAIGHTNESS: "Displacement over path: 1 if straight, near 0 if the cell comes back.",
    MEAN_TURNING_ANGLE_RAD: "Mean of the absolute turning angles: 0 straight on, π back and forth.",
    STEP_PX: "From the last detection of the track to this one, without the drift.",
    STEP_UM: "From the last detection of the track to this one, without the drift.",
    STEP_IN_IMAGE_PX: "The same step as seen in the image, with the drift.",
    CUMULATIVE_PATH_PX: "Path since the first detection of the track.",
    CUMULATIVE_PATH_UM: "Path since the first detection of the track.",
    NET_DISPLACEMENT_PX: "Straight line from the first detection of the track.",
    NET_DISPLACEMENT_UM: "Straight line from the first detection of the track.",
    DIRECTION_RAD: "Direction of the step, from the X axis (right) towards Y (down), -π to π.",
    TURNING_ANGLE_RAD: "Angle between this direction and the one of the step before.",
    ACROSS_GAP: "Whether the cell was missing in the frame before.",
    IS_INTERPOLATED: "Whether the row fills a gap, so that nothing was detected there.",
    LAG_FRAMES: "Time between the two detections of a pair.",
    LAG_S: "Time between the two detections of a pair.",
    MSD_PX2: "Mean squared displacement at this lag.",
    MSD_UM2: "Mean squared displacement at this lag.",
    N_STEPS: "Pairs of detections that went into the value.",
    N_INDEPENDENT: "How many independent pairs these overlapping pairs are worth.",
    N_TRACKS: "Tracks that went into the value.",
    F: "Intensity as measured, in grey values.",
    BACKGROUND: "What is subtracted from it; empty if nothing is.",
    F_CORRECTED: "Intensity without background and bleaching.",
    F0: "Baseline of the corrected intensity.",
    DFF: "(f_corrected - f0) / f0.",
    FLAG: "Why the value is missing or may be wrong; empty where nothing is.",
    HEIGHT_DFF: "Height of the peak in ΔF/F.",
    PROMINENCE_DFF: "How far the peak stands out from its surroundings, in ΔF/F.",
    WIDTH_FRAMES: "Width of the peak at half of its prominence.",
    WIDTH_S: "Width of the peak at half of its prominence.",
    N_CELLS: "Cells in the frame.",
    LABEL_BEFORE: "Label of the mask in the frame before.",
    OVERLAP_PX: "Pixels that the two masks share.",
    KIND: "Kind of event: start, end, jump, gap, swap risk, merge or split.",
    OTHER_TRACK_ID: "The other track involved; 0 for none.",
    SEVERITY: "How likely a mistake is, from 0 to 1.",
    REASON: "Why, in numbers.",
    DRIFT_Y_PX: "Common motion of all cells since the first frame, down.",
    DRIFT_X_PX: "Common motion of all cells since the first frame, right.",
}

#: What the columns ``<channel>_<statistic>`` say, by statistic; in grey values of the file.
INTENSITY_MEANINGS: Mapping[str, str] = {
    "mean": "Mean of the cell's pixels.",
    "median": "Median of the cell's pixels.",
    "total": "Sum of the cell's pixels.",
    "min": "Smallest of the cell's pixels.",
    "max": "Largest of the cell's pixels.",
    "sd": "Standard deviation of the cell's pixels, by their number and not by one less.",
    "background": "Background around the cell, from its ring.",
    "net": "Mean without the background.",
    "contrast": "(mean - background) / (mean + background), which is Michelson's contrast.",
}

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
