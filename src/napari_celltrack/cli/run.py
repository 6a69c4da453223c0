"""``celltrack run``: a recipe over files, with progress and a summary.

What shows a run is also that of ``link`` and ``demo``. Nothing heavy is imported before a command
runs: ``celltrack --help`` is to answer at once.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from napari_celltrack.cli.inputs import OVERRIDES, AsJson, Chosen, takes_files
from napari_celltrack.cli.streams import echo_json
from napari_celltrack.errors import ResultError
from napari_celltrack.text import plural

if TYPE_CHECKING:
    from napari_celltrack.batch import FileDone

out_console = Console(highlight=False, emoji=False, soft_wrap=True)
if not out_console.is_terminal:
    out_console.width = 200  # nothing is folded or cut off for a pipe that has no width
err_console = Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)

OutputFolder = Annotated[
    Path, typer.Option("-o", "--out", help="Folder for the results.", show_default=False)
]
Restart = Annotated[
    bool, typer.Option("--restart", help="Make everything anew, also what is finished.")
]
Strict = Annotated[
    bool,
    typer.Option(
        "--strict",
        help="Fail files with warnings: something was assumed or left out when reading them, or "
        "they differ from the movie that the recipe was tuned on.",
    ),
]

#: Files whose frames are shown at once; the others are counted only.
_N_BARS = 8


@takes_files
def run(  # noqa: PLR0917
    chosen: Chosen,
    out: OutputFolder,
    strategy: Annotated[
        Literal["auto", "vertical", "horizontal"],
        typer.Option(
            help="Each file through all steps, each step over all files, or what fits the memory."
        ),
    ] = "vertical",
    from_step: Annotated[
        Literal["prepare", "count", "measure", "track"] | None,
        typer.Option(help="Horizontal: go on from this step.", show_default=False),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Items in work at once; one per core without it."),
    ] = None,
    processes: Annotated[
        bool | None,
        typer.Option(
            "--processes/--threads",
            help="Work in processes of their own or in threads; without it, in processes if the "
            "images are 512 MB or more and memory is free for them.",
            show_default=False,
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Work on a Dask cluster, e.g. tcp://10.0.0.5:8786."),
    ] = None,
    plots: Annotated[
        bool, typer.Option("--plots", help="Draw the plots of each file too.")
    ] = False,
    no_report: Annotated[
        bool, typer.Option("--no-report", help="Write no report.html at the end.")
    ] = False,
    restart: Restart = False,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="Stop after the first file that fails.")
    ] = False,
    strict: Strict = False,
    as_json: AsJson = False,
) -> None:
    """Run a recipe over files, folders of files, or folders of frames."""
    from napari_celltrack.batch import RunOptions, run_files, suitable_pool
    from napari_celltrack.batch.earlier import find_earlier
    from napari_celltrack.readers.vendor_files import way_out

    settings, changes, found = chosen.load(out)
    passed_over = [path for path in found.ignored if Path(path).name != OVERRIDES]
    if passed_over:
        n = len(passed_over)
        err_console.print(f"Passed over {n} {plural(n, 'file')}; see run.log.")
    if words := next(filter(None, (way_out(Path(path)) for path in passed_over)), ""):
        err_console.print(plain(words))
    for unused in changes.unused(found.items) if changes else ():
        err_console.print(f"Overrides: {plain(unused)} matches no file.")
    if processes is None:
        pool = suitable_pool(found.items, workers)
    else:
        pool = "processes" if processes else "threads"
    options = RunOptions(
        restart=restart,
        fail_fast=fail_fast,
        strict=strict,
        strategy=strategy,
        n_workers=workers,
        pool=pool,
        scheduler=scheduler,
        overrides=changes,
        rescale=chosen.rescale,
        from_step=from_step,
        plots=plots,
        report=not no_report,
        command=shlex.join(["celltrack", *map(_from_here, sys.argv[1:])]),
    )
    *_, earlier = find_earlier(settings, found.items, out, options)
    if kept := earlier.kept_words(len(found.items)):
        err_console.print(kept)
    events = run_files(settings, found, out, options)
    run_and_report(events, len(found.items), out, as_json=as_json)


def run_and_report(events: Iterator[Any], n_items: int, out: Path, *, as_json: bool) -> None:
    """Work through the events of a run, print its summary, and exit with 1 if a file failed.

    Parameters
    ----------
    events : iterator of FrameDone or FileDone
        The run.
    n_items : int
        How many files it has.
    out : Path
        Where the results are, to say so.
    as_json : bool
        Print the rows as JSON instead of a table.
    """
    from napari_celltrack.batch import FileDone
    from napari_celltrack.readers import natural_key
    from napari_celltrack.results.run_folder import RunFolder

    rows: list[FileDone] = []
    problem = None
    with shown(events, n_items) as passing:
        try:
            for event in passing:
                rows += [event] if isinstance(event, FileDone) else []
        except ResultError as error:
            if len(rows) < n_items:
                raise
            problem = error  # of what is written when all files are done
    rows.sort(key=lambda row: natural_key(row.item.path))  # they came as they were finished
    if as_json:
        echo_json([row.row() for row in rows])
    else:
        _show_summary(rows)
        for sentence in RunFolder(out).record().put_aside:
            out_console.print(plain(sentence))
        out_console.print(f"Results are in {plain(out)}")
    if problem is not None:
        err_console.print(f"[red]Error:[/] {plain(problem)}")
    if problem is not None or any(row.status != "done" for row in rows):
        raise typer.Exit(1)


@contextmanager
def shown(events: Iterator[Any], n_files: int) -> Iterator[Iterator[Any]]:
    """Pass on the events of a run while bars show how far it is; quiet when piped.

    Ctrl+C ends the run cleanly: the generator is closed, what is finished stays.
    """
    from napari_celltrack.batch import FileDone

    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err_console,
        transient=True,
    )

    def watched() -> Iterator[Any]:
        files = progress.add_task("files", total=n_files, visible=n_files > 1)
        bars: dict[Any, TaskID] = {}
        for event in events:
            if isinstance(event, FileDone):
                progress.advance(files)
                if event.item in bars:
                    progress.remove_task(bars.pop(event.item))
            elif event.item in bars or len(bars) < _N_BARS:
                if event.item not in bars:
                    bars[event.item] = progress.add_task("")
                words = f"{event.item.file} {event.step}".strip()
                progress.update(
                    bars[event.item],
                    description=plain(words),
                    completed=event.n_done,
                    total=event.n_frames,
                )
            yield event

    try:
        with progress if err_console.is_terminal else nullcontext():
            yield watched()
    except KeyboardInterrupt:
        err_console.print("Stopped; run the same command again to go on from here.")
        raise typer.Exit(1) from None
    finally:
        close = getattr(events, "close", None)
        if close is not None:
            close()


def _from_here(argument: str) -> str:
    """Return an argument with a path as it is from here: results are shared, machines are not."""
    before, sign, path = argument.rpartition("=")
    with suppress(ValueError):  # on another drive
        path = os.path.relpath(path) if Path(path).is_absolute() else path
    return before + sign + path


def plain(text: Any) -> str:
    """Return text with nothing that rich would take for markup."""
    return escape(str(text))


def _show_summary(rows: Sequence[FileDone]) -> None:
    """Print a line a file, and below it what is wrong with those that failed."""
    table = Table(box=None, pad_edge=False)
    for name in ("file", "status"):
        table.add_column(name, overflow="fold")
    for name in ("frames", "cells", "tracks", "seconds"):
        table.add_column(name, justify="right")
    for row in rows:
        numbers = (row.n_frames, row.n_cells_total, row.n_tracks)
        status = "[red]failed[/]" if row.status == "failed" else row.status
        texts = ("" if number is None else str(number) for number in numbers)
        table.add_row(
            plain(row.item.file),
            "kept" if row.is_kept else status,
            *texts,
            f"{row.seconds:.2f}",
        )
    out_console.print(table)
    for row in rows:
        if row.error:
            out_console.print(f"[red]{plain(row.item.file)}:[/] {plain(row.error)}")
    for files, warning in said_once(rows):
        out_console.print(f"[yellow]{plain(files)}:[/] {plain(warning)}")


def said_once(rows: Sequence[FileDone]) -> list[tuple[str, str]]:
    """Return the warnings of files, those that many have in the same words only once.

    Parameters
    ----------
    rows : sequence of FileDone
        In the order to say them.

    Returns
    -------
    list of (str, str)
        What files have it, in words, and the warning of the first of them.
    """
    alike: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        for warning in row.warnings:
            known = alike.setdefault(warning.replace(row.item.file, ""), [])
            known.append((row.item.file, warning))
    said = []
    for (file, warning), *others in alike.values():
        more = f" and {len(others)} more like it" if others else ""
        said.append((f"{file}{more}", warning))
    return said
