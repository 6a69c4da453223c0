"""Overlay of a plot, which changes often: the frame in view and the selected tracks."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.collections import PathCollection, PolyCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.path import Path as Outline
from matplotlib.transforms import BboxBase, IdentityTransform

from napari_celltrack.plots.segments import Lines, one_a_place, unbroken_lines
from napari_celltrack.plots.style import Ints

if TYPE_CHECKING:
    from napari_celltrack.plots.plot import Bars, Plot

#: Width of a bar, as a share of its bin.
BAR_WIDTH = 0.92


class Overlay:
    """The artists that are blitted above a plot.

    Parameters
    ----------
    plot : Plot
        The plot below them.
    """

    def __init__(self, plot: Plot) -> None:
        self._plot = plot
        # The image without overlay, and with the selected tracks: the frame in view changes most
        # often, and then only its line is drawn.
        self._background: Any = None
        self._with_selected: Any = None
        self.selected: tuple[int, ...] = ()
        ax, style = plot.ax, plot.style
        self._veil = Rectangle(
            (0, 0), 1, 1, transform=ax.transAxes, color=style.background, alpha=0.75, lw=0,
            visible=False, zorder=5,
        )  # fmt: skip
        self._lines = Lines([], linewidths=style.selected_pt, zorder=6, visible=False)
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
        self._bars = PolyCollection([], facecolors=style.cursor, zorder=6)
        self._standing_out: tuple[Artist, ...] = (self._veil, self._lines, self._marks, self._bars)
        self._in_view: tuple[Artist, ...] = (self._cursor, self._dots)
        for artist in (*self._standing_out, *self._in_view):
            # Not by add_line and the like, as the overlay must not change the limits of the axes.
            ax.add_artist(artist)
            artist.set_clip_path(ax.patch)
            artist.set_animated(True)
        # The canvas holds a closure strongly, so the figure keeps its overlay alive.
        plot.figure.canvas.mpl_connect("draw_event", lambda _: self._remember())

    def set_cursor(self, frame: int | None) -> None:
        """Show a frame as the one in view; None for none."""
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
        self._blit(self._with_selected)
        self._show(self._in_view)

    def select(self, track_ids: Collection[int]) -> None:
        """Highlight tracks and dim the others; without ids, show all alike."""
        plot = self._plot
        known = plot.points.track_id if plot.bars is None else plot.bars.track_id
        ids = np.unique(np.fromiter(track_ids, np.int64, len(track_ids)))
        ids = ids[np.isin(ids, known) & (ids > 0)]
        self.selected = tuple(ids.tolist())
        if plot.bars is not None:
            self._bars.set_verts(_outlines(plot.bars, ids) if len(ids) else [])
            self._draw_selected()
            return
        mine = np.isin(plot.points.track_id, ids)
        xy, owner = plot.points.xy[mine], plot.points.track_id[mine]
        self._veil.set_visible(bool(len(ids)))
        self._lines.set_visible(plot.has_lines)
        self._marks.set_visible(not plot.has_lines)
        if plot.has_lines:
            frame = None if plot.points.frame is None else plot.points.frame[mine]
            lines, whose = unbroken_lines(xy, owner, frame if plot.time else None)
            self._lines.show(lines, plot.time is not None)
            self._lines.set_color(plot.colours(whose).tolist())
        else:
            at = one_a_place(xy)
            self._marks.set_offsets(xy[at])
            self._marks.set_facecolor(plot.colours(owner[at]).tolist())
        self._draw_selected()

    def _remember(self) -> None:
        """Keep the image without overlay, then draw the overlay on it."""
        canvas = self._plot.figure.canvas
        copy = getattr(canvas, "copy_from_bbox", None)
        # While a figure is saved, matplotlib draws the overlay itself, in order of zorder.
        if canvas.is_saving() or copy is None:
            self._background = self._with_selected = None
            return
        self._background = copy(self._region())
        self._draw_selected()

    def _draw_selected(self) -> None:
        if self._background is None:
            return
        canvas: Any = self._plot.figure.canvas
        self._blit(self._background)
        self._show(self._standing_out)
        self._with_selected = canvas.copy_from_bbox(self._region())
        self._show(self._in_view)

    def _blit(self, background: Any) -> None:
        if background is not None:
            canvas: Any = self._plot.figure.canvas
            canvas.restore_region(background)

    def _show(self, artists: tuple[Artist, ...]) -> None:
        if self._background is None:
            return
        for artist in artists:
            self._plot.ax.draw_artist(artist)
        self._plot.figure.canvas.blit(self._region())

    def _region(self) -> BboxBase:
        # Ends of lines may be rounded to pixels half outside the axes.
        return self._plot.ax.bbox.padded(2)


def _outlines(bars: Bars, track_ids: Ints) -> list[list[tuple[float, float]]]:
    """Return the corners of the bars of some tracks only."""
    height, width = bars.heights(track_ids.tolist()), np.diff(bars.edges)
    left = bars.edges[:-1] + (1 - BAR_WIDTH) / 2 * width
    right = left + BAR_WIDTH * width
    return [
        [(x0, 0.0), (x0, top), (x1, top), (x1, 0.0)]
        for x0, x1, top in zip(left.tolist(), right.tolist(), height.tolist(), strict=True)
        if top
    ]
