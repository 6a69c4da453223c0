"""``celltrack check`` says what is damaged, missing, changed, and not ours; nothing else."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr

from command import celltrack
from napari_celltrack.batch import RunOptions, check_results, find_inputs, run_files
from napari_celltrack.recipe import Recipe
from scenes import moving_disks


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run, step by step, of two movies."""
    path = tmp_path_factory.mktemp("check")
    (path / "images").mkdir()
    for name in ("a", "b"):
        stack = moving_disks(3).astype(np.uint16)
        metadata = {"axes": "TYX"}
        tifffile.imwrite(path / "images" / f"{name}.tif", stack, imagej=True, metadata=metadata)
    options = RunOptions(strategy="horizontal", n_workers=1)
    list(run_files(Recipe(), find_inputs([path / "images"]), path / "out", options))
    return path / "out"


@pytest.fixture
def out(once: Path, tmp_path: Path) -> Path:
    return shutil.copytree(once, tmp_path / "out")


def zero(path: Path) -> None:
    """Lose what a file holds, as a power cut does: length and time stay."""
    before = path.stat()
    path.write_bytes(bytes(before.st_size))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def paint(path: Path) -> None:
    cells = zarr.open_array(str(path), mode="r+")
    cells[1] = np.full_like(cells[1], 7)


def pipe(path: Path) -> None:
    """Put a pipe in the place of a file: whoever opens it waits for ever."""
    if not hasattr(os, "mkfifo"):
        pytest.skip("needs pipes")
    path.unlink()
    os.mkfifo(path)


def write(path: Path) -> None:
    path.write_text("mine")


CELLS = "steps/2_cells/a.zarr"
HARMS: dict[str, tuple[str, Callable[[Path], None], str, str]] = {
    "table of a result": ("a/objects.csv", zero, "a/objects.csv", "damaged"),
    "labels of a result": ("b/labels.tif", Path.unlink, "b/labels.tif", "missing"),
    "record of a result": ("b/run.json", zero, "b/run.json", "damaged"),
    "a whole result": ("b", shutil.rmtree, "b", "missing"),
    "summary": ("summary.csv", zero, "summary.csv", "damaged"),
    "chunk of a step": (f"{CELLS}/0/1/0/0", Path.unlink, CELLS, "damaged"),
    "table of a step": ("steps/3_measured/b.csv", zero, "steps/3_measured/b.csv", "damaged"),
    "cells by hand": (f"{CELLS}/0", paint, CELLS, "changed by hand"),
    "file in a step": ("steps/2_cells/c.tif", write, "steps/2_cells/c.tif", "of others"),
    "file in a result": ("a/notes.txt", write, "a/notes.txt", "of others"),
    "pipe for a table": ("a/objects.csv", pipe, "a/objects.csv", "damaged"),
    "pipe for a record": ("b/run.json", pipe, "b/run.json", "damaged"),
    "pipe for a chunk": (f"{CELLS}/0/1/0/0", pipe, CELLS, "changed by hand"),
    "pipe for what says how chunks are read": (f"{CELLS}/.zgroup", pipe, CELLS, "changed by hand"),
    "file beside results": ("notes.txt", write, "notes.txt", "of others"),
}


def test_whole_results_are_said_to_be_whole(out: Path) -> None:
    done = celltrack("check", out)
    n_files = sum(checked.n_files for checked in check_results(out))
    assert done.stdout == (
        f"{n_files} files of runs compared with what was written: none is damaged or missing.\n"
    )
    # All files but the logs, the hidden ones, and the records that hold the digests.
    known = {"run.json", "run.log"}
    there = [p for p in out.rglob("*") if p.is_file() and p.name not in known and p.name[0] != "."]
    marks = list(out.glob("steps/*/*.json"))
    hidden = [p for p in out.glob("steps/*/*.zarr/**/.z*") if p.is_file()]
    assert n_files == len(there) - len(marks) + len(hidden)
    assert "none is damaged" in celltrack("check", out / "a").stdout


@pytest.mark.parametrize(("name", "harm", "file", "kind"), HARMS.values(), ids=HARMS)
def test_what_is_not_as_written_is_named(
    out: Path, name: str, harm: Callable[[Path], None], file: str, kind: str
) -> None:
    harm(out / name)
    found = [finding for checked in check_results(out) for finding in checked.findings]
    assert [(finding.file, finding.kind) for finding in found] == [(file, kind)]
    is_lost = kind in ("damaged", "missing")
    done = celltrack("check", out, code=int(is_lost))
    assert done.stdout.startswith(f"{file}: {kind} (")
    assert ("none is damaged or missing" in done.stdout) == (not is_lost)
    said = json.loads(celltrack("check", out, "--json", code=int(is_lost)).stdout)
    assert [(one["file"], one["kind"]) for one in said["findings"]] == [(file, kind)]


def test_what_is_lost_comes_back_with_another_run(out: Path, once: Path) -> None:
    zero(out / "a" / "objects.csv")
    (out / "steps" / "2_cells" / "a.zarr" / "0" / "1" / "0" / "0").unlink()
    zero(out / "steps" / "3_measured" / "a.csv")
    celltrack("check", out, code=1)
    options = RunOptions(strategy="horizontal", n_workers=1)
    list(run_files(Recipe(), find_inputs([once.parent / "images"]), out, options))
    celltrack("check", out)
    assert (out / "a" / "objects.csv").read_bytes() == (once / "a" / "objects.csv").read_bytes()


def test_a_folder_without_results_is_said_to_be_none(tmp_path: Path) -> None:
    assert "holds no results" in celltrack("check", tmp_path, code=2).stderr
    assert "is no folder" in celltrack("check", tmp_path / "no", code=2).stderr
