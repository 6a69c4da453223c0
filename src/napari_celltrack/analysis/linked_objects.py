"""Linked objects, to be asked about: who is near, who was before, who touches the border."""

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

    Rows are those of `objects`; `frame` counts positions in the linked frames and `names` has their
    true indices; `previous` and `next` are the rows before and after in the same track, -1 for
    none. Where common motion was taken out before linking, `at` is beside it and `in_field` is
    where the cell is seen.
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
        # Cells were linked beside their common motion, so that is how far apart they are.
        self.at = self.in_field if drift_px is None else self.in_field - drift_px[self.frame]
        self.area: Floats = objects[AREA_PX2].to_numpy(np.float64)
        self.step: Floats = objects[LINK_DISTANCE_PX].to_numpy(np.float64)
        self.previous, self.next = self._neighbours_in_track()
        self._by_frame = np.argsort(self.frame, kind="stable")
        self._starts = np.searchsorted(self.frame[self._by_frame], np.arange(len(frames) + 1))
        self._trees: dict[int, cKDTree] = {}

    @cached_property
    def typical_step(self) -> float:
        """Median step, at least half a pixel: cells that stand still have no scale."""
        steps = self.step[np.isfinite(self.step)]
        return max(float(np.median(steps)), 0.5) if len(steps) else 0.5

    @cached_property
    def mothers(self) -> set[int]:
        """Track ids that divided."""
        return set(self.parents.values())

    def rows_in(self, frame: int) -> Rows:
        """Return the rows of a frame."""
        return self._by_frame[self._starts[frame] : self._starts[frame + 1]]

    def nearest(self, row: int, frame: int) -> tuple[float, int]:
        """Return distance and row of the object of `frame` nearest to `row`; inf, -1 if none."""
        rows = self.rows_in(frame)
        if not len(rows):
            return np.inf, -1
        if frame not in self._trees:
            self._trees[frame] = cKDTree(self.at[rows])
        distance, index = self._trees[frame].query(self.at[row])
        return float(distance), int(rows[index])

    def within(self, row: int, frame: int, radius: float) -> Rows:
        """Return the rows of `frame` within `radius` of `row`."""
        rows = self.rows_in(frame)
        apart = np.linalg.norm(self.at[rows] - self.at[row], axis=1)
        near: Rows = rows[apart <= radius]
        return near

    def is_at_border(self, row: int) -> bool:
        """Tell whether a cell touches the edge of the field, or reaches it with a usual step."""
        place = self.in_field[row]
        edge = min(*place, *(np.array(self.shape) - 1 - place))
        return bool(edge <= np.sqrt(self.area[row] / np.pi) + self.typical_step)

    def link_of(self, row: int, ahead: int) -> int:
        """Return the row that a row is linked to in its own track, -1 for none."""
        return int(self.next[row] if ahead == 1 else self.previous[row])

    def is_taken(self, row: int, ahead: int) -> bool:
        """Tell whether an object has a link already towards where one looks `ahead` from."""
        # The first sight of a daughter is linked to her mother, a mother's last to her daughters.
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
