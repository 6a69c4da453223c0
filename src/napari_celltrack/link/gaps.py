"""Close gaps: join the end of a track to a beginning some frames later."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from napari_celltrack.link.candidates import near_pairs
from napari_celltrack.link.detections import Detections, squared
from napari_celltrack.link.matching import best_matching
from napari_celltrack.link.motion_model import MotionModel
from napari_celltrack.link.tracklets import following

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]


def close_gaps(
    detections: Detections,
    previous: Ids,
    max_gap_frames: int,
    max_distance_px: float,
    motion: MotionModel | None,
) -> tuple[Ids, Floats]:
    """Join ends and beginnings of tracks so that the sum of costs is smallest.

    Parameters
    ----------
    detections : Detections
        The objects.
    previous : ndarray, shape (n_objects,), int64
        Row of each object's last detection, or -1.
    max_gap_frames : int
        Number of consecutive frames in which a cell may be missing.
    max_distance_px : float
        How far it may move in this time.
    motion : MotionModel or None
        Predicts where it moves; without it, a cell is expected where it was.

    Returns
    -------
    previous : ndarray, shape (n_objects,), int64
        With the gaps closed.
    cost_px2 : ndarray, shape (n_objects,), float64
        Cost of the links over a gap; NaN elsewhere.
    """
    previous, cost_px2 = previous.copy(), np.full(len(detections), np.nan)
    rows = np.arange(len(detections), dtype=np.int64)
    ends = rows[following(previous) < 0]
    begins = rows[previous < 0]
    found = [
        near_pairs(detections, max_distance_px, ends, begins, 1 + gap)
        for gap in range(1, max_gap_frames + 1)
    ]
    before = np.concatenate([np.zeros(0, np.int64), *[pairs.before for pairs in found]])
    after = np.concatenate([np.zeros(0, np.int64), *[pairs.after for pairs in found]])
    order = np.lexsort((after, before))
    before, after = before[order], after[order]
    step = detections.place[after] - detections.place[before]
    n_steps = (detections.frame[after] - detections.frame[before]).astype(np.float64)
    if motion is not None:
        last = previous[before]
        known = last >= 0
        step[known] -= _ahead(motion.persistence, n_steps[known]) * (
            detections.place[before[known]] - detections.place[last[known]]
        )
    # A random walk spreads with the square root of time, so squared distances grow with time.
    cost = np.minimum(squared(step) / n_steps, max_distance_px**2)
    chosen = best_matching(before, after, 1.05 * max_distance_px**2 - cost)
    previous[after[chosen]] = before[chosen]
    cost_px2[after[chosen]] = cost[chosen]
    return previous, cost_px2


def _ahead(persistence: float, n_steps: Floats) -> Floats:
    """Return how far a cell is expected after some frames, as a multiple of its last step."""
    if not persistence:
        return np.zeros(len(n_steps))
    return persistence * (1 - persistence**n_steps) / (1 - persistence)
