"""The motion that all cells share: that of the stage or of the whole tissue."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from napari_celltrack.link.candidates import Pairs
from napari_celltrack.link.detections import Detections, Places

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]

#: Cells per frame that are needed to tell drift from chance.
MIN_CELLS = 10
#: Standard errors that a drift must exceed.
MIN_ERRORS = 4.0
#: A jump is looked for where fewer cells than this share have a neighbour, and believed where more
#: have one after it.
JUMP_SHARE = 0.5
#: Standard deviations by which cells that jump together must exceed those that chance puts there:
#: many more jumps are tried than one.
JUMP_ERRORS = 6.0
#: Votes on a jump, and cells that vote at least; more make it slower and no surer.
_MAX_VOTES, _MIN_VOTERS = 50_000, 30
#: Shifts that are compared.
_MOST_SHIFTS = 6


def common_drift(detections: Detections, pairs: Pairs, radius_px: float) -> Floats:
    """Measure how far all cells have moved together, by the median step of mutual neighbours.

    A step of fewer than :data:`MIN_CELLS` cells, or one that chance explains, counts as none.
    Where most cells have no neighbour in the frame before, as when the stage has jumped, the
    shift that most of them share counts, however large.

    Parameters
    ----------
    detections : Detections
        The objects.
    pairs : Pairs
        Candidates from each frame to the next.
    radius_px : float
        How far the candidates may be from each other.

    Returns
    -------
    ndarray, shape (n_frames, 2), float64
        Motion (y, x) in px since the first frame.
    """
    nearest = _mutual_nearest(pairs, len(detections))
    moved = detections.place[pairs.after[nearest]] - detections.place[pairs.before[nearest]]
    steps = np.stack([moved.real, moved.imag], -1)
    at = detections.frame[pairs.after[nearest]]
    drift = np.zeros((detections.n_frames, 2))
    starts = np.searchsorted(at, np.arange(detections.n_frames + 1))
    jumps = _jumps(detections, np.diff(starts), radius_px)
    for t in np.flatnonzero(np.diff(starts) >= MIN_CELLS).tolist():
        here = steps[starts[t] : starts[t + 1]]
        median = np.median(here, axis=0)
        error = 1.2533 * 1.4826 * np.median(np.abs(here - median), axis=0) / np.sqrt(len(here))
        if (median**2).sum() > MIN_ERRORS**2 * (error**2).sum():
            drift[t] = median
    for t, jump in jumps:
        drift[t] = jump
    return np.cumsum(drift, axis=0)


def _jumps(detections: Detections, n_near: Ids, radius_px: float) -> Iterator[tuple[int, Floats]]:
    """Find the frames that most cells reach by one large shift, and the shift (y, x)."""
    bounds = detections.starts()
    n_fewest = np.minimum(np.diff(bounds)[1:], np.diff(bounds)[:-1])
    is_lost = (n_fewest >= MIN_CELLS) & (n_near[1:] < JUMP_SHARE * n_fewest)
    for t in (np.flatnonzero(is_lost) + 1).tolist():
        before, after = (detections.place[bounds[i] : bounds[i + 1]] for i in (t - 1, t))
        if (jump := _jump(before, after, radius_px)) is not None:
            yield t, jump


def _jump(before: Places, after: Places, radius_px: float) -> Floats | None:
    """Return the shift (y, x) that most cells share from one frame to the next, if there is one.

    Each pair of cells votes for the shift between them, as in a Hough transform (Ballard,
    Pattern Recognition 13:111, 1981). The winner must bring at least :data:`JUMP_SHARE` of the
    cells to another one, and far more than chance would.
    """
    n_voters = min(max(_MAX_VOTES // len(after), _MIN_VOTERS), len(before))
    voters = before[np.linspace(0, len(before) - 1, n_voters).astype(np.int64)]
    reach_px = radius_px / 2
    votes = (after - voters[:, np.newaxis]).ravel()
    there = cKDTree(_points(after))

    def n_brought(shift: complex) -> int:
        distance_px, _ = there.query(_points(voters + shift), distance_upper_bound=reach_px)
        return int(np.isfinite(distance_px).sum())

    tried = [_middle(votes, place, reach_px) for place in _fullest(votes, reach_px)]
    brought = np.array([n_brought(shift) for shift in tried])
    # Of several that are about as good, as in a grid of cells, the shortest.
    at = min(np.flatnonzero(brought >= 0.9 * brought.max()), key=lambda index: abs(tried[index]))
    share = min(len(after) * np.pi * reach_px**2 / _area_px2(after, reach_px), 1.0)
    by_chance = share * len(voters)
    n_needed = max(
        JUMP_SHARE * len(voters) * min(len(after) / len(before), 1),
        by_chance + JUMP_ERRORS * np.sqrt(by_chance * (1 - share)),
    )
    return _points(np.array([tried[at]]))[0] if brought[at] >= n_needed else None


def _fullest(votes: Places, reach_px: float) -> list[complex]:
    """Return the middles of the squares that hold most votes; those of two grids, half apart."""
    side_px = 2 * reach_px
    middles, counts = [], []
    for offset in (0.0, 0.5):
        row, column = (np.floor(part / side_px + offset) for part in (votes.real, votes.imag))
        # One number a square: sorting pairs is many times slower.
        width = np.ptp(column) + 1
        square, n = np.unique(row * width + (column - column.min()), return_counts=True)
        row, column = np.floor(square / width), square % width + column.min()
        middles.append(((row - offset + 0.5) + 1j * (column - offset + 0.5)) * side_px)
        counts.append(n)
    order = np.argsort(-np.concatenate(counts), kind="stable")[:_MOST_SHIFTS]
    fullest: list[complex] = np.concatenate(middles)[order].tolist()
    return fullest


def _middle(votes: Places, place: complex, reach_px: float) -> complex:
    """Return the median of the votes about a place, and again about that."""
    for _ in range(2):
        near = votes[np.abs(votes - place) <= reach_px * np.sqrt(2)]
        if len(near):
            place = complex(np.median(near.real), np.median(near.imag))
    return place


def _area_px2(places: Places, margin_px: float) -> float:
    return float((np.ptp(places.real) + 2 * margin_px) * (np.ptp(places.imag) + 2 * margin_px))


def _points(places: Places) -> Floats:
    """Return places y + xi, shape (n,), as (y, x), shape (n, 2)."""
    return np.stack([places.real, places.imag], -1)


def _mutual_nearest(pairs: Pairs, n_objects: int) -> Ids:
    """Return the pairs that are each other's nearest, by frame."""
    nearest = np.ones(len(pairs), bool)
    for end in (pairs.before, pairs.after):
        least = np.full(n_objects, np.inf)
        np.minimum.at(least, end, pairs.distance_px)
        nearest &= pairs.distance_px == least[end]
    return np.flatnonzero(nearest)
