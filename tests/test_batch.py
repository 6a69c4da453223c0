from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from napari_celltrack import engine
from napari_celltrack.batch import FileDone, FrameDone, RunOptions, find_inputs, run_files
from napari_celltrack.errors import CelltrackError, ResultError
from napari_celltrack.readers import open_movie
from napari_celltrack.recipe import Recipe, TunedOn
from napari_celltrack.results.own_files import make_hidden
from napari_celltrack.results.result_folder import recipe_text
from scenes import moving_disks, three_disks


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with two stills, a movie, a broken file and a text."""
    path = tmp_path / "images"
    path.mkdir()
    tifffile.imwrite(path / "t10.tif", three_disks())
    tifffile.imwrite(path / "t2.tif", np.zeros_like(three_disks()))
    tifffile.imwrite(path / "t3.tif", moving_disks(), imagej=True, metadata={"axes": "TYX"})
    (path / "t4.tif").write_text("not an image")
    (path / "notes.txt").write_text("hello")
    return path


def run(folder: Path, out: Path, recipe: Recipe | None = None, **options: object) -> list[FileDone]:
    """Return the rows in the order of the inputs, whatever came first."""
    inputs = find_inputs([folder], out=out)
    how = RunOptions(**{"report": False, **options})  # type: ignore[arg-type]
    events = run_files(recipe or Recipe(), inputs, out, how)
    rows = {event.item: event for event in events if isinstance(event, FileDone)}
    return [rows[item] for item in inputs.items]


def contents(out: Path) -> dict[str, bytes]:
    """Return all files that must be equal between two equal runs: all but times."""
    timed = ("run.json", "summary.csv", "run.log", "report.html")
    files = (p for p in out.rglob("*") if p.is_file() and p.name not in timed)
    return {str(path.relative_to(out)): path.read_bytes() for path in files}


def test_results_hold_what_the_engine_says(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    rows = run(folder, out)
    assert [row.item.file for row in rows] == ["t2.tif", "t3.tif", "t4.tif", "t10.tif"]
    assert [row.status for row in rows] == ["done", "done", "failed", "done"]
    assert sorted(p.name for p in out.iterdir()) == [
        "counts.csv", "recipe.yaml", "run.json", "run.log", "summary.csv", "t10", "t2", "t3",
        "tracks.csv",
    ]  # fmt: skip
    assert sorted(p.name for p in (out / "t3").iterdir()) == [
        "counts.csv", "drift.csv", "events.csv", "labels.tif", "objects.csv", "preview.png",
        "recipe.yaml", "run.json", "tracks.csv",
    ]  # fmt: skip
    movie = open_movie(folder / "t3.tif")
    frames = list(engine.run(movie, Recipe()))
    result = engine.link_objects(movie, Recipe(), [frame.objects for frame in frames])
    for name in ("objects", "tracks", "counts", "events", "drift"):
        written = pd.read_csv(out / "t3" / f"{name}.csv", float_precision="round_trip")
        expected = getattr(result, name)
        assert written.drop(columns="file", errors="ignore").columns.tolist() == [*expected]
        pd.testing.assert_frame_equal(written[[*expected]], expected, check_exact=True)
    with tifffile.TiffFile(out / "t3" / "labels.tif") as tiff:
        assert tiff.is_ome
        assert tiff.series[0].axes == "TYX"
        labels = tiff.asarray()
    assert labels.dtype == np.int32
    np.testing.assert_array_equal(labels, [frame.labels for frame in frames])
    assert Recipe.load(out / "t3" / "recipe.yaml") == Recipe.load(out / "recipe.yaml") == Recipe()


def test_summary_has_a_line_for_every_file(folder: Path, tmp_path: Path) -> None:
    run(folder, tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "summary.csv")
    assert table.columns.tolist() == [
        "file", "folder", "status", "n_frames", "n_cells", "n_cells_first", "n_cells_mean",
        "n_cells_total", "n_tracks", "seconds", "warnings", "error",
    ]  # fmt: skip
    still, movie, broken = (table.set_index("file").loc[f"t{i}.tif"] for i in (10, 3, 4))
    assert (still.n_cells, still.n_cells_total, still.n_tracks) == (3, 3, 3)
    assert np.isnan(movie.n_cells)
    assert (movie.n_frames, movie.n_cells_first, movie.n_cells_total) == (6, 3, 17)
    assert movie.n_cells_mean == pytest.approx(17 / 6)
    assert "t4.tif" in broken.error
    assert table["folder"].tolist() == ["t2", "t3", "t4", "t10"]
    assert json.loads((tmp_path / "out" / "run.json").read_text())["ignored"] == [
        f"../{folder.name}/notes.txt"
    ]


def test_calibration_is_kept_in_the_label_image(tmp_path: Path) -> None:
    tifffile.imwrite(
        tmp_path / "a.tif",
        moving_disks(),
        imagej=True,
        resolution=(4, 2),
        metadata={"axes": "TYX", "unit": "um", "finterval": 30},
    )
    list(run_files(Recipe(), find_inputs([tmp_path / "a.tif"]), tmp_path / "out"))
    written = open_movie(tmp_path / "out" / "a" / "labels.tif")
    assert (written.axes, written.n_frames) == ("TYX", 6)
    assert written.pixel_size_um == (0.5, 0.25)
    assert written.frame_interval_s == 30
    objects = pd.read_csv(tmp_path / "out" / "a" / "objects.csv")
    np.testing.assert_allclose(objects["x_um"], objects["x_px"] * 0.25)


def test_equal_runs_give_equal_bytes(folder: Path, tmp_path: Path) -> None:
    run(folder, tmp_path / "one", n_workers=1)
    run(folder, tmp_path / "many", n_workers=4)
    assert contents(tmp_path / "one") == contents(tmp_path / "many")


def test_second_run_keeps_what_is_finished(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = run(folder, out)
    before = contents(out)
    again = run(folder, out)
    assert [row.is_kept for row in again] == [True, True, False, True]
    assert [row.n_cells for row in again] == [row.n_cells for row in first]
    assert contents(out) == before
    assert not any(row.is_kept for row in run(folder, out, restart=True))


def test_changed_input_recipe_or_result_is_made_anew(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(folder, out)
    tifffile.imwrite(folder / "t2.tif", three_disks()[::-1])
    (out / "t3" / "tracks.csv").write_text("cut off")
    kept = {row.item.name: row.is_kept for row in run(folder, out)}
    assert kept == {"t2": False, "t3": False, "t4": False, "t10": True}
    other = Recipe().replace(objects=Recipe().objects.replace(min_area_px2=200))
    assert not any(row.is_kept for row in run(folder, out, other))
    assert Recipe.load(out / "t10" / "recipe.yaml") == other


def test_stopped_run_leaves_nothing_half_and_goes_on(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    events = run_files(Recipe(), find_inputs([folder], out=out), out, RunOptions(n_workers=1))
    for event in events:
        if isinstance(event, FrameDone) and event.item.name == "t3" and event.n_done == 2:
            break
    events.close()  # type: ignore[attr-defined]
    assert sorted(p.name for p in out.iterdir() if p.is_dir()) == ["t2"]
    assert [row.is_kept for row in run(folder, out)] == [True, False, False, False]
    run(folder, tmp_path / "whole")
    assert contents(out) == contents(tmp_path / "whole")


def test_failed_file_does_not_keep_the_result_of_another_recipe(
    folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run(folder, out)
    (folder / "t10.tif").write_bytes(b"II*\0broken")
    run(folder, out)
    assert (out / "t10").is_dir()  # made with this very recipe, from the file as it was
    other = Recipe.from_yaml("version: 1\npreprocess: [{method: gaussian}]")
    row = run(folder, out, other)[-1]
    assert row.status == "failed"
    assert not (out / "t10").exists()
    assert (out / "t10.other-recipe" / "objects.csv").exists()


def test_fail_fast_stops_after_the_first_failure(folder: Path, tmp_path: Path) -> None:
    rows = run(folder, tmp_path / "out", fail_fast=True, n_workers=1)
    assert [row.status for row in rows] == ["done", "done", "failed", "stopped"]
    table = pd.read_csv(tmp_path / "out" / "summary.csv")
    assert table["status"].tolist() == ["done", "done", "failed", "stopped"]


def test_recipe_that_does_not_fit_a_file_fails_that_file_only(folder: Path, tmp_path: Path) -> None:
    recipe = Recipe.from_yaml("version: 1\ninput: {frames: {start: 4}}")
    rows = run(folder, tmp_path / "out", recipe)
    assert [row.status for row in rows] == ["failed", "done", "failed", "failed"]
    assert "has 1 frames, none from 4 on" in rows[0].error


def test_output_that_cannot_be_written_is_said(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultError, match=r"cannot be written to .*; choose another folder"):
        run(folder, tmp_path / "file" / "out")


class TestInputs:
    def test_names_are_stems_made_unique_by_what_tells_them_apart(self, tmp_path: Path) -> None:
        for name in ("a/x.tif", "a/x.png", "b/x.tif", "b/y.tif", "b/Y2.tif"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(b"")
        found = find_inputs([tmp_path / "a", tmp_path / "b"])
        names = {item.path.removeprefix(str(tmp_path)): item.name for item in found.items}
        assert names == {
            "/a/x.png": "x_png",
            "/a/x.tif": "a_x_tif",
            "/b/x.tif": "b_x_tif",
            "/b/y.tif": "y",
            "/b/Y2.tif": "Y2",
        }

    def test_pattern_natural_order_and_once_each(self, folder: Path) -> None:
        found = find_inputs([folder, folder / "t10.tif"], pattern="t?.tif")
        assert [item.name for item in found.items] == ["t2", "t3", "t4", "t10"]
        assert found.ignored == ()

    def test_results_are_never_input(self, folder: Path) -> None:
        run(folder, folder / "out")
        found = find_inputs([folder], pattern="**/*.tif", out=folder / "out")
        assert [item.name for item in found.items] == ["t2", "t3", "t4", "t10"]

    def test_folder_of_frames_is_one_movie(self, tmp_path: Path) -> None:
        for t, frame in enumerate(moving_disks()):
            path = tmp_path / "movie" / f"t{t * 5}.tif"
            path.parent.mkdir(exist_ok=True)
            tifffile.imwrite(path, frame)
        (row,) = (
            event
            for event in run_files(
                Recipe(), find_inputs([tmp_path / "movie"], frames=True), tmp_path / "out"
            )
            if isinstance(event, FileDone)
        )
        assert (row.item.name, row.n_frames, row.n_cells_total) == ("movie", 6, 17)

    def test_nothing_to_run_is_said(self, folder: Path, tmp_path: Path) -> None:
        with pytest.raises(CelltrackError, match="missing does not exist; check the path"):
            find_inputs([tmp_path / "missing"])
        with pytest.raises(CelltrackError, match="no images that match 'z\\*' in"):
            find_inputs([folder], pattern="z*")


def test_partial_folder_of_a_killed_run_is_no_result(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(folder, out)
    expected = contents(out)
    (out / "t3" / "tracks.csv").unlink()
    begun = make_hidden(out / "t3")
    shutil.copytree(out / "t3", begun, dirs_exist_ok=True)
    shutil.rmtree(out / "t3")
    run(folder, out)
    assert contents(out) == expected


def test_text_of_a_recipe_is_that_of_its_file(tmp_path: Path) -> None:
    for text in ("version: 1", "version: 1\npreprocess: [{method: gaussian, sigma_px: 1.0e-1}]"):
        recipe = Recipe.from_yaml(text).replace(tuned_on=TunedOn(pixel_size_um=(0.65, 0.65)))
        recipe.save(tmp_path / "r.yaml")
        assert recipe_text(recipe) == (tmp_path / "r.yaml").read_text(encoding="utf-8")
