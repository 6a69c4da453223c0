"""Run a recipe over files: nothing is done twice, and one bad file stops no other."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timezone
from pathlib import Path

import pandas as pd

from napari_celltrack.batch.inputs import Inputs
from napari_celltrack.batch.result import (
    SUMMARY_COLUMNS,
    CellsFrom,
    FileDone,
    FrameDone,
    run_item,
    versions,
    write_text,
)
from napari_celltrack.errors import ResultError
from napari_celltrack.recipe import Recipe


def run_files(
    recipe: Recipe,
    inputs: Inputs,
    out: Path,
    *,
    cells_from: CellsFrom = "image",
    restart: bool = False,
    fail_fast: bool = False,
    n_threads: int | None = None,
) -> Iterator[FrameDone | FileDone]:
    """Run a recipe over files, one after the other, the frames of each in parallel.

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
    n_threads : int, optional
        Frames worked on at once; by default one a core.

    Yields
    ------
    FrameDone or FileDone
        After each frame and each file. Closing the generator stops the run; what is finished
        stays.

    Raises
    ------
    ResultError
        If the folder of the results cannot be written to.
    """
    n_threads = n_threads or os.cpu_count() or 1
    started = datetime.now(timezone.utc)
    with _writing_to(out):
        out.mkdir(parents=True, exist_ok=True)
        write_text(out / "recipe.yaml", recipe.to_yaml())
    rows: list[FileDone] = []
    try:
        for item in inputs.items:
            events = run_item(
                recipe,
                item,
                out / item.name,
                cells_from=cells_from,
                restart=restart,
                n_threads=n_threads,
            )
            with closing(events):
                for event in events:
                    if isinstance(event, FileDone):
                        rows.append(event)
                    yield event
            if fail_fast and rows[-1].status == "failed":
                return
    finally:
        about = {
            "versions": versions(),
            "options": {"restart": restart, "fail_fast": fail_fast, "n_threads": n_threads},
            "started": started.isoformat(timespec="seconds"),
            "seconds": round((datetime.now(timezone.utc) - started).total_seconds(), 3),
            "n_items": len(inputs.items),
            "n_done": sum(row.status == "done" for row in rows),
            "n_failed": sum(row.status == "failed" for row in rows),
            "ignored": list(inputs.ignored),
        }
        with _writing_to(out):
            table = _summary(rows).to_csv(index=False, lineterminator="\n")
            write_text(out / "summary.csv", table)
            write_text(out / "run.json", json.dumps(about, indent=2, ensure_ascii=False) + "\n")


@contextmanager
def _writing_to(out: Path) -> Iterator[None]:
    """Say in a sentence that the folder of the results cannot be written to."""
    try:
        yield
    except OSError as error:
        raise ResultError(
            f"Results cannot be written to {out} ({error.strerror}); choose another folder."
        ) from error


def _summary(rows: Sequence[FileDone]) -> pd.DataFrame:
    table: pd.DataFrame = pd.DataFrame([row.row() for row in rows], columns=list(SUMMARY_COLUMNS))
    whole = [name for name in SUMMARY_COLUMNS if name.startswith("n_") and name != "n_cells_mean"]
    table = table.astype(dict.fromkeys(whole, "Int64"))
    if not table["n_cells"].notna().any():
        del table["n_cells"]
    return table
