"""Following: the objects of all frames in, tracks and all tables out."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from napari_celltrack.analysis import count_table, find_events, track_table
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
    Tables,
    as_table,
)


def link_objects(
    movie: Movie,
    recipe: Recipe,
    objects: Iterable[pd.DataFrame],
    overlaps: Iterable[pd.DataFrame | None] = (),
) -> Tables:
    """Link the objects of all frames to tracks, and make the tables.

    Parameters
    ----------
    movie : Movie
        The input.
    recipe : Recipe
        Its `input`, `link` and `tracks` are used.
    objects : iterable of DataFrame
        The object table of each frame, as :func:`run` yields them.
    overlaps : iterable of DataFrame
        Which masks lie over each other, as :func:`run` yields them; only some linkers ask for it.

    Returns
    -------
    Tables
    """
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
    linking = recipe.link(in_steps(table), len(frames), shared)
    tracked = table.assign(**linking.columns())
    tracks = track_table(tracked, linking.parents, movie.pixel_size_um, movie.frame_interval_s)
    tracks = recipe.tracks(tracks)
    by_id = tracks.set_index(TRACK_ID)
    kept = tracked[TRACK_ID].where(tracked[TRACK_ID].isin(by_id.index), 0)
    family = {
        column: kept.map(by_id[column]).fillna(0).astype(np.int64)
        for column in (PARENT_ID, LINEAGE_ID)
    }
    tracked = tracked.assign(**{TRACK_ID: kept, **family})
    events = find_events(
        tracked,
        linking.parents,
        frames,
        movie.shape,
        max_distance_px=recipe.link.max_distance_px,
        max_gap_frames=recipe.link.max_gap_frames,
        drift_px=linking.drift_px,
    )
    counts = count_table(table, frames, movie.frame_interval_s)
    drift_px = np.zeros((len(frames), 2)) if linking.drift_px is None else linking.drift_px
    by_axis = dict(zip((DRIFT_Y_PX, DRIFT_X_PX), drift_px.T, strict=True))
    drift = as_table({FRAME: np.asarray(frames), **by_axis}, DRIFT_COLUMNS)
    return Tables(tracked, tracks, counts, events, drift)
