"""Why a track begins or ends in the middle of a movie."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from napari_celltrack.analysis.linked_objects import LinkedObjects, Neighbours
from napari_celltrack.text import plural

#: One mask over two cells has at least this share of their total area.
_MERGED_AREA = 0.75
#: Number of frames, back and ahead, in which a missing cell is searched.
_LOOK_FRAMES = 5


@dataclass(frozen=True, slots=True)
class Event:
    """One place where tracking may have failed.

    Parameters
    ----------
    row : int
        Row of the object at which it is shown.
    kind : str
        `start`, `end`, `merge`, `split`, `gap`, `jump`, `swap risk`, `area`, `intensity`, `short`.
    reason : str
        Why, in words and numbers.
    severity : float
        From 0 (most likely right) to 1 (most likely a mistake).
    other : int
        Track id of the other cell that is involved, 0 for none.
    """

    row: int
    kind: str
    reason: str
    severity: float
    other: int = 0


@dataclass(frozen=True)
class _Break:
    """The end of a track (`ahead` is 1) or its start (`ahead` is -1).

    `near` is the nearest object in the frame where the cell should be, or -1 in an empty frame;
    `around` finds the other objects near it.
    """

    row: int
    ahead: int
    frame: int
    near: int
    distance: float
    around: Neighbours

    @property
    def kind(self) -> str:
        return "end" if self.ahead == 1 else "start"

    def event(self, reason: str, severity: float, other: int = 0) -> Event:
        verb = "ends" if self.ahead == 1 else "begins"
        return Event(self.row, self.kind, f"{verb}: {reason}", severity, other)


def find_breaks(linked: LinkedObjects) -> Iterator[Event]:
    """Explain tracks that begin after the movie does, or end before it."""
    last = len(linked.names) - 1
    ends = (linked.next < 0) & (linked.frame < last)
    starts = (linked.previous < 0) & (linked.frame > 0)
    for ahead, loose, family in ((1, ends, linked.mothers), (-1, starts, linked.parents)):
        broken = loose & (linked.track > 0) & ~np.isin(linked.track, list(family))
        for frame in np.unique(linked.frame[broken]).tolist():
            rows = linked.rows_in(frame)
            rows = rows[broken[rows]]
            around = Neighbours(linked, rows)
            for row in rows.tolist():
                distance, near = around.nearest(row, frame + ahead)
                place = _Break(row, ahead, frame + ahead, near, distance, around)
                yield next(event for explain in _EXPLAIN if (event := explain(linked, place)))


def _empty_frame(linked: LinkedObjects, place: _Break) -> Event | None:
    if place.near >= 0:
        return None
    return place.event(f"frame {linked.names[place.frame]} is empty", 0.9)


def _shared_mask(linked: LinkedObjects, place: _Break) -> Event | None:
    """Find one mask over the cell and a neighbour of it: forwards a merge, backwards a split."""
    row = place.row
    # The centre of the common mask is off by up to the size of the other cell.
    for near in place.around.within_reach(row, place.frame):
        rival = linked.link_of(near, -place.ahead)
        if rival < 0 or linked.frame[rival] != linked.frame[row]:
            continue
        own, its, whole = linked.area[row], linked.area[rival], linked.area[near]
        if whole < _MERGED_AREA * (own + its) or whole < 1.25 * max(own, its):
            continue
        other = int(linked.track[near])
        if place.ahead == 1:
            areas = f"{whole:.0f} px² where two cells had {own:.0f} and {its:.0f}"
            return Event(
                row, "merge", f"merged with track {other}: one mask of {areas}", 0.9, other
            )
        before = f"track {other} had one mask of {whole:.0f} px² before"
        reason = f"split off: {before}, now two of {own:.0f} and {its:.0f}"
        return Event(row, "split", reason, 0.9, other)
    return None


def _through_border(linked: LinkedObjects, place: _Break) -> Event | None:
    is_free = place.distance <= linked.limit and not linked.is_taken(place.near, place.ahead)
    if is_free or not linked.is_at_border[place.row]:
        return None
    way = "left" if place.ahead == 1 else "came in"
    return place.event(f"{way} through the border", 0.1)


def _taken(linked: LinkedObjects, place: _Break) -> Event | None:
    if place.distance > linked.limit:
        return None
    rival = linked.link_of(place.near, -place.ahead)
    if rival < 0 or linked.frame[rival] != linked.frame[place.row]:
        return None
    other = int(linked.track[place.near])
    nearer = place.distance - linked.distance(rival, place.near)
    how = f"{abs(nearer):.1f} px {'nearer' if nearer >= 0 else 'farther'}"
    reason = f"nearest cell {place.distance:.1f} px away taken by track {other}, {how}"
    return place.event(reason, 0.7, other)


def _unlinked(linked: LinkedObjects, place: _Break) -> Event | None:
    if place.distance > linked.limit:
        return None
    other, word = int(linked.track[place.near]), "after" if place.ahead == 1 else "before"
    where = f"{place.distance:.1f} px away {word}, within limit {linked.limit:.3g}"
    return place.event(f"track {other} is {where}, unlinked", 0.8, other)


def _missing_masks(linked: LinkedObjects, place: _Break) -> Event | None:
    """Find the cell again some frames later, as a track without a link at that end."""
    for n_missing in range(1, _LOOK_FRAMES + 1):
        frame = int(linked.frame[place.row]) + place.ahead * (n_missing + 1)
        if not 0 <= frame < len(linked.names):
            return None
        distance, near = place.around.nearest(place.row, frame)
        if distance > linked.limit or linked.is_taken(near, place.ahead):
            continue
        other, word = int(linked.track[near]), "after" if place.ahead == 1 else "before"
        if other != linked.track[place.row]:
            frames = f"{n_missing} {plural(n_missing, 'frame')}"
            reason = (
                f"missing from the mask for {frames} {word}, then track {other} is "
                f"{distance:.1f} px away; gap limit {linked.max_gap}"
            )
            return place.event(reason, 0.8, other)
    return None


def _too_far(linked: LinkedObjects, place: _Break) -> Event | None:
    if place.distance > 2 * linked.limit or linked.is_taken(place.near, place.ahead):
        return None
    reason = f"nearest cell {place.distance:.1f} px away, limit {linked.limit:.3g}"
    return place.event(reason, 0.9, int(linked.track[place.near]))


def _lost(linked: LinkedObjects, place: _Break) -> Event:
    word = "after" if place.ahead == 1 else "before"
    where = f"no mask within {linked.limit:.3g} px {word} (nearest {place.distance:.1f})"
    return place.event(f"lost in segmentation, {where}", 0.6)


#: Explanations of why a track ends or begins; the first that fits is used.
_EXPLAIN = (
    _empty_frame,
    _shared_mask,
    _through_border,
    _taken,
    _unlinked,
    _missing_masks,
    _too_far,
    _lost,
)
