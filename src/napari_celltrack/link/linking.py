"""What a linker answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Linking:
    """Which objects are one cell.

    Parameters
    ----------
    track_id : ndarray, shape (n_objects,), int64
        In the order of the rows that were linked; ids 1..n_tracks without holes, at most once a
        frame.
    parents : mapping of int to int
        From a daughter's track id to its mother's; tracks without a mother are not in it.
    """

    track_id: npt.NDArray[np.int64]
    parents: Mapping[int, int] = field(default_factory=dict)
