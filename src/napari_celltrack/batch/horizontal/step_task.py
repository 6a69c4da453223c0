"""Some frames of a step as a task for any worker: a thread, a process, another machine.

A task reads what it needs from disk and writes there what it makes; only digests and shifts travel
back. The functions of the engine do all of it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

from napari_celltrack import engine
from napari_celltrack.batch.horizontal.step_files import (
    Plane,
    make_zarr,
    write_planes,
    write_table,
)
from napari_celltrack.batch.horizontal.step_needs import frames_of_steps, opened, opened_others
from napari_celltrack.batch.horizontal.step_store import STEPS, StepStore
from napari_celltrack.batch.inputs import Item
from napari_celltrack.batch.lock import RunningFile
from napari_celltrack.batch.result import FileDone, make_result
from napari_celltrack.batch.run_options import DEFAULTS, RunOptions, Step
from napari_celltrack.errors import MovieError, ResultError
from napari_celltrack.movie import Movie
from napari_celltrack.readers import number_labels
from napari_celltrack.recipe import Recipe
from napari_celltrack.results.own_files import FileFact


@dataclass(frozen=True)
class StepTask:
    """Some frames of one step of an item.

    Parameters
    ----------
    step : str
        Which step.
    item : Item
        The movie.
    recipe : Recipe
        Its settings.
    out : Path
        The folder of the results.
    fingerprint : str
        What the movie was when the run began.
    frames : tuple of int
        True indices of all frames of this step.
    start, stop : int
        Which of them belong to this task.
    n_planes : int
        How many planes the step before has written.
    hidden : Path
        Where the step writes until it is finished.
    running_file : RunningFile
        Of the run.
    """

    step: Step
    item: Item
    recipe: Recipe
    out: Path
    fingerprint: str
    frames: tuple[int, ...]
    start: int
    stop: int
    n_planes: int
    hidden: Path
    running_file: RunningFile

    @property
    def store(self) -> StepStore:
        """Where its planes or tables are written."""
        return StepStore(self.out, self.step, self.item.name)

    @property
    def before(self) -> StepStore:
        """Where the step before has written its planes."""
        return StepStore(self.out, STEPS[STEPS.index(self.step) - 1], self.item.name)


@dataclass(frozen=True)
class StepTaskDone:
    """What a task sends back.

    Parameters
    ----------
    digests : tuple of str
        Of its planes; none of tables.
    chunks : dict of FileFact
        What each of its chunks holds, by name; none of tables.
    shifts_px : tuple of (float, float)
        How far each prepared frame has moved.
    seconds : float
        How long it took.
    """

    digests: tuple[str, ...] = ()
    chunks: Mapping[str, FileFact] = field(default_factory=dict)
    shifts_px: tuple[tuple[float, float], ...] = ()
    seconds: float = 0.0


def run_step_task(task: StepTask) -> StepTaskDone:
    """Take some frames of an item through one step.

    The first task of a step makes the file that the others write into.

    Raises
    ------
    CelltrackError
        If something cannot be read or does not fit.
    RunEnded
        When the running file is gone.
    """
    started = time.perf_counter()
    with ExitStack() as stack:
        movie = opened(stack, task.recipe, task.item)
        if movie.fingerprint != task.fingerprint:
            raise MovieError(f"{task.item.file} was changed during the run; run again.")
        if task.step == "prepare":
            done = _prepare(task, movie)
        elif task.step == "count":
            done = _count(task, movie)
        else:
            done = _measure(task, movie, opened_others(stack, task.item))
    return replace(done, seconds=time.perf_counter() - started)


def track_item(
    recipe: Recipe,
    item: Item,
    out: Path,
    key: str,
    shifts_px: tuple[tuple[float, float], ...],
    *,
    options: RunOptions = DEFAULTS,
    running_file: RunningFile,
    warnings: Sequence[str] = (),
) -> FileDone:
    """Link the measured cells of an item, and write its result.

    Parameters
    ----------
    recipe : Recipe
        Its settings.
    item : Item
        The movie.
    out : Path
        The folder of the results.
    key : str
        Of the result.
    shifts_px : tuple of (float, float)
        How far each prepared frame has moved.
    options : RunOptions, optional
        How the run is executed.
    running_file : RunningFile
        Of the run.
    warnings : sequence of str
        Sentences about what the steps before have written.

    Returns
    -------
    FileDone

    Raises
    ------
    RunEnded
        When the running file is gone.
    """
    started = time.perf_counter()
    with ExitStack() as stack:
        movie = opened(stack, recipe, item)
        found = engine.with_overlaps(recipe, _read_back(recipe, item, movie, out, shifts_px))
        events = make_result(
            recipe,
            item,
            movie,
            found,
            folder=out / item.name,
            key=key,
            options=options,
            warnings=warnings,
        )
        stack.callback(events.close)
        while True:
            running_file.check()
            try:
                next(events)
            except StopIteration as end:
                done: FileDone = end.value
                return replace(done, seconds=time.perf_counter() - started)


def _prepare(task: StepTask, movie: Movie) -> StepTaskDone:
    recipe = task.recipe
    cache = engine.shared_cache(movie, recipe)
    shifts_px = []

    def planes() -> Iterator[Plane]:
        for frame in task.frames[task.start : task.stop]:
            task.running_file.check()
            plane = engine.preprocess_frame(movie, recipe, frame, cache)
            shifts_px.append(engine.shift_of(movie, recipe, frame, cache))
            yield plane

    rows, columns = recipe.input.slices_in(movie)
    corner_px = (rows.start or 0, columns.start or 0)
    done = _write(task, movie, planes(), corner_px)
    return replace(done, shifts_px=tuple(shifts_px))


def _count(task: StepTask, movie: Movie) -> StepTaskDone:
    recipe = task.recipe
    rows, columns = recipe.input.slices_in(movie)
    shape = (len(range(movie.height_px)[rows]), len(range(movie.width_px)[columns]))
    prepared = _planes(task.before, task.n_planes, range(task.start, task.stop), shape)

    def cells() -> Iterator[Plane]:
        for image in prepared:
            task.running_file.check()
            yield engine.segment_prepared(movie, recipe, image)

    return _write(task, movie, cells())


def _measure(task: StepTask, movie: Movie, others: Mapping[str, Movie]) -> StepTaskDone:
    indices = _indices(task.recipe, task.start, task.stop)
    planes = _planes(task.before, task.n_planes, indices, movie.shape)
    frames = range(task.start, task.stop)
    for index, labels in zip(frames, _repeated(task.recipe, planes), strict=False):
        task.running_file.check()
        # Cells keep the numbers that a person may have given them, in the column `label`.
        cells = engine.Cells(*number_labels(labels, f"{task.before.title}, frame {index},"))
        table = engine.measure_cells(movie, task.recipe, task.frames[index], cells, others)
        write_table(task.hidden, index, table)
    return StepTaskDone()


def _write(
    task: StepTask, movie: Movie, planes: Iterator[Plane], corner_px: tuple[int, int] = (0, 0)
) -> StepTaskDone:
    """Write planes one by one; before the first of all, the file for them."""
    path = task.store.inside(task.hidden)
    first = next(planes)
    if task.start == 0:
        make_zarr(
            path,
            task.recipe.input.calibrated(movie),
            task.frames,
            first,
            start_px=corner_px,
            is_labels=task.step == "count",
        )
    return StepTaskDone(*write_planes(path, task.start, chain([first], planes)))


def _read_back(
    recipe: Recipe,
    item: Item,
    movie: Movie,
    out: Path,
    shifts_px: tuple[tuple[float, float], ...],
) -> Iterator[engine.FrameResult]:
    """Yield each frame as the engine gave it before it was written to disk."""
    frames = frames_of_steps(movie, recipe)
    cells, measured = StepStore(out, "count", item.name), StepStore(out, "measure", item.name)
    n_planes = len(frames["count"])
    indices = _indices(recipe, 0, n_planes)
    planes = _repeated(recipe, _planes(cells, n_planes, indices, movie.shape))
    tables = measured.tables(frames["measure"])
    # Repeated planes never end.
    for index, (frame, objects, labels) in enumerate(
        zip(frames["measure"], tables, planes, strict=False)
    ):
        shift_px = shifts_px[0 if recipe.input.is_still else index]
        yield engine.FrameResult(frame, labels, objects, shift_px=shift_px)


def _planes(
    store: StepStore, n_planes: int, indices: range, shape: tuple[int, int]
) -> Iterator[Plane]:
    for plane in store.planes(n_planes, indices):
        if plane.shape != shape:
            raise ResultError(
                f"{store.title} has images of {plane.shape[0]} x {plane.shape[1]} px where "
                f"{shape[0]} x {shape[1]} are needed; save them in the size that they had."
            )
        yield plane


def _indices(recipe: Recipe, start: int, stop: int) -> range:
    """Return which planes of cells some frames have: all the same where cells are found once."""
    return range(1) if recipe.input.is_still else range(start, stop)


def _repeated(recipe: Recipe, planes: Iterator[Plane]) -> Iterator[Plane]:
    """Yield the one plane of cells again and again where all frames have the same."""
    if not recipe.input.is_still:
        yield from planes
        return
    plane = next(planes)
    while True:
        yield plane
