"""What no run has made is not touched, and what was changed by hand is kept."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from command import celltrack
from napari_celltrack.batch import FileDone, RunOptions, find_inputs, run_files
from napari_celltrack.errors import ResultError
from napari_celltrack.recipe import Recipe
from napari_celltrack.results.own_files import FileFact, make_hidden, retire
from napari_celltrack.results.result_folder import ResultFolder
from napari_celltrack.results.run_folder import RunFolder
from napari_celltrack.whole_files import written_whole
from scenes import moving_disks

OTHER = Recipe().replace(objects=Recipe().objects.replace(min_area_px2=60))


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    metadata = {"axes": "TYX"}
    for name in ("control", "drug"):
        stack = moving_disks(2).astype(np.uint16)
        tifffile.imwrite(folder / f"{name}.tif", stack, imagej=True, metadata=metadata)
    return folder


def run(images: Path, out: Path, recipe: Recipe | None = None, **options: object) -> list[FileDone]:
    chosen = RunOptions(report=False, n_workers=1, **options)  # type: ignore[arg-type]
    events = run_files(recipe or Recipe(), find_inputs([images], out=out), out, chosen)
    return [event for event in events if isinstance(event, FileDone)]


def contents(folder: Path) -> dict[str, bytes | str]:
    """All that is in a folder: files by their bytes, links by where they lead."""
    return {
        path.relative_to(folder).as_posix(): str(path.readlink())
        if path.is_symlink()
        else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def a_folder(out: Path) -> None:
    (out / "control").mkdir(parents=True)
    (out / "control" / "thesis.txt").write_text("three years")


def a_foreign_record(out: Path) -> None:
    (out / "control").mkdir(parents=True)
    (out / "control" / "run.json").write_text(json.dumps({"input": {"path": "/data"}}))
    (out / "control" / "model.bin").write_bytes(b"weights")


def a_file(name: str) -> Callable[[Path], None]:
    def plant(out: Path) -> None:
        out.mkdir()
        (out / name).write_text("mine\n")

    return plant


def a_link(name: str) -> Callable[[Path], None]:
    def plant(out: Path) -> None:
        out.mkdir()
        target = out.parent / "elsewhere"
        target.mkdir()
        (target / "precious.txt").write_text("mine")
        (out / name).symlink_to(target if name == "control" else target / "precious.txt")

    return plant


REPLACED = ("recipe.yaml", "summary.csv", "tracks.csv", "counts.csv", "report.html")


@pytest.mark.parametrize(
    "plant",
    [
        a_folder,
        a_foreign_record,
        *(a_file(name) for name in (*REPLACED, "run.json", "run.log", "errors.log", ".lock")),
        a_file("control"),
        *(a_link(name) for name in ("control", "summary.csv", "run.log", "run.json", ".lock")),
    ],
)
@pytest.mark.parametrize("strategy", ["vertical", "horizontal"])
def test_what_is_in_the_way_is_refused_before_the_start(
    images: Path, plant: Callable[[Path], None], strategy: str, tmp_path: Path
) -> None:
    out = tmp_path / "project"
    plant(out)
    before = contents(tmp_path)
    with pytest.raises(ResultError, match="was not made by a run of celltrack"):
        run(images, out, strategy=strategy)
    assert contents(tmp_path) == before


def test_a_folder_that_took_the_place_of_a_result_is_kept(images: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(images, out)
    for name in ("control", "drug"):
        shutil.rmtree(out / name)
        (out / name).mkdir()
        (out / name / "thesis.txt").write_text("three years")
    (images / "drug.tif").unlink()
    run(images, out)
    assert (out / "control.earlier" / "thesis.txt").read_text() == "three years"
    # The other one is in nobody's way.
    assert (out / "drug" / "thesis.txt").read_text() == "three years"


@pytest.mark.parametrize("name", ["../images", "drug/../../images", "", None, 3])
def test_a_record_that_was_tampered_with_moves_nothing(
    images: Path, name: object, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run(images, out)
    record = json.loads((out / "run.json").read_text(encoding="utf-8"))
    for item in record["items"]:
        item["name"] = name
    (out / "run.json").write_text(json.dumps(record), encoding="utf-8")
    before = contents(images)
    run(images, out)
    assert contents(images) == before
    assert not list(tmp_path.rglob("*earlier*"))


def test_what_cannot_be_moved_waits_and_the_result_counts(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    run(images, out)
    (out / "control" / "mine.txt").write_text("mine")
    rename = Path.rename

    def refused(path: Path, target: Path) -> Path:
        if path.name == "mine.txt":
            raise PermissionError(13, "Permission denied")
        return rename(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", refused)
        rows = run(images, out, OTHER)
    assert [row.status for row in rows] == ["done", "done"]
    assert len(list(out.glob(".control.*.old/mine.txt"))) == 1
    run(images, out, OTHER)
    assert (out / "control" / "mine.txt").read_text() == "mine"
    assert not list(out.glob(".*"))


def test_results_of_versions_that_knew_sizes_only_are_kept(images: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(images, out)
    path = out / "control" / "run.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    record["files"] = {name: fact["bytes"] for name, fact in record["files"].items()}
    path.write_text(json.dumps(record), encoding="utf-8")
    assert [row.is_kept for row in run(images, out)] == [True, True]
    run(images, out, OTHER)
    assert not list(out.rglob("*earlier*"))


@pytest.mark.parametrize("pattern", [None, "**/*"])
def test_results_can_lie_beside_the_images(
    images: Path, pattern: str | None, tmp_path: Path
) -> None:
    before = contents(images)
    for strategy in ("vertical", "horizontal", "horizontal"):
        inputs = find_inputs([images], pattern=pattern, out=images)
        assert [item.file for item in inputs.items] == ["control.tif", "drug.tif"]
        options = RunOptions(strategy=strategy, report=False)  # type: ignore[arg-type]
        events = list(run_files(Recipe(), inputs, images, options))
        assert [e.status for e in events if isinstance(e, FileDone)] == ["done", "done"]
    now = contents(images)
    assert {name: now[name] for name in before} == before


def test_hidden_files_of_others_stay(images: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for name in (".notes.partial", ".running-shoes", ".summary.csv.partial", ".running-0123abcd"):
        (out / name).write_text("mine")
    for name in (".control.0123abcd.partial", ".control.0123abcd.old", ".control.partial"):
        (out / name).mkdir()
        (out / name / "mine.txt").write_text("mine")
    before = contents(out)
    run(images, out)
    run(images, out, OTHER)
    now = contents(out)
    assert {name: now.get(name) for name in before} == before


def test_what_a_killed_run_has_left_goes(images: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (make_hidden(out / "control") / "objects.csv").write_text("half")
    run(images, out)
    assert not list(out.glob(".*"))


def test_files_in_a_result_stay_when_it_is_made_anew(images: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(images, out)
    (out / "control" / "notes").mkdir()
    (out / "control" / "notes" / "mine.txt").write_text("mine")
    (out / "control" / "figure.svg").symlink_to(tmp_path / "nowhere.svg")
    rows = run(images, out, OTHER)
    assert [row.is_kept for row in rows] == [False, False]
    assert (out / "control" / "notes" / "mine.txt").read_text() == "mine"
    assert (out / "control" / "figure.svg").is_symlink()
    assert ResultFolder(out / "control").recipe() == OTHER
    assert not list(out.glob(".*"))


@pytest.mark.parametrize("damage", ["edited", "zeros", "a bit", "cut", "gone"])
def test_only_what_is_not_as_written_is_made_anew(
    images: Path, damage: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run(images, out)
    whole = contents(out / "control")
    path = out / "control" / "objects.csv"
    data = bytearray(path.read_bytes())
    if damage == "gone":
        path.unlink()
    elif damage == "a bit":
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    else:
        changed = {"edited": b"mine\n", "zeros": bytes(len(data)), "cut": bytes(data[:40])}
        path.write_bytes(changed[damage])
    there = path.read_bytes() if path.exists() else None
    rows = {row.item.name: row for row in run(images, out)}
    assert (rows["control"].is_kept, rows["drug"].is_kept) == (False, True)
    now = contents(out / "control")
    assert {name: now[name] for name in whole if name != "run.json"} == {
        name: whole[name] for name in whole if name != "run.json"
    }
    assert now.get("earlier/objects.csv") == there
    if there is not None:
        assert "kept as earlier/objects.csv" in " ".join(rows["control"].warnings)


def test_a_damaged_record_loses_nothing(images: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(images, out)
    (out / "control" / "run.json").write_bytes(bytes(100))
    (out / "control" / "mine.txt").write_text("mine")
    run(images, out)
    assert (out / "control.earlier" / "mine.txt").read_text() == "mine"
    assert ResultFolder(out / "control").owner() == "us"
    assert [found.path.name for found in ResultFolder.all_in(out)] == ["control", "drug"]


def test_a_recipe_with_comments_is_kept(images: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(images, out)
    mine = "# chosen with Ana\n" + (out / "recipe.yaml").read_text(encoding="utf-8")
    (out / "recipe.yaml").write_text(mine, encoding="utf-8")
    run(images, out)
    assert (out / "recipe.yaml").read_text(encoding="utf-8") == mine  # it is the same recipe
    run(images, out, OTHER)
    assert (out / "recipe.earlier.yaml").read_text(encoding="utf-8") == mine
    assert Recipe.load(out / "recipe.yaml") == OTHER
    assert "recipe.earlier.yaml" in (out / "run.log").read_text(encoding="utf-8")
    (said,) = RunFolder(out).record().put_aside
    assert said == (
        "recipe.yaml is not as the run before has left it; it is kept as recipe.earlier.yaml."
    )
    run(images, out)
    assert not (out / "recipe.earlier-2.yaml").exists()  # what we wrote ourselves is replaced


def test_tables_that_were_changed_are_kept(images: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(images, out)
    for name in ("summary.csv", "tracks.csv", "counts.csv"):
        (out / name).write_text("coloured by hand\n")
    Recipe().save(tmp_path / "r.yaml")
    said = celltrack("run", tmp_path / "r.yaml", images, "-o", out, "--no-report").stdout
    assert "it is kept as tracks.earlier.csv" in " ".join(said.split())
    for name in ("summary", "tracks", "counts"):
        assert (out / f"{name}.earlier.csv").read_text() == "coloured by hand\n"
    with (out / "summary.csv").open(encoding="utf-8") as file:
        assert [row["file"] for row in csv.DictReader(file)] == ["control.tif", "drug.tif"]


def test_nothing_is_put_aside_where_nothing_was_changed(images: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    names = set()
    for recipe in (Recipe(), OTHER, Recipe()):
        run(images, out, recipe)
        names |= {path.name for path in out.rglob("*")}
    assert not [name for name in names if "earlier" in name or name.startswith(".")]


def test_a_fact_is_of_the_content(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    fact = FileFact.of(path)
    assert FileFact.from_json(fact.to_json()) == fact
    (tmp_path / "link").symlink_to(path)
    assert fact.is_of(path)
    assert not fact.is_of(tmp_path / "link")
    assert not fact.is_of(tmp_path / "none")
    path.write_bytes(b"abd")
    assert not fact.is_of(path)
    assert FileFact.from_json("3") == FileFact.from_json({}) == FileFact(-1, "")
    assert FileFact.from_json(3).is_of(path)
    assert not FileFact.from_json(4).is_of(path)


def test_retired_folders_leave_only_what_is_not_ours(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    (old / "mine").mkdir(parents=True)
    (old / "empty").mkdir()
    new.mkdir()
    for name in ("ours", "changed", "mine/a"):
        (old / name).write_text(name)
    (new / "changed").write_text("new")
    ours = {name: FileFact.of(old / name) for name in ("ours", "changed")}
    (old / "changed").write_text("by hand")
    retire(old, new, ours)
    assert not old.exists()
    assert contents(new) == {
        "changed": b"new",
        "earlier/changed": b"by hand",
        "mine/a": b"mine/a",
    }
    assert (new / "empty").is_dir()


def test_what_is_written_follows_no_link_and_leaves_no_half(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs.yaml"
    theirs.write_text("mine")
    (tmp_path / "recipe.yaml").symlink_to(theirs)
    Recipe().save(tmp_path / "recipe.yaml")
    assert theirs.read_text() == "mine"
    assert Recipe.load(tmp_path / "recipe.yaml") == Recipe()
    with pytest.raises(OSError, match="full"), written_whole(tmp_path / "recipe.yaml") as hidden:
        hidden.write_text("half")
        raise OSError("full")
    assert Recipe.load(tmp_path / "recipe.yaml") == Recipe()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["recipe.yaml", "theirs.yaml"]


def test_demo_replaces_no_movie_of_others(tmp_path: Path) -> None:
    movie = tmp_path / "movie" / "dividing_nuclei.tif"
    movie.parent.mkdir()
    movie.write_bytes(b"mine")
    refused = celltrack("demo", "-o", tmp_path, "--no-view", code=2)
    assert "not touched" in refused.stderr
    assert movie.read_bytes() == b"mine"
    assert list(movie.parent.iterdir()) == [movie]
    assert not (tmp_path / "results").exists()
