"""Following: the objects of all frames in, tracks and all tables out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_celltrack.analysis import count_table, find_events, track_table
from napari_celltrack.link import LinkMethod, link_by_label
from napari_celltrack.movie import Movie
from napari_celltrack.recipe import Recipe
from napari_celltrack.tables import (
    DRIFT_COLUMNS,
    DRIFT_X_PX,
    DRIFT_Y_PX,
    FRAME,
    LINEAGE_ID,
    PARENT_ID,
    TRACK_ID,
    X_PX,
    Y_PX,
    Tables,
    as_table,
)


@dataclass(frozen=True, eq=False)
class Linked:
    """All tracks of a movie, before any is left out.

    Parameters
    ----------
    objects : DataFrame
        The object table with the ids of all tracks.
    tracks : DataFrame
        The table of all tracks.
    counts, drift : DataFrame
        As in :class:`~napari_celltrack.tables.Tables`.
    parents : mapping of int to int
        From a track's id to its mother's.
    frames : range
        True indices of the frames that were linked.
    shape : (int, int)
        Height and width of an image in px.
    """

    objects: pd.DataFrame
    tracks: pd.DataFrame
    counts: pd.DataFrame
    drift: pd.DataFrame
    parents: Mapping[int, int]
    frames: range
    shape: tuple[int, int]


def link_objects(
    movie: Movie,
    recipe: Recipe,
    objects: Iterable[pd.DataFrame],
    overlaps: Iterable[pd.DataFrame | None] = (),
    shifts_px: Mapping[int, tuple[float, float]] | None = None,
) -> Tables:
    """Link the objects of all frames to tracks, and make the tables.

    Parameters
    ----------
    movie : Movie
        The input.
    recipe : Recipe
        Its `input`, `link`, `tracks` and `motion` are used.
    objects : iterable of DataFrame
        The object table of each frame, as :func:`run` yields them.
    overlaps : iterable of DataFrame
        Which masks lie over each other, as :func:`run` yields them; only some linkers ask for it.
    shifts_px : mapping of int to (float, float), optional
        How far each frame has moved along Y and X since the first one, by true index, as
        :func:`run` yields it; a frame that is missing has not moved. Objects are linked beside
        it, while the tables keep their positions in the image.

    Returns
    -------
    Tables
        The table `drift` is the sum of these shifts and of what the linker itself took out.
    """
    return keep_tracks(recipe, link_all(movie, recipe, objects, overlaps, shifts_px))


def link_all(
    movie: Movie,
    recipe: Recipe,
    objects: Iterable[pd.DataFrame],
    overlaps: Iterable[pd.DataFrame | None] = (),
    shifts_px: Mapping[int, tuple[float, float]] | None = None,
) -> Linked:
    """Link the objects of all frames to tracks and leave none out, see :func:`link_objects`."""
    movie = recipe.input.calibrated(movie)
    frames = recipe.input.frames_of(movie)
    table = pd.concat(objects, ignore_index=True)
    # A linker counts frames in steps of the range it is given: a gap is a missing image, whatever
    # the true index between two of them.
    index_of = {frame: index for index, frame in enumerate(frames)}

    def in_steps(rows: pd.DataFrame) -> pd.DataFrame:
        renamed: pd.DataFrame = rows.assign(**{FRAME: rows[FRAME].map(index_of)})
        return renamed

    known = [pairs for pairs in overlaps if pairs is not None]
    shared = in_steps(pd.concat(known, ignore_index=True)) if known else None
    moved = np.array([(shifts_px or {}).get(frame, (0.0, 0.0)) for frame in frames], np.float64)
    if recipe.input.is_still:
        # Cells that were found once for all frames are their own partners.
        linking = link_by_label(in_steps(table))
    else:
        linker: LinkMethod = recipe.link
        linking = linker(_beside(in_steps(table), moved), len(frames), shared)
    drift_px = moved if linking.drift_px is None else moved + linking.drift_px
    tracked = table.assign(**linking.columns())
    by_axis = dict(zip((DRIFT_Y_PX, DRIFT_X_PX), drift_px.T, strict=True))
    drift = as_table({FRAME: np.asarray(frames), **by_axis}, DRIFT_COLUMNS)
    beside = recipe.motion.drift_of(tracked, drift)
    tracks = track_table(
        tracked, linking.parents, movie.pixel_size_um, movie.frame_interval_s, beside
    )
    counts = count_table(table, frames, movie.frame_interval_s)
    return Linked(tracked, tracks, counts, drift, linking.parents, frames, movie.shape)


def keep_tracks(recipe: Recipe, linked: Linked) -> Tables:
    """Leave out the tracks that do not pass the filter, and make the tables.

    Parameters
    ----------
    recipe : Recipe
        Its `tracks` and `link` are used.
    linked : Linked
        Of :func:`link_all`; it stays as it is, so another filter costs no linking.

    Returns
    -------
    Tables

    Raises
    ------
    RecipeError
        If the filter names a column that the track table has not.
    """
    tracks = recipe.tracks(linked.tracks)
    tracked, known = linked.objects, tracks[TRACK_ID].to_numpy(np.int64)
    ids = tracked[TRACK_ID].to_numpy(np.int64)
    is_kept = np.isin(ids, known)
    place = np.searchsorted(known, ids[is_kept])
    kept = np.where(is_kept, ids, 0)
    family = {column: np.zeros(len(ids), np.int64) for column in (PARENT_ID, LINEAGE_ID)}
    for column, values in family.items():
        values[is_kept] = tracks[column].to_numpy(np.int64)[place]
    tracked = tracked.assign(**{TRACK_ID: kept, **family})
    drift_px = linked.drift[[DRIFT_Y_PX, DRIFT_X_PX]].to_numpy(np.float64)
    events = find_events(
        tracked,
        linked.parents,
        linked.frames,
        linked.shape,
        max_distance_px=recipe.link.max_distance_px,
        max_gap_frames=recipe.link.max_gap_frames,
        drift_px=drift_px if drift_px.any() else None,
    )
    return Tables(tracked, tracks, linked.counts, events, linked.drift)


def _beside(rows: pd.DataFrame, shift_px: npt.NDArray[np.float64]) -> pd.DataFrame:
    """Return objects where they would be without the shift of their frame, shape (n_frames, 2)."""
    if not shift_px.any():
        return rows
    places = rows[[Y_PX, X_PX]].to_numpy(np.float64) - shift_px[rows[FRAME].to_numpy(np.int64)]
    moved: pd.DataFrame = rows.assign(**{Y_PX: places[:, 0], X_PX: places[:, 1]})
    return moved
