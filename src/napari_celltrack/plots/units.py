"""Units of axes: µm and time if calibrated, otherwise px and frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from napari_celltrack.settings import UNIT_OF_SUFFIX, unit_of
from napari_celltrack.tables import FRAME, TIME_S

_WORDS = {
    "n_frames": "frames seen", "dff": "ΔF/F", "height_dff": "height (ΔF/F)", "frame": "frame",
    "f": "intensity (grey values)",
    "f_corrected": "corrected intensity (grey values)", "n_cells": "number of cells",
}  # fmt: skip


@dataclass(frozen=True)
class TimeAxis:
    """Conversion of frames to the unit of a time axis.

    Parameters
    ----------
    per_frame : float
        Length of a frame in the unit of the axis; 1 for an axis in frames.
    label : str
        With the unit.
    """

    per_frame: float = 1.0
    label: str = "frame"


def time_axis(table: pd.DataFrame) -> TimeAxis:
    """Return the time axis of a table with `frame` and, if calibrated, `time_s`."""
    if TIME_S not in table or not len(table):
        return TimeAxis()
    time, frame = table[TIME_S].to_numpy(np.float64), table[FRAME].to_numpy(np.float64)
    known = np.isfinite(time) & (frame > 0)
    if not known.any():
        return TimeAxis()
    seconds = float((time[known] / frame[known])[0])
    if not seconds > 0:
        return TimeAxis()
    name, length = time_unit(float(time[known].max()))
    return TimeAxis(seconds / length, f"time ({name})")


def time_unit(span_s: float) -> tuple[str, float]:
    """Return a suitable unit for a span of time, and its length in s."""
    if span_s < 180:
        return "s", 1.0
    return ("min", 60.0) if span_s < 3 * 3600 else ("h", 3600.0)


def is_known(table: pd.DataFrame, column: str) -> bool:
    """Return whether a table has any value in a column."""
    return column in table and bool(table[column].notna().any())


def column_label(column: str) -> str:
    """Return a label for a column, with its unit in brackets."""
    if column in _WORDS:
        return _WORDS[column]
    unit = unit_of(column)
    # A number of frames is a count, and counts have no brackets.
    if not unit or unit == "frames":
        return column.replace("_", " ")
    ending = next(end for end, of_end in UNIT_OF_SUFFIX.items() if of_end == unit)
    return f"{column.removesuffix(ending).replace('_', ' ')} ({unit})"
