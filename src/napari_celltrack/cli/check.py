"""``celltrack check``: whether results are still as they were written.

Nothing heavy is imported before the command runs: ``celltrack --help`` is to answer at once.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_celltrack.cli.inputs import AsJson
from napari_celltrack.cli.run import out_console, plain
from napari_celltrack.cli.streams import echo_json
from napari_celltrack.text import plural

if TYPE_CHECKING:
    from napari_celltrack.batch import Finding


def check(
    results: Annotated[
        Path,
        typer.Argument(
            help="A folder that celltrack run wrote, or one result.", show_default=False
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Read all files of results, and say which are damaged or missing, and which are not ours.

    The exit code is 1 if a run has written something that is damaged or missing now.
    """
    from napari_celltrack.batch import check_results

    n_files = 0
    found: list[Finding] = []
    for checked in check_results(results):
        n_files += checked.n_files
        found += checked.findings
        for finding in () if as_json else checked.findings:
            out_console.print(
                f"{plain(finding.file)}: {finding.kind} ({plain(finding.words)})", soft_wrap=True
            )
    n_lost = sum(finding.is_loss for finding in found)
    if as_json:
        values = {"files": n_files, "findings": [asdict(finding) for finding in found]}
        echo_json(values)
    else:
        files = f"{n_files:,} {plural(n_files, 'file')} of runs compared with what was written"
        lost = f"{n_lost:,} damaged or missing" if n_lost else "none is damaged or missing"
        out_console.print(f"{files}: {lost}.")
    raise typer.Exit(1 if n_lost else 0)
