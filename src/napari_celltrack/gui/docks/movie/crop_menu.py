"""Which part of the movie to work on: a crop, from a rectangle of the viewer, and some frames."""

from __future__ import annotations

import weakref
from typing import Any

from napari.components import ViewerModel
from napari.layers import Image, Shapes
from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QAbstractSpinBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSpinBox,
    QWidget,
)
from superqt.utils import signals_blocked

from napari_celltrack.errors import CelltrackError
from napari_celltrack.gui.forms.rows import column
from napari_celltrack.gui.forms.wheel import no_accident
from napari_celltrack.gui.forms.whole_text import show_whole
from napari_celltrack.gui.layers.rectangles import add_crop_layer, crop_of, rectangles_in
from napari_celltrack.gui.theme import set_role, set_state
from napari_celltrack.gui.when_destroyed import when_destroyed
from napari_celltrack.input import Crop, FrameRange
from napari_celltrack.movie import Movie

_WHOLE = "whole image"
_DRAW = "draw a rectangle…"
_DRAW_NOW = "Draw a rectangle over the part to work on."
_GONE = "The layer of the rectangle was removed; the crop stays as it was."
#: A menu of more rectangles is of no use, and slow to make.
_MAX_LISTED = 50
#: What a Shapes layer says while something of it is still to be changed.
_UNFINISHED = ("adding", "changing", "removing")
#: Entries of the menu of frames.
_ALL, _PART = 0, 1
_MAX_FRAME = 2**31 - 2
#: The least width of a box of a frame, in px.
_NARROW_PX = 36


