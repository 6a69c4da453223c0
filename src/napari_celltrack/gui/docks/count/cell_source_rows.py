"""Where cells come from: which image and channel, or labels of the user in place of them."""

from __future__ import annotations

from collections.abc import Sequence

from napari.layers import Image, Labels
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from napari_celltrack.errors import CelltrackError
from napari_celltrack.gui.forms.rows import add_grid, column
from napari_celltrack.gui.forms.wheel import no_accident
from napari_celltrack.gui.theme import LABEL_WIDTH_PX, set_role
from napari_celltrack.movie import Movie

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
        self._images: list[Image] = []
        self._labels: list[Labels | None] = [None]
        self._image_menu = _menu("count_layer", "The layer that cells are looked for in.")
        self._image_menu.setPlaceholderText("no image")
        self._channel_menu = _menu("count_channel", "The channel that shows the cells.")
        self._labels_menu = _menu(
            "count_cells_from",
            "Find cells in the image, or take those of a Labels layer: painted by hand, or from "
            "Cellpose, StarDist or another program.",
        )
        layout = column(self)
        rows = add_grid(layout)
        self._names: dict[QComboBox, QLabel] = {}
        for row, (title, menu) in enumerate(
            (
                ("Image", self._image_menu),
                ("Channel", self._channel_menu),
                ("Cells from", self._labels_menu),
            )
        ):
            name = QLabel(title)
            name.setFixedWidth(LABEL_WIDTH_PX)
            name.setToolTip(menu.toolTip())
            menu.setAccessibleName(title)
            rows.addWidget(name, row, 0)
            rows.addWidget(menu, row, 1)
            self._names[menu] = name
        layout.addWidget(self._corrected_row())
        self._image_menu.activated.connect(lambda at: self.imageChosen.emit(self._images[at]))
        self._channel_menu.activated.connect(
            lambda at: self.channelChosen.emit(self._channel_menu.itemData(at))
        )
        self._labels_menu.activated.connect(lambda at: self.labelsChosen.emit(self._labels[at]))

    def show_images(self, images: Sequence[Image], chosen: Image | None) -> None:
        """Offer layers of images."""
        self._images = list(images)
        self._image_menu.clear()
        self._image_menu.addItems([layer.name for layer in images])
        self._image_menu.setCurrentIndex(self._images.index(chosen) if chosen in images else -1)
        self._image_menu.setEnabled(bool(images))

    def show_channels(self, movie: Movie | None, wanted: int | str) -> None:
        """Offer the channels of a movie; a single one is nothing to choose."""
        channels = movie.channels if movie else ()
        self._channel_menu.clear()
        for index, name in enumerate(channels):
            self._channel_menu.addItem(name, index if name == str(index) else name)
        chosen = -1
        if movie is not None:
            try:
                chosen = movie.channel_index(wanted)
            except CelltrackError:
                # The recipe names a channel that is not here; the foot says so.
                self._channel_menu.setPlaceholderText(f"{wanted} (not here)")
        self._channel_menu.setCurrentIndex(chosen)
        self._show(self._channel_menu, len(channels) > 1 or (movie is not None and chosen < 0))

    def show_labels(self, layers: Sequence[Labels], chosen: Labels | None) -> None:
        """Offer the image and the Labels layers of the user."""
        self._labels = [None, *layers]
        self._labels_menu.clear()
        self._labels_menu.addItems([_IMAGE, *(layer.name for layer in layers)])
        self._labels_menu.setCurrentIndex(self._labels.index(chosen) if chosen in layers else 0)
        self._labels_menu.setEnabled(bool(layers))

    def show_corrected(self, n_frames: int) -> None:
        """Say how many frames were corrected by hand."""
        noun = "frame" if n_frames == 1 else "frames"
        verb = "is" if n_frames == 1 else "are"
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
            "Throw away what was painted in these frames, and find their cells with the settings."
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

    def _show(self, menu: QComboBox, shown: bool) -> None:
        menu.setVisible(shown)
        self._names[menu].setVisible(shown)


def _menu(name: str, tooltip: str) -> QComboBox:
    menu = QComboBox()
    menu.setObjectName(name)
    menu.setToolTip(tooltip)
    # A long layer name is cut in the menu and never widens the dock.
    menu.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    no_accident(menu)
    return menu
