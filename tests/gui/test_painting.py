"""Cells are painted in movies of any dimensions, and what was painted is counted."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_celltrack.gui.layers import movie_layers
from napari_celltrack.gui.session import session_of

#: Number of entries of each dimension.
LENGTHS = {"T": 3, "C": 2, "Z": 4, "Y": 96, "X": 96}
PAINTED = 77


@pytest.fixture
def model(qtbot, lane_threads, recipe):
    model = ViewerModel()
    session_of(model).set_recipe(recipe)
    session_of(model).watch("cells")
    yield model
    session_of(model).open_layer(None)
    qtbot.waitUntil(lambda: not lane_threads(), timeout=60_000)


@pytest.fixture(
    params=["TYX", "YX", "TZYX", "CTYX", "TCZYX", "TZCYX", "CTZYX", "ZTCYX", "CZTYX", "ZCTYX"]
)
def cells(request, model, scene, qtbot):
    """Return the layer over a movie of some axes, in the last frame, plane and channel."""
    axes = request.param
    session = session_of(model)
    shape = [LENGTHS[axis] for axis in axes]
    at = [LENGTHS[axis] if axis in "TYX" else 1 for axis in axes]
    pixels = np.broadcast_to(scene[: LENGTHS["T"] if "T" in axes else 1].reshape(at), shape)
    session.update(input=session.recipe.input.replace(axes=axes))
    session.open_layer(model.add_image(pixels))
    for dimension in range(len(axes) - 2):
        model.dims.set_current_step(dimension, shape[dimension] - 1)
    n_frames = shape[axes.index("T")] if "T" in axes else 1
    qtbot.waitUntil(
        lambda: session.found is not None and session.found.frame == n_frames - 1, timeout=60_000
    )
    return movie_layers.cells_layer(model)


def test_what_is_painted_is_corrected_and_can_be_undone(model, cells, qtbot) -> None:
    session = session_of(model)
    frame, n_found = session.frame, session.found.n_cells
    at = model.dims.current_step[:-2]
    cells.paint((*at, 85, 85), PAINTED)
    qtbot.waitUntil(lambda: session.corrected_frames == {frame}, timeout=10_000)
    qtbot.waitUntil(lambda: session.found.n_cells == n_found + 1, timeout=60_000)
    painted = movie_layers.frame_of_cells(cells, frame) == PAINTED
    assert painted[85, 85]
    assert painted.sum() > 10
    # It is the same in all planes and channels, and in no other frame.
    others = np.delete(cells.metadata["napari_celltrack"]["frames"], frame, axis=0)
    assert not (others == PAINTED).any()
    np.testing.assert_array_equal(
        np.argwhere((np.asarray(cells.data) == PAINTED).reshape(-1, 96, 96).any(axis=0)),
        np.argwhere(painted),
    )
    np.testing.assert_array_equal(cells.data[at] == PAINTED, painted)
    cells.undo()
    qtbot.waitUntil(lambda: session.found.n_cells == n_found, timeout=60_000)
    assert not (np.asarray(cells.data) == PAINTED).any()


def test_background_is_filled_and_emptied_again(model, cells) -> None:
    at = model.dims.current_step[:-2]
    background = np.asarray(cells.data[at]) == 0
    cells.fill((*at, 5, 5), PAINTED)
    np.testing.assert_array_equal(np.asarray(cells.data[at]) == PAINTED, background)
    cells.fill((*at, 5, 5), 0)
    np.testing.assert_array_equal(np.asarray(cells.data[at]) == 0, background)
