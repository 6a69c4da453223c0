from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import tifffile

import napari_celltrack
from command import Done, celltrack
from napari_celltrack.recipe import Recipe
from scenes import three_disks


def in_a_process(*arguments: object) -> Done:
    """Run the command as a user would, in a process of its own."""
    command = [sys.executable, "-m", "napari_celltrack", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return Done(done.returncode, done.stdout, done.stderr)


def test_a_process_says_and_ends_what_the_other_tests_see(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text("version: 1\nobjects: {min_area_px2: -1}")
    for arguments, code in ((["--version"], 0), (["recipe", "check", tmp_path / "r.yaml"], 2)):
        assert in_a_process(*arguments) == celltrack(*arguments, code=code)


def test_version() -> None:
    assert celltrack("--version").stdout == f"celltrack {napari_celltrack.__version__}\n"


def test_recipe_new_check_show(tmp_path: Path) -> None:
    file = tmp_path / "recipe.yaml"
    celltrack("recipe", "new", "-o", file)
    assert Recipe.load(file) == Recipe()
    assert "valid recipe" in celltrack("recipe", "check", file).stdout
    assert celltrack("recipe", "show", file).stdout == Recipe().to_yaml()
    assert celltrack("recipe", "new").stdout == file.read_text()
    assert "exists already" in celltrack("recipe", "new", "-o", file, code=2).stderr
    file.write_text("version: 1\nobjects: {min_area_px2: -1}")
    error = celltrack("recipe", "check", file, code=2).stderr
    assert "objects.min_area_px2: input should be greater than or equal to 0, not -1" in error


def test_info_is_one_line_a_fact(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", three_disks())
    lines = celltrack("info", tmp_path / "a.tif").stdout.splitlines()
    assert "axes: YX" in lines
    assert "size: 96 x 64 px (width x height)" in lines
    assert "data type: uint16" in lines
    assert "pixel size: unknown" in lines
    assert "does not exist" in celltrack("info", tmp_path / "b.tif", code=2).stderr


def test_run_prints_a_table_and_exits_with_1_when_a_file_failed(tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    tifffile.imwrite(images / "a.tif", three_disks())
    Recipe().save(tmp_path / "r.yaml")
    done = celltrack("run", tmp_path / "r.yaml", images, "-o", tmp_path / "out")
    assert done.stdout.splitlines()[1].split()[:4] == ["a.tif", "done", "1", "3"]
    assert done.stderr == ""  # quiet when piped
    (images / "b.tif").write_text("no image")
    done = in_a_process("run", tmp_path / "r.yaml", images, "-o", tmp_path / "out", "--json")
    assert done.code == 1
    # What is kept is said before the start, and beside the JSON.
    assert done.stderr == "1 of 2 done with these settings, kept if unchanged.\n"
    rows = json.loads(done.stdout)
    assert [(row["file"], row["status"]) for row in rows] == [
        ("a.tif", "done"),
        ("b.tif", "failed"),
    ]


def test_wrong_use_exits_with_2(tmp_path: Path) -> None:
    Recipe().save(tmp_path / "r.yaml")
    celltrack("run", tmp_path / "r.yaml", code=2)
    celltrack("runn", code=2)
    missing = celltrack("run", tmp_path / "r.yaml", tmp_path / "no", "-o", tmp_path / "out", code=2)
    assert missing.stderr.startswith("Error: ")
    assert not (tmp_path / "out").exists()


def test_demo_finds_the_cells_of_the_made_movie(tmp_path: Path) -> None:
    done = celltrack("demo", "-o", tmp_path / "demo", "--no-view")
    _, first, cells, tracks, *_ = done.stdout.splitlines()
    assert float(cells.split()[-1]) > 0.98
    assert float(tracks.split()[-2]) > 0.98
    counts = pd.read_csv(tmp_path / "demo" / "results" / "dividing_nuclei" / "counts.csv")
    assert first.split()[-2] == str(counts["n_cells"][0])


def test_a_run_without_pyarrow_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)  # as where it is not installed
    tifffile.imwrite(tmp_path / "a.tif", three_disks())
    (tmp_path / "r.yaml").write_text("version: 1\nexport: [{method: tables_parquet}]\n")
    out = tmp_path / "out"
    done = celltrack("run", tmp_path / "r.yaml", tmp_path / "a.tif", "-o", out, code=1)
    said = " ".join((done.stdout + done.stderr).split())
    assert "install it with 'pip install \"napari-celltrack[parquet]\"'" in said
    assert not (out / "a").exists()
