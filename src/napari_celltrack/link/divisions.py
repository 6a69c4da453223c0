"""Find divisions: a cell is followed by two, on either side of where it was.

This comes after frame-to-frame linking. Each object without a predecessor is paired with every
second object around a possible mother. The cost of the links that the division would replace is
compared with the distance of the mother from the middle of the two.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from napari_celltrack.link.candidates import near_pairs, spans
from napari_celltrack.link.detections import NONE, Detections, squared
from napari_celltrack.link.tracklets import following

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.complex128]

#: A daughter is smaller than this share of its mother.
MAX_DAUGHTER_AREA = 0.9
#: Neither daughter is larger than this many times the other.
MAX_SISTER_AREA = 2.2
#: Number of frames after the division within which the daughters must look like daughters.
FRAMES_TO_PART = 3
#: If areas vary less than this, relative to their mean, all are equal marks and tell nothing.
MIN_AREA_SPREAD = 0.01
#: Cost of a division itself, as a share of the cost of a lost and a new cell.
DIVISION_COST = 0.5


@dataclass(frozen=True)
class Divisions:
    """Limits to what counts as a division.

    Parameters
    ----------
    max_distance_px : float
        From the mother to either daughter.
    max_asymmetry : float
        Distance of the mother from the middle of her daughters, over half their distance: 0 is in
        the middle, 1 is at one of them.
    unlinked_px2 : float
        Cost of ending one track and beginning another.
    max_step_px : float
        How far a cell may move from frame to frame.
    """

    max_distance_px: float
    max_asymmetry: float
    unlinked_px2: float
    max_step_px: float

    def find(
        self, detections: Detections, previous: Ids, area: Floats | None
    ) -> tuple[Ids, Ids, Floats]:
        """Find divisions and undo the links that they replace.

        Parameters
        ----------
        detections : Detections
            The objects.
        previous : ndarray, shape (n_objects,), int64
            Row of each object's last detection, or -1.
        area : ndarray, shape (n_objects,), float64, or None
            Areas, if known.

        Returns
        -------
        previous : ndarray, shape (n_objects,), int64
            The remaining links.
        mother : ndarray, shape (n_objects,), int64
            Row of the mother's last detection for each daughter's first, else -1.
        cost_px2 : ndarray, shape (n_objects,), float64
            Squared distance of the mother from the middle, for daughters; else NaN.
        """
        previous, mother = previous.copy(), np.full(len(detections), NONE, np.int64)
        cost_px2 = np.full(len(detections), np.nan)
        m, a, b = self._possible(detections, previous, area)
        if not len(m):
            return previous, mother, cost_px2
        place, next_ = detections.place, following(previous)
        off_px2 = squared(place[m] - (place[a] + place[b]) / 2)
        goes, comes = next_[m], previous[b]
        # Both sides may lose a partner; these are then linked, if they are in consecutive frames.
        relinks = (goes >= 0) & (comes >= 0) & (comes != m)
        relinks &= squared(place[goes] - place[comes]) <= self.max_step_px**2
        relinks &= detections.frame[goes] == detections.frame[m] + 1
        worth_px2 = self._now(place, m, b, goes, comes) - off_px2
        worth_px2 -= DIVISION_COST * self.unlinked_px2
        worth_px2 -= self._left_over(place, relinks, m, goes, comes)
        for event in _apart(worth_px2, np.stack([m, a, b, goes, comes], -1)):
            for daughter in (a[event], b[event]):
                previous[daughter] = NONE
                mother[daughter] = m[event]
                cost_px2[daughter] = off_px2[event]
            if goes[event] >= 0 and goes[event] != b[event]:
                previous[goes[event]] = comes[event] if relinks[event] else NONE
        return previous, mother, cost_px2

    def _possible(
        self, detections: Detections, previous: Ids, area: Floats | None
    ) -> tuple[Ids, Ids, Ids]:
        """Return mothers, new objects and second objects whose places and areas fit a division."""
        place, frame = detections.place, detections.frame
        rows = np.arange(len(detections), dtype=np.int64)
        is_new = (previous < 0) & (frame > 0)
        begun = near_pairs(detections, self.max_distance_px, rows, rows[is_new])
        mothers = np.unique(begun.before)
        around = near_pairs(detections, self.max_distance_px, mothers, rows)
        first = np.searchsorted(around.before, begun.before)
        count = np.searchsorted(around.before, begun.before, side="right") - first
        m, a = np.repeat(begun.before, count), np.repeat(begun.after, count)
        b = around.after[spans(first, count)]
        # A pair of two new objects is taken only once.
        fits = (a != b) & ~(is_new[b] & (b < a))
        m, a, b = m[fits], a[fits], b[fits]
        off = np.abs(place[m] - (place[a] + place[b]) / 2)
        fits = off <= self.max_asymmetry * np.abs(place[a] - place[b]) / 2
        # A predecessor some frames ago would be a link over a gap, which a division never replaces.
        comes = previous[b]
        fits &= (comes < 0) | (frame[comes] == frame[b] - 1)
        if area is not None:
            next_ = following(previous)
            # Areas across a gap are not compared: the masks in between are unknown.
            next_[(next_ >= 0) & (frame[next_] != frame + 1)] = NONE
            fits &= _look_like_daughters(area, next_, m, a, b)
        return m[fits], a[fits], b[fits]

    def _cost_px2(self, place: Places, from_: Ids, to: Ids) -> Floats:
        """Return the cost of each link, or half the cost of not linking where there is none."""
        known = (from_ >= 0) & (to >= 0)
        return np.where(known, squared(place[to] - place[from_]), self.unlinked_px2 / 2)

    def _now(self, place: Places, m: Ids, b: Ids, goes: Ids, comes: Ids) -> Floats:
        """Return the cost of the links and track ends that each division replaces."""
        now = self.unlinked_px2 / 2 + self._cost_px2(place, m, goes)
        return now + np.where(comes == m, 0, self._cost_px2(place, comes, b))

    def _left_over(self, place: Places, relinks: Mask, m: Ids, goes: Ids, comes: Ids) -> Floats:
        """Return the cost of the cells that lose their partners to each division."""
        n_freed = (goes >= 0).astype(np.float64) + (comes >= 0)
        freed = np.where(
            relinks, self._cost_px2(place, comes, goes), n_freed * self.unlinked_px2 / 2
        )
        return np.where(comes == m, 0, freed)


def _look_like_daughters(area: Floats, next_: Ids, m: Ids, a: Ids, b: Ids) -> Mask:
    """Tell whether two objects are smaller than the mother and of similar size, now or soon.

    A mask may separate shortly before the cell does, into parts of different size, so the next
    frames count as well. If the two parts become one again, only the mask had been cut.
    """
    fit = np.zeros(len(m), bool)
    first, second = a, b
    for _ in range(FRAMES_TO_PART):
        both = (first >= 0) & (second >= 0)
        large = np.maximum(area[first], area[second])
        small = np.minimum(area[first], area[second])
        fit |= both & (large <= MAX_DAUGHTER_AREA * area[m]) & (large <= MAX_SISTER_AREA * small)
        first, second = (np.where(both, next_[rows], NONE) for rows in (first, second))
    next_a, next_b = next_[a], next_[b]
    one_left = (next_a >= 0) != (next_b >= 0)
    whole = area[np.maximum(next_a, next_b)]
    is_one_again = one_left & (whole > MAX_DAUGHTER_AREA * np.maximum(area[m], area[a] + area[b]))
    are_daughters: Mask = fit & ~is_one_again
    return are_daughters


def telling_areas(area: Floats | None) -> Floats | None:
    """Return the areas, or None if they are missing or the same for all marks."""
    if area is None or not len(area) or not np.isfinite(area).all() or area.min() <= 0:
        return None
    return area if np.std(area) > MIN_AREA_SPREAD * np.mean(area) else None


def _apart(worth: Floats, members: Ids) -> list[int]:
    """Return the events with a gain, best first, so that no two share an object."""
    order = np.argsort(-worth, kind="stable")
    used: set[int] = {NONE}
    kept = []
    for event in order[worth[order] > 0].tolist():
        objects = set(members[event].tolist()) - {NONE}
        if not objects & used:
            used |= objects
            kept.append(event)
    return kept
