"""Detections, the input of a linker: where and when each object was detected."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_celltrack.tables import FRAME, LABEL, X_PX, Y_PX

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]
Places = npt.NDArray[np.complex128]
Scalar = TypeVar("Scalar", bound=np.generic)

#: Stands for no row, in arrays of rows.
NONE = -1


@dataclass(frozen=True)
class Detections:
    """Objects sorted by frame, then place, so that links do not depend on the order of the table.

    Parameters
    ----------
    place : ndarray, shape (n_objects,), complex128
        Places y + xi in px; indexing one array is faster than indexing two.
    frame : ndarray, shape (n_objects,), int64
        Frame of each object, 0 to `n_frames` - 1.
    n_frames : int
        Length of the movie, empty frames included.
    order : ndarray, shape (n_objects,), int64
        Row of each object in the caller's table.
    """

    place: Places
    frame: Ids
    n_frames: int
    order: Ids

    @classmethod
    def read(cls, objects: pd.DataFrame, n_frames: int) -> Detections:
        """Read the objects from a table.

        Parameters
        ----------
        objects : DataFrame
            With `frame`, `y_px` and `x_px`; `label` sorts objects at the same place.
        n_frames : int
            Length of the movie.
        """
        place = as_complex(objects[[Y_PX, X_PX]].to_numpy(np.float64))
        frame = objects[FRAME].to_numpy(np.int64)
        label = objects[LABEL].to_numpy(np.int64) if LABEL in objects else np.zeros_like(frame)
        order = _by_time(place, frame, label)
        return cls(place[order], frame[order], n_frames, order)

    def __len__(self) -> int:
        return len(self.frame)

    def without(self, drift_px: Floats) -> Detections:
        """Return the detections with a drift, shape (n_frames, 2), subtracted."""
        return replace(self, place=self.place - as_complex(drift_px)[self.frame])

    def starts(self) -> Ids:
        """Return the first row of each frame, then the number of rows, shape (n_frames + 1,)."""
        return np.searchsorted(self.frame, np.arange(self.n_frames + 1)).astype(np.int64)

    def in_callers_order(self, values: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        """Return values of the objects in the order of the table that they were read from."""
        back = np.empty_like(values)
        back[self.order] = values
        return back


def as_complex(position: Floats) -> Places:
    """Return places (y, x), shape (n, 2), as y + xi, shape (n,)."""
    return np.ascontiguousarray(position, np.float64).view(np.complex128)[:, 0]


def squared(steps: Places) -> Floats:
    """Return the squared lengths of steps, shape (n,)."""
    lengths: Floats = steps.real**2 + steps.imag**2
    return lengths


def _by_time(place: Places, frame: Ids, label: Ids) -> Ids:
    y_px = place.real
    reach = float(np.ptp(y_px)) + 1 if len(y_px) else 1.0
    key = frame * reach + (y_px - y_px.min(initial=np.inf))
    order = np.argsort(key).astype(np.int64)
    # Sorting by one key is several times faster than by four, but rounding may make two equal.
    if (np.diff(key[order]) > 0).all():
        return order
    return np.lexsort((label, place.imag, y_px, frame)).astype(np.int64)
