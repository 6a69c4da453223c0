"""The movies that a file or a folder holds, to choose from; knows no Qt."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from napari_celltrack.batch.folder_contents import Place, find_offer
from napari_celltrack.batch.inputs import Item, find_inputs, open_item
from napari_celltrack.errors import CelltrackError
from napari_celltrack.movie import Movie
from napari_celltrack.readers import is_image_file
from napari_celltrack.readers.images import is_of_set, split_image
from napari_celltrack.recipe import Recipe

#: Key in the metadata of a layer for the :class:`FoundMovie` that it shows.
FOUND = "found_movie"
#: Where a run that is asked for no other place writes to.
_RESULTS = "results"


@dataclass(frozen=True)
class FoundMovie:
    """One movie of a file or a folder.

    Parameters
    ----------
    title : str
        What it is called among the others.
    item : Item
        What it consists of, as a batch has it.
    origin : str
        The file or folder in which it was found.
    """

    title: str
    item: Item
    origin: str

    def open(self, axes: str | None = None) -> Movie:
        """Open it; with axes, its dimensions are these.

        Raises
        ------
        MovieError
            If it cannot be read, or the axes do not fit.
        """
        recipe = Recipe()
        return open_item(self.item, recipe.replace(input=recipe.input.replace(axes=axes)))


def find_movies(path: str | Path) -> tuple[FoundMovie, ...]:
    """Return the movies that a path holds, the likeliest first.

    The images of a file and the files of a set are those of a batch. A folder whose files are
    single frames of one name is one movie; its files are there as well.

    Parameters
    ----------
    path : str or Path
        A file, an image of one such as ``a.ome.tif[1]``, a folder, or a pattern of frames.

    Raises
    ------
    CelltrackError
        If there is none.
    """
    path = Path(path)
    if path.is_dir() and not is_image_file(path):
        return _in_folder(path)
    if not path.exists() and split_image(path)[1] is None:
        # A pattern of frames, or nothing: opening it says so.
        return (_whole(path, path.name),)
    return _found(find_inputs([path]).items, path)


def _in_folder(folder: Path) -> tuple[FoundMovie, ...]:
    place = Place(folder, "", folder / _RESULTS)
    names = _names_of_parts(place)
    try:
        items = find_inputs([folder], names=names, out=place.results).items
    except CelltrackError:
        # Nothing but folders, say; opening it says which of them to choose.
        return (_whole(folder, folder.name),)
    movies = _found(items, folder)
    if names or len(items) == 1 or not _is_a_file_each(items):
        return movies
    whole = _whole(folder, f"{folder.name}: {len(items)} files as one movie")
    return (whole, *movies) if _are_frames(items) else (*movies, whole)


def _names_of_parts(place: Place) -> str | None:
    """Return the pattern by which several files are a movie each; None if they are its frames."""
    offer = find_offer(place)
    if offer is None or offer.n_movies == offer.n_files:
        return None
    is_more_than_frames = offer.n_movies > 1 or {"{channel}", "{z}"} & set(
        re.findall(r"\{\w+\}", offer.pattern)
    )
    return offer.pattern if is_more_than_frames else None


def _found(items: Iterable[Item], origin: Path) -> tuple[FoundMovie, ...]:
    return tuple(FoundMovie(item.name, item, str(origin)) for item in items)


def _whole(path: Path, title: str) -> FoundMovie:
    return FoundMovie(title, Item(str(path), path.name, path.name), str(path))


def _is_a_file_each(items: tuple[Item, ...]) -> bool:
    """Whether each movie is one file, and none is of a set or one of several in it."""
    paths = [split_image(Path(item.path)) for item in items]
    return all(number is None for _, number in paths) and not is_of_set(paths[0][0])


def _are_frames(items: tuple[Item, ...]) -> bool:
    """Whether files are the frames of one movie: of one name but for numbers, and taken once."""
    if len({re.sub(r"\d+", "", item.file) for item in items}) > 1:
        return False
    try:
        movie = open_item(items[0], Recipe())
    except CelltrackError:
        return True  # opening them says what is wrong
    movie.close()
    return movie.n_frames == 1
