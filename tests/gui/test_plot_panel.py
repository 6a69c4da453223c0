"""A plot in a dock, and the viewer: what is done to one shows in the other."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QGuiApplication, QImage
from qtpy.QtWidgets import QFileDialog, QMenu, QVBoxLayout
from track_scenes import wait_for_tracks

from napari_celltrack.engine import run
from napari_celltrack.engine.linking import link_objects
from napari_celltrack.errors import CelltrackError
from napari_celltrack.gui.docks.dock import Dock
from napari_celltrack.gui.docks.plots.plot_panel import NO_TRACKS, PlotPanel
from napari_celltrack.gui.session import session_of
from napari_celltrack.gui.view import camera_of
from napari_celltrack.input import FrameRange, Input
from napari_celltrack.link import Assignment
from napari_celltrack.measure import ObjectFilter
from napari_celltrack.movie import Movie
from napari_celltrack.plots import STYLES, track_colours
from napari_celltrack.recipe import Recipe
from napari_celltrack.sample_data import calcium_movie, failure_school
from napari_celltrack.tables import AREA_PX2, FRAME, TRACK_ID, X_PX, Y_PX

N_FRAMES, N_CELLS = 12, 4


class TwoPlots(Dock):
    """A dock with nothing but two plots of the session's tracks."""

    prefix = "two"

    def fill(self, column: QVBoxLayout) -> None:
        self.panels = [PlotPanel(self.session, f"two_{kind}", kind) for kind in ("paths", "steps")]
        for panel in self.panels:
            column.addWidget(panel)
        self.watch("tracks")
        self.listen(self.session.tracks_found, self._show)

    def _show(self, followed) -> None:
        for panel in self.panels:
            panel.show_tables(followed.tables, followed.recipe)


@pytest.fixture
def recipe(recipe) -> Recipe:
    return recipe.replace(link=Assignment(max_distance_px=10, divisions=False))


@pytest.fixture
def moving() -> np.ndarray:
    """Return a movie (12, 120, 120) of four squares in rows; cell n moves n + 1 px a frame."""
    movie = np.random.default_rng(0).normal(100, 3, (N_FRAMES, 120, 120))
    for frame in range(N_FRAMES):
        for cell in range(N_CELLS):
            x = 8 + (cell + 1) * frame
            movie[frame, 8 + 28 * cell : 18 + 28 * cell, x : x + 10] += 500
    return movie.astype(np.uint16)


@pytest.fixture
def dock(viewer, qtbot, moving) -> TwoPlots:
    """Return a dock with the paths and the steps of the four cells, drawn."""
    # What nobody sees is not drawn.
    viewer.window.show()
    session = session_of(viewer)
    session.open_layer(viewer.add_image(moving, name="movie"))
    session.preview_frames = N_FRAMES
    dock = TwoPlots(viewer)
    viewer.window.add_dock_widget(dock, name="Two")
    wait_for_tracks(qtbot, session, whole=True)
    for panel in dock.panels:
        wait_for_plot(qtbot, panel)
    return dock


def wait_for_plot(qtbot, panel: PlotPanel) -> None:
    """Wait until the panel shows what was asked for last, in its size."""

    def is_there() -> bool:
        width, height, ratio = panel.canvas.size_px()
        plot = panel.canvas.plot
        fits = plot is None or np.allclose(plot.figure.bbox.size, (width * ratio, height * ratio))
        return not panel.is_drawing and fits and bool(plot or panel.canvas.sentence != NO_TRACKS)

    qtbot.waitUntil(is_there, timeout=60_000)


def cell_of(session, row: int, frame: int) -> pd.Series:
    """Return the cell of a row of the scene."""
    objects = session.followed.tables.objects
    cells = objects[objects[FRAME] == frame]
    return cells.iloc[int(np.argmin(np.abs(cells[Y_PX] - (12.5 + 28 * row))))]


def place_in(panel: PlotPanel, x: float, y: float) -> QPoint:
    """Return where on the canvas a place of the axes is."""
    return panel.canvas.place_of(x, y).toPoint()


def click(qtbot, panel: PlotPanel, x: float, y: float, keys=Qt.KeyboardModifier.NoModifier) -> None:
    qtbot.mouseClick(panel.canvas, Qt.MouseButton.LeftButton, keys, place_in(panel, x, y))


