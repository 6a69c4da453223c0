"""The canvas of a plot in a dock: it shows a drawn plot, and says what the mouse does to it.

A plot is drawn elsewhere, in the background; here only what lies above it (the frame in view, what
stands out) is blitted, and the picture put on the screen.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QImage, QPainter, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_celltrack.gui.theme import ChartColours, chart_colours
from napari_celltrack.plots import Plot

#: Height that a plot is given in a dock, and the least that can be read, in px.
PLOT_HEIGHT_PX, _MIN_HEIGHT_PX = 170, 110
#: Between press and release a hand moves by this much, in px; more is a lasso.
_STILL_PX = 4.0


class PlotCanvas(QWidget):
    """Shows a plot, or a sentence in its place.

    Parameters
    ----------
    name : str
        Object name.
    """

    #: Where the user clicked, in px of the figure from its lower left, and whether Shift was held.
    clicked = Signal(float, float, bool)
    #: Corners of the line that was drawn round something, shape (n, 2), likewise.
    lassoed = Signal(object, bool)
    #: The size changed, so the plot is to be drawn again.
    resized = Signal()
    #: Frames to go on or back, by the arrow keys.
    stepped = Signal(int)
    #: Escape was pressed.
    escaped = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setMinimumHeight(_MIN_HEIGHT_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._colours: ChartColours = chart_colours("dark")
        self._plot: Plot | None = None
        self._sentence = ""
        self._drawn: QImage | None = None
        self._lasso: list[QPointF] = []

    @property
    def plot(self) -> Plot | None:
        """What is shown, or None for a sentence."""
        return self._plot

    @property
    def sentence(self) -> str:
        """What is said in place of a plot."""
        return self._sentence

    def size_px(self) -> tuple[int, int, float]:
        """Return width and height in px of the window, and how many of the screen one is."""
        return max(self.width(), 1), max(self.height(), 1), self.devicePixelRatioF()

    def show_plot(self, plot: Plot) -> None:
        """Show a plot that is drawn on an Agg canvas of this widget's size."""
        self._plot, self._sentence = plot, ""
        self._take_picture()

    def say(self, sentence: str) -> None:
        """Show a sentence in place of a plot."""
        self._plot, self._drawn, self._sentence = None, None, sentence
        self.update()

    def set_cursor(self, frame: int | None) -> None:
        """Show a frame as the one in view."""
        if self._plot is not None:
            self._plot.set_cursor(frame)
            self._take_picture()

    def select(self, track_ids: Collection[int], frame: int | None) -> None:
        """Let tracks stand out, with the dots of the frame in view."""
        if self._plot is not None:
            self._plot.select(track_ids)
            self._plot.set_cursor(frame)
            self._take_picture()

    def restyle(self, theme_id: str) -> None:
        """Take the colours of a theme of napari for what is said."""
        self._colours = chart_colours(theme_id)
        self.update()

    def place_of(self, x: float, y: float) -> QPointF:
        """Return where on the widget a place of the axes is, in px."""
        assert self._plot is not None  # asked of what is shown
        at = self._plot.ax.transData.transform((x, y)) / self.devicePixelRatioF()
        return QPointF(float(at[0]), self.height() - float(at[1]))

    def sizeHint(self) -> QSize:
        """Return the size that Qt should give it."""
        return QSize(320, PLOT_HEIGHT_PX)

    def _take_picture(self) -> None:
        assert self._plot is not None  # asked by the callers
        canvas: Any = self._plot.figure.canvas
        pixels = np.asarray(canvas.buffer_rgba())
        height, width = pixels.shape[:2]
        # The image does not keep the bytes that it is made of alive; a copy has its own.
        image = QImage(pixels.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888)
        self._drawn = image.copy()
        self.update()

    def resizeEvent(self, event: Any) -> None:
        """Ask for a plot of the new size."""
        super().resizeEvent(event)
        self.resized.emit()

    def paintEvent(self, event: Any) -> None:
        """Show the picture and the lasso, or the sentence."""
        painter = QPainter(self)
        if self._drawn is None:
            painter.setPen(QColor(self._colours.hint))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(
                QRectF(self.rect()).adjusted(12, 8, -12, -8), int(flags), self._sentence
            )
            return
        # Until it is drawn in the new size, the old one is stretched.
        painter.drawImage(QRectF(self.rect()), self._drawn)
        if len(self._lasso) > 1:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(self._colours.accent), 1.5))
            fill = QColor(self._colours.accent)
            fill.setAlpha(40)
            painter.setBrush(fill)
            painter.drawPolygon(QPolygonF(self._lasso))

    def mousePressEvent(self, event: Any) -> None:
        """Begin a click or a lasso."""
        if event.button() != Qt.MouseButton.LeftButton or self._plot is None:
            event.ignore()
            return
        self._lasso = [event.position()]

    def mouseMoveEvent(self, event: Any) -> None:
        """Draw the lasso."""
        if self._lasso:
            self._lasso.append(event.position())
            self.update()

    def mouseReleaseEvent(self, event: Any) -> None:
        """Say what was clicked, or what the lasso lies round."""
        lasso, self._lasso = self._lasso, []
        if not lasso or self._plot is None:
            return
        self.update()
        outline = self._in_figure([*lasso, event.position()])
        adds = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        ratio = self.devicePixelRatioF()
        if np.abs(outline - outline[0]).max() <= _STILL_PX * ratio:
            self.clicked.emit(*outline[0].tolist(), adds)
        else:
            self.lassoed.emit(outline, adds)

    def keyPressEvent(self, event: Any) -> None:
        """Go a frame on or back, or let nothing stand out."""
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        if event.key() in steps:
            self.stepped.emit(steps[event.key()])
        elif event.key() == Qt.Key.Key_Escape:
            self.escaped.emit()
        else:
            super().keyPressEvent(event)

    def _in_figure(self, places: list[QPointF]) -> npt.NDArray[np.float64]:
        """Return places of the widget in px of the figure, from its lower left."""
        at = np.array([(place.x(), self.height() - place.y()) for place in places], np.float64)
        return at * self.devicePixelRatioF()
