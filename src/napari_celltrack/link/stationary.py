"""Cells that stay where they are: found once, they need no search for partners."""

from __future__ import annotations

import numpy as np
import pandas as pd

from napari_celltrack.link.linker import Linking
from napari_celltrack.tables import FRAME, LABEL


def link_still(objects: pd.DataFrame) -> Linking:
    """Take the objects of one label in all frames as one track.

    Parameters
    ----------
    objects : DataFrame
        With `frame` and `label`, sorted by frame; labels 1..n, the same masks in every frame.

    Returns
    -------
    Linking
        The track id is the label. Every link is 0 px long; its margin is NaN, as there was
        nothing to compare it with.
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
