from __future__ import annotations

import multiprocessing
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile
import zarr

from napari_celltrack.batch.horizontal import run_horizontal
from napari_celltrack.batch.horizontal.step_files import join_tables, read_tables, write_table
from napari_celltrack.batch.inputs import find_inputs
from napari_celltrack.batch.item_task import run_item
from napari_celltrack.batch.lock import RunningFile
from napari_celltrack.batch.result import FileDone, FrameDone
from napari_celltrack.batch.run import run_files
from napari_celltrack.batch.run_options import RunOptions
from napari_celltrack.batch.workers import Workers, open_workers
from napari_celltrack.readers import open_movie
from napari_celltrack.recipe import Recipe
from napari_celltrack.results.own_files import make_hidden
from napari_celltrack.tables import OBJECT_COLUMNS, as_table
from scenes import moving_disks, three_disks

RECIPES = {
    "default": "",
    "smoothed": "preprocess: [{method: gaussian}, {method: gaussian_background}]",
    "bleached and drifting": (
        "preprocess: [{method: bleach_correction}, {method: drift_correction}]"
    ),
    "flattened": "input: {project_t: mean}",
    "flattened and measured once": "input: {project_t: max, measure_each_frame: false}",
    "cropped": "input: {crop: {y_start_px: 5, x_start_px: 7, x_stop_px: 90}, frames: {step: 2}}",
    "overlapping": "link: {method: assignment, overlap_weight: 0.5}",
    "ringed": "measure: {channels: null, statistics: [mean, median, sd], ring: {}}",
}
TIFF = {"imagej": True, "metadata": {"axes": "TYX", "finterval": 30}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a long movie that drifts, a still, an empty one, colours, a wreck."""
    path = tmp_path / "images"
    path.mkdir()
    ground = np.random.default_rng(1).integers(0, 30, (64, 128), np.uint16)
    frames = [np.roll(ground + frame, t, 1) for t, frame in enumerate(moving_disks(18, 0))]
    tifffile.imwrite(path / "long.tif", np.stack(frames), **TIFF)
    tifffile.imwrite(path / "still.tif", three_disks())
    tifffile.imwrite(path / "empty.tif", np.zeros((2, 64, 96), np.uint8), **TIFF)
    rgb = np.stack([moving_disks(2)] * 3, axis=-1).astype(np.uint8)
    tifffile.imwrite(path / "rgb.tif", rgb, photometric="rgb", metadata={"axes": "TYXS"})
    (path / "broken.tif").write_bytes(b"II*\0broken")
    return path


@pytest.fixture
def movie(tmp_path: Path) -> Path:
    """Return a folder with one movie of three cells, 20 frames: two pieces of work."""
    path = tmp_path / "images"
    path.mkdir()
    tifffile.imwrite(path / "a.tif", moving_disks(20), **TIFF)
    return path


@pytest.fixture
def workers() -> Iterator[Workers]:
    """Return two threads."""
    with open_workers("threads", 2) as threads:
        yield threads


def recipe_of(text: str) -> Recipe:
    return Recipe.from_yaml(f"version: 1\n{text}")


def run_all(
    folder: Path, out: Path, workers: Workers, recipe: Recipe | None = None, **options: Any
) -> dict[str, FileDone]:
    """Run all steps, and return the row of each item."""
    out.mkdir(exist_ok=True)
    items = find_inputs([folder], out=out).items
    running_file = RunningFile.create(out)
    how = RunOptions(strategy="horizontal", **options)
    events = run_horizontal(
        lambda item: recipe or Recipe(), items, out, workers, running_file, options=how
    )
    return {event.item.name: event for event in events if isinstance(event, FileDone)}


def run_vertical(folder: Path, out: Path, recipe: Recipe | None = None) -> None:
    out.mkdir(exist_ok=True)
    for item in find_inputs([folder], out=out).items:
        list(run_item(recipe or Recipe(), item, out / item.name))


def contents(out: Path) -> dict[str, bytes]:
    """Return the files of all results but the times."""
    found = (path for path in out.glob("*/*") if path.is_file() and path.name != "run.json")
    return {str(path.relative_to(out)): path.read_bytes() for path in found}


def stamps(folder: Path) -> dict[str, int]:
    """Return when each file was written."""
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("text", RECIPES.values(), ids=RECIPES.keys())
def test_results_are_those_of_the_vertical_strategy(
    folder: Path, tmp_path: Path, workers: Workers, text: str
) -> None:
    recipe = recipe_of(text)
    rows = run_all(folder, tmp_path / "steps", workers, recipe)
    run_vertical(folder, tmp_path / "whole", recipe)
    expected = contents(tmp_path / "whole")
    assert contents(tmp_path / "steps") == expected
    assert [name for name, row in rows.items() if row.status == "failed"] == ["broken"]
    if "drift" in text:
        assert pd.read_csv(tmp_path / "steps" / "long" / "drift.csv")["drift_x_px"].iloc[-1] == 17
    # The other strategy finds its own results, and keeps them.
    again = [
        list(run_item(recipe, item, tmp_path / "steps" / item.name))[-1]
        for item in find_inputs([folder]).items
    ]
    assert [row.is_kept for row in again] == [row.status == "done" for row in again]


def test_processes_give_the_same_also_when_one_is_killed(
    movie: Path, tmp_path: Path, three_processes: Workers
) -> None:
    out = tmp_path / "steps"
    out.mkdir()
    items = find_inputs([movie]).items
    running_file = RunningFile.create(out)
    events = run_horizontal(lambda item: Recipe(), items, out, three_processes, running_file)
    first = next(events)
    multiprocessing.active_children()[0].kill()
    *_, last = events
    assert isinstance(first, FrameDone)
    assert isinstance(last, FileDone)
    assert (last.item, last.status, last.n_cells_total) == (items[0], "done", 59)
    run_vertical(movie, tmp_path / "whole")
    assert contents(out) == contents(tmp_path / "whole")
    assert not list(out.rglob("*.partial"))


def test_killed_run_goes_on_where_it_was_and_ends_the_same(
    folder: Path, tmp_path: Path, workers: Workers
) -> None:
    out = tmp_path / "steps"
    out.mkdir()
    for n_events in (2, 6, 5):  # while preparing, while counting, and later
        run = subprocess.Popen(
            [sys.executable, "-c", _SCRIPT, str(folder), str(out)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert run.stdout is not None
        seen = [run.stdout.readline().strip() for _ in range(n_events)]
        run.kill()
        run.communicate()
        assert "" not in seen, "it was finished before it was killed"
    before = stamps(out / "steps" / "1_prepared")
    rows = run_all(folder, out, workers)
    assert stamps(out / "steps" / "1_prepared") == before
    assert [name for name, row in rows.items() if row.status == "failed"] == ["broken"]
    run_vertical(folder, tmp_path / "whole")
    assert contents(out) == contents(tmp_path / "whole")


_SCRIPT = """
import sys
from pathlib import Path
from napari_celltrack.batch import RunOptions, find_inputs, run_files
from napari_celltrack.recipe import Recipe
inputs, out = find_inputs([sys.argv[1]]), Path(sys.argv[2])
options = RunOptions(strategy="horizontal", n_workers=2)
for event in run_files(Recipe(), inputs, out, options):
    print(event, flush=True)
"""


def test_changed_linker_uses_what_is_there(movie: Path, tmp_path: Path, workers: Workers) -> None:
    out = tmp_path / "steps"
    run_all(movie, out, workers)
    before = stamps(out / "steps")
    other = recipe_of("link: {method: nearest, max_distance_px: 2}")
    assert not run_all(movie, out, workers, other)["a"].is_kept
    assert stamps(out / "steps") == before
    run_vertical(movie, tmp_path / "whole", other)
    assert contents(out) == contents(tmp_path / "whole")
    assert run_all(movie, out, workers, other)["a"].is_kept
    # Measuring something else needs the cells, but not the prepared images.
    shutil.rmtree(out / "steps" / "1_prepared")
    more = recipe_of("measure: {statistics: [max]}")
    assert run_all(movie, out, workers, more)["a"].status == "done"
    assert not (out / "steps" / "1_prepared").exists()
    assert "ch0_max" in pd.read_csv(out / "a" / "objects.csv")


def test_changed_movie_is_done_anew(movie: Path, tmp_path: Path, workers: Workers) -> None:
    run_all(movie, tmp_path / "steps", workers)
    tifffile.imwrite(movie / "a.tif", moving_disks(20)[::-1], **TIFF)
    run_all(movie, tmp_path / "steps", workers)
    run_vertical(movie, tmp_path / "whole")
    assert contents(tmp_path / "steps") == contents(tmp_path / "whole")


class TestChangedByHand:
    @pytest.fixture
    def out(self, movie: Path, tmp_path: Path, workers: Workers) -> Path:
        """Return the results of a run in which a cell was painted by hand into frame 3."""
        out = tmp_path / "steps"
        run_all(movie, out, workers)
        cells = zarr.open_array(str(out / "steps" / "2_cells" / "a.zarr" / "0"), mode="r+")
        painted = cells[3]
        painted[2:9, 110:117] = 77
        cells[3] = painted
        return out

    def test_is_used_as_it_is_and_said(self, movie: Path, out: Path, workers: Workers) -> None:
        prepared = stamps(out / "steps" / "1_prepared")
        row = run_all(movie, out, workers, from_step="measure")["a"]
        assert row.n_cells_total == 60  # 20 frames of 3 cells, one of them missing once, and 1
        assert row.warnings == (
            "steps/2_cells/a.zarr was changed by hand in frame 3 and is used as it is.",
        )
        objects = pd.read_csv(out / "a" / "objects.csv").set_index(["frame", "label"])
        assert objects.loc[(3, 77), ["y_px", "x_px", "area_px2"]].tolist() == [5, 113, 49]
        assert tifffile.imread(out / "a" / "labels.tif")[3, 5, 113] == 77
        assert "by hand in frame 3" in (out / "a" / "run.json").read_text()
        assert stamps(out / "steps" / "1_prepared") == prepared
        # Going on after that needs no more to be said, and says it again.
        again = run_all(movie, out, workers)["a"]
        assert again.is_kept
        assert again.warnings == row.warnings

    def test_is_never_lost(self, movie: Path, out: Path, workers: Workers) -> None:
        zarr_of = out / "steps" / "2_cells" / "a.zarr"
        painted = stamps(zarr_of)
        other = recipe_of("objects: {min_area_px2: 30}")
        row = run_all(movie, out, workers, other)["a"]
        assert row.status == "failed"
        assert "a.zarr was changed by hand" in row.error
        assert "--from-step measure" in row.error
        assert stamps(zarr_of) == painted
        used = run_all(movie, out, workers, other, from_step="measure")["a"]
        assert used.n_cells_total == 60
        assert "other settings" in used.warnings[0]
        assert "by hand in frame 3" in used.warnings[1]
        anew = run_all(movie, out, workers, other, from_step="count")["a"]
        assert anew.n_cells_total == 59
        assert "made anew" in anew.warnings[0]
        kept = zarr.open_array(str(out / "steps" / "2_cells" / "a.by-hand.zarr" / "0"), mode="r")
        assert kept[3, 5, 113] == 77

    def test_tiff_takes_the_place_of_the_zarr(
        self, movie: Path, tmp_path: Path, workers: Workers
    ) -> None:
        out = tmp_path / "steps"
        run_all(movie, out, workers)
        cells = np.zeros((20, 64, 128), np.uint16)
        cells[:, 10:20, 10:20] = 5
        path = out / "steps" / "2_cells" / "a.tif"
        tifffile.imwrite(path, cells)
        row = run_all(movie, out, workers, from_step="measure")["a"]
        assert row.n_cells_total == 20
        assert row.warnings[0].startswith("steps/2_cells/a.tif was changed by hand in frames 0, 1")
        tifffile.imwrite(path, cells[:7])
        row = run_all(movie, out, workers, from_step="measure")["a"]
        assert row.status == "failed"
        assert "7 frames instead of 20" in row.error
        path.unlink()
        assert run_all(movie, out, workers)["a"].n_cells_total == 59

    def test_table_can_be_changed_too(self, movie: Path, tmp_path: Path, workers: Workers) -> None:
        out = tmp_path / "steps"
        run_all(movie, out, workers)
        path = out / "steps" / "3_measured" / "a.csv"
        lines = path.read_text().splitlines()
        path.write_text("\n".join(lines[:-1]) + "\n")
        row = run_all(movie, out, workers, from_step="track")["a"]
        assert row.n_cells_total == 58
        assert row.warnings == ("steps/3_measured/a.csv was changed by hand and is used as it is.",)
        path.write_text("nonsense\n")
        assert (
            "cannot be read as a table"
            in run_all(movie, out, workers, from_step="track")["a"].error
        )


def test_going_on_from_nothing_is_said(movie: Path, tmp_path: Path, workers: Workers) -> None:
    row = run_all(movie, tmp_path / "steps", workers, from_step="measure")["a"]
    assert row.status == "failed"
    assert "run once without --from-step" in row.error


def test_item_that_fails_at_a_step_stops_no_other(
    folder: Path, tmp_path: Path, workers: Workers
) -> None:
    recipe = recipe_of("measure: {channels: [green]}")
    rows = run_all(folder, tmp_path / "steps", workers, recipe)
    assert [name for name, row in rows.items() if row.status == "done"] == ["rgb"]
    assert "has no channel 'green'" in rows["still"].error
    assert (tmp_path / "steps" / "steps" / "2_cells" / "still.json").exists()


def test_closed_run_leaves_finished_steps_only(
    movie: Path, tmp_path: Path, workers: Workers
) -> None:
    out = tmp_path / "steps"
    out.mkdir()
    items = find_inputs([movie]).items
    running_file = RunningFile.create(out)
    events = run_horizontal(lambda item: Recipe(), items, out, workers, running_file)
    for event in events:
        if isinstance(event, FrameDone) and event.step == "counting":
            break
    events.close()
    assert not running_file.exists()
    assert (out / "steps" / "1_prepared" / "a.json").exists()
    assert not (out / "steps" / "2_cells" / "a.json").exists()
    run_all(movie, out, workers)
    run_vertical(movie, tmp_path / "whole")
    assert contents(out) == contents(tmp_path / "whole")


def test_stopped_run_leaves_nothing_that_it_has_begun(movie: Path, tmp_path: Path) -> None:
    out, options = tmp_path / "out", RunOptions(strategy="horizontal", report=False)
    events = run_files(Recipe(), find_inputs([movie]), out, options)
    while not list(out.glob("steps/2_cells/.*.partial")):
        next(events)
    events.close()
    assert not [path for path in out.rglob(".*") if path.name.endswith(".partial")]
    assert (out / "steps" / "1_prepared" / "a.json").exists()


def test_steps_open_as_movies_in_the_place_of_their_crop(tmp_path: Path, workers: Workers) -> None:
    (tmp_path / "images").mkdir()
    tifffile.imwrite(
        tmp_path / "images" / "a.tif",
        moving_disks(3),
        imagej=True,
        resolution=(4, 2),
        metadata={"axes": "TYX", "unit": "um", "finterval": 30},
    )
    out = tmp_path / "steps"
    run_all(tmp_path / "images", out, workers, recipe_of("input: {crop: {y_start_px: 8}}"))
    prepared = open_movie(out / "steps" / "1_prepared" / "a.zarr")
    cells = open_movie(out / "steps" / "2_cells" / "a.zarr")
    for opened in (prepared, cells):
        assert (opened.axes, opened.n_frames) == ("TYX", 3)
        assert opened.pixel_size_um == (0.5, 0.25)
        assert opened.frame_interval_s == 30
    assert (prepared.shape, prepared.dtype) == ((56, 128), np.uint16)
    assert (cells.shape, cells.dtype) == ((64, 128), np.int32)
    np.testing.assert_array_equal(prepared.plane(1), moving_disks(3)[1, 8:])
    image = zarr.open_group(str(out / "steps" / "1_prepared" / "a.zarr"), mode="r").attrs
    place = image["multiscales"][0]["datasets"][0]["coordinateTransformations"][1]
    assert place == {"type": "translation", "translation": [0, 4, 0]}


def test_tables_come_back_bit_by_bit(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    bits = rng.integers(0, 2**63, 3000, np.int64).view(np.float64)
    values = np.concatenate([bits[~np.isnan(bits)], [np.inf, -np.inf, -0.0, np.nan, 0.1 + 0.2]])
    n = len(values)
    columns = {name: np.arange(n) % 7 for name in OBJECT_COLUMNS}
    frames = np.sort(rng.choice([1, 3, 8], n))
    table = as_table({**columns, "frame": frames, "a, b": values}, OBJECT_COLUMNS, ["a, b"])
    for start, frame in ((0, 1), (7, 3), (11, 8)):
        write_table(tmp_path, start, table[table["frame"] == frame])
    path = tmp_path / "whole.csv"
    join_tables(tmp_path, path)
    back = list(read_tables(path, "it", [0, 1, 2, 3, 8, 9]))
    assert [len(rows) for rows in back[::2] + back[-1:]] == [0, 0, (frames == 8).sum(), 0]
    whole = pd.concat(back, ignore_index=True)
    pd.testing.assert_frame_equal(whole, table, check_exact=True)
    assert whole["a, b"].to_numpy().tobytes() == table["a, b"].to_numpy().tobytes()


@dataclass(frozen=True)
class Made:
    """Results of four frames, step by step, and those that another linker makes of the movie."""

    images: Path
    out: Path
    other: dict[str, bytes]

    @property
    def steps(self) -> Path:
        return self.out / "steps"


OTHER_LINKER = "link: {method: nearest, max_distance_px: 2}"


def cut(path: Path) -> None:
    """Lose the second half of a file."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def zero(path: Path) -> None:
    """Lose what a file holds, as a power cut does: length and time stay."""
    before = path.stat()
    path.write_bytes(bytes(before.st_size))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def flip(path: Path) -> None:
    """Change one bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 8
    path.write_bytes(content)


def flip_unseen(path: Path) -> None:
    """Change one bit, as a disk does, without a newer time."""
    before = path.stat()
    flip(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Made:
    path = tmp_path_factory.mktemp("damage")
    (path / "images").mkdir()
    tifffile.imwrite(path / "images" / "a.tif", moving_disks(4), **TIFF)
    with open_workers("threads", 1) as workers:
        run_all(path / "images", path / "out", workers)
    run_vertical(path / "images", path / "other", recipe_of(OTHER_LINKER))
    return Made(path / "images", path / "out", contents(path / "other"))


class TestDamage:
    @pytest.fixture
    def made(self, once: Made, tmp_path: Path) -> Made:
        return replace(once, out=shutil.copytree(once.out, tmp_path / "out"))

    @pytest.mark.parametrize("harm", [Path.unlink, cut, zero, flip, flip_unseen])
    def test_lost_cells_are_found_again(
        self, made: Made, workers: Workers, harm: Callable[[Path], None]
    ) -> None:
        harm(made.steps / "2_cells" / "a.zarr" / "0" / "2" / "0" / "0")
        prepared = stamps(made.steps / "1_prepared")
        row = run_all(made.images, made.out, workers, recipe_of(OTHER_LINKER))["a"]
        said, *kept = row.warnings
        assert said == (
            "steps/2_cells/a.zarr is damaged (frame 2 cannot be read as written) and is made anew."
        )
        # A person may have had a hand in what has another time.
        at = "steps/2_cells/a.damaged.zarr"
        assert kept in ([], [f"What was in the place of steps/2_cells/a.zarr is kept as {at}."])
        assert bool(kept) == (harm not in (zero, flip_unseen)) == (made.out / at).exists()
        assert contents(made.out) == made.other
        assert stamps(made.steps / "1_prepared") == prepared

    @pytest.mark.parametrize("harm", [cut, zero, flip_unseen])
    def test_lost_table_is_measured_again(
        self, made: Made, workers: Workers, harm: Callable[[Path], None]
    ) -> None:
        harm(made.steps / "3_measured" / "a.csv")
        cells = stamps(made.steps / "2_cells")
        row = run_all(made.images, made.out, workers, recipe_of(OTHER_LINKER))["a"]
        assert row.warnings[0].startswith("steps/3_measured/a.csv is damaged")
        assert contents(made.out) == made.other
        assert stamps(made.steps / "2_cells") == cells

    def test_all_that_is_damaged_is_made_anew(self, made: Made, workers: Workers) -> None:
        cut(made.steps / "1_prepared" / "a.zarr" / "0" / "0" / "0" / "0")
        cut(made.steps / "2_cells" / "a.zarr" / "0" / ".zarray")
        row = run_all(made.images, made.out, workers, recipe_of(OTHER_LINKER))["a"]
        assert [warning.split(" ")[0] for warning in row.warnings[:2]] == [
            "steps/1_prepared/a.zarr",
            "steps/2_cells/a.zarr",
        ]
        assert contents(made.out) == made.other

    def test_nobody_goes_on_from_damaged_data(self, made: Made, workers: Workers) -> None:
        (made.steps / "2_cells" / "a.zarr" / "0" / "2" / "0" / "0").unlink()
        row = run_all(made.images, made.out, workers, from_step="track")["a"]
        assert "steps/2_cells/a.zarr is damaged (frame 2" in row.error
        assert "without --from-step" in row.error

    def test_what_a_person_changed_is_not_made_anew_for_damage_elsewhere(
        self, made: Made, workers: Workers
    ) -> None:
        cells = made.steps / "2_cells" / "a.zarr" / "0"
        painted = zarr.open_array(str(cells), mode="r+")
        painted[3] = np.zeros_like(painted[3]) + 5
        (cells / "2" / "0" / "0").unlink()
        before = stamps(cells)
        row = run_all(made.images, made.out, workers, recipe_of(OTHER_LINKER))["a"]
        assert "was changed by hand and is damaged now (frame 2" in row.error
        assert stamps(cells) == before

    def test_cells_saved_as_something_else_are_refused_and_stay(
        self, made: Made, workers: Workers
    ) -> None:
        cells = made.steps / "2_cells" / "a.zarr" / "0"
        image = zarr.open_array(str(cells), mode="r")[:] + 0.5
        shutil.rmtree(cells)
        options = {} if zarr.__version__.startswith("2.") else {"zarr_format": 2}
        zarr.open_array(str(cells), mode="w", shape=image.shape, dtype="f8", **options)[:] = image
        before = stamps(cells)
        row = run_all(made.images, made.out, workers, recipe_of(OTHER_LINKER))["a"]
        assert "is not a label image" in row.error
        assert stamps(cells) == before

    def test_a_copy_is_as_good(self, made: Made, workers: Workers) -> None:
        for path in made.steps.rglob("*"):
            os.utime(path)
        before = stamps(made.steps)
        row = run_all(made.images, made.out, workers, recipe_of(OTHER_LINKER))["a"]
        assert not row.warnings
        assert stamps(made.steps) == before

    def test_files_of_others_are_kept(self, made: Made, workers: Workers) -> None:
        cells = made.steps / "2_cells"
        (cells / "a.json").write_text("[my notes]")
        (cells / ".a.0123abcd.partial").mkdir()
        (cells / ".a.0123abcd.partial" / "mine.txt").write_text("mine")
        (made.steps / "3_measured" / "a.json").unlink()
        table = (made.steps / "3_measured" / "a.csv").read_text()
        row = run_all(made.images, made.out, workers, recipe_of(OTHER_LINKER))["a"]
        assert row.status == "done"
        assert contents(made.out) == made.other
        assert (cells / "a.by-hand.json").read_text() == "[my notes]"
        assert (cells / ".a.0123abcd.partial" / "mine.txt").read_text() == "mine"
        assert (cells / "a.by-hand.zarr").is_dir()
        assert (made.steps / "3_measured" / "a.by-hand.csv").read_text() == table

    def test_links_are_not_followed(self, made: Made, workers: Workers, tmp_path: Path) -> None:
        theirs = tmp_path / "theirs"
        (made.steps / "2_cells").rename(theirs)
        (made.steps / "2_cells").symlink_to(theirs)
        before = stamps(theirs)
        row = run_all(made.images, made.out, workers, recipe_of("objects: {min_area_px2: 9}"))["a"]
        assert "not made by a run of celltrack" in row.error
        assert stamps(theirs) == before

    def test_run_killed_between_data_and_mark_has_finished_its_step(
        self, made: Made, workers: Workers
    ) -> None:
        cells = made.steps / "2_cells"
        hidden = make_hidden(cells / "a")
        (cells / "a.json").rename(hidden / "a.json")
        before = stamps(cells / "a.zarr")
        row = run_all(made.images, made.out, workers, recipe_of(OTHER_LINKER))["a"]
        assert not row.warnings
        assert stamps(cells / "a.zarr") == before
        # And so nobody has changed it by hand when it is made anew.
        other = recipe_of("objects: {min_area_px2: 9}")
        assert run_all(made.images, made.out, workers, other)["a"].status == "done"
        assert sorted(path.name for path in cells.iterdir()) == ["a.json", "a.zarr"]
