"""Estimated against measured peak memory, and time and disk: the plan should be within 25 %.

Makes movies of nuclei (16 bit) of three sizes, plans each folder in one process and runs it in
another, in both ways and with one and two workers, and prints what was planned beside what was
measured: the peak resident memory of the process, what lies in the folder of results, and seconds.

    python benchmarks/plan_memory.py [--sizes 512 1024 2048] [--workers 1 2] [--movies 3]
                                     [--frames 12] [--folder DIR]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from napari_celltrack.recipe import Recipe
from napari_celltrack.sample_data import dividing_nuclei
from timing import call

_RUN = """
import sys
from pathlib import Path
from napari_celltrack.batch import RunOptions, find_inputs, run_files
from napari_celltrack.recipe import Recipe
recipe, folder, out, strategy, n_workers = sys.argv[1:]
inputs = find_inputs([folder])
options = RunOptions(strategy=strategy, n_workers=int(n_workers))
for event in run_files(Recipe.load(recipe), inputs, Path(out), options):
    if getattr(event, "error", ""):
        sys.exit(event.error)
print("null")
"""
_PLAN = """
import json, sys
from napari_celltrack.batch import RunOptions, find_inputs
from napari_celltrack.batch.plan import make_plan
from napari_celltrack.recipe import Recipe
recipe, folder, n_workers = sys.argv[1:]
plan = make_plan(Recipe.load(recipe), find_inputs([folder]), RunOptions(n_workers=int(n_workers)))
print(json.dumps(plan.to_json()))
"""


def write_movies(folder: Path, size_px: int, n_movies: int, n_frames: int) -> None:
    """Write movies of a few made frames, over and over, each time moved by a px."""
    n_cells = max(10, 250 * size_px**2 // 1024**2)
    made = dividing_nuclei(4, (size_px, size_px), n_cells, n_divisions=4).frames
    for number in range(n_movies):
        with tifffile.TiffWriter(folder / f"movie_{number}.tif") as tiff:
            for frame in range(n_frames):
                shifted = np.roll(made[frame % len(made)], number + frame // len(made), axis=1)
                tiff.write(shifted, contiguous=False, metadata=None)


def compare(recipe: Path, movies: Path, place: Path, n_workers: int) -> list[dict[str, Any]]:
    """Return planned and measured values of both ways."""
    plan, _, _ = call(_PLAN, recipe, movies, n_workers)
    if plan["vertical"]["seconds"] is None:
        sys.exit(plan["sample"])
    rows = []
    for way in ("vertical", "horizontal"):
        out = place / f"{way}_{n_workers}"
        _, seconds, peak_mb = call(_RUN, recipe, movies, out, way, n_workers)
        disk = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
        measured = {"measured_peak": peak_mb * 2**20, "measured_disk": disk, "measured_s": seconds}
        rows.append({**plan[way], **measured})
    return rows


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[512, 1024, 2048])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--movies", type=int, default=3)
    parser.add_argument("--frames", type=int, default=12)
    parser.add_argument("--recipe", type=Path, help="by default the default recipe")
    parser.add_argument("--folder", type=Path, help="where to put movies and results")
    arguments = parser.parse_args()
    print(
        "     px  way         workers   memory: plan  measured  off   disk MB: plan  measured   s"
    )
    worst = 0.0
    for size_px in arguments.sizes:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
            place = Path(name)
            movies = place / "movies"
            movies.mkdir()
            write_movies(movies, size_px, arguments.movies, arguments.frames)
            recipe = arguments.recipe or place / "recipe.yaml"
            if arguments.recipe is None:
                Recipe().save(recipe)
            for n_workers in arguments.workers:
                for row in compare(recipe, movies, place, n_workers):
                    off = row["peak_bytes"] / row["measured_peak"] - 1
                    worst = max(worst, abs(off))
                    print(
                        f"{size_px:7d}  {row['strategy']:10s}  {n_workers:7d}"
                        f"{row['peak_bytes'] / 1e6:15.0f}{row['measured_peak'] / 1e6:10.0f}"
                        f"{off:+7.0%}{row['disk_bytes'] / 1e6:15.1f}"
                        f"{row['measured_disk'] / 1e6:10.1f}"
                        f"   {row['seconds']:.0f} / {row['measured_s']:.0f}",
                        flush=True,
                    )
    print(f"worst: {worst:.0%} of the measured peak")


if __name__ == "__main__":
    main()
