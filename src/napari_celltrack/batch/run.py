"""Run a recipe over files: nothing is done twice, and one bad file stops no other."""

from __future__ import annotations

import json
import traceback
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from napari_celltrack.arrays.freed_memory import give_back_freed_memory
from napari_celltrack.batch.combined_tables import condition_names, write_pooled
from napari_celltrack.batch.inputs import Inputs, Item
from napari_celltrack.batch.item_task import FULL, ItemTask
from napari_celltrack.batch.lock import RunningFile, only_run_in
from napari_celltrack.batch.overrides import Overrides
from napari_celltrack.batch.result import (
    SUMMARY_COLUMNS,
    CellsFrom,
    FileDone,
    FrameDone,
    recipe_text,
    versions,
    write_text,
)
from napari_celltrack.batch.run_log import LOG, RunLog
from napari_celltrack.batch.vertical import run_vertical
from napari_celltrack.batch.workers import PoolKind, Workers, open_workers
from napari_celltrack.errors import CelltrackError, RecipeError, ResultError
from napari_celltrack.recipe import Recipe

Strategy = Literal["auto", "vertical", "horizontal"]
Step = Literal["prepare", "count", "measure", "track"]
_STATES = ("done", "failed", "stopped")

Events = Generator[FrameDone | FileDone, None, None]


def run_files(
    recipe: Recipe,
    inputs: Inputs,
    out: Path,
    *,
    cells_from: CellsFrom = "image",
    restart: bool = False,
    fail_fast: bool = False,
    strategy: Strategy = "vertical",
    n_workers: int | None = None,
    pool: PoolKind = "threads",
    scheduler: str | None = None,
    overrides: Overrides | None = None,
    rescale: bool = False,
    from_step: Step | None = None,
    plots: bool = False,
    report: bool = True,
    command: str = "",
) -> Events:
    """Run a recipe over files, several at once.

    Whatever the strategy, the workers and their number: the tables are the same to the byte.

    Parameters
    ----------
    recipe : Recipe
        The settings, for all files.
    inputs : Inputs
        As :func:`~napari_celltrack.batch.find_inputs` gives them.
    out : Path
        Folder of the results; made when it is missing.
    cells_from : {"image", "labels"}
        Whether cells are looked for in images, or the files are label images.
    restart : bool
        Make everything anew, also what is finished.
    fail_fast : bool
        Stop after the first file that fails.
    strategy : {"auto", "vertical", "horizontal"}
        Each movie through all steps, or each step over all movies with what it leaves on disk; or
        what suits the memory, as :func:`~napari_celltrack.batch.plan.make_plan` finds.
    n_workers : int, optional
        What is worked on at once; by default one a core, or all workers of the scheduler.
    pool : {"threads", "processes"}
        What the workers are; without meaning with a scheduler.
    scheduler : str, optional
        Address of the scheduler of a Dask cluster that does the work. Its workers see files and
        results under the same paths.
    overrides : Overrides, optional
        Changes of the recipe for some files.
    rescale : bool
        Adapt lengths of the recipe to the pixel size of each movie.
    from_step : str, optional
        Of the horizontal strategy: begin with this step, on what is on disk of those before it.
    plots : bool
        Draw the plots of each result too.
    report : bool
        Write ``report.html`` at the end.
    command : str
        What repeats this run, for the report.

    Yields
    ------
    FrameDone or FileDone
        As they come: files need not finish in their order. Closing the generator stops the run;
        what is finished stays.

    Raises
    ------
    ResultError
        If the folder of the results cannot be written to, another run is at work there, or it was
        removed meanwhile.
    CelltrackError
        If the scheduler cannot be reached.
    """
    if strategy == "auto" and cells_from == "labels":
        strategy = "vertical"
    if strategy == "auto":
        strategy, n_fit = _that_fits(recipe, inputs, out, n_workers, overrides, rescale=rescale)
        n_workers = n_workers if scheduler else n_fit
    if strategy == "horizontal" and cells_from == "labels":
        raise CelltrackError(
            "Label images have their cells already, and there are no steps to take one after the "
            "other; choose the vertical strategy."
        )
    if from_step is not None and strategy != "horizontal":
        raise CelltrackError(
            "Only the horizontal strategy can go on from a step, as the other leaves no steps on "
            "disk; choose it, or no step."
        )
    started = datetime.now(timezone.utc)
    options = {
        "strategy": strategy,
        "n_workers": n_workers,
        "pool": "cluster" if scheduler else pool,
        "restart": restart,
        "fail_fast": fail_fast,
        "rescale": rescale,
        "from_step": from_step,
        "plots": plots,
    }
    rows: dict[str, FileDone] = {}
    with ExitStack() as stack:
        with _writing_to(out):
            out.mkdir(parents=True, exist_ok=True)
            running_file = stack.enter_context(only_run_in(out))
            log = stack.enter_context(RunLog(out))
            write_text(out / "recipe.yaml", recipe_text(recipe))
        workers = stack.enter_context(open_workers(pool, n_workers, scheduler))
        options["n_workers"] = workers.n
        log.start(inputs, [f"{name}={value}" for name, value in options.items()])
        ready, wrong = _recipes(recipe, inputs.items, overrides)
        how = {"restart": restart, "rescale": rescale, "plots": plots}
        if strategy == "horizontal":
            events = _horizontal(ready, out, workers, running_file, {**how, "from_step": from_step})
        else:
            tasks = [
                ItemTask(changed, item, out / item.name, running_file, cells_from, **how)
                for item, changed in ready
            ]
            events = run_vertical(tasks, workers)
        try:
            with closing(events), _stopping(running_file):
                for event in _chain(wrong, events):
                    if isinstance(event, FileDone):
                        rows[event.item.name] = event
                        log.file(event)
                    yield event
                    if fail_fast and isinstance(event, FileDone) and event.status == "failed":
                        break
            yield from _not_done(inputs, rows)
        finally:
            # Otherwise the folder is gone, and an error on its way that says so; what stands there
            # was made by a worker that was writing just then.
            if (out / LOG).is_file():
                about = {"versions": versions(), "command": command, "options": options}
                _write_end(out, inputs, rows, about=about, started=started, log=log)
        _check_there(out)
        if report:
            _write_report(out, log)


