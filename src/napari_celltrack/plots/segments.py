"""Lines between points, thinned where there are more than a screen can show.

Files are not thinned, as figures of a paper are enlarged and edited. Only matplotlib itself omits
corners of long lines that are within 1/650 inch.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.backend_bases import RendererBase
from matplotlib.collections import LineCollection

from napari_celltrack.plots.style import Floats, Ints

#: Largest number of corners that are drawn on a screen.
MAX_CORNERS = 8_000
#: Largest number of dots that are all drawn; with more, one per place of a grid of this side.
MAX_DOTS, _GRID = 10_000, 100


class Lines(LineCollection):
    """Lines that are thinned on a screen and whole in files.

    Parameters
    ----------
    lines : list of ndarray, each shape (m, 2)
        Corners of each line.
    are_curves : bool
        Whether they are curves over time, whose highs and lows must stay.
    look
        As of matplotlib's LineCollection.
    """

    def __init__(self, lines: list[Floats], are_curves: bool = False, **look: Any) -> None:
        super().__init__([], **look)
        self.show(lines, are_curves)

    def show(self, lines: list[Floats], are_curves: bool) -> None:
        """Show other lines, see the parameters of the class."""
        self._whole = self._shown = lines
        # Both ends of each line stay.
        room = max(MAX_CORNERS - 2 * len(lines), MAX_CORNERS // 4)
        n_corners = sum(map(len, lines))
        stride = 1 if n_corners <= MAX_CORNERS else -(-n_corners // room)
        if stride > 1:
            self._shown = thinned(lines, stride, are_curves)
        self.set_segments(self._shown)

    def draw(self, renderer: RendererBase) -> None:
        """Draw the lines, with all corners if to a file."""
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


def unbroken_lines(xy: Floats, owner: Ints, frame: Ints | None = None) -> tuple[list[Floats], Ints]:
    """Cut points into lines without gaps.

    Parameters
    ----------
    xy : ndarray, shape (n, 2), float64
        Sorted by track, then frame.
    owner : ndarray, shape (n,), int64
        Track of each point.
    frame : ndarray, shape (n,), int64, optional
        If given, lines are cut where frames are missing.

    Returns
    -------
    lines : list of ndarray, each shape (m, 2)
        Lines without gaps.
    owner : ndarray, int64
        Track of each line.
    """
    if not len(xy):
        return [], owner
    cut = np.diff(owner) != 0
    if frame is not None:
        gap = np.diff(frame)
        unit = int(gap[gap > 0].min(initial=np.iinfo(np.int64).max))
        cut |= gap > unit
    starts = np.r_[0, np.flatnonzero(cut) + 1]
    return np.split(xy, starts[1:]), owner[starts]


def thinned(lines: list[Floats], stride: int, keep_extremes: bool) -> list[Floats]:
    """Remove corners from lines.

    Parameters
    ----------
    lines : list of ndarray, each shape (m, 2), float64
        Corners of each line, finite; at least one.
    stride : int
        About one corner in this many stays, and both ends of each line.
    keep_extremes : bool
        Whether the lowest and highest corners among their neighbours stay.

    Returns
    -------
    list of ndarray, each shape (k, 2), float64
        One line for each.
    """
    xy = np.concatenate(lines)
    n_corners = np.array([len(line) for line in lines])
    ends = np.cumsum(n_corners)
    begins = ends - n_corners
    # All lines at once, as a loop over a thousand lines would take as long as drawing them.
    place = np.arange(len(xy)) - np.repeat(begins, n_corners)
    stays = np.zeros(len(xy), bool)
    stays[begins] = stays[ends - 1] = True
    if keep_extremes:
        opens = place % (2 * stride) == 0
        box, first = np.cumsum(opens) - 1, np.flatnonzero(opens)
        for extreme in (np.minimum, np.maximum):
            at = np.flatnonzero(xy[:, 1] == extreme.reduceat(xy[:, 1], first)[box])
            stays[at[np.unique(box[at], return_index=True)[1]]] = True
    else:
        stays |= place % stride == 0
    return np.split(xy[stays], np.cumsum(stays)[ends[:-1] - 1])


def one_a_place(xy: Floats) -> Ints:
    """Return the indices of the points to draw, sorted: all, or of very many one per place.

    A place is a little smaller than a dot, so points that are left out are covered by the one that
    is drawn last, and no isolated point is left out.
    """
    if len(xy) <= MAX_DOTS:
        return np.arange(len(xy))
    low = xy.min(axis=0)
    span = np.maximum(xy.max(axis=0) - low, np.finfo(np.float64).tiny)
    cell = np.minimum(((xy - low) / span * _GRID).astype(np.int64), _GRID - 1)
    last = np.full(_GRID * _GRID, -1)
    last[cell[:, 0] * _GRID + cell[:, 1]] = np.arange(len(xy))
    return np.sort(last[last >= 0])
