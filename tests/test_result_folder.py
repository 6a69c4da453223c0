"""Folders of results and of runs: what they are, what is missing of them, and how that is said."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tifffile

import napari_celltrack
from napari_celltrack.batch import FileDone, RunOptions, find_inputs, run_files
from napari_celltrack.batch.earlier import Earlier, find_earlier
from napari_celltrack.batch.overrides import Overrides
from napari_celltrack.errors import RecipeError, ResultError
from napari_celltrack.recipe import Recipe
from napari_celltrack.results.result_folder import ResultFolder
from napari_celltrack.results.result_record import ResultRecord
from napari_celltrack.results.run_folder import RunFolder, RunRecord
from scenes import moving_disks, three_disks

QUIET = RunOptions(report=False, n_workers=1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with images, and ``out`` with the results of the two that can be read."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "images").mkdir()
    tifffile.imwrite(folder / "images" / "a.tif", moving_disks(), photometric="minisblack")
    tifffile.imwrite(folder / "images" / "b.tif", three_disks())
    (folder / "images" / "c.tif").write_text("not an image")
    run(folder, QUIET)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "made"))


def run(folder: Path, options: RunOptions, recipe: Recipe | None = None) -> list[bool]:
    """Run all images, and return which results were kept, by name."""
    inputs, out = find_inputs([folder / "images"]), folder / "out"
    events = run_files(recipe or Recipe(), inputs, out, options)
    rows = {event.item.name: event for event in events if isinstance(event, FileDone)}
    return [rows[name].is_kept for name in "abc"]


def change(file: Path, **values: Any) -> None:
    """Change values of a JSON file; None takes one away."""
    known = {**json.loads(file.read_text()), **values}
    kept = {name: value for name, value in known.items() if value is not None}
    file.write_text(json.dumps(kept))


class TestWhichResult:
    def test_a_result_is_itself_and_a_run_is_what_it_holds(self, folder: Path) -> None:
        out = folder / "out"
        assert [found.path.name for found in ResultFolder.all_in(out)] == ["a", "b"]
        assert ResultFolder.only_one(out / "a").path == out / "a"
        with pytest.raises(ResultError) as error:
            ResultFolder.only_one(out)
        assert str(error.value) == f"{out} holds 2 results; choose one of its folders: a, b."
        shutil.rmtree(out / "b")
        assert ResultFolder.only_one(out).path == out / "a"

    def test_a_run_without_results_is_none(self, folder: Path) -> None:
        out = folder / "out"
        for name in "ab":
            shutil.rmtree(out / name)
        assert (out / "run.json").is_file()
        assert not list(ResultFolder.all_in(out))
        sentence = rf"{out} holds no result \(there is no run\.json of one\); give a folder that"
        with pytest.raises(ResultError, match=sentence):
            ResultFolder.only_one(out)
        with pytest.raises(ResultError, match="is no folder; give the folder that celltrack run"):
            ResultFolder.only_one(out / "a")

    def test_a_folder_of_runs_holds_no_result_itself(self, folder: Path) -> None:
        assert not list(ResultFolder.all_in(folder))

    def test_what_is_hidden_set_aside_or_without_record_is_not_meant(self, folder: Path) -> None:
        out = folder / "out"
        shutil.copytree(out / "a", out / ".a.0123abcd.partial")
        shutil.copytree(out / "a", out / "a.other-recipe")
        (out / "b" / "run.json").unlink()
        assert ResultFolder.only_one(out).path == out / "a"
        # Given by its own name it can still be looked at.
        aside = out / "a.other-recipe"
        assert ResultFolder.only_one(aside).path == aside

    def test_a_result_without_tables_is_one(self, folder: Path) -> None:
        (folder / "out" / "a" / "objects.csv").unlink()
        found = ResultFolder.only_one(folder / "out" / "a")
        with pytest.raises(ResultError, match=r"objects\.csv is not there; .* the tables as CSV"):
            found.table("objects", ["frame"])

    @pytest.mark.parametrize("text", ["", "{", "[1]", "\x00", "[" * 100_000])
    def test_a_broken_record_is_one_that_cannot_be_read(self, folder: Path, text: str) -> None:
        out = folder / "out"
        (out / "a" / "run.json").write_text(text)
        assert [found.path.name for found in ResultFolder.all_in(out)] == ["a", "b"]
        (found,) = ResultFolder.all_in(out / "a")
        with pytest.raises(ResultError) as error:
            found.record()
        assert str(error.value) == f"{out / 'a' / 'run.json'} cannot be read; run the recipe again."
        # That of the run may be broken: its results are none the less there.
        (out / "run.json").write_text(text)
        assert len(list(ResultFolder.all_in(out))) == 2


class TestRecord:
    def test_it_is_read_as_it_was_written(self, folder: Path) -> None:
        result = ResultFolder(folder / "out" / "a")
        before = (result.path / "run.json").read_bytes()
        record = result.record()
        assert Path(record.input["path"]).name == "a.tif"
        assert record.result["n_cells_total"] == 17
        assert record.versions["napari-celltrack"] == napari_celltrack.__version__
        result.write_record(record)
        assert (result.path / "run.json").read_bytes() == before
        assert set(record.files) == {
            path.name for path in result.path.iterdir() if path.name != "run.json"
        }

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("input", {}),
            ("input", "a.tif"),
            ("files", ["objects.csv"]),
            ("result", [3]),
            ("others", "none"),
            ("versions", 1),
            ("warnings", "Look."),
            ("seconds", "long"),
        ],
    )
    def test_values_of_another_kind_are_refused(
        self, folder: Path, name: str, value: object
    ) -> None:
        result = ResultFolder(folder / "out" / "a")
        change(result.path / "run.json", **{name: value})
        with pytest.raises(ResultError, match=r"a/run\.json cannot be read; run the recipe again"):
            result.record()

    def test_what_an_older_one_left_out_is_empty_and_the_result_made_anew(
        self, folder: Path
    ) -> None:
        file = folder / "out" / "a" / "run.json"
        change(file, key=None, files=None, result=None, versions=None, others=None, warnings=None)
        record = ResultFolder(file.parent).record()
        assert record == ResultRecord(input=record.input, seconds=record.seconds)
        assert run(folder, QUIET) == [False, True, False]

    def test_calibration_must_be_known_or_known_to_be_unknown(self, folder: Path) -> None:
        result = ResultFolder(folder / "out" / "a")
        assert result.calibration() == (None, None)
        source = dict(result.record().input)
        told = {"pixel_size_um": [0.5, 0.25], "frame_interval_s": 30}
        change(result.path / "run.json", input={**source, **told})
        assert result.calibration() == ((0.5, 0.25), 30.0)
        del source["frame_interval_s"]
        for broken in (source, {**source, "pixel_size_um": [1], "frame_interval_s": 1}):
            change(result.path / "run.json", input=broken)
            with pytest.raises(ResultError, match=r"run\.json cannot be read"):
                result.calibration()

    def test_recipe_that_is_missing_is_said_with_its_place(self, folder: Path) -> None:
        result = ResultFolder(folder / "out" / "a")
        assert result.recipe() == Recipe()
        (result.path / "recipe.yaml").unlink()
        assert result.recipe_text() == ""
        with pytest.raises(RecipeError, match=r"recipe\.yaml cannot be read"):
            result.recipe()


def test_files_that_no_run_has_made_are_told_apart(folder: Path) -> None:
    result = ResultFolder(folder / "out" / "a")
    assert result.strange_files() == []
    (result.path / "notes").mkdir()
    (result.path / "notes" / "mine.txt").write_text("mine")
    (result.path / "run.json.bak").write_text("{}")
    assert result.strange_files() == ["notes/mine.txt", "run.json.bak"]
    # Nothing is known to be ours where the record is gone, broken or of something else.
    (result.path / "run.json").write_text("{}")
    assert "objects.csv" in result.strange_files()
    assert ResultFolder(folder / "none").strange_files() == []


def test_a_result_is_whole_while_each_file_has_its_size(folder: Path) -> None:
    result = ResultFolder(folder / "out" / "a")
    record = result.record()
    assert result.is_whole(record)
    with (result.path / "tracks.csv").open("a") as file:
        file.write("\n")
    assert not result.is_whole(record)
    (result.path / "tracks.csv").unlink()
    assert not result.is_whole(record)


class TestRunFolder:
    def test_it_is_read_as_it_was_written(self, folder: Path) -> None:
        out = RunFolder(folder / "out")
        before = (out.path / "run.json").read_bytes()
        record = out.record()
        assert [record.n_of(state) for state in ("done", "failed", "stopped")] == [2, 1, 0]
        assert record.options == replace(QUIET, n_workers=None).to_json(1)
        out.write_record(record)
        assert (out.path / "run.json").read_bytes() == before
        assert out.recipe_text() == Recipe().to_yaml()
        assert [row["folder"] for row in out.summary()] == ["a", "b", "c"]

    def test_its_results_are_told_from_other_folders(self, folder: Path) -> None:
        out = RunFolder(folder / "out")
        (out.path / "holiday").mkdir()
        (out.path / "b" / "run.json").write_text("{")
        shutil.copytree(out.path / "a", out.path / "a.other-recipe")
        shutil.copytree(out.path / "a", out.path / ".a.partial")
        found, others = out.results()
        assert [result.path.name for result, _ in found] == ["a"]
        assert others == ["b", "holiday"]

    @pytest.mark.parametrize("text", ["", "{", "[1]", '{"items": 3, "seconds": [], "ignored": 1}'])
    def test_a_broken_record_is_empty(self, folder: Path, text: str) -> None:
        out = RunFolder(folder / "out")
        (out.path / "run.json").write_text(text)
        assert out.record() == RunRecord()

    def test_a_summary_that_cannot_be_read_is_said(self, folder: Path) -> None:
        out = RunFolder(folder / "out")
        (out.path / "summary.csv").write_text("well,age\nA1,3\n")
        with pytest.raises(ResultError, match="is of something else; give a folder of results"):
            out.summary()
        (out.path / "summary.csv").unlink()
        with pytest.raises(ResultError, match="give a folder that celltrack run has written"):
            out.summary()


class TestEarlier:
    def earlier(
        self, folder: Path, options: RunOptions = QUIET, recipe: Recipe | None = None
    ) -> Earlier:
        items = find_inputs([folder / "images"]).items
        *_, earlier = find_earlier(recipe or Recipe(), items, folder / "out", options)
        return earlier

    def test_what_a_run_keeps_is_known_before(self, folder: Path) -> None:
        earlier = self.earlier(folder)
        assert earlier.same == {"a", "b"}
        assert earlier.kept_words(3) == "2 of 3 done with these settings, kept if unchanged."
        assert earlier.words(3) == f"{earlier.kept_words(3)} Start does only the rest."
        assert earlier.words(2) == "2 of 2 done with these settings, kept if unchanged."
        assert run(folder, QUIET) == [True, True, False]

    def test_other_settings_are_told_apart(self, folder: Path) -> None:
        other = Recipe().replace(objects=Recipe().objects.replace(min_area_px2=50))
        earlier = self.earlier(folder, recipe=other)
        assert (set(earlier.results), earlier.same) == ({"a", "b"}, frozenset())
        assert earlier.kept_words(3) == ""
        assert earlier.words(3) == "2 earlier results with other settings; Start does them again."
        overrides = Overrides.from_yaml("a.tif: {objects: {min_area_px2: 50}}")
        assert self.earlier(folder, replace(QUIET, overrides=overrides)).same == {"b"}

    def test_what_is_asked_for_beside_the_settings_counts_too(self, folder: Path) -> None:
        assert not self.earlier(folder, replace(QUIET, plots=True)).same
        assert not self.earlier(folder, replace(QUIET, restart=True)).same
        file = folder / "out" / "a" / "run.json"
        change(file, versions={"napari-celltrack": "0.0.1"})
        assert self.earlier(folder).same == {"b"}

    def test_nothing_is_known_of_a_folder_that_is_not_there(self, tmp_path: Path) -> None:
        (tmp_path / "images").mkdir()
        tifffile.imwrite(tmp_path / "images" / "a.tif", three_disks())
        assert self.earlier(tmp_path) == Earlier()
        assert self.earlier(tmp_path).words(1) == ""
