"""A sample of a run: a few frames of one item, timed, weighed, and looked at step by step."""

from __future__ import annotations

import tempfile
import time
import tracemalloc
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TypeVar

from napari_celltrack import engine
from napari_celltrack.batch.inputs import Item, open_item, open_others
from napari_celltrack.batch.item_headers import ItemHeader
from napari_celltrack.batch.lock import RunningFile
from napari_celltrack.batch.machine import own_memory_bytes
from napari_celltrack.batch.result import FileDone, make_result
from napari_celltrack.batch.workers import one_core_each, open_workers
from napari_celltrack.engine.cache import StageCache
from napari_celltrack.engine.measuring import measure_frame
from napari_celltrack.engine.preparing import needs_reference, preprocess_frame
from napari_celltrack.errors import CelltrackError
from napari_celltrack.input import FrameRange
from napari_celltrack.movie import Movie
from napari_celltrack.recipe import Recipe
from napari_celltrack.text import plural

#: Frames that are timed; two where the first run of one takes this many seconds.
N_FRAMES, SLOW_S = 4, 4.0
#: What the libraries take that are loaded only with the first frame, and with the first store.
_LIBRARIES_BYTES, _STORES_BYTES = 25_000_000, 30_000_000

_T = TypeVar("_T")


@dataclass(frozen=True)
class Cost:
    """What a run of one item costs, as a line: something at once, and something a frame.

    Parameters
    ----------
    own_bytes : int
        What the process holds, with the libraries that this way needs and nothing in work.
    fixed_s, frame_s : float
        Seconds of one worker.
    fixed_bytes, frame_bytes : float
        On disk.
    """

    own_bytes: int
    fixed_s: float
    frame_s: float
    fixed_bytes: float
    frame_bytes: float


@dataclass(frozen=True)
class Sample:
    """What was learned from a few frames.

    Parameters
    ----------
    n_pixels : int
        Of one plane of the item.
    working_bytes : float
        The most that one frame takes at once on its way through all steps.
    read_bytes, prepare_bytes, count_bytes, measure_bytes : float
        The most that each step takes for a frame, with what it is given and what it gives.
    cache_bytes_a_frame : float
        What the engine remembers of a frame; 0 where the recipe has no use for it.
    row_bytes, n_rows_a_frame : float
        Of the object table.
    vertical, horizontal : Cost
        Of the two ways.
    note : str
        What was timed, in words; empty where nothing was.
    """

    n_pixels: int
    working_bytes: float
    read_bytes: float
    prepare_bytes: float
    count_bytes: float
    measure_bytes: float
    cache_bytes_a_frame: float
    row_bytes: float
    n_rows_a_frame: float
    vertical: Cost
    horizontal: Cost
    note: str = ""

    @property
    def is_timed(self) -> bool:
        """Whether frames were run."""
        return bool(self.note)


def take_sample(header: ItemHeader) -> Sample:
    """Run a few frames from the middle of an item, into a folder that is gone afterwards.

    Memory is what the allocator of Python and numpy counts at most (OpenCV allocates through
    numpy); another thread of this process that works meanwhile is counted along.

    Parameters
    ----------
    header : ItemHeader
        The item, with its settings.

    Returns
    -------
    Sample

    Raises
    ------
    CelltrackError
        If the item cannot be run.
    OSError
        If there is no room for temporary files.
    """
    recipe = header.recipe
    movie = open_item(header.item, recipe)
    with closing(movie), one_core_each(), ExitStack() as stack:
        others = open_others(header.item)
        for other in others.values():
            stack.callback(other.close)
        frames = _middle(recipe.input.frames_of(movie), N_FRAMES)
        # Not timed, as much is imported and compiled once; but it shows what takes very long.
        if _run(_on(recipe, frames[:1]), header.item).seconds > SLOW_S:
            frames = frames[:2]
        vertical = _cost(recipe, header.item, frames, _run)
        horizontal = _cost(recipe, header.item, frames, _run_by_steps)
        weighed = _weigh(_on(recipe, frames), movie, frames[-1], others)
    n_timed = len(frames)
    return Sample(
        **weighed,
        n_pixels=header.n_pixels,
        vertical=vertical,
        horizontal=horizontal,
        note=f"{n_timed} {plural(n_timed, 'frame')} of {header.item.file}",
    )


def typical_sample(recipe: Recipe, n_pixels: int) -> Sample:
    """Return what frames cost by experience, where none was run: memory, but no times.

    The numbers are those of made nuclei of 16 bit with the default recipe, 240 cells a megapixel,
    in bytes a pixel; each step before counting works in float32.
    """
    steps = 12.0 * any(step.enabled for step in recipe.preprocess)
    has_cache = recipe.input.project_t is not None or needs_reference(recipe)
    n_rows = 240 * n_pixels / 1e6
    own_bytes = own_memory_bytes() + _LIBRARIES_BYTES
    vertical = Cost(own_bytes, 0, 0, 10_000, 0.03 * n_pixels + 230 * n_rows)
    horizontal = replace(
        vertical,
        own_bytes=own_bytes + _STORES_BYTES,
        frame_bytes=vertical.frame_bytes + 2 * n_pixels + 230 * n_rows,
    )
    return Sample(
        n_pixels=n_pixels,
        working_bytes=(34 + steps / 3) * n_pixels,
        read_bytes=2 * n_pixels,
        prepare_bytes=(2 + steps) * n_pixels,
        count_bytes=34 * n_pixels,
        measure_bytes=24 * n_pixels,
        cache_bytes_a_frame=(12 + steps / 3) * n_pixels * has_cache,
        row_bytes=190,
        n_rows_a_frame=n_rows,
        vertical=vertical,
        horizontal=horizontal,
    )