class CropMenu(QComboBox):
    """Edits a crop; one that was taken from a rectangle follows it.

    Parameters
    ----------
    viewer : ViewerModel
        Whose rectangles are offered; held weakly.
    name : str
        Object name.
    """

    #: The crop, or None for the whole image.
    chosen = Signal(object)
    #: A sentence for the foot, and whether something is wrong.
    told = Signal(str, bool)

    def __init__(self, viewer: ViewerModel, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setToolTip(
            "Work on a part of the image, which is quicker. Choose a rectangle of a Shapes layer; "
            "the crop follows when you move it. Positions stay those of the whole image."
        )
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        no_accident(self)
        self._viewer = weakref.ref(viewer)
        self._image: weakref.ref[Image] | None = None
        self._movie: Movie | None = None
        self._axes: str | None = None
        self._crop: Crop | None = None
        self._rectangle: tuple[weakref.ref[Shapes], int] | None = None
        self._drawn_in: weakref.ref[Shapes] | None = None
        self._heard: weakref.WeakSet[Shapes] = weakref.WeakSet()
        viewer.layers.events.inserted.connect(self._list)
        viewer.layers.events.removed.connect(self._forget)
        self.activated.connect(self._take)
        weak = weakref.ref(self)
        # Qt destroys its half of the widget before Python frees the other.
        when_destroyed(self, lambda: _release(weak()))
        self._list()

    def release(self) -> None:
        """Stop following the viewer."""
        viewer = self._viewer()
        if viewer is not None:
            viewer.layers.events.inserted.disconnect(self._list)
            viewer.layers.events.removed.disconnect(self._forget)
        for layer in list(self._heard):
            layer.events.data.disconnect(self._follow)
            layer.events.name.disconnect(self._list)
        self._heard.clear()

    def show_crop(
        self, crop: Crop | None, image: Image | None, movie: Movie | None, axes: str | None
    ) -> None:
        """Show the crop of an image.

        Parameters
        ----------
        crop : Crop or None
            None for the whole image.
        image, movie : Image, Movie or None
            What is cropped.
        axes : str or None
            How the image is read; None for the guess.
        """
        self._crop, self._movie, self._axes = crop, movie, axes
        self._image = None if image is None else weakref.ref(image)
        self.setEnabled(movie is not None)
        self._list()

    def _list(self, event: Any = None) -> None:
        """Fill the menu, and listen to the rectangles in it."""
        viewer = self._viewer()
        if viewer is None:
            return
        shapes = [layer for layer in viewer.layers if isinstance(layer, Shapes)]
        for layer in shapes:
            if layer not in self._heard:
                layer.events.data.connect(self._follow)
                layer.events.name.connect(self._list)
                self._heard.add(layer)
        self.clear()
        self.addItem(_WHOLE)
        current = 0
        rectangles = [(each, i) for each in shapes for i in rectangles_in(each)]
        for layer, index in rectangles[:_MAX_LISTED]:
            self.addItem(f"rectangle {index + 1} of {layer.name}", (weakref.ref(layer), index))
            if self._crop is not None and self._crop == self._crop_of(layer, index):
                current = self.count() - 1
        if self._crop is not None and not current:
            self.addItem(_in_words(self._crop), "own")
            current = self.count() - 1
        self.insertSeparator(self.count())
        self.addItem(_DRAW, "draw")
        self.setCurrentIndex(current)

    def _crop_of(self, layer: Shapes, index: int) -> Crop | None:
        image = self._image() if self._image else None
        if image is None or self._movie is None:
            return None
        try:
            return crop_of(layer, index, image, self._movie)
        except CelltrackError:
            return None

    def _take(self, position: int) -> None:
        data = self.itemData(position)
        if data == "own":
            return
        if data == "draw":
            self._draw()
        elif data is None:
            self._rectangle = None
            self._choose(None)
        else:
            self._rectangle = data
            self._take_rectangle()

    def _draw(self) -> None:
        viewer, image = self._viewer(), self._image() if self._image else None
        if viewer is None or image is None:
            return
        layer = add_crop_layer(viewer, image, self._axes)
        self._drawn_in = weakref.ref(layer)
        self.told.emit(_DRAW_NOW, False)

    def _take_rectangle(self) -> None:
        layer = self._rectangle[0]() if self._rectangle else None
        image = self._image() if self._image else None
        if self._rectangle is None or layer is None or image is None or self._movie is None:
            return
        try:
            crop = crop_of(layer, self._rectangle[1], image, self._movie)
        except CelltrackError as error:
            self.told.emit(str(error), True)
            self._list()
            return
        self._choose(crop)

    def _choose(self, crop: Crop | None) -> None:
        changed = crop != self._crop
        self._crop = crop
        self._list()
        self.told.emit("", False)
        if changed:
            self.chosen.emit(crop)

    def _follow(self, event: Any) -> None:
        """Take a rectangle that was drawn for us, or one in use that was moved."""
        if str(getattr(event, "action", "")).rpartition(".")[2].lower() in _UNFINISHED:
            return
        layer = event.source
        mine = rectangles_in(layer)
        drawn_in = self._drawn_in() if self._drawn_in is not None else None
        if drawn_in is not None and drawn_in is layer and mine:
            self._drawn_in = None
            self._rectangle = (weakref.ref(layer), mine[-1])
            drawn_in.mode = "select"
            self._take_rectangle()
        elif self._rectangle is not None and layer is self._rectangle[0]():
            if self._rectangle[1] in mine:
                self._take_rectangle()
            else:
                self._rectangle = None
                self.told.emit(_GONE, False)
        self._list()

    def _forget(self, event: Any) -> None:
        layer = event.value
        if isinstance(layer, Shapes) and layer in self._heard:
            layer.events.data.disconnect(self._follow)
            layer.events.name.disconnect(self._list)
            self._heard.discard(layer)
        if self._rectangle is not None and layer is self._rectangle[0]():
            self._rectangle = None
            self.told.emit(_GONE, False)
        self._list()


class FrameRangeEditor(QWidget):
    """Edits a frame range; frames are called as the slider calls them, both ends included.

    Parameters
    ----------
    name : str
        Object name of the menu; the numbers are ``{name}_from``, ``{name}_to``, ``{name}_every``.
    """

    #: The range that was chosen, a FrameRange.
    chosen = Signal(object)

    def __init__(self, name: str) -> None:
        super().__init__()
        self._range = FrameRange()
        self._n_frames = 1
        self._menu = QComboBox()
        self._menu.setObjectName(name)
        self._menu.setToolTip(
            "Work on some of the frames. Frame numbers stay those of the whole movie."
        )
        self._menu.addItems(["all", "a part of them"])
        no_accident(self._menu)
        self._menu.activated.connect(self._switch)
        self._from = _number(f"{name}_from", "from ", "The first frame, counted from 0.")
        self._to = _number(f"{name}_to", "to ", "The last frame.")
        self._every = _number(
            f"{name}_every", "every ", "1 takes every frame, 2 every second one, and so on."
        )
        self._every.setMinimum(1)
        self._count = QLabel()
        self._count.setObjectName(f"{name}_count")
        set_role(self._count, "derived")
        self._part = QWidget()
        row = QHBoxLayout(self._part)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        self._fits = []
        for spin in (self._from, self._to, self._every):
            self._fits.append(show_whole(spin, _NARROW_PX, may_grow=True))
            spin.valueChanged.connect(self._take)
            row.addWidget(spin, 1)
        row.addWidget(self._count)
        layout = column(self)
        layout.addWidget(self._menu)
        layout.addWidget(self._part)
        self._part.hide()

    def show_range(self, range_: FrameRange, n_frames: int) -> None:
        """Show a range of a movie with so many frames."""
        was_part = self._menu.currentIndex() == _PART and n_frames == self._n_frames
        self._range, self._n_frames = range_, n_frames
        is_all = range_ == FrameRange()
        self._menu.setItemText(_ALL, f"all {n_frames}")
        # A part that was just chosen and still is everything stays open.
        self._menu.setCurrentIndex(_PART if not is_all or was_part else _ALL)
        self._part.setVisible(self._menu.currentIndex() == _PART)
        last = n_frames - 1 if range_.stop is None else range_.stop - 1
        for spin, value in (
            (self._from, range_.start),
            (self._to, last),
            (self._every, range_.step),
        ):
            # A recipe may name frames that this movie does not have; they are shown as they are.
            with signals_blocked(spin):
                spin.setMaximum(max(n_frames - (spin is not self._every), value, 1))
                spin.setValue(value)
        for fit in self._fits:
            fit()
        n_taken = len(range(n_frames)[range_.start : range_.stop : range_.step])
        self._count.setText(f"= {n_taken}")

    def _switch(self, index: int) -> None:
        self._part.setVisible(index == _PART)
        if index == _ALL:
            self._choose(FrameRange())

    def _take(self) -> None:
        start, last = self._from.value(), self._to.value()
        if last < start:
            # The end that was not touched comes along.
            start = last = last if self.sender() is self._to else start
        is_end = last >= self._n_frames - 1
        self._choose(
            FrameRange(start=start, stop=None if is_end else last + 1, step=self._every.value())
        )

    def _choose(self, range_: FrameRange) -> None:
        changed = range_ != self._range
        self.show_range(range_, self._n_frames)
        if changed:
            self.chosen.emit(range_)


def _release(menu: CropMenu | None) -> None:
    if menu is not None:
        menu.release()


def _in_words(crop: Crop) -> str:
    """Return a crop of no rectangle, e.g. ``"rows 10–99, columns 0–49"``."""
    rows, columns = (
        f"{start}–{'end' if stop is None else stop - 1}"
        for start, stop in (
            (crop.y_start_px, crop.y_stop_px),
            (crop.x_start_px, crop.x_stop_px),
        )
    )
    return f"rows {rows}, columns {columns}"


def _number(name: str, prefix: str, help_: str) -> QSpinBox:
    spin = QSpinBox()
    spin.setObjectName(name)
    spin.setPrefix(prefix)
    spin.setToolTip(help_)
    spin.setAccessibleName(prefix.strip())
    spin.setRange(0, _MAX_FRAME)
    spin.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
    # What is typed counts when it is complete.
    spin.setKeyboardTracking(False)
    # Three of them share a row, so they are as narrow as what they say.
    set_state(spin, "narrow", True)
    spin.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    no_accident(spin)
    return spin
