"""Show a result of ``celltrack run``: its movie, cells and tracks, and its recipe in the docks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from napari.components import ViewerModel
from napari.layers import Image

from napari_celltrack.batch.inputs import open_recorded
from napari_celltrack.errors import CelltrackError, ResultError
from napari_celltrack.gui.session import session_of
from napari_celltrack.gui.show_movie import LayerTuple, add_movie, movie_layers, place_of
from napari_celltrack.movie import Movie
from napari_celltrack.readers import open_movie
from napari_celltrack.recipe import Recipe
from napari_celltrack.results.result_folder import ResultFolder
from napari_celltrack.tables import FRAME, TRACK_ID, X_PX, Y_PX

#: Layers of what a run has written; those of the docks show what the settings now give.
SAVED_CELLS, SAVED_TRACKS = "saved cells", "saved tracks"


def is_result(path: Path) -> bool:
    """Whether a folder is a result, or holds results."""
    return any(True for _ in ResultFolder.all_in(path))


@dataclass(frozen=True, eq=False)
class Saved:
    """A result that was read, as :func:`show_saved` shows it.

    Parameters
    ----------
    movie : Movie
        Calibrated as the recipe says.
    recipe : Recipe
        How it was made.
    layers : tuple of (data, options, type)
        Cells and tracks, where the run wrote them.
    """

    movie: Movie
    recipe: Recipe
    layers: tuple[LayerTuple, ...]


def add_result(viewer: ViewerModel, path: Path) -> list[Image]:
    """Add a result to a viewer, and use its recipe; see :func:`read_saved`.

    Parameters
    ----------
    viewer : ViewerModel
        Where to add it.
    path : Path
        The folder of one result, or one that holds a single result.

    Returns
    -------
    list of Image
        The layers of the movie.
    """
    return show_saved(viewer, read_saved(path))


def read_saved(path: Path) -> Saved:
    """Read a result; may take long, and needs no viewer.

    Parameters
    ----------
    path : Path
        The folder of one result, or one that holds a single result.

    Returns
    -------
    Saved

    Raises
    ------
    CelltrackError
        If it holds several results, if a file of it is missing or broken, or its movie is gone.
    """
    if not is_result(path):
        raise ResultError(f"{path} holds no result any more; run the recipe again.")
    folder = ResultFolder.only_one(path)
    recipe, record = folder.recipe(), folder.record()
    try:
        movie = open_recorded(record, recipe)
    except CelltrackError as error:
        raise ResultError(
            f"The movie of this result is not at {record.input['path']} any more; "
            f"put it there again. ({error})"
        ) from error
    movie = recipe.input.calibrated(movie)
    layers = tuple(_saved_layers(folder, recipe, movie)) if movie.n_z == 1 else ()
    return Saved(movie, recipe, layers)


def show_saved(viewer: ViewerModel, saved: Saved) -> list[Image]:
    """Add a result that was read to a viewer, and use its recipe.

    Parameters
    ----------
    viewer : ViewerModel
        Where to add it.
    saved : Saved

    Returns
    -------
    list of Image
        The layers of the movie.
    """
    images = add_movie(viewer, saved.movie)
    for data, options, kind in saved.layers:
        getattr(viewer, f"add_{kind}")(data, **options)
    _use(viewer, saved.recipe, saved.movie, images)
    return images


def _saved_layers(folder: ResultFolder, recipe: Recipe, movie: Movie) -> Iterator[LayerTuple]:
    """Read the files of cells and tracks, where the recipe wrote them."""
    place = place_of(movie)
    frames = recipe.input.frames_of(movie)
    if (folder.path / "labels.tif").is_file():
        labels = open_movie(folder.path / "labels.tif")
        ((data, _, _),) = movie_layers(labels)
        # A page a frame that was worked on, which need not be all.
        where: dict[str, Any] = dict(place)
        if len(frames) > 1:
            scale = place["scale"]
            where["scale"] = [scale[0] * frames.step, *scale[1:]]
            where["translate"] = [scale[0] * frames.start, 0, 0]
        elif movie.n_frames > 1:
            where = {name: values[1:] for name, values in place.items()}
        # The docks draw the same cells from the recipe; these are there to compare with.
        yield data, {"name": SAVED_CELLS, "visible": False, **where}, "labels"
    if (folder.path / "objects.csv").is_file() and len(frames) > 1:
        rows = _track_rows(folder)
        if len(rows):
            yield rows, {"name": SAVED_TRACKS, **place}, "tracks"


def _track_rows(folder: ResultFolder) -> npt.NDArray[np.float64]:
    """Return track, frame, y and x of all cells that have a track, sorted; shape (n, 4)."""
    columns = [TRACK_ID, FRAME, Y_PX, X_PX]
    objects = folder.table("objects", columns, lambda column: False)
    rows = objects[objects[TRACK_ID] > 0].sort_values([TRACK_ID, FRAME])
    return rows[columns].to_numpy(np.float64)


def _use(viewer: ViewerModel, recipe: Recipe, movie: Movie, images: list[Image]) -> None:
    """Have the docks work on the movie with the recipe, as they read it: a layer a channel."""
    channel = movie.channel_index(recipe.input.channel)
    is_one_layer = len(images) == 1
    own = recipe.input.replace(
        axes=None, channel=recipe.input.channel if is_one_layer and images[0].rgb else 0
    )
    session = session_of(viewer)
    session.set_recipe(recipe.replace(input=own))
    session.open_layer(images[0] if is_one_layer else images[channel])
