"""Reader: videos and folders of frames, opened by napari as our own movies.

Single images are left to napari and other plugins.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from napari.utils.notifications import show_error

from napari_celltrack.errors import CelltrackError
from napari_celltrack.gui.found_movies import find_movies
from napari_celltrack.gui.show_movie import LayerTuple, movie_layers
from napari_celltrack.readers import is_image_file

#: What napari takes for "opened, and nothing to show".
_NOTHING: list[Any] = [(None,)]


def get_reader(path: str | list[str]) -> Callable[[str], list[LayerTuple]] | None:
    """Return a function that reads a path, or None where there is nothing for us.

    Parameters
    ----------
    path : str or list of str
        A video, a folder with images, or an OME-Zarr; a list of files, to be stacked, is none.
    """
    if not isinstance(path, str):
        return None
    place = Path(path)
    if place.is_dir() and not is_image_file(place):
        return read if any(is_image_file(entry) for entry in place.iterdir()) else None
    return read


def read(path: str) -> list[LayerTuple]:
    """Return the layers of a movie; where it cannot be read, say why and return none.

    Of several movies it is the first; the dock *Movie & preprocess* offers the others.

    Parameters
    ----------
    path : str
        Whatever :func:`napari_celltrack.open_movie` reads.
    """
    try:
        first = find_movies(path)[0]
        return movie_layers(first.open(), first)
    except CelltrackError as error:
        # Raised, it would end as a long traceback, or behind "Tried opening with ..., but failed".
        show_error(str(error))
        return _NOTHING
