"""The pipeline as a row of boxes, with the size of what each of them holds."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_celltrack.gui.theme import ChartColours, chart_colours
from napari_celltrack.text import bytes_text

#: What a frame goes through, where nothing is known of it yet.
STAGES = ("read", "prepare", "count", "measure", "track")

_HEIGHT_PX, _BOX_PX, _TEXT_PX = 58, 20, 10
_MARGIN_PX, _ARROW_PX, _PADDING_PX = 6, 5, 5


class PipelineDiagram(QWidget):
    """Draws the stages in their order, and below each what it holds in memory.

    Parameters
    ----------
    name : str
        Object name.
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setToolTip("What a frame goes through, and how much memory each step holds for it.")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(_HEIGHT_PX)
        self._stages: tuple[tuple[str, float | None], ...] = tuple((name, None) for name in STAGES)
        self._colours: ChartColours | None = None

    def stages(self) -> list[tuple[str, str]]:
        """Return the names and sizes as they are written."""
        return [(name, _size(n_bytes)) for name, n_bytes in self._stages]

    def set_stages(self, stages: Sequence[tuple[str, float | None]]) -> None:
        """Show stages with the bytes each holds; None where it is not known."""
        self._stages = tuple(stages)
        words = ", ".join(f"{name} {_size(n_bytes)}" for name, n_bytes in self._stages)
        self.setAccessibleName(f"Pipeline: {words}")
        self.update()

    def restyle(self, theme_id: str) -> None:
        """Take the colours of a theme of napari."""
        self._colours = chart_colours(theme_id)
        self.update()

    def sizeHint(self) -> QSize:
        """Return the size it would like."""
        return QSize(320, _HEIGHT_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw boxes, arrows and sizes."""
        colours = self._colours
        if colours is None or not self._stages:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(self.font())
        font.setPixelSize(_TEXT_PX)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        column = (self.width() - 2 * _MARGIN_PX) / len(self._stages)
        top = (_HEIGHT_PX - _BOX_PX - metrics.height() - 4) / 2
        ends: list[tuple[float, float]] = []
        for index, (name, n_bytes) in enumerate(self._stages):
            middle = _MARGIN_PX + (index + 0.5) * column
            width = min(metrics.horizontalAdvance(name) + 2 * _PADDING_PX, column - 6)
            box = QRectF(middle - width / 2, top, width, _BOX_PX)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.band))
            painter.drawRoundedRect(box, 3, 3)
            painter.setPen(QColor(colours.text))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, name)
            painter.setPen(QColor(colours.hint))
            below = QRectF(middle - column / 2, box.bottom() + 4, column, metrics.height())
            painter.drawText(below, Qt.AlignmentFlag.AlignCenter, _size(n_bytes))
            ends.append((box.left(), box.right()))
        painter.setPen(QPen(QColor(colours.hint), 1))
        y = top + _BOX_PX / 2
        for (_, before), (after, _) in pairwise(ends):
            _draw_arrow(painter, before + 3, after - 3, y)
        painter.end()


def _draw_arrow(painter: QPainter, left: float, right: float, y: float) -> None:
    if right - left < _ARROW_PX:
        return
    tip = QPointF(right, y)
    painter.drawLine(QPointF(left, y), tip)
    for side in (-1, 1):
        painter.drawLine(tip, QPointF(right - 3, y + 3 * side))


def _size(n_bytes: float | None) -> str:
    return "–" if n_bytes is None else bytes_text(n_bytes)
