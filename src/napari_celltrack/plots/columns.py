"""Columns of a table: histogram of one, and scatter plot of two."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from napari_celltrack.plots.overlay import BAR_WIDTH
from napari_celltrack.plots.plot import Bars, Plot, Points
from napari_celltrack.plots.segments import one_a_place
from napari_celltrack.plots.style import (
    STYLES,
    Floats,
    Ints,
    StyleName,
    new_axes,
    say,
    track_colours,
)
from napari_celltrack.plots.units import column_label
from napari_celltrack.tables import FRAME, START_FRAME, TRACK_ID


def plot_histogram(
    table: pd.DataFrame,
    column: str,
    *,
    limit: float | None = None,
    ax: Axes | None = None,
    style: StyleName = "dark",
    selected: Collection[int] = (),
) -> Plot:
    """Draw a histogram of a column.

    Parameters
    ----------
    table : DataFrame
        Any table; with `track_id`, the tracks of a bar can be picked.
    column : str
        A column of numbers; NaN is left out.
    limit : float, optional
        Position of a vertical line, in units of the column.
    ax, style, selected
        As in :func:`~napari_celltrack.plots.plot_paths`.

    Returns
    -------
    Plot
        With :class:`~napari_celltrack.plots.plot.Bars` in place of points.
    """
    look = STYLES[style]
    ax = new_axes(ax, look)
    ax.set_xlabel(column_label(column))
    ax.set_ylabel("tracks" if START_FRAME in table else "number")
    value = table[column].to_numpy(np.float64)
    known = np.isfinite(value)
    if not known.any():
        empty = "There are no values to draw."
        say(ax, look, empty)
        return Plot(ax, Points.none(), look, track_colours, has_lines=False, sentence=empty)
    value = value[known]
    owner = np.zeros(len(value), np.int64)
    if TRACK_ID in table:
        owner = table[TRACK_ID].to_numpy(np.int64)[known]
    when = next((name for name in (FRAME, START_FRAME) if name in table), None)
    frame = None if when is None else table[when].to_numpy(np.int64)[known]
    bars = Bars(_edges(value), value, owner, frame)
    width = np.diff(bars.edges)
    ax.bar(bars.edges[:-1] + width / 2, bars.heights(), BAR_WIDTH * width, color=look.quiet)
    if limit is not None:
        ax.axvline(limit, color=look.cursor, lw=1.6)
    plot = Plot(ax, Points.none(), look, track_colours, has_lines=False, bars=bars)
    plot.select(selected)
    return plot


def plot_scatter(
    table: pd.DataFrame,
    x: str,
    y: str,
    *,
    ax: Axes | None = None,
    style: StyleName = "dark",
    selected: Collection[int] = (),
) -> Plot:
    """Draw one column against another, in the colours of the tracks.

    Parameters
    ----------
    table : DataFrame
        One row per cell and frame, or one row per track (picking then gives `start_frame`).
    x, y : str
        Columns of numbers; rows with NaN are left out.
    ax, style, selected
        As in :func:`~napari_celltrack.plots.plot_paths`.

    Returns
    -------
    Plot
        Of very many points only those that others do not cover are drawn, and its sentence says
        so; all can be picked.
    """
    look = STYLES[style]
    ax = new_axes(ax, look, (4.0, 3.6))
    ax.set_xlabel(column_label(x))
    ax.set_ylabel(column_label(y))
    xy = np.column_stack([table[x].to_numpy(np.float64), table[y].to_numpy(np.float64)])
    known = np.isfinite(xy).all(axis=1)
    owner = table[TRACK_ID].to_numpy(np.int64)
    when = next((name for name in (FRAME, START_FRAME) if name in table), None)
    frame = None if when is None else table[when].to_numpy(np.int64)[known]
    points = Points(xy[known], owner[known], frame)

    def colours(ids: Ints) -> Floats:
        return track_colours(ids, owner)

    if not known.any():
        empty = "There are no values to draw."
        say(ax, look, empty)
        return Plot(ax, points, look, colours, has_lines=False, sentence=empty)
    shown, sentence = points.xy, ""
    at = one_a_place(points.xy)
    if len(at) < len(points.xy):
        shown = points.xy[at]
        sentence = f"{len(at):,} of {len(points.xy):,} points are drawn, one a place."
        ax.set_title(sentence, loc="left", color=look.text, fontsize=look.font_pt - 1)
    ax.scatter(
        shown[:, 0], shown[:, 1], s=12, c=colours(points.track_id[at]), linewidths=0, alpha=0.8,
        rasterized=len(shown) > 5000,
    )  # fmt: skip
    plot = Plot(ax, points, look, colours, has_lines=False, sentence=sentence)
    plot.select(selected)
    return plot


def _edges(value: Floats) -> Floats:
    """Return edges of bins: one per value for few whole numbers, otherwise 10 to 60 bins."""
    low, high = float(value.min()), float(value.max())
    if np.array_equal(value, np.round(value)) and high - low <= 60:
        return np.arange(low - 0.5, high + 1)
    n_bins = int(np.clip(np.sqrt(len(value)) * 1.5, 10, 60))
    return np.histogram_bin_edges(value, n_bins).astype(np.float64)
