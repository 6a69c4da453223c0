"""Found, Followed: what is known of a movie, and what it was found with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from napari_celltrack.engine.linking import Linked
from napari_celltrack.gui.layers.track_rows import TrackRows
from napari_celltrack.movie import Movie
from napari_celltrack.recipe import Recipe
from napari_celltrack.tables import Tables

Labels = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Found:
    """The cells of one frame, and what they were found with.

    Parameters
    ----------
    movie : Movie
    recipe : Recipe
    frame : int
        True index.
    labels : ndarray, shape (Y, X), int32
        Read-only.
    n_cells : int
    took_ms : float
        Time it took; little when the cache knew.
    is_empty : bool
        Whether no cells were found because nothing stands out of the noise of the image.
    clumps : str
        How many outlines are probably round several cells, in a sentence; empty for none.
    """

    movie: Movie
    recipe: Recipe
    frame: int
    labels: Labels
    n_cells: int
    took_ms: float
    is_empty: bool = False
    clumps: str = ""


@dataclass(frozen=True, eq=False)
class Followed:
    """The tracks of a range of frames, and what they were found with.

    Parameters
    ----------
    movie : Movie
    recipe : Recipe
        The recipe in use; the frames that were linked are in `frames`.
    frames : range
        True indices.
    tables : Tables
    is_whole : bool
        Whether these are all frames that the recipe names.
    took_ms : float
        Time that linking took.
    linked : Linked
        All tracks, also those that the filter of the recipe leaves out of `tables`.
    shown : TrackRows or None
        What napari is to show of `tables`; None for nothing.
    """

    movie: Movie
    recipe: Recipe
    frames: range
    tables: Tables
    is_whole: bool
    took_ms: float
    linked: Linked
    shown: TrackRows | None
