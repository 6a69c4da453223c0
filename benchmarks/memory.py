"""Peak memory against the number of frames: it should not grow.

Makes movies of nuclei, 16 bit, on disk (2,000 frames of 1024 x 1024 px take 4 GB), runs the default
recipe over each in a process of its own, and prints the peak resident memory of that process.

    python benchmarks/memory.py [--frames 100 500 2000] [--side 1024] [--folder DIR]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from made_frames import write_movie
from napari_celltrack.recipe import Recipe
from timing import call

_RUN = """
import sys
from napari_celltrack.cli.command import app
app(sys.argv[1:], standalone_mode=False)
print("null")
"""


def run(movie: Path, out: Path) -> tuple[float, float]:
    """Return peak memory in MB and seconds of running a movie in a process of its own alone."""
    recipe = out.parent / "recipe.yaml"
    Recipe().save(recipe)
    _, seconds, peak_mb = call(_RUN, "run", recipe, movie, "--threads", "-o", out)
    return peak_mb, seconds


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, nargs="+", default=[100, 500, 2000])
    parser.add_argument("--side", type=int, default=1024, help="height and width in px")
    parser.add_argument("--folder", type=Path, help="where to put the movies; needs 4 GB or more")
    arguments = parser.parse_args()
    print(f"{'frames':>8} {'on disk, MB':>12} {'peak, MB':>10} {'frames/s':>10}")
    for n_frames in arguments.frames:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            movie = Path(folder) / "movie.tif"
            write_movie(movie, n_frames, arguments.side)
            peak_mb, seconds = run(movie, Path(folder) / "out")
            on_disk = movie.stat().st_size / 2**20
            print(
                f"{n_frames:8d} {on_disk:12.0f} {peak_mb:10.0f} {n_frames / seconds:10.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
