"""Curves of many tracks as one artist, thinned where there are more than a screen can show.

Files are not thinned: a figure of a paper is looked at from near, taken apart and edited. All that
matplotlib leaves out of them by itself are corners of long lines within 1/650 inch.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.collections import LineCollection

from napari_celltrack.plots.plot import Plot, Points, runs
from napari_celltrack.plots.style import Floats, Ints, Style, say, track_colours
from napari_celltrack.plots.units import TimeAxis

#: Most corners that are drawn on a screen at once; a selected track has all of its own.
MAX_CORNERS = 20_000


class Lines(LineCollection):
    """Lines that are thinned on a screen and whole in files.

    Parameters
    ----------
    shown, whole : list of ndarray, each shape (m, 2)
        Corners of each line, on the screen and in files.
    look
        As of matplotlib's LineCollection.
    """

    def __init__(self, shown: list[Floats], whole: list[Floats], **look: Any) -> None:
        super().__init__(shown, **look)
        self._shown, self._whole = shown, whole

    def draw(self, renderer: RendererBase) -> None:
        """Draw, with all corners if it is to a file."""
        figure = self.get_figure(root=True)
        if self._shown is self._whole or figure is None or not figure.canvas.is_saving():
            super().draw(renderer)
            return
        self.set_segments(self._whole)
        try:
            super().draw(renderer)
        finally:
            self.set_segments(self._shown)
            self.stale = False


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
    """Draw a line a track, broken at missing frames on a time axis; a lone point is a dot.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    style : Style
        How.
    points : Points
        Finite, sorted by track, then frame.
    time : TimeAxis, optional
        If the x axis is time.
    empty : str
        What to say when there are no points.
    all_ids : ndarray, int64, optional
        Ids between which colours are spread; those of `points` if left out.
    selected : collection of int
        Tracks that stand out.
    note : str
        What the plot says of points that are left out.

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
    lines, owner = runs(points.xy, points.track_id, points.frame if time else None)
    stride = -(-len(points.xy) // MAX_CORNERS)
    shown = lines if stride == 1 else [thinned(line, stride, time is not None) for line in lines]
    ax.add_collection(
        Lines(
            shown,
            lines,
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
    # Thinning must not change the limits.
    ax.update_datalim(points.xy)
    ax.autoscale_view()
    plot = Plot(ax, points, style, colours, time, sentence=note)
    plot.select(selected)
    return plot


def thinned(line: Floats, stride: int, keep_extremes: bool) -> Floats:
    """Return about one corner in `stride`; ends stay, and of curves each lowest and highest."""
    n = len(line)
    if n <= 2:
        return line
    if not keep_extremes:
        return np.asarray(line[np.unique(np.r_[0:n:stride, n - 1])])
    width = 2 * stride
    whole = np.full(-(-n // width) * width, np.nan)
    whole[:n] = line[:, 1]
    boxes = whole.reshape(-1, width)
    begin = np.arange(len(boxes)) * width
    at = np.r_[0, begin + np.nanargmin(boxes, 1), begin + np.nanargmax(boxes, 1), n - 1]
    return np.asarray(line[np.unique(at)])


def finite_points(x: Floats, y: Floats, owner: Ints, frame: Ints | None) -> Points:
    """Return what can be drawn of columns, sorted by track, then frame; no track is left out."""
    known = np.isfinite(x) & np.isfinite(y) & (owner > 0)
    order = np.lexsort((x if frame is None else frame, owner))
    order = order[known[order]]
    kept_frame = None if frame is None else frame[order]
    return Points(np.column_stack([x, y])[order], owner[order], kept_frame)
