"""Opening the files of a batch, and their results, in the viewer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from napari_celltrack.batch import Item
from napari_celltrack.batch.inputs import open_item
from napari_celltrack.errors import CelltrackError
from napari_celltrack.gui.docks.dock import Dock
from napari_celltrack.gui.show_movie import add_movie
from napari_celltrack.gui.show_result import add_result
from napari_celltrack.gui.worker import Lane
from napari_celltrack.movie import Movie
from napari_celltrack.recipe import Recipe


class Opening:
    """Opens files and results over a dock, which says what came of it.

    Parameters
    ----------
    dock : Dock
        Its viewer and session are used.
    on_error : callable
        Takes the exception of a file that could not be opened.
    """

    def __init__(self, dock: Dock, on_error: Callable[[Exception], None]) -> None:
        self.lane = Lane("celltrack batch open")
        self._dock = dock
        self._on_error = on_error

    def open_result(self, folder: Path, file: str) -> bool:
        """Open a result with its layers; return whether that went well."""
        if (viewer := self._dock.viewer) is None:
            return False
        try:
            add_result(viewer, folder)
        except CelltrackError as error:
            self._on_error(error)
            return False
        self._dock.say(f"Opened the result of {file}.")
        return True

    def open_file(self, item: Item, recipe: Recipe) -> None:
        """Open a file in the background, and have the docks work on it."""
        self.lane.cancel()
        self.lane.submit(
            partial(_open, item, recipe), partial(self._show, item, recipe), self._on_error
        )

    def _show(self, item: Item, recipe: Recipe, movie: Movie) -> None:
        if (viewer := self._dock.viewer) is None:
            return
        images = add_movie(viewer, movie)
        try:
            channel = movie.channel_index(recipe.input.channel)
        except CelltrackError:
            channel = 0
        self._dock.session.open_layer(images[channel if len(images) > 1 else 0])
        self._dock.say(f"Opened {item.file}.")


def _open(item: Item, recipe: Recipe) -> Iterator[Movie]:
    """Open a file; runs on a lane."""
    yield open_item(item, recipe)
