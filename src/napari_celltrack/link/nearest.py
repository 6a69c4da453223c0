"""Nearest centroid: each cell goes on to the nearest one in the next frame."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field
from scipy.spatial import cKDTree

from napari_celltrack.link.linking import Linking
from napari_celltrack.settings import Settings
from napari_celltrack.tables import FRAME, X_PX, Y_PX

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]


class Nearest(Settings):
    """Nearest centroid, closest pairs first, one to one.

    All pairs of a cell and a candidate within the limit are taken in order of their distance; a
    pair is linked when both ends are still free. A cell without a partner may wait for a few
    frames before its track ends.

    References
    ----------
    The nearest-neighbour rule of Crocker & Grier, "Methods of digital video microscopy for
    colloidal studies", J. Colloid Interface Sci. 179, 1996, solved greedily.
    """

    method: Literal["nearest"] = "nearest"
    max_distance_px: float = Field(
        20.0,
        gt=0,
        le=10_000,
        title="Search radius",
        description=(
            "The farthest a cell may move from one sight to the next. Too low breaks tracks of "
            "fast cells, too high lets neighbours swap."
        ),
    )
    max_gap_frames: int = Field(
        0,
        ge=0,
        le=100,
        title="Bridge gaps of",
        description=(
            "Frames in a row in which a cell may be missing before its track ends. Raise it when "
            "cells flicker; 0 ends a track at the first miss."
        ),
    )

    def __call__(self, objects: pd.DataFrame, n_frames: int) -> Linking:
        """Link objects to tracks.

        Parameters
        ----------
        objects : DataFrame
            With `frame` (0 to `n_frames` - 1), `y_px` and `x_px`, in any order of rows.
        n_frames : int
            Length of the movie, empty frames included.

        Returns
        -------
        Linking
            Without parents: this method knows no divisions.
        """
        position = objects[[Y_PX, X_PX]].to_numpy(np.float64)
        frame = objects[FRAME].to_numpy(np.int64)
        # Ids follow time and place, so that they do not depend on the order of the rows.
        order = np.lexsort((position[:, 1], position[:, 0], frame))
        starts = np.searchsorted(frame[order], np.arange(n_frames + 1))

        track_id = np.zeros(len(objects), np.int64)
        last_seen = np.zeros(0, np.int64)  # row of the last sight of each track still open
        n_tracks = 0
        for now in range(n_frames):
            rows = order[starts[now] : starts[now + 1]]
            is_open = now - frame[last_seen] <= self.max_gap_frames + 1
            last_seen = last_seen[is_open]
            from_, to = _closest_first(position[last_seen], position[rows], self.max_distance_px)
            track_id[rows[to]] = track_id[last_seen[from_]]
            new = rows[track_id[rows] == 0]
            track_id[new] = n_tracks + 1 + np.arange(len(new))
            n_tracks += len(new)
            waiting = np.delete(last_seen, from_)
            last_seen = np.concatenate([waiting, rows])
        return Linking(track_id)


def _closest_first(before: Floats, after: Floats, limit: float) -> tuple[Ids, Ids]:
    """Pair points one to one, closest pairs first; return indices into both."""
    if not len(before) or not len(after):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    pairs = cKDTree(before).sparse_distance_matrix(cKDTree(after), limit, output_type="ndarray")
    pairs = pairs[np.lexsort((pairs["j"], pairs["i"], pairs["v"]))]
    free_before, free_after = np.ones(len(before), bool), np.ones(len(after), bool)
    chosen = []
    for i, j in zip(pairs["i"].tolist(), pairs["j"].tolist(), strict=True):
        if free_before[i] and free_after[j]:
            free_before[i] = free_after[j] = False
            chosen.append((i, j))
    from_, to = np.array(chosen, np.int64).reshape(-1, 2).T
    return from_, to
