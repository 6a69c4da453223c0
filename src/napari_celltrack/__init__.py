"""Count cells and follow them: image -> cells -> tracks -> numbers -> batch.

The public names below are loaded when they are first asked for, so that importing the package
costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_celltrack.engine import link_objects, run, segment_frame
    from napari_celltrack.errors import CelltrackError
    from napari_celltrack.movie import Movie, movie_from_array
    from napari_celltrack.readers import open_movie
    from napari_celltrack.recipe import Recipe

__version__ = "0.1.0"

__all__ = [
    "CelltrackError",
    "Movie",
    "Recipe",
    "link_objects",
    "movie_from_array",
    "open_movie",
    "run",
    "segment_frame",
]

_HOME = {
    "CelltrackError": "errors",
    "Movie": "movie",
    "Recipe": "recipe",
    "link_objects": "engine",
    "movie_from_array": "movie",
    "open_movie": "readers",
    "run": "engine",
    "segment_frame": "engine",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
