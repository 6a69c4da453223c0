"""How long a plot of many tracks takes to draw, and to move its cursor or its selection."""

from __future__ import annotations

import argparse
import statistics

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from rich.console import Console
from rich.table import Table

from napari_celltrack import plots
from napari_celltrack.analysis import steps
from timing import Work, seconds_of


def made_objects(n_tracks: int, n_frames: int) -> pd.DataFrame:
    """Make an object table of random walks."""
    rng = np.random.default_rng(0)
    start = rng.uniform(0, 2000, (n_tracks, 1, 2))
    place = start + rng.normal(0, 2, (n_tracks, n_frames, 2)).cumsum(axis=1)
    return pd.DataFrame(
        {
            "frame": np.tile(np.arange(n_frames), n_tracks),
            "track_id": np.repeat(np.arange(1, n_tracks + 1), n_frames),
            "y_px": place[..., 0].ravel(),
            "x_px": place[..., 1].ravel(),
            "ch0_mean": rng.normal(100, 10, n_tracks * n_frames),
        }
    )


def median_ms(work: Work, n_repeats: int) -> float:
    """Return the median time of some work."""
    return 1000 * statistics.median(seconds_of(work) for _ in range(n_repeats))


def main() -> None:
    """Measure each kind and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tracks", type=int, default=1000)
    parser.add_argument("--frames", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    objects = made_objects(arguments.tracks, arguments.frames)
    moved = steps(objects)
    kinds = {
        "paths": lambda: plots.plot_paths(objects),
        "paths from one origin": lambda: plots.plot_paths(objects, from_origin=True),
        "steps": lambda: plots.plot_steps(moved),
        "path length": lambda: plots.plot_path_length(moved),
        "histogram": lambda: plots.plot_histogram(objects, "ch0_mean"),
        "scatter": lambda: plots.plot_scatter(objects, "x_px", "ch0_mean"),
    }
    table = Table(title=f"{arguments.tracks} tracks x {arguments.frames} frames, medians in ms")
    for column in ("plot", "make", "draw again", "cursor", "select"):
        table.add_column(column, justify="left" if column == "plot" else "right")
    for name, make in kinds.items():
        made = median_ms(make, 2)
        plot = make()
        canvas = FigureCanvasAgg(plot.figure)
        canvas.draw()
        frames = iter(range(10**6))
        figures = [
            median_ms(canvas.draw, arguments.repeats),
            median_ms(lambda plot=plot, f=frames: plot.set_cursor(next(f)), arguments.repeats),
            median_ms(lambda plot=plot, f=frames: plot.select([1 + next(f)]), arguments.repeats),
        ]
        table.add_row(name, f"{made:.0f}", *(f"{figure:.1f}" for figure in figures))
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
