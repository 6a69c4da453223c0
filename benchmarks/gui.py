"""How long the window takes to answer, and for how long it is blocked, in a real window.

A control of the dock is changed as a hand would, and the clock runs until the canvas has drawn the
new cells. Needs a display; without one: ``tools/with_display python benchmarks/gui.py``. Figures
are of this machine and of a software renderer where there is no graphics card: compare them within
one run. The movie of 2 GB is made on disk and deleted afterwards.

    python benchmarks/gui.py [--sizes 512 1024 2048] [--repeats 20] [--json]
                             [--skip sizes workbench napari many file] [--folder DIR] [--own]
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import napari
import numpy as np
import tifffile
from qtpy.QtWidgets import QAbstractSpinBox
from rich.console import Console
from rich.table import Table

from made_frames import made_frame
from napari_celltrack.gui.session import Session, session_of
from napari_celltrack.gui.show_movie import add_movie
from napari_celltrack.gui.workbench import open_workbench
from napari_celltrack.link import Assignment
from napari_celltrack.movie import movie_from_array
from napari_celltrack.readers import open_movie
from napari_celltrack.recipe import Recipe
from napari_celltrack.sample_data import dividing_nuclei
from napari_celltrack.segment import Manual, NoSplit, Otsu, Regions
from watching import Draws, Watchdog, close, settle, wait_until

#: Side of the image in px, and cells: the same density in all.
SIZES = ((512, 100), (1024, 400), (2048, 1600))
N_FRAMES = 12
#: Frames of 2048 x 2048 px, 16 bit, that take a little more than 2 GB.
N_FRAMES_OF_2_GB = 256


def is_idle(session: Session) -> bool:
    """Whether everything that was asked for is shown."""
    lanes = (session.preview_lane, session.follower.follow_lane, session.follower.run_lane)
    return session.is_followed_now and not any(lane.busy for lane in lanes)


def answer_ms(session: Session, draws: Draws, change: Callable[[], None]) -> float:
    """Return the time from a change to the drawn cells of the frame in view."""
    drawn: list[int] = []

    def remember(_: object) -> None:
        drawn.append(draws.n)

    session.frame_found.connect(remember)
    began = time.perf_counter()
    change()
    # The layer was written when the frame is said to be found; then it is drawn once more.
    wait_until(lambda: bool(drawn) and draws.n > drawn[0])
    taken = 1000 * (time.perf_counter() - began)
    session.frame_found.disconnect(remember)
    return taken


def measure_size(size_px: int, n_cells: int, n_repeats: int) -> dict[str, Any]:
    """Measure one size of image."""
    watchdog = Watchdog()
    viewer = napari.Viewer(title="benchmark")
    settle()
    movie = dividing_nuclei(N_FRAMES, (size_px, size_px), n_cells).movie()
    blocks: dict[str, float] = {}
    watchdog.restart()
    add_movie(viewer, movie)
    settle()
    blocks["opening"] = watchdog.worst_ms()
    docks = open_workbench(viewer)
    session, draws = session_of(viewer), Draws(viewer)
    settle()
    watchdog.restart()
    session.set_recipe(Recipe(segment=Regions(threshold=Otsu())))
    wait_until(lambda: is_idle(session))
    settle()
    blocks["first cells"] = watchdog.worst_ms()

    redraws = [draws.redraw_ms() for _ in range(max(5, n_repeats // 2))]
    control: Any = docks[1].findChild(QAbstractSpinBox, "segment.threshold.offset")
    watchdog.restart()
    answers = []
    for offset in np.linspace(1, 60, n_repeats):
        answers.append(answer_ms(session, draws, lambda value=offset: control.setValue(value)))
    blocks["dragging"] = watchdog.worst_ms()
    wait_until(lambda: is_idle(session))

    watchdog.restart()
    session.run_all()
    wait_until(lambda: is_idle(session) and session.followed.is_whole)
    settle()
    blocks["running all"] = watchdog.worst_ms()

    watchdog.restart()
    for radius in np.linspace(10, 40, n_repeats):
        session.update(link=Assignment(max_distance_px=float(radius)))
        wait_until(lambda: is_idle(session))
    blocks["linking"] = watchdog.worst_ms()
    close(viewer)
    median, late = np.percentile(answers, [50, 95]).tolist()
    return {
        "side_px": size_px,
        "n_cells": n_cells,
        "median_ms": median,
        "late_ms": late,
        "redraw_ms": float(np.median(redraws)),
        "blocks_ms": blocks,
    }


def measure_workbench() -> dict[str, float]:
    """Return how long the empty window and then all docks take to open, in seconds."""
    began = time.perf_counter()
    viewer = napari.Viewer(title="benchmark")
    settle(0)
    opened = time.perf_counter()
    open_workbench(viewer)
    settle(0)
    done = time.perf_counter()
    close(viewer)
    return {"window_s": opened - began, "docks_s": done - opened}


def measure_napari(size_px: int = 512, n_frames: int = 12) -> dict[str, dict[str, float]]:
    """Return the longest block when napari alone adds a layer: ours are such layers too, in ms.

    The first layer of a kind in a window compiles its shaders, and the first in a process imports;
    `again` is another one of each kind in the same window.
    """
    viewer = napari.Viewer(title="benchmark")
    settle()
    watchdog = Watchdog()
    pixels = np.zeros((n_frames, size_px, size_px), np.uint16)
    pixels[:, ::7] = 900
    places = np.argwhere(pixels[:, ::49, ::49]) * [1, 49, 49]
    track = np.arange(len(places)) % max(1, len(places) // n_frames)
    rows = np.column_stack([track, np.arange(len(places)) // (track.max() + 1), places[:, 1:]])
    rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
    additions: dict[str, Callable[[], object]] = {
        "image": lambda: viewer.add_image(pixels),
        "labels": lambda: viewer.add_labels((pixels > 0).astype(np.int32)),
        "points": lambda: viewer.add_points(places, size=2),
        "tracks": lambda: viewer.add_tracks(rows),
        "vectors": lambda: viewer.add_vectors(np.ones((10, 2, 3))),
    }
    blocks: dict[str, dict[str, float]] = {}
    for time_ in ("first", "again"):
        blocks[time_] = {}
        for name, add in additions.items():
            # What Python collects, a quarter of a second, is not of this layer.
            gc.collect()
            settle()
            watchdog.restart()
            add()
            settle()
            blocks[time_][name] = watchdog.worst_ms()
    close(viewer)
    return blocks


def measure_napari_many(n_cells: int = 5041, n_frames: int = 50) -> dict[str, float]:
    """Return the longest block when napari alone is given many other tracks and points, in ms."""
    viewer = napari.Viewer(title="benchmark")
    side_px = 1136
    viewer.add_image(np.zeros((n_frames, side_px, side_px), np.uint16))
    ids = np.repeat(np.arange(1, n_cells + 1), n_frames)
    frames = np.tile(np.arange(n_frames), n_cells)
    start = np.random.default_rng(0).uniform(0, side_px, (n_cells, 2))
    rows = np.column_stack([ids, frames, start[ids - 1] + (frames % 4)[:, np.newaxis]])
    few = rows[frames == 0]
    layers = {"points": viewer.add_points(few[:, 1:], size=2), "tracks": viewer.add_tracks(few)}
    watchdog = Watchdog()
    blocks: dict[str, float] = {}
    for name, layer in layers.items():
        settle(1)
        watchdog.restart()
        layer.data = rows if name == "tracks" else rows[:, 1:]
        settle(1)
        blocks[name] = watchdog.worst_ms()
    close(viewer)
    return blocks


def measure_many(n_side: int = 71, n_frames: int = 50) -> dict[str, float]:
    """Link 5,000 small cells in 50 frames, while the window looks on."""
    pitch = 16
    pixels = np.full((n_frames, n_side * pitch, n_side * pitch), 100, np.uint16)
    for frame in range(n_frames):
        for row in range(n_side):
            # Neighbours go opposite ways.
            x = 3 + (frame % 4 if row % 2 else 3 - frame % 4)
            for column in range(n_side):
                pixels[frame, pitch * row + 4 : pitch * row + 10, pitch * column + x :][:, :6] = 600
    viewer = napari.Viewer(title="benchmark")
    session = session_of(viewer)
    segment = Regions(threshold=Manual(value=300.0), split=NoSplit())
    session.set_recipe(Recipe(segment=segment, link=Assignment(max_distance_px=9.0)))
    add_movie(viewer, movie_from_array(pixels, "TYX", name="many"))
    open_workbench(viewer)
    wait_until(lambda: is_idle(session))
    watchdog = Watchdog()
    session.run_all()
    wait_until(lambda: is_idle(session) and session.followed.is_whole)
    settle(1.5)
    running = watchdog.worst_ms()
    seconds, blocks = [], []
    for radius in (8.0, 7.0, 6.0):
        watchdog.restart()
        began = time.perf_counter()
        session.update(link=Assignment(max_distance_px=radius))
        wait_until(lambda: is_idle(session))
        seconds.append(time.perf_counter() - began)
        settle(1.5)
        blocks.append(watchdog.worst_ms())
    close(viewer)
    return {
        "n_cells": n_side * n_side,
        "n_frames": n_frames,
        "seconds": float(np.median(seconds)),
        "running_ms": running,
        "linking_ms": float(np.median(blocks)),
    }


def measure_file(folder: Path | None, n_frames: int = N_FRAMES_OF_2_GB) -> dict[str, float]:
    """Open a movie of 2 GB from disk and wait until it is seen."""
    with TemporaryDirectory(dir=folder) as home:
        path = Path(home) / "large.tif"
        frame, _ = made_frame(2048)
        shape = (n_frames, *frame.shape)
        pixels = tifffile.memmap(path, shape=shape, dtype=frame.dtype, metadata={"axes": "TYX"})
        for index in range(n_frames):
            pixels[index] = np.roll(frame, index, axis=1)
        pixels.flush()
        del pixels
        viewer = napari.Viewer(title="benchmark")
        open_workbench(viewer)
        settle()
        draws, watchdog = Draws(viewer), Watchdog()
        began = time.perf_counter()
        add_movie(viewer, open_movie(path))
        wait_until(lambda: draws.n > 0)
        seen = time.perf_counter() - began
        session = session_of(viewer)
        wait_until(lambda: session.found is not None)
        found = time.perf_counter() - began
        settle()
        worst = watchdog.worst_ms()
        gigabytes = path.stat().st_size / 1e9
        close(viewer)
    return {"gb": gigabytes, "seen_s": seen, "found_s": found, "block_ms": worst}


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure all that is wanted."""
    found: dict[str, Any] = {}
    if "workbench" not in arguments.skip:
        # First: only once in a process is all of it new.
        found["workbench"] = measure_workbench()
    if "napari" not in arguments.skip:
        found["napari"] = measure_napari()
        found["napari many"] = measure_napari_many()
    if "sizes" not in arguments.skip:
        found["sizes"] = [
            measure_size(size_px, n_cells, arguments.repeats)
            for size_px, n_cells in SIZES
            if not arguments.sizes or size_px in arguments.sizes
        ]
    if "many" not in arguments.skip:
        found["many"] = measure_many()
    if "file" not in arguments.skip:
        found["file"] = measure_file(arguments.folder)
    return found


