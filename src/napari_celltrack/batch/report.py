"""``report.html``: all results of a run on one page, made from the files of its folder alone.

The page is one file that needs no network. Every name and sentence goes through the escaping of
the template, none stands in a script, and the page allows no script but its own: a file name is
never code.
"""

from __future__ import annotations

import base64
import hashlib
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from napari_celltrack.batch.report_conditions import FileValues, compare, values_of
from napari_celltrack.batch.report_files import (
    FiledResult,
    FiledRun,
    ResultTables,
    health_of,
    read_run,
    read_tables,
)
from napari_celltrack.batch.report_pictures import areas_uri, counts_uri, outlines_uri, tracks_uri
from napari_celltrack.batch.result_health import ResultHealth
from napari_celltrack.errors import ResultError
from napari_celltrack.text import duration_text

_TEMPLATES = Path(__file__).parent / "templates"
_ORDER = {"red": 0, "amber": 1, "green": 2}
#: Files of a result that are worth opening, and what they are called.
_FILES = {
    "objects.csv": "cells",
    "tracks.csv": "tracks",
    "counts.csv": "counts",
    "events.csv": "doubtful places",
    "labels.tif": "label image",
}
#: A command with more files than these is no longer read by anyone.
_MAX_INPUTS = 30


@dataclass(frozen=True, eq=False)
class _Card:
    """A file on the page: its line of the table and its card; pictures are data URIs or empty."""

    number: int
    file: FiledResult
    health: ResultHealth
    outlines: str = ""
    chart: str = ""
    chart_alt: str = ""
    tracks: str = ""
    is_still: bool = False
    links: tuple[tuple[str, str], ...] = ()

    @property
    def word(self) -> str:
        """What the light means."""
        if self.file.status == "failed":
            return "failed"
        if self.file.status == "stopped":
            return "stopped"
        return {"green": "fine", "amber": "look", "red": "check"}[self.health.light]

    @property
    def rank(self) -> int:
        """From failed, 0, over red and amber to green, 3."""
        return 0 if self.file.status == "failed" else 1 + _ORDER[self.health.light]

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What is said about the movie."""
        source: Mapping[str, Any] = self.file.about.get("input", {})
        facts = []
        shape, dtype = source.get("shape_px"), source.get("dtype")
        if isinstance(shape, list) and len(shape) >= 2:
            facts.append(("image", f"{shape[-1]} × {shape[-2]} px{f', {dtype}' * bool(dtype)}"))
        size, interval = source.get("pixel_size_um"), source.get("frame_interval_s")
        if isinstance(size, list) and len(size) == 2:
            facts.append(("pixel", f"{float(size[1]):.4g} µm"))
        else:
            facts.append(("pixel", "size unknown"))
        if not self.is_still:
            is_time = isinstance(interval, int | float)
            facts.append(("frame every", f"{interval:.4g} s" if is_time else "unknown"))
        return facts


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
        card, of_file = _card(number, file)
        cards.append(card)
        values += [of_file] if of_file is not None else []
    cards.sort(key=lambda card: (card.rank, card.number))
    text = _rendered(out, run, cards, values)
    path, hidden = out / "report.html", out / ".report.html.partial"
    try:
        # A name that is no text for the file system is shown with question marks.
        hidden.write_bytes(text.encode("utf-8", "replace"))
        hidden.replace(path)
    except OSError as error:
        raise ResultError(
            f"{path} cannot be written ({error.strerror}); make room there or close it."
        ) from error
    finally:
        hidden.unlink(missing_ok=True)
    return path


def _card(number: int, file: FiledResult) -> tuple[_Card, FileValues | None]:
    if file.folder is None:
        return _Card(number, file, health_of(file, None)), None
    try:
        tables = read_tables(file.folder)
        pictures = _pictures(tables)
        values = values_of(file, tables)
    except (ResultError, ValueError, TypeError, KeyError, ArithmeticError):
        # Tables that another program has changed: the others are still worth a page.
        return _Card(number, file, health_of(file, None)), None
    folder = quote(file.folder.name)
    links = [
        (f"./{folder}/{name}", word)
        for name, word in _FILES.items()
        if (file.folder / name).is_file()
    ]
    card = _Card(
        number,
        file,
        health_of(file, tables),
        outlines=outlines_uri(file.folder),
        links=tuple(links),
        is_still=len(tables.counts) == 1,
        **pictures,
    )
    return card, values


def _pictures(tables: ResultTables) -> dict[str, str]:
    objects = tables.objects
    if len(tables.counts) == 1:
        if objects is None or objects.empty:
            return {}
        alt = f"Histogram of the areas of {len(objects)} cells"
        return {"chart": areas_uri(objects), "chart_alt": alt}
    n_cells = tables.counts["n_cells"]
    alt = "Curve of the number of cells over time"
    if len(n_cells):
        alt += f", from {n_cells.iloc[0]} to {n_cells.iloc[-1]}"
    tracks = ""
    if objects is not None and (objects["track_id"] > 0).any():
        tracks = tracks_uri(objects)
    return {"chart": counts_uri(tables.counts), "chart_alt": alt, "tracks": tracks}


def _rendered(out: Path, run: FiledRun, cards: list[_Card], values: list[FileValues]) -> str:
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
    versions = run.about.get("versions")
    ignored = run.about.get("ignored")
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
        versions=versions if isinstance(versions, dict) else {},
        ignored=ignored if isinstance(ignored, list) else [],
        notes=run.notes,
        when=_when(run.about),
        command=_command(out, run),
        # Ours, and nothing of it comes from a file name.
        style=Markup((_TEMPLATES / "report.css").read_text(encoding="utf-8")),
        script=Markup(script),
        script_hash=f"'sha256-{digest}'",
    )


def _when(about: Mapping[str, Any]) -> str:
    """Say when the run was, and how long it took."""
    try:
        started = datetime.fromisoformat(str(about["started"]))
        when = f"{started:%d %B %Y, %H:%M} {started.tzname() or ''}".strip()
        return f"{when}, {duration_text(float(about['seconds']))}"
    except (KeyError, ValueError, TypeError):
        return ""


def _command(out: Path, run: FiledRun) -> str:
    """Return the command that makes these results again: the run's own, or one that equals it."""
    told = run.about.get("command")
    if isinstance(told, list) and told:
        return shlex.join(map(str, told))
    if isinstance(told, str) and told:
        return told
    paths = [file.about["input"]["path"] for file in run.files if file.about]
    if len(paths) > _MAX_INPUTS:
        paths = list(dict.fromkeys(str(Path(path).parent) for path in paths))
    recipe = out.resolve() / "recipe.yaml"
    inputs = paths or ["INPUT"]
    return shlex.join(["celltrack", "run", str(recipe), *inputs, "-o", str(out.resolve())])
