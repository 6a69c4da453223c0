"""LinkMethod, the promise of a linker; Linking, its answer; and the linker of cells that stay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_celltrack.tables import (
    FRAME,
    LABEL,
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
    """Which objects are the same cell, and how certain that is.

    Arrays are in the order of the rows of the table. The link of a row comes from the cell's last
    detection or, for a daughter, from the mother's.

    Parameters
    ----------
    track_id : ndarray, shape (n_objects,), int64
        Ids 1..n_tracks without holes, each at most once per frame.
    distance_px : ndarray, shape (n_objects,), float64
        Length of the row's link, without the drift if that was subtracted; NaN where a track
        begins without a mother.
    cost : ndarray, shape (n_objects,), float64
        Cost of the row's link for the linker, in px: the distance, unless motion or appearance
        count as well; NaN without a link.
    margin : ndarray, shape (n_objects,), float64
        How much worse the best alternative to the row's link was (to link another object, to
        exchange partners with another link, or not to link): the root of the difference of the
        squared costs, in typical steps. A link is doubtful below about 1.7; below 0 the
        alternative costs less. NaN without a link.
    n_candidates : ndarray, shape (n_objects,), int64
        Number of objects in the frame before that the row could have been linked from.
    parents : mapping of int to int
        From a daughter's track id to its mother's; tracks without a mother are not in it.
    drift_px : ndarray, shape (n_frames, 2), float64, optional
        Common motion (y, x) since the first frame, which was subtracted before linking.
    """

    track_id: npt.NDArray[np.int64]
    distance_px: Floats
    cost: Floats
    margin: Floats
    n_candidates: npt.NDArray[np.int64]
    parents: Mapping[int, int] = field(default_factory=dict)
    drift_px: Floats | None = None

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """Return the columns that the object table keeps."""
        return {
            TRACK_ID: self.track_id,
            LINK_DISTANCE_PX: self.distance_px,
            LINK_COST_PX: self.cost,
            LINK_MARGIN: self.margin,
            N_CANDIDATES: self.n_candidates,
        }


def link_by_label(objects: pd.DataFrame) -> Linking:
    """Link cells that stay where they are: the objects of one label in all frames are one track.

    Parameters
    ----------
    objects : DataFrame
        With `frame` and `label`, sorted by frame; labels 1..n, the same masks in every frame.

    Returns
    -------
    Linking
        The track id is the label. Every link is 0 px long; its margin is NaN, as it has no
        alternative.
    """
    label = objects[LABEL].to_numpy(np.int64)
    frame = objects[FRAME].to_numpy(np.int64)
    is_linked = frame > frame.min(initial=np.iinfo(np.int64).max)
    length = np.where(is_linked, 0.0, np.nan)
    return Linking(
        track_id=label,
        distance_px=length,
        cost=length.copy(),
        margin=np.full(len(label), np.nan),
        n_candidates=is_linked.astype(np.int64),
    )
