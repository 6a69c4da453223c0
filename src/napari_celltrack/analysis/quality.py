"""Where tracking may have failed, and why: each unexpected event, with numbers.

A track that begins or ends inside the movie and the field may be a mistake;
:mod:`napari_celltrack.analysis.breaks` explains each. Here are unusual steps, areas and
intensities, and links with an almost equal alternative.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_celltrack.analysis.breaks import Event, find_breaks
from napari_celltrack.analysis.linked_objects import LinkedObjects
from napari_celltrack.tables import (
    AREA_PX2,
    EVENT_COLUMNS,
    FRAME,
    KIND,
    LINK_MARGIN,
    OTHER_TRACK_ID,
    REASON,
    SEVERITY,
    TRACK_ID,
    X_PX,
    Y_PX,
    as_table,
)
from napari_celltrack.text import plural

#: A step is a jump, and a change of area or brightness is sudden, at this many times the usual.
_SUDDEN_STEP, _SUDDEN_RATIO = 3.0, 1.6
#: A step below this share of the search radius is never a jump.
_LEAST_SHARE = 0.15
#: If at least this many cells, and most of a frame, change at once, the frame is the cause.
_FEW_CELLS = 3
#: A link is doubtful if an alternative was less than this many typical steps worse.
_DOUBTFUL_MARGIN = 1.7
#: A track of at most this many frames inside the movie is more likely a mistake than a cell.
_SHORT_FRAMES = 2


def find_events(
    objects: pd.DataFrame,
    parents: Mapping[int, int],
    frames: Sequence[int],
    shape_px: tuple[int, int],
    *,
    max_distance_px: float,
    max_gap_frames: int = 0,
    drift_px: npt.NDArray[np.float64] | None = None,
) -> pd.DataFrame:
    """List the unexpected events of tracks, most severe first.

    Parameters
    ----------
    objects : DataFrame
        Linked objects: `frame` (true indices), `track_id`, `y_px`, `x_px`, `area_px2`,
        `link_distance_px`, `link_margin`, and any intensity columns.
    parents : mapping of int to int
        From a daughter's track id to its mother's.
    frames : sequence of int
        True indices of the frames that were linked, empty ones included.
    shape_px : (int, int)
        Height and width of the field.
    max_distance_px, max_gap_frames : float, int
        The limits of the linker.
    drift_px : ndarray, shape (n_frames, 2), float64, optional
        Common motion (y, x) that was subtracted before linking.

    Returns
    -------
    DataFrame
        One row per event, columns of :data:`~napari_celltrack.tables.EVENT_COLUMNS`, by falling
        severity, then frame.
    """
    linked = LinkedObjects(
        objects,
        parents,
        frames,
        shape_px,
        limit=max_distance_px,
        max_gap=max_gap_frames,
        drift_px=drift_px,
    )
    events = [
        event
        for find in (find_breaks, _gaps, _jumps, _swap_risks, _changes, _short_tracks)
        for event in find(linked)
    ]
    rows = np.array([event.row for event in events], np.int64)
    columns: dict[str, npt.NDArray[Any]] = {
        name: objects[name].to_numpy()[rows] for name in (FRAME, TRACK_ID, Y_PX, X_PX)
    }
    # As objects: numpy's own strings all take the memory of the longest, four bytes per letter.
    columns[KIND] = np.array([event.kind for event in events], object)
    columns[OTHER_TRACK_ID] = np.array([event.other for event in events], np.int64)
    columns[SEVERITY] = np.round(np.array([event.severity for event in events], np.float64), 3)
    columns[REASON] = np.array([event.reason for event in events], object)
    del events
    kinds = columns[KIND].astype(np.str_)
    order = np.lexsort((kinds, columns[TRACK_ID], columns[FRAME], -columns[SEVERITY]))
    del kinds
    for name in columns:
        columns[name] = columns[name][order]
    return as_table(columns, EVENT_COLUMNS)


def _gaps(linked: LinkedObjects) -> Iterator[Event]:
    """Yield the links that skip frames."""
    rows = np.flatnonzero(linked.previous >= 0)
    n_missing = linked.frame[rows] - linked.frame[linked.previous[rows]] - 1
    first = linked.frame[rows] - n_missing
    by_gap: dict[tuple[int, int], list[int]] = {}
    for at in np.flatnonzero(n_missing > 0).tolist():
        by_gap.setdefault((int(first[at]), int(n_missing[at])), []).append(int(rows[at]))
    for (start, length), across in by_gap.items():
        gap = range(start, start + length)
        where = f"frame {linked.names[gap[0]]}"
        if length > 1:
            where = f"frames {linked.names[gap[0]]} to {linked.names[gap[-1]]}"
        is_empty = not any(len(linked.rows_in(frame)) for frame in gap)
        if is_empty and len(across) >= _FEW_CELLS:
            # One event for the empty frames is more useful than one for each cell.
            reason = f"gap: no cells in {where}, {len(across)} tracks are bridged over it"
            yield Event(across[0], "gap", reason, 0.9)
            continue
        for row in across:
            reason = (
                f"gap: missing from the mask in {where}, bridged over {linked.step[row]:.1f} px"
            )
            yield Event(row, "gap", reason, 0.4)


def _jumps(linked: LinkedObjects) -> Iterator[Event]:
    """Yield steps much longer than the cell's usual step and those of other cells in the frame."""
    rows = np.flatnonzero((linked.previous >= 0) & np.isfinite(linked.step))
    if not len(rows):
        return
    steps = pd.Series(linked.step[rows])
    own = steps.groupby(linked.track[rows]).transform("median").to_numpy()
    others = steps.groupby(linked.frame[rows]).transform("median").to_numpy()
    usual = np.maximum.reduce([own, others, np.full(len(rows), linked.typical_step)])
    share = steps.to_numpy() / linked.limit
    # Among cells that hardly move, a step of a pixel is far longer than usual but not a jump.
    is_jump = (steps.to_numpy() > _SUDDEN_STEP * usual) & (share > _LEAST_SHARE)
    for index in np.flatnonzero(is_jump):
        ratio = float(steps[index] / usual[index])
        reason = (
            f"jump: {steps[index]:.1f} px in a step, where it moves {own[index]:.1f} "
            f"and others {others[index]:.1f}"
        )
        severity = min(1.0, 0.3 + 0.1 * ratio) * min(1.0, 0.4 + float(share[index]))
        yield Event(int(rows[index]), "jump", reason, severity)


