"""The dock *Batch*, over folders of small files."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from batch_scenes import (
    Desk,
    caption,
    foot,
    listed,
    make_folder,
    part,
)
from qtpy.QtWidgets import QCheckBox, QLabel, QLineEdit, QPushButton, QRadioButton

from napari_celltrack.batch import find_inputs
from napari_celltrack.batch.plan import make_plan
from napari_celltrack.export import TablesCsv, TablesParquet
from napari_celltrack.gui.docks.batch.batch_options import BatchOptions
from napari_celltrack.gui.docks.batch.plan_box import PlanBox
from napari_celltrack.gui.file_recipe import recipe_for_files
from napari_celltrack.gui.session import session_of
from napari_celltrack.gui.show_movie import add_movie
from napari_celltrack.readers import open_movie
from napari_celltrack.recipe import Recipe


@pytest.fixture
def folder(tmp_path: Path, scene) -> Path:
    """Return a folder of four movies, the last of them broken, and a text."""
    return make_folder(tmp_path / "images", scene)


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
    desk.qtbot.waitUntil(lambda: len(listed(dock)) == 2, timeout=60_000)
    line.setText("nothing_*")
    desk.qtbot.waitUntil(lambda: part(dock, QLabel, "batch_number").text() == "0 files")
    assert "There are no images that match" in foot(dock)
    assert line.property("wrong")
    assert not part(dock, QPushButton, "batch_start").isEnabled()


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
    desk.qtbot.waitUntil(lambda: "drug_1" in desk.viewer.layers, timeout=60_000)
    assert session_of(desk.viewer).layer is desk.viewer.layers["drug_1"]


def test_the_plan_is_there_before_the_start_and_a_way_can_be_chosen(desk, folder) -> None:
    dock = desk.dock
    desk.use(folder)
    for way in ("vertical", "horizontal"):
        assert part(dock, QLabel, f"batch_{way}_memory").text().split()[1] in ("MB", "GB")
        assert part(dock, QLabel, f"batch_{way}_time").text().endswith(("s", "min"))
    assert part(dock, QLabel, "batch_choice").text() == "image by image"
    assert part(dock, QLabel, "batch_room").text().endswith("of memory free")
    assert len(dock._plan.diagram.stages()) == 5
    # What will fail is known from the header, before anything is run.
    assert "drug_2.tif" in foot(dock)
    part(dock, QRadioButton, "batch_horizontal").click()
    desk.run()
    assert (folder / "results" / "steps").is_dir()
    assert [row[2] for row in listed(dock)[:3]] == ["done"] * 3


def test_times_that_are_not_known_yet_say_why(qtbot, folder, recipe) -> None:
    box = PlanBox("batch")
    qtbot.addWidget(box)
    plan = make_plan(recipe, find_inputs([folder]), sample=False)
    said = []
    for is_timing in (True, False):
        box.set_plan(plan, is_timing)
        labels = [box.findChild(QLabel, f"batch_{name}") for name in ("timing", "vertical_time")]
        said += [(labels[0].text(), labels[1].text(), labels[0].toolTip() != "")]
    assert said == [("timing…", "…", True), ("not timed", "–", True)]


def test_the_plan_of_a_run_that_was_started_at_once_is_whole_at_the_end(desk, folder) -> None:
    dock = desk.dock
    part(dock, QLineEdit, "batch_folder").setText(str(folder))
    start = part(dock, QPushButton, "batch_start")
    desk.qtbot.waitUntil(start.isEnabled, timeout=60_000)
    desk.run()
    assert part(dock, QLabel, "batch_timing").text() == ""
    assert part(dock, QLabel, "batch_vertical_time").text().endswith(("s", "min"))
    assert foot(dock) == "3 of 4 files done, 1 failed. Start tries it again."


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
    assert "2 with overrides" in caption(dock)
    what = part(dock, QLabel, "batch_overrides_what").text()
    assert what == "ctrl_*.tif (2): objects.min_area_px2: 5000"
    desk.run()
    assert [row[1:3] for row in listed(dock)[:3]] == [
        ("0", "done · no cells?"), ("0", "done · no cells?"), ("2.8", "done"),
    ]  # fmt: skip
    (folder / "overrides.yaml").write_text("mock_*.tif:\n  objects: {min_area_px2: 5000}\n")
    desk.use("")
    desk.use(folder)
    assert part(dock, QLabel, "batch_overrides_what").text().startswith("mock_*.tif (no file fits)")
    assert foot(dock).startswith("Overrides: no file fits mock_*.tif.")
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


def test_the_window_answers_while_ten_thousand_files_are_listed(
    desk, tmp_path, gui_blocked_ms
) -> None:
    dock = desk.dock
    folder = tmp_path / "huge"
    folder.mkdir()
    for number in range(10_000):
        (folder / f"f{number}.tif").touch()
    for _ in gui_blocked_ms.tries():
        part(dock, QLineEdit, "batch_folder").setText(str(folder))
        number = part(dock, QLabel, "batch_number")
        desk.qtbot.waitUntil(lambda label=number: label.text() == "10,000 files", timeout=60_000)
        gui_blocked_ms.stop()
        part(dock, QLineEdit, "batch_folder").setText("")
        desk.qtbot.waitUntil(lambda: not listed(dock), timeout=60_000)
    dock._ahead.forget()


def test_parquet_is_offered_where_it_can_be_written(qtbot, monkeypatch) -> None:
    def offered() -> set[str]:
        names = {box.objectName() for box in options.findChildren(QCheckBox)}
        return {name.partition("_export_")[2] for name in names if "_export_" in name}

    options = BatchOptions("batch")
    qtbot.addWidget(options)
    assert "tables_parquet" in offered()
    monkeypatch.setitem(sys.modules, "pyarrow", None)  # as where it is not installed
    options = BatchOptions("batch")
    qtbot.addWidget(options)
    assert offered() == {"tables_csv", "labels_tiff", "ctc"}
    # A recipe that asks for it is shown as it is.
    options.set_export((TablesCsv(), TablesParquet()))
    assert "tables_parquet" in offered()
    parquet = [box for box in options.findChildren(QCheckBox) if box.text().endswith("(Parquet)")]
    assert [box.isChecked() for box in parquet] == [True]
