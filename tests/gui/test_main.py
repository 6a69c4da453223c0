from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from napari.layers import Image, Labels, Tracks
from napari.utils.notifications import notification_manager

from napari_celltrack.batch import find_inputs, run_files
from napari_celltrack.gui.__main__ import open_paths
from napari_celltrack.gui.session import session_of
from napari_celltrack.gui.show_result import SAVED_CELLS, SAVED_TRACKS
from napari_celltrack.input import FrameRange, Input
from napari_celltrack.recipe import Recipe
from napari_celltrack.sample_data import calcium_movie, dividing_nuclei


@pytest.fixture
def movie_file(tmp_path: Path) -> Path:
    """Return a made movie of 6 frames in a file."""
    path = tmp_path / "made.tif"
    dividing_nuclei(6, (128, 160), 8, n_divisions=0).save(path)
    return path


def run(recipe: Recipe, movie_file: Path, out: Path) -> Path:
    """Run a recipe as the command does, and return the folder of the result."""
    for _ in run_files(recipe, find_inputs([movie_file]), out):
        pass
    return out / movie_file.stem


def told_since(n_before: int) -> list[str]:
    """Return the notifications since there were so many."""
    return [told.message for told in notification_manager.records[n_before:]]


def test_files_are_opened_and_a_bad_one_is_one_sentence(
    viewer, movie_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "bad.tif").write_text("no image")
    n_before = len(notification_manager.records)
    open_paths(viewer, [str(movie_file), str(tmp_path / "bad.tif"), str(movie_file)])
    assert [type(layer) for layer in viewer.layers] == [Image, Image]
    (sentence,) = told_since(n_before)
    assert sentence.startswith("bad.tif ")


@pytest.mark.window
def test_result_shows_its_movie_cells_and_tracks_with_its_recipe(
    viewer, movie_file: Path, tmp_path: Path
) -> None:
    recipe = Recipe(input=Input(frames=FrameRange(start=1, step=2)))
    folder = run(recipe, movie_file, tmp_path / "out")
    n_before = len(notification_manager.records)
    open_paths(viewer, [str(folder)])
    assert told_since(n_before) == []
    image, cells, tracks = viewer.layers
    assert (type(image), type(cells), type(tracks)) == (Image, Labels, Tracks)
    assert session_of(viewer).recipe == recipe
    assert session_of(viewer).layer is image
    objects = pd.read_csv(folder / "objects.csv")
    assert len(tracks.data) == (objects["track_id"] > 0).sum()
    # Where a track says that there is a cell, there is one in the labels, in the world's places.
    for row in tracks.data:
        world = tracks.data_to_world(row[1:])
        t, y, x = (round(float(index)) for index in cells.world_to_data(world))
        assert np.asarray(cells.data[t])[y, x] > 0
    assert cells.extent.world[:, 0].tolist() == [300.0, 1500.0]  # frames 1, 3, 5


def test_a_folder_of_one_result_is_that_result_and_of_many_is_asked_back(
    viewer, movie_file: Path, tmp_path: Path
) -> None:
    run(Recipe(), movie_file, tmp_path / "out")
    open_paths(viewer, [str(tmp_path / "out")])
    assert len(viewer.layers) == 3
    other = movie_file.with_name("other.tif")
    other.write_bytes(movie_file.read_bytes())
    for _ in run_files(Recipe(), find_inputs([movie_file, other]), tmp_path / "both"):
        pass
    n_before = len(notification_manager.records)
    open_paths(viewer, [str(tmp_path / "both")])
    (sentence,) = told_since(n_before)
    assert "made, other" in sentence
    assert len(viewer.layers) == 3


def test_result_of_one_channel_works_on_its_layer(viewer, tmp_path: Path) -> None:
    calcium_movie(3, (96, 96), 5).save(tmp_path / "two.tif")
    recipe = Recipe(input=Input(channel=1))
    open_paths(viewer, [str(run(recipe, tmp_path / "two.tif", tmp_path / "out"))])
    session = session_of(viewer)
    assert session.layer is viewer.layers[1]
    # The channel is that of the file, also beside a layer that shows no other.
    assert session.recipe.input.channel == 1
    assert session.movie.channels == ("0", "1")
    assert session.movie is not None


def test_result_whose_movie_or_files_are_gone_is_one_sentence(
    viewer, movie_file: Path, tmp_path: Path
) -> None:
    # It has a content of its own: one of the same content in a folder near by would be taken.
    dividing_nuclei(6, (96, 160), 5, n_divisions=0).save(movie_file)
    folder = run(Recipe(), movie_file, tmp_path / "out")
    movie_file.unlink()
    n_before = len(notification_manager.records)
    open_paths(viewer, [str(folder)])
    (folder / "run.json").write_text("[]")
    open_paths(viewer, [str(folder)])
    moved, broken = told_since(n_before)
    assert "made.tif" in moved
    assert "run.json" in broken
    # What the first one saved is shown without its movie.
    assert [layer.name for layer in viewer.layers] == [SAVED_CELLS, SAVED_TRACKS]
