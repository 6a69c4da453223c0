"""Saving the tables from the dock *Measure & plots*: what is shown is what is written."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest
from measure_scenes import engine_tables, open_measure_in, wait_for_numbers
from pandas.testing import assert_frame_equal
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QFileDialog, QLabel, QMessageBox

from napari_celltrack.analysis import TrackFilter
from napari_celltrack.analysis.track_filter import Limit
from napari_celltrack.gui.session import session_of

NAMES = ["counts", "drift", "events", "objects", "tracks"]


@pytest.fixture
def dock(viewer, qtbot, scene):
    dock = open_measure_in(viewer, qtbot, scene)
    session_of(viewer).update(tracks=TrackFilter(limits=(Limit(column="n_frames", min=2),)))
    wait_for_numbers(qtbot, session_of(viewer))
    return dock


@pytest.fixture
def choose(monkeypatch):
    """Return a function that answers the dialogs: the folder, and whether files are replaced."""

    def answer(folder: Path, replace: bool = True) -> None:
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
        button = QMessageBox.StandardButton
        monkeypatch.setattr(
            QMessageBox, "question", lambda *_: button.Yes if replace else button.No
        )

    return answer


def save(dock, qtbot, ending: str) -> str:
    """Choose a format in the menu, and return what the dock says then."""
    dock.say("")
    dock._saving.button.menu().findChild(QAction, f"measure_save_{ending}").trigger()
    qtbot.waitUntil(lambda: dock._said is not None, timeout=60_000)
    return dock.findChild(QLabel, "measure_foot").text()


def test_csv_and_parquet_hold_what_the_engine_makes(viewer, qtbot, dock, tmp_path, choose) -> None:
    session = session_of(viewer)
    wanted = engine_tables(session)
    assert len(wanted.tracks) < len(session.followed.linked.tracks), "the filter leaves some out"
    choose(tmp_path)
    for ending, read in (("csv", pd.read_csv), ("parquet", pd.read_parquet)):
        assert "Saved" in save(dock, qtbot, ending)
        assert sorted(path.name for path in tmp_path.glob(f"*.{ending}")) == [
            f"{name}.{ending}" for name in NAMES
        ]
        for name in NAMES:
            table = read(tmp_path / f"{name}.{ending}")
            if name == "objects":
                assert set(table.pop("file")) == {"movie"}
            # CSV knows no types.
            assert_frame_equal(table, getattr(wanted, name), check_dtype=ending == "parquet")


def test_files_that_are_there_are_replaced_only_when_asked(
    viewer, qtbot, dock, tmp_path, choose
) -> None:
    (tmp_path / "tracks.csv").write_text("mine")
    choose(tmp_path, replace=False)
    dock._saving.button.menu().findChild(QAction, "measure_save_csv").trigger()
    assert [path.name for path in tmp_path.iterdir()] == ["tracks.csv"]
    assert (tmp_path / "tracks.csv").read_text() == "mine"
    choose(tmp_path)
    assert "Saved" in save(dock, qtbot, "csv")
    assert (tmp_path / "tracks.csv").read_text().startswith("track_id")


def test_what_cannot_be_saved_is_said_and_leaves_nothing(
    qtbot, dock, tmp_path, choose, monkeypatch
) -> None:
    choose(tmp_path / "gone")
    assert "choose another folder" in save(dock, qtbot, "csv")
    # As where the library is not installed.
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    choose(tmp_path)
    assert "pip install" in save(dock, qtbot, "parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_part_of_the_frames_is_called_that(viewer, qtbot, dock, tmp_path, choose) -> None:
    session = session_of(viewer)
    session.preview_frames = 2
    session.update(measure=session.recipe.measure.replace(statistics=("mean",)))
    wait_for_numbers(qtbot, session, 2)
    choose(tmp_path)
    assert "only" in save(dock, qtbot, "csv")
    objects = pd.read_csv(tmp_path / "objects.csv")
    assert set(objects["frame"]) <= set(session.followed.frames)
