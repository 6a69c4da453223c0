"""Layers of tracks of any number of dimensions.

napari takes tracks with time and at most three more dimensions, and draws those of more as well:
of all dimensions but time, it looks at those on the screen only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from napari.layers import Tracks
from napari.layers.tracks._track_utils import TrackManager
from typing_extensions import override

#: Dimensions that napari takes: time and three of space.
_MAX_NDIM = 4


def make_tracks(
    rows: npt.NDArray[np.float64],
    features: pd.DataFrame,
    graph: Mapping[int, list[int]],
    place: Mapping[str, Any],
    **looks: Any,
) -> Tracks:
    """Make a layer of tracks.

    Parameters
    ----------
    rows : ndarray, shape (n, 1 + ndim), float64
        (track_id, t, ..., y, x), sorted by track, then frame.
    features : DataFrame
        A row for each of `rows`.
    graph : mapping of int to list of int
        The mothers of each daughter.
    place : mapping
        Where the layer lies, as options of napari's layers.
    **looks
        Other options of napari's layer.

    Returns
    -------
    Tracks
    """
    if rows.shape[1] - 1 <= _MAX_NDIM:
        return Tracks(rows, features=features, graph=graph, **place, **looks)
    layer = Tracks(rows[:, [0, 1, -2, -1]], **looks)
    layer._manager = _DeepTracks(rows)
    layer.data = rows
    layer.features = features
    layer.graph = graph
    for name, value in place.items():
        setattr(layer, name, value)
    return layer


class _DeepTracks(TrackManager):
    """What a layer of tracks holds, without the limit."""

    @override
    def _validate_track_data(self, data: npt.NDArray[Any]) -> npt.NDArray[Any]:
        super()._validate_track_data(data[:, : 1 + _MAX_NDIM])
        return data