def _weigh(
    recipe: Recipe, movie: Movie, frame: int, others: Mapping[str, Movie]
) -> dict[str, float]:
    """Return how much memory a frame takes, in all and step by step."""
    kept_bytes = 0.0
    if recipe.input.project_t is not None or needs_reference(recipe):
        shared = StageCache()
        engine.run_frame(movie, recipe, frame, shared, others)
        # Two frames are in it where one is compared with the first.
        kept_bytes = shared.n_bytes / (1 if recipe.input.project_t is not None else 2)
    _, working = _traced(lambda: engine.run_frame(movie, recipe, frame, None, others))

    # Each step is given what came before it from the cache, as if it had been on disk.
    cache = StageCache()
    image, read = _traced(
        lambda: preprocess_frame(movie, recipe.replace(preprocess=()), frame, cache)
    )
    prepared, prepare = _traced(lambda: preprocess_frame(movie, recipe, frame, cache))
    labels, count = _traced(lambda: engine.segment_frame(movie, recipe, frame, cache))
    table, measure = _traced(lambda: measure_frame(movie, recipe, frame, labels, others))
    table_bytes = int(table.memory_usage(index=False).sum())
    return {
        "working_bytes": working,
        "read_bytes": max(read, image.nbytes),
        "prepare_bytes": image.nbytes + (prepare if prepared is not image else 0),
        "count_bytes": prepared.nbytes + max(count, labels.nbytes),
        "measure_bytes": labels.nbytes + measure,
        "cache_bytes_a_frame": kept_bytes,
        "row_bytes": table_bytes / len(table) if len(table) else 8.0 * table.shape[1],
        "n_rows_a_frame": len(table),
    }


def _traced(work: Callable[[], _T]) -> tuple[_T, int]:
    """Return a result, and the most bytes that were held at once while it was made."""
    was_on = tracemalloc.is_tracing()
    if not was_on:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        result = work()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        if not was_on:
            tracemalloc.stop()
    return result, peak - before


@dataclass(frozen=True)
class _Ran:
    """What one run took: seconds, bytes on disk, and seconds of each frame where that is known."""

    seconds: float
    n_bytes: int
    frames_s: tuple[float, ...] = ()


def _cost(recipe: Recipe, item: Item, frames: range, run: Callable[[Recipe, Item], _Ran]) -> Cost:
    """Return what a way costs, from one frame and from a few."""
    one = run(_on(recipe, frames[:1]), item)
    frame_s, frame_bytes = 0.0, 0.0
    if len(frames) > 1:
        few = run(_on(recipe, frames), item)
        frame_s = max(0.0, few.seconds - one.seconds) / (len(frames) - 1)
        frame_bytes = max(0, few.n_bytes - one.n_bytes) / (len(frames) - 1)
        if len(few.frames_s) > 3:
            # Other programs may take the cores for a moment. The file is opened in the first.
            frame_s = median(few.frames_s[1:])
    return Cost(
        own_memory_bytes(),
        max(0.0, one.seconds - frame_s),
        frame_s,
        max(0.0, one.n_bytes - frame_bytes),
        frame_bytes,
    )


def _run(recipe: Recipe, item: Item) -> _Ran:
    """Run an item from opening it to its result."""
    with tempfile.TemporaryDirectory(prefix="celltrack-plan-") as place, ExitStack() as stack:
        folder = Path(place) / "result"
        times = [time.perf_counter()]
        movie = open_item(item, recipe)
        stack.callback(movie.close)
        others = open_others(item)
        for other in others.values():
            stack.callback(other.close)
        found = engine.run(movie, recipe, others=others)
        for _ in make_result(recipe, item, movie, found, folder=folder, key=""):
            times.append(time.perf_counter())
        seconds = time.perf_counter() - times[0]
        return _Ran(seconds, _size_of(folder), tuple(b - a for a, b in pairwise(times)))


def _run_by_steps(recipe: Recipe, item: Item) -> _Ran:
    """Take an item through one step after the other."""
    from napari_celltrack.batch.horizontal import run_horizontal

    with (
        tempfile.TemporaryDirectory(prefix="celltrack-plan-") as place,
        open_workers("threads", 1) as workers,
    ):
        running_file = RunningFile.create(Path(place))
        started = time.perf_counter()
        for event in run_horizontal(lambda _: recipe, [item], Path(place), workers, running_file):
            if isinstance(event, FileDone) and event.status == "failed":
                raise CelltrackError(event.error)
        return _Ran(time.perf_counter() - started, _size_of(Path(place)))


def _size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _middle(frames: range, n_frames: int) -> range:
    """Return up to `n_frames` frames in the middle of a range."""
    start = max(0, (len(frames) - n_frames) // 2)
    return frames[start : start + n_frames]


def _on(recipe: Recipe, frames: range) -> Recipe:
    """Return a recipe for these frames only."""
    part = FrameRange(start=frames[0], stop=frames[-1] + 1, step=frames.step)
    return recipe.replace(input=recipe.input.replace(frames=part))
