"""Paths and curves of many tracks as one artist."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from matplotlib.axes import Axes

from napari_celltrack.plots.plot import Plot, Points
from napari_celltrack.plots.segments import Lines, unbroken_lines
from napari_celltrack.plots.style import Floats, Ints, Style, say, track_colours
from napari_celltrack.plots.units import TimeAxis


def draw_lines(
    ax: Axes,
    style: Style,
    points: Points,
    time: TimeAxis | None = None,
    *,
    empty: str,
    all_ids: Ints | None = None,
    selected: Collection[int] = (),
    note: str = "",
) -> Plot:
    """Draw one line per track, interrupted at missing frames if x is time; a single point as a dot.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    style : Style
        How.
    points : Points
        Finite, sorted by track, then frame.
    time : TimeAxis, optional
        The x axis, if it is time.
    empty : str
        Sentence to show if there are no points.
    all_ids : ndarray, int64, optional
        Ids that the range of colours covers; those of `points` if left out.
    selected : collection of int
        Tracks to highlight.
    note : str
        Sentence about points that are left out.

    Returns
    -------
    Plot
    """
    span = points.track_id if all_ids is None else all_ids

    def colours(ids: Ints) -> Floats:
        return track_colours(ids, span if len(span) else ids)

    if not len(points.xy):
        say(ax, style, empty)
        return Plot(ax, points, style, colours, time, sentence=empty)
    lines, owner = unbroken_lines(points.xy, points.track_id, points.frame if time else None)
    ax.add_collection(
        Lines(
            lines,
            time is not None,
            colors=colours(owner).tolist(),
            linewidths=style.line_pt,
            capstyle="butt",
            joinstyle="bevel",
            label="_tracks",
        )
    )
    alone = np.array([len(line) == 1 for line in lines])
    if alone.any():
        dots = np.concatenate([line for line in lines if len(line) == 1])
        ax.scatter(
            dots[:, 0], dots[:, 1], s=9, c=colours(owner[alone]), linewidths=0, label="_lone"
        )
    # Thinning must not change the limits of the axes.
    ax.update_datalim(points.xy)
    ax.autoscale_view()
    plot = Plot(ax, points, style, colours, time, sentence=note)
    plot.select(selected)
    return plot


def finite_points(x: Floats, y: Floats, owner: Ints, frame: Ints | None) -> Points:
    """Return the finite points of tracks, sorted by track, then frame; track 0 is left out."""
    known = np.isfinite(x) & np.isfinite(y) & (owner > 0)
    order = np.lexsort((x if frame is None else frame, owner))
    order = order[known[order]]
    kept_frame = None if frame is None else frame[order]
    return Points(np.column_stack([x, y])[order], owner[order], kept_frame)
