from __future__ import annotations

import base64
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import tifffile

from napari_celltrack.batch import find_inputs, run_files
from napari_celltrack.batch.preview import MAX_PX, outline_png, round_length
from napari_celltrack.errors import ResultError
from napari_celltrack.recipe import Crop, Recipe
from napari_celltrack.results.report import write_report
from napari_celltrack.results.report.result_health import health_of_result, in_ranges
from napari_celltrack.results.report.svg_axes import MAX_CORNERS, SvgAxes, lines, ticks
from napari_celltrack.tables import EVENT_COLUMNS
from scenes import disk, movie_of, moving_disks, three_disks

EVIL = "<img src=x onerror=alert(1)>.tif"


class Page(HTMLParser):
    """What a browser would make of the page: tags with their attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.scripts: list[str] = []
        self._inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts.append(data)
        elif self._inside != "style":
            self.text += data


def page_of(out: Path) -> Page:
    return Page(write_report(out).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the results of two movies, a still with a wicked name, and a broken file."""
    images = tmp_path_factory.mktemp("images")
    for name in ("drug_1.tif", "control_1.tif"):
        tifffile.imwrite(images / name, moving_disks(), imagej=True, metadata={"axes": "TYX"})
    tifffile.imwrite(images / EVIL, three_disks())
    (images / "broken.tif").write_text("not an image")
    (images / "<b>notes.txt").write_text("hello")
    out = tmp_path_factory.mktemp("results")
    list(run_files(Recipe(), find_inputs([images], out=out), out))
    return out


@pytest.fixture
def out(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "out"))


def test_page_stands_alone_and_has_every_file(out: Path) -> None:
    page = page_of(out)
    rows = [attrs for tag, attrs in page.tags if tag == "tr" and "data-card" in attrs]
    cards = [attrs for tag, attrs in page.tags if tag == "article"]
    assert {row["data-card"] for row in rows} == {card["id"] for card in cards}
    assert len(rows) == 4
    # What failed comes first, in the table and in the list above it.
    assert rows[0]["data-word"] == "failed"
    assert "1 file failed" in page.text
    for tag, attrs in page.tags:
        if tag == "img":
            assert attrs["src"] is not None and attrs["src"].startswith("data:image/")
            assert attrs["alt"]
        assert tag not in ("link", "iframe", "base")
        if tag == "a":
            href = attrs["href"] or ""
            assert href.startswith(("#card-", "./"))
    assert "celltrack run" in page.text
    assert "sigma_px" in page.text or "method:" in page.text  # the recipe


def test_names_of_files_are_never_code(out: Path) -> None:
    summary = pd.read_csv(out / "summary.csv")
    summary["condition"] = '"><script>alert(2)</script>'
    summary.to_csv(out / "summary.csv", index=False)
    page = page_of(out)
    assert EVIL in page.text
    assert "<b>notes.txt" in page.text
    assert '"><script>alert(2)</script>' in page.text
    for _, attrs in page.tags:
        assert not any(name.startswith("on") for name in attrs)
        assert attrs.get("src") != "x"
    # One script, the page's own, and the only one that the page allows.
    assert len(page.scripts) == 1
    assert "alert" not in page.scripts[0]
    policy = next(a["content"] for t, a in page.tags if t == "meta" and "http-equiv" in a)
    assert policy is not None and "default-src 'none'" in policy
    scripts = policy.split("script-src", 1)[1]
    assert "sha256-" in scripts and "unsafe-inline" not in scripts


def test_what_is_broken_or_foreign_is_passed_over_and_said(out: Path) -> None:
    (out / "holiday").mkdir()
    (out / "run.json").write_text("[1, 2")
    (out / "control_1" / "tracks.csv").write_text("half a")
    shutil.rmtree(out / "drug_1")
    for file in out.glob("*/preview.png"):
        file.write_bytes(b"\x89PNG half")
    page = page_of(out)
    assert "holiday is no result" in page.text
    assert "The folder of drug_1.tif is gone" in page.text
    assert "Its tables are missing or cannot be read" in page.text
    assert "No picture was kept" in page.text
    (out / "summary.csv").unlink()
    with pytest.raises(ResultError):
        write_report(out)


