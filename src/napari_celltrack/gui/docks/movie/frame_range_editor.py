"""Which frames to work on: all of them, or from one to another, every so many."""

from __future__ import annotations

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

from napari_celltrack.gui.forms.rows import column
from napari_celltrack.gui.forms.wheel import no_accident
from napari_celltrack.gui.theme import set_role, set_state
from napari_celltrack.input import FrameRange

_ALL, _PART = 0, 1
_MAX_FRAME = 2**31 - 2


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
        for spin in (self._from, self._to, self._every):
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
            blocked = spin.blockSignals(True)
            # A recipe may name frames that this movie does not have; they are shown as they are.
            spin.setMaximum(max(n_frames - (spin is not self._every), value, 1))
            spin.setValue(value)
            spin.blockSignals(blocked)
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
