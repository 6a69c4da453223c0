"""Files that belong together, and results opened from the dock *Batch*."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from batch_scenes import (
    Desk,
    foot,
    make_folder,
    part,
)
from napari.layers import Image
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QLineEdit, QPushButton, QTableView

from conftest import CELLS_OF_FRAME
from napari_celltrack.gui.show_result import SAVED_CELLS


@pytest.fixture
def folder(tmp_path: Path, scene) -> Path:
    """Return a folder of four movies, the last of them broken, and a text."""
    return make_folder(tmp_path / "images", scene)


@pytest.fixture
def desk(viewer, qtbot) -> Desk:
    return Desk(viewer, qtbot)


def test_a_double_click_opens_a_result_and_the_batch_keeps_its_settings(desk, folder) -> None:
    dock = desk.dock
    desk.use(folder)
    desk.run()
    recipe = dock.recipe()
    table = part(dock, QTableView, "batch_table")
    index = table.model().index(1, 0)
    table.scrollTo(index)
    where = table.visualRect(index).center()
    desk.qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=where)
    desk.qtbot.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, pos=where)
    desk.wait_for_foot("Opened the result of ctrl_2.tif.")
    assert [layer.name for layer in desk.viewer.layers][:2] == ["ctrl_2", SAVED_CELLS]
    np.testing.assert_array_equal(
        np.asarray(desk.viewer.layers[SAVED_CELLS].data),
        tifffile.imread(folder / "results" / "ctrl_2" / "labels.tif"),
    )
    assert dock.recipe() == recipe
    desk.press(0)
    desk.wait_for_foot("Opened the result of ctrl_1.tif.")
    assert "ctrl_1" in desk.viewer.layers
    desk.press(3)
    desk.qtbot.waitUntil(lambda: "drug_2.tif" in foot(dock), timeout=60_000)
    for path in (folder / "results" / "ctrl_1").glob("*"):
        path.unlink()
    desk.press(0)
    desk.wait_for_foot("ctrl_1 holds no result any more")
    assert part(dock, QLabel, "batch_foot").property("role") == "problem"


def test_a_result_with_a_broken_table_leaves_the_window_as_it_was(desk, folder) -> None:
    desk.use(folder)
    desk.run()
    recipe, layers = desk.dock.recipe(), list(desk.viewer.layers)
    table = folder / "results" / "ctrl_1" / "objects.csv"
    for text, why in (
        ("", "cannot be read"),
        ("frame,label\n0,1\n", "has no column track_id"),
        ("\x00\x01", "has no column track_id"),
    ):
        table.write_text(text, encoding="utf-8")
        desk.press(0)
        desk.wait_for_foot(f"ctrl_1/objects.csv {why}; run the recipe again.")
        assert list(desk.viewer.layers) == layers
        assert desk.dock.recipe() == recipe
        desk.dock.say("")


def test_settings_that_change_while_a_result_is_read_are_kept(desk, folder) -> None:
    desk.use(folder)
    desk.run()
    desk.press(0)
    session = desk.dock.session
    session.update(objects=session.recipe.objects.replace(min_area_px2=33))
    recipe = desk.dock.recipe()
    desk.wait_for_foot("Opened the result of ctrl_1.tif.")
    assert session.recipe.objects.min_area_px2 != 33
    assert desk.dock.recipe() == recipe


CHANNELS = ("CFP", "YFP")


@pytest.fixture
def spread(tmp_path: Path, scene) -> Path:
    """Return a folder with a folder a channel, and in each a file a time point of two movies."""
    path = tmp_path / "spread"
    for channel in CHANNELS:
        (path / channel).mkdir(parents=True)
        for cell in "ab":
            for t, frame in enumerate(scene[:2]):
                write_plane(path / channel / f"{cell}_t{t:03}.tif", frame)
    return path


def write_plane(path: Path, pixels: np.ndarray) -> None:
    tifffile.imwrite(path, pixels)


def test_files_of_one_movie_are_put_together_run_and_opened(desk, spread, scene) -> None:
    dock = desk.dock
    desk.use(spread)
    offer = part(dock, QLabel, "batch_offer")
    assert offer.text() == "8 files look like 2 movies."
    assert foot(dock).startswith("The images are in folders of spread.")
    part(dock, QPushButton, "batch_put_together").click()
    assert part(dock, QLineEdit, "batch_pattern").text() == "{channel}/{name}_t{t}.tif"
    assert not offer.isVisibleTo(dock)
    desk.wait()
    assert part(dock, QLabel, "batch_number").text() == "2 files"
    desk.run()
    assert foot(dock) == "2 of 2 files done."
    desk.press(1)
    desk.wait_for_foot("Opened the result of")
    images = {layer.name: layer for layer in desk.viewer.layers if isinstance(layer, Image)}
    assert sorted(name.split(" ")[-1].strip("()") for name in images) == list(CHANNELS)
    for image in images.values():
        np.testing.assert_array_equal(np.asarray(image.data), scene[:2])
    cells = np.asarray(desk.viewer.layers[SAVED_CELLS].data)
    assert [len(np.unique(frame)) - 1 for frame in cells] == list(CELLS_OF_FRAME[:2])


def test_nothing_is_offered_for_movies_that_are_numbered(desk, folder) -> None:
    desk.use(folder)
    assert not part(desk.dock, QLabel, "batch_offer").isVisibleTo(desk.dock)
