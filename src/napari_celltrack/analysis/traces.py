"""Traces: background, bleaching, baseline and dF/F of each track over time."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from napari_celltrack.analysis.baseline import Baseline, RunningPercentile
from napari_celltrack.analysis.bleaching import Correction, bleaching_factors
from napari_celltrack.analysis.motion import frame_step, is_first
from napari_celltrack.analysis.peaks import Peaks
from napari_celltrack.errors import RecipeError
from napari_celltrack.settings import OneOf, Settings
from napari_celltrack.tables import (
    AREA_PX2,
    BACKGROUND,
    DFF,
    F0,
    F_CORRECTED,
    FLAG,
    FRAME,
    IS_INTERPOLATED,
    TIME_S,
    TRACE_COLUMNS,
    TRACK_ID,
    F,
)

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]

#: Values of the flag, in the order in which they apply.
GAP, NO_VALUE, NO_BACKGROUND = "not seen", "no value", "no background"
NO_BASELINE, LOW_BASELINE, EDGE = "no baseline", "baseline near zero", "near the end of the trace"


class Traces(Settings):
    """How brightness over time becomes dF/F, and which peaks are events."""

    subtract_background: bool = Field(
        False,
        title="Subtract background",
        description="Subtract the ring background first; the ring must be measured.",
    )
    background_factor: float = Field(
        1.0,
        ge=0,
        le=2,
        title="Background times",
        description="How much of the ring background is subtracted; 0.7 is usual for neuropil.",
    )
    bleaching: Correction = Field(
        "none",
        title="Bleaching",
        description=(
            "Divide by the decay that cells have in common: an exponential fit, or their common "
            "course frame by frame, which takes out activity of all cells at once as well."
        ),
    )
    baseline: OneOf[Baseline] = Field(
        RunningPercentile(), title="Baseline", description="What F0 is in (F - F0) / F0."
    )
    min_baseline_percent: float = Field(
        1.0,
        ge=0,
        le=100,
        title="Lowest baseline",
        description=(
            "Below this share of the cell's brightness, background included, F0 counts as zero "
            "and dF/F stays empty."
        ),
    )
    peaks: Peaks = Field(Peaks(), title="Peaks", description="Which peaks of dF/F are events.")


def traces(
    objects: pd.DataFrame,
    column: str,
    settings: Traces | None = None,
    frame_interval_s: float | None = None,
) -> pd.DataFrame:
    """Compute the trace of each track from a column of the object table.

    Parameters
    ----------
    objects : DataFrame
        With `track_id` (rows with 0 are left out), `frame` and `column`.
    column : str
        The measured intensity, e.g. ``red_mean``.
    settings : Traces, optional
        How traces are computed; the defaults if left out.
    frame_interval_s : float, optional
        Time between frames; without it `time_s` is NaN, and windows must be in frames.

    Returns
    -------
    DataFrame
        One row per track and frame from its first to its last detection, gaps included, sorted by
        track, then frame; columns of :data:`~napari_celltrack.tables.TRACE_COLUMNS`. `f` is the
        measured value, `background` is subtracted from it (NaN if none is), `f_corrected` is
        without background and bleaching, `f0` its baseline, `dff` = (f_corrected - f0) / f0.
        `flag` says why a value is missing or may be wrong. Nothing is divided by a baseline near
        zero.

    Raises
    ------
    RecipeError
        If there is no such column, no background to subtract, too few cells for a population, or
        if the window is given in s without a frame interval or is shorter than three frames.
    """
    settings = settings or Traces()
    f_seen = _numbers(objects, column)
    background_seen = _background(objects, column, settings)
    wanted = (objects[TRACK_ID] > 0).to_numpy(bool)
    if IS_INTERPOLATED in objects:
        wanted &= ~objects[IS_INTERPOLATED].to_numpy(bool)
    seen_id = objects[TRACK_ID].to_numpy(np.int64)[wanted]
    seen_frame = objects[FRAME].to_numpy(np.int64)[wanted]
    order = np.lexsort((seen_frame, seen_id))
    unit = frame_step(objects[FRAME].to_numpy(np.int64))
    ids, frame, at = _whole_lines(seen_id[order], seen_frame[order], unit)

    f, background = np.full(len(ids), np.nan), np.full(len(ids), np.nan)
    f[at], background[at] = f_seen[wanted][order], background_seen[wanted][order]
    was_seen = np.zeros(len(ids), bool)
    was_seen[at] = True
    net = f - background if settings.subtract_background else f
    corrected = net / bleaching_factors(ids, frame, net, settings.bleaching)
    interval_s = None if frame_interval_s is None else unit * frame_interval_s

    f0, near_end = np.full(len(ids), np.nan), np.zeros(len(ids), bool)
    lowest = np.zeros(len(ids))
    for line in _lines(ids):
        f0[line] = settings.baseline(corrected[line], interval_s)
        near_end[line] = _near_end(line.stop - line.start, settings, interval_s)
        brightness = np.abs(f[line][~np.isnan(f[line])])
        if len(brightness):
            lowest[line] = settings.min_baseline_percent / 100 * np.median(brightness)
    usable = f0 > np.maximum(lowest, 0)
    dff = np.full(len(ids), np.nan)
    np.divide(corrected - f0, f0, out=dff, where=usable)

    flag = np.select(
        [~was_seen, np.isnan(f), np.isnan(net), np.isnan(f0), ~usable, near_end],
        [GAP, NO_VALUE, NO_BACKGROUND, NO_BASELINE, LOW_BASELINE, EDGE],
        "",
    )
    time_s = frame * (np.nan if frame_interval_s is None else frame_interval_s)
    columns = {
        TRACK_ID: ids,
        FRAME: frame,
        TIME_S: time_s,
        F: f,
        BACKGROUND: background,
        F_CORRECTED: corrected,
        F0: f0,
        DFF: dff,
        FLAG: flag,
    }
    table: pd.DataFrame = pd.DataFrame(columns).astype(TRACE_COLUMNS)
    return table


def _numbers(objects: pd.DataFrame, column: str) -> Floats:
    numeric = [str(name) for name in objects.select_dtypes("number").columns]
    if column not in numeric:
        raise RecipeError(
            f"The object table has no column of numbers {column!r}; choose one of "
            f"{', '.join(numeric)}."
        )
    return objects[column].to_numpy(np.float64)


def _background(objects: pd.DataFrame, column: str, settings: Traces) -> Floats:
    """Return the background to subtract from each row of `column`; all NaN if it is off."""
    if not settings.subtract_background:
        return np.full(len(objects), np.nan)
    channel, _, statistic = column.rpartition("_")
    source = f"{channel}_{BACKGROUND}"
    if statistic not in ("mean", "median", "min", "max", "total"):
        raise RecipeError(
            f"traces.subtract_background: {column} is not a brightness from which a background can "
            "be subtracted; choose a mean, or switch the background off."
        )
    if source not in objects:
        raise RecipeError(
            f"traces.subtract_background: no ring background was measured of {channel}; set "
            "measure.ring, or switch the background off."
        )
    background = settings.background_factor * objects[source].to_numpy(np.float64)
    if statistic == "total":
        background = background * objects[AREA_PX2].to_numpy(np.float64)
    return background


def _whole_lines(ids: Ids, frame: Ids, unit: int) -> tuple[Ids, Ids, Ids]:
    """Return track and frame of each row of the traces, gaps included, and the detected rows."""
    first = np.flatnonzero(is_first(ids))
    last = np.append(first[1:], len(ids)) - 1 if len(first) else first
    length = (frame[last] - frame[first]) // unit + 1
    begin = np.cumsum(length) - length
    nth = np.arange(length.sum()) - np.repeat(begin, length)
    n_seen = last - first + 1
    at = np.repeat(begin, n_seen) + (frame - np.repeat(frame[first], n_seen)) // unit
    return np.repeat(ids[first], length), np.repeat(frame[first], length) + nth * unit, at


def _lines(ids: Ids) -> list[slice]:
    first = np.flatnonzero(is_first(ids)).tolist()
    return [slice(a, b) for a, b in pairwise([*first, len(ids)])]


def _near_end(n: int, settings: Traces, interval_s: float | None) -> npt.NDArray[np.bool_]:
    """Return whether the window of each value's baseline reaches beyond an end of the trace."""
    baseline = settings.baseline
    half = baseline.length(interval_s) // 2 if hasattr(baseline, "length") else 0
    from_end = np.minimum(np.arange(n), np.arange(n)[::-1])
    near: npt.NDArray[np.bool_] = from_end < half
    return near
