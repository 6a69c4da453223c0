"""The dock *Batch*, in a real viewer, over folders of small files."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import tifffile
from batch_scenes import (
    Desk,
    caption,
    foot,
    listed,
    open_dock,
    part,
    tables_in,
    write,
)
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QLabel, QLineEdit, QPushButton, QRadioButton, QTableView

from napari_celltrack.batch import FileDone, find_inputs, run_files
from napari_celltrack.gui.docks.batch_widget import Batch
from napari_celltrack.gui.file_recipe import recipe_for_files
from napari_celltrack.gui.session import session_of
from napari_celltrack.gui.show_movie import add_movie
from napari_celltrack.gui.show_result import SAVED_CELLS
from napari_celltrack.readers import open_movie
from napari_celltrack.recipe import Recipe, TunedOn

N_MANY = 10


@pytest.fixture
def folder(tmp_path: Path, scene) -> Path:
    """Return a folder of four movies, the last of them broken, and a text."""
    path = tmp_path / "images"
    path.mkdir()
    for name, shift in (("ctrl_1", 0), ("ctrl_2", 1), ("drug_1", 2)):
        write(path / f"{name}.tif", np.roll(scene, shift, axis=2))
    (path / "drug_2.tif").write_text("not an image")
    (path / "notes.txt").write_text("hello")
    return path


@pytest.fixture
def desk(viewer, qtbot) -> Desk:
    return Desk(viewer, qtbot)


def test_files_are_matched_while_a_pattern_is_typed(desk, folder) -> None:
    dock = desk.dock
    desk.use(folder)
    assert part(dock, QLabel, "batch_number").text() == "4 files"
    assert caption(dock) == "1 ignored"
    assert [row[0] for row in listed(dock)] == [
        "ctrl_1.tif", "ctrl_2.tif", "drug_1.tif", "drug_2.tif", "notes.txt",
    ]  # fmt: skip
    assert listed(dock)[-1][2] == "ignored"
    line = part(dock, QLineEdit, "batch_pattern")
    desk.qtbot.keyClicks(line, "{condition}_{n}.tif")
    desk.wait()
    assert caption(dock).endswith("2 conditions · 2 ns")
    assert [row[3:] for row in listed(dock)][:4] == [
        ("ctrl", "1"), ("ctrl", "2"), ("drug", "1"), ("drug", "2"),
    ]  # fmt: skip
    line.setText("ctrl_*")
    desk.qtbot.waitUntil(lambda: len(listed(dock)) == 2, timeout=10_000)
    line.setText("nothing_*")
    desk.qtbot.waitUntil(lambda: part(dock, QLabel, "batch_number").text() == "0 files")
    assert "There are no images that match" in foot(dock)
    assert line.property("wrong")
    assert not part(dock, QPushButton, "batch_start").isEnabled()


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
    assert [row[1:3] for row in table[:3]] == [("3", "done")] * 3  # 14 cells in 5 frames
    assert table[3][1] == "–"
    assert f"drug_2.tif {table[3][2]}" == failed.error
    assert foot(dock).startswith("3 of 4 files done, 1 failed.")
    part(dock, QTableView, "batch_table").selectRow(3)
    assert foot(dock) == failed.error
    assert part(dock, QPushButton, "batch_open_folder").isVisibleTo(dock)


def test_a_second_start_keeps_what_is_done_and_says_so_before(desk, folder) -> None:
    dock = desk.dock
    (folder / "drug_2.tif").unlink()
    desk.use(folder)
    desk.run()
    before = {path: path.stat().st_mtime_ns for path in folder.glob("results/*/objects.csv")}
    desk.use("")
    desk.use(folder)
    assert [row[2] for row in listed(dock)[:3]] == ["done"] * 3
    assert "3 of 3 done with these settings" in foot(dock)
    desk.run()
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert foot(dock) == "3 of 3 files done (3 from before)."
    session_of(desk.viewer).update(export=())
    desk.use("")
    desk.use(folder)
    assert [row[2] for row in listed(dock)[:3]] == ["other settings"] * 3


@pytest.fixture
def many(tmp_path: Path, scene) -> Path:
    """Return a folder of ten movies that take a while."""
    path = tmp_path / "many"
    path.mkdir()
    for number in range(N_MANY):
        write(path / f"f{number}.tif", np.tile(scene, (4, 2, 2)))
    return path


def test_stop_keeps_what_is_finished_and_start_does_the_rest(desk, many, tmp_path) -> None:
    dock = desk.dock
    desk.use(many)
    part(dock, QPushButton, "batch_start").click()
    desk.qtbot.waitUntil(lambda: dock._progress_of.n_done >= 1, timeout=60_000)
    part(dock, QPushButton, "batch_stop").click()
    assert not part(dock, QPushButton, "batch_stop").isEnabled()
    desk.wait()
    n_done = len(list((many / "results").glob("f*/run.json")))
    assert 1 <= n_done < N_MANY
    assert foot(dock).startswith(f"{n_done} of {N_MANY} done with these settings.")
    assert [row[2] for row in listed(dock)].count("waiting") == N_MANY - n_done
    desk.run()
    assert foot(dock) == f"{N_MANY} of {N_MANY} files done ({n_done} from before)."
    python = tmp_path / "python"
    list(run_files(dock.recipe(), find_inputs([many], out=python), python))
    assert tables_in(many / "results") == tables_in(python)


def test_a_double_click_opens_a_result_and_the_batch_keeps_its_settings(desk, folder) -> None:
    dock = desk.dock
    desk.use(folder)
    desk.run()
    recipe = dock.recipe()
    table = part(dock, QTableView, "batch_table")
    index = table.model().index(1, 0)
    table.scrollTo(index)
    where = table.visualRect(index).center()
    desk.qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=where)
    desk.qtbot.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert [layer.name for layer in desk.viewer.layers][:2] == ["ctrl_2", SAVED_CELLS]
    np.testing.assert_array_equal(
        np.asarray(desk.viewer.layers[SAVED_CELLS].data),
        tifffile.imread(folder / "results" / "ctrl_2" / "labels.tif"),
    )
    assert dock.recipe() == recipe
    table.selectRow(0)
    desk.qtbot.keyClick(table, Qt.Key.Key_Return)
    assert "ctrl_1" in desk.viewer.layers
    table.selectRow(3)
    desk.qtbot.keyClick(table, Qt.Key.Key_Return)
    desk.qtbot.waitUntil(lambda: "drug_2.tif" in foot(dock), timeout=10_000)
    for path in (folder / "results" / "ctrl_1").glob("*"):
        path.unlink()
    table.selectRow(0)
    desk.qtbot.keyClick(table, Qt.Key.Key_Return)
    assert part(dock, QLabel, "batch_foot").property("role") == "problem"


def test_the_sheet_shows_outlines_and_opens_files(desk, folder) -> None:
    dock = desk.dock
    desk.use(folder)
    part(dock, QPushButton, "batch_try").click()
    desk.wait()
    sheet = dock._sheet
    # Of the middle frame, which is empty; the last file is broken.
    assert sheet.words()[:2] == ["0 cells in frame 2"] * 2
    assert "drug_2.tif" in sheet.words()[2]
    part(sheet, type(sheet._buttons[0]), "batch_sheet_1").click()
    desk.qtbot.waitUntil(lambda: "drug_1" in desk.viewer.layers, timeout=10_000)
    assert session_of(desk.viewer).layer is desk.viewer.layers["drug_1"]


def test_the_plan_fills_the_table_and_a_way_can_be_chosen(desk, folder) -> None:
    dock = desk.dock
    desk.use(folder)
    for way in ("vertical", "horizontal"):
        assert part(dock, QLabel, f"batch_{way}_memory").text().split()[1] in ("MB", "GB")
        assert part(dock, QLabel, f"batch_{way}_time").text() == "under 10 s"
    assert part(dock, QLabel, "batch_choice").text() == "image by image"
    assert part(dock, QLabel, "batch_room").text().endswith("of memory free")
    assert len(dock._plan.diagram.stages()) >= 4
    desk.run()
    before = tables_in(folder / "results")
    part(dock, QRadioButton, "batch_horizontal").click()
    desk.use(folder, results=folder.parent / "steps")
    desk.run()
    after = {p: b for p, b in tables_in(folder.parent / "steps").items() if p in before}
    assert after == before


def test_settings_come_from_the_window_or_a_file(desk, folder, tmp_path) -> None:
    dock = desk.dock
    other = session_of(desk.viewer).recipe.replace(export=session_of(desk.viewer).recipe.export[:1])
    other.save(tmp_path / "other.yaml")
    dock._inputs.fileChosen.emit(str(tmp_path / "other.yaml"))
    assert dock.recipe() == other
    desk.use(folder)
    desk.run()
    assert Recipe.load(folder / "results" / "recipe.yaml") == other
    assert not (folder / "results" / "ctrl_1" / "labels.tif").exists()
    dock._inputs.tunedChosen.emit()
    assert dock.recipe() == session_of(desk.viewer).recipe
    part(dock, QCheckBox, "batch_export_ctc").click()
    assert [each.method for each in session_of(desk.viewer).recipe.export][-1] == "ctc"
    dock._inputs.fileChosen.emit(str(tmp_path / "missing.yaml"))
    assert "missing.yaml cannot be read" in foot(dock)


def test_the_channel_of_a_layer_is_that_of_the_file(viewer, tmp_path, scene) -> None:
    pixels = np.stack([np.zeros_like(scene), scene], axis=1)
    path = tmp_path / "two.ome.tif"
    tifffile.imwrite(
        path, pixels, ome=True, metadata={"axes": "TCYX", "Channel": {"Name": ["red", "green"]}}
    )
    layers = add_movie(viewer, open_movie(path))
    session = session_of(viewer)
    session.open_layer(layers[1])
    recipe = recipe_for_files(session)
    assert recipe.input.channel == "green"
    assert recipe.tuned_on.differences(open_movie(path)) == []


def test_overrides_are_shown_and_used(desk, folder) -> None:
    dock = desk.dock
    (folder / "overrides.yaml").write_text("ctrl_*.tif:\n  objects: {min_area_px2: 5000}\n")
    desk.use(folder)
    assert "2 with settings of their own" in caption(dock)
    what = part(dock, QLabel, "batch_overrides_what").text()
    assert what == "ctrl_*.tif (2): objects.min_area_px2: 5000"
    desk.run()
    assert [row[1:3] for row in listed(dock)[:3]] == [
        ("0", "done · no cells?"), ("0", "done · no cells?"), ("3", "done"),
    ]  # fmt: skip
    (folder / "overrides.yaml").write_text("ctrl_*.tif:\n  nonsense: 3\n")
    desk.use("")
    desk.use(folder)
    assert "nonsense" in foot(dock)


@pytest.mark.parametrize("what", ["missing", "empty"])
def test_a_folder_without_images_is_a_sentence(desk, tmp_path, what) -> None:
    dock = desk.dock
    path = tmp_path / what
    if what == "empty":
        path.mkdir()
    desk.use(path)
    assert part(dock, QLabel, "batch_foot").property("role") == "problem"
    assert what in foot(dock)
    assert not part(dock, QPushButton, "batch_start").isEnabled()
    desk.use("")
    assert part(dock, QLabel, "batch_number").text() == "–"


def test_results_that_cannot_be_written_are_a_sentence(desk, folder) -> None:
    dock = desk.dock
    blocked = folder.parent / "a file"
    blocked.write_text("in the way")
    desk.use(folder, results=blocked / "results")
    desk.run()
    assert "cannot be written" in foot(dock)
    assert part(dock, QLabel, "batch_foot").property("role") == "problem"
    assert part(dock, QPushButton, "batch_start").isEnabled()


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
def running(make_napari_viewer, qtbot, recipe, many) -> Batch:
    """Return the dock while it runs ten files, the first of them done."""
    viewer = make_napari_viewer()
    session_of(viewer).set_recipe(recipe)
    dock = open_dock(viewer)
    part(dock, QLineEdit, "batch_folder").setText(str(many))
    qtbot.waitUntil(lambda: part(dock, QPushButton, "batch_start").isEnabled(), timeout=10_000)
    part(dock, QPushButton, "batch_start").click()
    qtbot.waitUntil(lambda: dock._progress_of.n_done >= 1, timeout=30_000)
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
    qtbot.waitUntil(lambda: not lane_threads(), timeout=10_000)
    results = many / "results"
    n_done = len(list(results.glob("f*/run.json")))
    assert 1 <= n_done < N_MANY
    events = run_files(recipe_of(results), find_inputs([many], out=results), results)
    done = [event for event in events if isinstance(event, FileDone)]
    assert [row.status for row in done] == ["done"] * N_MANY
    assert sum(row.is_kept for row in done) == n_done
    if how == "dock":
        viewer.close()


def recipe_of(results: Path) -> Recipe:
    return Recipe.load(results / "recipe.yaml")


def test_a_run_never_blocks_the_window(desk, tmp_path, scene, gui_blocked_ms) -> None:
    dock = desk.dock
    folder = tmp_path / "small"
    folder.mkdir()
    for number in range(12):
        write(folder / f"f{number}.tif", scene)
    desk.use(folder)
    worked_ms = []
    for number in range(3):
        desk.use(folder, results=tmp_path / f"results{number}")
        gui_blocked_ms.restart()
        part(dock, QPushButton, "batch_start").click()
        desk.wait()
        worked_ms.append(gui_blocked_ms())
        assert foot(dock) == "12 of 12 files done."
    # The best of three: what Python collects meanwhile is not of one run alone.
    assert min(worked_ms) < 100, f"the window was kept busy for {worked_ms} ms"


def test_the_window_answers_while_ten_thousand_files_are_listed(
    desk, tmp_path, gui_blocked_ms
) -> None:
    dock = desk.dock
    folder = tmp_path / "huge"
    folder.mkdir()
    for number in range(10_000):
        (folder / f"f{number}.tif").touch()
    worked_ms = []
    for _ in range(3):
        part(dock, QLineEdit, "batch_folder").setText("")
        desk.qtbot.waitUntil(lambda: not listed(dock), timeout=10_000)
        gui_blocked_ms.restart()
        part(dock, QLineEdit, "batch_folder").setText(str(folder))
        number = part(dock, QLabel, "batch_number")
        desk.qtbot.waitUntil(lambda label=number: label.text() == "10,000 files", timeout=60_000)
        worked_ms.append(gui_blocked_ms())
    dock._lanes["plan"].cancel()
    assert min(worked_ms) < 100, f"the window was kept busy for {worked_ms} ms"
