"""A sentence in a dock stands as long as what it is about, and no longer."""

from __future__ import annotations

import numpy as np
import pytest
from batch_scenes import Desk, foot, make_folder
from batch_scenes import part as batch_part
from count_scenes import settle
from qtpy.QtWidgets import QCheckBox, QLabel, QLineEdit, QPushButton, QSpinBox, QTableView
from track_scenes import choose, circle_radius, listed, open_movie_in, part, track_at

from napari_celltrack.engine.levels import read_levels
from napari_celltrack.engine.suggest import suggest
from napari_celltrack.gui.docks.count.count_cells import CountCells
from napari_celltrack.gui.docks.measure.measure_plots import MeasurePlots
from napari_celltrack.gui.docks.movie.movie_preprocess import MoviePreprocess
from napari_celltrack.gui.docks.sentence import About, Sentence, frame_of
from napari_celltrack.gui.docks.track.track_cells import TrackCells
from napari_celltrack.gui.session import session_of
from napari_celltrack.link import Assignment
from napari_celltrack.segment import Manual, Otsu, Regions

N_FRAMES = 6
DOCKS = (MoviePreprocess, CountCells, TrackCells, MeasurePlots)


@pytest.fixture
def moving() -> np.ndarray:
    """Return a movie (6, 120, 120) of three squares that move 2 px a frame; one is lost halfway."""
    movie = np.random.default_rng(0).normal(100, 3, (N_FRAMES, 120, 120))
    for frame in range(N_FRAMES):
        for cell in range(3 if frame < 3 else 2):
            x = 10 + 2 * frame
            movie[frame, 8 + 32 * cell : 18 + 32 * cell, x : x + 10] += 500
    return movie.astype(np.uint16)


@pytest.fixture
def recipe(recipe):
    """Return the recipe of the squares, linked within 10 px."""
    return recipe.replace(link=Assignment(max_distance_px=10, divisions=False))


def text(dock, name: str) -> str:
    return dock.findChild(QLabel, name).text()


def press(dock, name: str) -> None:
    dock.findChild(QPushButton, name).click()


def other_frame(viewer) -> None:
    viewer.dims.set_current_step(0, 1)


def other_settings(viewer) -> None:
    objects = session_of(viewer).recipe.objects
    session_of(viewer).update(objects=objects.replace(min_area_px2=55))


def other_movie(viewer) -> None:
    session_of(viewer).open_layer(viewer.add_image(np.full((6, 90, 90), 100, np.uint16)))


CHANGES = (other_frame, other_settings, other_movie)


def by_name(each) -> str:
    return each.__name__


def open_over(viewer, pixels, dock_type):
    """Open a dock over a movie, with nothing that shows a change by itself."""
    session = session_of(viewer)
    session.open_layer(viewer.add_image(pixels, name="movie"))
    viewer.dims.set_current_step(0, 0)
    dock = dock_type(viewer)
    viewer.window.add_dock_widget(dock, name=dock_type.__name__)
    return dock


@pytest.mark.parametrize("change", CHANGES, ids=by_name)
@pytest.mark.parametrize("dock_type", DOCKS, ids=by_name)
def test_what_is_said_goes_when_its_subject_changes(viewer, qtbot, moving, dock_type, change):
    dock = open_over(viewer, moving, dock_type)
    settle(qtbot)
    name = f"{dock.prefix}_foot"
    dock.say("Saved as mine.yaml.")
    dock._check_sentences()
    assert text(dock, name) == "Saved as mine.yaml."
    change(viewer)
    assert text(dock, name) != "Saved as mine.yaml."
    settle(qtbot)
    assert text(dock, name) != "Saved as mine.yaml."


@pytest.mark.parametrize("dock_type", DOCKS[1:], ids=by_name)
def test_what_is_wrong_with_a_movie_is_said_until_it_is_mended(viewer, qtbot, moving, dock_type):
    dock = open_over(viewer, moving, dock_type)
    settle(qtbot)
    session, label = session_of(viewer), dock.findChild(QLabel, f"{dock.prefix}_foot")
    before = session.recipe
    session.update(input=before.input.replace(channel="no such channel"))
    settle(qtbot)
    assert session.problem
    assert (label.text(), label.property("role")) == (session.problem, "problem")
    session.set_recipe(before)
    settle(qtbot)
    assert label.property("role") == "foot"


def test_a_sentence_of_something_older_is_not_said_at_all(viewer, qtbot, moving):
    dock = open_over(viewer, moving, TrackCells)
    settle(qtbot)
    sentence, session = Sentence("mine", "hint"), session_of(viewer)
    about = About.of(frame_of, session)
    sentence.say("3 cells", about)
    sentence.check(session)
    assert sentence.text() == "3 cells"
    other_frame(viewer)
    sentence.check(session)
    assert sentence.text() == ""
    sentence.say("3 cells", about)
    sentence.check(session)
    assert sentence.text() == ""
    settle(qtbot)
    del dock


# Count cells


