"""Curves over time: steps, path length, traces, counts."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from napari_celltrack.plots.lines import draw_lines, finite_points
from napari_celltrack.plots.plot import Plot, Points
from napari_celltrack.plots.style import STYLES, Floats, StyleName, new_axes, say, track_colours
from napari_celltrack.plots.units import column_label, is_known, time_axis
from napari_celltrack.tables import (
    CUMULATIVE_PATH_PX,
    CUMULATIVE_PATH_UM,
    DFF,
    FRAME,
    N_CELLS,
    STEP_PX,
    STEP_UM,
    TRACK_ID,
)

#: Largest number of stacked curves, and the height of each in inches.
MAX_STACKED, _LINE_IN = 60, 0.15


def plot_steps(
    steps: pd.DataFrame,
    *,
    ax: Axes | None = None,
    style: StyleName = "dark",
    selected: Collection[int] = (),
) -> Plot:
    """Draw the step distance of every track over time.

    Parameters
    ----------
    steps : DataFrame
        Of :func:`napari_celltrack.analysis.steps`.
    ax, style, selected
        As in :func:`~napari_celltrack.plots.plot_paths`.

    Returns
    -------
    Plot
        In µm if calibrated; lines are interrupted where frames are missing.
    """
    column = STEP_UM if is_known(steps, STEP_UM) else STEP_PX
    return _curves(steps, column, ax, style, selected, "There are no steps to draw.")


def plot_path_length(
    steps: pd.DataFrame,
    *,
    ax: Axes | None = None,
    style: StyleName = "dark",
    selected: Collection[int] = (),
) -> Plot:
    """Draw the length of every track's path so far, over time; parameters as `plot_steps`."""
    column = CUMULATIVE_PATH_UM if is_known(steps, CUMULATIVE_PATH_UM) else CUMULATIVE_PATH_PX
    return _curves(steps, column, ax, style, selected, "There are no paths to draw.")


def plot_traces(
    traces: pd.DataFrame,
    column: str = DFF,
    *,
    stacked: bool = False,
    ax: Axes | None = None,
    style: StyleName = "dark",
    selected: Collection[int] = (),
) -> Plot:
    """Draw the intensity or ΔF/F of every track over time.

    Parameters
    ----------
    traces : DataFrame
        Of :func:`napari_celltrack.analysis.traces.traces`, or any table with `track_id`, `frame`
        and `column`.
    column : str
        What to draw.
    stacked : bool
        Whether curves are stacked, the lowest track id at the bottom, instead of drawn over each
        other. They share one scale. The height of a new figure grows with the number of tracks;
        of more than :data:`MAX_STACKED`, the longest are drawn, and those selected.
    ax, style, selected
        As in :func:`~napari_celltrack.plots.plot_paths`.

    Returns
    -------
    Plot
        Lines are interrupted where frames are missing. Its sentence says how many tracks are
        left out.
    """
    return _curves(
        traces, column, ax, style, selected, "There are no values to draw.", stacked=stacked
    )


def plot_counts(counts: pd.DataFrame, *, ax: Axes | None = None, style: StyleName = "dark") -> Plot:
    """Draw the number of cells over time.

    Parameters
    ----------
    counts : DataFrame
        With `frame`, `n_cells`, and `time_s` where calibrated.
    ax, style
        As in :func:`~napari_celltrack.plots.plot_paths`.

    Returns
    -------
    Plot
        Points belong to track 0.
    """
    look, time = STYLES[style], time_axis(counts)
    ax = new_axes(ax, look)
    ax.set_xlabel(time.label)
    ax.set_ylabel(column_label(N_CELLS))
    frame = counts[FRAME].to_numpy(np.int64)
    xy = np.column_stack([frame * time.per_frame, counts[N_CELLS].to_numpy(np.float64)])
    known = np.isfinite(xy).all(axis=1)
    points = Points(xy[known], np.zeros(int(known.sum()), np.int64), frame[known])
    empty = "" if known.any() else "There are no counts to draw."
    if empty:
        say(ax, look, empty)
    else:
        marker = "o" if len(points.xy) == 1 else None
        ax.plot(*points.xy.T, color=look.text, lw=1.2, marker=marker, ms=3)
        ax.set_ylim(0, max(1.0, 1.08 * float(points.xy[:, 1].max())))
    return Plot(ax, points, look, track_colours, time, sentence=empty)


def _curves(  # noqa: PLR0917
    table: pd.DataFrame,
    column: str,
    ax: Axes | None,
    style: StyleName,
    selected: Collection[int],
    empty: str,
    *,
    stacked: bool = False,
) -> Plot:
    look, time = STYLES[style], time_axis(table)
    frame = table[FRAME].to_numpy(np.int64)
    owner = table[TRACK_ID].to_numpy(np.int64)
    points = finite_points(frame * time.per_frame, table[column].to_numpy(np.float64), owner, frame)
    all_ids, left_out, height_in = points.track_id, "", 3.0
    if stacked:
        points, left_out = _longest(points, selected)
        height_in = max(4.8, 0.6 + _LINE_IN * len(np.unique(points.track_id)))
    ax = new_axes(ax, look, (4.8, height_in))
    ax.set_xlabel(time.label)
    each = ", one line per track" if stacked else ""
    ax.set_ylabel(f"{column_label(column)}{each}")
    if stacked and len(points.xy):
        points = Points(_stacked(points), points.track_id, points.frame)
        ax.set_yticks([])
    if left_out:
        ax.set_title(left_out, loc="left", color=look.text, fontsize=look.font_pt - 1)
    return draw_lines(
        ax, look, points, time, empty=empty, all_ids=all_ids, selected=selected, note=left_out
    )


def _longest(points: Points, selected: Collection[int]) -> tuple[Points, str]:
    """Return the longest and the selected tracks, and a sentence about those left out."""
    ids, n_seen = np.unique(points.track_id, return_counts=True)
    if len(ids) <= MAX_STACKED:
        return points, ""
    is_selected = np.isin(ids, np.fromiter(selected, np.int64, len(selected)))
    kept = ids[np.lexsort((ids, -n_seen, ~is_selected))[: max(MAX_STACKED, is_selected.sum())]]
    of_kept = np.isin(points.track_id, kept)
    frame = None if points.frame is None else points.frame[of_kept]
    sentence = f"{len(kept)} of {len(ids)} tracks are drawn, those seen longest."
    return Points(points.xy[of_kept], points.track_id[of_kept], frame), sentence


def _stacked(points: Points) -> Floats:
    """Lift each track above the one before, by the range of most values."""
    _, first, row = np.unique(points.track_id, return_index=True, return_inverse=True)
    y = points.xy[:, 1]
    low = np.minimum.reduceat(y, first)
    apart = float(np.percentile(y - low[row], 99)) or 1.0
    return np.column_stack([points.xy[:, 0], y - low[row] + row * apart])
