"""Whoever does the work: the same bytes; and what happens when workers or folders go away."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
import tifffile

from command import celltrack
from napari_celltrack.batch import (
    FileDone,
    FrameDone,
    Inputs,
    Item,
    RunOptions,
    find_inputs,
    run_files,
    suitable_pool,
    workers,
)
from napari_celltrack.batch.blocks import blocks_of
from napari_celltrack.batch.item_task import ItemTask
from napari_celltrack.batch.lock import RunEnded, RunningFile
from napari_celltrack.batch.machine import free_memory_bytes
from napari_celltrack.batch.vertical import run_vertical
from napari_celltrack.batch.workers import Workers, open_workers
from napari_celltrack.errors import CelltrackError, ResultError
from napari_celltrack.readers.grouped import GroupFile
from napari_celltrack.recipe import Recipe
from scenes import moving_disks
from test_batch import contents, run

#: Links by overlap too, so that the edges of blocks matter.
OVERLAP = Recipe.from_yaml("version: 1\nlink: {method: assignment, overlap_weight: 2}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with four movies and a broken file."""
    path = tmp_path / "images"
    path.mkdir()
    for index in range(4):
        write_movie(path / f"m{index}.tif", np.roll(moving_disks(9), index, axis=1))
    (path / "m9.tif").write_text("not an image")
    return path


def write_movie(path: Path, frames: np.ndarray) -> None:
    tifffile.imwrite(path, frames, imagej=True, metadata={"axes": "TYX"})


@pytest.fixture
def cluster() -> Iterator[str]:
    """Run a Dask scheduler with two workers, each a process, and return its address."""
    distributed = pytest.importorskip("distributed")
    options = {"host": "127.0.0.1", "dashboard_address": None}
    # What it sets for its workers, as how memory is freed, is not for processes of later tests.
    with (
        patch.dict(os.environ),
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, **options) as here,
    ):
        yield here.scheduler_address


def works_of(inputs: Inputs, out: Path, recipe: Recipe) -> list[ItemTask]:
    """Return the work of a run in a folder that is there."""
    out.mkdir()
    running_file = RunningFile.create(out)
    return [ItemTask(recipe, item, out / item.name, running_file) for item in inputs.items]


def test_processes_give_the_bytes_of_threads(
    folder: Path, tmp_path: Path, three_processes: Workers
) -> None:
    OVERLAP.save(tmp_path / "r.yaml")
    for way in ("threads", "processes"):
        out = tmp_path / way
        options = (f"--{way}", "--workers", 1, "--no-report", "--json")
        done = celltrack("run", tmp_path / "r.yaml", folder, "-o", out, *options, code=1)
        assert [row["status"] for row in json.loads(done.stdout)] == ["done"] * 4 + ["failed"]
        assert f"pool={way}" in (out / "run.log").read_text()
    assert contents(tmp_path / "processes") == contents(tmp_path / "threads")
    several = tmp_path / "several"
    list(run_vertical(works_of(find_inputs([folder]), several, OVERLAP), three_processes))
    for name in ("m0", "m1", "m2", "m3"):
        assert contents(several / name) == contents(tmp_path / "threads" / name)


def sparse(path: Path, n_bytes: int) -> Path:
    """Write a file of some size that takes no room."""
    path.parent.mkdir(exist_ok=True, parents=True)
    with path.open("wb") as file:
        file.truncate(n_bytes)
    return path


def items_of_600_mb(home: Path) -> dict[str, list[Item]]:
    """Return the same size as a file, as three of them, as a folder, a pattern and parts."""
    whole = sparse(home / "whole.tif", 600 * 2**20)
    some = [sparse(home / "some" / f"f{index}.tif", 200 * 2**20) for index in range(3)]
    parts = tuple(GroupFile(str(path), channel="", t=None, z=None) for path in some)
    return {
        "file": [Item(str(whole), "whole.tif", "whole")],
        "files": [Item(str(path), path.name, path.stem) for path in some],
        "folder": [Item(str(home / "some"), "some", "some")],
        "pattern": [Item(str(home / "some" / "f*.tif"), "f*.tif", "f")],
        "parts": [Item(str(home / "some" / "f{t}.tif"), "f{t}.tif", "f", parts=parts)],
    }


def test_processes_are_chosen_for_half_a_gigabyte_and_several_cores(tmp_path: Path) -> None:
    free_bytes = free_memory_bytes()
    if free_bytes is None or free_bytes < 2**30:
        pytest.skip("too little memory is free for processes")
    for kind, items in items_of_600_mb(tmp_path).items():
        assert suitable_pool(items, n_workers=2) == "processes", kind
        assert suitable_pool(items, n_workers=1) == "threads", kind
    small = [Item(str(sparse(tmp_path / "small.tif", 2**29 - 1)), "small.tif", "small")]
    assert suitable_pool(small, n_workers=2) == "threads"
    assert suitable_pool([Item(str(tmp_path / "gone.tif"), "gone.tif", "gone")], 2) == "threads"


