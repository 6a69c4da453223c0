"""A small chart of a dock, with lines over it that the mouse can move.

The picture of the chart is kept, so the lines over it move without drawing it again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from qtpy.QtCore import QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPixmap
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_celltrack.gui.charts.drawing import AxesStyle, ChartPlane, draw, plane_of
from napari_celltrack.gui.charts.series import Series, curve
from napari_celltrack.gui.single_shot import single_shot
from napari_celltrack.gui.theme import CHART_HEIGHT_PX, CHART_TEXT_PX, ChartColours, chart_colours

#: At most one `dragged` in this time, in ms: what follows it is to be shown, not queued.
_THROTTLE_MS = 30
_DRAG_HINT = "drag ↔"
#: Share of the width by which an arrow key moves the line.
_KEY_STEP = 0.01


class Chart(QWidget):
    """A themed chart with labelled axes, a line for the frame in view and a line to drag.

    Nothing is drawn while it is not visible, and changes that come together are drawn once.

    Parameters
    ----------
    name : str
        Object name.
    title : str
        What it shows, for a screen reader.
    x_label, y_label : str
        Names of the axes with their units.
    empty : str
        What to say while there is nothing to show, e.g. ``"not counted yet"``.
    tooltip : str
        One or two sentences: what it shows and what a click does.
    height_px : int
        Its height.
    clickable : bool
        Whether a click means something; shown by the shape of the mouse cursor.
    whole_x, whole_y : bool
        Whether only whole numbers are marked on the axis.
    log_y : bool
        Whether the heights are on a logarithmic scale.
    ticks_y : bool
        Whether there are numbers at the vertical axis.
    """

    #: Where the user clicked, in data units: x; and x with y.
    clicked = Signal(float)
    clicked_at = Signal(float, float)
    #: Where the draggable line is, in data units, while it is dragged and at the end.
    dragged = Signal(float)

    def __init__(
        self,
        name: str,
        title: str,
        x_label: str,
        y_label: str,
        *,
        empty: str = "nothing to show yet",
        tooltip: str = "",
        height_px: int = CHART_HEIGHT_PX,
        clickable: bool = False,
        whole_x: bool = False,
        whole_y: bool = False,
        log_y: bool = False,
        ticks_y: bool = True,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.setToolTip(tooltip or title)
        self.setFixedHeight(height_px)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self._style = AxesStyle(x_label, y_label, whole_x, whole_y, log_y, ticks_y)
        font = self.font()
        font.setPixelSize(CHART_TEXT_PX)
        self._font = font
        self._empty = empty
        self._clickable = clickable
        self._series: tuple[Series, ...] = ()
        self._x_range: tuple[float, float] | None = None
        self._y_range: tuple[float, float] | None = None
        self._colours: ChartColours = chart_colours("dark")
        self._plane: ChartPlane | None = None
        self._picture: QPixmap | None = None
        self._cursor: float | None = None
        self._mark: float | None = None
        self._limit: float | None = None
        self._draggable = False
        self._held = False
        self._pressed_at: QPointF | None = None
        self._throttle = single_shot(self, _THROTTLE_MS, self._emit_dragged)
        self._unsaid = False

    # What is shown

    def show_series(
        self,
        *series: Series,
        x_range: tuple[float, float] | None = None,
        y_range: tuple[float, float] | None = None,
    ) -> None:
        """Show lines, bars, points and bands, in place of what was shown.

        Parameters
        ----------
        *series : ChartLine, ChartBars, ChartPoints or ChartBand
            What to draw, the first at the back; see :mod:`napari_celltrack.gui.charts.series`.
            Nothing shows the text for nothing.
        x_range, y_range : (float, float), optional
            Ends of the axes; what the data need by default.
        """
        self._series = tuple(each for each in series if len(each))
        self._x_range, self._y_range = x_range, y_range
        self._redraw()

    def plot_lines(self, x: Any, y: Any, stale: Any = None, **ranges: Any) -> None:
        """Show one curve, solid where it is current and dotted where it is stale.

        Parameters
        ----------
        x, y : array-like of float, shape (N,)
            In the order of `x`; NaN leaves a gap.
        stale : array-like of bool, shape (N,), optional
            Which points were found with earlier settings.
        **ranges
            As of :meth:`show_series`.
        """
        self.show_series(*curve(x, y, stale), **ranges)

    def clear(self, empty: str | None = None) -> None:
        """Show nothing, and say why in words."""
        if empty is not None:
            self._empty = empty
        self.show_series()

    def set_labels(self, x_label: str, y_label: str) -> None:
        """Name the axes anew, with their units."""
        style = replace(self._style, x_label=x_label, y_label=y_label)
        if style != self._style:
            self._style = style
            self._redraw()

    def set_cursor(self, x: float | None) -> None:
        """Move the line of the frame in view, or take it away; costs next to nothing."""
        if x != self._cursor:
            self._cursor = x
            self.update()

    def set_mark(self, x: float | None) -> None:
        """Move a dotted grey line that cannot be dragged, e.g. at an automatic value."""
        if x != self._mark:
            self._mark = x
            self.update()

    def set_limit(self, x: float | None, draggable: bool = True) -> None:
        """Move the line that the user can drag, or take it away; ignored while it is dragged."""
        self._draggable = draggable and x is not None
        if self._held:
            return
        if x != self._limit:
            self._limit = x
            self.update()

    @property
    def cursor_x(self) -> float | None:
        """Where the line of the frame in view is."""
        return self._cursor

    @property
    def mark_x(self) -> float | None:
        """Where the dotted grey line is."""
        return self._mark

    @property
    def limit_x(self) -> float | None:
        """Where the line to drag is."""
        return self._limit

    @property
    def series(self) -> tuple[Series, ...]:
        """What is shown."""
        return self._series

    def restyle(self, theme_id: str) -> None:
        """Take the colours of a theme of napari."""
        colours = chart_colours(theme_id)
        if colours != self._colours:
            self._colours = colours
            self._redraw()

    def x_at(self, x_px: float) -> float:
        """Return the value at a horizontal place of the widget, within the axis.

        Parameters
        ----------
        x_px : float
            In pixels of the screen, from the left border.
        """
        return self._laid_out().x_at(x_px)

    def px_of(self, x: float) -> float:
        """Return the horizontal place of a value, in pixels from the left border."""
        plane = self._laid_out()
        return min(max(float(plane.x_px(x)), plane.area.left()), plane.area.right())

    def sizeHint(self) -> QSize:
        """Return the size that Qt should give it."""
        return QSize(300, self.height())

    # Drawing

    def _redraw(self) -> None:
        self._plane = self._picture = None
        self.update()

    def _laid_out(self) -> ChartPlane:
        """Return where the axes are, worked out when it is needed first."""
        if self._plane is None:
            size, metrics = (self.width(), self.height()), QFontMetricsF(self._font)
            self._plane = plane_of(
                self._series,
                size,
                self._style,
                metrics,
                x_range=self._x_range,
                y_range=self._y_range,
            )
        return self._plane

    def resizeEvent(self, event: Any) -> None:
        """Draw anew at the new size."""
        super().resizeEvent(event)
        self._redraw()

    def paintEvent(self, event: Any) -> None:
        """Show the picture, drawn anew if something has changed, and the lines over it."""
        painter = QPainter(self)
        painter.setFont(self._font)
        if not self._series:
            self._write(painter, self._empty)
            return
        if self._picture is None:
            self._picture = self._drawn()
        painter.drawPixmap(0, 0, self._picture)
        self._draw_lines(painter)

    def _drawn(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setFont(self._font)
        draw(painter, self._series, self._laid_out(), self._style, self._colours)
        painter.end()
        return picture

    def _write(self, painter: QPainter, text: str) -> None:
        painter.setFont(self.font())
        painter.setPen(QColor(self._colours.hint))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(QRectF(self.rect()).adjusted(8, 8, -8, -8), int(flags), text)

    def _draw_lines(self, painter: QPainter) -> None:
        for x, colour, style in (
            (self._mark, self._colours.hint, Qt.PenStyle.DotLine),
            (self._cursor, self._colours.accent, Qt.PenStyle.SolidLine),
            (self._limit, self._colours.accent, Qt.PenStyle.SolidLine),
        ):
            if x is not None:
                self._draw_line(painter, x, QColor(colour), style)
        if self._limit is not None and self._draggable:
            self._draw_hint(painter)

    def _draw_line(self, painter: QPainter, x: float, colour: QColor, style: Any) -> None:
        pen = QPen(colour)
        pen.setStyle(style)
        pen.setWidthF(1.0 if style == Qt.PenStyle.DotLine else 2.0)
        painter.setPen(pen)
        place, area = self.px_of(x), self._laid_out().area
        painter.drawLine(QPointF(place, area.top()), QPointF(place, area.bottom()))

    def _draw_hint(self, painter: QPainter) -> None:
        """Write "drag" beside the line, on the side where there is room."""
        assert self._limit is not None  # asked by the caller
        width = painter.fontMetrics().horizontalAdvance(_DRAG_HINT)
        place, area = self.px_of(self._limit) + 4, self._laid_out().area
        if place + width > area.right():
            place -= width + 8
        painter.drawText(QPointF(place, area.top() + CHART_TEXT_PX), _DRAG_HINT)

    # The mouse and the keyboard

    def mousePressEvent(self, event: Any) -> None:
        """Take hold of the line, or begin a click."""
        if event.button() != Qt.MouseButton.LeftButton or not self._series:
            event.ignore()
            return
        if self._draggable:
            self._held = True
            self._drag_to(event.position().x())
        else:
            self._pressed_at = event.position()

    def mouseMoveEvent(self, event: Any) -> None:
        """Move the line that is held, and show what a click would do."""
        if self._held:
            self._drag_to(event.position().x())
            return
        shape = Qt.CursorShape.ArrowCursor
        if self._series and self._draggable:
            shape = Qt.CursorShape.SizeHorCursor
        elif self._series and self._clickable:
            shape = Qt.CursorShape.PointingHandCursor
        if shape != self.cursor().shape():
            self.setCursor(shape)

    def mouseReleaseEvent(self, event: Any) -> None:
        """Let go of the line, or end a click."""
        if self._held:
            self._drag_to(event.position().x())
            self._held = False
            self._throttle.stop()
            self._emit_dragged()
        elif self._pressed_at is not None:
            self._pressed_at = None
            if self.rect().contains(event.position().toPoint()):
                x, y = event.position().x(), event.position().y()
                self.clicked.emit(self.x_at(x))
                self.clicked_at.emit(self.x_at(x), self._laid_out().y_at(y))

    def keyPressEvent(self, event: Any) -> None:
        """Move the line, or the frame in view, by the arrow keys."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(event.key())
        if step is None or not self._series:
            super().keyPressEvent(event)
        elif self._draggable and self._limit is not None:
            left, right = self._laid_out().x_limits
            self._limit = min(max(self._limit + step * _KEY_STEP * (right - left), left), right)
            self._unsaid = True
            self._emit_dragged()
            self.update()
        elif self._clickable and self._cursor is not None:
            left, right = self._laid_out().x_limits
            self.clicked.emit(min(max(self._cursor + step, left), right))

    def _drag_to(self, x_px: float) -> None:
        x = self.x_at(x_px)
        if x == self._limit:
            return
        self._limit = x
        self._unsaid = True
        self.update()
        if not self._throttle.isActive():
            self._emit_dragged()
            self._throttle.start()

    def _emit_dragged(self) -> None:
        if self._unsaid and self._limit is not None:
            self._unsaid = False
            self.dragged.emit(self._limit)
            if self._held:
                self._throttle.start()