def picture(panel: PlotPanel) -> np.ndarray:
    """Return what the canvas shows on the screen, shape (y, x, 3)."""
    image = panel.canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGBX8888)
    rows = np.array(image.constBits().asarray(image.sizeInBytes()), np.uint8)
    pixels = rows.reshape(image.height(), -1, 4)[:, : image.width(), :3]
    return pixels.astype(int)


def n_near(panel: PlotPanel, colour) -> int:
    """Return how many pixels of the canvas have a colour, give or take what smoothing changes."""
    wanted = [int(to_hex(colour)[i : i + 2], 16) for i in (1, 3, 5)]
    return int((np.abs(picture(panel) - wanted).max(axis=-1) <= 40).sum())


def test_a_click_on_a_path_goes_to_that_frame_and_cell_and_marks_it(viewer, qtbot, dock) -> None:
    session, (paths, _) = dock.session, dock.panels
    cell = cell_of(session, 2, 7)
    with qtbot.waitSignal(paths.selected) as told:
        click(qtbot, paths, cell[X_PX], cell[Y_PX])
    assert told.args == [(cell[TRACK_ID],)]
    assert session.frame == 7
    assert session.picked == cell[TRACK_ID]
    np.testing.assert_allclose(camera_of(viewer).center[-2:], (cell[Y_PX], cell[X_PX]))
    ring = viewer.layers["selected"].data
    assert len(ring) == N_FRAMES
    np.testing.assert_allclose(ring[ring[:, 0] == 7], [(7, cell[Y_PX], cell[X_PX])])
    # Beside all cells nothing is meant.
    click(qtbot, paths, 115, 110)
    assert session.picked == 0
    assert len(viewer.layers["selected"].data) == 0


def test_a_click_on_a_step_goes_to_the_frame_that_it_leads_to(qtbot, dock) -> None:
    session, (_, steps) = dock.session, dock.panels
    click(qtbot, steps, 5, 3.0)
    assert session.frame == 5
    assert session.picked == cell_of(session, 2, 5)[TRACK_ID]


def test_the_slider_moves_the_line(viewer, qtbot, dock) -> None:
    _, steps = dock.panels
    columns = []
    cursor = [int(STYLES["dark"].cursor[i : i + 2], 16) for i in (1, 3, 5)]
    for frame in (3, 8):
        viewer.dims.set_current_step(0, frame)
        blue = np.abs(picture(steps) - cursor).max(axis=-1) <= 60
        columns.append(np.argmax(blue.sum(axis=0)))
        assert columns[-1] == pytest.approx(place_in(steps, frame, 0).x(), abs=2)
    assert columns[1] > columns[0]


def click_in_picture(qtbot, viewer, place) -> None:
    """Click on the canvas of the viewer, at a place (t, y, x) of the world."""
    canvas = viewer.window._qt_viewer.canvas
    view = canvas.view
    x, y = view.scene.transform.map([place[-1], place[-2], 0, 1])[:2]
    qtbot.mouseClick(canvas.native, Qt.MouseButton.LeftButton, pos=QPoint(round(x), round(y)))


@pytest.mark.window
@pytest.mark.parametrize("active", ["cells", "tracks", "movie"])
def test_a_click_on_a_cell_in_the_picture_lets_its_curve_stand_out(
    viewer, qtbot, dock, active
) -> None:
    session = dock.session
    viewer.dims.set_current_step(0, 4)
    viewer.layers.selection.active = viewer.layers[active]
    cell = cell_of(session, 1, 4)
    qtbot.wait(100)
    click_in_picture(qtbot, viewer, (4, cell[Y_PX], cell[X_PX]))
    assert session.picked == cell[TRACK_ID]
    ids = [cell_of(session, row, 4)[TRACK_ID] for row in range(N_CELLS)]
    colours = track_colours(ids)
    for panel in dock.panels:
        assert panel.canvas.plot.selected == (cell[TRACK_ID],)
        assert n_near(panel, colours[1]) > 20
        assert n_near(panel, colours[3]) == 0