def test_conditions_are_compared_with_replicates_apart(tmp_path: Path) -> None:
    names = [f"{drug}_r{rep}_{n}" for drug in ("a", "b") for rep in (1, 2) for n in (1, 2)]
    tables = {
        "tracks": "track_id,n_frames,start_frame,end_frame,speed_px_per_frame\n1,2,0,1,3.5\n",
        "objects": "track_id,frame,y_px,x_px,area_px2\n1,0,5,5,20\n1,1,6,6,22\n",
        "counts": "frame,n_cells\n0,1\n1,1\n",
        "events": ",".join(EVENT_COLUMNS) + "\n",
    }
    for name in names:
        folder = tmp_path / name
        folder.mkdir()
        about = {"input": {"path": f"/data/{name}.tif"}, "warnings": [f"Look at {name}."]}
        (folder / "run.json").write_text(json.dumps(about))
        for table, text in tables.items():
            (folder / f"{table}.csv").write_text(text)
    summary = pd.DataFrame({"file": [f"{name}.tif" for name in names], "status": "done"})
    summary["drug"], summary["replicate"] = [n[0] for n in names], [n[3] for n in names]
    summary["n_cells_mean"] = range(8)
    summary.to_csv(tmp_path / "summary.csv", index=False)
    page = page_of(tmp_path)
    alts = [attrs.get("alt") for tag, attrs in page.tags if tag == "img"]
    assert "Cells a frame by drug" in alts
    assert any(alt and alt.startswith("Speed") and alt.endswith("by drug") for alt in alts)
    assert not any(alt and alt.endswith("by replicate") for alt in alts)
    assert "A large dot is a replicate, the mean of its files" in page.text
    assert "Look at b_r2_2." in page.text


def events(*rows: tuple[str, int, float]) -> pd.DataFrame:
    """Return events of (kind, track, severity)."""
    table = pd.DataFrame(
        [(1, track, 0, kind, 5.0, 5.0, severity, kind) for kind, track, severity in rows],
        columns=list(EVENT_COLUMNS),
    )
    return table.astype(EVENT_COLUMNS)


def tracks(n: int, n_frames: int = 10) -> pd.DataFrame:
    return pd.DataFrame(
        {"track_id": range(1, n + 1), "n_frames": n_frames, "start_frame": 0,
         "end_frame": n_frames - 1}
    )  # fmt: skip


def counts(*n_cells: int) -> pd.DataFrame:
    return pd.DataFrame({"frame": range(len(n_cells)), "n_cells": n_cells})


@pytest.mark.parametrize(("n_ends", "light"), [(7, "green"), (8, "amber"), (32, "red")])
def test_broken_tracks_are_counted_against_all(n_ends: int, light: str) -> None:
    found = health_of_result(
        counts(*[80] * 10),
        # Twice the same track is one track, and who leaves through the border is explained.
        events(*[("end", i + 1, 0.8) for i in range(n_ends)], ("end", 1, 0.7), ("end", 80, 0.1)),
        tracks(80),
    )
    assert found.light == light
    if light != "green":
        assert found.reasons[0].startswith(f"{n_ends} of 80 tracks end in the middle of the field")


def test_health_of_counts() -> None:
    nothing = tracks(0)
    assert health_of_result(counts(0, 0, 0), events(), nothing).light == "red"
    empty = health_of_result(counts(*[9] * 3, 0, 0, 0, *[9] * 6), events(), tracks(9))
    assert (empty.light, empty.reasons) == ("amber", ("No cells in frames 3–5.",))
    sudden = health_of_result(counts(20, 20, 8, 8), events(), tracks(20))
    assert sudden.light == "amber"
    assert "from 20 in frame 1 to 8 in frame 2" in sudden.reasons[0]
    # A still has no tracks to talk about, a warning makes it worth a look.
    still = health_of_result(counts(5), events(("end", 1, 0.9)), tracks(5, 1))
    assert still.light == "green"
    assert health_of_result(counts(5), events(), tracks(5, 1), ["Other pixels."]).reasons == (
        "Other pixels.",
    )
    assert health_of_result(counts(3, 3), events(), tracks(6, 1)).light == "red"
    assert health_of_result(counts(), events(), nothing).light == "red"


