"""Events of a trace: time, height and width of its peaks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from napari_celltrack.analysis.baseline import bridged
from napari_celltrack.settings import Settings
from napari_celltrack.tables import (
    DFF,
    FLAG,
    FRAME,
    HEIGHT_DFF,
    PEAK_COLUMNS,
    PROMINENCE_DFF,
    TIME_S,
    TRACK_ID,
    WIDTH_FRAMES,
    WIDTH_S,
)

Floats = npt.NDArray[np.float64]

#: The trace begins or ends before the peak has fallen to half; the peak spans missing frames.
CUT_OFF, OVER_GAP = "cut off", "over a gap"


class Peaks(Settings):
    """Which peaks of dF/F are events."""

    min_prominence: float = Field(
        0.2,
        ge=0,
        le=1000,
        title="Stands out by",
        description=(
            "How far a peak rises above the higher of the dips beside it, in dF/F; raise it until "
            "noise is no event."
        ),
    )
    min_height: float | None = Field(
        None,
        title="Height from",
        description="Lowest dF/F of a peak; no limit when left empty.",
    )
    min_distance_frames: int = Field(
        1,
        ge=1,
        le=100_000,
        title="Apart by",
        description="Of peaks closer than this only the highest counts.",
    )
    min_width_frames: float = Field(
        0,
        ge=0,
        le=100_000,
        title="Width from",
        description="Shortest peak, at half its height; raise it to drop single bright frames.",
    )


def peaks(traces: pd.DataFrame, settings: Peaks | None = None) -> pd.DataFrame:
    """Find the peaks of dF/F of every track.

    Parameters
    ----------
    traces : DataFrame
        Of :func:`~napari_celltrack.analysis.traces.traces`.
    settings : Peaks, optional
        Which peaks count; the defaults if left out.

    Returns
    -------
    DataFrame
        One row per peak, sorted by track, then frame; columns of
        :data:`~napari_celltrack.tables.PEAK_COLUMNS`. Widths are at half the prominence. No peak
        is in a gap, but one may span it; its flag says so.

    References
    ----------
    ``scipy.signal.find_peaks`` and ``peak_widths``; gaps are bridged by straight lines.
    """
    settings = settings or Peaks()
    found = [_of_track(trace, settings) for _, trace in traces.groupby(TRACK_ID)]
    none = pd.DataFrame({name: [] for name in PEAK_COLUMNS})
    table: pd.DataFrame = pd.concat(found or [none], ignore_index=True).astype(PEAK_COLUMNS)
    return table


def _of_track(trace: pd.DataFrame, settings: Peaks) -> pd.DataFrame:
    from scipy.signal import find_peaks, peak_widths

    dff, frame = trace[DFF].to_numpy(np.float64), trace[FRAME].to_numpy(np.int64)
    time_s = trace[TIME_S].to_numpy(np.float64)
    unknown = np.isnan(dff)
    line = np.zeros(0) if unknown.all() else bridged(dff)
    unit = int(frame[1] - frame[0]) if len(frame) > 1 else 1
    interval_s = float(time_s[1] - time_s[0]) if len(frame) > 1 else np.nan
    at, about = find_peaks(
        line,
        height=settings.min_height,
        prominence=settings.min_prominence,
        distance=max(1, -(-settings.min_distance_frames // unit)),
    )
    width, _, left, right = peak_widths(line, at, rel_height=0.5)
    n_unknown = np.concatenate([[0], np.cumsum(unknown)])
    begin, end = np.floor(left).astype(np.int64), np.ceil(right).astype(np.int64)
    over_gap = n_unknown[np.minimum(end + 1, len(dff))] > n_unknown[begin]
    cut_off = np.array([_is_cut_off(line, peak) for peak in at.tolist()], bool)
    keep = ~unknown[at] & (width * unit >= settings.min_width_frames)
    columns = {
        TRACK_ID: np.full(len(at), trace[TRACK_ID].iloc[0]),
        FRAME: frame[at],
        TIME_S: time_s[at],
        HEIGHT_DFF: dff[at],
        PROMINENCE_DFF: about["prominences"],
        WIDTH_FRAMES: width * unit,
        WIDTH_S: width * interval_s,
        FLAG: np.select([over_gap, cut_off], [OVER_GAP, CUT_OFF], ""),
    }
    found: pd.DataFrame = pd.DataFrame(columns)[keep]
    return found


def _is_cut_off(line: Floats, peak: int) -> bool:
    """Return whether a trace begins or ends before a peak has fallen to half its height."""
    is_low = line <= line[peak] / 2
    return not (is_low[:peak].any() and is_low[peak + 1 :].any())
