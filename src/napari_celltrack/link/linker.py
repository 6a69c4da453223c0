"""What a linker promises, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_celltrack.tables import (
    LINK_COST_PX,
    LINK_DISTANCE_PX,
    LINK_MARGIN,
    N_CANDIDATES,
    TRACK_ID,
)

Floats = npt.NDArray[np.float64]


class LinkMethod(Protocol):
    """Links the objects of all frames to tracks; the fields of the class are its parameters.

    A method need not name this protocol: whoever has the attributes is one. Time is counted in
    frames that were linked, 0 to `n_frames` - 1, whatever their true indices are. The answer
    depends neither on the order of the rows nor on anything but the arguments and the fields.
    """

    @property
    def max_distance_px(self) -> float:
        """The farthest a cell may move from one detection to the next."""
        ...

    @property
    def max_gap_frames(self) -> int:
        """Frames in a row in which a cell may be missing before its track ends."""
        ...

    @property
    def needs_overlaps(self) -> bool:
        """Whether the overlaps of masks would change the answer; finding them takes time."""
        ...

    def __call__(
        self, objects: pd.DataFrame, n_frames: int, overlaps: pd.DataFrame | None = None
    ) -> Linking:
        """Link objects to tracks.

        Parameters
        ----------
        objects : DataFrame
            With `frame` (0 to `n_frames` - 1), `y_px` and `x_px`, in any order of rows; all other
            columns of the object table may be there: areas, intensities, labels. Drift that was
            found in the images is taken out. Not to be written to.
        n_frames : int
            Length of the movie, empty frames included.
        overlaps : DataFrame, optional
            `frame`, `label_before`, `label` and `overlap_px` of the masks of consecutive frames;
            given where :attr:`needs_overlaps` asks for it and there is more than one mask.

        Returns
        -------
        Linking
            In the order of the rows.

        Raises
        ------
        CelltrackError
            If these objects cannot be linked with these parameters.
        """
        ...


@dataclass(frozen=True)
class Linking:
    """Which objects are one cell, and how sure that is.

    Arrays are in the order of the rows that were linked. A row's link is the one that leads to
    it, from the cell's last detection or, for a daughter, from the mother's.

    Parameters
    ----------
    track_id : ndarray, shape (n_objects,), int64
        Ids 1..n_tracks without holes, at most once a frame.
    distance_px : ndarray, shape (n_objects,), float64
        Length of the row's link, beside the drift if that was taken out; NaN where a track
        begins without a mother.
    cost : ndarray, shape (n_objects,), float64
        What the linker counted for the row's link, in px: the distance, unless motion or looks
        count as well; NaN without a link.
    margin : ndarray, shape (n_objects,), float64
        How much worse the best alternative to the row's link was (to link another object, to
        exchange partners with another link, or not to link): the root of the difference of the
        squared costs, in typical steps. Below about 1.7 is doubtful, below 0 is against the
        cost; NaN without a link.
    n_candidates : ndarray, shape (n_objects,), int64
        Objects of the frame before that the row could have been linked from.
    parents : mapping of int to int
        From a daughter's track id to its mother's; tracks without a mother are not in it.
    drift_px : ndarray, shape (n_frames, 2), float64, optional
        Common motion (y, x) since the first frame that was taken out before linking.
    """

    track_id: npt.NDArray[np.int64]
    distance_px: Floats
    cost: Floats
    margin: Floats
    n_candidates: npt.NDArray[np.int64]
    parents: Mapping[int, int] = field(default_factory=dict)
    drift_px: Floats | None = None

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """Return what is kept of each row in the object table, by column."""
        return {
            TRACK_ID: self.track_id,
            LINK_DISTANCE_PX: self.distance_px,
            LINK_COST_PX: self.cost,
            LINK_MARGIN: self.margin,
            N_CANDIDATES: self.n_candidates,
        }
