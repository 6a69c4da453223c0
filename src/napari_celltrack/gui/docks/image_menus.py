"""Menus of the image in use and its channel, for the docks that offer them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from napari.layers import Image
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QSizePolicy

from napari_celltrack.errors import CelltrackError
from napari_celltrack.gui.forms.wheel import no_accident
from napari_celltrack.movie import Movie


class ImageMenu(QComboBox):
    """Offers layers of images.

    Parameters
    ----------
    name : str
        Object name.
    """

    #: The layer that was chosen.
    chosen = Signal(object)

    def __init__(self, name: str) -> None:
        super().__init__()
        set_up_menu(self, name, "The layer in which cells are found.")
        self.setPlaceholderText("no image")
        self._images: list[Image] = []
        self.activated.connect(lambda index: self.chosen.emit(self._images[index]))

    def show_images(self, images: Sequence[Image], chosen: Image | None) -> None:
        """Offer some layers."""
        self._images = list(images)
        self.clear()
        self.addItems([layer.name for layer in images])
        self.setCurrentIndex(self._images.index(chosen) if chosen in images else -1)
        self.setEnabled(bool(images))


class ChannelMenu(QComboBox):
    """Offers the channels of a movie.

    Parameters
    ----------
    name : str
        Object name.
    """

    #: The channel that was chosen: its name, or its index where it has none.
    chosen = Signal(object)

    def __init__(self, name: str) -> None:
        super().__init__()
        set_up_menu(self, name, "The channel that shows the cells.")
        self.activated.connect(lambda index: self.chosen.emit(self.itemData(index)))

    def show_channels(self, movie: Movie | None, wanted: int | str | None) -> bool:
        """Show the channel of a recipe; return whether there is anything to choose."""
        channels = movie.channels if movie else ()
        self.clear()
        for index, name in enumerate(channels):
            self.addItem(name, None if movie is None else movie.channel_name(index))
        chosen = -1
        if movie is not None and wanted is None:
            self.setPlaceholderText("looking for cells…")
        elif movie is not None and wanted is not None:
            try:
                chosen = movie.channel_index(wanted)
            except CelltrackError:
                # The recipe names a channel that is not here; the foot says so.
                self.setPlaceholderText(f"{wanted} (not here)")
        self.setCurrentIndex(chosen)
        return len(channels) > 1 or (movie is not None and wanted is not None and chosen < 0)


def set_up_menu(
    menu: QComboBox, name: str, tooltip: str, entries: Iterable[tuple[str, Any]] = ()
) -> QComboBox:
    """Give a menu its name, help and entries; a long entry is cut and never widens the dock."""
    menu.setObjectName(name)
    menu.setToolTip(tooltip)
    menu.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    for text, data in entries:
        menu.addItem(text, data)
    no_accident(menu)
    return menu
