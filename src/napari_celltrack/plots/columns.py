"""Any column of a table: how its values are spread, and one against another."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from napari_celltrack.plots.plot import Plot, Points
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
) -> Plot:
    """Draw how often values of a column occur.

    Parameters
    ----------
    table : DataFrame
        Any.
    column : str
        Of numbers; NaN are left out.
    limit : float, optional
        Where to draw a line, in units of the column.
    ax, style
        As in :func:`~napari_celltrack.plots.plot_paths`.

    Returns
    -------
    Plot
        Nothing of it can be picked.
    """
    look = STYLES[style]
    ax = new_axes(ax, look)
    ax.set_xlabel(column_label(column))
    ax.set_ylabel("tracks" if START_FRAME in table else "number")
    value = table[column].to_numpy(np.float64)
    value = value[np.isfinite(value)]
    empty = "" if len(value) else "There are no values to draw."
    if empty:
        say(ax, look, empty)
    else:
        ax.hist(value, bins=_edges(value).tolist(), color=look.quiet, rwidth=0.92)
        if limit is not None:
            ax.axvline(limit, color=look.cursor, lw=1.6)
    return Plot(ax, Points.none(), look, track_colours, has_lines=False, sentence=empty)


def plot_scatter(
    table: pd.DataFrame,
    x: str,
    y: str,
    *,
    ax: Axes | None = None,
    style: StyleName = "dark",
    selected: Collection[int] = (),
) -> Plot:
    """Draw one column against another, in the colours of tracks.

    Parameters
    ----------
    table : DataFrame
        A row a cell and frame, or a row a track (`start_frame` is picked then).
    x, y : str
        Columns of numbers; rows with NaN are left out.
    ax, style, selected
        As in :func:`~napari_celltrack.plots.plot_paths`.

    Returns
    -------
    Plot
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

    empty = "" if known.any() else "There are no values to draw."
    if empty:
        say(ax, look, empty)
    else:
        ax.scatter(
            points.xy[:, 0], points.xy[:, 1], s=12, c=colours(points.track_id), linewidths=0,
            alpha=0.8,
            rasterized=len(points.xy) > 5000,
        )  # fmt: skip
    plot = Plot(ax, points, look, colours, has_lines=False, sentence=empty)
    plot.select(selected)
    return plot


def _edges(value: Floats) -> Floats:
    """Return edges of bins: a bin a value for few whole numbers, 10 to 60 bins otherwise."""
    low, high = float(value.min()), float(value.max())
    if np.array_equal(value, np.round(value)) and high - low <= 60:
        return np.arange(low - 0.5, high + 1)
    n_bins = int(np.clip(np.sqrt(len(value)) * 1.5, 10, 60))
    return np.histogram_bin_edges(value, n_bins).astype(np.float64)
