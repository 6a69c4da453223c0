"""How many frames a second a folder takes, with one worker and with several.

Makes movies of 512 x 512 px, 16 bit, and runs the default recipe over them with one worker (one
core) and with `n` threads and `n` processes, in turn, so that what else the machine does falls on
all of them alike. Prints frames a second and the ratio to one worker of each round.

    python benchmarks/batch.py [--files 8] [--frames 10] [--workers 2] [--rounds 3]
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import tifffile

from napari_celltrack.batch import FileDone, RunOptions, find_inputs, run_files
from napari_celltrack.recipe import Recipe
from napari_celltrack.sample_data import dividing_nuclei

SIDE_PX = 512


def write_movies(folder: Path, n_files: int, n_frames: int, side_px: int = SIDE_PX) -> None:
    """Write movies of ten made frames, to and fro, as long as wanted."""
    n_cells = max(4, 80 * side_px**2 // 512**2)
    made = dividing_nuclei(min(n_frames, 10), (side_px, side_px), n_cells, n_divisions=4).frames
    last = max(1, len(made) - 1)
    to_and_fro = np.abs((np.arange(n_frames) + last) % (2 * last) - last) % len(made)
    for index in range(n_files):
        shifted = np.roll(made, 7 * index, axis=2)[to_and_fro]
        tifffile.imwrite(folder / f"m{index}.tif", shifted, imagej=True, metadata={"axes": "TYX"})


def seconds_of(images: Path, out: Path, pool: str, n_workers: int, *, keep: bool = False) -> float:
    """Return how long a folder takes; the results are deleted unless they are to be kept."""
    started = time.perf_counter()
    inputs = find_inputs([images])
    options = RunOptions(pool=pool, n_workers=n_workers, report=False)
    for event in run_files(Recipe(), inputs, out, options):
        assert not isinstance(event, FileDone) or event.status == "done", event
    seconds = time.perf_counter() - started
    if not keep:
        shutil.rmtree(out)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=8)
    parser.add_argument("--frames", type=int, default=10)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    n_frames, n = arguments.files * arguments.frames, arguments.workers
    ways = {"1 worker": ("threads", 1), f"{n} threads": ("threads", n)}
    ways[f"{n} processes"] = ("processes", n)
    with tempfile.TemporaryDirectory() as home:
        images = Path(home) / "images"
        images.mkdir()
        write_movies(images, arguments.files, arguments.frames)
        seconds_of(images, Path(home) / "out", "threads", n)  # everything is loaded
        ratios: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(arguments.rounds):
            load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
            taken = {way: seconds_of(images, Path(home) / "out", *how) for way, how in ways.items()}
            for way, seconds in taken.items():
                ratios[way].append(taken["1 worker"] / seconds)
                print(f"{way:>14}: {n_frames / seconds:7.1f} frames/s", end="  ", flush=True)
            print(f"load {load:.1f}")
        for way, found in ratios.items():
            print(f"{way:>14}: {statistics.median(found):.2f} times one worker")


if __name__ == "__main__":
    main()
