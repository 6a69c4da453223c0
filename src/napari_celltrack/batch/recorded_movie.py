"""The movie of a result: how its place is written down, and how it is found again.

Results are shared and moved, mostly together with their movies. So no file of a result names a
place on this machine: the movie is at a path relative to the result, and known by its content.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from napari_celltrack.batch.inputs import Item, open_item
from napari_celltrack.errors import CelltrackError, MovieError, ResultError
from napari_celltrack.movie import Movie, movie_from_array
from napari_celltrack.readers.grouped import GroupFile
from napari_celltrack.recipe import Recipe
from napari_celltrack.results.result_record import ResultRecord

#: How far above a result its movie is looked for.
_LEVELS = 3
#: Note of a movie whose content has changed.
OTHER_CONTENT = "its content is another one than when the result was made"


def relative_path(path: str | Path, folder: Path) -> str:
    """Return a path as a file in a folder names it: with ``/``, relative to the folder.

    On another drive there is no such path, and the absolute one is returned.
    """
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:
        return Path(path).absolute().as_posix()


def place_of_item(item: Item, folder: Path) -> dict[str, Any]:
    """Return what ``run.json`` in a folder says of where an item is.

    Parameters
    ----------
    item : Item
        The movie.
    folder : Path
        Of its result.

    Returns
    -------
    dict
        Its `path`, and its `parts` where it consists of several files.
    """
    parts = [asdict(replace(p, path=relative_path(p.path, folder))) for p in item.parts]
    return {"path": relative_path(item.path, folder), "parts": parts}


def open_recorded(
    record: ResultRecord, recipe: Recipe, folder: Path, at: Path | None = None
) -> Movie:
    """Open the movie that a result was made from.

    It is where the result says, relative to itself; else a file of its name and content, in a
    folder above or beside the result.

    Parameters
    ----------
    record : ResultRecord
        What the result says of itself.
    recipe : Recipe
        Of the result.
    folder : Path
        The result.
    at : Path, optional
        Where the movie is now, as a person has said.

    Returns
    -------
    Movie
        With a note where its content is another one.

    Raises
    ------
    MovieError
        If it cannot be read, or is not found.
    """
    item = _item_of(record)
    if at is not None:
        return _open(_moved(item, at), recipe, record)
    try:
        return _open(_moved(item, _absolute(item.path, folder)), recipe, record)
    except CelltrackError as error:
        for place in _places_near(item, folder):
            try:
                movie = open_item(_moved(item, place), recipe)
            except CelltrackError:
                continue
            if movie.fingerprint == record.input.get("fingerprint"):
                return movie
            movie.close()
        raise MovieError(
            f"{item.file} is not at {_absolute(item.path, folder)} any more; put it there again or "
            f"look for it. ({error})"
        ) from error


def recorded_shape(record: ResultRecord) -> Movie:
    """Return an empty movie in place of one that is not found: its size, name and calibration.

    Parameters
    ----------
    record : ResultRecord
        What its result says of it.

    Raises
    ------
    ResultError
        If that is not all there.
    """
    source = record.input
    try:
        n_frames, (height, width) = int(source["n_frames"]), source["shape_px"]
        channels = [str(name) for name in source["channels"]]
        n_z = 2 if "Z" in source["axes"] else 1  # how many, no result says
        shape = (n_frames, n_z, len(channels), int(height), int(width))
        nothing = np.broadcast_to(np.zeros((), np.dtype(str(source["dtype"]))), shape)
        size, interval = source["pixel_size_um"], source["frame_interval_s"]
        return movie_from_array(
            nothing,
            "TZCYX",
            name=Path(str(source["path"])).name,
            channels=channels,
            pixel_size_um=None if size is None else (float(size[0]), float(size[1])),
            frame_interval_s=None if interval is None else float(interval),
            fingerprint="",
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ResultError(
            "The record of this result does not say what its movie was; run the recipe again."
        ) from error


def _item_of(record: ResultRecord) -> Item:
    path = str(record.input["path"])
    parts = tuple(GroupFile(**part) for part in record.input.get("parts", ()))
    return Item(path, Path(path).name, "", parts=parts)


def _absolute(path: str, folder: Path) -> Path:
    """Return where a path of a result leads; a folder that is a link may be meant either way."""
    place = Path(os.path.abspath(folder / path))  # noqa: PTH100
    return place if place.exists() else Path(os.path.abspath(folder.resolve() / path))  # noqa: PTH100


def _moved(item: Item, place: Path) -> Item:
    """Return an item at another place; files that it consists of keep theirs to each other."""
    if not item.parts:
        return replace(item, path=str(place))
    home = Path(os.path.commonpath([Path(part.path).parent for part in item.parts]))
    # Their own path is a pattern of them; a person chooses one of them, or their folder.
    below = [os.path.relpath(path, home) for path in (item.path, *(p.path for p in item.parts))]
    named = (Path(str(place).removesuffix(name)) for name in below if str(place).endswith(name))
    now = place if place.is_dir() else next(named, place.parent)
    parts = (
        replace(p, path=str(now / name)) for p, name in zip(item.parts, below[1:], strict=True)
    )
    return replace(item, path=str(now / below[0]), parts=tuple(parts))


def _open(item: Item, recipe: Recipe, record: ResultRecord) -> Movie:
    movie = open_item(item, recipe)
    known = record.input.get("fingerprint")
    if known in (None, movie.fingerprint):
        return movie
    return replace(movie, notes=(*movie.notes, OTHER_CONTENT))


def _places_near(item: Item, folder: Path) -> Iterator[Path]:
    """Find what has the name of a movie in the folders above a result and in those beside it."""
    if item.parts:
        return
    name = Path(item.path).name
    for base in folder.absolute().parents[:_LEVELS]:
        try:
            beside = [entry for entry in sorted(base.iterdir()) if entry.is_dir()]
        except OSError:
            continue
        yield from (home / name for home in (base, *beside) if (home / name).exists())
