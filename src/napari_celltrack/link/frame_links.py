"""Link each frame to the next, first by distance, then by how cells move.

The links between all frames are chosen at once, at first by distance alone. They show how cells
move. Then the links from every second frame are chosen again, now with the links before and after
them known, then those from the other frames, and so on. Each of these choices is optimal while the
other links stay, so the total cost falls each time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from napari_celltrack.link.candidates import Pairs
from napari_celltrack.link.detections import NONE, Detections, squared
from napari_celltrack.link.matching import best_matching
from napari_celltrack.link.motion_model import MotionModel
from napari_celltrack.link.tracklets import following

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.complex128]

#: How often all links are chosen again with the motion; further rounds change almost nothing.
ROUNDS = 2
#: A pair is excluded if it is longer than the links that it replaces by this many step variances.
CLEAR_STEPS = 9.0


@dataclass(frozen=True)
class FrameLinks:
    """Links from frame to frame.

    Parameters
    ----------
    previous : ndarray, shape (n_objects,), int64
        Row of each object in the frame before, or -1.
    cost_px2 : ndarray, shape (n_pairs,), float64
        Cost of each pair, given all other links.
    motion : MotionModel or None
        How cells move; None if motion is not used.
    """

    previous: Ids
    cost_px2: Floats
    motion: MotionModel | None


def link_frames(
    detections: Detections,
    pairs: Pairs,
    appearance_px2: Floats,
    *,
    limit_px2: float,
    unlinked_px2: float,
    predict: bool,
) -> FrameLinks:
    """Choose links so that the sum of their costs and of those of not linking is smallest.

    Parameters
    ----------
    detections : Detections
        The objects.
    pairs : Pairs
        Candidates for links.
    appearance_px2 : ndarray, shape (n_pairs,), float64
        Cost of the difference in appearance of each pair.
    limit_px2 : float
        Upper limit of the cost of a pair, however unlikely its motion.
    unlinked_px2 : float
        Cost of ending one track and beginning another.
    predict : bool
        Whether to use how cells move.

    Returns
    -------
    FrameLinks
    """
    plain = np.minimum(pairs.distance_px**2 + appearance_px2, limit_px2)
    previous = np.full(len(detections), NONE, np.int64)
    chosen = best_matching(pairs.before, pairs.after, unlinked_px2 - plain)
    previous[pairs.after[chosen]] = pairs.before[chosen]
    if not predict or not len(pairs):
        return FrameLinks(previous, plain, None)
    motion = MotionModel.measured(detections.place, previous)
    half_px2, clear_px2 = unlinked_px2 / 2, CLEAR_STEPS * motion.step_px2
    open_ = _open_to_change(len(detections), pairs, plain, chosen, (half_px2, clear_px2))
    i, j, unlike_px2 = pairs.before[open_], pairs.after[open_], appearance_px2[open_]
    out_of_even = detections.frame[i] % 2 == 0
    links = _Links(detections.place, previous, following(previous))
    for round_ in range(ROUNDS):
        motion = MotionModel.measured(detections.place, previous) if round_ else motion
        for half in (np.flatnonzero(out_of_even), np.flatnonzero(~out_of_even)):
            here, there = i[half], j[half]
            cost = links.cost_px2(here, there, motion) + unlike_px2[half]
            new = best_matching(here, there, unlinked_px2 - np.minimum(cost, limit_px2))
            links.replace(here, there, new)
    cost = plain.copy()
    cost[open_] = links.cost_px2(i, j, motion) + unlike_px2
    return FrameLinks(previous, np.minimum(cost, limit_px2), motion)


def _open_to_change(
    n_objects: int,
    pairs: Pairs,
    cost: Floats,
    chosen: Mask,
    half_and_clear_px2: tuple[float, float],
) -> Ids:
    """Return the pairs whose choice may depend on motion; distance alone decides the others.

    A pair that is much longer than the links that it would replace cannot become the better choice.
    """
    half_px2, clear_px2 = half_and_clear_px2
    of_before, of_after = (np.full(n_objects, half_px2) for _ in range(2))
    of_before[pairs.before[chosen]] = of_after[pairs.after[chosen]] = cost[chosen]
    rival = ~chosen & (cost < of_before[pairs.before] + of_after[pairs.after] + clear_px2)
    contested_before, contested_after = np.zeros(n_objects, bool), np.zeros(n_objects, bool)
    contested_before[pairs.before[rival]] = contested_after[pairs.after[rival]] = True
    contested = contested_before[pairs.before] | contested_after[pairs.after]
    return np.flatnonzero(rival | (chosen & contested))


@dataclass
class _Links:
    """The present links, by row of either end; -1 where there is none."""

    place: Places
    previous: Ids
    next_: Ids

    def replace(self, before: Ids, after: Ids, chosen: Mask) -> None:
        """Replace all links between the objects of some pairs by the chosen pairs."""
        self.previous[after] = NONE
        self.next_[before] = NONE
        self.previous[after[chosen]] = before[chosen]
        self.next_[before[chosen]] = after[chosen]

    def cost_px2(self, before: Ids, after: Ids, motion: MotionModel) -> Floats:
        """Return the costs of pairs, given the links before and after them."""
        from_, to = self.previous[before], self.next_[after]
        here, there = self.place[before], self.place[after]
        step, on = there - here, self.place[to] - there
        cost = motion.cost_px2(step, here - self.place[from_], from_ >= 0)
        goes_on = to >= 0
        # Without this pair, the link after it would have no step before it to compare with.
        cost += np.where(goes_on, motion.cost_px2(on, step, goes_on) - squared(on), 0)
        return cost
