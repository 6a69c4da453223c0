"""A card of the report: what the page says of one file."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from napari_celltrack.errors import ResultError
from napari_celltrack.results.report.comparison import FileValues, values_of
from napari_celltrack.results.report.filed_run import (
    FiledResult,
    ResultTables,
    health_of,
    read_tables,
)
from napari_celltrack.results.report.pictures import (
    areas_uri,
    counts_uri,
    outlines_uri,
    tracks_uri,
)
from napari_celltrack.results.report.result_health import ResultHealth

_ORDER = {"red": 0, "amber": 1, "green": 2}
#: Files of a result that are worth opening, and what they are called.
_FILES = {
    "objects.csv": "cells",
    "tracks.csv": "tracks",
    "counts.csv": "counts",
    "events.csv": "doubtful places",
    "labels.tif": "label image",
}


@dataclass(frozen=True, eq=False)
class Card:
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
        source = self.file.input
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


def card_of(number: int, file: FiledResult) -> tuple[Card, FileValues | None]:
    """Return the card of a file, and what is compared of it, if its tables can be read."""
    if file.folder is None:
        return Card(number, file, health_of(file, None)), None
    try:
        tables = read_tables(file.folder)
        pictures = _pictures(tables)
        values = values_of(file, tables)
    except (ResultError, ValueError, TypeError, KeyError, ArithmeticError):
        # Tables that another program has changed: the others are still worth a page.
        return Card(number, file, health_of(file, None)), None
    folder = quote(file.folder.path.name)
    links = [
        (f"./{folder}/{name}", word)
        for name, word in _FILES.items()
        if (file.folder.path / name).is_file()
    ]
    card = Card(
        number,
        file,
        health_of(file, tables),
        outlines=outlines_uri(file.folder.path),
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
