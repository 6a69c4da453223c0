"""Show a result of ``celltrack run``: its movie, cells and tracks, and its recipe in the docks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
from napari.components import ViewerModel
from napari.layers import Image

from napari_celltrack.batch.inputs import open_recorded
from napari_celltrack.errors import CelltrackError, ResultError
from napari_celltrack.gui.session import session_of
from napari_celltrack.gui.show_movie import add_movie, movie_layers, place_of
from napari_celltrack.movie import Movie
from napari_celltrack.readers import open_movie
from napari_celltrack.recipe import Recipe
from napari_celltrack.tables import FRAME, TRACK_ID, X_PX, Y_PX

#: Layers of what a run has written; those of the docks show what the settings now give.
SAVED_CELLS, SAVED_TRACKS = "saved cells", "saved tracks"
_ABOUT = "run.json"


def is_result(path: Path) -> bool:
    """Whether a folder is a result, or holds results."""
    return bool(_results_in(path))


def add_result(viewer: ViewerModel, path: Path) -> list[Image]:
    """Add a result to a viewer, and use its recipe.

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

    Raises
    ------
    CelltrackError
        If it holds several results, if a file of it is missing or broken, or its movie is gone.
    """
    folders = _results_in(path)
    if not folders:
        raise ResultError(f"{path} holds no result any more; run the recipe again.")
    if len(folders) > 1:
        names = ", ".join(folder.name for folder in folders[:5])
        raise ResultError(
            f"{path.name} holds {len(folders)} results; choose one of its folders: {names}"
            f"{', …' if len(folders) > 5 else ''}."
        )
    folder = folders[0]
    recipe = Recipe.load(folder / "recipe.yaml")
    try:
        about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))["input"]
        source = about["path"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ResultError(
            f"{folder.name}/{_ABOUT} cannot be read; run the recipe again."
        ) from error
    try:
        movie = open_recorded(about, recipe)
    except CelltrackError as error:
        raise ResultError(
            f"The movie of this result is not at {source} any more; put it there again. ({error})"
        ) from error
    movie = recipe.input.calibrated(movie)
    images = add_movie(viewer, movie)
    if movie.n_z == 1:
        _add_saved(viewer, folder, recipe, movie)
    _use(viewer, recipe, movie, images)
    return images


def _results_in(path: Path) -> list[Path]:
    """Return the results that a folder holds; the folder itself if it is one."""
    inside = sorted(about.parent for about in path.glob(f"[!.]*/{_ABOUT}"))
    # A run leaves a file of the same name in the folder above its results.
    return inside or ([path] if (path / _ABOUT).is_file() else [])


def _add_saved(viewer: ViewerModel, folder: Path, recipe: Recipe, movie: Movie) -> None:
    """Add the files of cells and tracks, where the recipe wrote them."""
    place = place_of(movie)
    frames = recipe.input.frames_of(movie)
    if (folder / "labels.tif").is_file():
        labels = open_movie(folder / "labels.tif")
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
        viewer.add_labels(data, name=SAVED_CELLS, visible=False, **where)
    if (folder / "objects.csv").is_file() and len(frames) > 1:
        objects = pd.read_csv(folder / "objects.csv")
        rows = objects[objects[TRACK_ID] > 0].sort_values([TRACK_ID, FRAME])
        if len(rows):
            data = rows[[TRACK_ID, FRAME, Y_PX, X_PX]].to_numpy(float)
            viewer.add_tracks(data, name=SAVED_TRACKS, **place)


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