def _swap_risks(linked: LinkedObjects) -> Iterator[Event]:
    """Yield links with an almost equal alternative."""
    margin = linked.objects[LINK_MARGIN].to_numpy(np.float64)
    for row in np.flatnonzero(margin < _DOUBTFUL_MARGIN):
        worse = max(float(margin[row]), 0.0)
        reason = f"swap risk: another link was only {worse:.2f} typical steps worse"
        yield Event(int(row), "swap risk", reason, 0.95 - 0.65 * worse / _DOUBTFUL_MARGIN)


def _changes(linked: LinkedObjects) -> Iterator[Event]:
    """Yield sudden changes of area and of the first measured intensity."""
    mean = [name for name in linked.objects.columns if name.endswith("_mean")][:1]
    for kind, column in [("area", AREA_PX2), *(("intensity", name) for name in mean)]:
        values = linked.objects[column].to_numpy(np.float64)
        rows = np.flatnonzero(linked.previous >= 0)
        before, now = values[linked.previous[rows]], values[rows]
        ratio = np.full(len(rows), 1.0)
        known = (before > 0) & (now > 0) & np.isfinite(before) & np.isfinite(now)
        np.divide(now, before, out=ratio, where=known)
        size = np.abs(np.log(ratio))
        # If everything changes, by bleaching or growth, only larger changes are unusual.
        usual = 1.4826 * float(np.median(size)) if len(size) else 0.0
        changed = size > max(np.log(_SUDDEN_RATIO), 6 * usual)
        frames = linked.frame[rows]
        for frame in np.unique(frames[changed]).tolist():
            here = frames == frame
            n_changed = int(changed[here].sum())
            if n_changed < _FEW_CELLS or 2 * n_changed <= here.sum():
                continue
            # One event for the frame is more useful than one for each of its cells.
            row = int(rows[here & changed][0])
            reason = f"{kind} of {n_changed} of {here.sum()} cells changes in one step: look at"
            yield Event(row, kind, f"{reason} frame {linked.names[frame]} as a whole", 0.9)
            changed &= ~here
        for index in np.flatnonzero(changed):
            values_ = f"from {before[index]:.4g} to {now[index]:.4g}"
            reason = f"{kind} changes {values_} in one step"
            yield Event(int(rows[index]), kind, reason, min(0.9, 0.3 + 0.3 * float(size[index])))


def _short_tracks(linked: LinkedObjects) -> Iterator[Event]:
    """Yield tracks that are too short to be a cell, unless the movie or the border cuts them."""
    last = len(linked.names) - 1
    firsts = np.flatnonzero((linked.previous < 0) & (linked.track > 0) & (linked.frame > 0))
    for row in firsts.tolist():
        length, end = 1, row
        while linked.next[end] >= 0 and length <= _SHORT_FRAMES:
            end, length = int(linked.next[end]), length + 1
        is_whole = length <= _SHORT_FRAMES and linked.frame[end] < last
        is_mother = int(linked.track[row]) in linked.mothers
        if is_whole and not is_mother and not linked.is_at_border[row]:
            reason = f"seen in {length} {plural(length, 'frame')} only"
            yield Event(row, "short", reason, 0.5)
