"""The motion that all cells share: that of the stage or of the whole tissue."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from napari_celltrack.link.candidates import Pairs
from napari_celltrack.link.detections import Detections

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]

#: Cells per frame that are needed to tell drift from chance.
MIN_CELLS = 10
#: Standard errors that a drift must exceed.
MIN_ERRORS = 4.0


def common_drift(detections: Detections, pairs: Pairs) -> Floats:
    """Measure how far all cells have moved together, by the median step of mutual neighbours.

    A step of fewer than :data:`MIN_CELLS` cells, or one that chance explains, counts as none.

    Parameters
    ----------
    detections : Detections
        The objects.
    pairs : Pairs
        Candidates from each frame to the next.

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
    for t in np.flatnonzero(np.diff(starts) >= MIN_CELLS).tolist():
        here = steps[starts[t] : starts[t + 1]]
        median = np.median(here, axis=0)
        error = 1.2533 * 1.4826 * np.median(np.abs(here - median), axis=0) / np.sqrt(len(here))
        if (median**2).sum() > MIN_ERRORS**2 * (error**2).sum():
            drift[t] = median
    return np.cumsum(drift, axis=0)


def _mutual_nearest(pairs: Pairs, n_objects: int) -> Ids:
    """Return the pairs that are each other's nearest, by frame."""
    nearest = np.ones(len(pairs), bool)
    for end in (pairs.before, pairs.after):
        least = np.full(n_objects, np.inf)
        np.minimum.at(least, end, pairs.distance_px)
        nearest &= pairs.distance_px == least[end]
    return np.flatnonzero(nearest)
