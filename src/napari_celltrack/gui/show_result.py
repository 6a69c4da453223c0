"""Show a result of ``celltrack run``: its movie, cells and tracks, and its recipe in the docks."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from napari.components import ViewerModel
from napari.layers import Image
from napari.utils.notifications import (
    Notification,
    notification_manager,
    show_error,
    show_warning,
)
from qtpy.QtWidgets import QFileDialog

from napari_celltrack.batch.recorded_movie import OTHER_CONTENT, open_recorded, recorded_shape
from napari_celltrack.errors import CelltrackError, ResultError
from napari_celltrack.gui.layers.layer_file import file_of
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
    folder : Path
        The result.
    movie : Movie or None
        Calibrated as the recipe says; None if it is not found.
    recipe : Recipe
        How it was made.
    layers : tuple of (data, options, type)
        Cells and tracks, where the run wrote them.
    lost : str
        Where the movie is not, in a sentence; empty if it is there.
    """

    folder: Path
    movie: Movie | None
    recipe: Recipe
    layers: tuple[LayerTuple, ...]
    lost: str = ""


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


def read_saved(path: Path, at: Path | None = None) -> Saved:
    """Read a result; may take long, and needs no viewer.

    Parameters
    ----------
    path : Path
        The folder of one result, or one that holds a single result.
    at : Path, optional
        Where its movie is now, as a person has said.

    Returns
    -------
    Saved

    Raises
    ------
    CelltrackError
        If it holds several results, if a file of it is missing or broken, or there is no movie
        `at` that place.
    """
    if not is_result(path):
        raise ResultError(f"{path} holds no result any more; run the recipe again.")
    folder = ResultFolder.only_one(path)
    recipe, record = folder.recipe(), folder.record()
    lost = ""
    try:
        movie = open_recorded(record, recipe, folder.path, at)
    except CelltrackError as error:
        if at is not None:
            raise
        movie, lost = recorded_shape(record), str(error)
    movie = recipe.input.calibrated(movie)
    layers = tuple(_saved_layers(folder, recipe, movie)) if movie.n_z == 1 else ()
    return Saved(folder.path, None if lost else movie, recipe, layers, lost)


def show_saved(viewer: ViewerModel, saved: Saved) -> list[Image]:
    """Add a result that was read to a viewer, and use its recipe.

    Where its movie is not found, cells and tracks are shown without, and a notification offers to
    look for it.

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
    images = [] if saved.movie is None else add_movie(viewer, saved.movie)
    for data, options, kind in saved.layers:
        getattr(viewer, f"add_{kind}")(data, **options)
    if saved.movie is None:
        _offer_to_look(viewer, saved)
    else:
        _use(viewer, saved.recipe, saved.movie, images)
    return images


def show_movie_of(viewer: ViewerModel, saved: Saved, at: Path) -> None:
    """Add the movie of a result that is shown without, and use the recipe; say what is wrong.

    Parameters
    ----------
    viewer : ViewerModel
        Where the result is shown.
    saved : Saved
        The result, without its movie.
    at : Path
        Where the movie is now.
    """
    try:
        found = read_saved(saved.folder, at)
    except CelltrackError as error:
        show_error(str(error))
        return
    assert found.movie is not None  # or it would not have been read
    images = add_movie(viewer, found.movie)
    # Below what lies over it.
    viewer.layers.move_multiple([viewer.layers.index(image) for image in images], 0)
    _use(viewer, found.recipe, found.movie, images)
    if notes := [note for note in found.movie.notes if note.startswith(OTHER_CONTENT)]:
        show_warning(f"{found.movie.name}: {notes[0]}.")


def _offer_to_look(viewer: ViewerModel, saved: Saved) -> None:
    """Say that the movie is not there, with a button to look for it."""
    words = "Cells and tracks are shown without it. " if saved.layers else ""
    living = weakref.ref(viewer)

    def look(_notification: Any) -> None:
        if (there := living()) is None:
            return
        path, _ = QFileDialog.getOpenFileName(None, "Movie of the result")
        if path:
            show_movie_of(there, saved, Path(path))

    notification_manager.dispatch(
        Notification(f"{saved.lost} {words}", "warning", actions=(("Look for it…", look),))
    )


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
    channel = movie.channel_index(recipe.input.channel or 0)
    # The movie was opened with the axes of the recipe.
    axes = recipe.input.axes and file_of(images[0]).axes
    session = session_of(viewer)
    session.set_recipe(recipe.replace(input=recipe.input.replace(axes=axes)))
    session.open_layer(images[0] if len(images) == 1 else images[channel])
