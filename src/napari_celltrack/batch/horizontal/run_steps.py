"""Run items step by step: hand out the tasks of each step, and put together what comes back."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from napari_celltrack.batch.horizontal.step_needs import (
    InspectedItem,
    check_overwriting,
    inspect_item,
    settings_of,
)
from napari_celltrack.batch.horizontal.step_store import STEPS, StepStore
from napari_celltrack.batch.horizontal.step_task import (
    StepTask,
    StepTaskDone,
    run_step_task,
    track_item,
)
from napari_celltrack.batch.horizontal.stored_step import StepMark, StoredStep
from napari_celltrack.batch.inputs import Item
from napari_celltrack.batch.item_task import absolute, call_elsewhere, why_failed
from napari_celltrack.batch.lock import RunningFile
from napari_celltrack.batch.result import FileDone, FrameDone, set_other_aside
from napari_celltrack.batch.run_options import DEFAULTS, RunOptions, Step
from napari_celltrack.batch.tasks import TaskDone, run_tasks
from napari_celltrack.batch.workers import Workers
from napari_celltrack.recipe import Recipe
from napari_celltrack.results.own_files import remove_unfinished

#: Frames of a task: a long movie is spread over all workers and progress is seen often, while
#: opening the movie again for each task takes little time beside it.
_FRAMES_A_TASK = 16

#: What a step is doing to an item, as tables of progress say it.
_STEP_VERBS: Mapping[Step, str] = {
    "prepare": "preparing",
    "count": "counting",
    "measure": "measuring",
    "track": "tracking",
}

TaskT = TypeVar("TaskT")
ValueT = TypeVar("ValueT")
Events = Generator[FrameDone | FileDone, None, None]


def run_horizontal(
    recipe_of: Callable[[Item], Recipe],
    items: Sequence[Item],
    out: Path,
    workers: Workers,
    running_file: RunningFile,
    *,
    options: RunOptions = DEFAULTS,
) -> Events:
    """Take all items through one step after the other.

    What a step has written is used again while movie, settings up to that step and program version
    are the same. What somebody has changed by hand is used as it is, with a warning. Where its
    settings are others now, it is neither used nor overwritten: the item fails with a sentence,
    unless `from_step` or `restart` says what to do. It is set aside before its step runs again.

    Parameters
    ----------
    recipe_of : callable
        Gives the settings of an item.
    items : sequence of Item
        What to run.
    out : Path
        The folder of the results, which must exist; ``steps/`` is made in it.
    workers : Workers
        Who runs them; all must see `out` and the movies.
    running_file : RunningFile
        Of this run, in `out`.
    options : RunOptions, optional
        How the run is executed.

    Yields
    ------
    FrameDone or FileDone
        After some frames of a step, and once for each item. Closing the generator removes the
        running file and waits until all workers have stopped; steps that are finished stay.

    Raises
    ------
    ResultError
        If the folder of the results, or the cluster, is gone.
    """
    out = out.absolute()
    begun: list[_ItemProgress] = []
    ready: deque[tuple[Item, Recipe]] = deque()
    for item in items:
        try:
            ready.append((item, recipe_of(item)))
        except Exception as error:
            yield _failed(item, None, out, error)

    def inspect(task: tuple[Item, Recipe]) -> Callable[[], InspectedItem]:
        return partial(inspect_item, task[1], absolute(task[0]), out, options)

    for task_done in _run_all(ready, inspect, workers, running_file):
        item, recipe = task_done.task
        try:
            progress = _ItemProgress(item, task_done.result())
        except Exception as error:
            yield _failed(item, recipe, out, error)
            continue
        kept = progress.inspected.done
        if kept is None:
            begun.append(progress)
        else:
            warnings = tuple(dict.fromkeys((*progress.warnings, *kept.warnings)))
            yield replace(kept, item=item, seconds=progress.seconds, warnings=warnings)
    place = {item.name: number for number, item in enumerate(items)}
    begun.sort(key=lambda progress: place[progress.item.name])
    is_asked = options.restart or options.from_step is not None
    for step in STEPS[:-1]:
        todo = [p for p in begun if not p.is_over and step in p.inspected.needs.steps()]
        yield from _run_step(step, todo, out, workers, running_file, is_asked=is_asked)
    rest = [progress for progress in begun if not progress.is_over]
    yield from _track_all(rest, out, workers, running_file, options)


class _ItemProgress:
    """What is known of an item while its steps run."""

    def __init__(self, item: Item, inspected: InspectedItem) -> None:
        self.item = item
        self.inspected = inspected
        self.recipe = inspected.recipe
        self.stored: dict[Step, StoredStep | None] = dict(inspected.stored)
        self.seconds = inspected.seconds
        self.warnings = (*inspected.warnings, *inspected.needs.warnings)
        #: Whether it has failed at a step.
        self.is_over = False
        #: Of the step that runs: what its tasks have sent back, by the index of their first frame.
        self.done: dict[int, StepTaskDone] = {}
        self.n_frames_done = 0
        #: Where it writes.
        self.hidden = Path()


def _run_step(
    step: Step,
    todo: Sequence[_ItemProgress],
    out: Path,
    workers: Workers,
    running_file: RunningFile,
    *,
    is_asked: bool,
) -> Events:
    """Take items through one step: the first task of each, which makes its file, then the rest."""
    tasks: deque[tuple[_ItemProgress, StepTask]] = deque()
    for progress in todo:
        try:
            _begin_step(step, progress, out, is_asked=is_asked)
        except Exception as error:
            yield _end_item(progress, out, error)
            continue
        first, *_ = _tasks_of(step, progress, out, running_file)
        tasks.append((progress, first))
    for task_done in _run_all(
        tasks, lambda task: partial(run_step_task, task[1]), workers, running_file
    ):
        progress, task = task_done.task
        if progress.is_over:
            continue
        n_frames = len(task.frames)
        try:
            done = task_done.result()
            progress.done[task.start] = done
            progress.seconds += done.seconds
            progress.n_frames_done += task.stop - task.start
            if progress.n_frames_done == n_frames:
                _finish_step(task.store, progress)
        except Exception as error:
            with suppress(OSError):
                remove_unfinished(task.hidden)
            yield _end_item(progress, out, error)
            continue
        if task.start == 0:
            # In front of those of other items: an item that has begun is finished first.
            rest = _tasks_of(step, progress, out, running_file)[1:]
            tasks.extendleft((progress, other) for other in reversed(rest))
        yield FrameDone(progress.item, progress.n_frames_done, n_frames, _STEP_VERBS[step])


def _begin_step(step: Step, progress: _ItemProgress, out: Path, *, is_asked: bool) -> None:
    """Make room for what a step will write, without losing what a person has changed there."""
    store = StepStore(out, step, progress.item.name)
    found = progress.stored[step]
    if found is not None and found.is_changed:
        if not is_asked:
            check_overwriting(found)
        aside = store.set_aside()
        progress.warnings += (
            f"{found.title} was changed by hand and is made anew; the changed one is {aside}.",
        )
    progress.hidden = store.begin()
    progress.done, progress.n_frames_done = {}, 0


def _tasks_of(
    step: Step, progress: _ItemProgress, out: Path, running_file: RunningFile
) -> list[StepTask]:
    inspected = progress.inspected
    frames = inspected.frames[step]
    return [
        StepTask(
            step=step,
            item=absolute(progress.item),
            recipe=progress.recipe,
            out=out,
            fingerprint=inspected.fingerprint,
            frames=frames,
            start=start,
            stop=min(start + _FRAMES_A_TASK, len(frames)),
            n_planes=len(inspected.frames["count"]),
            hidden=progress.hidden,
            running_file=running_file,
        )
        for start in range(0, len(frames), _FRAMES_A_TASK)
    ]


def _finish_step(store: StepStore, progress: _ItemProgress) -> None:
    """Mark what a step has written as whole."""
    step, inspected = store.step, progress.inspected
    parts = [progress.done[start] for start in sorted(progress.done)]
    before = progress.stored[STEPS[STEPS.index(step) - 1]] if step != "prepare" else None
    shifts_px = tuple(shift for part in parts for shift in part.shifts_px)
    chunks = {name: fact for part in parts for name, fact in part.chunks.items()}
    kept = store.finish(
        progress.hidden,
        StepMark(
            key=inspected.needs.keys[step],
            fingerprint=inspected.fingerprint,
            settings=settings_of(progress.recipe, step),
            before=before.identity if before else "",
            frames=inspected.frames[step],
            shifts_px=before.mark.shifts_px if before else shifts_px,
            digests=tuple(digest for part in parts for digest in part.digests),
            files=chunks,
        ),
    )
    progress.warnings += tuple(
        f"What was in the place of {store.title} is kept as {name}." for name in kept
    )
    progress.stored[step] = store.look()


def _track_all(
    todo: Sequence[_ItemProgress],
    out: Path,
    workers: Workers,
    running_file: RunningFile,
    options: RunOptions,
) -> Events:
    """Link the cells of items, and write their results."""

    def call_for(progress: _ItemProgress) -> Callable[[], FileDone]:
        measured = progress.stored["measure"]
        return partial(
            track_item,
            progress.recipe,
            absolute(progress.item),
            out,
            progress.inspected.key,
            measured.mark.shifts_px if measured else (),
            running_file=running_file,
            options=options,
            warnings=progress.warnings,
        )

    for task_done in _run_all(deque(todo), call_for, workers, running_file):
        progress = task_done.task
        try:
            done = task_done.result()
        except Exception as error:
            yield _end_item(progress, out, error)
            continue
        n_frames = len(progress.inspected.frames["measure"])
        yield FrameDone(progress.item, n_frames, n_frames, _STEP_VERBS["track"])
        yield replace(done, item=progress.item, seconds=progress.seconds + done.seconds)


def _run_all(
    tasks: deque[TaskT],
    call_for: Callable[[TaskT], Callable[[], ValueT]],
    workers: Workers,
    running_file: RunningFile,
) -> Generator[TaskDone[TaskT, ValueT], None, None]:
    """Run tasks with one more waiting for each worker, so that none is ever idle."""

    def call_there(task: TaskT) -> Callable[[], ValueT]:
        call = call_for(task)
        return partial(call_elsewhere, running_file, call) if workers.kind == "cluster" else call

    loop: Generator[TaskDone[TaskT, ValueT], None, None] = run_tasks(
        tasks, call_there, workers, n_at_once=2 * workers.n, stop=running_file.remove
    )
    with closing(loop):
        yield from loop


def _end_item(progress: _ItemProgress, out: Path, error: Exception) -> FileDone:
    """End an item that has failed at a step: it goes no further, and others go on."""
    progress.is_over = True
    done = _failed(progress.item, progress.recipe, out, error)
    return replace(done, seconds=progress.seconds, warnings=progress.warnings)


def _failed(item: Item, recipe: Recipe | None, out: Path, error: Exception) -> FileDone:
    if recipe is not None:
        with suppress(OSError):
            set_other_aside(out / item.name, recipe)
    return FileDone(item, "failed", seconds=0, error=why_failed(error, item, out))
