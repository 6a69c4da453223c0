"""What was assumed or left out when a file was read is said wherever its numbers are."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile

from command import celltrack
from napari_celltrack.batch import FileDone, RunOptions, find_inputs, run_files
from napari_celltrack.recipe import Recipe, TunedOn
from scenes import movie_of, moving_disks

FRAMES = moving_disks(4).astype(np.uint16)


def unknown_axis(folder: Path) -> Path:
    path = folder / "a.tif"
    tifffile.imwrite(path, FRAMES, photometric="minisblack")
    return path


def palette(folder: Path) -> Path:
    path = folder / "a.tif"
    colours = np.zeros((3, 256), np.uint16)
    still = (FRAMES[0] / FRAMES.max() * 255).astype(np.uint8)
    tifffile.imwrite(path, still, photometric="palette", colormap=colours)
    return path


def opacity(folder: Path) -> Path:
    path = folder / "a.tif"
    image = np.stack([FRAMES[0], np.full_like(FRAMES[0], 255)], axis=-1)
    tifffile.imwrite(path, image, photometric="minisblack", extrasamples=["unassalpha"])
    return path


def missing_number(folder: Path) -> Path:
    path = folder / "frames"
    path.mkdir()
    for number in (0, 1, 3):
        tifffile.imwrite(path / f"t{number:03}.tif", FRAMES[number])
    return path


def mixed_types(folder: Path) -> Path:
    path = folder / "frames"
    path.mkdir()
    tifffile.imwrite(path / "t0.tif", (FRAMES[0] / FRAMES.max() * 255).astype(np.uint8))
    tifffile.imwrite(path / "t1.tif", FRAMES[1])
    return path


def unknown_unit(folder: Path) -> Path:
    path = folder / "a.tif"
    tifffile.imwrite(path, FRAMES, imagej=True, metadata={"axes": "TYX", "unit": "furlong"})
    return path


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (unknown_axis, "taken as T"),
        (palette, "palette"),
        (opacity, "opaque"),
        (missing_number, "umber 2 is missing"),
        (mixed_types, "uint8"),
        (unknown_unit, "furlong"),
    ],
)
@pytest.mark.parametrize("strategy", ["vertical", "horizontal"])
def test_every_place_says_it(
    make: Callable[[Path], Path], word: str, strategy: str, tmp_path: Path
) -> None:
    path, out = make(tmp_path), tmp_path / "out"
    (tmp_path / "r.yaml").write_text("version: 1\n")
    command = ("run", tmp_path / "r.yaml", path, "-o", out, "--strategy", strategy)
    as_frames = ("--frames",) if path.is_dir() else ()
    said = celltrack(*command, *as_frames)
    (row,) = csv.DictReader((out / "summary.csv").open(encoding="utf-8"))
    record = json.loads((out / row["folder"] / "run.json").read_text(encoding="utf-8"))
    for text in (
        " ".join(said.stdout.split()),
        row["warnings"],
        " ".join(record["warnings"]),
        (out / "run.log").read_text(encoding="utf-8"),
        (out / "report.html").read_text(encoding="utf-8"),
    ):
        assert word in text
    # A result that is kept says it again.
    assert word in " ".join(celltrack(*command, *as_frames).stdout.split())
    strict = celltrack(*command, *as_frames, "--strict", code=1)
    assert "has warnings, and the run is strict" in strict.stdout


def rows(recipe: Recipe, path: Path, out: Path, *, strict: bool) -> list[FileDone]:
    options = RunOptions(strict=strict, report=False)
    events = run_files(recipe, find_inputs([path]), out, options)
    return [event for event in events if isinstance(event, FileDone)]


def test_what_the_recipe_says_is_not_assumed(tmp_path: Path) -> None:
    path = unknown_axis(tmp_path)
    stated = Recipe().replace(input=Recipe().input.replace(axes="TYX"))
    (done,) = rows(stated, path, tmp_path / "out", strict=True)
    assert (done.status, done.warnings) == ("done", ())


def test_a_plain_file_passes_a_strict_run(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, FRAMES, imagej=True, metadata={"axes": "TYX"})
    (done,) = rows(Recipe(), path, tmp_path / "out", strict=True)
    assert (done.status, done.warnings) == ("done", ())


def test_time_that_is_read_as_depth_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, FRAMES, imagej=True, metadata={"axes": "ZYX"})
    recipe = Recipe(tuned_on=TunedOn.of(movie_of(FRAMES, "TYX")))
    (done,) = rows(recipe, path, tmp_path / "out", strict=False)
    assert "read as ZYX and the recipe was tuned on TYX" in " ".join(done.warnings)
    (done,) = rows(recipe, path, tmp_path / "out", strict=True)
    assert done.status == "failed"


def test_lengths_that_were_to_be_rescaled_pass_a_strict_run(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(
        path, FRAMES, imagej=True, resolution=(2, 2), metadata={"axes": "TYX", "unit": "um"}
    )
    coarse = replace(movie_of(FRAMES, "TYX"), pixel_size_um=(1.0, 1.0))
    recipe = Recipe(tuned_on=TunedOn.of(coarse))
    options = RunOptions(strict=True, rescale=True, report=False)
    *_, done = run_files(recipe, find_inputs([path]), tmp_path / "out", options)
    assert isinstance(done, FileDone)
    assert done.status == "done"
    assert "multiplied by 2" in " ".join(done.warnings)


def test_recipes_that_do_not_say_their_axes_warn_of_none() -> None:
    old = TunedOn.of(movie_of(FRAMES, "TYX")).replace(axes="")
    assert old.differences(movie_of(FRAMES, "ZYX")) == []
    still = movie_of(FRAMES[0], "YX")
    assert TunedOn.of(movie_of(FRAMES, "ZYX")).differences(still) == []


def test_other_files_say_it_too(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    tifffile.imwrite(tmp_path / "a" / "x.tif", FRAMES, imagej=True, metadata={"axes": "TYX"})
    tifffile.imwrite(tmp_path / "b" / "y.tif", FRAMES, photometric="minisblack")
    inputs = find_inputs([tmp_path / "a"], also={"er": str(tmp_path / "b" / "y.tif")})
    events = list(run_files(Recipe(), inputs, tmp_path / "out", RunOptions(report=False)))
    assert isinstance(events[-1], FileDone)
    assert any("y.tif" in w and "taken as T" in w for w in events[-1].warnings)
