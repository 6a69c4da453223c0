"""A result whose movie is not found: shown without it, and with it once somebody has found it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import tifffile
from napari.layers import Labels, Tracks
from napari.utils.notifications import Notification, notification_manager
from qtpy.QtWidgets import QFileDialog

from napari_celltrack.batch import RunOptions, find_inputs, run_files
from napari_celltrack.gui.__main__ import open_paths
from napari_celltrack.gui.session import session_of
from napari_celltrack.gui.show_result import SAVED_CELLS, SAVED_TRACKS
from napari_celltrack.recipe import Recipe
from scenes import moving_disks


@pytest.fixture
def result(tmp_path: Path) -> Path:
    """Return the result of a movie that was put away, far from it."""
    images = tmp_path / "images"
    images.mkdir()
    metadata = {"axes": "TYX", "finterval": 30, "unit": "um"}
    frames = moving_disks(3).astype(np.uint16)
    tifffile.imwrite(images / "a.tif", frames, imagej=True, metadata=metadata, resolution=(2, 2))
    out = tmp_path / "1" / "2" / "3" / "results"
    list(run_files(Recipe(), find_inputs([images]), out, RunOptions(n_workers=1, report=False)))
    (tmp_path / "away" / "deep").mkdir(parents=True)
    shutil.move(images / "a.tif", tmp_path / "away" / "deep" / "b.tif")
    return out / "a"


@pytest.fixture
def told():
    """Return what napari was given to say."""
    told: list[Notification] = []
    notification_manager.notification_ready.connect(told.append)
    yield told
    notification_manager.notification_ready.disconnect(told.append)


def test_cells_and_tracks_are_shown_without_it(viewer, result, told) -> None:
    open_paths(viewer, [str(result)])
    assert {layer.name: type(layer) for layer in viewer.layers} == {
        SAVED_CELLS: Labels,
        SAVED_TRACKS: Tracks,
    }
    np.testing.assert_array_equal(
        np.asarray(viewer.layers[SAVED_CELLS].data), tifffile.imread(result / "labels.tif")
    )
    assert viewer.layers[SAVED_CELLS].scale.tolist() == [30, 0.5, 0.5]
    (said,) = told
    assert "a.tif is not at" in said.message
    assert "Cells and tracks are shown without it." in said.message


def test_it_is_shown_where_it_is_found(viewer, result, told, tmp_path, monkeypatch) -> None:
    open_paths(viewer, [str(result)])
    ((label, look),) = told.pop().actions
    assert label == "Look for it…"
    chosen = str(tmp_path / "away" / "deep" / "b.tif")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (chosen, ""))
    look(None)
    assert not told
    assert [layer.name for layer in viewer.layers] == ["b", SAVED_CELLS, SAVED_TRACKS]
    assert session_of(viewer).layer is viewer.layers["b"]
    assert session_of(viewer).movie.frame_interval_s == 30


def test_a_wrong_one_is_said_to_be_wrong(viewer, result, told, tmp_path, monkeypatch) -> None:
    open_paths(viewer, [str(result)])
    ((_, look),) = told.pop().actions
    other = tmp_path / "other.tif"
    metadata = {"axes": "TYX"}
    tifffile.imwrite(other, moving_disks(3).astype(np.uint16) + 5, imagej=True, metadata=metadata)
    for path, why in ((other, "another one than when"), (result / "objects.csv", "objects.csv")):
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, p=path: (str(p), ""))
        look(None)
        assert why in told.pop().message
