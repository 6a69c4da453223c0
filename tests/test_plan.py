"""What a run will take: sizes from headers, figures from a sample, a choice that fits."""

from __future__ import annotations

import itertools
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile

from command import celltrack
from napari_celltrack.batch.inputs import find_inputs
from napari_celltrack.batch.item_headers import ItemHeader, read_headers
from napari_celltrack.batch.machine import free_disk_bytes, own_memory_bytes, rooms_in_groups
from napari_celltrack.batch.memory_model import horizontal_peak_bytes, vertical_peak_bytes
from napari_celltrack.batch.plan import (
    Estimate,
    StageSize,
    choose,
    fit,
    make_plan,
    most_workers_that_fit,
    speed_up,
)
from napari_celltrack.batch.run_options import RunOptions
from napari_celltrack.batch.sample import Sample, take_sample, typical_sample
from napari_celltrack.plots import plot_pipeline
from napari_celltrack.preprocess import Gaussian
from napari_celltrack.recipe import FrameRange, Input, Recipe
from napari_celltrack.sample_data import dividing_nuclei
from napari_celltrack.text import bytes_text, duration_text, mean_text


@pytest.fixture(scope="module")
def movies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of three movies of nuclei, a broken one, and a text."""
    folder = tmp_path_factory.mktemp("movies")
    made = dividing_nuclei(6, (96, 128), 8, n_divisions=1).frames
    for number in range(3):
        tifffile.imwrite(folder / f"m{number}.tif", made[: 4 + number], photometric="minisblack")
    (folder / "broken.tif").write_bytes(b"II*\0 and nothing more")
    (folder / "notes.txt").write_text("no image")
    return folder


@pytest.fixture(scope="module")
def headers(movies: Path) -> list[ItemHeader]:
    """Return the headers of these movies."""
    return read_headers(Recipe(), find_inputs([movies]).items)[0]


@pytest.fixture(scope="module")
def plain(headers: list[ItemHeader]) -> Sample:
    """Return a sample of the default recipe."""
    return take_sample(headers[0])


def write_still(path: Path, image: np.ndarray) -> Path:
    """Write a still and return where."""
    tifffile.imwrite(path, image, photometric="rgb" if image.ndim == 3 else "minisblack")
    return path


def test_all_in_memory_of_a_thousand_images_is_exact(tmp_path: Path) -> None:
    first = tmp_path / "image_0000.tif"
    tifffile.imwrite(
        first,
        np.zeros((3, 1024, 1024), np.uint16),
        compression="zlib",
        metadata={"axes": "CYX"},
        photometric="minisblack",
    )
    for number in range(1, 1000):
        os.link(first, tmp_path / f"image_{number:04}.tif")
    held_bytes = own_memory_bytes()  # by this process already, whatever ran in it before
    plan = make_plan(Recipe(), find_inputs([tmp_path]), RunOptions(n_workers=2), sample=False)
    assert plan.naive_bytes == 6_291_456_000
    assert (plan.n_items, plan.n_frames, plan.n_unreadable) == (1000, 1000, 0)
    # A thousand images do not take more memory than as many as there are workers.
    for way in (plan.vertical, plan.horizontal):
        assert way.peak_bytes - held_bytes < plan.naive_bytes / 16


def test_a_plan_with_a_sample_has_times_and_counts_what_cannot_be_run(movies: Path) -> None:
    options = RunOptions(n_workers=2)
    plan = make_plan(Recipe(), find_inputs([movies]), options, out=movies / "not" / "yet")
    assert (plan.n_items, plan.n_frames) == (3, 4 + 5 + 6)
    assert plan.naive_bytes == 15 * 96 * 128 * 2
    assert plan.n_unreadable == 1
    assert "broken.tif" in plan.unreadable_why
    assert plan.n_ignored == 1
    assert "m1.tif" in plan.sample  # the one of middle size
    assert plan.vertical.n_workers == plan.horizontal.n_workers == 2
    assert plan.vertical.seconds is not None and plan.vertical.seconds > 0
    assert plan.vertical.peak_bytes > own_memory_bytes() / 2
    assert plan.horizontal.disk_bytes > plan.vertical.disk_bytes > 0
    assert plan.choice == "vertical" and plan.vertical.fits
    assert [stage.name for stage in plan.stages] == ["read", "prepare", "count", "measure", "track"]
    assert all(stage.n_bytes > 0 for stage in plan.stages)
    assert json.loads(json.dumps(plan.to_json())) == plan.to_json()


def test_disk_of_the_plan_is_what_a_result_takes(movies: Path, tmp_path: Path) -> None:
    from napari_celltrack.batch.inputs import open_item
    from napari_celltrack.batch.result import make_result
    from napari_celltrack.engine import run

    inputs = find_inputs([movies / "m2.tif"])
    (item,) = inputs.items
    plan = make_plan(Recipe(), inputs, RunOptions(n_workers=1))
    movie, folder = open_item(item, Recipe()), tmp_path / "result"
    list(make_result(Recipe(), item, movie, run(movie, Recipe()), folder=folder, key=""))
    taken = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    assert plan.vertical.disk_bytes == pytest.approx(taken, rel=0.25)


def test_without_a_sample_there_are_no_times(movies: Path) -> None:
    plan = make_plan(Recipe(), find_inputs([movies]), sample=False)
    assert all(row.seconds is None for row in plan.by_workers)
    assert plan.vertical.peak_bytes > 0 and plan.vertical.disk_bytes > 0
    assert "Nothing was timed" in plan.sample


def test_memory_grows_with_workers_size_and_frames(
    headers: list[ItemHeader], plain: Sample
) -> None:
    larger = [replace(header, n_pixels=4 * header.n_pixels) for header in headers]
    longer = [replace(header, n_frames=1000 * header.n_frames) for header in headers]
    for peak in (vertical_peak_bytes, horizontal_peak_bytes):
        one, *more = (peak(plain, headers, n) for n in (1, 2, 3, 8))
        assert one < more[0] < more[1] < more[2]
        assert peak(plain, larger, 1) > one
        assert peak(plain, longer, 1) > one
        # A hundred times as many items are not more at once.
        assert peak(plain, 100 * headers, 1) == one


def test_steps_and_what_frames_share_take_memory(headers: list[ItemHeader], plain: Sample) -> None:
    recipe = Recipe(input=Input(project_t="max"), preprocess=(Gaussian(sigma_px=2),))
    shared = take_sample(replace(headers[0], recipe=recipe))
    assert plain.cache_bytes_a_frame == 0
    # At least the image of all frames and its labels.
    assert shared.cache_bytes_a_frame >= 96 * 128 * (2 + 4)
    assert shared.prepare_bytes > plain.prepare_bytes >= 96 * 128 * 2
    typical = typical_sample(Recipe(), headers[0].n_pixels)
    assert plain.working_bytes == pytest.approx(typical.working_bytes, rel=0.5)


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("still", np.zeros((40, 50), np.uint8)),
        ("colour", np.zeros((40, 50, 3), np.uint8)),
        ("tiny", np.ones((1, 1), np.float32)),
        ("unseen", np.full((40, 50), np.nan, np.float32)),
    ],
)
def test_images_without_cells_can_be_planned(tmp_path: Path, name: str, image: np.ndarray) -> None:
    path = write_still(tmp_path / f"{name}.tif", image)
    plan = make_plan(Recipe(), find_inputs([path]))
    assert plan.naive_bytes == image.nbytes
    assert plan.vertical.seconds is not None
    assert plan.vertical.disk_bytes > 0


def test_only_the_frames_of_the_recipe_are_worked_on(movies: Path) -> None:
    every_second = Recipe(input=Input(frames=FrameRange(start=1, stop=None, step=2)))
    plan = make_plan(every_second, find_inputs([movies / "m2.tif"]))
    assert plan.n_frames == 3
    assert plan.naive_bytes == 6 * 96 * 128 * 2


def test_what_does_not_fit_the_recipe_is_told(movies: Path) -> None:
    recipe = Recipe(input=Input(frames=FrameRange(start=5)))
    plan = make_plan(recipe, find_inputs([movies]), sample=False)
    assert (plan.n_items, plan.n_unreadable) == (1, 3)
    nothing = make_plan(Recipe(input=Input(frames=FrameRange(start=50))), find_inputs([movies]))
    assert (nothing.n_items, nothing.n_unreadable, nothing.naive_bytes) == (0, 4, 0)
    assert nothing.vertical.disk_bytes == 0
    assert nothing.vertical.seconds is None
    assert "Nothing can be run" in nothing.why


def estimate(strategy: str, peak: int, *, fits: bool) -> Estimate:
    """Return an estimate with one worker."""
    assert strategy in {"vertical", "horizontal"}
    way = "vertical" if strategy == "vertical" else "horizontal"
    return Estimate(way, 1, peak, 10**9, 60.0, fits, "it takes too much.")


@pytest.mark.parametrize(
    ("vertical_fits", "horizontal_fits", "choice"),
    [(True, True, "vertical"), (True, False, "vertical"), (False, True, "horizontal")],
)
def test_what_fits_is_chosen(vertical_fits: bool, horizontal_fits: bool, choice: str) -> None:
    vertical = estimate("vertical", 4 * 10**8, fits=vertical_fits)
    horizontal = estimate("horizontal", 3 * 10**8, fits=horizontal_fits)
    chosen, why = choose(vertical, horizontal, 8 * 10**9)
    assert chosen == choice
    assert "8 GB" in why


def test_where_nothing_fits_the_smaller_is_chosen_and_it_is_said() -> None:
    vertical = estimate("vertical", 4 * 10**9, fits=False)
    horizontal = estimate("horizontal", 3 * 10**9, fits=False)
    chosen, why = choose(vertical, horizontal, 10**9)
    assert chosen == "horizontal"
    assert "Neither" in why
    assert choose(vertical, horizontal, None)[0] == "vertical"


def test_little_memory_is_met_with_fewer_workers() -> None:
    rows = [
        replace(estimate("vertical", n * 10**9, fits=fit(n * 10**9, 0, room, None)[0]), n_workers=n)
        for room in (6 * 10**9,)
        for n in (1, 2, 4, 8)
    ]
    # Five of six are within the quarter that is kept free, eight are not.
    assert [row.fits for row in rows] == [True, True, True, False]
    assert most_workers_that_fit(rows).n_workers == 4
    assert most_workers_that_fit(rows[3:]).n_workers == 8
    assert not any(fit(n, 0, n, None)[0] for n in (10**6, 10**12))


def test_a_full_disk_is_told() -> None:
    fits, why = fit(10**6, 2 * 10**9, None, 2 * 10**9)
    assert not fits
    assert "2.5 GB of disk" in why and "2 GB are free" in why
    assert fit(10**6, 10**9, None, None)[0]


def test_workers_beyond_the_cores_help_nothing() -> None:
    assert speed_up(1, 4) == 1
    assert 1.7 < speed_up(2, 4) < 2 < speed_up(4, 4) < 4
    assert speed_up(9, 4) == speed_up(4, 4)


def test_limits_of_a_container_count(tmp_path: Path) -> None:
    membership, root = tmp_path / "cgroup", tmp_path / "groups"
    group = root / "user" / "job"
    group.mkdir(parents=True)
    membership.write_text("0::/user/job\n")
    assert list(rooms_in_groups(membership, root)) == []
    for place, limit, used in ((group, "max", 700), (root / "user", "1000", 700)):
        (place / "memory.max").write_text(f"{limit}\n")
        (place / "memory.current").write_text(f"{used}\n")
        (place / "memory.stat").write_text("anon 600\ninactive_file 100\n")
    assert list(rooms_in_groups(membership, root)) == [1000 - (700 - 100)]


def test_the_disk_of_a_folder_that_is_not_there_yet_is_known(tmp_path: Path) -> None:
    assert free_disk_bytes(tmp_path / "a" / "b") == pytest.approx(
        free_disk_bytes(tmp_path) or 0, rel=0.1
    )


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [
        (0, "0 bytes"),
        (1_000, "1 kB"),
        (99_600, "0.1 MB"),
        (2_097_152, "2.1 MB"),
        (8_000_000, "8 MB"),
        (400_000_000, "0.4 GB"),
        (6_291_456_000, "6.3 GB"),
        (23e9, "23 GB"),
        (3e15, "3000 TB"),
    ],
)
def test_bytes_in_words(n_bytes: float, text: str) -> None:
    assert bytes_text(n_bytes) == text


@pytest.mark.parametrize(
    ("mean", "text"),
    [
        (0, "0"),
        (0.04, "0.04"),
        (0.94, "0.94"),
        (0.96, "1"),
        (4, "4"),
        (4.5, "4.5"),
        (99.9, "99.9"),
        (99.96, "100"),
        (1234.5678, "1,235"),
    ],
)
def test_a_mean_of_counts_in_words(mean: float, text: str) -> None:
    assert mean_text(mean) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "under 10 s"),
        (42, "40 s"),
        (89, "90 s"),
        (350, "6 min"),
        (27 * 60, "25 min"),
        (2.4 * 3600, "2.5 h"),
        (12.2 * 3600, "12 h"),
        (40 * 3600, "2 days"),
    ],
)
def test_times_in_words(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_the_command_prints_the_plan(movies: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    Recipe().save(recipe)
    arguments = ("plan", recipe, movies, "--no-sample", "--workers", "2")
    told = celltrack(*arguments, "--json")
    options = RunOptions(n_workers=2)
    made = make_plan(Recipe(), find_inputs([movies]), options, sample=False).to_json()
    said = json.loads(told.stdout)
    # What is free changes from moment to moment, and with it what is held.
    steady = ("naive_bytes", "n_items", "n_frames", "stages", "choice", "n_unreadable", "sample")
    assert {name: said[name] for name in steady} == {name: made[name] for name in steady}
    assert said["vertical"]["disk_bytes"] == made["vertical"]["disk_bytes"]
    assert said["vertical"]["peak_bytes"] == pytest.approx(made["vertical"]["peak_bytes"], rel=0.2)
    shown = celltrack(*arguments).stdout
    assert "Image by image" in shown and "Step by step" in shown
    assert "368,640 bytes" in shown  # 15 frames of 96 x 128 px of 16 bit
    assert "broken.tif" in shown


def test_the_diagram_says_what_each_step_holds() -> None:
    sizes = (2_097_152, 8_000_000, 37_000_000, 12_000_000, 130_000)
    names = ("read", "prepare", "count", "measure", "track")
    stages = [StageSize(*pair) for pair in zip(names, sizes, strict=True)]
    for style in ("dark", "light", "print"):
        figure = plot_pipeline(stages, style)
        (ax,) = figure.axes
        texts = [text.get_text() for text in ax.texts]
        assert [text for text in texts if text in names] == list(names)
        assert [text for text in texts if "B" in text] == [bytes_text(size) for size in sizes]
        figure.canvas.draw()
        # Nothing is cut off or touches its neighbour at the width of a dock.
        boxes = [text.get_window_extent() for text in ax.texts]
        width_px = figure.bbox.width
        assert width_px == 340
        assert all(box.x0 >= 0 and box.x1 <= width_px for box in boxes)
        for row in (boxes[::2], boxes[1::2]):
            assert all(a.x1 < b.x0 for a, b in itertools.pairwise(row))
    (ax,) = plot_pipeline([], "print").axes
    assert "no steps" in ax.texts[0].get_text()
