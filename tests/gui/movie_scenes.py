"""What the tests of the dock *Movie & preprocess* have in common."""

from __future__ import annotations

from qtpy.QtWidgets import QComboBox, QLabel, QLineEdit

from napari_celltrack.input import Crop

#: What :func:`box` of the same numbers covers.
WANTED = Crop(y_start_px=10, y_stop_px=40, x_start_px=20, x_stop_px=70)


def box(top: float, bottom: float, left: float, right: float) -> list[list[float]]:
    return [[top, left], [top, right], [bottom, right], [bottom, left]]


def text(dock, name: str) -> str:
    return dock.findChild(QLabel, name).text()


def choose(dock, name: str, wanted: str) -> None:
    """Choose an entry of a menu, as the mouse does."""
    menu = dock.findChild(QComboBox, name)
    index = menu.findText(wanted)
    assert index >= 0, [menu.itemText(i) for i in range(menu.count())]
    menu.setCurrentIndex(index)
    menu.activated.emit(index)


def write(dock, name: str, words: str) -> None:
    line = dock.findChild(QLineEdit, name)
    line.setText(words)
    line.editingFinished.emit()


def settle(dock, qtbot) -> None:
    qtbot.waitUntil(
        lambda: not dock._prepared.lane.busy and not dock._health.lane.busy, timeout=60_000
    )
    qtbot.wait(20)
