"""Candidates for links: pairs of objects that are close together in consecutive frames.

When cells are far apart, linking spends most of its time on finding these pairs. So they are found
for all frames at once, on a grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from napari_celltrack.link.detections import Detections, as_complex, squared

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]
Places = npt.NDArray[np.complex128]

#: Number of nearest partners, in both directions, that are kept where objects are crowded.
MAX_NEIGHBOURS = 12
#: Pairs per object that are compared on the grid; with more, the objects are crowded.
MAX_GRID_PAIRS = 200
#: Grid cells per object; more cells would cost more than the comparisons that they save.
MAX_GRID_CELLS = 2
#: Pairs that are held in memory at a time while they are compared.
CHUNK_PAIRS = 2_000_000


@dataclass(frozen=True)
class Pairs:
    """Pairs of an object and a possible successor, sorted by `before`, then `after`.

    Parameters
    ----------
    before, after : ndarray, shape (n_pairs,), int64
        Rows of the objects.
    distance_px : ndarray, shape (n_pairs,), float64
        Distance between the two.
    """

    before: Ids
    after: Ids
    distance_px: Floats

    def __len__(self) -> int:
        return len(self.before)


def candidate_pairs(
    position: Floats, frame: Ids, n_frames: int, max_distance_px: float, gap_frames: int = 0
) -> Pairs:
    """Find the objects of each frame that are near an object of an earlier one.

    Where objects are so crowded that there would be very many pairs, only the nearest
    :data:`MAX_NEIGHBOURS` of each object are kept.

    Parameters
    ----------
    position : ndarray, shape (n_objects, 2), float64
        Places (y, x) in px, in any order of rows.
    frame : ndarray, shape (n_objects,), int64
        Frame of each object, 0 to `n_frames` - 1.
    n_frames : int
        Length of the movie, empty frames included.
    max_distance_px : float
        Search radius, inclusive.
    gap_frames : int
        Number of frames between the two; 0 for consecutive frames.

    Returns
    -------
    Pairs
        Rows of `position`.
    """
    everything = np.arange(len(frame), dtype=np.int64)
    detections = Detections(as_complex(position), frame, n_frames, everything)
    return near_pairs(detections, max_distance_px, n_frames_later=1 + gap_frames)


def near_pairs(
    detections: Detections,
    limit: float,
    from_: Ids | None = None,
    to: Ids | None = None,
    n_frames_later: int = 1,
) -> Pairs:
    """Find pairs of a row of `from_` and a row of `to`, `n_frames_later` frames later.

    Parameters
    ----------
    detections : Detections
        The objects.
    limit : float
        Largest distance in px, inclusive.
    from_, to : ndarray, int64, optional
        Rows that may be the first and the second of a pair; all rows by default.
    n_frames_later : int
        Number of frames from one to the other.

    Returns
    -------
    Pairs
    """
    place, frame = detections.place, detections.frame
    everything = np.arange(len(detections), dtype=np.int64)
    from_, to = (everything if rows is None else rows for rows in (from_, to))
    from_ = from_[frame[from_] < detections.n_frames - n_frames_later]
    to = to[frame[to] >= n_frames_later]
    if not len(from_) or not len(to):
        nothing = np.zeros(0, np.int64)
        return Pairs(nothing, nothing, np.zeros(0))
    first = _Points(place[from_], frame[from_] + n_frames_later)
    last = _Points(place[to], frame[to])
    # Searching from the smaller set is faster.
    if len(from_) > len(to):
        j, i = _found(last, first, limit)
    else:
        i, j = _found(first, last, limit)
    before, after = from_[i], to[j]
    return _sorted(before, after, np.sqrt(squared(place[after] - place[before])))


def spans(starts: Ids, counts: Ids) -> Ids:
    """Return the numbers of all ranges ``starts[i] .. starts[i] + counts[i]`` in one array."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total, dtype=np.int64) + np.repeat(starts - ends + counts, counts)


def _sorted(before: Ids, after: Ids, distance_px: Floats) -> Pairs:
    order = np.argsort(before * (int(after.max(initial=0)) + 1) + after, kind="stable")
    return Pairs(before[order], after[order], distance_px[order])


@dataclass(frozen=True)
class _Points:
    """Places y + xi in frames, shape (n,) each."""

    place: Places
    frame: Ids

    def __len__(self) -> int:
        return len(self.frame)


def _found(first: _Points, last: _Points, limit: float) -> tuple[Ids, Ids]:
    """Return indices of near pairs of points in the same frame."""
    found = _on_grid(first, last, limit)
    return _of_nearest(first, last, limit) if found is None else found