@pytest.mark.window
def test_a_click_on_the_tail_of_a_track_picks_it(viewer, qtbot, dock) -> None:
    session = dock.session
    viewer.dims.set_current_step(0, 11)
    cell = cell_of(session, 3, 2)
    qtbot.wait(100)
    click_in_picture(qtbot, viewer, (11, cell[Y_PX], cell[X_PX]))
    assert session.picked == cell[TRACK_ID]


def lasso(qtbot, panel: PlotPanel, corners, keys=Qt.KeyboardModifier.NoModifier) -> None:
    """Draw a line round something with the mouse held."""
    places = [place_in(panel, x, y) for x, y in corners]
    qtbot.mousePress(panel.canvas, Qt.MouseButton.LeftButton, keys, places[0])
    for place in places[1:]:
        qtbot.mouseMove(panel.canvas, place)
    qtbot.mouseRelease(panel.canvas, Qt.MouseButton.LeftButton, keys, places[-1])


def test_a_lasso_selects_in_both_plots_and_in_the_picture(viewer, qtbot, dock) -> None:
    session, (paths, steps) = dock.session, dock.panels
    first, second, third = (cell_of(session, row, 0)[TRACK_ID] for row in range(3))
    lasso(qtbot, paths, [(5, 3), (60, 3), (60, 50), (5, 50)])
    assert session.selected == tuple(sorted((first, second)))
    assert session.picked == 0
    assert steps.canvas.plot.selected == session.selected
    assert len(viewer.layers["selected"].data) == 2 * N_FRAMES
    lasso(qtbot, steps, [(5, 2.8), (8, 2.8), (8, 3.2), (5, 3.2)], Qt.KeyboardModifier.ShiftModifier)
    assert session.selected == tuple(sorted((first, second, third)))
    paths.select([third])
    assert session.picked == third
    qtbot.keyClick(paths.canvas, Qt.Key.Key_Escape)
    assert session.selected == ()


def test_a_click_on_a_bar_selects_its_tracks(qtbot, dock) -> None:
    session, (panel, _) = dock.session, dock.panels
    panel.set_kind("histogram")
    wait_for_plot(qtbot, panel)
    click(qtbot, panel, N_FRAMES, 2.0)
    assert len(session.selected) == N_CELLS


def test_every_kind_is_drawn_in_the_colours_of_the_theme(viewer, qtbot, dock) -> None:
    panel = dock.panels[0]
    for kind in PlotPanel.kinds:
        panel.set_kind(kind)
        wait_for_plot(qtbot, panel)
        if panel.canvas.sentence:
            # Nothing says how long a frame takes, and the baseline is a window in seconds.
            assert "window_s" in panel.canvas.sentence
            assert kind in {"traces", "stacked", "heat_map", "peaks"}
            continue
        assert panel.canvas.plot is not None, panel.canvas.sentence
    for theme in ("light", "dark"):
        panel.restyle(theme)
        wait_for_plot(qtbot, panel)
        assert n_near(panel, STYLES[theme].background) > 0.5 * panel.canvas.width()


@cache
def movie_of(made: str) -> Movie:
    """Return a made movie, which is drawn once for all tests."""
    return (calcium_movie(40, (128, 128), 6) if made == "calcium" else failure_school()).movie()


@pytest.mark.parametrize("made", ["failure_school", "calcium", "one_frame", "no_cells"])
def test_every_kind_is_a_plot_or_a_sentence(qtbot, dock, made) -> None:
    movie = movie_of("calcium" if made == "calcium" else "failure_school")
    one = FrameRange(start=0, stop=1)
    recipe = Recipe(input=Input(frames=one)) if made == "one_frame" else Recipe()
    if made == "no_cells":
        recipe = recipe.replace(objects=ObjectFilter(min_area_px2=10**6), input=Input(frames=one))
    objects = [each.objects for each in run(movie, recipe)]
    tables = link_objects(movie, recipe, objects)
    panel = dock.panels[0]
    panel.show_tables(tables, recipe)
    n_plots = 0
    for kind in PlotPanel.kinds:
        panel.set_kind(kind)
        qtbot.waitUntil(lambda: not panel.is_drawing, timeout=60_000)
        assert (panel.canvas.plot is None) == bool(panel.canvas.sentence)
        n_plots += panel.canvas.plot is not None
    assert n_plots >= {"failure_school": 12, "calcium": 12, "one_frame": 4, "no_cells": 1}[made] - 3


