"""Results that were moved find their movies, and name no place on a machine."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import tifffile

from command import celltrack
from napari_celltrack.batch import FileDone, RunOptions, find_inputs, run_files
from napari_celltrack.batch.recorded_movie import OTHER_CONTENT, open_recorded, recorded_shape
from napari_celltrack.errors import MovieError
from napari_celltrack.recipe import Recipe
from napari_celltrack.results.result_folder import ResultFolder
from scenes import moving_disks

MANY = "{name}_t{t}.tif"


def save(path: Path, first: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"axes": "TYX", "finterval": 30, "unit": "um"}
    frames = moving_disks(3).astype(np.uint16) + first
    tifffile.imwrite(path, frames, imagej=True, metadata=metadata, resolution=(2, 2))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder of a project with images, and the results of a run over them."""
    project = tmp_path / "home" / "project"
    save(project / "images" / "a.tif")
    run(project)
    return project


def run(project: Path, names: str | None = None, **options: object) -> None:
    inputs = find_inputs([project / "images"], names=names)
    chosen = RunOptions(n_workers=1, **options)  # type: ignore[arg-type]
    events = list(run_files(Recipe(), inputs, project / "results", chosen))
    assert all(done.status == "done" for done in events if isinstance(done, FileDone))


def opened(result: Path, at: Path | None = None):
    folder = ResultFolder(result)
    return open_recorded(folder.record(), folder.recipe(), result, at)


@pytest.mark.parametrize("strategy", ["vertical", "horizontal"])
def test_no_file_of_a_run_names_a_place_on_the_machine(
    tmp_path: Path, strategy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        save(tmp_path / "images" / f"{name}.tif")
    (tmp_path / "images" / "notes.txt").write_text("mine")
    recipe, out = tmp_path / "r.yaml", tmp_path / "results"
    Recipe().save(recipe)
    celltrack("run", recipe, tmp_path / "images", "-o", out, f"--strategy={strategy}")
    texts = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert len(texts) > 10
    assert not [str(path) for path, text in texts.items() if str(tmp_path).encode() in text]
    assert b"passed over: ../images/notes.txt" in texts[out / "run.log"]


def test_a_project_that_was_moved_is_whole(project: Path, tmp_path: Path) -> None:
    moved = shutil.move(project, tmp_path / "elsewhere")
    movie = opened(Path(moved) / "results" / "a")
    assert Path(movie.path) == Path(moved) / "images" / "a.tif"
    assert OTHER_CONTENT not in movie.notes
    # And it is known by its content, so nothing is done again.
    events = run_files(
        Recipe(), find_inputs([Path(moved) / "images"]), Path(moved) / "results", RunOptions()
    )
    assert [done.is_kept for done in events if isinstance(done, FileDone)] == [True]


def test_results_reached_by_a_link_find_the_movie(project: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(project / "results")
    assert opened(tmp_path / "link" / "a").n_frames == 3


@pytest.mark.parametrize("place", ["results", ".", "movies", "../movies"])
def test_a_movie_near_by_is_found_by_its_name_and_content(project: Path, place: str) -> None:
    now = project / place / "a.tif"
    now.parent.mkdir(exist_ok=True)
    (project / "images" / "a.tif").rename(now)
    save(project / "another" / "a.tif", first=7)
    assert Path(opened(project / "results" / "a").path).resolve() == now.resolve()


def test_another_movie_of_that_name_is_not_taken(project: Path) -> None:
    (project / "images" / "a.tif").unlink()
    save(project / "another" / "a.tif", first=7)
    with pytest.raises(MovieError, match=r"a\.tif is not at .*images/a\.tif any more"):
        opened(project / "results" / "a")
    # Whoever points to it gets it, and is told.
    movie = opened(project / "results" / "a", project / "another" / "a.tif")
    assert OTHER_CONTENT in movie.notes


def test_a_movie_that_was_changed_is_said_to_be(project: Path) -> None:
    save(project / "images" / "a.tif", first=7)
    assert OTHER_CONTENT in opened(project / "results" / "a").notes


def test_files_of_one_movie_keep_their_places_to_each_other(tmp_path: Path) -> None:
    project = tmp_path / "project"
    for t, frame in enumerate(moving_disks(3).astype(np.uint16)):
        path = project / "images" / f"m_t{t}.tif"
        path.parent.mkdir(parents=True, exist_ok=True)
        tifffile.imwrite(path, frame)
    run(project, MANY)
    (result,) = ResultFolder.all_in(project / "results")
    assert opened(result.path).n_frames == 3
    now = shutil.move(project / "images", tmp_path / "there")
    with pytest.raises(MovieError, match="any more"):
        opened(result.path)
    for at in (Path(now), Path(now) / "m_t1.tif"):
        movie = opened(result.path, at)
        assert movie.n_frames == 3
        assert OTHER_CONTENT not in movie.notes


def test_the_shape_of_a_movie_that_is_gone_is_known(project: Path) -> None:
    movie = opened(project / "results" / "a")
    empty = recorded_shape(ResultFolder(project / "results" / "a").record())
    for name in ("name", "n_frames", "n_z", "shape", "channels", "pixel_size_um"):
        assert getattr(empty, name) == getattr(movie, name)
    assert empty.frame_interval_s == movie.frame_interval_s == 30
    assert empty.plane(2).max() == 0