@pytest.mark.parametrize("change", CHANGES, ids=by_name)
def test_what_is_said_of_suggested_settings_is_about_that_frame(
    viewer, qtbot, scene, open_count, change
):
    session = session_of(viewer)
    session.open_layer(viewer.add_image(scene))
    viewer.dims.set_current_step(0, 3)
    dock = open_count()
    press(dock, "count_suggest")
    settle(qtbot)
    said = suggest(session.movie, session.recipe, 3).sentence
    assert said in text(dock, "count_foot")
    change(viewer)
    assert said not in text(dock, "count_foot")
    settle(qtbot)
    assert said not in text(dock, "count_foot")


@pytest.mark.parametrize("change", CHANGES, ids=by_name)
def test_a_suggestion_for_something_else_is_not_taken(viewer, qtbot, scene, open_count, change):
    session = session_of(viewer)
    session.open_layer(viewer.add_image(scene))
    session.update(segment=Regions(threshold=Manual(value=60_000.0)))
    viewer.dims.set_current_step(0, 3)
    dock = open_count()
    press(dock, "count_suggest")
    change(viewer)
    wanted = session.recipe
    settle(qtbot)
    assert session.recipe == wanted
    assert "press Suggest again" in text(dock, "count_foot")


def test_without_live_a_count_is_not_said_of_another_frame(viewer, qtbot, moving, open_count):
    dock = open_over(viewer, moving, CountCells)
    settle(qtbot)
    assert text(dock, "count_foot").startswith("frame 0: 3 cells")
    session = session_of(viewer)
    session.set_live(False)
    other_frame(viewer)
    assert "frame 0" not in text(dock, "count_foot")
    assert text(dock, "count_foot").startswith("The frame in view was not counted yet")
    viewer.dims.set_current_step(0, 0)
    assert text(dock, "count_foot").startswith("frame 0: 3 cells")
    other_settings(viewer)
    assert text(dock, "count_foot").startswith("This was counted with earlier settings")
    # How cells are linked does not change their number.
    session.undo()
    session.update(link=session.recipe.link.replace(max_distance_px=11))
    assert text(dock, "count_foot").startswith("frame 0: 3 cells")
    assert dock.findChild(QLabel, "count_number").property("stale") is False


def test_how_a_run_ended_is_not_said_of_other_settings(viewer, qtbot, moving):
    dock = open_over(viewer, moving, CountCells)
    session_of(viewer).run_all()
    settle(qtbot)
    ended = session_of(viewer).run_state.sentence
    assert ended
    assert text(dock, "count_foot") == ended
    session_of(viewer).set_live(False)
    other_settings(viewer)
    assert ended not in text(dock, "count_foot")


def test_a_refused_value_is_said_in_every_frame_until_it_is_mended(viewer, qtbot, moving):
    dock = open_over(viewer, moving, CountCells)
    settle(qtbot)
    dock.findChild(QCheckBox, "objects.max_area_px2.set").setChecked(True)
    dock.findChild(QSpinBox, "objects.max_area_px2").setValue(2)
    other_frame(viewer)
    settle(qtbot)
    assert "must not be below" in text(dock, "count_foot")
    dock.findChild(QSpinBox, "objects.max_area_px2").setValue(2000)
    settle(qtbot)
    assert text(dock, "count_foot").startswith("frame 1: 3 cells")


def test_a_refused_pixel_size_is_said_in_every_frame(viewer, qtbot, moving):
    dock = open_over(viewer, moving, MoviePreprocess)
    line = dock.findChild(QLineEdit, "movie_pixel_size")
    line.setText("wide")
    line.editingFinished.emit()
    other_frame(viewer)
    assert text(dock, "movie_foot").startswith("Type a number above 0")
    line.setText("0.5")
    line.editingFinished.emit()
    assert text(dock, "movie_foot").startswith("frame 1")
    settle(qtbot)


def test_the_level_beside_the_offset_is_that_of_the_frame_in_view(viewer, qtbot, scene):
    session = session_of(viewer)
    dock = open_over(viewer, scene, CountCells)
    session.update(segment=Regions(threshold=Otsu()))
    settle(qtbot)
    notes = []
    dock._histogram.noted.connect(notes.append)
    viewer.dims.set_current_step(0, 2)
    assert notes == [""]
    settle(qtbot)
    level = read_levels(session.movie, session.recipe, 2).automatic
    assert notes[-1].startswith(f"auto {level:.4g}")
    session.set_live(False)
    other_movie(viewer)
    assert notes[-1] == ""
    assert dock._histogram.levels is None


def test_clicks_belong_to_their_movie(viewer, qtbot, moving):
    dock = open_over(viewer, moving, CountCells)
    press(dock, "count_click")
    dock._clicks.take((0, 12.0, 14.0))
    assert dock.findChild(QPushButton, "count_suggest").text() == "Suggest from 1 cell"
    other_movie(viewer)
    assert dock.findChild(QPushButton, "count_suggest").text() == "Suggest settings"
    settle(qtbot)


# Track cells and Measure & plots


@pytest.fixture
def track(viewer, qtbot, moving, open_track):
    """Return the dock over all tracks, with nothing that shows a change by itself."""
    dock = open_movie_in(viewer, qtbot, moving, open_track)
    settle(qtbot)
    session_of(viewer).set_live(False)
    return dock