def _on_grid(first: _Points, last: _Points, limit: float) -> tuple[Ids, Ids] | None:
    """Return indices of near pairs, or None if the grid would have to compare too many."""
    low, high = _corners(first.place, last.place)
    extent = high - low
    base = int(min(first.frame.min(), last.frame.min()))
    n_groups = int(max(first.frame.max(), last.frame.max())) - base + 1
    most = MAX_GRID_CELLS * (len(first) + len(last)) / n_groups + 16
    size = max(limit, float(np.sqrt(extent[0] * extent[1] / most)), float(extent.max()) / most)
    # A rim of empty grid cells, so that cells at the border have neighbours too.
    n_y, n_x = (np.floor(extent / size).astype(np.int64) + 3).tolist()

    def cell_of(points: _Points) -> Ids:
        y = ((points.place.real - low[0]) / size).astype(np.int64) + 1
        x = ((points.place.imag - low[1]) / size).astype(np.int64) + 1
        cell: Ids = ((points.frame - base) * n_y + y) * n_x + x
        return cell

    last_cell = cell_of(last)
    by_cell = np.argsort(last_cell, kind="stable")
    starts = np.zeros(n_groups * n_y * n_x + 1, np.int64)
    np.cumsum(np.bincount(last_cell, minlength=len(starts) - 1), out=starts[1:])
    first_cell = cell_of(first)
    rows = []
    for neighbour in (first_cell - n_x, first_cell, first_cell + n_x):
        row_starts = starts[neighbour - 1]
        rows.append((row_starts, starts[neighbour + 2] - row_starts))
    if sum(int(counts.sum()) for _, counts in rows) > MAX_GRID_PAIRS * len(first):
        return None
    kept = [
        _near_in_row(first.place, last.place[by_cell], row_starts, counts, limit)
        for row_starts, counts in rows
    ]
    return np.concatenate([i for i, _ in kept]), by_cell[np.concatenate([j for _, j in kept])]


def _corners(first: Places, last: Places) -> tuple[Floats, Floats]:
    """Return the lowest and the highest (y, x) of all places."""
    y, x = (np.concatenate([getattr(p, part) for p in (first, last)]) for part in ("real", "imag"))
    return np.array([y.min(), x.min()]), np.array([y.max(), x.max()])


def _near_in_row(
    first: Places, last: Places, starts: Ids, counts: Ids, limit: float
) -> tuple[Ids, Ids]:
    """Keep the pairs within the limit, of each point and its range of other points."""
    some = np.flatnonzero(counts)
    total = np.cumsum(counts[some])
    cuts = np.searchsorted(total, np.arange(CHUNK_PAIRS, int(counts.sum()), CHUNK_PAIRS))
    kept = [(np.zeros(0, np.int64), np.zeros(0, np.int64))]
    for part in np.split(some, np.unique(cuts)):
        i = np.repeat(part, counts[part])
        j = spans(starts[part], counts[part])
        near = squared(first[i] - last[j]) <= limit**2
        kept.append((i[near], j[near]))
    return np.concatenate([i for i, _ in kept]), np.concatenate([j for _, j in kept])


def _of_nearest(first: _Points, last: _Points, limit: float) -> tuple[Ids, Ids]:
    """Return indices of the nearest pairs within the limit, frame by frame, from both ends."""
    from_, to = _spread_apart(first, limit), _spread_apart(last, limit)
    found = [np.zeros((0, 2), np.int64)]
    for frame in np.intersect1d(first.frame, last.frame):
        i, j = np.flatnonzero(first.frame == frame), np.flatnonzero(last.frame == frame)
        ahead = np.stack(_nearest(from_[i], to[j], limit), -1)
        back = np.stack(_nearest(to[j], from_[i], limit), -1)
        pairs = np.unique(np.concatenate([ahead, back[:, ::-1]]), axis=0)
        found.append(np.stack([i[pairs[:, 0]], j[pairs[:, 1]]], -1))
    joined = np.concatenate(found)
    near = squared(first.place[joined[:, 0]] - last.place[joined[:, 1]]) <= limit**2
    return joined[near, 0], joined[near, 1]


def _nearest(from_: Places, to: Places, limit: float) -> tuple[Ids, Ids]:
    """Return index pairs of each point and its nearest ones."""
    k = min(MAX_NEIGHBOURS, len(to))
    distance, index = cKDTree(_as_columns(to)).query(
        _as_columns(from_), k=list(range(1, k + 1)), distance_upper_bound=limit * (1 + 1e-6)
    )
    i, rank = np.nonzero(np.isfinite(distance))
    return i, np.asarray(index)[i, rank].astype(np.int64)


def _as_columns(place: Places) -> Floats:
    return np.stack([place.real, place.imag], -1)


def _spread_apart(points: _Points, limit: float) -> Places:
    """Move points that lie at exactly the same place in one frame slightly apart.

    Their nearest points then differ, so that many points at one place can be paired one to one.
    """
    order = np.lexsort((points.place.imag, points.place.real, points.frame))
    place, frame = points.place[order], points.frame[order]
    begins = np.concatenate([[True], (place[1:] != place[:-1]) | (frame[1:] != frame[:-1])])
    rank = np.arange(len(order)) - np.flatnonzero(begins)[np.cumsum(begins) - 1]
    moved: Places = points.place.copy()
    moved.imag[order] += rank * (limit * 1e-9)
    return moved
