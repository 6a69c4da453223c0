"""Opening the files of a batch, and their results, in the viewer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from napari_celltrack.batch import Item
from napari_celltrack.batch.inputs import open_item
from napari_celltrack.errors import CelltrackError
from napari_celltrack.gui.docks.dock import Dock
from napari_celltrack.gui.lane import Lane
from napari_celltrack.gui.show_movie import add_movie
from napari_celltrack.gui.show_result import Saved, read_saved, show_saved
from napari_celltrack.movie import Movie
from napari_celltrack.recipe import Recipe


class Opening:
    """Opens files and results over a dock, which says what came of it.

    Parameters
    ----------
    dock : Dock
        Its viewer and session are used.
    recipe : callable
        Returns what the batch runs with.
    on_error : callable
        Takes the exception of a file that could not be opened.
    """

    def __init__(
        self, dock: Dock, recipe: Callable[[], Recipe], on_error: Callable[[Exception], None]
    ) -> None:
        self.lane = Lane("celltrack batch open")
        self._dock, self._recipe = dock, recipe
        self._on_error = on_error

    def open_result(self, folder: Path, file: str, keep: Callable[[Recipe], None]) -> None:
        """Read a result in the background and add its layers.

        It brings its own settings into the docks; those that the batch had go to a function.
        """
        self._submit(partial(_read, folder), partial(self._show_result, file, keep))

    def open_file(self, item: Item, recipe: Recipe) -> None:
        """Open a file in the background, and have the docks work on it."""
        self._submit(partial(_open, item, recipe), partial(self._show, item, recipe))

    def _submit(self, read: Callable[[], Iterator[Any]], show: Callable[[Any], None]) -> None:
        """Read what was asked for last, and nothing that was asked for before."""
        self.lane.cancel()
        self.lane.submit(read, show, self._on_error)

    def _show_result(self, file: str, keep: Callable[[Recipe], None], saved: Saved) -> None:
        if (viewer := self._dock.viewer) is None:
            return
        recipe = self._recipe()
        show_saved(viewer, saved)
        keep(recipe)
        self._dock.say(f"Opened the result of {file}.")

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


def _read(folder: Path) -> Iterator[Saved]:
    """Read a result; runs on a lane."""
    yield read_saved(folder)