def show(found: dict[str, Any]) -> None:
    """Print what was measured."""
    console = Console(width=130)
    if sizes := found.get("sizes"):
        table = Table(title="The window: time to answer a slider, and longest block, in ms")
        table.add_column("image")
        for column in ("answer", "95 %", "redraw", *sizes[0]["blocks_ms"]):
            table.add_column(column, justify="right")
        for size in sizes:
            figures = [size[key] for key in ("median_ms", "late_ms", "redraw_ms")]
            table.add_row(
                f"{size['side_px']} x {size['side_px']} px, {size['n_cells']} cells",
                *(f"{figure:.0f}" for figure in (*figures, *size["blocks_ms"].values())),
            )
        console.print(table)
    parts = {
        name: found[name] for name in ("workbench", "napari many", "many", "file") if name in found
    }
    parts |= {f"napari {time_}": blocks for time_, blocks in found.get("napari", {}).items()}
    for name, part in parts.items():
        words = ", ".join(f"{key} {value:.4g}" for key, value in part.items())
        console.print(f"{name}: {words}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--sizes", type=int, nargs="*", help="only these, in px")
    parser.add_argument(
        "--skip", nargs="+", choices=["sizes", "workbench", "napari", "many", "file"], default=[]
    )
    parser.add_argument(
        "--own", action="store_true", help="blocks by what the thread worked, not by the clock"
    )
    parser.add_argument("--folder", type=Path, help="where to put the movie of 2 GB")
    parser.add_argument("--json", action="store_true", help="print JSON, as the last line")
    arguments = parser.parse_args()
    if arguments.own:
        Watchdog.clock = staticmethod(time.thread_time)
    found = measure(arguments)
    if arguments.json:
        print(json.dumps(found))
    else:
        show(found)


if __name__ == "__main__":
    main()
