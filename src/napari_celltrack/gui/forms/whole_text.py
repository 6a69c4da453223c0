"""Boxes that are as wide as what stands in them, so that no number is cut."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QEvent, QObject, QRect
from qtpy.QtWidgets import (
    QAbstractSpinBox,
    QDoubleSpinBox,
    QLineEdit,
    QSpinBox,
    QStyle,
    QStyleOptionSpinBox,
)

#: After these the letters, or what is round them, may have another size.
_RESTYLED = (
    QEvent.Type.Polish,
    QEvent.Type.FontChange,
    QEvent.Type.StyleChange,
    QEvent.Type.Show,
)
#: The letters "x" that Qt's own hint of the size of a line has room for.
_HINTED_LETTERS = 17


def show_whole(
    box: QAbstractSpinBox | QLineEdit, least_px: int, *, may_grow: bool = False
) -> Callable[[], None]:
    """Keep a box as wide as its text, in any font and theme, and at least so wide.

    Parameters
    ----------
    box : QAbstractSpinBox or QLineEdit
        Most are of the least width, so boxes below each other are aligned.
    least_px : int
        The width of a short number.
    may_grow : bool, optional
        Whether the box takes more where there is room.

    Returns
    -------
    callable
        To be called when the text was changed while the signals of the box were blocked.
    """
    return _Fit(box, least_px, may_grow).fit


class _Fit(QObject):
    """Lives as long as the box."""

    def __init__(self, box: QAbstractSpinBox | QLineEdit, least_px: int, may_grow: bool) -> None:
        super().__init__(box)
        self._box, self._least_px, self._may_grow = box, least_px, may_grow
        self._line: QLineEdit = box if isinstance(box, QLineEdit) else box.lineEdit()
        self._line.textChanged.connect(self.fit)
        if isinstance(box, QSpinBox | QDoubleSpinBox):
            # It sets its line without a word.
            box.textChanged.connect(self.fit)
        box.installEventFilter(self)
        self.fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Fit the box to another font or theme."""
        if event.type() in _RESTYLED:
            self.fit()
        return super().eventFilter(watched, event)

    def fit(self, *_: object) -> None:
        """Give the box the width that its text takes."""
        line, letters = self._line, self._line.fontMetrics()
        frame_px = line.sizeHint().width() - _HINTED_LETTERS * letters.horizontalAdvance("x")
        text_px = letters.horizontalAdvance(line.text())
        wanted_px = max(self._least_px, text_px + frame_px + self._beside_px())
        if wanted_px != self._box.minimumWidth():
            self._box.setMinimumWidth(wanted_px)
        if not self._may_grow and wanted_px != self._box.maximumWidth():
            self._box.setMaximumWidth(wanted_px)

    def _beside_px(self) -> int:
        """Return the room that a spin box takes beside its line."""
        box = self._box
        if isinstance(box, QLineEdit):
            return 0
        option = QStyleOptionSpinBox()
        option.initFrom(box)
        option.rect = QRect(0, 0, 1000, max(box.height(), 20))
        option.buttonSymbols = box.buttonSymbols()
        field = box.style().subControlRect(
            QStyle.ComplexControl.CC_SpinBox, option, QStyle.SubControl.SC_SpinBoxEditField, box
        )
        return 1000 - int(field.width())
