"""Which links differ between two runs over the same frames.

Labels and track ids differ from run to run, so cells are matched by position: two cells of a frame
are the same if they are each other's nearest and closer than the radius of the cell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree

from napari_celltrack.tables import AREA_PX2, FRAME, PARENT_ID, TRACK_ID, X_PX, Y_PX, Tables

Rows = npt.NDArray[np.int64]

#: Where a link begins; `frame`, `y_px` and `x_px` are where it ends.
FRAME_BEFORE, Y_BEFORE_PX, X_BEFORE_PX = "frame_before", "y_before_px", "x_before_px"

#: Columns of a table of links, with their dtypes.
LINK_COLUMNS = {
    FRAME_BEFORE: "int64",
    Y_BEFORE_PX: "float64",
    X_BEFORE_PX: "float64",
    FRAME: "int64",
    Y_PX: "float64",
    X_PX: "float64",
    TRACK_ID: "int64",
}


@dataclass(frozen=True, eq=False)
class LinkDifference:
    """Links that only one of two runs has.

    Parameters
    ----------
    only_a, only_b : DataFrame
        One row per link, columns of :data:`LINK_COLUMNS`, by frame; `track_id` is that of the cell
        at the end of the link, in its own run.
    n_both : int
        Links that both have.
    """

    only_a: pd.DataFrame
    only_b: pd.DataFrame
    n_both: int


def compare_links(a: Tables, b: Tables) -> LinkDifference:
    """Find the links that only one of two runs has.

    A link joins one detection of a cell to the next, also over a gap, or a mother's last detection
    to a daughter's first. Only frames of both runs are compared.

    Parameters
    ----------
    a, b : Tables
        `objects`, `tracks` and `counts` are used.

    Returns
    -------
    LinkDifference
    """
    common = np.intersect1d(a.counts[FRAME], b.counts[FRAME])
    links_a, links_b = _links(a, common), _links(b, common)
    in_b = _match(a.objects, b.objects)
    # A link of A in the rows of B; -1 where B has no such cell.
    as_b = np.where(links_a >= 0, in_b[links_a], -1)
    n_rows = len(b.objects) + 1
    key_a = as_b[:, 0] * n_rows + as_b[:, 1]
    key_b = links_b[:, 0] * n_rows + links_b[:, 1]
    both_a = np.isin(key_a, key_b) & (as_b >= 0).all(axis=1)
    both_b = np.isin(key_b, key_a[both_a])
    return LinkDifference(
        _table(a.objects, links_a[~both_a]),
        _table(b.objects, links_b[~both_b]),
        int(both_a.sum()),
    )


def _links(tables: Tables, frames: npt.NDArray[np.int64]) -> Rows:
    """Return the row before and the row after of each link, shape (n_links, 2)."""
    objects = tables.objects
    track, frame = objects[TRACK_ID].to_numpy(np.int64), objects[FRAME].to_numpy(np.int64)
    used = np.flatnonzero((track > 0) & np.isin(frame, frames))
    order = used[np.lexsort((frame[used], track[used]))]
    same = track[order[1:]] == track[order[:-1]]
    within = np.stack([order[:-1][same], order[1:][same]], axis=1)
    is_first = np.r_[True, ~same][: len(order)]
    is_last = np.r_[~same, True][: len(order)]
    first_of = dict(zip(track[order[is_first]], order[is_first], strict=True))
    last_of = dict(zip(track[order[is_last]], order[is_last], strict=True))
    parents = tables.tracks[tables.tracks[PARENT_ID] > 0]
    births = [
        (last_of[mother], first_of[daughter])
        for daughter, mother in zip(parents[TRACK_ID], parents[PARENT_ID], strict=True)
        if daughter in first_of and mother in last_of
    ]
    return np.concatenate([within, np.array(births, np.int64).reshape(-1, 2)])


def _match(a: pd.DataFrame, b: pd.DataFrame) -> Rows:
    """Return for each row of `a` the row of the same cell in `b`, -1 for none."""
    found = np.full(len(a), -1)
    place_a, place_b = (table[[Y_PX, X_PX]].to_numpy(np.float64) for table in (a, b))
    radius = np.sqrt(a[AREA_PX2].to_numpy(np.float64) / np.pi)
    rows_in_b = {frame: np.asarray(rows) for frame, rows in b.groupby(FRAME).indices.items()}
    for frame, in_frame in a.groupby(FRAME).indices.items():
        rows, others = np.asarray(in_frame), rows_in_b.get(frame)
        if others is None:
            continue
        distance, nearest = map(np.asarray, cKDTree(place_b[others]).query(place_a[rows]))
        back = np.asarray(cKDTree(place_a[rows]).query(place_b[others])[1])
        # At least half a pixel: the position of a cell of one pixel may differ by as much.
        same = (back[nearest] == np.arange(len(rows))) & (distance <= np.maximum(radius[rows], 0.5))
        found[rows[same]] = others[nearest[same]]
    return found


def _table(objects: pd.DataFrame, links: Rows) -> pd.DataFrame:
    before, after = objects.iloc[links[:, 0]], objects.iloc[links[:, 1]]
    columns = {
        FRAME_BEFORE: before[FRAME].to_numpy(),
        Y_BEFORE_PX: before[Y_PX].to_numpy(),
        X_BEFORE_PX: before[X_PX].to_numpy(),
        **{name: after[name].to_numpy() for name in (FRAME, Y_PX, X_PX, TRACK_ID)},
    }
    table = pd.DataFrame(columns).astype(LINK_COLUMNS)
    ordered: pd.DataFrame = table.sort_values([FRAME, TRACK_ID], ignore_index=True)
    return ordered
