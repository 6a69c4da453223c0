"""Options of a run from end to end: the same tables in both strategies, and what is in them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from command import celltrack
from napari_celltrack.batch import FileDone, Item
from napari_celltrack.cli.run import said_once
from napari_celltrack.recipe import Recipe, TunedOn
from scenes import moving_disks

#: Tuned where pixels were of 1 µm; cells of moving_disks have 113 px² each there.
TUNED = Recipe.from_yaml("version: 1\nobjects: {min_area_px2: 60}").replace(
    tuned_on=TunedOn(pixel_size_um=(1.0, 1.0), dtype="uint16")
)


def write_movie(path: Path, frames: np.ndarray, pixel_um: float | None = None) -> None:
    options: dict[str, object] = {"metadata": {"axes": "TYX"}}
    if pixel_um is not None:
        options = {
            "metadata": {"axes": "TYX", "unit": "um"},
            "resolution": (1 / pixel_um, 1 / pixel_um),
        }
    path.parent.mkdir(exist_ok=True, parents=True)
    tifffile.imwrite(path, frames, imagej=True, **options)  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of a control, twice as large drugged cells, and what is to be measured."""
    images = tmp_path / "images"
    small = moving_disks()
    write_movie(images / "control_w1.tif", small, 1.0)
    write_movie(images / "drug_w2.tif", np.kron(small, np.ones((1, 2, 2), np.uint16)), 0.5)
    for name in ("control_w1", "drug_w2"):
        frames = tifffile.imread(images / f"{name}.tif")
        write_movie(tmp_path / "er" / f"{name}.tif", frames // 2 + 7)
    (images / "notes.txt").write_text("no image")
    TUNED.save(tmp_path / "r.yaml")
    return images


def tables(out: Path) -> dict[str, bytes]:
    found = [*out.glob("*.csv"), *out.glob("[!s]*/*.csv"), *out.glob("[!s]*/labels.tif")]
    return {str(p.relative_to(out)): p.read_bytes() for p in found if p.name != "summary.csv"}


def test_all_options_at_once_give_the_same_in_both_strategies(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "o.yaml").write_text("'drug_*': {link: {max_gap_frames: 0}}")
    options = (
        *("--names", "{condition}_w{well}.tif", "--also", "er=../er/{name}.tif"),
        *("--overrides", tmp_path / "o.yaml", "--rescale", "--workers", "2", "--no-report"),
    )
    summaries = {}
    for strategy in ("vertical", "horizontal", "auto"):
        out = tmp_path / strategy
        said = celltrack(
            "run", tmp_path / "r.yaml", folder, "-o", out, *options, "--strategy", strategy
        ).stdout
        assert "drug_w2.tif: Lengths in pixels are multiplied by 2" in said
        summary = pd.read_csv(out / "summary.csv", dtype=str)
        summaries[strategy] = summary.drop(columns="seconds")
    assert (
        tables(tmp_path / "vertical")
        == tables(tmp_path / "horizontal")
        == tables(tmp_path / "auto")
    )
    pd.testing.assert_frame_equal(summaries["vertical"], summaries["horizontal"])
    pd.testing.assert_frame_equal(summaries["vertical"], summaries["auto"])

    out = tmp_path / "vertical"
    summary = summaries["vertical"]
    assert summary.columns[:5].tolist() == ["file", "folder", "condition", "well", "status"]
    rows = summary.set_index("folder")
    assert rows["condition"].to_dict() == {"control_w1": "control", "drug_w2": "drug"}
    assert rows["well"].to_dict() == {"control_w1": "1", "drug_w2": "2"}
    # 60 px² would have been nothing to cells of 452 px²; the areas in µm² are alike.
    made = Recipe.load(out / "drug_w2" / "recipe.yaml")
    assert made.objects.min_area_px2 == 240
    assert Recipe.load(out / "control_w1" / "recipe.yaml").objects.min_area_px2 == 60
    # The cell that is missing in frame 3 is two tracks where no gaps are bridged.
    assert rows["n_tracks"].to_dict() == {"control_w1": "3", "drug_w2": "4"}
    pooled = pd.read_csv(out / "tracks.csv")
    for name, condition in rows["condition"].items():
        objects = pd.read_csv(out / name / "objects.csv")
        (own,) = {str(c) for c in objects if str(c).endswith("_mean")} - {"er_mean"}
        assert objects["er_mean"].to_numpy() == pytest.approx(objects[own].to_numpy() / 2 + 7)
        n_tracks = len(pd.read_csv(out / name / "tracks.csv"))
        assert (pooled["condition"] == condition).sum() == n_tracks
        assert (pooled["folder"] == name).sum() == n_tracks


def test_plots_are_drawn_and_a_result_without_them_is_not_enough(
    folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    arguments = ("run", tmp_path / "r.yaml", folder / "control_w1.tif", "-o", out)
    kept = []
    for options in ((), ("--plots", "--strategy", "horizontal"), ("--plots",)):
        (row,) = json.loads(celltrack(*arguments, *options, "--json", "--no-report").stdout)
        drawn = sorted((out / "control_w1").glob("plots/*"))
        kept.append((f"kept: {row['file']}" in (out / "run.log").read_text(), len(drawn) >= 3))
        assert all(path.stat().st_size for path in drawn)
    assert kept == [(False, False), (False, True), (True, True)]


def test_a_plan_takes_what_a_run_takes(folder: Path, tmp_path: Path) -> None:
    (folder / "overrides.yaml").write_text("'drug_*': {input: {frames: {stop: 2}}}")
    recipe = tmp_path / "r.yaml"
    options = ("--names", "{condition}_w{well}.tif", "--also", "er=../er/{name}.tif", "--rescale")
    arguments = ("plan", recipe, folder, *options, "--no-sample", "--json")
    made = json.loads(celltrack(*arguments).stdout)
    assert (made["n_items"], made["n_frames"], made["n_unreadable"]) == (2, 6 + 2, 0)
    # What a run would say of each file, the plan knows before.
    (tmp_path / "er" / "drug_w2.tif").unlink()
    write_movie(folder / "control_w3.tif", moving_disks())
    made = json.loads(celltrack(*arguments).stdout)
    assert (made["n_items"], made["n_unreadable"]) == (1, 2)
    assert "control_w3.tif does not say how large its pixels are" in made["unreadable_why"] or (
        "drug_w2.tif does not exist" in made["unreadable_why"]
    )


def test_what_many_files_share_is_said_once() -> None:
    def row(name: str, *warnings: str) -> FileDone:
        return FileDone(Item(name, name, name), "done", seconds=0, warnings=warnings)

    rows = [row(f"f{i}.tif", f"f{i}.tif is uint8; other.") for i in range(40)]
    rows.insert(1, row("x.tif", "x.tif is uint8; other.", "Only here."))
    assert said_once(rows) == [
        ("f0.tif and 40 more like it", "f0.tif is uint8; other."),
        ("x.tif", "Only here."),
    ]
