"""A chart with two lines to drag: from where to where values may go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor, QPainter
from typing_extensions import override

from napari_celltrack.gui.charts.chart import Chart

#: The two lines.
LOW, HIGH = 0, 1


class RangeChart(Chart):
    """A chart whose lower and upper limit are lines; a limit that is not set lies at the edge.

    The line nearest to the mouse is the one that moves, and the one that arrow keys move, until
    the up or down key takes the other. Neither passes the other. `dragged` tells where it is, and
    :attr:`active` which one it is. Parameters are those of :class:`Chart`.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._ends: list[float | None] = [None, None]
        self._active = LOW
        self._least_step = 0.0

    @property
    def active(self) -> int:
        """The line that is moved: `LOW` or `HIGH`."""
        return self._active

    @property
    def ends_x(self) -> tuple[float, float]:
        """Where the two lines are, in data units."""
        return self._end_x(LOW), self._end_x(HIGH)

    def set_range(self, low: float | None, high: float | None, least_step: float = 0.0) -> None:
        """Move both lines; one that is dragged stays in the hand.

        Parameters
        ----------
        low, high : float or None
            In data units; None for no limit.
        least_step : float
            By how much an arrow key moves a line at least.
        """
        self._ends = [low, high]
        self._least_step = least_step
        self.set_limit(self._end_x(self._active))
        self.update()

    def set_whole(self, whole_x: bool) -> None:
        """Mark only whole numbers on the horizontal axis, or any."""
        self._style = replace(self._style, whole_x=whole_x)

    @override
    def mousePressEvent(self, event: Any) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._series:
            self._activate_nearest(event.position().x())
        super().mousePressEvent(event)

    @override
    def keyPressEvent(self, event: Any) -> None:
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down) and self._series:
            self._activate(HIGH if event.key() == Qt.Key.Key_Up else LOW)
            return
        side = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(event.key())
        if side is None or not self._series or self._limit is None:
            super().keyPressEvent(event)
            return
        left, right = self._laid_out().x_limits
        step = max((right - left) / 100, self._least_step)
        self._limit = self._beside_other(min(max(self._limit + side * step, left), right))
        self._unsaid = True
        self._emit_dragged()
        self.update()

    @override
    def _drag_to(self, x_px: float) -> None:
        other = self.px_of(self._end_x(1 - self._active))
        super()._drag_to(min(x_px, other) if self._active == LOW else max(x_px, other))

    @override
    def _draw_lines(self, painter: QPainter) -> None:
        if self._draggable:
            other = self._end_x(1 - self._active)
            self._draw_line(painter, other, QColor(self._colours.accent), Qt.PenStyle.SolidLine)
        super()._draw_lines(painter)

    def _activate_nearest(self, x_px: float) -> None:
        low_px, high_px = (self.px_of(x) for x in self.ends_x)
        # Where both lie at one place, the side that was pressed says which is meant.
        self._activate(LOW if x_px < (low_px + high_px) / 2 else HIGH)

    def _activate(self, which: int) -> None:
        self._active = which
        self._limit = self._end_x(which)
        self.update()

    def _beside_other(self, x: float) -> float:
        other = self._end_x(1 - self._active)
        return min(x, other) if self._active == LOW else max(x, other)

    def _end_x(self, which: int) -> float:
        end = self._ends[which]
        return self._laid_out().x_limits[which] if end is None else end