def test_sentences_about_tracks_go_with_their_settings(viewer, qtbot, track):
    session = session_of(viewer)
    press(track, "track_keep_a")
    radius = part(track, QLabel, "track_radius_sentence")
    advice = radius.text()
    assert advice
    assert "to look at" in text(track, "track_n_events")
    assert text(track, "track_foot").startswith("Linked 15 cells")
    session.update(link=session.recipe.link.replace(max_distance_px=7))
    assert text(track, "track_n_events") == ""
    assert "Linked" not in text(track, "track_foot")
    # The advice is about the cells alone.
    assert radius.text() == advice
    session.set_live(True)
    settle(qtbot)
    assert "to look at" in text(track, "track_n_events")
    compared = part(track, QLabel, "track_difference")
    assert compared.text() != "Change a setting to see what it changes."
    session.set_live(False)
    other_settings(viewer)
    assert (radius.text(), compared.text()) == ("", "")
    assert part(track, QPushButton, "track_radius_use").isHidden()
    session.set_live(True)
    settle(qtbot)
    assert radius.text() == advice
    assert compared.text()


def test_the_circle_goes_when_the_event_is_left(viewer, qtbot, track):
    def n_lines() -> int:
        return len(viewer.layers["search"].data)

    (row,) = (index for index, event in enumerate(listed(track)) if "ends" in event[2])
    choose(track, "ends")
    assert circle_radius(viewer) > 0
    viewer.dims.set_current_step(0, 4)
    assert n_lines() == 0
    part(track, QTableView, "track_event_table").clicked.emit(track._events._model.index(row, 0))
    assert n_lines() > 0
    # The track of the event itself may be picked, another one not.
    track.session.pick(int(listed(track)[row][1]))
    assert n_lines() > 0
    track.session.pick(track_at(track, 2, 13.0))
    assert n_lines() == 0
    part(track, QTableView, "track_event_table").clicked.emit(track._events._model.index(row, 0))
    part(track, QPushButton, "track_fine").click()
    assert n_lines() == 0
    other_movie(viewer)
    assert "search" not in [layer.name for layer in viewer.layers]


def test_sentences_about_numbers_go_with_their_settings(viewer, qtbot, moving):
    session = session_of(viewer)
    session.preview_frames = N_FRAMES
    # All cells drift to the right, which is warned of.
    dock = open_over(viewer, np.concatenate([moving, moving], axis=2), MeasurePlots)
    settle(qtbot)
    names = ("measure_where", "measure_drift")
    before = [text(dock, name) for name in names]
    assert all(before)
    assert text(dock, "measure_foot").startswith("30 cells measured.")
    session.set_live(False)
    other_settings(viewer)
    assert [text(dock, name) for name in names] == ["", ""]
    assert "measured" not in text(dock, "measure_foot")
    session.set_live(True)
    settle(qtbot)
    assert [text(dock, name) for name in names] == before


# Batch


@pytest.fixture
def desk(viewer, qtbot, scene, tmp_path):
    """Return the dock over a folder in which a run was made."""
    desk = Desk(viewer, qtbot)
    desk.use(make_folder(tmp_path / "images", scene))
    desk.run()
    return desk


def test_sentences_about_a_run_go_with_its_settings(viewer, qtbot, desk):
    dock, session = desk.dock, session_of(viewer)
    ended = foot(dock)
    assert "3" in ended
    press(dock, "batch_try")
    desk.wait()
    words = dock._sheet.findChild(QLabel, "batch_sheet_foot")
    assert words.text().startswith("Are the outlines right?")
    # Cells that are painted in the window, and its slider, have nothing to do with the files.
    session.labels_changed.emit()
    session.frame_changed.emit(1)
    assert foot(dock) == ended
    before = dock.recipe()
    other_settings(viewer)
    assert dock.recipe() != before
    assert ended not in foot(dock)
    assert words.text().startswith("These are of earlier settings")
    desk.wait()
    assert "3 earlier results with other settings" in foot(dock)
    assert batch_part(dock, QTableView, "batch_table").model().rows[0].state == "other settings"
    session.undo()
    desk.wait()
    assert batch_part(dock, QTableView, "batch_table").model().rows[0].state == "done"
    assert words.text().startswith("Are the outlines right?")


def test_what_is_said_of_a_line_goes_with_the_next(desk):
    dock = desk.dock
    table = batch_part(dock, QTableView, "batch_table")
    rows = {line.file: row for row, line in enumerate(table.model().rows)}
    table.selectRow(rows["drug_2.tif"])
    assert "drug_2.tif" in foot(dock)
    table.selectRow(rows["ctrl_1.tif"])
    assert "drug_2.tif" not in foot(dock)


def test_a_folder_that_cannot_be_used_is_said_whatever_the_settings(viewer, desk, tmp_path):
    dock = desk.dock
    desk.use(tmp_path / "missing")
    assert "missing" in foot(dock)
    other_settings(viewer)
    desk.wait()
    assert "missing" in foot(dock)
    desk.use("")
    assert foot(dock).startswith("Choose the folder")
