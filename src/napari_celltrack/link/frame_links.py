"""Link each frame to the next, first by distance, then by how cells move.

The links between all frames are chosen at once, at first by distance alone. How cells move is
measured from them; then the links out of every second frame are chosen anew, knowing where each
cell came from and where it goes on to, then those out of the other frames, and so on. Every such
choice is the best one while the others stay, so the whole gets better each time.
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

#: How often all links are chosen anew with the motion; later rounds change next to nothing.
ROUNDS = 2
#: Variances of a step by which a pair must be longer than the links in its place to be out.
CLEAR_STEPS = 9.0


@dataclass(frozen=True)
class FrameLinks:
    """Links from frame to frame.

    Parameters
    ----------
    previous : ndarray, shape (n_objects,), int64
        Row of each object in the frame before, or -1.
    cost_px2 : ndarray, shape (n_pairs,), float64
        What every pair costs, all other links being as they are.
    motion : MotionModel or None
        How cells move, if that was asked for.
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
        What may be linked.
    appearance_px2 : ndarray, shape (n_pairs,), float64
        What unlike looks of each pair cost.
    limit_px2 : float
        No pair costs more than this, however odd its motion.
    unlinked_px2 : float
        What it costs that a track ends and another begins.
    predict : bool
        Use how cells move.

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
    i, j, looks = pairs.before[open_], pairs.after[open_], appearance_px2[open_]
    out_of_even = detections.frame[i] % 2 == 0
    links = _Links(detections.place, previous, following(previous))
    for round_ in range(ROUNDS):
        motion = MotionModel.measured(detections.place, previous) if round_ else motion
        for half in (np.flatnonzero(out_of_even), np.flatnonzero(~out_of_even)):
            here, there = i[half], j[half]
            cost = links.cost_px2(here, there, motion) + looks[half]
            new = best_matching(here, there, unlinked_px2 - np.minimum(cost, limit_px2))
            links.replace(here, there, new)
    cost = plain.copy()
    cost[open_] = links.cost_px2(i, j, motion) + looks
    return FrameLinks(previous, np.minimum(cost, limit_px2), motion)


def _open_to_change(
    n_objects: int,
    pairs: Pairs,
    cost: Floats,
    chosen: Mask,
    half_and_clear_px2: tuple[float, float],
) -> Ids:
    """Return the pairs that motion may decide otherwise; the others are clear by distance.

    A pair much longer than the links in its place together cannot become the better choice.
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
    """Links as they are now, seen from either end; -1 where there is none."""

    place: Places
    previous: Ids
    next_: Ids

    def replace(self, before: Ids, after: Ids, chosen: Mask) -> None:
        """Put the chosen ones of some pairs in place of all links between their objects."""
        self.previous[after] = NONE
        self.next_[before] = NONE
        self.previous[after[chosen]] = before[chosen]
        self.next_[before[chosen]] = after[chosen]

    def cost_px2(self, before: Ids, after: Ids, motion: MotionModel) -> Floats:
        """Return what pairs cost in view of the links that lead to them and on from them."""
        from_, to = self.previous[before], self.next_[after]
        here, there = self.place[before], self.place[after]
        step, on = there - here, self.place[to] - there
        cost = motion.cost_px2(step, here - self.place[from_], from_ >= 0)
        goes_on = to >= 0
        # Were they not linked, the link that leads on would be a first one.
        cost += np.where(goes_on, motion.cost_px2(on, step, goes_on) - squared(on), 0)
        return cost
