"""What a person made in the window is not lost without a question."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from napari.components import ViewerModel
from napari.layers import Labels
from napari.settings import get_settings
from qtpy.QtGui import QCloseEvent
from qtpy.QtWidgets import QApplication, QFileDialog, QMenu, QMessageBox

from napari_celltrack.errors import CelltrackError
from napari_celltrack.gui.by_hand import FACTS, LABELS
from napari_celltrack.gui.layers import movie_layers
from napari_celltrack.gui.session import session_of
from napari_celltrack.gui.show_movie import add_movie
from napari_celltrack.movie import movie_from_array
from napari_celltrack.tables import FRAME, KIND, X_PX, Y_PX

PAINTED = 77
EVENT = pd.Series({KIND: "end", FRAME: 2, Y_PX: 10.0, X_PX: 5.0})


@pytest.fixture
def model(qtbot, lane_threads, recipe):
    model = ViewerModel()
    session_of(model).set_recipe(recipe)
    session_of(model).watch("cells")
    yield model
    session_of(model).open_layer(None)
    qtbot.waitUntil(lambda: not lane_threads(), timeout=60_000)


def show(model, pixels, qtbot):
    session = session_of(model)
    session.open_layer(model.add_image(pixels, name="movie"))
    qtbot.waitUntil(lambda: session.found is not None, timeout=60_000)
    return session


def paint(model) -> int:
    cells = movie_layers.cells_layer(model)
    frame = session_of(model).frame
    cells.paint((frame, 85, 85), PAINTED)
    return frame


def dismiss(session) -> None:
    session.reviewed.dismiss((session.movie.fingerprint, session.movie.axes), EVENT)


def test_what_is_not_saved_is_told(model, scene, qtbot) -> None:
    session = show(model, scene, qtbot)
    assert session.by_hand.unsaved() == ""
    frame = paint(model)
    # The last stroke counts at once.
    assert session.by_hand.unsaved() == "cells of 1 frame corrected by hand"
    assert session.corrected_frames == {frame}
    dismiss(session)
    assert (
        session.by_hand.unsaved() == "cells of 1 frame corrected by hand and 1 place marked as fine"
    )
    session.drop_corrections()
    assert session.by_hand.unsaved() == "1 place marked as fine"


def test_it_is_saved_and_read_again(model, scene, qtbot, tmp_path) -> None:
    session = show(model, scene, qtbot)
    frame = paint(model)
    dismiss(session)
    folder = session.by_hand.save(tmp_path)
    assert session.by_hand.unsaved() == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["movie_by_hand"]
    saved = tifffile.imread(folder / LABELS)
    assert saved.shape == scene.shape
    assert saved[frame][85, 85] == PAINTED
    assert not np.delete(saved, frame, axis=0).any()
    # A stroke more, and it is not saved again; what is there is not replaced.
    paint_again = movie_layers.cells_layer(model)
    paint_again.paint((frame, 5, 50), PAINTED)
    assert session.by_hand.unsaved() == "cells of 1 frame corrected by hand"
    assert session.by_hand.save(tmp_path).name == "movie_by_hand_2"

    other = ViewerModel()
    again = session_of(other)
    again.set_recipe(session.recipe)
    again.watch("cells")
    show(other, scene, qtbot)
    assert again.read_by_hand(folder / FACTS) == 1
    assert again.corrected_frames == {frame}
    cells = movie_layers.cells_layer(other)
    np.testing.assert_array_equal(movie_layers.frame_of_cells(cells, frame), saved[frame])
    qtbot.waitUntil(lambda: again.found.n_cells == len(np.unique(saved[frame])) - 1, timeout=60_000)
    key = again.movie.fingerprint, again.movie.axes
    assert again.reviewed.are_dismissed(key, pd.DataFrame([EVENT])).all()
    assert again.by_hand.unsaved() == ""
    again.open_layer(None)


def test_cells_of_a_movie_that_was_left_are_told_and_saved(model, scene, qtbot, tmp_path) -> None:
    session = show(model, scene, qtbot)
    frame = paint(model)
    session.open_layer(model.add_image(scene[:, :48], name="other"))
    assert session.by_hand.unsaved() == "1 layer of labels painted by hand"
    folder = session.by_hand.save(tmp_path)
    assert session.by_hand.unsaved() == ""
    assert tifffile.imread(folder / "cells-corrected.tif")[frame, 85, 85] == PAINTED
    assert not (folder / LABELS).exists()


def test_cells_corrected_by_hand_stay_when_another_channel_is_chosen(model, scene, qtbot) -> None:
    session = session_of(model)
    both = movie_from_array(np.stack([scene, scene + 1], axis=1), "TCYX", channels=("a", "b"))
    layers = add_movie(model, both)
    session.open_layer(layers[0])
    qtbot.waitUntil(lambda: session.found is not None, timeout=60_000)
    frame = paint(model)
    session.update(input=session.recipe.input.replace(channel="b"))
    assert session.layer is layers[1]
    assert session.corrected_frames == {frame}
    cells = movie_layers.cells_layer(model)
    assert movie_layers.frame_of_cells(cells, frame)[85, 85] == PAINTED
    assert len([layer for layer in model.layers if isinstance(layer, Labels)]) == 1
    session.open_layer(layers[0])
    assert session.corrected_frames == {frame}


def test_labels_of_the_user_that_are_painted_in_use_are_told(model, scene, qtbot, tmp_path) -> None:
    session = show(model, scene, qtbot)
    labels = model.add_labels(np.zeros(scene.shape, np.int32), name="mine")
    session.use_labels(labels)
    assert session.by_hand.unsaved() == ""
    labels.paint((0, 20, 20), 5)
    assert session.by_hand.unsaved() == "1 layer of labels painted by hand"
    folder = session.by_hand.save(tmp_path)
    assert tifffile.imread(folder / "mine.tif")[0, 20, 20] == 5
    assert session.by_hand.unsaved() == ""
    labels.paint((0, 40, 40), 5)
    assert session.by_hand.unsaved() == "1 layer of labels painted by hand"


def test_what_cannot_be_written_or_read_is_one_sentence(model, scene, qtbot, tmp_path) -> None:
    session = show(model, scene, qtbot)
    paint(model)
    (tmp_path / "file").write_text("")
    with pytest.raises(CelltrackError, match="cannot be written"):
        session.by_hand.save(tmp_path / "file")
    assert session.by_hand.unsaved()
    folder = session.by_hand.save(tmp_path)
    facts = folder / FACTS
    session.open_layer(model.add_image(scene[:, :48], name="other"))
    with pytest.raises(CelltrackError, match="another size than other"):
        session.read_by_hand(facts)
    for text in ("", "[]", "{}", json.dumps({"version": 2})):
        facts.write_text(text)
        with pytest.raises(CelltrackError, match="is not what was saved"):
            session.read_by_hand(facts)
    with pytest.raises(CelltrackError, match="cannot be read"):
        session.read_by_hand(tmp_path / "gone.json")
    session.open_layer(None)
    with pytest.raises(CelltrackError, match="There is no movie"):
        session.read_by_hand(facts)


@pytest.fixture
def asked(monkeypatch) -> list[str]:
    """Return the questions that were asked; the answers are taken from its attribute."""

    class Asked(list):
        answers: list[QMessageBox.StandardButton]

    asked = Asked()
    asked.answers = []

    def answer(box: QMessageBox) -> QMessageBox.StandardButton:
        asked.append(box.text())
        return asked.answers.pop(0)

    monkeypatch.setattr(QMessageBox, "exec", answer)
    monkeypatch.setattr(
        "napari._qt.qt_main_window.ConfirmCloseDialog",
        lambda *_, **__: pytest.fail("napari asks, too"),
    )
    monkeypatch.setattr(get_settings().application, "confirm_close_window", True)
    return asked


class Cross(QCloseEvent):
    """A click on the cross: what a window manager sends is spontaneous."""

    def spontaneous(self) -> bool:
        return True


def by_the_cross(window) -> None:
    QApplication.sendEvent(window, Cross())


def by_the_menu(window) -> None:
    window.close(quit_app=False, confirm_need=True)


@pytest.fixture
def closing(viewer, open_count, scene, asked, *, monkeypatch, qtbot):
    """Return a function that closes a window with a stroke in it, and tells whether it let go.

    It stays nevertheless, for it is taken apart after the test.
    """
    viewer.add_image(scene, name="movie")
    open_count()
    viewer.window._qt_window.show()
    qtbot.waitExposed(viewer.window._qt_window)
    paint(viewer)
    let_go: list[bool] = []

    def note(self, event) -> None:
        let_go.append(event.spontaneous())
        event.ignore()

    def close(how, *answers: QMessageBox.StandardButton) -> list[bool]:
        asked.answers, let_go[:] = list(answers), []
        with monkeypatch.context() as patched:
            patched.setattr(type(viewer.window._qt_window), "closeEvent", note)
            how(viewer.window._qt_window)
            qtbot.wait(50)
        assert not asked.answers
        return let_go

    return close


@pytest.mark.window
@pytest.mark.parametrize("how", [by_the_cross, by_the_menu])
def test_closing_asks_once(closing, asked, tmp_path, monkeypatch, how) -> None:
    buttons = QMessageBox.StandardButton
    chosen = iter(["", str(tmp_path)])
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: next(chosen))
    assert closing(how, buttons.Cancel) == []
    assert asked[0] == "Cells of 1 frame corrected by hand: not saved yet."
    # No folder is chosen.
    assert closing(how, buttons.Save) == []
    # As a program closes it, for which napari does not ask.
    assert closing(how, buttons.Discard) == [False]
    assert closing(how, buttons.Save) == [False]
    assert (tmp_path / "movie_by_hand" / LABELS).is_file()
    # Saved, there is nothing to ask.
    assert closing(by_the_cross) == [True]


@pytest.mark.window
def test_a_program_is_not_asked(closing, asked) -> None:
    assert closing(lambda window: window.close()) == [False]
    assert asked == []


def test_corrections_are_saved_and_loaded_from_the_menu(
    viewer, open_count, scene, tmp_path, *, monkeypatch, qtbot
) -> None:
    viewer.add_image(scene, name="movie")
    dock = open_count()
    session = session_of(viewer)
    frame = paint(viewer)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    actions = {each.text(): each for each in dock.findChild(QMenu, "count_recipe_menu").actions()}
    actions["Save corrections…"].trigger()
    folder: Path = tmp_path / "movie_by_hand"
    assert session.by_hand.unsaved() == ""
    session.drop_corrections()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(folder / FACTS), ""))
    actions["Load corrections…"].trigger()
    assert session.corrected_frames == {frame}
