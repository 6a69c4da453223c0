"""A few files of a batch tried before the run: a sheet of pictures with the outlines found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QIcon, QPixmap
from qtpy.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_celltrack.batch import Item
from napari_celltrack.batch.tried_files import N_TRIED, TriedFile, few_of, try_files
from napari_celltrack.gui.lane import Lane
from napari_celltrack.gui.theme import ROW_GAP_PX, set_role
from napari_celltrack.recipe import Recipe

_SIDE_PX = 340
_QUESTION = "Are the outlines right? Click a picture to open its file and tune."
_EARLIER = f"These are of earlier settings or other files; press Try on {N_TRIED} again."


class ContactSheet(QDialog):
    """A window with the pictures of a few files side by side; a click opens the file.

    Parameters
    ----------
    prefix : str
        Beginning of the object names.
    """

    #: A picture was clicked; its item.
    chosen = Signal(object)
    #: An exception that is none of a file.
    failed = Signal(object)

    def __init__(self, prefix: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(f"{prefix}_sheet")
        self.setWindowTitle("Tried on a few files")
        self._prefix = prefix
        column = QVBoxLayout(self)
        column.setSpacing(ROW_GAP_PX)
        self._cards = QHBoxLayout()
        column.addLayout(self._cards)
        self._foot = QLabel()
        self._foot.setObjectName(f"{prefix}_sheet_foot")
        column.addWidget(self._foot)
        self.set_current(True)
        self._buttons: list[QToolButton] = []
        self._words: list[QLabel] = []
        self._n_shown = 0
        self.lane = Lane("celltrack batch try", self)

    def try_on(self, items: Sequence[Item], recipe_of: Callable[[Item], Recipe]) -> None:
        """Show the window, and have a few of the items tried in the background."""
        tried = few_of(items)
        self._set_items(tried)
        self.show()
        self.raise_()
        self._n_shown = 0
        self.set_current(True)
        self.lane.cancel()
        self.lane.submit(partial(try_files, tried, recipe_of), self._take, self.failed.emit)

    def set_current(self, is_current: bool) -> None:
        """Say whether this was found in the files of the batch, with the settings now."""
        self._foot.setText(_QUESTION if is_current else _EARLIER)
        set_role(self._foot, "foot" if is_current else "problem")

    def _take(self, tried: TriedFile) -> None:
        self._show_tried(self._n_shown, tried)
        self._n_shown += 1

    def _set_items(self, items: Sequence[Item]) -> None:
        for button in self._buttons:
            button.parentWidget().deleteLater()
        self._buttons, self._words = [], []
        for number, item in enumerate(items):
            self._add_card(number, item)
        self.adjustSize()

    def _show_tried(self, number: int, tried: TriedFile) -> None:
        button, words = self._buttons[number], self._words[number]
        if tried.problem:
            button.setText("no picture")
            words.setText(tried.problem)
            set_role(words, "problem")
            return
        picture = QPixmap()
        picture.loadFromData(tried.picture)
        side = QSize(_SIDE_PX, _SIDE_PX)
        picture = picture.scaled(
            side, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        button.setText("")
        button.setIcon(QIcon(picture))
        button.setIconSize(picture.size())
        words.setText(tried.words)

    def words(self) -> list[str]:
        """Return what stands under the pictures."""
        return [label.text() for label in self._words]

    def _add_card(self, number: int, item: Item) -> None:
        card = QWidget()
        column = QVBoxLayout(card)
        column.setContentsMargins(0, 0, 0, 0)
        button = QToolButton()
        button.setObjectName(f"{self._prefix}_sheet_{number}")
        button.setText("…")
        button.setToolTip(f"Open {item.path}")
        button.setFixedSize(_SIDE_PX + 8, _SIDE_PX + 8)
        button.clicked.connect(lambda _checked: self.chosen.emit(item))
        name, words = QLabel(item.file), QLabel("looking for cells…")
        for label in (name, words):
            label.setWordWrap(True)
            label.setFixedWidth(_SIDE_PX + 8)
        words.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.MinimumExpanding)
        words.setAlignment(Qt.AlignmentFlag.AlignTop)
        set_role(words, "hint")
        for widget in (button, name, words):
            column.addWidget(widget)
        self._cards.addWidget(card)
        self._buttons.append(button)
        self._words.append(words)
