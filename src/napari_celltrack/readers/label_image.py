"""Label images of other programs: check a movie, and read its cells as ids 1..n."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from napari_celltrack.errors import MovieError
from napari_celltrack.movie import Movie

#: Up to this value a table of all values is faster than sorting the pixels.
_MAX_TABLE = 1 << 22
_MAX_INT32 = 2**31 - 1


def check_label_movie(movie: Movie) -> None:
    """Refuse movies that cannot be label images, by their headers.

    Raises
    ------
    MovieError
        If it has several channels or planes, or is a yes/no mask.
    """
    if len(movie.channels) > 1:
        raise MovieError(
            f"{movie.name} has {len(movie.channels)} channels and is not a label image; choose "
            "images in which a pixel holds the number of its cell, or if these are frames, write "
            "'input: {axes: TYX}' in the recipe."
        )
    if movie.n_z > 1:
        raise MovieError(
            f"{movie.name} has {movie.n_z} planes in Z, and cells are linked in 2D; flatten it, "
            "or if these are frames, write 'input: {axes: TYX}' in the recipe."
        )
    if movie.dtype == np.bool_:
        raise MovieError(
            f"{movie.name} is a yes/no mask, in which cells have no numbers; label its cells "
            "first, for example in Fiji with Analyze Particles, Show: Count Masks."
        )


def read_labels(movie: Movie, frame: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Read one frame of a label image.

    Parameters
    ----------
    movie : Movie
        Label images, of any integer type, or float with whole numbers.
    frame : int
        True index.

    Returns
    -------
    ids : ndarray, shape (Y, X), int32
        The cells 1..n in the order of their values, 0 is background.
    values : ndarray, shape (n,), int64
        The value of each cell in the image; 1..n if a value does not fit into int32.

    Raises
    ------
    MovieError
        If the frame cannot be read, or holds fractions or negative numbers.
    """
    return number_labels(movie.plane(frame), f"{movie.name}, frame {frame},")


def number_labels(
    plane: npt.NDArray[Any], name: str
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Give the cells of a plane of labels ids 1..n, as :func:`read_labels` does.

    Parameters
    ----------
    plane : ndarray, shape (Y, X)
        Labels, of any integer type, or float with whole numbers.
    name : str
        Where the plane is from, for messages.

    Returns
    -------
    ids, values : ndarray
        As of :func:`read_labels`.

    Raises
    ------
    MovieError
        If it holds fractions or negative numbers.
    """
    values, ids = _compacted(_whole_numbers(plane, name))
    if len(values) and values[-1] > _MAX_INT32:
        values = np.arange(1, len(values) + 1)
    return ids, values.astype(np.int64)


def _whole_numbers(plane: npt.NDArray[Any], name: str) -> npt.NDArray[Any]:
    """Return a plane as integers from 0, or raise an error if it holds no labels."""
    is_whole = plane
    if plane.dtype.kind == "f":
        if not np.isfinite(plane).all():
            raise MovieError(
                f"{name} holds pixels that are no number (NaN) or infinite; write 0 into them "
                "where there is no cell."
            )
        is_whole = np.round(plane)
        if not (is_whole == plane).all():
            raise MovieError(
                f"{name} holds numbers with fractions and is not a label image; choose images in "
                "which a pixel holds the number of its cell."
            )
    if is_whole.min(initial=0) < 0:
        raise MovieError(
            f"{name} holds negative numbers and is not a label image; choose images with 0 for "
            "background and a number from 1 for each cell."
        )
    return is_whole.astype(np.uint64) if plane.dtype.kind == "f" else is_whole


def _compacted(plane: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[np.int32]]:
    """Return the values above 0, ascending, and the plane with their ranks from 1."""
    highest = int(plane.max(initial=0))
    if highest <= _MAX_TABLE:
        is_used = np.zeros(highest + 1, bool)
        is_used[plane] = True
        is_used[0] = False
        rank_of = np.cumsum(is_used, dtype=np.int32) * is_used
        return np.flatnonzero(is_used), rank_of[plane]
    values, rank = np.unique(plane, return_inverse=True)
    ids = rank.reshape(plane.shape).astype(np.int32)
    return (values[1:], ids) if values[0] == 0 else (values, ids + np.int32(1))
