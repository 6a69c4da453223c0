"""Run a recipe over files: nothing is done twice, and one bad file stops no other."""

from __future__ import annotations

import traceback
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from napari_celltrack.arrays.freed_memory import give_back_freed_memory
from napari_celltrack.batch.combined_tables import condition_names, write_pooled
from napari_celltrack.batch.inputs import Inputs, Item
from napari_celltrack.batch.item_task import FULL, ItemTask
from napari_celltrack.batch.lock import RunningFile, only_run_in
from napari_celltrack.batch.overrides import Overrides
from napari_celltrack.batch.recorded_movie import relative_path
from napari_celltrack.batch.result import FileDone, FrameDone
from napari_celltrack.batch.run_log import RunLog
from napari_celltrack.batch.run_options import DEFAULTS, RunOptions
from napari_celltrack.batch.vertical import run_vertical
from napari_celltrack.batch.workers import Workers, open_workers
from napari_celltrack.errors import CelltrackError, RecipeError, ResultError
from napari_celltrack.recipe import Recipe
from napari_celltrack.results.own_files import append_text
from napari_celltrack.results.result_folder import versions
from napari_celltrack.results.run_folder import ERRORS, LOG, REPORT, RunFolder, RunRecord

Events = Generator[FrameDone | FileDone, None, None]


def run_files(recipe: Recipe, inputs: Inputs, out: Path, options: RunOptions = DEFAULTS) -> Events:
    """Run a recipe over files, several at once.

    Parameters
    ----------
    recipe : Recipe
        The settings, for all files.
    inputs : Inputs
        As :func:`~napari_celltrack.batch.find_inputs` gives them.
    out : Path
        Folder of the results; made when it is missing.
    options : RunOptions, optional
        How it is executed.

    Yields
    ------
    FrameDone or FileDone
        As they come: files need not finish in their order. Closing the generator stops the run;
        what is finished stays.

    Raises
    ------
    ResultError
        If the folder of the results cannot be written to, another run is at work there, or it was
        removed meanwhile; last of all, if only the report cannot be written.
    CelltrackError
        If the scheduler cannot be reached, or there are no steps to go on from.
    """
    if options.strategy == "auto":
        options = _decided(recipe, inputs, out, options)
    started = datetime.now(timezone.utc)
    folder, names = RunFolder(out), [item.name for item in inputs.items]
    folder.check(names, has_steps=options.strategy == "horizontal")
    rows: dict[str, FileDone] = {}
    with ExitStack() as stack:
        with _writing_to(out):
            out.mkdir(parents=True, exist_ok=True)
            running_file = stack.enter_context(only_run_in(out))
            begun = RunRecord(
                versions=versions(),
                command=options.command,
                started=started.isoformat(timespec="seconds"),
            )
            begun = folder.begin(recipe, begun, names)
            log = stack.enter_context(RunLog(out))
        workers = stack.enter_context(
            open_workers(options.pool, options.n_workers, options.scheduler)
        )
        told = options.to_json(workers.n)
        begun = replace(begun, options=told)
        log.start(inputs, [f"{name}={value}" for name, value in told.items()])
        for sentence in begun.put_aside:
            log.write(f"kept: {sentence}")
        ready, wrong = _recipes(recipe, inputs.items, options.overrides)
        events = _events(ready, out, workers, running_file, options)
        try:
            with closing(events), _stopping(running_file):
                for event in _chain(wrong, events):
                    if isinstance(event, FileDone):
                        rows[event.item.name] = event
                        log.file(event)
                    yield event
                    failed = isinstance(event, FileDone) and event.status == "failed"
                    if options.fail_fast and failed:
                        break
            yield from _not_done(inputs, rows)
        finally:
            if options.strategy == "horizontal":
                _drop_begun(out, [item for item in inputs.items if item.name not in rows])
            # Otherwise the folder is gone, and an error on its way that says so; what stands there
            # was made by a worker that was writing just then.
            if (out / LOG).is_file():
                try:
                    record = _write_end(folder, inputs, rows, begun, log)
                except KeyboardInterrupt:  # then the end is all that is left to do
                    _write_end(folder, inputs, rows, begun, log)
                    raise
        _check_there(out)
        if options.report:
            problem = _write_report(out, log)
            # Else the next run keeps the report, as one that was changed by hand.
            with suppress(OSError):
                folder.finish(record)
            if problem:
                raise ResultError(f"{problem} The results are whole.")


def _check_there(out: Path) -> None:
    if not (out / LOG).is_file():
        raise ResultError(
            f"The folder of the results, {out}, was removed or renamed during the run; run again."
        )


