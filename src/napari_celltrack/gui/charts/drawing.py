"""How a small chart is drawn: where its axes are, their numbers and names, and what is shown.

Drawn by Qt itself, since a chart is drawn anew while a slider moves: that takes about a
millisecond, where a plotting library takes 40 to 100.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, isnan, log10
from typing import Any

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPen

from napari_celltrack.gui.charts.series import ChartBand, ChartBars, ChartLine, ChartPoints, Series
from napari_celltrack.gui.theme import ChartColours

#: Room beyond the data at either end, as a share of the range.
_MARGIN_X, _MARGIN_Y = 0.02, 0.08
#: Lowest end of a logarithmic axis, and room above the highest bar, as a factor.
_LEAST_COUNT, _HEAD_LOG = 0.5, 3.0
#: Length of a tick, and the gaps between tick, number, name and border, in px.
_TICK_PX, _GAP_PX, _EDGE_PX = 3, 2, 4
#: Room that a number on an axis needs at least, in px.
_PER_TICK_X_PX, _PER_TICK_Y_PX = 44, 22
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class AxesStyle:
    """What the axes of a chart say.

    Parameters
    ----------
    x_label, y_label : str
        Names with units.
    whole_x, whole_y : bool
        Whether only whole numbers are marked.
    log_y : bool
        Whether heights are logarithmic.
    ticks_y : bool
        Whether there are numbers at the vertical axis.
    """

    x_label: str
    y_label: str
    whole_x: bool = False
    whole_y: bool = False
    log_y: bool = False
    ticks_y: bool = True


@dataclass(frozen=True)
class ChartPlane:
    """Where the axes of a chart are, and what place a value has.

    Parameters
    ----------
    area : QRectF
        The inside of the axes, in px of the widget.
    x_limits, y_limits : (float, float)
        Ends of the axes, in data units.
    log_y : bool
        Whether heights are logarithmic.
    """

    area: QRectF
    x_limits: tuple[float, float]
    y_limits: tuple[float, float]
    log_y: bool = False

    def x_px(self, x: Any) -> Any:
        """Return the horizontal place of a value or an array of them."""
        left, right = self.x_limits
        return self.area.left() + (x - left) / ((right - left) or 1.0) * self.area.width()

    def y_px(self, y: Any) -> Any:
        """Return the vertical place of a value or an array of them."""
        low, high = self.y_limits
        if self.log_y:
            y = np.log10(np.maximum(y, low))
            low, high = log10(low), log10(high)
        return self.area.bottom() - (y - low) / ((high - low) or 1.0) * self.area.height()

    def x_at(self, x_px: float) -> float:
        """Return the value at a horizontal place; beyond the axis, its end."""
        left, right = self.x_limits
        share = (x_px - self.area.left()) / max(self.area.width(), 1.0)
        return left + min(max(share, 0.0), 1.0) * (right - left)

    def y_at(self, y_px: float) -> float:
        """Return the value at a vertical place; beyond the axis, its end."""
        low, high = self.y_limits
        share = min(max((self.area.bottom() - y_px) / max(self.area.height(), 1.0), 0.0), 1.0)
        if self.log_y:
            return float(10 ** (log10(low) + share * (log10(high) - log10(low))))
        return low + share * (high - low)


def plane_of(
    series: Sequence[Series],
    size_px: tuple[int, int],
    style: AxesStyle,
    metrics: QFontMetricsF,
    *,
    x_range: tuple[float, float] | None = None,
    y_range: tuple[float, float] | None = None,
) -> ChartPlane:
    """Find the ends of the axes, and a place for them that leaves room for all that is written.

    Parameters
    ----------
    series : sequence of ChartLine, ChartPoints, ChartBars or ChartBand
        What is shown.
    size_px : (int, int)
        Width and height of the chart.
    style : AxesStyle
        What the axes say.
    metrics : QFontMetricsF
        Of the font of the chart.
    x_range, y_range : (float, float), optional
        Ends of the axes; what the data need by default.
    """
    width, height = size_px
    x_limits = x_range or _x_range(series)
    y_limits = y_range or _y_range(series, style.log_y)
    if style.log_y:
        y_limits = (max(y_limits[0], _LEAST_COUNT), y_limits[1])
    line = metrics.height()
    bottom = _TICK_PX + 2 * line + _EDGE_PX
    inner = max(height - bottom - 2 * _EDGE_PX, 10.0)
    numbers = [t for _, t in y_ticks(y_limits, inner, style)]
    wide = max((metrics.horizontalAdvance(text) for text in numbers), default=0.0)
    n_lines = len(_wrapped(style.y_label, inner, metrics))
    left = _EDGE_PX + n_lines * line + _GAP_PX + wide + _TICK_PX + _GAP_PX
    last = [t for _, t in x_ticks(x_limits, width - left, style)][-1:]
    right = _EDGE_PX + max((metrics.horizontalAdvance(text) / 2 for text in last), default=0.0)
    area = QRectF(left, 2 * _EDGE_PX, max(width - left - right, 10.0), inner)
    return ChartPlane(area, x_limits, y_limits, style.log_y)


def draw(
    painter: QPainter,
    series: Sequence[Series],
    plane: ChartPlane,
    style: AxesStyle,
    colours: ChartColours,
) -> None:
    """Draw the axes and all that is shown.

    Parameters
    ----------
    painter : QPainter
        With the font of the chart.
    series : sequence of ChartLine, ChartPoints, ChartBars or ChartBand
        The first at the back.
    plane : ChartPlane
        From :func:`plane_of`.
    style : AxesStyle
        What the axes say.
    colours : ChartColours
        Colours of the theme.
    """
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.save()
    painter.setClipRect(plane.area.adjusted(-2, -4, 2, 1))
    for each in series:
        _draw_series(painter, each, plane, QColor(getattr(colours, each.ink)))
    painter.restore()
    _draw_axes(painter, plane, style, colours)


def x_ticks(
    limits: tuple[float, float], length_px: float, style: AxesStyle
) -> list[tuple[float, str]]:
    """Return values to mark on the horizontal axis, and their text."""
    return _ticks(limits, max(int(length_px / _PER_TICK_X_PX), 1), style.whole_x)


def y_ticks(
    limits: tuple[float, float], length_px: float, style: AxesStyle
) -> list[tuple[float, str]]:
    """Return values to mark on the vertical axis, and their text."""
    if not style.ticks_y:
        return []
    if style.log_y:
        powers = range(ceil(log10(limits[0])), floor(log10(limits[1])) + 1)
        every = max(1, round(len(powers) * _PER_TICK_Y_PX / max(length_px, 1)))
        return [(10.0**power, f"{10.0**power:g}") for power in powers[::every]]
    return _ticks(limits, max(int(length_px / _PER_TICK_Y_PX), 1), style.whole_y)


def _ticks(limits: tuple[float, float], n_at_most: int, whole: bool) -> list[tuple[float, str]]:
    """Return round values between two ends, about as many as wanted."""
    low, high = limits
    if not np.isfinite([low, high]).all() or high <= low:
        return []
    rough = (high - low) / max(n_at_most, 1)
    power = 10.0 ** floor(log10(rough))
    step = next(each * power for each in _STEPS if each * power >= rough * 0.999)
    if whole:
        step = max(1.0, float(round(step)))
    # Ends are nudged: a tick that lies on one must not be lost to rounding.
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    decimals = max(0, -floor(log10(step) + 1e-9)) + (1 if 2.4 < step / power < 2.6 else 0)
    if high >= 1e6 or step < 1e-3:
        return [(i * step, f"{i * step:.3g}") for i in range(first, last + 1)]
    if step >= 1 and step == int(step):
        decimals = 0
    return [(i * step, f"{i * step:.{decimals}f}") for i in range(first, last + 1)]


def _draw_series(painter: QPainter, series: Series, plane: ChartPlane, colour: QColor) -> None:
    if isinstance(series, ChartBand):
        left, right = plane.x_px(series.left), plane.x_px(series.right)
        painter.fillRect(QRectF(left, plane.area.top(), right - left, plane.area.height()), colour)
    elif isinstance(series, ChartBars):
        _draw_bars(painter, series, plane, colour)
    elif isinstance(series, ChartPoints):
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        radius = series.size_px / 2
        for x, y in _seen(series.x, series.y):
            painter.drawEllipse(QPointF(plane.x_px(x), plane.y_px(y)), radius, radius)
    else:
        _draw_line(painter, series, plane, colour)


def _draw_bars(painter: QPainter, series: ChartBars, plane: ChartPlane, colour: QColor) -> None:
    painter.save()
    # Neighbours must not shine through at their common edge.
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    foot = float(plane.y_px(plane.y_limits[0] if plane.log_y else max(0.0, plane.y_limits[0])))
    lefts = np.floor(plane.x_px(series.x - series.width / 2))
    rights = np.maximum(np.floor(plane.x_px(series.x + series.width / 2)), lefts + 1)
    tops = plane.y_px(np.nan_to_num(series.height))
    rects = [
        QRectF(left, min(top, foot), right - left, abs(foot - top))
        for left, right, top in zip(lefts.tolist(), rights.tolist(), tops.tolist(), strict=True)
        if top != foot
    ]
    painter.drawRects(rects)
    painter.restore()


def _draw_line(painter: QPainter, series: ChartLine, plane: ChartPlane, colour: QColor) -> None:
    pen = QPen(colour)
    pen.setWidthF(series.width_px)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    if series.dotted:
        pen.setDashPattern([1.0, 2.0])
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    path = QPainterPath()
    down = False
    xs, ys = plane.x_px(series.x).tolist(), plane.y_px(series.y).tolist()
    for x, y in zip(xs, ys, strict=True):
        if isnan(x) or isnan(y):  # a gap
            down = False
        elif down:
            path.lineTo(x, y)
        else:
            path.moveTo(x, y)
            down = True
    painter.drawPath(path)


def _draw_axes(
    painter: QPainter, plane: ChartPlane, style: AxesStyle, colours: ChartColours
) -> None:
    area, metrics = plane.area, QFontMetricsF(painter.font())
    line = metrics.height()
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(colours.hint), 1.0))
    painter.drawLine(area.bottomLeft(), area.bottomRight())
    painter.drawLine(area.topLeft(), area.bottomLeft())
    for value, text in x_ticks(plane.x_limits, area.width(), style):
        x = plane.x_px(value)
        painter.drawLine(QPointF(x, area.bottom()), QPointF(x, area.bottom() + _TICK_PX))
        top = area.bottom() + _TICK_PX
        painter.drawText(QRectF(x - 50, top, 100, line), _CENTRE, text)
    for value, text in y_ticks(plane.y_limits, area.height(), style):
        y = float(plane.y_px(value))
        painter.drawLine(QPointF(area.left() - _TICK_PX, y), QPointF(area.left(), y))
        right = area.left() - _TICK_PX - _GAP_PX
        painter.drawText(QRectF(right - 100, y - line / 2, 100, line), _RIGHT, text)
    painter.setPen(QColor(colours.text))
    below = QRectF(area.left(), area.bottom() + _TICK_PX + line, area.width(), line)
    painter.drawText(below, _CENTRE, style.x_label)
    painter.save()
    painter.translate(_EDGE_PX, area.center().y())
    painter.rotate(-90)
    for index, part in enumerate(_wrapped(style.y_label, area.height(), metrics)):
        painter.drawText(QRectF(-100, index * line, 200, line), _CENTRE, part)
    painter.restore()


_CENTRE = Qt.AlignmentFlag.AlignCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def _wrapped(label: str, length_px: float, metrics: QFontMetricsF) -> list[str]:
    """Return a label in one line or, when it is too long for that, in two."""
    if not label or metrics.horizontalAdvance(label) <= length_px + 2 * _EDGE_PX:
        return [label] if label else []
    spaces = [at for at, letter in enumerate(label) if letter == " "]
    if not spaces:
        return [label]
    halves = [(label[:at], label[at + 1 :]) for at in spaces]
    before_unit = [pair for pair in halves if pair[1][:1] in ("[", "(")]
    # Before the unit is the best place, if both halves fit then.
    for pair in before_unit:
        if max(map(metrics.horizontalAdvance, pair)) <= length_px + 2 * _EDGE_PX:
            return list(pair)
    return list(min(halves, key=lambda pair: max(map(metrics.horizontalAdvance, pair))))


def _seen(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> list[tuple[float, float]]:
    seen = np.isfinite(x) & np.isfinite(y)
    return list(zip(x[seen].tolist(), y[seen].tolist(), strict=True))


def _x_range(series: Sequence[Series]) -> tuple[float, float]:
    ends: list[float] = []
    for each in series:
        if isinstance(each, ChartBand):
            ends += [each.left, each.right]
        elif isinstance(each, ChartBars):
            ends += [end + side * each.width / 2 for end in _ends(each.x) for side in (-1, 1)]
        else:
            ends += _ends(each.x)
    has_bars = any(isinstance(each, ChartBars) for each in series)
    return _widened(ends, 0.0 if has_bars else _MARGIN_X)


def _y_range(series: Sequence[Series], log_y: bool) -> tuple[float, float]:
    ends: list[float] = []
    stands = any(isinstance(each, ChartBars) for each in series)
    for each in series:
        if isinstance(each, ChartBars):
            ends += _ends(each.height)
        elif not isinstance(each, ChartBand):
            ends += _ends(each.y)
    if log_y:
        return _LEAST_COUNT, _HEAD_LOG * max([2 * _LEAST_COUNT, *ends])
    low, high = _widened([0.0, *ends] if stands else ends, _MARGIN_Y)
    return (min(0.0, *ends, 0.0) if stands else low), high


def _ends(values: npt.NDArray[np.float64]) -> list[float]:
    finite = values[np.isfinite(values)]
    return [float(finite.min()), float(finite.max())] if finite.size else []


def _widened(ends: list[float], margin: float) -> tuple[float, float]:
    if not ends:
        return 0.0, 1.0
    low, high = min(ends), max(ends)
    room = margin * (high - low) if high > low else 0.5
    return low - room, high + room
