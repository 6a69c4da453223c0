"""Track ids and parents from the predecessor of each object."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from napari_celltrack.link.detections import NONE

Ids = npt.NDArray[np.int64]


def tracks_of(previous: Ids, mother: Ids, frame: Ids) -> tuple[Ids, dict[int, int]]:
    """Return track ids and parents.

    Parameters
    ----------
    previous : ndarray, shape (n_objects,), int64
        Row of the same cell's last detection, -1 where there is none. Rows in the order of
        :class:`~napari_celltrack.link.detections.Detections`.
    mother : ndarray, shape (n_objects,), int64
        Row of the mother's last detection, for the first detection of a daughter; -1 elsewhere.
    frame : ndarray, shape (n_objects,), int64
        Frame of each object.

    Returns
    -------
    track_id : ndarray, shape (n_objects,), int64
        From 1 without holes, by first frame, then place; at most once per frame.
    parents : dict of int to int
        From a daughter's id to its mother's.
    """
    rows = np.arange(len(previous), dtype=np.int64)
    linked = previous >= 0
    assert (frame[previous[linked]] < frame[linked]).all(), "a link leads forward in time"
    assert np.bincount(previous[linked]).max(initial=0) <= 1, "a cell goes on as one"
    first = np.where(linked, previous, rows)
    while (first[first] != first).any():
        first = first[first]
    number = np.cumsum(~linked)
    track_id = number[first].astype(np.int64)
    born = np.flatnonzero(mother >= 0)
    parents = dict(zip(track_id[born].tolist(), track_id[mother[born]].tolist(), strict=True))
    return track_id, parents


def following(previous: Ids) -> Ids:
    """Return the row that follows each row, -1 where its track ends.

    Parameters
    ----------
    previous : ndarray, shape (n_objects,), int64
        Row of the last detection, or -1.

    Returns
    -------
    ndarray, shape (n_objects,), int64
    """
    next_ = np.full(len(previous), NONE, np.int64)
    linked = np.flatnonzero(previous >= 0)
    next_[previous[linked]] = linked
    return next_
