"""Files and folders that hold several movies: one is opened, and the others are offered."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from movie_scenes import choose
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import QApplication, QComboBox, QFileDialog, QPushButton

from napari_celltrack.errors import CelltrackError
from napari_celltrack.gui.file_recipe import path_for_files, recipe_for_files
from napari_celltrack.gui.found_movies import find_movies
from napari_celltrack.gui.session import session_of
from napari_celltrack.gui.show_movie import add_found
from readers_scenes import write_ome_set


def write(path: Path, value: int, shape: tuple[int, ...] = (20, 30), axes: str = "YX") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, np.full(shape, value, np.uint16), imagej=True, metadata={"axes": axes})


def write_positions(path: Path, n: int = 3) -> Path:
    with tifffile.TiffWriter(path, ome=True) as file:
        for position in range(n):
            pixels = np.full((4, 20, 30), position, np.uint16)
            file.write(
                pixels,
                photometric="minisblack",
                metadata={"axes": "TYX", "Name": f"Pos{position}"},
            )
    return path


def titles(path: Path) -> list[str]:
    return [found.title for found in find_movies(path)]


def entries(dock) -> list[str]:
    menu = dock.findChild(QComboBox, "movie_choice")
    return [] if menu.isHidden() else [menu.itemText(i) for i in range(menu.count())]


def test_a_file_gives_its_images(tmp_path) -> None:
    write(tmp_path / "a.tif", 0)
    assert titles(tmp_path / "a.tif") == ["a"]
    path = write_positions(tmp_path / "b.ome.tif")
    assert titles(path) == ["b.ome_Pos0", "b.ome_Pos1", "b.ome_Pos2"]
    assert [found.open().plane(0)[0, 0] for found in find_movies(path)] == [0, 1, 2]
    # A folder with nothing else in it is no sequence of three files.
    (tmp_path / "a.tif").unlink()
    assert titles(tmp_path) == titles(path)
    (second,) = find_movies(f"{path}[1]")
    assert second.open().plane(0)[0, 0] == 1


def test_stills_of_one_name_are_a_movie_and_each_is_there_too(tmp_path) -> None:
    for number in (1, 8, 20):
        write(tmp_path / f"f{number}.tif", number)
    assert titles(tmp_path) == [f"{tmp_path.name}: 3 files as one movie", "f1", "f8", "f20"]
    assert find_movies(tmp_path)[0].open().n_frames == 3


@pytest.mark.parametrize("kind", ["other names", "time-lapses"])
def test_what_is_no_sequence_is_listed_and_may_be_taken_as_one(tmp_path, kind) -> None:
    for name in ("a1", "a2") if kind == "time-lapses" else ("wt", "ko"):
        shape = (3, 20, 30) if kind == "time-lapses" else (20, 30)
        write(tmp_path / f"{name}.tif", 0, shape, "TYX"[-len(shape) :])
    assert titles(tmp_path)[-1] == f"{tmp_path.name}: 2 files as one movie"
    assert len(titles(tmp_path)) == 3


def test_files_of_one_movie_are_one(tmp_path) -> None:
    for t in range(2):
        for c in range(2):
            write(tmp_path / f"a_t{t}_c{c}.tif", 10 * t + c)
    (found,) = find_movies(tmp_path)
    movie = found.open()
    assert (movie.n_frames, len(movie.channels)) == (2, 2)
    assert movie.plane(1, 0, 1)[0, 0] == 11
    write_ome_set(tmp_path / "set", np.zeros((4, 20, 30), np.uint16))
    assert len(find_movies(tmp_path / "set")) == 1


def test_a_movie_of_several_files_is_worked_on_in_the_window(viewer, tmp_path) -> None:
    for t in range(2):
        for c in range(2):
            write(tmp_path / f"a_t{t}_c{c}.tif", t)
    (found,) = find_movies(tmp_path)
    session = session_of(viewer)
    session.open_layer(add_found(viewer, found)[1])
    saved = recipe_for_files(session)
    assert (saved.input.channel, saved.input.axes) == ("c1", None)
    assert saved.tuned_on.differences(found.open()) == []
    # A script opens one path.
    assert path_for_files(session) is None
    session.update(input=session.recipe.input.replace(axes="ZYX"))
    assert (session.movie.n_frames, session.movie.n_z) == (1, 2)
    session.open_layer(None)


def test_nothing_to_open_is_said_on_opening(tmp_path) -> None:
    (tmp_path / "inner").mkdir()
    for path in (tmp_path, tmp_path / "gone.tif"):
        (found,) = find_movies(path)
        with pytest.raises(CelltrackError):
            found.open()


def test_positions_are_chosen_in_the_window(viewer, open_movie_dock, tmp_path, qtbot) -> None:
    path = write_positions(tmp_path / "b.ome.tif")
    dock, session = open_movie_dock(), session_of(viewer)
    viewer.open(path, plugin="napari")
    qtbot.waitUntil(lambda: len(entries(dock)) == 3)
    menu = dock.findChild(QComboBox, "movie_choice")
    assert menu.currentText() == "b.ome_Pos0"
    choose(dock, "movie_choice", "b.ome_Pos2")
    qtbot.waitUntil(lambda: len(viewer.layers) == 2)
    qtbot.waitUntil(lambda: session.layer is viewer.layers[1])
    assert session.movie.plane(0)[0, 0] == 2
    assert [layer.visible for layer in viewer.layers] == [False, True]
    assert (menu.currentText(), len(entries(dock))) == ("b.ome_Pos2", 3)
    # The one that is there already is gone back to.
    choose(dock, "movie_choice", "b.ome_Pos0")
    assert session.layer is viewer.layers[0]
    assert [layer.visible for layer in viewer.layers] == [True, False]
    viewer.layers.clear()
    assert entries(dock) == []


def test_a_folder_is_opened_and_its_files_offered(
    viewer, open_movie_dock, tmp_path, monkeypatch, qtbot
) -> None:
    for name in ("wt", "ko"):
        write(tmp_path / f"{name}.tif", 0)
    dock = open_movie_dock()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    dock.findChild(QPushButton, "movie_open_folder").click()
    qtbot.waitUntil(lambda: len(entries(dock)) == 3)
    (layer,) = viewer.layers
    assert layer.name == "ko"
    write(tmp_path / "ko.tif", 0)
    (tmp_path / "wt.tif").write_text("broken")
    said = []
    monkeypatch.setattr("napari.utils.notifications.show_error", said.append)
    choose(dock, "movie_choice", "wt")
    qtbot.waitUntil(lambda: bool(said))
    assert dock.findChild(QComboBox, "movie_choice").currentText() == "ko"


@pytest.mark.window
def test_a_folder_that_is_dropped_asks_nothing(viewer, open_movie_dock, tmp_path, qtbot) -> None:
    for number in range(3):
        write(tmp_path / "frames" / f"f{number}.tif", number)
    dock = open_movie_dock()
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / "frames"))])
    copy, button, key = (
        Qt.DropAction.CopyAction,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    canvas = viewer.window._qt_window._qt_viewer
    # Qt gives a drop to the widget that a drag has entered.
    QApplication.sendEvent(canvas, QDragEnterEvent(QPoint(10, 10), copy, mime, button, key))
    QApplication.sendEvent(canvas, QDropEvent(QPointF(10, 10), copy, mime, button, key))
    session = session_of(viewer)
    assert session.movie.n_frames == 3
    assert len(viewer.layers) >= 1
    qtbot.waitUntil(lambda: len(entries(dock)) == 4)
