"""The window answers while much is found and followed behind it."""

from __future__ import annotations

import numpy as np
import pytest
from measure_scenes import open_measure_in, wait_for_numbers
from qtpy.QtWidgets import QLabel, QPushButton
from track_scenes import open_movie_in, wait_for_tracks

from napari_celltrack.analysis import TrackFilter
from napari_celltrack.gui.layers.track_rows import QUICK_ROWS
from napari_celltrack.gui.session import session_of
from napari_celltrack.gui.show_movie import add_movie
from napari_celltrack.link import Assignment
from napari_celltrack.recipe import Recipe
from napari_celltrack.sample_data import dividing_nuclei

pytestmark = pytest.mark.window


def test_running_all_frames_never_blocks_the_window(
    viewer, qtbot, open_count, open_track, gui_blocked_ms
) -> None:
    session = session_of(viewer)
    session.set_recipe(Recipe())
    add_movie(viewer, dividing_nuclei(30, (512, 512), 80).movie())
    open_count()
    dock = open_track()
    qtbot.waitUntil(lambda: not session.follower.follow_lane.busy, timeout=60_000)
    qtbot.wait(500)
    for number, _ in enumerate(gui_blocked_ms.tries()):
        session.update(link=Assignment(max_distance_px=11 + number))
        session.follower.start_clean()  # all frames again
        dock.findChild(QPushButton, "track_run").click()
        wait_for_tracks(qtbot, session, whole=True)
    assert session.coverage == ""


def test_dragging_the_radius_over_a_thousand_cells_never_blocks_the_window(
    viewer, qtbot, open_track, gui_blocked_ms
) -> None:
    pixels = np.full((50, 512, 512), 100, np.uint16)
    for frame in range(50):
        for row in range(32):
            # Neighbours go opposite ways.
            x = 3 + (frame % 4 if row % 2 else 3 - frame % 4)
            for column in range(32):
                pixels[frame, 16 * row + 4 : 16 * row + 10, 16 * column + x :][:, :6] = 600
    dock = open_movie_in(viewer, qtbot, pixels, open_track)
    assert len(dock.session.followed.tables.objects) == 50 * 1024
    sentence = dock.findChild(QLabel, "track_radius_sentence")
    qtbot.waitUntil(lambda: sentence.text() != "", timeout=60_000)
    dock._take_radius(9.0)  # the circle is made once
    wait_for_tracks(qtbot, dock.session, whole=True)
    qtbot.wait(1500)
    qtbot.waitUntil(lambda: len(viewer.layers["tracks"].data) == 50 * 1024, timeout=60_000)
    drawn = []
    dock.session.tracks_drawn.connect(lambda: drawn.append(len(viewer.layers["tracks"].data)))
    for number, _ in enumerate(gui_blocked_ms.tries()):
        for radius in np.linspace(9, 4, 25):
            dock._take_radius(round(float(radius), 1))
            qtbot.wait(30)
            n_shown = len(viewer.layers["tracks"].data)
        assert n_shown <= QUICK_ROWS
        wait_for_tracks(qtbot, dock.session, whole=True)
        # Then, at rest, all of them are shown, and once, though another dock asks as well.
        dock.session.show_all_tracks()
        qtbot.waitUntil(lambda: len(viewer.layers["tracks"].data) == 50 * 1024, timeout=60_000)
        qtbot.waitUntil(lambda: dock.session.is_followed_now, timeout=60_000)
        qtbot.wait(1500)
        assert drawn == (number + 1) * [50 * 1024]


def test_dragging_the_limit_over_five_hundred_tracks_never_blocks_the_window(
    viewer, qtbot, gui_blocked_ms
) -> None:
    pixels = np.full((30, 512, 512), 100, np.uint16)
    n_frames_of = 3 + np.arange(512) % 28
    for cell, n_frames in enumerate(n_frames_of):
        row, column = divmod(cell, 32)
        for frame in range(n_frames):
            x = 16 * column + 3 + frame % 4
            pixels[frame, 16 * row + 4 : 16 * row + 10, x : x + 6] = 600
    dock = open_measure_in(viewer, qtbot, pixels)
    session = session_of(viewer)
    assert len(session.followed.linked.tracks) == 512
    qtbot.waitUntil(lambda: len(viewer.layers["tracks"].data) == n_frames_of.sum(), timeout=60_000)
    chart = dock._filter._chart
    for _ in gui_blocked_ms.tries():
        chart._activate(0)
        for frames in np.linspace(2, 25, 24):
            chart._drag_to(chart.px_of(float(frames)))
            qtbot.wait(30)
        gui_blocked_ms.stop()
        wait_for_numbers(qtbot, session)
        assert session.recipe.tracks.limits[0].min == 25
        kept = session.followed.tables.tracks
        # A track of n frames lasts for n - 1 steps.
        assert len(kept) == np.count_nonzero(n_frames_of - 1 >= 25)
        assert set(viewer.layers["tracks"].data[:, 0]) == set(kept["track_id"])
        session.update(tracks=TrackFilter())
        wait_for_numbers(qtbot, session)
