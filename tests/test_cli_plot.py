"""``celltrack plot``, as a user runs it on what ``celltrack run`` wrote."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from command import celltrack
from napari_celltrack.analysis.baseline import RunningPercentile
from napari_celltrack.analysis.peaks import peaks
from napari_celltrack.analysis.traces import Traces, traces
from napari_celltrack.cli.plot import plot
from napari_celltrack.errors import CelltrackError, ResultError
from napari_celltrack.export import save_table
from napari_celltrack.input import Input
from napari_celltrack.measure import Measure
from napari_celltrack.plots.kinds import KINDS
from napari_celltrack.recipe import Recipe
from napari_celltrack.results.result import read_result
from napari_celltrack.sample_data import calcium_movie
from scenes import moving_disks

#: Kinds that need no calibration, and those that need a window of the baseline.
PLAIN = {
    "counts", "histogram", "msd", "origin", "path_length", "paths", "scatter", "steps", "values",
}  # fmt: skip
OF_DFF = {"heat_map", "stacked", "traces"}  # and peaks, which these disks have not
KNOWN = Input(pixel_size_um=0.5, frame_interval_s=2.0)


def made(folder: Path, recipe: Recipe) -> Path:
    """Run the recipe on a made movie, and return the folder of its result."""
    tifffile.imwrite(folder / "disks.tif", moving_disks(), photometric="minisblack")
    recipe.save(folder / "recipe.yaml")
    celltrack("run", folder / "recipe.yaml", folder / "disks.tif", "-o", folder / "out")
    return folder / "out" / "disks"


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("plain"), Recipe())


@pytest.fixture
def result(made_once: Path, tmp_path: Path) -> Path:
    """Return a result without calibration that a test may change."""
    return shutil.copytree(made_once, tmp_path / "disks")


def test_all_kinds_that_make_sense_are_drawn_and_the_others_said(result: Path) -> None:
    done = celltrack("plot", result)
    files = sorted((result / "plots").iterdir())
    assert {file.stem for file in files} == PLAIN
    assert {file.suffix for file in files} == {".png"}
    assert sorted(done.stdout.splitlines()) == [str(file) for file in files]
    (said,) = done.stderr.splitlines()
    assert said.startswith("Left out: traces, stacked, heat_map, peaks. traces.baseline.window_s:")
    assert said.endswith("or give the baseline a window in frames.")


def test_a_baseline_in_frames_needs_no_interval(tmp_path: Path) -> None:
    in_frames = Traces(baseline=RunningPercentile(window_frames=5))
    result = made(tmp_path, Recipe(traces=in_frames))
    done = celltrack("plot", tmp_path / "out")  # it holds the one result
    assert {file.stem for file in (result / "plots").iterdir()} == PLAIN | OF_DFF
    assert done.stderr == "Left out: peaks. There are no values to draw.\n"


def test_the_calibration_of_the_recipe_comes_before_that_of_the_movie(result: Path) -> None:
    about = (result / "run.json").read_text()
    about = about.replace('"pixel_size_um": null', '"pixel_size_um": [3, 4]')
    (result / "run.json").write_text(
        about.replace('"frame_interval_s": null', '"frame_interval_s": 9')
    )
    of_movie = read_result(result)
    assert (of_movie.pixel_size_um, of_movie.frame_interval_s) == ((3, 4), 9)
    Recipe(input=KNOWN).save(result / "recipe.yaml")
    of_recipe = read_result(result)
    assert (of_recipe.pixel_size_um, of_recipe.frame_interval_s) == ((0.5, 0.5), 2.0)


def test_one_plot_goes_to_one_file_with_units_and_the_selected_track(
    result: Path, tmp_path: Path
) -> None:
    Recipe(input=KNOWN).save(result / "recipe.yaml")
    file = tmp_path / "new" / "way.svg"
    options = ("-k", "paths", "--style", "dark", "-o")
    done = celltrack("plot", result, *options, file, "--tracks", "2")
    assert done.stdout.splitlines() == [str(file)]
    text = file.read_text()
    assert "<!-- x (µm) -->" in text
    assert "#262930" in text
    plain = tmp_path / "plain.svg"
    celltrack("plot", result, *options, plain)
    assert text.count("<path") > plain.read_text().count("<path")


@pytest.mark.parametrize(
    "arguments, files",
    [
        (("--column", "area_px2"), {"values_area_px2.png", "histogram_area_px2.png"}),
        (("--column", "straightness", "-k", "histogram"), {"histogram_straightness.png"}),
        (("--column", "area_px2,x_px"), {"scatter_area_px2_x_px.png"}),
        (("-k", "steps", "-k", "counts"), {"steps.png", "counts.png"}),
    ],
)
def test_columns_and_kinds_choose(result: Path, tmp_path: Path, arguments, files) -> None:
    done = celltrack("plot", result, "-o", tmp_path / "figures", *arguments)
    assert {Path(line).name for line in done.stdout.splitlines()} == files
    assert {file.name for file in (tmp_path / "figures").iterdir()} == files


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (("-k", "pie"), r"no plot 'pie'; choose of paths, origin, .*scatter"),
        (("--column", "mass"), r"no numbers 'mass'.* choose one of .*area_px2"),
        (("--column", "mass", "-k", "histogram"), r"numbers mass\. Of cells .*area_px2.*Of tracks"),
        (
            ("--column", "area_px2", "-k", "traces"),
            r"no brightness of cells; choose one of .*_mean",
        ),
        (("--column", "area_px2", "-k", "scatter"), "two columns, not 1"),
        (("--tracks", "1,77"), "no track '77'; ids go from 1 to 3"),
        (("--tracks", "x"), "no track 'x'"),
        (("--style", "pink"), "no style 'pink'; choose one of dark, light, print"),
        (("-o", "all.png"), "13 plots cannot be written to the one file all.png"),
        (("-k", "paths", "-o", "paths.bmp"), r"end its name in .png, .svg or .pdf"),
    ],
)
def test_what_is_not_there_is_said_with_what_there_is(
    result: Path, monkeypatch, tmp_path: Path, arguments, sentence
) -> None:
    monkeypatch.chdir(tmp_path)
    assert re.search(sentence, celltrack("plot", result, *arguments, code=2).stderr)
    assert not [path for path in tmp_path.rglob("*.png") if path.name != "preview.png"]


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("y_px", "12.Mai", "y_px holds no numbers"),
        ("x_px", '"1,234"', "x_px holds no numbers"),
        ("track_id", "", "track_id holds no numbers"),
        ("frame", "9" * 30, "frame holds no numbers"),
        ("label", "1.5", "label holds no numbers"),
        ("ch0_mean", "true", "ch0_mean holds no numbers"),
        ("area_px2", "inf", "area_px2 holds no numbers"),
        ("frame", "0", "has track 1 twice in frame 0"),
    ],
)
def test_tables_that_a_spreadsheet_has_changed_are_told_so(
    result: Path, column: str, value: str, sentence: str
) -> None:
    file = result / "objects.csv"
    lines = [line.split(",") for line in file.read_text().splitlines()]
    at = lines[0].index(column)
    for line in lines[1:]:
        line[at] = value
    file.write_text("\n".join(map(",".join, lines)))
    assert sentence in celltrack("plot", result, code=2).stderr
    # Semicolons are the columns of other countries.
    file.write_text("\ufeff" + "\n".join(map(";".join, lines)))
    assert "objects.csv has no column" in celltrack("plot", result, code=2).stderr


def test_folders_that_are_no_result_are_refused(result: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    error = celltrack("plot", tmp_path / "empty", code=2).stderr
    assert "holds no result" in error
    with pytest.raises(ResultError, match="is no folder"):
        read_result(tmp_path / "none")
    shutil.copytree(result, tmp_path / "other")
    with pytest.raises(ResultError, match="holds 2 results; choose one of its folders: disks, oth"):
        read_result(tmp_path)
    (result / "counts.csv").write_text("")
    with pytest.raises(ResultError, match=r"counts\.csv cannot be read; run the recipe again"):
        read_result(result)
    (result / "counts.csv").write_text("frame\n0\n")
    with pytest.raises(ResultError, match="has no column n_cells"):
        read_result(result)
    record = json.loads((result / "run.json").read_text())
    record["input"]["frame_interval_s"] = -1
    (result / "run.json").write_text(json.dumps(record))
    (result / "counts.csv").write_text("frame,n_cells\n0,3\n")
    with pytest.raises(ResultError, match=r"run\.json cannot be read"):
        read_result(result)
    (result / "run.json").write_text("{")
    (result / "counts.csv").write_text("frame,n_cells\n0,3\n")
    with pytest.raises(ResultError, match=r"run\.json cannot be read"):
        read_result(result)


def test_a_result_without_cells_still_has_its_counts(result: Path) -> None:
    for name in ("objects", "tracks"):
        table = pd.read_csv(result / f"{name}.csv")
        table.iloc[:0].to_csv(result / f"{name}.csv", index=False)
    done = celltrack("plot", result)
    assert [file.name for file in (result / "plots").iterdir()] == ["counts.png"]
    assert "Left out: paths, origin. There are no tracks to draw." in done.stderr
    assert "Left out" in celltrack("plot", result, "-k", "paths", code=1).stderr


def test_help_names_every_kind_and_imports_nothing_heavy() -> None:
    assert all(kind in celltrack("plot", "--help").stdout for kind in KINDS)
    assert plot.__module__ == "napari_celltrack.cli.plot"


# --- numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_the_numbers_of_every_plot_are_a_table(result: Path, tmp_path: Path, kind: str) -> None:
    recipe = Recipe(traces=Traces(baseline=RunningPercentile(window_frames=5)))
    recipe.save(result / "recipe.yaml")
    file = tmp_path / "new" / f"{kind}.csv"
    assert celltrack("plot", result, "-k", kind, "-o", file).stdout.splitlines() == [str(file)]
    # Older pandas read the last digit of a number otherwise unless they are asked not to.
    found = pd.read_csv(file, float_precision="round_trip")
    rows = KINDS[kind].rows(read_result(result), None)
    if "flag" in found:
        found = found.fillna({"flag": ""})
    pd.testing.assert_frame_equal(found, rows, check_dtype=False, check_exact=True)
    assert {"track_id", "frame"} & set(found.columns)


def test_numbers_of_steps_and_paths_are_right(result: Path, tmp_path: Path) -> None:
    celltrack("plot", result, "-k", "steps", "-o", tmp_path / "steps.parquet")
    objects = pd.read_csv(result / "objects.csv").sort_values(["track_id", "frame"])
    steps = pd.read_parquet(tmp_path / "steps.parquet")
    moved = objects.groupby("track_id")[["y_px", "x_px"]].diff()
    np.testing.assert_allclose(steps["step_px"], np.hypot(*moved.to_numpy().T), atol=1e-9)
    origin = KINDS["origin"].rows(read_result(result), None)
    by_track = origin.groupby("track_id")[["from_start_y_px", "from_start_x_px"]]
    assert not by_track.first().to_numpy().any()
    ends = by_track.last()
    far = np.hypot(ends["from_start_y_px"], ends["from_start_x_px"])
    tracks = pd.read_csv(result / "tracks.csv").set_index("track_id")
    np.testing.assert_allclose(far, tracks["displacement_px"], atol=1e-9)


def test_only_one_plot_goes_into_a_table(result: Path, tmp_path: Path) -> None:
    with pytest.raises(CelltrackError, match="cannot be written to the one file"):
        plot(result, ["steps", "msd"], tmp_path / "all.csv")
    with pytest.raises(CelltrackError, match="There is no plot"):
        plot(result, ["stepz"], tmp_path / "steps.csv")
    assert not list(tmp_path.glob("*.csv"))


def test_a_table_that_cannot_be_written_is_said_and_leaves_nothing(
    result: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(ResultError, match=r"steps\.csv cannot be written .*choose another place"):
        plot(result, ["steps"], tmp_path / "file" / "steps.csv")
    (tmp_path / "steps.csv").mkdir()
    (tmp_path / "steps.csv" / "in it").touch()
    rows = KINDS["steps"].rows(read_result(result), None)
    with pytest.raises(ResultError, match="cannot be written"):
        save_table(rows, tmp_path / "steps.csv")
    with pytest.raises(ResultError, match=r"name it \.csv or \.parquet"):
        save_table(rows, tmp_path / "steps.xlsx")
    assert not list(tmp_path.glob(".*"))


def test_a_run_with_plots_writes_the_numbers_that_stand_nowhere_else(tmp_path: Path) -> None:
    made_movie = calcium_movie(40, (128, 128), 6)
    movie = made_movie.movie()
    pixels = np.stack(
        [[movie.plane(frame, 0, channel) for channel in (0, 1)] for frame in range(movie.n_frames)]
    )
    tifffile.imwrite(tmp_path / "calcium.tif", pixels, imagej=True, metadata={"axes": "TCYX"})
    recipe = Recipe(
        measure=Measure(channels=("1",)),
        traces=Traces(baseline=RunningPercentile(window_frames=20)),
    )
    recipe.save(tmp_path / "recipe.yaml")
    celltrack(
        "run", tmp_path / "recipe.yaml", tmp_path / "calcium.tif", "-o", tmp_path / "out", "--plots"
    )
    result = read_result(tmp_path / "out")
    for kind in ("steps", "msd", "traces", "peaks"):
        found = pd.read_csv(tmp_path / "out" / "calcium" / "plots" / f"{kind}.csv")
        assert len(found) == len(KINDS[kind].rows(result, None)) > 0
    events = peaks(traces(result.objects, "ch1_mean", result.traces, 1.0), result.traces.peaks)
    found = pd.read_csv(tmp_path / "out" / "calcium" / "plots" / "peaks.csv")
    np.testing.assert_allclose(found["height_dff"], events["height_dff"], rtol=1e-12)
