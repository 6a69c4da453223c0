"""What a folder holds for a batch, in words, without a window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_celltrack.batch.earlier import Earlier, find_earlier
from napari_celltrack.batch.folder_contents import (
    PatternOffer,
    Place,
    find_files,
    find_offer,
)
from napari_celltrack.batch.run_options import RunOptions
from napari_celltrack.batch.tried_files import few_of, try_files
from napari_celltrack.errors import CelltrackError
from napari_celltrack.recipe import Recipe
from napari_celltrack.text import plural


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A folder of four images under two conditions, one of them broken."""
    folder = tmp_path / "images"
    folder.mkdir()
    image = np.zeros((40, 40), np.uint8)
    image[10:20, 10:20] = 200
    for name in ("ctrl_1", "ctrl_2", "drug_1"):
        tifffile.imwrite(folder / f"{name}.tif", image)
    (folder / "drug_2.tif").write_text("not an image")
    return Place(folder, "{condition}_*.tif", tmp_path / "results")


def test_a_folder_says_its_conditions_and_what_to_know_before_a_run(place: Place) -> None:
    contents = find_files(place)
    assert len(contents.inputs.items) == 4
    assert contents.conditions() == ["2 conditions"]
    assert contents.before_run(None, None) == ""
    (earlier,) = find_earlier(Recipe(), contents.inputs.items, place.results, RunOptions())
    assert contents.before_run(None, earlier) == ""
    (place.folder / "overrides.yaml").write_text("mock_*.tif:\n  objects: {min_area_px2: 5000}\n")
    assert find_files(place).before_run(None, None) == "Overrides: no file fits mock_*.tif."


def test_earlier_results_are_told_in_words(place: Place) -> None:
    results = {name: {} for name in ("a", "b", "c")}
    same = frozenset({"a", "b"})
    told = Earlier(results, same).words(4)
    assert told == "2 of 4 done with these settings, kept if unchanged. Start does only the rest."
    assert Earlier({"a": {}}, frozenset({"a"})).words(1).endswith("kept if unchanged.")
    told = Earlier({"a": {}}).words(4)
    assert told == "1 earlier result with other settings; Start does them again."


def test_files_of_time_points_are_offered_as_one_movie(tmp_path: Path) -> None:
    for t in range(4):
        tifffile.imwrite(tmp_path / f"cells_t{t}.tif", np.full((20, 20), t, np.uint8))
    place = Place(tmp_path, "", tmp_path / "results")
    offer = find_offer(place)
    assert isinstance(offer, PatternOffer)
    assert (offer.n_files, offer.n_movies) == (4, 1)
    assert find_offer(Place(tmp_path, "*.tif", place.results)) is None
    assert find_offer(Place(tmp_path / "missing", "", place.results)) is None
    with pytest.raises(CelltrackError, match="is not a folder"):
        find_files(Place(tmp_path / "missing", "", place.results))


def test_a_broken_file_is_tried_without_stopping_the_others(place: Place) -> None:
    items = find_files(place).inputs.items
    tried = list(try_files(few_of(items), lambda item: Recipe()))
    assert [each.item.file for each in tried] == ["ctrl_1.tif", "drug_1.tif", "drug_2.tif"]
    assert [each.words for each in tried] == ["1 cell", "1 cell", ""]
    assert all(each.picture.startswith(b"\x89PNG") for each in tried[:2])
    assert "not an image" in tried[2].problem


def test_one_thing_and_several() -> None:
    assert [plural(n, "cell") for n in (0, 1, 2)] == ["cells", "cell", "cells"]
    assert [plural(n, "is", "are") for n in (0, 1, 2)] == ["are", "is", "are"]
