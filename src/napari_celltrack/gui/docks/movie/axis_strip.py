"""The axis strip: what each dimension of an image is, and one click to read it otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from napari.layers import Image
from qtpy.QtCore import QPoint, QSize, Qt, Signal
from qtpy.QtGui import QIcon, QImage, QKeySequence, QPixmap, QShortcut
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_celltrack.gui.forms.rows import column
from napari_celltrack.gui.layers.layer_file import file_of
from napari_celltrack.gui.layers.movie_layers import axes_choices, guess_axes
from napari_celltrack.gui.theme import set_role, set_state
from napari_celltrack.text import plural

_THUMBNAIL_PX = 56
#: Planes of a stack that a thumbnail is flattened from.
_N_FLATTENED = 5
#: With more chips there is no room for words.
_MAX_LONG_CHIPS = 4
_WORDS = {"T": "frame", "Z": "plane", "C": "channel"}
_MEANING = {
    "T": "time",
    "Z": "depth, flattened into one image a frame",
    "C": "channels",
    "Y": "rows",
    "X": "columns",
}


class AxisStrip(QWidget):
    """A chip a dimension of an image; a click on one offers the readings where it is another.

    Parameters
    ----------
    name : str
        Object name; chips are called ``{name}_T`` and so on.
    """

    #: The reading that was chosen, letters of TCZYX.
    chosen = Signal(str)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self._layer: Image | None = None
        self._axes = ""
        self._shape: tuple[int, ...] = ()
        self._popup: QFrame | None = None
        layout = column(self)
        self._chips = QHBoxLayout()
        self._chips.setSpacing(6)
        layout.addLayout(self._chips)

    def axes(self) -> str:
        """Return the reading that is shown, empty without an image."""
        return self._axes

    def show_layer(self, layer: Image | None, axes: str | None) -> None:
        """Show the dimensions of an image.

        Parameters
        ----------
        layer : Image or None
            The image.
        axes : str or None
            How it is read; None for the guess.
        """
        shape = () if layer is None else shape_of(layer)
        axes = axes or ""
        if layer is None:
            axes = ""
        elif len(axes) != len(shape):
            # A recipe of another image may name other axes; the chips are there to correct them.
            axes = guess_axes(layer)
        if layer is self._layer and (axes, shape) == (self._axes, self._shape):
            return
        self._layer, self._axes, self._shape = layer, axes, shape
        while (item := self._chips.takeAt(0)) is not None:
            if chip := item.widget():
                chip.hide()
                chip.setParent(None)
                chip.deleteLater()
        if layer is None:
            return
        for position, (axis, length) in enumerate(zip(self._axes, shape, strict=True)):
            self._chips.addWidget(self._chip(layer, position, axis, length), 1)

    def is_guessed(self) -> bool:
        """Whether there are several readings, and the image does not say which is right."""
        layer = self._layer
        return layer is not None and len(axes_choices(layer)) > 1 and not names_axes(layer)

    def offer(self, position: int) -> None:
        """Open the readings in which a dimension, counted from 0, is something else."""
        layer = self._layer
        chips = [self._chips.itemAt(i).widget() for i in range(self._chips.count())]
        if layer is None or position >= len(chips):
            return
        self._popup = _Readings(chips[position], layer, readings(layer, self._axes, position))
        self._popup.chosen.connect(self.chosen)
        self._popup.open_below(chips[position])

    def _chip(self, layer: Image, position: int, axis: str, length: int) -> QToolButton:
        chip = QToolButton()
        chip.setObjectName(f"{self.objectName()}_{axis}")
        is_short = len(self._axes) > _MAX_LONG_CHIPS
        chip.setText(f"{axis} {length}" if is_short else _in_words(axis, length, layer.rgb))
        chip.setAccessibleName(f"{_MEANING[axis]}, {length}")
        set_role(chip, "chip")
        set_state(chip, "axis", axis)
        can_change = len(readings(layer, self._axes, position)) > 1
        click = "Click to read it otherwise." if can_change else "It can be nothing else."
        chip.setToolTip(f"{axis} is {_MEANING[axis]}: {length}. {click}")
        chip.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        if can_change:
            chip.clicked.connect(lambda *_: self.offer(position))
        return chip


class _Readings(QFrame):
    """A popup with a row a reading: its first plane as a thumbnail, and its axes in words."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget, layer: Image, offered: Sequence[str]) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("movie_readings")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        set_role(self, "popup")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(4)
        grey = QLabel("Read it as")
        set_role(grey, "hint")
        layout.addWidget(grey)
        shape = shape_of(layer)
        for axes in offered:
            row = QToolButton()
            row.setObjectName(f"movie_reading_{axes}")
            pairs = zip(axes, shape, strict=True)
            words = [_in_words(axis, n, layer.rgb) for axis, n in pairs if axis not in "YX"]
            row.setText("  ".join(words) or "one image")
            row.setToolTip(" ".join(axes))
            row.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            row.setIconSize(QSize(_THUMBNAIL_PX, _THUMBNAIL_PX))
            row.setIcon(QIcon(_pixmap(thumbnail(layer, axes))))
            set_role(row, "step")
            row.clicked.connect(lambda *_, axes=axes: self._choose(axes))
            layout.addWidget(row)
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self).activated.connect(self.close)

    def open_below(self, chip: QWidget) -> None:
        """Open the popup under a chip."""
        self.adjustSize()
        at = chip.mapToGlobal(QPoint(0, chip.height() + 2))
        right = chip.screen().availableGeometry().right()
        self.move(min(at.x(), right - self.sizeHint().width()), at.y())
        self.show()
        rows = self.findChildren(QToolButton)
        if rows:
            rows[0].setFocus()

    def _choose(self, axes: str) -> None:
        self.close()
        self.chosen.emit(axes)