@pytest.mark.parametrize(
    "suffix, magic", [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")]
)
def test_a_plot_is_saved_on_white_paper(  # noqa: PLR0917
    qtbot, dock, tmp_path, monkeypatch, suffix, magic
) -> None:
    panel = dock.panels[0]
    file = tmp_path / "paths"
    kind = f"A file (*.{suffix})"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(file), kind))
    (save, *_) = panel.findChild(QMenu, "two_paths_save_menu").actions()
    with qtbot.waitSignal(panel.said, timeout=60_000) as said:
        save.trigger()
    assert said.args == [f"Saved as {file}.{suffix}.", False]
    saved = file.with_suffix(f".{suffix}").read_bytes()
    assert saved.startswith(magic)
    if suffix == "svg":
        assert STYLES["print"].background in saved.decode()
        assert STYLES["dark"].background not in saved.decode()


def test_the_numbers_of_a_plot_are_saved(qtbot, dock, tmp_path, monkeypatch) -> None:
    panel = dock.panels[0]
    file = tmp_path / "paths"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(file), "CSV (*.csv)"))
    _, save, *_ = panel.findChild(QMenu, "two_paths_save_menu").actions()
    with qtbot.waitSignal(panel.said, timeout=60_000) as said:
        save.trigger()
    assert said.args == [f"Saved as {file}.csv.", False]
    session = panel._session
    objects = session.followed.tables.objects
    tracked = objects[objects["track_id"] > 0].sort_values(["track_id", "frame"])
    found = pd.read_csv(f"{file}.csv")
    for name in ("track_id", "frame", "y_px", "x_px"):
        np.testing.assert_array_equal(found[name], tracked[name])
    with qtbot.waitSignal(panel.failed, timeout=60_000) as failed:
        panel.save(str(file.with_suffix(".csv") / "in a file.csv"))
    assert isinstance(failed.args[0], CelltrackError)
    assert "cannot be written" in str(failed.args[0])


def test_a_plot_is_copied_and_shown_larger(qtbot, dock) -> None:
    panel = dock.panels[0]
    _, _, copy, larger, *_ = panel.findChild(QMenu, "two_paths_save_menu").actions()
    with qtbot.waitSignal(panel.said, timeout=60_000):
        copy.trigger()
    image = QGuiApplication.clipboard().image()
    assert image.pixelColor(0, 0).name() == STYLES["print"].background
    larger.trigger()
    wait_for_plot(qtbot, panel._large)
    assert panel._large.canvas.width() > panel.canvas.width()
    panel._large.close()


def test_without_tracks_it_says_what_to_do(viewer, qtbot) -> None:
    viewer.window.show()
    dock = TwoPlots(viewer)
    viewer.window.add_dock_widget(dock, name="Two")
    assert {panel.canvas.sentence for panel in dock.panels} == {NO_TRACKS}


def test_many_tracks_never_block_the_window(viewer, qtbot, dock, gui_blocked_ms) -> None:
    rng = np.random.default_rng(0)
    n_tracks, n_frames = 1000, 500
    place = rng.uniform(0, 500, (n_tracks, 1, 2)) + rng.normal(
        0, 2, (n_tracks, n_frames, 2)
    ).cumsum(1)
    tables = dock.session.followed.tables
    many = replace(tables, objects=pd.DataFrame({
        TRACK_ID: np.repeat(np.arange(1, n_tracks + 1), n_frames),
        FRAME: np.tile(np.arange(n_frames), n_tracks),
        Y_PX: place[..., 0].ravel(), X_PX: place[..., 1].ravel(),
        AREA_PX2: 50, "ch0_mean": rng.normal(100, 10, n_tracks * n_frames),
    }))  # fmt: skip
    for _ in gui_blocked_ms.tries():
        for panel in dock.panels:
            panel.show_tables(many, dock.session.recipe)
        for panel in dock.panels:
            wait_for_plot(qtbot, panel)
        for frame in range(6):
            viewer.dims.set_current_step(0, frame)
            qtbot.wait(5)
        dock.panels[0].select(range(1, 300))
        qtbot.wait(5)
        dock.panels[0].select(())
