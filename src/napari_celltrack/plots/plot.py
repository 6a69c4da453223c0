"""A drawn plot: what was drawn where, what stands out, and the frame in view."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.path import Path as Outline

from napari_celltrack.plots.overlay import Overlay
from napari_celltrack.plots.style import Floats, Ints, Style
from napari_celltrack.plots.units import TimeAxis

#: Held while a figure is drawn: matplotlib reads formulas, such as powers of ten, one at a time.
DRAWING = threading.Lock()
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
class Bars:
    """The bars of a histogram.

    Parameters
    ----------
    edges : ndarray, shape (n_bars + 1,), float64
        Where they begin and end.
    value : ndarray, shape (n,), float64
        What is counted, finite.
    track_id : ndarray, shape (n,), int64
        0 where a value belongs to no track.
    frame : ndarray, shape (n,), int64, or None
        None where values are of no frame.
    """

    edges: Floats
    value: Floats
    track_id: Ints
    frame: Ints | None

    def heights(self, track_ids: Collection[int] | None = None) -> Floats:
        """Return how many values are in each bar, shape (n_bars,); of some tracks if asked for."""
        mine: Any = slice(None)
        if track_ids is not None:
            mine = np.isin(self.track_id, np.fromiter(track_ids, np.int64, len(track_ids)))
        return np.histogram(self.value[mine], self.edges)[0].astype(np.float64)

    def within(self, low: float, high: float) -> Ints:
        """Return the sorted ids of tracks with a value in bars that a range touches."""
        last = len(self.edges) - 2
        bar = np.clip(np.searchsorted(self.edges, self.value, "right") - 1, 0, last)
        ends = np.searchsorted(self.edges, (low, high), "right") - 1
        mine = (bar >= ends[0]) & (bar <= ends[1]) & (self.track_id > 0)
        return np.unique(self.track_id[mine])


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
    bars : Bars or None
        Of a histogram; it has no points.
    """

    ax: Axes
    points: Points
    style: Style
    colours: Callable[[Ints], Floats]
    time: TimeAxis | None = None
    has_lines: bool = True
    sentence: str = ""
    bars: Bars | None = None
    _overlay: Overlay = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_overlay", Overlay(self))

    @property
    def figure(self) -> Figure:
        """The figure that it is drawn in."""
        figure = self.ax.get_figure(root=True)
        assert figure is not None  # axes are made by figures
        return figure

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing to draw."""
        return bool(self.sentence) and not len(self.points.xy) and self.bars is None

    @property
    def selected(self) -> tuple[int, ...]:
        """Ids of the tracks that stand out, sorted."""
        return self._overlay.selected

    def n_points_of(self, track_ids: Collection[int]) -> int:
        """Return how many points some tracks have: what it costs to let them stand out."""
        ids = np.fromiter(track_ids, np.int64, len(track_ids))
        return int(np.isin(self.points.track_id, ids).sum())

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

    def tracks_in(self, outline: Floats) -> tuple[int, ...]:
        """Return the tracks that have a point, or a bar, within a closed line.

        Parameters
        ----------
        outline : ndarray, shape (n, 2), float64
            Its corners in px of the figure from its lower left. Of bars only its width counts.

        Returns
        -------
        tuple of int
            Sorted ids.
        """
        outline = np.asarray(outline, np.float64)
        if len(outline) < 3:
            return ()
        if self.bars is not None:
            x = self.ax.transData.inverted().transform(outline)[:, 0]
            return tuple(self.bars.within(float(x.min()), float(x.max())).tolist())
        at = self.ax.transData.transform(self.points.xy)
        # Most points lie far away, which is quick to see.
        low, high = outline.min(axis=0), outline.max(axis=0)
        near = np.flatnonzero(((at >= low) & (at <= high)).all(axis=1) & (self.points.track_id > 0))
        inside = Outline(outline).contains_points(at[near])
        return tuple(np.unique(self.points.track_id[near[inside]]).tolist())

    def tracks_at_bar(self, x: float, y: float) -> tuple[int, ...]:
        """Return the tracks of the bar under the pointer, sorted; none where there is no bar.

        Parameters
        ----------
        x, y : float
            In px of the figure from its lower left.
        """
        if self.bars is None or not self.ax.bbox.contains(x, y):
            return ()
        at = float(self.ax.transData.inverted().transform((x, y))[0])
        return tuple(self.bars.within(at, at).tolist())

    def set_cursor(self, frame: int | None) -> None:
        """Show a frame as the one in view; None for none."""
        self._overlay.set_cursor(frame)

    def select(self, track_ids: Collection[int]) -> None:
        """Let tracks stand out and dim the others; none to show all alike."""
        self._overlay.select(track_ids)
