"""Names of files and folders as people and systems make them: each is one item, told as text."""

from __future__ import annotations

import csv
import json
import os
import sys
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import tifffile

from command import celltrack
from napari_celltrack.batch.inputs import Item, find_inputs, unique_names
from napari_celltrack.batch.names import folder_key, match
from napari_celltrack.errors import CelltrackError, MovieError
from napari_celltrack.readers import open_movie
from napari_celltrack.recipe import Recipe
from napari_celltrack.text import cell_text, from_cell_text, readable
from readers_scenes import write_ome_zarr
from scenes import moving_disks

#: As a disk of Linux has them; other systems know text only.
RAW = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are text here")


def named(folder: Path, *names: bytes | str) -> Sequence[Path]:
    """Return paths of names in bytes, as Python gives them."""
    return [folder / os.fsdecode(name) for name in names]


def folder_of(folder: Path, *names: bytes | str) -> Path:
    """Make a folder that holds one small movie under several names."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in named(folder, *names):
        tifffile.imwrite(path, moving_disks(2).astype("uint16"), photometric="minisblack")
    return folder


def rows(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (os.fsdecode(b"Gr\xf6\xdfe.tif"), "Gr%F6%DFe.tif"),
        ("größe_細胞_😀.tif", "größe_細胞_😀.tif"),
        ("a\nb\tc\x1b[2J.tif", "a%0Ab%09c%1B[2J.tif"),
        ("gpj\u202efit.", "gpj%202Efit."),
        ("\ud83d half", "%D83D half"),
        ("50%F6", "50%F6"),
    ],
)
def test_a_name_is_readable(name: str, shown: str) -> None:
    assert readable(name) == shown
    assert readable(shown) == shown
    shown.encode("utf-8")
    assert str(MovieError(f"{name} is no image.")) == f"{shown} is no image."


@RAW
def test_bytes_that_are_no_text_open_the_file_and_never_end_a_run(tmp_path: Path) -> None:
    data = folder_of(tmp_path / "data", b"Gr\xf6\xdfe.tif", b"good.tif", b"two\nlines.tif")
    (data / os.fsdecode(b"\xe4.tif")).write_bytes(b"no image")
    (data / os.fsdecode(b"\xe4.txt")).write_bytes(b"")
    Recipe().save(tmp_path / "r.yaml")
    out = tmp_path / os.fsdecode(b"\xf6ut")
    done = celltrack("run", tmp_path / "r.yaml", data, "-o", out, code=1)
    summary = {row["file"]: row for row in rows(out / "summary.csv")}
    assert {name: row["status"] for name, row in summary.items()} == {
        "%E4.tif": "failed", "good.tif": "done", "Gr%F6%DFe.tif": "done", "two%0Alines.tif": "done",
    }  # fmt: skip
    assert "%E4.tif is not an image" in summary["%E4.tif"]["error"]
    assert {row["file"] for row in rows(out / "counts.csv")} <= {"", *summary}
    assert rows(out / "Gr%F6%DFe" / "objects.csv")[0]["file"] == "Gr%F6%DFe.tif"
    for text in (done.stdout, (out / "run.log").read_text(), (out / "report.html").read_text()):
        assert "Gr%F6%DFe.tif" in text
    # The path is that of the file, and the next run knows its results.
    record = json.loads((out / "run.json").read_text())
    assert all((out / item["path"]).is_file() for item in record["items"])
    again = celltrack("run", tmp_path / "r.yaml", data, "-o", out, code=1)
    assert "3 of 4 done with these settings" in again.stderr
    assert again.stdout.count(" kept ") == 3
    result = out / "Gr%F6%DFe"
    assert "counts.png" in celltrack("plot", result, "-k", "counts").stdout


@RAW
def test_conditions_groups_and_other_files_of_such_names(tmp_path: Path) -> None:
    for drug in named(tmp_path, b"\xe4dox", b"ctl"):
        folder_of(drug, b"s\xf6.tif", b"other.tif")
    pattern = "{drug}/s{stage}.tif"
    found = find_inputs([tmp_path], names=pattern, also={os.fsdecode(b"\xe4"): "other.tif"})
    assert [item.conditions for item in found.items] == [
        (("drug", "ctl"), ("stage", "%F6")),
        (("drug", "%E4dox"), ("stage", "%F6")),
    ]
    assert all(Path(item.path).is_file() for item in found.items)
    assert [name for name, _ in found.items[0].others] == ["%E4"]
    (group,) = find_inputs([tmp_path / "ctl"], names="{channel}.tif").items
    assert [part.channel for part in group.parts] == ["other", os.fsdecode(b"s\xf6")]
    assert group.file.isprintable()


@RAW
def test_folders_of_frames_and_zarr_of_such_names(tmp_path: Path) -> None:
    frames, zarr = named(tmp_path, b"fr\xe4mes", b"z\xf6\n.zarr")
    frames.mkdir()
    movie = moving_disks(3).astype("uint16")
    for t, frame in enumerate(movie):
        tifffile.imwrite(frames / os.fsdecode(b"t\xfc%d.tif" % t), frame)
    write_ome_zarr(tmp_path / "z.zarr", movie[:, None], "0.4").rename(zarr)
    for path, name in ((frames, "fr%E4mes"), (zarr, "z%F6%0A.zarr")):
        opened = open_movie(path)
        assert (opened.name, opened.n_frames) == (name, 3)
        np.testing.assert_array_equal(opened.plane(2), movie[2])
        opened.close()
        assert f"file: {name}" in celltrack("info", path).stdout


@pytest.mark.parametrize("name", ["a" * 250, "細" * 80, "é" * 120, "a" * 121])
def test_long_names_are_shortened_to_one_that_stays(name: str, tmp_path: Path) -> None:
    other = f"{name[:-1]}b"
    both = find_inputs([folder_of(tmp_path, f"{name}.tif", f"{other}.tif")])
    (alone,) = find_inputs([tmp_path / f"{name}.tif"]).items
    assert {item.file for item in both.items} == {f"{name}.tif", f"{other}.tif"}
    assert len({item.name for item in both.items}) == 2
    assert alone in both.items
    # With what is hidden or put aside, the longest name that some file systems take.
    assert all(len(f".{item.name}.01234567.partial".encode()) <= 143 for item in both.items)
    assert alone.name.startswith(name[:30])


def test_a_long_name_runs_in_each_strategy(tmp_path: Path) -> None:
    data = folder_of(tmp_path / "data", "細" * 80 + ".tif")
    Recipe().save(tmp_path / "r.yaml")
    for strategy in ("vertical", "horizontal"):
        out = tmp_path / strategy
        celltrack("run", tmp_path / "r.yaml", data, "-o", out, "--strategy", strategy)
        assert rows(out / "summary.csv")[0]["file"] == "細" * 80 + ".tif"
    celltrack("run", tmp_path / "r.yaml", data, "-o", out, "--restart")


def test_names_that_some_disk_takes_for_one_have_folders_of_their_own() -> None:
    composed = "é"
    names = ["Case", "case", composed, unicodedata.normalize("NFD", composed), "dot", "dot."]
    given = unique_names([Path(f"/d/{name}.tif") for name in names])
    assert len({folder_key(name) for name in given}) == len(names)
    # What the others are called does not matter.
    assert unique_names([Path(f"/d/{name}.tif") for name in reversed(names)]) == given[::-1]
    assert unique_names([Path("/d/x.earlier.tif")]) == ["x.earlier_tif"]


def test_markup_and_emoji_in_names_are_text(tmp_path: Path) -> None:
    names = ["[red]a[bold].tif", "b[2].tif", ":beer:.tif", r"c\[d].tif"]
    if os.sep == "\\":
        names = names[:2]
    data = folder_of(tmp_path / "data", *names)
    Recipe().save(tmp_path / "r.yaml")
    said = celltrack("run", tmp_path / "r.yaml", data, "-o", tmp_path / "out").stdout
    assert all(f"\n{name}" in said for name in names)


def test_an_item_is_text_however_it_is_made() -> None:
    path = os.fsdecode(b"\xe4.tif")
    item = Item(path, path, "a", (("drug", "x\ny"),))
    assert (item.path, item.file, item.conditions) == (path, "%E4.tif", (("drug", "x%0Ay"),))


@pytest.mark.parametrize(
    ("pattern", "name"),
    [("a[]b_{t}.tif", "a[]b_1.tif"), ("a[]]_{t}.tif", "a]_1.tif"), ("a[!]_{t}.tif", "a!_1.tif")],
)
def test_brackets_with_nothing_between_them_are_text(pattern: str, name: str) -> None:
    (item,) = match([name, "ab_1.tif"], pattern).items
    assert [part.path for part in item.parts] == [name]


@pytest.mark.parametrize("pattern", ["/x/*.tif", "a**b", "[", "x" * 5000, "\0", "{a}{b}", "{"])
def test_a_pattern_that_is_none_is_told_so(pattern: str, tmp_path: Path) -> None:
    folder_of(tmp_path, "a.tif")
    with pytest.raises(CelltrackError, match=r"[.;]"):
        find_inputs([tmp_path], **{"names" if "{" in pattern else "pattern": pattern})


@RAW
def test_a_recipe_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "r.yaml")
    with pytest.raises(CelltrackError, match="is a pipe and no file"):
        Recipe.load(tmp_path / "r.yaml")


FORMULAS = ["=1+1", "-5 mM", "@SUM(A1)", "+a", "\t=1", "\r=1", " =1", "＝1", "'=1"]
PLAIN = ["-5", "+1.5e-3", "-0,5", "a=1", "'a", "", "5", "—"]


@pytest.mark.parametrize("text", [*FORMULAS, *PLAIN])
def test_no_cell_of_a_table_is_a_formula(text: str) -> None:
    assert cell_text(text) == (f"'{text}" if text in FORMULAS else text)
    assert from_cell_text(cell_text(text)) == text


def test_tables_for_a_spreadsheet_hold_no_formulas(tmp_path: Path) -> None:
    for drug in ("=1+1", "-5"):
        folder_of(tmp_path / "data" / drug, "-s1.tif")
    (tmp_path / "data" / "-5" / "@.tif").write_bytes(b"")
    Recipe().save(tmp_path / "r.yaml")
    out, names = tmp_path / "out", ("--names", "{drug}/*.tif")
    celltrack("run", tmp_path / "r.yaml", tmp_path / "data", "-o", out, *names, code=1)
    summary = rows(out / "summary.csv")
    assert [(row["file"], row["drug"]) for row in summary] == [
        ("'-s1.tif", "-5"), ("'@.tif", "-5"), ("'-s1.tif", "'=1+1"),
    ]  # fmt: skip
    assert summary[1]["error"].startswith("'@.tif is empty")
    for table in ("tracks", "counts"):
        assert {row["drug"] for row in rows(out / f"{table}.csv")} == {"-5", "'=1+1"}
    (result,) = [row["folder"].removeprefix("'") for row in summary if row["drug"] == "'=1+1"]
    assert {row["file"] for row in rows(out / result / "objects.csv")} == {"'-s1.tif"}
    # Whoever reads them with us finds the names.
    assert "-s1.tif</" in (out / "report.html").read_text()
    assert "&#39;-s1.tif" not in (out / "report.html").read_text()
