"""How time and memory grow with the work: cells, size of a frame, frames, files.

Each case is measured in a process of its own, for its peak memory. The exponent is the slope of
time against work on logarithmic axes over the three largest cases: 1 is in proportion, 2 is
quadratic; small cases are mostly what every case costs.

    python benchmarks/growth.py [--quick] [--only cells frame frames files links]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from rich.console import Console
from rich.table import Table

from rows import Row, as_time
from timing import call, seconds_of


@dataclass(frozen=True)
class Axis:
    """One way in which work grows.

    Parameters
    ----------
    what : str
        For the table.
    unit : str
        Of what the exponent is meant.
    sizes : tuple of int
        The cases.
    work : callable
        From a case to the amount of work, for the exponent.
    most : float
        The exponent that is still all right.
    """

    what: str
    unit: str
    sizes: tuple[int, ...]
    work: Callable[[int], float] = float
    most: float = 1.25


AXES = {
    "cells": Axis(
        "cells of 4 px in a frame of 2048 x 2048 px", "cells", (100, 500, 2000, 6000, 20000)
    ),
    "frame": Axis(
        "frame at the same density", "px", (512, 1024, 2048, 4096), lambda side: float(side**2)
    ),
    "links": Axis("cells in 20 frames, linked", "cells", (100, 500, 2000, 6000, 20000)),
    "frames": Axis("frames of 128 x 128 px, to files", "frames", (10, 30, 100, 300, 1000)),
    "files": Axis("files of 4 frames of 128 x 128 px", "files", (1, 4, 15, 60, 200)),
}

#: Of the movies that are many or long.
_SIDE_PX = 128
#: The recipe runs once to load everything, then is timed.
_CASE = """
import json, sys
from growth import measure_case
print(json.dumps(measure_case(sys.argv[1], int(sys.argv[2]))))
"""


def measure_case(axis: str, size: int) -> float:
    """Return the seconds of one case; called in a process of its own."""
    if axis in ("cells", "frame"):
        return _count(size, axis)
    if axis == "links":
        return _link(size)
    return _run_folder(*((1, size) if axis == "frames" else (size, 4)))


def _count(size: int, axis: str) -> float:
    from counting_rows import as_movie
    from made_frames import made_frame
    from napari_celltrack.engine import run_frame
    from napari_celltrack.recipe import Recipe

    is_cells = axis == "cells"
    image, _ = made_frame(2048, size, radius_px=4.5) if is_cells else made_frame(size)
    movie = as_movie(image)
    run_frame(movie, Recipe(), 0)
    return float(np.median([seconds_of(lambda: run_frame(movie, Recipe(), 0)) for _ in range(3)]))


def _link(n_cells: int) -> float:
    from made_tracks import made_movie
    from napari_celltrack.link import Assignment

    linker = Assignment(max_distance_px=15)
    small, scene = made_movie(50, 5, 3.5), made_movie(n_cells, 20, 3.5)
    linker(small.objects, small.n_frames)
    return seconds_of(lambda: linker(scene.objects, scene.n_frames), 0.2)


def _run_folder(n_files: int, n_frames: int) -> float:
    """Run a folder to files, as ``celltrack run`` does, with one worker."""
    import batch

    with TemporaryDirectory() as home:
        images, warm = Path(home) / "images", Path(home) / "warm"
        images.mkdir()
        warm.mkdir()
        batch.write_movies(images, n_files, n_frames, _SIDE_PX)
        batch.write_movies(warm, 1, 2, _SIDE_PX)
        batch.seconds_of(warm, Path(home) / "out", "threads", 1)
        started = time.perf_counter()
        batch.seconds_of(images, Path(home) / "out", "threads", 1)
        return time.perf_counter() - started


def exponent(work: Sequence[float], seconds: Sequence[float]) -> float:
    """Return the slope of time against work on logarithmic axes, of the three largest cases."""
    slope, _ = np.polyfit(np.log(work[-3:]), np.log(seconds[-3:]), 1)
    return float(slope)


def measure_axis(name: str, is_quick: bool) -> tuple[list[tuple[int, float, float]], float]:
    """Return (case, seconds, peak MB) of each case, and the exponent."""
    axis = AXES[name]
    sizes = axis.sizes[:3] if is_quick else axis.sizes
    cases = []
    for size in sizes:
        seconds, _, peak_mb = call(_CASE, name, size)
        cases.append((size, seconds, peak_mb))
    slope = exponent([axis.work(size) for size in sizes], [seconds for _, seconds, _ in cases])
    return cases, slope


def growth_rows(is_quick: bool, names: Sequence[str] = tuple(AXES)) -> Iterator[Row]:
    """Measure each axis: one line each, with all its cases."""
    for name in names:
        axis = AXES[name]
        cases, slope = measure_axis(name, is_quick)
        yield Row(
            axis.what,
            ", ".join(f"{size}: {as_time(seconds)}" for size, seconds, _ in cases),
            "peak memory",
            ", ".join(f"{peak_mb:.0f}" for _, _, peak_mb in cases) + " MB",
            agreement=f"grows with {axis.unit} to the power of {slope:.2f}",
            target=f"at most {axis.most:g}",
            met="least" if slope <= axis.most else "missed",
        )


GROWTH_COLUMNS = ("grows", "time by size", "peak memory", "exponent", "target", "met")


def growth_lines(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """Return the texts of the rows, for a table of their own."""
    met = {"": "", "aim": "yes", "least": "yes", "missed": "NO"}
    return [
        (
            row.what,
            row.ours,
            row.theirs,
            row.agreement.rsplit(maxsplit=1)[-1],
            row.target,
            met[row.met],
        )
        for row in rows
    ]


def as_growth_table(rows: Sequence[Row]) -> Table:
    """Return the rows as a table for the terminal."""
    table = Table(title="growth: time and peak memory as the work grows", title_justify="left")
    for column in GROWTH_COLUMNS:
        table.add_column(column)
    for line in growth_lines(rows):
        table.add_row(*line)
    return table


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="only the three smallest cases")
    parser.add_argument("--only", nargs="+", choices=list(AXES), default=list(AXES))
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rows = list(growth_rows(arguments.quick, arguments.only))
    if arguments.json:
        json.dump([row.cells for row in rows], sys.stdout, indent=2)
        return
    Console(width=160).print(as_growth_table(rows))


if __name__ == "__main__":
    main()
