"""Each step over all images before the next one: what steps leave stays on disk.

Never more than a few frames are in memory, whatever the number of images. What a step has left
can be opened, checked and changed before the run goes on from there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from napari_celltrack.batch.inputs import Item
from napari_celltrack.batch.result import FileDone, FrameDone, set_aside
from napari_celltrack.batch.run_options import DEFAULTS, RunOptions
from napari_celltrack.batch.step_needs import Outlook, check_overwriting, look, settings_of
from napari_celltrack.batch.step_store import STEPS, Mark, Step, StepStore, Stored
from napari_celltrack.batch.step_work import (
    Piece,
    PieceDone,
    Unwanted,
    track,
    work_on,
)
from napari_celltrack.batch.work import absolute, do_elsewhere, why_failed
from napari_celltrack.batch.workers import KILLED, LOST, Workers, was_killed
from napari_celltrack.errors import ResultError
from napari_celltrack.recipe import Recipe

#: Frames that a worker takes at a time: a long movie is spread over all of them and progress is
#: seen, while opening the movie anew for each piece does not count.
_FRAMES_A_PIECE = 16

#: How often a wait is interrupted, for Ctrl+C on systems where it would not end one.
_WAIT_S = 0.5

#: What is being done to an item, in the words of the table.
_WORDS: Mapping[Step, str] = {
    "prepare": "preparing",
    "count": "counting",
    "measure": "measuring",
    "track": "tracking",
}

#: What to call in a worker: a function of a module, and its arguments.
_Call = tuple[Callable[..., Any], tuple[Any, ...], Mapping[str, Any]]
TaskT = TypeVar("TaskT")
Events = Generator[FrameDone | FileDone, None, None]


@dataclass
class _Progress:
    """What is known of an item while its steps are run."""

    item: Item
    recipe: Recipe
    outlook: Outlook
    stored: dict[Step, Stored | None]
    seconds: float
    warnings: tuple[str, ...]
    is_over: bool = False
    #: Of the step in work: what its pieces have sent back, by the index of their first frame.
    pieces: dict[int, PieceDone] = field(default_factory=dict)
    n_done: int = 0


def run_horizontal(
    recipe_of: Callable[[Item], Recipe],
    items: Sequence[Item],
    out: Path,
    workers: Workers,
    options: RunOptions = DEFAULTS,
    *,
    token: Path | None = None,
) -> Events:
    """Take all items through one step after the other.

    What a step has left is used again while movie, settings up to that step and program version
    are the same. What somebody has changed by hand is used as it is, with a warning. Where its
    settings are others now, it is neither used nor written over: the item fails with a sentence,
    unless `from_step` or `restart` says what is meant. What is made anew then is set aside first.

    Parameters
    ----------
    recipe_of : callable
        Gives the settings of an item.
    items : sequence of Item
        What to run.
    out : Path
        The folder of the results, which must exist; ``steps/`` is made in it.
    workers : Workers
        Who does it; all must see `out` and the movies.
    options : RunOptions, optional
        How it is executed.
    token : Path, optional
        The file that is there as long as the run is wanted.

    Yields
    ------
    FrameDone or FileDone
        After some frames of a step, and once for each item. Closing the generator stops the run;
        steps that are finished stay.
    """
    out = out.absolute()
    begun: list[_Progress] = []
    tasks: deque[tuple[tuple[Item, Recipe], _Call]] = deque()
    for item in items:
        try:
            recipe = recipe_of(item)
        except Exception as error:
            yield _failed(item, None, out, error)
        else:
            tasks.append(((item, recipe), (look, (recipe, absolute(item), out, options), {})))
    for (item, recipe), future in _work_off(workers, tasks, token):
        try:
            outlook: Outlook = future.result()
        except Exception as error:
            yield _failed(item, recipe, out, error)
            continue
        warnings = (*outlook.notes, *outlook.needs.warnings)
        if outlook.done is not None:
            kept, seconds = outlook.done, outlook.seconds
            known = tuple(dict.fromkeys((*warnings, *kept.warnings)))
            yield replace(kept, item=item, seconds=seconds, warnings=known)
            continue
        stored = dict(outlook.stored)
        begun.append(_Progress(item, outlook.recipe, outlook, stored, outlook.seconds, warnings))
    place = {item.name: number for number, item in enumerate(items)}
    begun.sort(key=lambda progress: place[progress.item.name])
    is_asked = options.restart or options.from_step is not None
    for step in STEPS[:-1]:
        todo = [p for p in begun if not p.is_over and step in p.outlook.needs.steps()]
        yield from _make_step(step, todo, out, workers, is_asked=is_asked, token=token)
    rest = [progress for progress in begun if not progress.is_over]
    yield from _track_all(rest, out, workers, options, token)


def _make_step(
    step: Step,
    todo: Sequence[_Progress],
    out: Path,
    workers: Workers,
    *,
    is_asked: bool,
    token: Path | None,
) -> Events:
    """Take items through one step: the first piece of each, and then those that go with it."""
    tasks: deque[tuple[tuple[_Progress, Piece], _Call]] = deque()
    for progress in todo:
        try:
            _begin(step, progress, out, is_asked=is_asked)
        except Exception as error:
            yield _over(progress, out, error)
            continue
        first, *_ = _pieces(step, progress, out, token)
        tasks.append(((progress, first), (work_on, (first,), {})))
    for (progress, piece), future in _work_off(workers, tasks, token):
        if progress.is_over:
            continue
        try:
            done: PieceDone = future.result()
            progress.pieces[piece.start] = done
            progress.seconds += done.seconds
            progress.n_done += piece.stop - piece.start
            if progress.n_done == len(piece.frames):
                _finish(piece.store, progress)
        except Exception as error:
            with suppress(OSError):
                piece.store.drop_partial()
            yield _over(progress, out, error)
            continue
        if piece.start == 0:
            # Before those of other items: what is begun is finished first.
            others = _pieces(step, progress, out, token)[1:]
            tasks.extendleft(
                ((progress, other), (work_on, (other,), {})) for other in reversed(others)
            )
        n_frames = len(piece.frames)
        yield FrameDone(progress.item, progress.n_done, n_frames, _WORDS[step])


def _begin(step: Step, progress: _Progress, out: Path, *, is_asked: bool) -> None:
    """Make room for what a step will leave, without losing what a person has changed there."""
    store = StepStore(out, step, progress.item.name)
    found = progress.stored[step]
    if found is not None and found.is_changed:
        if not is_asked:
            check_overwriting(found)
        aside = store.set_aside()
        progress.warnings += (
            f"{found.title} was changed by hand and is made anew; the changed one is {aside}.",
        )
    store.begin()
    progress.pieces, progress.n_done = {}, 0


def _pieces(step: Step, progress: _Progress, out: Path, token: Path | None) -> list[Piece]:
    outlook = progress.outlook
    frames = outlook.frames[step]
    return [
        Piece(
            step=step,
            item=absolute(progress.item),
            recipe=progress.recipe,
            out=out,
            fingerprint=outlook.fingerprint,
            frames=frames,
            start=start,
            stop=min(start + _FRAMES_A_PIECE, len(frames)),
            n_planes=len(outlook.frames["count"]),
            token=token,
        )
        for start in range(0, len(frames), _FRAMES_A_PIECE)
    ]


def _finish(store: StepStore, progress: _Progress) -> None:
    """Mark what a step has left as whole."""
    step, outlook = store.step, progress.outlook
    pieces = [progress.pieces[start] for start in sorted(progress.pieces)]
    before = progress.stored[STEPS[STEPS.index(step) - 1]] if step != "prepare" else None
    made = tuple(shift for piece in pieces for shift in piece.shifts_px)
    store.finish(
        Mark(
            key=outlook.needs.keys[step],
            fingerprint=outlook.fingerprint,
            settings=settings_of(progress.recipe, step),
            before=before.identity if before else "",
            frames=outlook.frames[step],
            shifts_px=before.mark.shifts_px if before else made,
            digests=tuple(digest for piece in pieces for digest in piece.digests),
        )
    )
    progress.stored[step] = store.look()


def _track_all(
    todo: Sequence[_Progress],
    out: Path,
    workers: Workers,
    options: RunOptions,
    token: Path | None,
) -> Events:
    tasks: deque[tuple[_Progress, _Call]] = deque()
    for progress in todo:
        measured = progress.stored["measure"]
        shifts_px = measured.mark.shifts_px if measured else ()
        named = {"options": options, "token": token, "warnings": progress.warnings}
        values = (progress.recipe, absolute(progress.item), out, progress.outlook.key, shifts_px)
        tasks.append((progress, (track, values, named)))
    for progress, future in _work_off(workers, tasks, token):
        try:
            done: FileDone = future.result()
        except Exception as error:
            yield _over(progress, out, error)
            continue
        n_frames = len(progress.outlook.frames["measure"])
        yield FrameDone(progress.item, n_frames, n_frames, _WORDS["track"])
        seconds = progress.seconds + done.seconds
        yield replace(done, item=progress.item, seconds=seconds)


@dataclass(eq=False)
class _Sent(Generic[TaskT]):
    """A task that a worker has been given."""

    task: TaskT
    call: _Call
    executor: Executor
    is_alone: bool


def _work_off(
    workers: Workers, tasks: deque[tuple[TaskT, _Call]], token: Path | None
) -> Generator[tuple[TaskT, Future[Any]], None, None]:
    """Give tasks to workers, a few ahead, and yield each when it is finished.

    Tasks may be added meanwhile. When a process is killed, all that were at work are lost with it,
    and nobody knows whose fault it was: each is tried once more with nothing beside it. On
    closing, what has not begun is dropped and what has is waited for: nobody may write into a
    folder that the run has left.
    """
    at_work: dict[Future[Any], _Sent[TaskT]] = {}
    again: deque[tuple[TaskT, _Call]] = deque()

    def send(waiting: deque[tuple[TaskT, _Call]], *, is_alone: bool) -> None:
        executor = workers.executor
        task, call = waiting[0]
        work, values, options = call
        try:
            if workers.kind == "cluster":
                future = executor.submit(do_elsewhere, token, work, *values, **options)
            else:
                future = executor.submit(work, *values, **options)
        except BrokenExecutor:
            # Broken since it was last used; what is at work will say so too.
            workers.renew(executor)
            return
        waiting.popleft()
        at_work[future] = _Sent(task, call, executor, is_alone)

    try:
        while tasks or again or at_work:
            if again and not at_work:
                send(again, is_alone=True)
            while tasks and not again and len(at_work) < 2 * workers.n and not _is_alone(at_work):
                send(tasks, is_alone=False)
            finished, _ = wait(at_work, timeout=_WAIT_S, return_when=FIRST_COMPLETED)
            if not finished:
                workers.check()
            for future in finished:
                sent = at_work.pop(future)
                if future.cancelled():
                    raise ResultError(LOST)
                error = future.exception()
                if isinstance(error, Unwanted):
                    # Nobody here has asked for it: the token is gone with its folder.
                    raise ResultError(
                        "The folder of the results was removed or renamed during the run; run "
                        "again."
                    )
                if isinstance(error, BrokenExecutor):
                    workers.renew(sent.executor)
                    if not sent.is_alone:
                        again.append((sent.task, sent.call))
                        continue
                yield sent.task, future
    finally:
        wait([future for future in at_work if not future.cancel()])


def _is_alone(at_work: Mapping[Future[Any], _Sent[Any]]) -> bool:
    return any(sent.is_alone for sent in at_work.values())


def _over(progress: _Progress, out: Path, error: Exception) -> FileDone:
    """End an item that has failed at a step: it goes no further, and others go on."""
    progress.is_over = True
    done = _failed(progress.item, progress.recipe, out, error)
    return replace(done, seconds=progress.seconds, warnings=progress.warnings)


def _failed(item: Item, recipe: Recipe | None, out: Path, error: Exception) -> FileDone:
    if recipe is not None:
        with suppress(OSError):
            set_aside(out / item.name, recipe)
    reason = KILLED if was_killed(error) else why_failed(error, item, out)
    return FileDone(item, "failed", seconds=0, error=reason)
