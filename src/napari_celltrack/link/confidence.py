"""Confidence of each link: how much more the best alternative would have cost.

The same for every linker. A link is doubtful if an alternative is nearly as good: to link another
object, to exchange partners with another link, or not to link at all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from napari_celltrack.link.candidates import Pairs
from napari_celltrack.link.detections import Detections, squared
from napari_celltrack.link.linker import Linking
from napari_celltrack.link.tracklets import following, tracks_of

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Costs:
    """Costs of links, in px².

    Parameters
    ----------
    pairs : Pairs
        Candidates for links from one frame to the next.
    pair_px2 : ndarray, shape (n_pairs,), float64
        Cost of each candidate.
    unlinked_px2 : float
        Cost of ending one track and beginning another.
    link_px2 : ndarray, shape (n_objects,), float64, optional
        Cost of the link to each row if it is not in `pairs`; NaN elsewhere.
    """

    pairs: Pairs
    pair_px2: Floats
    unlinked_px2: float
    link_px2: Floats | None = None


def with_confidence(
    detections: Detections, previous: Ids, mother: Ids, costs: Costs, drift_px: Floats | None = None
) -> Linking:
    """Give the tracks ids, and compare each link with its alternatives.

    Parameters
    ----------
    detections : Detections
        The objects.
    previous, mother : ndarray, shape (n_objects,), int64
        Row of the last detection, and of the mother's for a daughter's first; -1 elsewhere.
    costs : Costs
        Costs of the links and of the other candidates.
    drift_px : ndarray, shape (n_frames, 2), float64, optional
        Goes into the result as it is.

    Returns
    -------
    Linking
        In the order of the table that `detections` was read from.
    """
    pairs, n_objects = costs.pairs, len(detections)
    source = np.where(previous >= 0, previous, mother)
    linked = np.flatnonzero(source >= 0)
    distance_px2 = np.full(n_objects, np.nan)
    distance_px2[linked] = squared(detections.place[linked] - detections.place[source[linked]])
    is_link = previous[pairs.after] == pairs.before
    cost_px2 = distance_px2.copy()
    cost_px2[pairs.after[is_link]] = costs.pair_px2[is_link]
    if costs.link_px2 is not None:
        known = np.isfinite(costs.link_px2)
        cost_px2[known] = costs.link_px2[known]
    margin_px2 = _margin(source, following(previous), is_link, cost_px2, costs)
    step_px = float(np.sqrt(np.median(distance_px2[linked]))) if len(linked) else 0.0
    # The root makes it a length, in steps; a negative sign says that the alternative is better.
    margin_px = np.sign(margin_px2) * np.sqrt(np.abs(margin_px2))
    track_id, parents = tracks_of(previous, mother, detections.frame)
    back = detections.in_callers_order
    return Linking(
        track_id=back(track_id),
        distance_px=back(np.sqrt(distance_px2)),
        cost=back(np.sqrt(np.maximum(cost_px2, 0))),
        margin=back(margin_px / max(step_px, 1e-3 * np.sqrt(costs.unlinked_px2))),
        n_candidates=back(np.bincount(pairs.after, minlength=n_objects).astype(np.int64)),
        parents=parents,
        drift_px=drift_px,
    )


def _margin(source: Ids, next_: Ids, is_link: Mask, cost: Floats, costs: Costs) -> Floats:
    """Return how much more the best alternative to each row's link costs; NaN without a link."""
    pairs, pair_cost, unlinked = costs.pairs, costs.pair_px2, costs.unlinked_px2
    half = unlinked / 2
    # Without the link, one track ends and one begins.
    margin = np.where(source >= 0, unlinked - cost, np.inf)
    others = np.flatnonzero(~is_link)
    a, b = pairs.before[others], pairs.after[others]
    goes, comes = next_[a], source[b]
    saved = np.where(goes >= 0, cost[goes], half) + np.where(comes >= 0, cost[b], half)
    left = (goes >= 0) * half + (comes >= 0) * half
    more = pair_cost[others] - saved
    # The two that lose their partners may be linked instead; looked up only where it can matter.
    both = np.flatnonzero((goes >= 0) & (comes >= 0) & (more < np.maximum(margin[goes], margin[b])))
    left[both] = np.minimum(left[both], _cost_of(comes[both], goes[both], pairs, pair_cost))
    more += left
    for end in (goes, b):
        np.minimum.at(margin, end[end >= 0], more[end >= 0])
    margin[source < 0] = np.nan
    return margin


def _cost_of(before: Ids, after: Ids, pairs: Pairs, pair_cost: Floats) -> Floats:
    """Return the costs of pairs, infinity where a pair is not a candidate."""
    if not len(pairs):
        return np.full(len(before), np.inf)
    n = int(max(pairs.after.max(), after.max(initial=0))) + 1
    key, wanted = pairs.before * n + pairs.after, before * n + after
    place = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
    found: Floats = np.where(key[place] == wanted, pair_cost[place], np.inf)
    return found