def test_doubtful_links_are_the_radius() -> None:
    rows = [("swap risk", i % 10 + 1, 0.6) for i in range(5)]
    found = health_of_result(counts(*[10] * 10), events(*rows), tracks(10))
    assert found.light == "amber"
    assert "5 of 90 links" in found.reasons[0]


def test_frames_in_words() -> None:
    assert in_ranges([3]) == "frame 3"
    assert in_ranges([3, 4, 5, 9]) == "frames 3–5 and 9"
    assert in_ranges([0, 2, 4], step=2) == "frames 0–4"


def decoded(png: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


def is_coloured(picture: np.ndarray) -> np.ndarray:
    return picture.max(axis=2).astype(int) - picture.min(axis=2) > 40


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_outlines_lie_on_the_edge_of_cells(dtype: str) -> None:
    image = np.full((480, 480), 10, dtype)
    cell = disk(image.shape, 200, 240, 60)
    image[cell] = 100
    picture = decoded(outline_png(movie_of(image), Recipe(), 0, cell.astype(np.int32) * 7))
    assert picture.shape == (480, 480, 3)
    edge = cell & ~cv2.erode(cell.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    drawn = is_coloured(picture)
    assert not (drawn & ~edge).any()
    assert drawn.sum() > 0.6 * edge.sum()
    assert (picture[~cell] == 0).all()
    assert (picture[cell & ~drawn] == 255).all()


def test_pictures_are_small_and_show_what_was_looked_at() -> None:
    image = np.zeros((300, 1200), np.uint16)
    wide = decoded(outline_png(movie_of(image), Recipe(), 0, np.zeros(image.shape, np.int32)))
    assert wide.shape == (120, MAX_PX, 3)
    assert not wide.any()
    recipe = Recipe().replace(
        input=Recipe().input.replace(crop=Crop(y_stop_px=100, x_stop_px=100), pixel_size_um=0.5)
    )
    cropped = decoded(outline_png(movie_of(image), recipe, 0, np.zeros(image.shape, np.int32)))
    assert cropped.shape == (400, 400, 3)
    # The bar is of 10 µm, 20 px of the image, enlarged four times.
    longest = max(
        len(run) for row in (cropped.min(axis=2) == 255) for run in re.findall(b"1+", _ones(row))
    )
    assert longest == 80
    with pytest.raises(ResultError):
        outline_png(movie_of(image), Recipe(), 0, np.zeros((5, 5), np.int32))


def _ones(row: np.ndarray) -> bytes:
    return b"".join(b"1" if value else b"0" for value in row)


@pytest.mark.parametrize(("length", "expected"), [(0.3, 0.2), (9.9, 5), (50, 50), (1234, 1000)])
def test_bars_have_round_lengths(length: float, expected: float) -> None:
    assert round_length(length) == pytest.approx(expected)


def test_charts_have_round_ticks_and_lines_where_values_are() -> None:
    assert ticks(0, 43) == [0, 10, 20, 30, 40]
    assert ticks(0.31, 0.12) == [0.15, 0.2, 0.25, 0.3]
    axes = SvgAxes(154, 140, (0, 100), (50, 0), "x", "y")
    assert axes.inner == (100, 100)
    np.testing.assert_allclose(
        axes.places(np.array([[25.0, 0.0], [100, 50]])), [[25, 0], [100, 100]]
    )
    red = np.array([[1.0, 0, 0, 1]])
    few = np.column_stack([np.linspace(0, 100, 3), np.full(3, 25.0)])
    assert lines(axes, few, np.array([3]), red) == (
        '<path d="M0.0 50.0L50.0 50.0L100.0 50.0" fill="none" stroke="#ff0000"/>'
    )
    # Very many corners are pixels, at the same place and in the same colour.
    many = np.column_stack([np.linspace(0, 100, MAX_CORNERS + 1), np.full(MAX_CORNERS + 1, 25.0)])
    drawn = lines(axes, many, np.array([len(many)]), red)
    data = base64.b64decode(drawn.partition("base64,")[2].partition('"')[0])
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture.shape == (200, 200, 4)
    rows = np.flatnonzero(picture[..., 3].max(axis=1) > 128)
    assert 98 <= rows.min() <= rows.max() <= 102
    blue, green, redness = picture[rows[len(rows) // 2], 100, :3]
    assert redness > 200
    assert max(blue, green) < 60
