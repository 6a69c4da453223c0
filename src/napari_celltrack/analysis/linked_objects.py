"""Queries about linked objects: neighbours in space and in track, cells at the border."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree

from napari_celltrack.tables import AREA_PX2, FRAME, LINK_DISTANCE_PX, TRACK_ID, X_PX, Y_PX

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


class LinkedObjects:
    """The objects of a movie by frame and by track.

    Rows are those of `objects`. `frame` is an index into the linked frames, and `names` has their
    true indices. `previous` and `next` are the rows before and after in the same track, -1 for
    none. `in_field` is the position in the image; in `at`, common motion that was subtracted
    before linking is subtracted too.
    """

    def __init__(
        self,
        objects: pd.DataFrame,
        parents: Mapping[int, int],
        frames: Sequence[int],
        shape_px: tuple[int, int],
        *,
        limit: float,
        max_gap: int,
        drift_px: Floats | None = None,
    ) -> None:
        self.objects = objects
        self.parents = parents
        self.names = list(frames)
        self.shape = shape_px
        self.limit = limit
        self.max_gap = max_gap
        index_of = {frame: index for index, frame in enumerate(frames)}
        self.frame: Rows = objects[FRAME].map(index_of).to_numpy(np.int64)
        self.track: Rows = objects[TRACK_ID].to_numpy(np.int64)
        self.in_field: Floats = objects[[Y_PX, X_PX]].to_numpy(np.float64)
        # Cells were linked without their common motion, so distances are measured without it.
        self.at = self.in_field if drift_px is None else self.in_field - drift_px[self.frame]
        self.area: Floats = objects[AREA_PX2].to_numpy(np.float64)
        self.step: Floats = objects[LINK_DISTANCE_PX].to_numpy(np.float64)
        self.previous, self.next = self._neighbours_in_track()
        self._by_frame = np.argsort(self.frame, kind="stable")
        self._starts = np.searchsorted(self.frame[self._by_frame], np.arange(len(frames) + 1))
        self._trees: dict[int, cKDTree] = {}

    @cached_property
    def typical_step(self) -> float:
        """Median step, at least half a pixel, as cells that do not move have no typical step."""
        steps = self.step[np.isfinite(self.step)]
        return max(float(np.median(steps)), 0.5) if len(steps) else 0.5

    @cached_property
    def mothers(self) -> set[int]:
        """Track ids that divided."""
        return set(self.parents.values())

    def rows_in(self, frame: int) -> Rows:
        """Return the rows of a frame."""
        return self._by_frame[self._starts[frame] : self._starts[frame + 1]]

    def tree_of(self, frame: int) -> cKDTree:
        """Return the tree of the objects of a frame, in the order of :meth:`rows_in`."""
        if frame not in self._trees:
            self._trees[frame] = cKDTree(self.at[self.rows_in(frame)])
        return self._trees[frame]

    @cached_property
    def is_at_border(self) -> npt.NDArray[np.bool_]:
        """Whether the object of each row touches the edge of the field or is one step from it."""
        edge = np.minimum(self.in_field, np.array(self.shape) - 1 - self.in_field).min(axis=1)
        found: npt.NDArray[np.bool_] = edge <= np.sqrt(self.area / np.pi) + self.typical_step
        return found

    def link_of(self, row: int, ahead: int) -> int:
        """Return the next row of the same track (`ahead` 1) or the previous (-1); -1 for none."""
        return int(self.next[row] if ahead == 1 else self.previous[row])

    def is_taken(self, row: int, ahead: int) -> bool:
        """Return whether an object is linked, for a track that would reach it by going `ahead`."""
        # A daughter's first detection is linked to her mother, a mother's last to her daughters.
        family: Collection[int] = self.parents if ahead == 1 else self.mothers
        return self.link_of(row, -ahead) >= 0 or int(self.track[row]) in family

    def distance(self, a: int, b: int) -> float:
        """Return how far two objects are apart, in px."""
        return float(np.linalg.norm(self.at[a] - self.at[b]))

    def _neighbours_in_track(self) -> tuple[Rows, Rows]:
        """Return for each row the row before and after it in its track, -1 for none."""
        order = np.lexsort((self.frame, self.track))
        same = (self.track[order][1:] == self.track[order][:-1]) & (self.track[order][1:] > 0)
        previous, following = np.full(len(order), -1), np.full(len(order), -1)
        previous[order[1:][same]] = order[:-1][same]
        following[order[:-1][same]] = order[1:][same]
        return previous, following


class Neighbours:
    """Objects near some rows of one frame, in other frames; each frame is searched once for all.

    Parameters
    ----------
    linked : LinkedObjects
        The objects.
    rows : ndarray of int64
        Rows of one frame.
    """

    def __init__(self, linked: LinkedObjects, rows: Rows) -> None:
        self._linked = linked
        self._rows = rows
        self._place = {row: place for place, row in enumerate(rows.tolist())}
        self._nearest: dict[int, tuple[list[float], list[int]]] = {}
        self._within: dict[int, list[list[int]]] = {}

    def nearest(self, row: int, frame: int) -> tuple[float, int]:
        """Return distance and row of the object of `frame` nearest to `row`; inf, -1 if none."""
        rows = self._linked.rows_in(frame)
        if not len(rows):
            return np.inf, -1
        if frame not in self._nearest:
            distance, index = self._linked.tree_of(frame).query(self._linked.at[self._rows])
            self._nearest[frame] = np.asarray(distance).tolist(), rows[index].tolist()
        place, (distances, found) = self._place[row], self._nearest[frame]
        return distances[place], found[place]

    def within_reach(self, row: int, frame: int) -> list[int]:
        """Return the rows of `frame` within the limit and the radius of the cell at `row`."""
        if frame not in self._within:
            reach = self._linked.limit + np.sqrt(self._linked.area[self._rows] / np.pi)
            places = self._linked.at[self._rows]
            near = self._linked.tree_of(frame).query_ball_point(places, reach, return_sorted=True)
            rows = self._linked.rows_in(frame)
            self._within[frame] = [rows[found].tolist() for found in near]
        return self._within[frame][self._place[row]]