def names_axes(layer: Image) -> bool:
    """Whether a layer or its file says what its dimensions are, by names of axes or by units."""
    file = file_of(layer).movie
    if file is not None and not file.axes_note:
        return True
    named = "".join(label[:1].upper() for label in layer.axis_labels)
    colours = "C" if layer.rgb else ""
    if {named, named + colours} & set(axes_choices(layer)):
        return True
    # Seconds are time and µm are depth, where each is there once.
    kinds = ["second", "micrometer"]
    leading = layer.units[: max(layer.ndim - 2, 0)]
    told = [next((k for k in kinds if unit.is_compatible_with(k)), "") for unit in leading]
    return bool(told) and "" not in told and len(set(told)) == len(told)


def readings(layer: Image, axes: str, position: int) -> list[str]:
    """Return the reading in use, then those in which one dimension is something else.

    Parameters
    ----------
    layer : Image
        The image.
    axes : str
        How it is read.
    position : int
        Of the dimension, counted from 0.

    Returns
    -------
    list of str
        Only readings that make sense.
    """
    others = [each for each in axes_choices(layer) if each[position] != axes[position]]
    return [axes, *others]


def shape_of(layer: Image) -> tuple[int, ...]:
    """Return the shape of the data of a layer, with its colours; the finest level of several."""
    data = layer.data[0] if layer.multiscale else layer.data
    return tuple(int(length) for length in data.shape)


def thumbnail(layer: Image, axes: str) -> npt.NDArray[np.uint8]:
    """Return a small picture of the plane in the middle, as a reading would show it.

    A few pixels of a few planes are read; a stack is flattened to its brightest values.

    Parameters
    ----------
    layer : Image
        The image.
    axes : str
        The reading.

    Returns
    -------
    ndarray, shape (height, width), uint8
        At most 56 px a side.
    """
    data = layer.data[0] if layer.multiscale else layer.data
    step = max(-(-max(data.shape[axes.index(a)] for a in "YX") // _THUMBNAIL_PX), 1)
    at: list[Any] = []
    for axis, length in zip(axes, data.shape, strict=True):
        if axis in "YX":
            at.append(slice(None, None, step))
        elif axis == "Z":
            at.append(slice(None, None, max(length // _N_FLATTENED, 1)))
        else:
            at.append(length // 2 if axis == "T" else 0)
    plane = np.asarray(data[tuple(at)]).astype(np.float32)
    left = [axis for axis in axes if axis in "ZYX"]
    if "Z" in left:
        plane = np.fmax.reduce(plane, axis=left.index("Z"))
        left.remove("Z")
    if left == ["X", "Y"]:
        plane = plane.T
    finite = plane[np.isfinite(plane)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    scaled = (np.nan_to_num(plane, nan=low, posinf=high, neginf=low) - low) / ((high - low) or 1.0)
    return (255 * np.clip(scaled, 0, 1)).astype(np.uint8)


def _pixmap(grey: npt.NDArray[np.uint8]) -> QPixmap:
    grey = np.ascontiguousarray(grey)
    height, width = grey.shape
    image = QImage(grey.data, width, height, width, QImage.Format.Format_Grayscale8)
    # Copied: the array goes when this returns.
    return QPixmap.fromImage(image.copy())


def _in_words(axis: str, length: int, is_rgb: bool) -> str:
    """Return what a chip says, e.g. ``"T 44 frames"``."""
    word = "colour" if axis == "C" and is_rgb else _WORDS.get(axis)
    return f"{axis} {length} {plural(length, word)}" if word else f"{axis} {length}"
