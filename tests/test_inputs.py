"""From paths to items: groups, conditions, other files, and what is passed over."""

from __future__ import annotations

import json
import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from napari_celltrack.batch import RunOptions, run_files
from napari_celltrack.batch.inputs import Item, find_inputs, open_item, open_others
from napari_celltrack.batch.overrides import Overrides
from napari_celltrack.batch.recorded_movie import open_recorded, place_of_item
from napari_celltrack.errors import CelltrackError, MovieError
from napari_celltrack.readers import is_image_file
from napari_celltrack.readers.images import split_image
from napari_celltrack.recipe import Input, Recipe
from napari_celltrack.results.result_record import ResultRecord
from readers_scenes import pixels
from scenes import moving_disks

PATTERN = "{condition}_w?{channel}_s{stage}_t{t}.tif"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return 2 conditions x 2 channels x 3 times of one plane, and files that are none of them."""
    folder = tmp_path / "data"
    folder.mkdir()
    truth = pixels((2, 2, 3, 6, 8), "uint16")
    for i, condition in enumerate(("drug", "control")):
        for j, channel in enumerate(("1DIC", "2YFP")):
            for t in range(3):
                name = f"{condition}_w{channel}_s1_t{t + 9}.TIF"
                tifffile.imwrite(folder / name, truth[i, j, t])
    tifffile.imwrite(folder / "overview.tif", truth[0, 0, 0])
    (folder / "notes.txt").write_text("")
    (folder / ".hidden.tif").write_text("")
    return folder


def test_files_of_one_movie_are_one_item(folder: Path) -> None:
    found = find_inputs([folder], names=PATTERN)
    control, drug = found.items
    assert (drug.name, drug.file) == ("drug_s1", "drug_w*_s1_t*.TIF")
    assert drug.conditions == (("condition", "drug"), ("stage", "1"))
    assert [Path(path).name for path in found.ignored] == ["notes.txt", "overview.tif"]
    assert found.reasons == ("it is no image", f"its name does not fit {PATTERN}")
    movie = open_item(drug, Recipe())
    assert (movie.n_frames, movie.channels, movie.name) == (3, ("DIC", "YFP"), drug.file)
    expected = tifffile.imread(folder / "drug_w2YFP_s1_t11.TIF")
    np.testing.assert_array_equal(movie.plane(2, channel="YFP"), expected)
    about = json.loads(json.dumps(place_of_item(drug, folder)))
    recorded = open_recorded(ResultRecord(about), Recipe(), folder)
    assert (recorded.fingerprint, recorded.channels) == (movie.fingerprint, movie.channels)
    assert pickle.loads(pickle.dumps(control)) == control
    assert len({control, drug, pickle.loads(pickle.dumps(drug))}) == 2


def test_missing_file_fails_its_item_alone(folder: Path) -> None:
    (folder / "drug_w2YFP_s1_t10.TIF").unlink()
    control, drug = find_inputs([folder], names=PATTERN).items
    assert open_item(control, Recipe()).n_frames == 3
    with pytest.raises(MovieError, match=r"lacks drug_w2YFP_s1_t10\.TIF of its 6 files"):
        open_item(drug, Recipe())


def test_a_run_over_groups_has_conditions_overrides_and_one_failure(tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for condition in ("drug", "control", "lost"):
        for t, frame in enumerate(moving_disks()):
            tifffile.imwrite(folder / f"{condition}_w1RFP_t{t}.tif", frame)
            tifffile.imwrite(folder / f"{condition}_w2DIC_t{t}.tif", np.zeros_like(frame))
    (folder / "lost_w2DIC_t4.tif").unlink()
    inputs = find_inputs([folder], names="{condition}_w?{channel}_t{t}.tif")
    recipe = Recipe(input=Input(channel="RFP"))
    # The disks have 113 px: none is left of those of the drug.
    overrides = Overrides.from_yaml("drug_*: {objects: {min_area_px2: 500}}", recipe=recipe)
    list(run_files(recipe, inputs, out, RunOptions(overrides=overrides, report=False)))
    table = pd.read_csv(out / "summary.csv").set_index("condition")
    assert table["status"].to_dict() == {"control": "done", "drug": "done", "lost": "failed"}
    assert "lacks lost_w2DIC_t4.tif" in table["error"]["lost"]
    assert table["n_cells_total"].dropna().to_dict() == {"control": 17, "drug": 0}
    made = Recipe.load(out / "drug" / "recipe.yaml")
    assert made == overrides.recipe_for(recipe, inputs.items[1])


def test_conditions_of_single_files_and_of_folders_of_frames(folder: Path) -> None:
    found = find_inputs([folder], names="{condition}_w{wave}_*_t9.tif")
    assert [(item.name, item.conditions) for item in found.items] == [
        (f"{c}_w{w}_s1_t9", (("condition", c), ("wave", w)))
        for c in ("control", "drug")
        for w in ("1DIC", "2YFP")
    ]
    (item,) = find_inputs([folder], frames=True, names="d{letters}").items
    assert (item.path, item.name, item.conditions) == (
        str(folder), "data", (("letters", "ata"),),
    )  # fmt: skip
    with pytest.raises(CelltrackError, match="a folder of frames is one movie already"):
        find_inputs([folder], frames=True, names="d_{t}")


def test_channels_in_folders(tmp_path: Path) -> None:
    for channel in ("CFP", "YFP"):
        (tmp_path / "in" / channel).mkdir(parents=True)
        for t in range(3):
            tifffile.imwrite(tmp_path / "in" / channel / f"img_{t}.tif", pixels((6, 8)))
    for paths in ([tmp_path / "in"], [tmp_path / "in" / "CFP", tmp_path / "in" / "YFP"]):
        (item,) = find_inputs(paths, names="{channel}/img_{t}.tif").items
        assert (item.file, len(item.parts)) == ("*/img_*.tif", 6)
        assert open_item(item, Recipe()).channels == ("CFP", "YFP")


def test_equal_names_in_different_folders_stay_apart(tmp_path: Path) -> None:
    for place in ("a/x_1", "b/x_1", "b/x_2"):
        path = tmp_path / f"{place}_t0.tif"
        path.parent.mkdir(exist_ok=True)
        tifffile.imwrite(path, pixels((6, 8)))
    found = find_inputs([tmp_path], pattern="*/*", names="{name}_t{t}")
    assert [item.name for item in found.items] == ["a_x_1_tif", "b_x_1_tif", "x_2"]
    # The name of a result does not depend on the other items.
    names = [item.name for item in find_inputs([tmp_path / "b"], names="{name}_t{t}").items]
    assert names == ["x_1", "x_2"]


def test_axes_of_the_recipe_are_those_of_each_file(tmp_path: Path) -> None:
    for t in range(2):
        stack = pixels((4, 6, 8))
        tifffile.imwrite(tmp_path / f"a_t{t}.tif", stack, photometric="minisblack", metadata=None)
    (item,) = find_inputs([tmp_path], names="{name}_t{t}").items
    movie = open_item(item, Recipe(input=Input(axes="CYX")))
    assert (movie.n_frames, len(movie.channels)) == (2, 4)


def test_patterns_that_do_not_tell_files_apart_stop_before_the_start(folder: Path) -> None:
    with pytest.raises(CelltrackError, match="are of the same time"):
        find_inputs([folder], names="{condition}_*_t{t}.tif")
    with pytest.raises(CelltrackError, match=r"No image fits .* not even control_w1DIC_s1_t9"):
        find_inputs([folder], names="x_{condition}.tif")


class TestOthers:
    def test_other_files_are_found_by_name_and_conditions(self, folder: Path) -> None:
        (folder.parent / "er").mkdir()
        for name in ("overview", "drug-er-1"):
            tifffile.imwrite(folder.parent / "er" / f"{name}.tif", pixels((6, 8)))
        (item,) = find_inputs([folder / "overview.tif"], also={"er": "../er/{name}.tif"}).items
        assert item.others == (("er", str(folder / "../er/overview.tif")),)
        others = open_others(item)
        assert others["er"].shape == (6, 8)
        (drug,) = find_inputs(
            [folder / "drug_w1DIC_s1_t9.TIF"],
            names="{condition}_*.tif",
            also={"er": "../er/{condition}-er-*.tif"},
        ).items
        assert Path(drug.others[0][1]).name == "drug-er-1.tif"

    def test_what_is_not_there_is_said(self, folder: Path) -> None:
        with pytest.raises(CelltrackError, match=r"a field \{well\} that the names .* \{name\}"):
            find_inputs([folder], also={"er": "{well}.tif"})
        with pytest.raises(CelltrackError, match=r"er: 0 files match .* where one is needed"):
            find_inputs([folder], also={"er": "../er/{name}*.tif"})
        (item,) = find_inputs([folder / "overview.tif"], also={"er": "er/{name}.tif"}).items
        with pytest.raises(MovieError, match=r"overview\.tif does not exist"):
            open_others(item)


def test_results_of_earlier_runs_are_passed_over(folder: Path) -> None:
    old = folder / "results" / "movie"
    old.mkdir(parents=True)
    for name in ("run.json", "recipe.yaml"):
        (old / name).write_text("")
    (old / "labels.tif").write_bytes((folder / "overview.tif").read_bytes())
    found = find_inputs([folder], pattern="**/[lo]*.tif")
    assert [item.name for item in found.items] == ["overview"]
    assert (found.ignored, found.reasons) == (
        (str(old / "labels.tif"),), ("it belongs to a result of an earlier run",),
    )  # fmt: skip
    # Asked for by name, they are meant.
    assert [item.name for item in find_inputs([old]).items] == ["labels"]


def accounted(shared_data: Path) -> tuple[Sequence[Item], set[str]]:
    found = find_inputs([shared_data], pattern="**/*")
    assert len(found.reasons) == len(found.ignored)
    return found.items, set(found.ignored)


def test_every_real_file_is_an_item_or_passed_over_for_a_reason(shared_data: Path) -> None:
    items, ignored = accounted(shared_data)
    files = {str(path) for path in shared_data.rglob("*") if path.is_file()}
    taken = {str(split_image(Path(item.path))[0]) for item in items}
    assert taken | ignored == files
    assert not taken & ignored
    assert ignored == {path for path in files if not is_image_file(path)}
    assert len({item.name.casefold() for item in items}) == len(items)


def test_every_real_file_opens_or_says_why_not(shared_data: Path) -> None:
    items, _ = accounted(shared_data)
    refused = set()
    for item in items:
        try:
            movie = open_item(item, Recipe())
        except MovieError as error:
            assert item.file in str(error)
            refused.add(item.file)
        else:
            assert movie.n_frames >= 1
            movie.close()
    assert {name[:10] for name in refused} <= {
        "crash-0e16", "crash-63b1", "oom-225817", "seek_too_l", "tiff_overf", "rhod2.tif",
    }  # fmt: skip
    assert refused


def test_a_file_does_not_take_the_place_of_what_a_run_writes(tmp_path: Path) -> None:
    for name in ("steps.tif", "tracks.csv.tif", "other.tif"):
        (tmp_path / name).write_bytes(b"")
    names = [item.name for item in find_inputs([tmp_path]).items]
    assert names == ["other", "steps_tif", "tracks.csv_tif"]
