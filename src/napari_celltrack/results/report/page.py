"""``report.html``: all results of a run on one page, made from the files of its folder alone.

The page is one file that needs no network. Every name and sentence goes through the escaping of
the template, none stands in a script, and the page allows no script but its own: a file name is
never code.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shlex
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from napari_celltrack.errors import ResultError
from napari_celltrack.results.report.card import Card, card_of
from napari_celltrack.results.report.comparison import FileValues, compare
from napari_celltrack.results.report.filed_run import FiledRun, read_run
from napari_celltrack.results.result_folder import RECIPE
from napari_celltrack.results.run_folder import REPORT, RunRecord
from napari_celltrack.text import duration_text
from napari_celltrack.whole_files import written_whole

_TEMPLATES = Path(__file__).parent / "templates"
#: A command with more files than these is no longer read by anyone.
_MAX_INPUTS = 30


def write_report(out: Path) -> Path:
    """Write ``report.html`` into a folder of results.

    Parameters
    ----------
    out : Path
        That folder, with ``summary.csv`` and a folder a file; what is missing of that, or of
        something else, is passed over and said on the page.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    ResultError
        If there is no summary, or the page cannot be written.
    """
    out = Path(out)
    run = read_run(out)
    cards, values = [], []
    for number, file in enumerate(run.files):
        card, of_file = card_of(number, file)
        cards.append(card)
        values += [of_file] if of_file is not None else []
    cards.sort(key=lambda card: (card.rank, card.number))
    text = _rendered(out, run, cards, values)
    path = out / REPORT
    try:
        with written_whole(path) as hidden, hidden.open("xb") as written:
            # A name that is no text for the file system is shown with question marks.
            written.write(text.encode("utf-8", "replace"))
    except OSError as error:
        raise ResultError(
            f"{path} cannot be written ({error.strerror}); make room there or close it."
        ) from error
    return path


def _rendered(out: Path, run: FiledRun, cards: list[Card], values: list[FileValues]) -> str:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = (_TEMPLATES / "report.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    lights = [card.health.light for card in cards if card.file.status != "failed"]
    return environment.get_template("report.html.j2").render(
        name=out.resolve().name,
        cards=cards,
        failed=[card for card in cards if card.file.status == "failed"],
        n_of={light: lights.count(light) for light in ("red", "amber", "green")}
        | {"failed": len(cards) - len(lights)},
        conditions=run.conditions,
        has_stills=any(card.is_still for card in cards),
        comparisons=compare(values),
        recipe=run.recipe,
        versions=run.record.versions,
        ignored=run.record.ignored,
        notes=run.notes,
        when=_when(run.record),
        command=_command(out, run),
        has_command=bool(run.record.command),
        # Ours, and nothing of it comes from a file name.
        style=Markup((_TEMPLATES / "report.css").read_text(encoding="utf-8")),
        script=Markup(script),
        script_hash=f"'sha256-{digest}'",
    )


def _when(record: RunRecord) -> str:
    """Say when the run was, and how long it took."""
    try:
        started = datetime.fromisoformat(record.started)
    except ValueError:
        return ""
    if record.seconds is None:
        return ""
    when = f"{started:%d %B %Y, %H:%M} {started.tzname() or ''}".strip()
    return f"{when}, {duration_text(record.seconds)}"


def _command(out: Path, run: FiledRun) -> str:
    """Return the command that makes these results again: the run's own, or one that equals it."""
    if run.record.command:
        return run.record.command
    paths = [
        Path(os.path.relpath(file.folder.path / file.input["path"], out)).as_posix()
        for file in run.files
        if file.folder and file.input
    ]
    if len(paths) > _MAX_INPUTS:
        paths = list(dict.fromkeys(Path(path).parent.as_posix() for path in paths))
    inputs = paths or ["INPUT"]
    return shlex.join(["celltrack", "run", RECIPE, *inputs, "-o", "."])
