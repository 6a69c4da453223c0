"""Runs from the dock *Batch*: their results, stopping and going on, where they are done."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import tifffile
from batch_scenes import (
    Desk,
    foot,
    listed,
    make_folder,
    open_dock,
    part,
    tables_in,
    write,
)
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QTableView,
)

from napari_celltrack.batch import FileDone, RunOptions, find_inputs, run_files
from napari_celltrack.gui.docks.batch.batch import Batch
from napari_celltrack.gui.session import session_of
from napari_celltrack.recipe import Recipe, TunedOn

N_MANY = 4


@pytest.fixture
def folder(tmp_path: Path, scene) -> Path:
    """Return a folder of four movies, the last of them broken, and a text."""
    return make_folder(tmp_path / "images", scene)


@pytest.fixture
def desk(viewer, qtbot) -> Desk:
    return Desk(viewer, qtbot)


def test_results_are_those_of_the_same_recipe_in_python(desk, folder, tmp_path, scene) -> None:
    dock = desk.dock
    session = session_of(desk.viewer)
    session.open_layer(desk.viewer.add_image(scene, name="movie"))
    desk.use(folder)
    desk.run()
    tuned_on = TunedOn.of(session.movie)
    recipe = session.recipe.replace(tuned_on=tuned_on)
    assert Recipe.load(folder / "results" / "recipe.yaml") == recipe
    python = tmp_path / "python"
    rows = [
        event
        for event in run_files(recipe, find_inputs([folder], out=folder / "results"), python)
        if isinstance(event, FileDone)
    ]
    assert tables_in(folder / "results") == tables_in(python)
    (failed,) = (row for row in rows if row.status == "failed")
    table = listed(dock)
    assert [row[1:3] for row in table[:3]] == [("2.8", "done")] * 3  # 14 cells in 5 frames
    assert table[3][1] == "–"
    assert f"drug_2.tif {table[3][2]}" == failed.error
    assert foot(dock).startswith("3 of 4 files done, 1 failed.")
    part(dock, QTableView, "batch_table").selectRow(3)
    assert foot(dock) == failed.error
    assert part(dock, QPushButton, "batch_open_folder").isVisibleTo(dock)


def test_files_with_warnings_fail_where_that_is_asked_for(desk, folder, scene) -> None:
    dock = desk.dock
    tifffile.imwrite(folder / "ctrl_1.tif", scene, photometric="minisblack")
    (folder / "drug_2.tif").unlink()
    desk.use(folder)
    desk.run()
    assert [row[2] for row in listed(dock)[:3]] == ["done · 1 warning", "done", "done"]
    part(dock, QCheckBox, "batch_strict").setChecked(True)
    desk.run()
    part(dock, QTableView, "batch_table").selectRow(0)
    options = RunOptions(strict=True, report=False)
    events = run_files(Recipe(), find_inputs([folder / "ctrl_1.tif"]), folder / "out", options)
    (failed,) = (event for event in events if isinstance(event, FileDone))
    assert foot(dock) == failed.error
    assert "has warnings, and the run is strict" in failed.error


def test_what_a_run_has_put_aside_is_said(desk, folder) -> None:
    dock = desk.dock
    desk.use(folder)
    desk.run()
    (folder / "results" / "summary.csv").write_text("coloured by hand\n")
    desk.run()
    assert "it is kept as summary.earlier.csv." in foot(dock)


def test_a_second_start_keeps_what_is_done_and_tries_the_rest_again(desk, folder, scene) -> None:
    dock = desk.dock
    desk.use(folder)
    desk.run()
    before = {path: path.stat().st_mtime_ns for path in folder.glob("results/*/objects.csv")}
    assert len(before) == 3
    write(folder / "drug_2.tif", scene)
    desk.use("")
    desk.use(folder)
    assert [row[2] for row in listed(dock)[:4]] == ["done"] * 3 + ["waiting"]
    assert foot(dock).startswith("3 of 4 done with these settings, kept if unchanged.")
    desk.run()
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert foot(dock) == "4 of 4 files done (3 from before)."
    session_of(desk.viewer).update(export=())
    desk.use("")
    desk.use(folder)
    assert [row[2] for row in listed(dock)[:4]] == ["other settings"] * 4


def test_the_report_is_opened_in_the_browser(desk, folder, monkeypatch) -> None:
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    dock = desk.dock
    desk.use(folder)
    button = part(dock, QPushButton, "batch_open_report")
    assert not button.isVisibleTo(dock)
    desk.run()
    button.click()
    part(dock, QPushButton, "batch_open_folder").click()
    report, home = map(Path, opened)
    assert home == folder / "results"
    assert report == home / "report.html"
    assert "ctrl_1.tif" in report.read_text(encoding="utf-8")


def test_processes_give_the_same_as_threads(desk, folder, tmp_path) -> None:
    dock = desk.dock
    desk.use(folder, pattern="ctrl_*")
    part(dock, QSpinBox, "batch_workers").setValue(1)
    pools = part(dock, QComboBox, "batch_pool")
    pools.setCurrentIndex(pools.findData("processes"))
    desk.run()
    assert foot(dock) == "2 of 2 files done."
    about = json.loads((folder / "results" / "run.json").read_text())["options"]
    assert (about["pool"], about["n_workers"]) == ("processes", 1)
    inputs = find_inputs([folder], pattern="ctrl_*", out=folder / "results")
    list(run_files(dock.recipe(), inputs, tmp_path / "threads", RunOptions(strategy="auto")))
    assert tables_in(folder / "results") == tables_in(tmp_path / "threads")


def test_a_dask_cluster_does_the_work_where_its_address_is_given(desk, folder, tmp_path) -> None:
    distributed = pytest.importorskip("distributed")
    dock = desk.dock
    desk.use(folder, pattern="ctrl_*")
    line = part(dock, QLineEdit, "batch_scheduler")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=":0"
    ) as cluster:
        line.setText(cluster.scheduler_address)
        desk.run()
    assert foot(dock) == "2 of 2 files done."
    about = json.loads((folder / "results" / "run.json").read_text())["options"]
    assert about["pool"] == "cluster"
    inputs = find_inputs([folder], pattern="ctrl_*", out=folder / "results")
    list(run_files(dock.recipe(), inputs, tmp_path / "threads"))
    assert tables_in(folder / "results") == tables_in(tmp_path / "threads")
    line.setText("nowhere")
    desk.run()
    assert "No Dask scheduler answers at nowhere" in foot(dock)


@pytest.fixture
def many(tmp_path: Path, scene) -> Path:
    """Return a folder of quick movies, and of a last one that takes much longer than all others."""
    path = tmp_path / "many"
    path.mkdir()
    for number in range(N_MANY - 1):
        write(path / f"f{number}.tif", scene)
    write(path / f"f{N_MANY - 1}.tif", np.tile(scene, (12, 2, 2)))
    return path


def test_stop_keeps_what_is_finished_and_start_does_the_rest(desk, many, tmp_path) -> None:
    dock = desk.dock
    desk.use(many)
    part(dock, QSpinBox, "batch_workers").setValue(1)
    part(dock, QPushButton, "batch_start").click()
    desk.qtbot.waitUntil(lambda: dock._progress_of.n_done >= 1, timeout=60_000)
    part(dock, QPushButton, "batch_stop").click()
    assert not part(dock, QPushButton, "batch_stop").isEnabled()
    assert foot(dock) == "Stopping after the frame in work. What is finished is kept."
    desk.wait()
    n_done = len(list((many / "results").glob("f*/run.json")))
    assert 1 <= n_done < N_MANY
    assert foot(dock).startswith(
        f"{n_done} of {N_MANY} done with these settings, kept if unchanged."
    )
    assert [row[2] for row in listed(dock)].count("waiting") == N_MANY - n_done
    desk.run()
    assert foot(dock) == f"{N_MANY} of {N_MANY} files done ({n_done} from before)."
    python = tmp_path / "python"
    options = RunOptions(report=False)
    list(run_files(dock.recipe(), find_inputs([many], out=python), python, options))
    assert tables_in(many / "results") == tables_in(python)


def test_another_run_into_the_same_folder_is_refused(desk, folder, recipe) -> None:
    dock = desk.dock
    results = folder / "results"
    first = run_files(recipe, find_inputs([folder], out=results), results)
    next(first)
    try:
        desk.use(folder)
        desk.run()
        assert str(os.getpid()) in foot(dock) or "results" in foot(dock)
        assert part(dock, QLabel, "batch_foot").property("role") == "problem"
    finally:
        first.close()


@pytest.fixture
def running(make_viewer, qtbot, recipe, many) -> Batch:
    """Return the dock while it runs some files, the first of them done."""
    viewer = make_viewer()
    session_of(viewer).set_recipe(recipe)
    dock = open_dock(viewer)
    part(dock, QLineEdit, "batch_folder").setText(str(many))
    qtbot.waitUntil(lambda: part(dock, QPushButton, "batch_start").isEnabled(), timeout=60_000)
    part(dock, QSpinBox, "batch_workers").setValue(1)
    part(dock, QPushButton, "batch_start").click()
    qtbot.waitUntil(lambda: dock._progress_of.n_done >= 1, timeout=60_000)
    return dock


@pytest.mark.parametrize("how", ["dock", "viewer"])
def test_closing_stops_the_run_and_ends_its_threads(
    running, qtbot, lane_threads, many, how
) -> None:
    viewer = running.viewer
    if how == "dock":
        viewer.window.remove_dock_widget(running)
        running.deleteLater()
    else:
        viewer.close()
    qtbot.waitUntil(lambda: not lane_threads(), timeout=60_000)
    results = many / "results"
    n_done = len(list(results.glob("f*/run.json")))
    assert 1 <= n_done < N_MANY
    inputs = find_inputs([many], out=results)
    events = run_files(recipe_of(results), inputs, results, RunOptions(report=False))
    done = [event for event in events if isinstance(event, FileDone)]
    assert [row.status for row in done] == ["done"] * N_MANY
    assert sum(row.is_kept for row in done) == n_done
    if how == "dock":
        viewer.close()


def recipe_of(results: Path) -> Recipe:
    return Recipe.load(results / "recipe.yaml")


def test_a_run_never_blocks_the_window(desk, many, tmp_path, gui_blocked_ms) -> None:
    dock = desk.dock
    desk.use(many)
    for number, _ in enumerate(gui_blocked_ms.tries()):
        desk.use(many, results=tmp_path / f"results{number}")
        desk.run()
        assert foot(dock) == f"{N_MANY} of {N_MANY} files done."
