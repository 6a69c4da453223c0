"""Peak memory against the number of frames: it should not grow.

Makes movies of 1024 x 1024 px, 16 bit, on disk (2,000 frames take 4 GB), runs the default recipe
over each in a process of its own, and prints the peak resident memory of that process.

    python benchmarks/memory.py [--frames 100 500 2000] [--folder DIR]
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import tifffile

from napari_celltrack.recipe import Recipe
from napari_celltrack.sample_data import dividing_nuclei

SHAPE = (1024, 1024)


def write_movie(path: Path, n_frames: int) -> None:
    """Write a movie of a few made frames, over and over, each time moved by a few px."""
    made = dividing_nuclei(4, SHAPE, 250, n_divisions=4).frames
    with tifffile.TiffWriter(path, bigtiff=True) as tiff:
        for frame in range(n_frames):
            shifted = np.roll(made[frame % len(made)], frame // len(made) % 50, axis=1)
            tiff.write(shifted, contiguous=False, metadata=None)


def run(movie: Path, out: Path) -> tuple[float, float]:
    """Return peak memory in MB and seconds of running a movie in a process of its own."""
    recipe = out.parent / "recipe.yaml"
    Recipe().save(recipe)
    code = (
        "import resource, sys; from napari_celltrack.cli import app; "
        "app(sys.argv[1:], standalone_mode=False); "
        "print('peak', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    arguments = ["run", str(recipe), str(movie), "-o", str(out)]
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    seconds = time.perf_counter() - started
    per_mb = 1024 if platform.system() == "Linux" else 1024**2  # macOS counts bytes, not kB
    return int(done.stdout.split("peak")[1]) / per_mb, seconds


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, nargs="+", default=[100, 500, 2000])
    parser.add_argument("--folder", type=Path, help="where to put the movies; needs 4 GB or more")
    arguments = parser.parse_args()
    print(f"{'frames':>8} {'on disk, MB':>12} {'peak, MB':>10} {'frames/s':>10}")
    for n_frames in arguments.frames:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            movie = Path(folder) / "movie.tif"
            write_movie(movie, n_frames)
            peak_mb, seconds = run(movie, Path(folder) / "out")
            on_disk = movie.stat().st_size / 2**20
            print(
                f"{n_frames:8d} {on_disk:12.0f} {peak_mb:10.0f} {n_frames / seconds:10.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
