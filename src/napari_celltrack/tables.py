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

START_FRAME, END_FRAME = "start_frame", "end_frame"
#: Frames in which the cell was seen; gaps do not count.
N_FRAMES = "n_frames"
#: Length of the way from centroid to centroid, and the straight line from first to last.
PATH_PX, DISPLACEMENT_PX = "path_px", "displacement_px"
PATH_UM, DISPLACEMENT_UM = "path_um", "displacement_um"
#: Path over time from first to last sight.
SPEED_PX_PER_FRAME, SPEED_UM_PER_S = "speed_px_per_frame", "speed_um_per_s"

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
    dtypes: Mapping[str, type],
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
    wanted = {**dtypes, **dict.fromkeys(extra, np.float64)}
    table: pd.DataFrame = pd.DataFrame(
        {name: columns[name].astype(wanted[name]) for name in wanted}
    )
    return table