def _write_end(
    folder: RunFolder,
    inputs: Inputs,
    rows: Mapping[str, FileDone],
    begun: RunRecord,
    log: RunLog,
) -> RunRecord:
    """Write what is known of a run when it ends, in whatever way: a row for each item."""
    stopped = {row.item.name: row for row in _not_done(inputs, rows)}
    ended = [rows.get(item.name) or stopped[item.name] for item in inputs.items]
    took = datetime.now(timezone.utc) - datetime.fromisoformat(begun.started)
    record = replace(
        begun,
        seconds=round(took.total_seconds(), 3),
        conditions=tuple(condition_names(inputs.items)),
        items=tuple(_about(row, folder.path) for row in ended),
        ignored=tuple(relative_path(path, folder.path) for path in inputs.ignored),
        ignored_reasons=tuple(inputs.reasons),
    )
    with _writing_to(folder.path, "mend that and run again, what is finished is kept"):
        folder.write_summary([row.row() for row in ended], record.conditions)
        write_pooled(folder.path, ended)
        folder.finish(record)
    word = "stopped" if stopped else "end"
    n = {status: record.n_of(status) for status in ("done", "failed", "stopped")}
    log.write(f"{word}: {n['done']} done, {n['failed']} failed, {n['stopped']} not done")
    return record


def _recipes(
    recipe: Recipe, items: Sequence[Item], overrides: Overrides | None
) -> tuple[list[tuple[Item, Recipe]], list[FileDone]]:
    """Return the recipe of each item, and the rows of those whose overrides make none."""
    ready, wrong = [], []
    for item in items:
        try:
            ready.append((item, overrides.recipe_for(recipe, item) if overrides else recipe))
        except RecipeError as error:
            wrong.append(FileDone(item, "failed", seconds=0, error=str(error)))
    return ready, wrong


def _events(
    ready: Sequence[tuple[Item, Recipe]],
    out: Path,
    workers: Workers,
    running_file: RunningFile,
    options: RunOptions,
) -> Events:
    """Return what happens in the way that was decided on."""
    # Each item has its recipe now; what goes to workers with it need not be sent along.
    options = replace(options, overrides=None, command="")
    if options.strategy == "horizontal":
        from napari_celltrack.batch.horizontal import run_horizontal

        recipe_of = dict(ready).__getitem__
        items = [item for item, _ in ready]
        return run_horizontal(recipe_of, items, out, workers, running_file, options=options)
    tasks = [
        ItemTask(changed, item, out / item.name, running_file, options) for item, changed in ready
    ]
    return run_vertical(tasks, workers)


@contextmanager
def _stopping(running_file: RunningFile) -> Iterator[None]:
    """Tell the workers to stop, before anyone waits for them, whatever ends the run."""
    try:
        yield
    finally:
        running_file.remove()


def _drop_begun(out: Path, items: Sequence[Item]) -> None:
    """Delete what steps of a run that was stopped have begun to write; finished steps stay."""
    from napari_celltrack.batch.horizontal.step_store import STEPS, StepStore

    for item in items:
        for step in STEPS[:-1]:
            StepStore(out, step, item.name).drop_begun()


def _chain(wrong: Sequence[FileDone], events: Events) -> Iterator[FrameDone | FileDone]:
    yield from wrong
    yield from events


def _not_done(inputs: Inputs, rows: Mapping[str, FileDone]) -> list[FileDone]:
    return [FileDone(item, "stopped", seconds=0) for item in inputs.items if item.name not in rows]


def _about(row: FileDone, out: Path) -> dict[str, Any]:
    """Return what ``run.json`` says of an item."""
    return {
        "file": row.item.file,
        "name": row.item.name,
        "path": relative_path(row.item.path, out),
        "conditions": dict(row.item.conditions),
        "status": row.status,
        "is_kept": row.is_kept,
        "warnings": list(row.warnings),
        "error": row.error,
    }


@contextmanager
def _writing_to(out: Path, advice: str = "choose another folder") -> Iterator[None]:
    """Say in a sentence that the folder of the results cannot be written to."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise ResultError(f"The disk of {out} is full; make room and run again.") from error
        raise ResultError(
            f"Results cannot be written to {out} ({error.strerror}); {advice}."
        ) from error


def _decided(recipe: Recipe, inputs: Inputs, out: Path, options: RunOptions) -> RunOptions:
    """Return the options with the strategy that the plan advises, and as many workers as fit."""
    if options.cells_from == "labels":
        return replace(options, strategy="vertical")
    from napari_celltrack.batch.plan import make_plan

    plan = make_plan(recipe, inputs, options, out=out, sample=False)
    chosen = plan.horizontal if plan.choice == "horizontal" else plan.vertical
    n_workers = options.n_workers if options.scheduler else chosen.n_workers
    return replace(options, strategy=plan.choice, n_workers=n_workers)


def _write_report(out: Path, log: RunLog) -> str:
    """Write the report; what goes wrong with it, in a sentence, must not take the results along."""
    try:
        from napari_celltrack.results.report import write_report

        # The report reads tables again, in place of those that were written.
        give_back_freed_memory()
        write_report(out)
    except Exception as error:
        log.write(f"report: not written ({type(error).__name__}: {error})")
        if isinstance(error, CelltrackError):
            return str(error)
        append_text(out / ERRORS, f"{REPORT}\n{traceback.format_exc()}\n")
        return f"{REPORT} cannot be made, unexpected {type(error).__name__} (see {ERRORS})."
    return ""
