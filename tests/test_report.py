"""The report of a run: what it says, that names in it are harmless, and what it survives."""

from __future__ import annotations

import json
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_celltrack.batch import find_inputs, run_files
from napari_celltrack.batch.health import health_of_result
from napari_celltrack.batch.report import write_report
from napari_celltrack.engine import link_objects, run
from napari_celltrack.errors import ResultError
from napari_celltrack.recipe import Recipe
from napari_celltrack.segment import Manual, NoSplit, Regions
from scenes import movie_of

EVIL = "<img src=x onerror=alert(1)>_r1.tif"
RECIPE = Recipe(segment=Regions(threshold=Manual(value=300.0), split=NoSplit()))


class Page(HTMLParser):
    """Collects what is asked of a page: its elements, and the words of its table."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[str] = []
        self._in_row = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self._in_row = True
            self.rows.append("")

    def handle_endtag(self, tag):
        self._in_row &= tag != "tr"

    def handle_data(self, data):
        if self._in_row:
            self.rows[-1] += " " + data.strip()


def squares(n_cells: int, n_frames: int = 5) -> np.ndarray:
    """Return a movie of squares in a row that move 1 px a frame."""
    movie = np.full((n_frames, 64, 160), 100, np.uint16)
    for frame in range(n_frames):
        for cell in range(n_cells):
            x = 8 + 24 * cell + frame
            movie[frame, 20:32, x : x + 12] = 600
    return movie


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Return the results of four movies in two conditions, a file that is none, and a bad name."""
    folder = tmp_path / "images"
    folder.mkdir()
    for condition, n_cells in (("ctrl", 2), ("drug", 5)):
        for number in (1, 2):
            tifffile.imwrite(
                folder / f"{condition}_r{number}.tif", squares(n_cells), metadata={"axes": "TYX"}
            )
    tifffile.imwrite(folder / EVIL, squares(1), metadata={"axes": "TYX"})
    (folder / "drug_r3.tif").write_bytes(b"not an image")
    out = tmp_path / "out"
    inputs = find_inputs([folder], names="{condition}_r{replicate}.tif")
    for _ in run_files(RECIPE, inputs, out, n_workers=1):
        pass
    return out


def test_the_page_stands_alone_and_tells_each_file(results: Path) -> None:
    text = (results / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    sources = [values["src"] for tag, values in page.tags if "src" in values]
    assert sources
    assert all(source.startswith("data:image/") for source in sources)
    assert not any(tag == "link" for tag, _ in page.tags)
    # What failed stands first, with its reason.
    assert "red drug_r3.tif" in page.rows[1].replace("  ", " ").replace("  ", " ")
    row = next(row for row in page.rows if "ctrl_r1.tif" in row).split()
    assert row[:2] == ["green", "ctrl_r1.tif"]
    assert row[2:8] == ["ctrl", "1", "5", "2", "2.0", "2"]
    assert sum(tag == "article" for tag, _ in page.tags) == 6
    alts = [values["alt"] for tag, values in page.tags if tag == "img"]
    assert "Outlines of the cells in the middle frame of ctrl_r1.tif" in alts
    assert "cells a frame by condition" in alts
    assert "max_distance_px" in text  # the recipe


def test_names_of_files_are_harmless(results: Path) -> None:
    page = Page((results / "report.html").read_text(encoding="utf-8"))
    assert any("<img src=x onerror=alert(1)>_r1.tif" in row for row in page.rows)
    assert not any("onerror" in values for _, values in page.tags)


def test_what_is_missing_or_foreign_is_said_and_stops_nothing(results: Path) -> None:
    shutil.rmtree(results / "ctrl_r1")
    (results / "ctrl_r2" / "preview.png").write_bytes(b"")
    (results / "drug_r1" / "events.csv").unlink()
    (results / "notes").mkdir()
    about = json.loads((results / "run.json").read_text(encoding="utf-8"))
    about["ignored"] = ["plate.txt"]
    (results / "run.json").write_text(json.dumps(about), encoding="utf-8")
    text = write_report(results).read_text(encoding="utf-8")
    assert "The folder of ctrl_r1.tif is gone or cannot be read." in text
    assert "notes is no result and was passed over." in text
    assert "Its tables are missing or cannot be read; run it again." in text
    assert "plate.txt" in text
    shutil.rmtree(results)
    results.mkdir()
    with pytest.raises(ResultError, match="summary"):
        write_report(results)


def light_of(pixels: np.ndarray):
    movie = movie_of(pixels)
    tables = link_objects(movie, RECIPE, [found.objects for found in run(movie, RECIPE)])
    return health_of_result(tables.counts, tables.events, tables.tracks, ())


def test_lights_say_why() -> None:
    movie = squares(4, n_frames=12)
    assert light_of(movie).light == "green"
    movie[4] = 100
    health = light_of(movie)
    assert health.light != "green"
    assert any("frame 4" in reason for reason in health.reasons)
    assert light_of(np.full((3, 32, 32), 100, np.uint16)).light == "red"
