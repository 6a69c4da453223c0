"""A track has the same colour in a plot as in the layer of tracks."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Tracks

from napari_celltrack.plots import track_colours


@pytest.mark.parametrize("ids", [[1, 2, 3, 4], [1, 5, 6, 40, 41], [7]])
def test_colours_are_those_of_the_layer(ids) -> None:
    rows = [(track, frame, 10 * track, 5 * frame) for track in ids for frame in range(3)]
    layer = Tracks(np.array(rows, float), color_by="track_id", colormap="turbo")
    first = [3 * index for index in range(len(ids))]
    np.testing.assert_allclose(
        track_colours(ids, ids)[:, :3], layer.track_colors[first][:, :3], atol=1e-6
    )
