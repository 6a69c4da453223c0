"""Radius advisor: which search radius fits a movie, from its objects alone, without truth.

The number of tracks falls as the radius grows, until each cell is linked to itself. Then it stays
constant, until cells are linked to other cells. The constant range is the right one.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree

from napari_celltrack.link import candidate_pairs, closest_first
from napari_celltrack.tables import FRAME, X_PX, Y_PX

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]

RADIUS_PX = "radius_px"
N_TRACKS = "n_tracks"
LINKED_SHARE = "linked_share"
AMBIGUOUS_SHARE = "ambiguous_share"

#: A range of radii is flat if the number of tracks changes by less than this share of the cells per
#: frame.
_FLAT = 0.02


@dataclass(frozen=True)
class RadiusAdvice:
    """How the search radius changes the tracks of a movie.

    Parameters
    ----------
    curve : DataFrame
        One row per radius: `radius_px`, `n_tracks`, `linked_share` (objects with a link from the
        frame before, of those that could have one), `ambiguous_share` (links with another
        candidate at almost the same distance).
    plateau_px : (float, float) or None
        Range of radii that give the same tracks; None if there is none.
    suggested_px : float or None
        A radius in the lower part of the plateau.
    sentence : str
        The advice in words.
    """

    curve: pd.DataFrame
    plateau_px: tuple[float, float] | None
    suggested_px: float | None
    sentence: str


def advise_radius(
    objects: pd.DataFrame, n_frames: int, radii_px: npt.ArrayLike | None = None
) -> RadiusAdvice:
    """Suggest a search radius.

    Cells are paired between consecutive frames, closest pairs first. The links at a radius are then
    the first of the links at any larger radius, so one pass gives all radii.

    Parameters
    ----------
    objects : DataFrame
        With `frame` (0 to `n_frames` - 1), `y_px`, `x_px`.
    n_frames : int
        Length of the movie.
    radii_px : array-like, optional
        Radii to compare; by default 30, up to one and a half times the distance between cells.

    Returns
    -------
    RadiusAdvice
    """
    frame = objects[FRAME].to_numpy(np.int64)
    position = objects[[Y_PX, X_PX]].to_numpy(np.float64)
    order = np.argsort(frame, kind="stable")
    starts = np.searchsorted(frame[order], np.arange(n_frames + 1))
    frames = [position[order[a:b]] for a, b in pairwise(starts)]
    if radii_px is None:
        radii = np.geomspace(1, max(1.5 * _spacing(frames), 2), 30)
    else:
        radii = np.sort(np.asarray(radii_px, np.float64))
    distance, runner_up = _links(position, frame, n_frames, float(radii[-1]))
    curve = _curve(radii, distance, runner_up, frames)
    return _advice(curve, n_cells=len(objects) / max(n_frames, 1))


def _spacing(frames: list[Floats]) -> float:
    """Return the median distance of a cell to its nearest neighbour in the same frame."""
    found = [
        np.asarray(cKDTree(cells).query(cells, k=2)[0])[:, 1] for cells in frames if len(cells) > 1
    ]
    return float(np.median(np.concatenate(found))) if found else 50.0


def _links(position: Floats, frame: Ids, n_frames: int, limit: float) -> tuple[Floats, Floats]:
    """Pair consecutive frames, closest pairs first.

    Return the length of each link, and that of the best other pair at either of its ends.
    """
    pairs = candidate_pairs(position, frame, n_frames, limit)
    chosen = closest_first(pairs)
    own = pairs.distance_px[chosen]
    by_length = np.argsort(pairs.distance_px, kind="stable")

    def best_other(ends: Ids) -> Floats:
        best, second = _two_smallest(ends[by_length], pairs.distance_px[by_length], len(frame))
        end = ends[chosen]
        # The best other pair at an end is its best one, or its second if the best is the link.
        return np.where(best[end] < own, best[end], second[end])

    return own, np.minimum(best_other(pairs.before), best_other(pairs.after))


def _two_smallest(ids: Ids, length: Floats, n: int) -> tuple[Floats, Floats]:
    """Return the smallest and second smallest length of each id; `length` is sorted."""
    by_id = np.argsort(ids, kind="stable")
    rank = np.arange(len(ids)) - np.searchsorted(ids[by_id], ids[by_id])
    smallest, second = np.full(n, np.inf), np.full(n, np.inf)
    smallest[ids[by_id][rank == 0]] = length[by_id][rank == 0]
    second[ids[by_id][rank == 1]] = length[by_id][rank == 1]
    return smallest, second


def _curve(
    radii: Floats, distance: Floats, runner_up: Floats, frames: list[Floats]
) -> pd.DataFrame:
    n_objects = sum(len(cells) for cells in frames)
    could_have = sum(len(cells) for cells in frames[1:])
    step = float(np.median(distance)) if len(distance) else 0.0
    is_close = runner_up - distance < max(step, 1e-9)
    n_links = np.array([(distance <= radius).sum() for radius in radii])
    n_ambiguous = np.array([(is_close & (runner_up <= r) & (distance <= r)).sum() for r in radii])
    curve: pd.DataFrame = pd.DataFrame(
        {
            RADIUS_PX: radii,
            N_TRACKS: n_objects - n_links,
            LINKED_SHARE: n_links / max(could_have, 1),
            AMBIGUOUS_SHARE: n_ambiguous / np.maximum(n_links, 1),
        }
    )
    return curve


def _advice(curve: pd.DataFrame, n_cells: float) -> RadiusAdvice:
    plateau = _plateau(curve, tolerance=max(1.0, _FLAT * n_cells))
    if plateau is None:
        return RadiusAdvice(
            curve,
            None,
            None,
            "No search radius stands out: the cells move about as far as they are apart, "
            "or there are too few frames.",
        )
    low, high = plateau
    suggested = float(np.round(min(np.sqrt(low * high), 1.25 * low), 1 if low < 10 else 0))
    nearest = int(np.argmin(np.abs(curve[RADIUS_PX].to_numpy() - suggested)))
    ambiguous = float(curve[AMBIGUOUS_SHARE].iloc[nearest])
    sentence = (
        f"{low:.3g} to {high:.3g} px give the same tracks; {suggested:g} px suggested: "
        f"{ambiguous:.0%} of links are ambiguous."
    )
    return RadiusAdvice(curve, plateau, suggested, sentence)


def _plateau(curve: pd.DataFrame, tolerance: float) -> tuple[float, float] | None:
    """Return the range of radii with a flat number of tracks whose ratio is largest."""
    radius, n_tracks = curve[RADIUS_PX].to_numpy(), curve[N_TRACKS].to_numpy()
    # The curve is also flat where almost nothing is linked; that does not count.
    is_linked = curve[LINKED_SHARE].to_numpy() >= 0.5
    best: tuple[float, float] | None = None
    for low in np.flatnonzero(is_linked):
        high = np.flatnonzero(n_tracks[low] - n_tracks[low:] <= tolerance)[-1] + low
        longer = best is None or radius[high] / radius[low] > best[1] / best[0] * (1 + 1e-9)
        if high > low + 1 and longer:
            best = float(radius[low]), float(radius[high])
    return best