def test_threads_are_chosen_where_memory_is_short(tmp_path: Path) -> None:
    free_bytes = free_memory_bytes()
    if free_bytes is None:
        pytest.skip("this system does not say what memory is free")
    # More workers than could be in any memory.
    items = items_of_600_mb(tmp_path)["file"]
    assert suitable_pool(items, n_workers=free_bytes // 2**20) == "threads"


def test_threads_are_taken_for_little_unless_told_otherwise(folder: Path, tmp_path: Path) -> None:
    Recipe().save(tmp_path / "r.yaml")
    celltrack("run", tmp_path / "r.yaml", folder / "m0.tif", "-o", tmp_path / "out")
    assert "pool=threads" in (tmp_path / "out" / "run.log").read_text()


def test_movies_in_blocks_give_the_same_bytes(
    folder: Path, tmp_path: Path, three_processes: Workers
) -> None:
    run(folder, tmp_path / "one", OVERLAP, n_workers=1)
    works = works_of(find_inputs([folder / "m0.tif"]), tmp_path / "blocks", OVERLAP)
    *frames, done = run_vertical(works, three_processes)
    assert sum(isinstance(event, FrameDone) for event in frames) == 9
    assert isinstance(done, FileDone) and done.status == "done"
    expected = contents(tmp_path / "one" / "m0")
    assert contents(tmp_path / "blocks" / "m0") == expected


def test_blocks_hold_every_frame_once_and_are_small_enough() -> None:
    for n_frames, n_pixels, n_workers in ((1, 1, 4), (100, 2**12, 3), (10, 2**24, 2)):
        blocks = blocks_of(range(n_frames), n_pixels, n_workers)
        assert [frame for block in blocks for frame in block] == list(range(n_frames))
        assert max(map(len, blocks)) * n_pixels * 4 <= 64 * 2**20
        assert len(blocks) >= min(n_frames, n_workers)


def test_a_cluster_gives_the_same_bytes(folder: Path, tmp_path: Path, cluster: str) -> None:
    run(folder, tmp_path / "one", OVERLAP, n_workers=1)
    rows = run(folder, tmp_path / "dask", OVERLAP, scheduler=cluster)
    assert f"On {socket.gethostname()}" in rows[-1].error
    assert contents(tmp_path / "dask") == contents(tmp_path / "one")
    # Fewer items than workers: the frames are shared out.
    few = find_inputs([folder / "m0.tif"])
    options = RunOptions(scheduler=cluster, report=False)
    list(run_files(OVERLAP, few, tmp_path / "blocks", options))
    expected, blocks = contents(tmp_path / "one" / "m0"), contents(tmp_path / "blocks" / "m0")
    assert blocks == expected


def test_wrong_addresses_are_said_in_a_sentence(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(workers, "_TIMEOUT_S", 0.5)  # nobody will ever answer there
    for address in ("tcp://127.0.0.1:1", "nonsense"):
        with pytest.raises(CelltrackError, match=f"No Dask scheduler answers at {address}; check"):
            run(folder, tmp_path / "out", scheduler=address)


class Deadly(Item):
    """An item that ends the process that it is sent to, as the system does to free memory."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os._exit, (1,)


@pytest.mark.parametrize("good", [["m0", "m1", "m2"], ["m0"]], ids=["whole items", "blocks"])
def test_an_item_that_kills_its_worker_fails_and_the_others_are_done(
    folder: Path, tmp_path: Path, three_processes: Workers, good: list[str]
) -> None:
    first, *others = find_inputs([folder / f"{name}.tif" for name in good]).items
    deadly = Deadly(first.path, "deadly.tif", "deadly")
    works = works_of(Inputs((first, deadly, *others), ()), tmp_path / "out", Recipe())
    events = run_vertical(works, three_processes)
    rows = {event.item.name: event for event in events if isinstance(event, FileDone)}
    assert [name for name in sorted(rows) if rows[name].status == "done"] == good
    assert "worker was ended from outside, most often because memory" in rows["deadly"].error


def test_the_folder_of_the_results_goes_away(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_movie(folder / "m0.tif", moving_disks(400))
    options = RunOptions(n_workers=2, report=False)
    events = run_files(Recipe(), find_inputs([folder]), out, options)
    with pytest.raises(ResultError, match=r"removed or renamed during the run; run again"):
        for event in events:
            if isinstance(event, FrameDone) and out.exists():
                out.rename(tmp_path / "elsewhere")
    assert not out.exists()


def test_two_runs_in_one_folder_are_refused(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    events = run_files(Recipe(), find_inputs([folder]), out, RunOptions(report=False))
    next(events)
    with pytest.raises(ResultError, match=rf"Another run \(process {os.getpid()} on .* since 2"):
        run(folder, out)
    events.close()
    assert not list(out.glob(".*"))
    assert len(run(folder, out)) == 5


COMMAND = (sys.executable, "-m", "napari_celltrack", "run")


def test_a_killed_run_frees_its_folder_and_leaves_no_worker(folder: Path, tmp_path: Path) -> None:
    """Also processes that worked for it end, and what they left is cleared away."""
    Recipe().save(tmp_path / "r.yaml")
    for index in range(4):
        (folder / f"m{index}.tif").unlink()
    for index in range(2):
        write_movie(folder / f"m{index}.tif", np.tile(moving_disks(9), (12, 1, 1)))
    out = tmp_path / "out"
    arguments = (tmp_path / "r.yaml", folder, "-o", out, "--processes", "--workers", "2")
    process = subprocess.Popen([*COMMAND, *map(str, arguments)])
    while not list(out.glob(".m*.partial/labels.tif")):
        assert process.poll() is None
        time.sleep(0.02)
    workers = children(process.pid)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{pid}/task").exists() for pid in workers):
        assert time.monotonic() < deadline, "workers outlive the run"
        time.sleep(0.05)
    assert (out / ".lock").exists()
    rows = run(folder, out, report=False)
    assert [row.status for row in rows] == ["done"] * 2 + ["failed"]
    assert not list(out.glob(".*"))


def children(pid: int) -> list[int]:
    if not Path("/proc/self/task").exists():
        pytest.skip("processes are looked up in /proc")
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found]


@pytest.fixture
def ctrl_c_reaches_children() -> Iterator[None]:
    """Undo what a shell does to commands in the background: they and their children ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


#: A signal, how often it is sent, whether to the workers as well, and who works.
ENDS = [
    pytest.param(("SIGINT", 5, True, "--processes"), id="Ctrl+C, five times"),
    pytest.param(("SIGHUP", 1, True, "--processes"), id="closed terminal"),
    pytest.param(("SIGTERM", 1, False, "--threads"), id="request to end"),
]


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
@pytest.mark.usefixtures("ctrl_c_reaches_children")
@pytest.mark.parametrize("end", ENDS)
def test_a_signal_stops_cleanly_and_the_run_goes_on(
    folder: Path, tmp_path: Path, end: tuple[str, int, bool, str]
) -> None:
    name, n_times, is_for_all, pool = end
    Recipe().save(tmp_path / "r.yaml")
    for movie in ("m1", "m2"):
        (folder / f"{movie}.tif").unlink()
    write_movie(folder / "m3.tif", np.tile(moving_disks(9), (15, 1, 1)))
    out = tmp_path / "out"
    arguments = (tmp_path / "r.yaml", folder, "-o", out, pool, "--workers", "2")
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    while not list(out.glob(".m3.*.partial/labels.tif")):
        assert process.poll() is None
        time.sleep(0.02)
    send = os.killpg if is_for_all else os.kill  # as the terminal does, to all of them
    for _ in range(n_times):
        send(process.pid, getattr(signal, name))
        time.sleep(0.05)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 1
    assert said.strip() == "Stopped; run the same command again to go on from here."
    assert not list(out.glob(".*"))
    table = pd.read_csv(out / "summary.csv").set_index("file")
    assert table.loc["m3.tif", "status"] == "stopped"
    assert ", 0 not done" not in (out / "run.log").read_text().splitlines()[-1]
    # What a worker finished while it was told to stop is kept as well.
    kept = {row.item.file for row in run(folder, out) if row.is_kept}
    assert kept >= set(table.index[table["status"] == "done"])
    assert "m3.tif" not in kept


def test_processes_that_do_not_stop_are_ended_and_others_are_not_waited_for() -> None:
    with open_workers("processes", 1) as workers:
        future = workers.submit(partial(time.sleep, 600), "a")
        assert future is not None
        while not future.running():
            time.sleep(0.01)
        workers.end_soon()
        assert isinstance(future.exception(timeout=60), BrokenExecutor)
        with pytest.raises(RunEnded, match="run again to go on"):
            workers.submit(time.time, "b")


@pytest.mark.skipif(shutil.which("mount") is None, reason="needs a disk of its own")
def test_a_full_disk_fails_items_and_keeps_what_is_finished(folder: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a small disk can only be mounted by root")
    try:
        write_movie(folder / "m2.tif", np.tile(moving_disks(9), (4, 6, 6)))
        rows = run(folder, disk / "out", n_workers=1)
        assert [row.status for row in rows] == ["done", "done", "failed", "done", "failed"]
        assert rows[2].error == f"The disk of {disk / 'out'} is full; make room and run again."
        assert not list((disk / "out").glob(".*"))
    finally:
        subprocess.run(["umount", str(disk)], check=True)
