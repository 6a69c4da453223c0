"""The report of a run: one page that holds all it needs, for looking over many files at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup

from napari_celltrack.batch.health import Health
from napari_celltrack.batch.report_files import (
    FiledResult,
    FiledRun,
    ResultTables,
    health_of,
    read_run,
    read_tables,
)
from napari_celltrack.batch.report_pictures import areas_uri, counts_uri, outlines_uri, tracks_uri
from napari_celltrack.batch.report_pooled import Means, means_of, pooled_uris
from napari_celltrack.errors import CelltrackError, ResultError

_REPORT = "report.html"
#: What deserves a look stands on top.
_ORDER = {"red": 0, "amber": 1, "green": 2}


@dataclass(frozen=True)
class Card:
    """What the page shows of one file.

    Parameters
    ----------
    number : int
        Place in the summary, from 1.
    file : FiledResult
    health : Health
    pictures : tuple of (str, str)
        Words for those who do not see it, and the picture as data.
    """

    number: int
    file: FiledResult
    health: Health
    pictures: tuple[tuple[str, str], ...] = ()


def write_report(out: Path) -> Path:
    """Write ``report.html`` about a folder of results, from the files in it alone.

    Parameters
    ----------
    out : Path
        A folder that ``celltrack run`` has written. What is missing or broken in it is said in the
        page and stops nothing.

    Returns
    -------
    Path
        The page, which needs no other file and no network.

    Raises
    ------
    ResultError
        If there is no summary, or the page cannot be written.
    """
    run = read_run(out)
    cards, means = [], []
    for number, file in enumerate(run.files, start=1):
        tables = _tables(file)
        health = health_of(file, tables)
        cards.append(Card(number, file, health, tuple(_pictures(file, tables))))
        if tables is not None:
            means.append(means_of(file, tables))
    page = _page(run, cards, means)
    path, hidden = out / _REPORT, out / f".{_REPORT}.partial"
    try:
        hidden.write_text(page, encoding="utf-8")
        hidden.replace(path)
    except OSError as error:
        raise ResultError(
            f"{path} cannot be written ({error.strerror}); the results themselves are whole."
        ) from error
    return path


def _page(run: FiledRun, cards: Sequence[Card], means: Sequence[Means]) -> str:
    # Names of files are anybody's: everything is escaped where it is put into the page.
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    folder = files("napari_celltrack.batch").joinpath("templates")
    texts = {
        name: folder.joinpath(f"report.{name}").read_text(encoding="utf-8")
        for name in ("html.j2", "css", "js")
    }
    about = run.about
    ignored = about.get("ignored")
    return environment.from_string(texts["html.j2"]).render(
        css=Markup(texts["css"]),
        js=Markup(texts["js"]),
        cards=sorted(cards, key=lambda card: (_ORDER[card.health.light], card.number)),
        lights={light: sum(card.health.light == light for card in cards) for light in _ORDER},
        conditions=run.conditions,
        pooled=pooled_uris(means, run.conditions),
        recipe=run.recipe,
        about=about,
        ignored=[str(name) for name in ignored] if isinstance(ignored, list) else [],
        notes=run.notes,
        has_tracks=any(card.file.numbers.get("n_tracks", 0) > 0 for card in cards),
    )


def _tables(file: FiledResult) -> ResultTables | None:
    if file.folder is None:
        return None
    try:
        return read_tables(file.folder)
    except ResultError:
        return None


def _pictures(file: FiledResult, tables: ResultTables | None) -> Iterator[tuple[str, str]]:
    """Draw what there is; a picture that cannot be drawn is left out."""
    if file.folder is None:
        return
    if uri := outlines_uri(file.folder):
        yield "Outlines of the cells in the middle frame", uri
    if tables is None:
        return
    objects = tables.objects
    try:
        if len(tables.counts) > 1:
            yield "Number of cells over time", counts_uri(tables.counts)
        if objects is not None and len(objects):
            is_movie = len(tables.tracks) > 0 and len(tables.counts) > 1
            if is_movie:
                yield "Paths of the cells", tracks_uri(objects)
            else:
                yield "Areas of the cells", areas_uri(objects)
    except (CelltrackError, ValueError, KeyError):
        return