def _check_there(out: Path) -> None:
    if not (out / LOG).is_file():
        raise ResultError(
            f"The folder of the results, {out}, was removed or renamed during the run; run again."
        )


def _write_end(
    out: Path,
    inputs: Inputs,
    rows: Mapping[str, FileDone],
    *,
    about: Mapping[str, Any],
    started: datetime,
    log: RunLog,
) -> None:
    """Write what is known of a run when it ends, in whatever way: a row for each item."""
    stopped = {row.item.name: row for row in _not_done(inputs, rows)}
    ended = [rows.get(item.name) or stopped[item.name] for item in inputs.items]
    n = {status: sum(row.status == status for row in ended) for status in _STATES}
    about = {
        **about,
        "started": started.isoformat(timespec="seconds"),
        "seconds": round((datetime.now(timezone.utc) - started).total_seconds(), 3),
        "n_items": len(ended),
        **{f"n_{status}": number for status, number in n.items()},
        "conditions": condition_names(inputs.items),
        "items": [_about(row) for row in ended],
        "ignored": list(inputs.ignored),
        "ignored_reasons": list(inputs.reasons),
    }
    with _writing_to(out, "mend that and run again, what is finished is kept"):
        write_text(out / "summary.csv", _summary(ended).to_csv(index=False, lineterminator="\n"))
        text = json.dumps(about, indent=2, ensure_ascii=False) + "\n"
        write_text(out / "run.json", text, is_safe=True)
        write_pooled(out, ended)
    word = "stopped" if stopped else "end"
    log.write(f"{word}: {n['done']} done, {n['failed']} failed, {n['stopped']} not done")


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


def _horizontal(
    ready: Sequence[tuple[Item, Recipe]],
    out: Path,
    workers: Workers,
    running_file: RunningFile,
    how: Mapping[str, Any],
) -> Events:
    from napari_celltrack.batch.horizontal import run_horizontal

    recipe_of = dict(ready).__getitem__
    items = [item for item, _ in ready]
    return run_horizontal(recipe_of, items, out, workers, running_file, **how)


@contextmanager
def _stopping(running_file: RunningFile) -> Iterator[None]:
    """Tell the workers to stop, before anyone waits for them, whatever ends the run."""
    try:
        yield
    finally:
        running_file.remove()


def _chain(wrong: Sequence[FileDone], events: Events) -> Iterator[FrameDone | FileDone]:
    yield from wrong
    yield from events


def _not_done(inputs: Inputs, rows: Mapping[str, FileDone]) -> list[FileDone]:
    return [FileDone(item, "stopped", seconds=0) for item in inputs.items if item.name not in rows]


def _about(row: FileDone) -> dict[str, Any]:
    """Return what ``run.json`` says of an item."""
    return {
        "file": row.item.file,
        "name": row.item.name,
        "path": str(Path(row.item.path).absolute()),
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


def _summary(rows: Sequence[FileDone]) -> pd.DataFrame:
    conditions = condition_names([row.item for row in rows])
    columns = [*SUMMARY_COLUMNS[:2], *conditions, *SUMMARY_COLUMNS[2:]]
    table: pd.DataFrame = pd.DataFrame([row.row() for row in rows], columns=columns)
    whole = [name for name in SUMMARY_COLUMNS if name.startswith("n_") and name != "n_cells_mean"]
    table = table.astype(dict.fromkeys(whole, "Int64"))
    if not table["n_cells"].notna().any():
        del table["n_cells"]
    return table


def _that_fits(
    recipe: Recipe,
    inputs: Inputs,
    out: Path,
    n_workers: int | None,
    overrides: Overrides | None,
    *,
    rescale: bool,
) -> tuple[Strategy, int]:
    """Return the strategy that the plan advises, and for how many workers there is memory."""
    from napari_celltrack.batch.plan import make_plan

    plan = make_plan(
        recipe,
        inputs,
        out=out,
        n_workers=n_workers,
        sample=False,
        overrides=overrides,
        rescale=rescale,
    )
    chosen = plan.horizontal if plan.choice == "horizontal" else plan.vertical
    return plan.choice, chosen.n_workers


def _write_report(out: Path, log: RunLog) -> None:
    """Write the report; what goes wrong with it must not take the results along."""
    try:
        from napari_celltrack.batch.report import write_report

        # The report reads tables again, in place of those that were written.
        give_back_freed_memory()
        write_report(out)
    except Exception as error:
        log.write(f"report: not written ({type(error).__name__}: {error})")
        with suppress(OSError), (out / "errors.log").open("a", encoding="utf-8") as file:
            file.write(f"report.html\n{traceback.format_exc()}\n")
