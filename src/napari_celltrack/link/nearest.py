"""Nearest centroid: each cell is linked to the nearest one in the next frame."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from napari_celltrack.link.candidates import Pairs, near_pairs
from napari_celltrack.link.confidence import Costs, with_confidence
from napari_celltrack.link.detections import NONE, Detections
from napari_celltrack.link.linker import Linking
from napari_celltrack.settings import Settings

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]

#: Rounds of linking all pairs that are closest for both ends, before the rest one by one.
MAX_ROUNDS = 20


class Nearest(Settings, title="Nearest cell"):
    """Nearest centroid, closest pairs first, one to one.

    All pairs of a cell and a candidate within the limit are taken in order of their distance; a
    pair is linked if both ends are still free. The track of a cell without a partner stays open
    for a few frames before it ends.

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
            "The farthest a cell may move from one detection to the next. Too low breaks tracks of "
            "fast cells, too high lets neighbours swap."
        ),
    )
    max_gap_frames: int = Field(
        0,
        ge=0,
        le=100,
        title="Gaps up to",
        description=(
            "Frames in a row in which a cell may be missing before its track ends. Raise it when "
            "cells flicker; 0 ends a track at the first miss."
        ),
    )
    mutual_only: bool = Field(
        False,
        title="Only mutual neighbours",
        description=(
            "Link only cells that are each other's nearest. Fewer wrong links where it is "
            "crowded, and more tracks that break."
        ),
    )

    @property
    def needs_overlaps(self) -> bool:
        """Whether the overlaps of masks would change the answer; never."""
        return False

    def __call__(
        self, objects: pd.DataFrame, n_frames: int, overlaps: pd.DataFrame | None = None
    ) -> Linking:
        """Link objects, without parents: this method finds no divisions and uses no overlaps."""
        detections = Detections.read(objects, n_frames)
        pairs = near_pairs(detections, self.max_distance_px)
        no_mother = np.full(len(detections), NONE, np.int64)
        if self.max_gap_frames:
            previous = self._with_waiting(detections)
        else:
            # Without gaps, frames do not depend on each other, so all are linked at once.
            previous = no_mother.copy()
            chosen = closest_first(pairs, mutual_only=self.mutual_only)
            previous[pairs.after[chosen]] = pairs.before[chosen]
        costs = Costs(pairs, pairs.distance_px**2, self.max_distance_px**2)
        return with_confidence(detections, previous, no_mother, costs)

    def _with_waiting(self, detections: Detections) -> Ids:
        """Link frame by frame, over gaps of up to `max_gap_frames`."""
        starts = detections.starts()
        previous = np.full(len(detections), NONE, np.int64)
        waiting, last_seen = np.zeros(0, np.int64), detections.frame.copy()
        as_if = replace(detections, frame=last_seen)
        for now in range(detections.n_frames):
            rows = np.arange(starts[now], starts[now + 1])
            waiting = waiting[now - detections.frame[waiting] <= self.max_gap_frames + 1]
            # A waiting cell is treated as if it had been detected in the frame before.
            last_seen[waiting] = now - 1
            pairs = near_pairs(as_if, self.max_distance_px, waiting, rows)
            chosen = closest_first(pairs, mutual_only=self.mutual_only)
            previous[pairs.after[chosen]] = pairs.before[chosen]
            waiting = np.concatenate([np.setdiff1d(waiting, pairs.before[chosen]), rows])
        return previous


def closest_first(pairs: Pairs, *, mutual_only: bool = False) -> Ids:
    """Take pairs in order of their distance, each end once.

    Parameters
    ----------
    pairs : Pairs
        Candidates for links.
    mutual_only : bool
        Take only pairs that are each other's nearest.

    Returns
    -------
    ndarray, int64
        Indices of the pairs that are taken.
    """
    left = np.arange(len(pairs))
    chosen = [left[:0]]
    # If a pair is the nearest one left for both its ends, no other pair can prevent it.
    for _ in range(1 if mutual_only else MAX_ROUNDS):
        if not len(left):
            break
        i, j, distance = pairs.before[left], pairs.after[left], pairs.distance_px[left]
        best = _first_of_each(i, distance) & _first_of_each(j, distance)
        taken_i, taken_j = i[best], j[best]
        chosen.append(left[best])
        left = left[~(np.isin(i, taken_i) | np.isin(j, taken_j))]
    if not mutual_only:
        chosen.append(_one_by_one(pairs, left))
    return np.concatenate(chosen)


def _one_by_one(pairs: Pairs, left: Ids) -> Ids:
    """Return the pairs to link, closest first; slower, but its time has a limit."""
    left = left[np.argsort(pairs.distance_px[left], kind="stable")]
    taken_before: set[int] = set()
    taken_after: set[int] = set()
    chosen = []
    for pair, i, j in zip(
        left.tolist(), pairs.before[left].tolist(), pairs.after[left].tolist(), strict=True
    ):
        if i not in taken_before and j not in taken_after:
            taken_before.add(i)
            taken_after.add(j)
            chosen.append(pair)
    return np.array(chosen, np.int64)


def _first_of_each(group: Ids, distance: Floats) -> npt.NDArray[np.bool_]:
    """Return the nearest entry of each group; ties go to the first."""
    order = np.lexsort((np.arange(len(group)), distance, group))
    begins = np.concatenate([[True], np.diff(group[order]) > 0])
    first = np.zeros(len(group), bool)
    first[order[begins]] = True
    return first
