"""Heat map of traces: one row per track, one column per frame."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from napari_celltrack.plots.plot import Plot, Points
from napari_celltrack.plots.style import STYLES, StyleName, new_axes, say, track_colours
from napari_celltrack.plots.units import column_label, time_axis
from napari_celltrack.tables import DFF, FRAME, TRACK_ID


def plot_heat_map(
    traces: pd.DataFrame,
    column: str = DFF,
    *,
    sort_by: Literal["peak", "track"] = "peak",
    ax: Axes | None = None,
    style: StyleName = "dark",
    selected: Collection[int] = (),
) -> Plot:
    """Draw one row per track, with values as colours; frames without a value stay empty.

    Parameters
    ----------
    traces : DataFrame
        With `track_id`, `frame` and `column`.
    column : str
        What to draw.
    sort_by : {"peak", "track"}
        Whether the track with the earliest peak or the one with the lowest id is at the top.
    ax, style, selected
        As in :func:`~napari_celltrack.plots.plot_paths`.

    Returns
    -------
    Plot
    """
    look, time = STYLES[style], time_axis(traces)
    ax = new_axes(ax, look, (4.8, 3.6))
    ax.set_xlabel(time.label)
    ax.set_ylabel("track, earliest peak first" if sort_by == "peak" else "track, by id")
    value = traces[column].to_numpy(np.float64)
    known = np.isfinite(value) & (traces[TRACK_ID] > 0).to_numpy(bool)
    value = value[known]
    frame = traces[FRAME].to_numpy(np.int64)[known]
    owner = traces[TRACK_ID].to_numpy(np.int64)[known]
    if not len(value):
        empty = "There are no values to draw."
        say(ax, look, empty)
        return Plot(ax, Points.none(), look, track_colours, time, has_lines=False, sentence=empty)
    ids, row = np.unique(owner, return_inverse=True)
    first, n_frames = int(frame.min()), int(np.ptp(frame)) + 1
    picture = np.full((len(ids), n_frames), np.nan)
    picture[row, frame - first] = value
    if sort_by == "peak":
        order = np.argsort(np.nanargmax(picture, axis=1), kind="stable")
        picture = picture[order]
        row = np.argsort(order)[row]
    low, high = np.percentile(value, (1, 99))
    left, right = (first - 0.5) * time.per_frame, (first + n_frames - 0.5) * time.per_frame
    image = ax.imshow(
        picture, aspect="auto", interpolation="nearest", cmap="viridis", vmin=low, vmax=high,
        extent=(left, right, len(ids) - 0.5, -0.5),
    )  # fmt: skip
    ax.set_yticks([])
    bar = ax.figure.colorbar(image, ax=ax, pad=0.02)
    bar.set_label(column_label(column), color=look.text, fontsize=look.font_pt)
    bar.ax.tick_params(colors=look.text, labelsize=look.font_pt - 1, length=3)
    bar.outline.set_visible(False)
    at = np.lexsort((frame, row))
    xy = np.column_stack([frame * time.per_frame, row])[at].astype(np.float64)
    points = Points(xy, owner[at], frame[at])
    plot = Plot(ax, points, look, track_colours, time)
    plot.select(selected)
    return plot
