"""``celltrack plan``: what a run will take before it is started.

Nothing heavy is imported before the command runs: ``celltrack --help`` is to answer at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from napari_celltrack.cli.inputs import AsJson, Chosen, takes_files
from napari_celltrack.cli.streams import echo_json
from napari_celltrack.text import bytes_text, duration_text, plural

if TYPE_CHECKING:
    from napari_celltrack.batch.plan import Plan


@takes_files
def plan(
    chosen: Chosen,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            help="Where the results are to go, for the room on that disk.",
            show_default=False,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Frames in work at once; as many as fit without it.",
            show_default=False,
        ),
    ] = None,
    no_sample: Annotated[
        bool,
        typer.Option("--no-sample", help="Run no frames: at once, but without times."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what a run will take: memory, disk and time, and how it is run best.

    Headers are read and a few frames are run; nothing is written but to the temporary folder.
    """
    from napari_celltrack.batch import RunOptions
    from napari_celltrack.batch.plan import make_plan

    settings, changes, found = chosen.load(out)
    options = RunOptions(n_workers=workers, overrides=changes, rescale=chosen.rescale)
    made = make_plan(settings, found, options, out=out, sample=not no_sample)
    if as_json:
        echo_json(made.to_json())
    else:
        show_plan(made)


def show_plan(plan: Plan) -> None:
    """Print a plan as a table and sentences."""
    console = Console(highlight=False, emoji=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = 200  # nothing is folded or cut off for a pipe that has no width
    for text in plan_texts(plan):
        console.print(text)


def plan_texts(plan: Plan) -> list[str | Table]:
    """Return what is printed of a plan, in order, for rich."""
    from napari_celltrack.batch.plan import WAY_NAMES

    items = f"{plan.n_items} {plural(plan.n_items, 'item')}"
    frames = f"{plan.n_frames} {plural(plan.n_frames, 'frame')}"
    free = "unknown" if plan.free_bytes is None else bytes_text(plan.free_bytes)
    disk = "unknown" if plan.free_disk_bytes is None else bytes_text(plan.free_disk_bytes)
    texts: list[str | Table] = [f"{items}, {frames}; free: memory {free}, disk {disk}"]
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for name in ("workers", "memory", "disk", "time"):
        table.add_column(name, justify="right")
    for row in plan.by_workers:
        is_best = row in (plan.vertical, plan.horizontal)
        name = WAY_NAMES[row.strategy].capitalize()
        mark = " *" if is_best and row.strategy == plan.choice else ""
        table.add_row(
            f"{name}{mark}",
            str(row.n_workers),
            bytes_text(row.peak_bytes),
            bytes_text(row.disk_bytes),
            "–" if row.seconds is None else duration_text(row.seconds),
            style=None if row.fits else "red",
        )
    table.add_row("(all in memory)", "–", bytes_text(plan.naive_bytes), "–", "–", style="dim")
    texts.append(table)
    texts.append(
        f"All pixels at once would be {plan.naive_bytes:,} bytes "
        f"({plan.naive_bytes / 2**30:.2f} GiB)."
    )
    steps = " > ".join(f"{stage.name} {bytes_text(stage.n_bytes)}" for stage in plan.stages)
    texts.append(f"What a step holds: {steps}")
    texts.append(escape(f"* {plan.why}"))
    if plan.sample:
        texts.append(escape(plan.sample))
    if plan.n_unreadable:
        number = f"{plan.n_unreadable} {plural(plan.n_unreadable, 'item')}"
        texts.append(escape(f"Cannot be run: {number}. {plan.unreadable_why}"))
    if plan.n_ignored:
        number = f"{plan.n_ignored} {plural(plan.n_ignored, 'file')}"
        texts.append(f"Passed over as no images: {number}.")
    return texts
