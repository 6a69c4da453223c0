"""A drawn plot: what was drawn where, what stands out, and the frame in view."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.path import Path as Outline
from matplotlib.transforms import BboxBase, IdentityTransform

from napari_celltrack.plots.style import Floats, Ints, Style
from napari_celltrack.plots.units import TimeAxis

#: Farthest from a drawn point that a click still means it, in px of the screen.
PICK_PX = 12.0


@dataclass(frozen=True)
class Picked:
    """What is under the pointer.

    Parameters
    ----------
    track_id : int
        0 where the plot is not of tracks.
    frame : int or None
        None where the plot is not of frames.
    """

    track_id: int
    frame: int | None


@dataclass(frozen=True, eq=False)
class Points:
    """Every point of a plot that can be picked.

    Parameters
    ----------
    xy : ndarray, shape (n, 2), float64
        In units of the axes, finite, sorted by track, then frame where there are lines.
    track_id : ndarray, shape (n,), int64
        0 where a point belongs to no track.
    frame : ndarray, shape (n,), int64, or None
        None where the plot is not of frames.
    """

    xy: Floats
    track_id: Ints
    frame: Ints | None

    @classmethod
    def none(cls) -> Points:
        """Return no points."""
        return cls(np.zeros((0, 2)), np.zeros(0, np.int64), None)


@dataclass(frozen=True, eq=False)
class Plot:
    """A plot, with what is needed to link it to a viewer.

    What changes often (the frame in view, selected tracks) lies above the rest and is blitted: the
    rest is not drawn again. Selecting lays a veil in the colour of the background over all lines
    and draws the selected ones above it.

    Parameters
    ----------
    ax : Axes
        Where it is drawn.
    points : Points
        What can be picked.
    style : Style
        Colours of cursor and veil.
    colours : callable
        From ids, shape (n,), to colours, shape (n, 4).
    time : TimeAxis or None
        Of the x axis, if that is time: the cursor is a line then, and dots at cells otherwise.
    has_lines : bool
        Whether points of a track are joined.
    sentence : str
        Why nothing, or not all, is drawn; empty where everything is.
    """

    ax: Axes
    points: Points
    style: Style
    colours: Callable[[Ints], Floats]
    time: TimeAxis | None = None
    has_lines: bool = True
    sentence: str = ""
    _overlay: _Overlay = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_overlay", _Overlay(self))

    @property
    def figure(self) -> Figure:
        """The figure that it is drawn in."""
        figure = self.ax.get_figure(root=True)
        assert figure is not None  # axes are made by figures
        return figure

    @property
    def selected(self) -> tuple[int, ...]:
        """Ids of the tracks that stand out, sorted."""
        return self._overlay.selected

    def pick(self, x: float, y: float) -> Picked | None:
        """Return what is drawn nearest to a place, or None when nothing is near.

        Parameters
        ----------
        x, y : float
            In px of the figure from its lower left, as in matplotlib's mouse events.
        """
        points = self.points
        if not len(points.xy):
            return None
        away = self.ax.transData.transform(points.xy) - (x, y)
        distance = np.hypot(*away.T)
        distance[~np.isfinite(distance)] = np.inf
        at = int(np.argmin(distance))
        if distance[at] > PICK_PX:
            return None
        frame = None if points.frame is None else int(points.frame[at])
        return Picked(int(points.track_id[at]), frame)

    def set_cursor(self, frame: int | None) -> None:
        """Show a frame as the one in view; None for none."""
        self._overlay.set_cursor(frame)

    def select(self, track_ids: Collection[int]) -> None:
        """Let tracks stand out and dim the others; none to show all alike."""
        self._overlay.select(track_ids)


class _Overlay:
    """What is blitted above a plot."""

    def __init__(self, plot: Plot) -> None:
        self._plot = plot
        self._background: Any = None
        self.selected: tuple[int, ...] = ()
        ax, style = plot.ax, plot.style
        self._veil = Rectangle(
            (0, 0), 1, 1, transform=ax.transAxes, color=style.background, alpha=0.75, lw=0,
            visible=False, zorder=5,
        )  # fmt: skip
        self._lines = LineCollection([], linewidths=style.selected_pt, zorder=6, visible=False)
        self._dots = Line2D([], [], ls="", marker="o", ms=5, mec=style.cursor, mfc="none", zorder=8)
        self._cursor = Line2D(
            [0, 0], [0, 1], color=style.cursor, lw=1.4, visible=False, zorder=7,
            transform=ax.get_xaxis_transform(),
        )  # fmt: skip
        self._marks = PathCollection(
            [Outline.unit_circle()], sizes=(22,), offsets=np.zeros((0, 2)),
            offset_transform=ax.transData, transform=IdentityTransform(), linewidths=0, zorder=6,
            visible=False,
        )  # fmt: skip
        self._artists: tuple[Artist, ...] = (
            self._veil, self._lines, self._marks, self._cursor, self._dots,
        )  # fmt: skip
        for artist in self._artists:
            # Not by add_line and the like: what lies above has no part in the limits of the axes.
            ax.add_artist(artist)
            artist.set_clip_path(ax.patch)
            artist.set_animated(True)
        # A closure, which is held strongly: the figure keeps its overlay alive.
        plot.figure.canvas.mpl_connect("draw_event", lambda _: self._remember())

    def set_cursor(self, frame: int | None) -> None:
        points, time = self._plot.points, self._plot.time
        if time is not None:
            self._cursor.set_visible(frame is not None)
            if frame is not None:
                self._cursor.set_xdata([frame * time.per_frame] * 2)
        elif points.frame is not None:
            shown = points.frame == (-1 if frame is None else frame)
            if self.selected:
                shown &= np.isin(points.track_id, self.selected)
            self._dots.set_data(points.xy[shown, 0], points.xy[shown, 1])
        self._blit()

    def select(self, track_ids: Collection[int]) -> None:
        plot = self._plot
        ids = np.unique(np.fromiter(track_ids, np.int64, len(track_ids)))
        ids = ids[np.isin(ids, plot.points.track_id) & (ids > 0)]
        self.selected = tuple(ids.tolist())
        mine = np.isin(plot.points.track_id, ids)
        xy, owner = plot.points.xy[mine], plot.points.track_id[mine]
        self._veil.set_visible(bool(len(ids)))
        self._lines.set_visible(plot.has_lines)
        self._marks.set_visible(not plot.has_lines)
        if plot.has_lines:
            frame = None if plot.points.frame is None else plot.points.frame[mine]
            lines, whose = runs(xy, owner, frame if plot.time else None)
            self._lines.set_segments(lines)
            self._lines.set_color(plot.colours(whose).tolist())
        else:
            self._marks.set_offsets(xy)
            self._marks.set_facecolor(plot.colours(owner).tolist())
        self._blit()

    def _remember(self) -> None:
        """Keep the picture without overlay, and draw the overlay on it."""
        canvas = self._plot.figure.canvas
        copy = getattr(canvas, "copy_from_bbox", None)
        # A figure that is saved has its overlay drawn by matplotlib, in the order of all else.
        if canvas.is_saving() or copy is None:
            self._background = None
            return
        self._background = copy(self._region())
        self._draw()

    def _blit(self) -> None:
        if self._background is None:
            return
        canvas: Any = self._plot.figure.canvas
        canvas.restore_region(self._background)
        self._draw()
        canvas.blit(self._region())

    def _region(self) -> BboxBase:
        # Ends of lines are rounded to pixels that lie half outside of the axes.
        return self._plot.ax.bbox.padded(2)

    def _draw(self) -> None:
        for artist in self._artists:
            self._plot.ax.draw_artist(artist)


def runs(xy: Floats, owner: Ints, frame: Ints | None = None) -> tuple[list[Floats], Ints]:
    """Cut points into lines without gaps.

    Parameters
    ----------
    xy : ndarray, shape (n, 2), float64
        Sorted by track, then frame.
    owner : ndarray, shape (n,), int64
        Track of each point.
    frame : ndarray, shape (n,), int64, optional
        Where given, a line ends before frames that are missing.

    Returns
    -------
    lines : list of ndarray, each shape (m, 2)
        A line a run.
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
