"""Where cells come from: which image and channel, or labels of the user in place of them."""

from __future__ import annotations

from collections.abc import Sequence

from napari.layers import Image, Labels
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QWidget

from napari_celltrack.gui.docks.image_menus import ChannelMenu, ImageMenu, set_up_menu
from napari_celltrack.gui.forms.rows import add_grid, column
from napari_celltrack.gui.theme import LABEL_WIDTH_PX, set_role
from napari_celltrack.movie import Movie
from napari_celltrack.text import plural

_IMAGE = "the image"


class CellSourceRows(QWidget):
    """Menus for the image, its channel and where cells come from, and what was corrected by hand.

    It shows what it is told and says what was chosen; it changes nothing itself.
    """

    #: A layer of images was chosen.
    imageChosen = Signal(object)
    #: A channel was chosen: its name or index.
    channelChosen = Signal(object)
    #: A Labels layer was chosen, or None for the image.
    labelsChosen = Signal(object)
    #: Frames that were corrected by hand are to be found again.
    dropAsked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._labels: list[Labels | None] = [None]
        self._image_menu = ImageMenu("count_layer")
        self._channel_menu = ChannelMenu("count_channel")
        self._labels_menu = set_up_menu(
            QComboBox(),
            "count_cells_from",
            "Find cells in the image, or take those of a Labels layer: painted by hand, or from "
            "Cellpose, StarDist or another program.",
        )
        layout = column(self)
        rows = add_grid(layout)
        menus = (self._image_menu, self._channel_menu, self._labels_menu)
        titles = tuple(QLabel(words) for words in ("Image", "Channel", "Cells from"))
        self._channel_title = titles[1]
        for row, (title, menu) in enumerate(zip(titles, menus, strict=True)):
            title.setFixedWidth(LABEL_WIDTH_PX)
            title.setToolTip(menu.toolTip())
            menu.setAccessibleName(title.text())
            rows.addWidget(title, row, 0)
            rows.addWidget(menu, row, 1)
        layout.addWidget(self._corrected_row())
        self._image_menu.chosen.connect(self.imageChosen)
        self._channel_menu.chosen.connect(self.channelChosen)
        self._labels_menu.activated.connect(lambda at: self.labelsChosen.emit(self._labels[at]))

    def show_images(self, images: Sequence[Image], chosen: Image | None) -> None:
        """Offer layers of images."""
        self._image_menu.show_images(images, chosen)

    def show_channels(self, movie: Movie | None, wanted: int | str | None) -> None:
        """Offer the channels of a movie; a single one is nothing to choose."""
        is_choice = self._channel_menu.show_channels(movie, wanted)
        self._channel_menu.setVisible(is_choice)
        self._channel_title.setVisible(is_choice)

    def show_labels(self, layers: Sequence[Labels], chosen: Labels | None) -> None:
        """Offer the image and the Labels layers of the user."""
        self._labels = [None, *layers]
        self._labels_menu.clear()
        self._labels_menu.addItems([_IMAGE, *(layer.name for layer in layers)])
        self._labels_menu.setCurrentIndex(self._labels.index(chosen) if chosen in layers else 0)
        self._labels_menu.setEnabled(bool(layers))

    def show_corrected(self, n_frames: int) -> None:
        """Say how many frames were corrected by hand."""
        noun, verb = plural(n_frames, "frame"), plural(n_frames, "is", "are")
        self._corrected.setText(f"{n_frames} {noun} corrected by hand {verb} kept.")
        self._hand_row.setVisible(n_frames > 0)

    def _corrected_row(self) -> QWidget:
        self._hand_row = QWidget()
        self._hand_row.setObjectName("count_corrected")
        self._corrected = QLabel()
        self._corrected.setObjectName("count_corrected_text")
        self._corrected.setWordWrap(True)
        set_role(self._corrected, "hint")
        again = QPushButton("Find them again")
        again.setObjectName("count_drop_corrections")
        again.setToolTip(
            "Discard what was painted in these frames, and find their cells with the settings."
        )
        again.clicked.connect(self._ask_to_drop)
        row = QHBoxLayout(self._hand_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._corrected, 1)
        row.addWidget(again)
        self._hand_row.hide()
        return self._hand_row

    def _ask_to_drop(self, checked: bool = False) -> None:
        self.dropAsked.emit()
