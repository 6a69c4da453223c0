from __future__ import annotations

import sys
from importlib.util import find_spec

import numpy as np
import pytest
from npe2 import PluginManager
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget, QScrollArea

from napari_celltrack.gui.docks.count.count_cells import CountCells
from napari_celltrack.gui.session import session_of
from napari_celltrack.gui.workbench import PLUGIN, open_workbench

pytestmark = pytest.mark.window

PluginManager.instance().discover()
NAMES = [
    widget.display_name
    for widget in PluginManager.instance().get_manifest(PLUGIN).contributions.widgets
    if widget.display_name != "Open workbench"
]


@pytest.fixture(autouse=True)
def shown(viewer) -> None:
    """Bring the window to the screen, as tabs are laid out only there."""
    viewer.window.show()


def tabs_with(viewer, dock: QDockWidget) -> list[QDockWidget]:
    """Return the docks that are tabs beside a dock."""
    return viewer.window._qt_window.tabifiedDockWidgets(dock)


def docks_of(viewer) -> list[QDockWidget]:
    """Return the plugin's docks, opened by whatever way."""
    docks = viewer.window._qt_window.findChildren(QDockWidget)
    return [
        dock
        for dock in docks
        if getattr(dock, "name", "").endswith(("(Cell tracking)", f"({PLUGIN})"))
    ]


def test_what_the_first_movie_needs_is_imported_meanwhile(viewer, qtbot, lane_threads) -> None:
    open_workbench(viewer)
    qtbot.waitUntil(lambda: "celltrack imports" not in lane_threads(), timeout=60_000)
    assert "dask.array" in sys.modules
    assert find_spec("distributed") is None or "distributed" in sys.modules


def test_all_docks_are_tabs_of_one_column_in_order(viewer, qtbot) -> None:
    widgets = open_workbench(viewer)
    docks = [widget.parent() for widget in widgets]
    assert [dock.name for dock in docks] == [f"{name} (Cell tracking)" for name in NAMES]
    assert [dock.windowTitle() for dock in docks] == [name.split()[0] for name in NAMES]
    assert tabs_with(viewer, docks[0]) == docks[1:]
    assert not any(dock.isHidden() for dock in docks)
    qtbot.waitUntil(lambda: not docks[0].visibleRegion().isEmpty())  # the first is in front
    assert all(dock.visibleRegion().isEmpty() for dock in docks[1:])


def test_nothing_is_cut_off_at_the_right_of_a_small_screen(viewer, qtbot) -> None:
    window = viewer.window._qt_window
    window.resize(1366, 768)
    qtbot.waitUntil(lambda: window.width() == 1366)
    session = session_of(viewer)
    widgets = open_workbench(viewer)
    movie = np.zeros((3, 40, 40), np.uint16)
    movie[:, 10:20, 10:20] = 900
    session.open_layer(viewer.add_image(movie, name="movie"))
    qtbot.waitUntil(lambda: session.is_followed_now, timeout=60_000)
    for widget in widgets:
        widget.parent().raise_()
        (area,) = widget.findChildren(
            QScrollArea, options=Qt.FindChildOption.FindDirectChildrenOnly
        )
        qtbot.waitUntil(lambda area=area: area.widget().width() <= area.viewport().width())
    assert window.width() == 1366


def test_again_brings_the_same_docks_up(viewer, qtbot) -> None:
    before = open_workbench(viewer)
    before[-1].parent().raise_()
    before[0].parent().hide()
    assert open_workbench(viewer) == before
    docks = docks_of(viewer)
    assert len(docks) == len(before)
    assert tabs_with(viewer, before[0].parent()) == [w.parent() for w in before[1:]]
    qtbot.waitUntil(lambda: not before[0].visibleRegion().isEmpty())


def test_a_dock_that_is_open_joins_the_column(viewer) -> None:
    _, count = viewer.window.add_plugin_dock_widget(PLUGIN, "Count cells")
    widgets = open_workbench(viewer)
    assert count in widgets
    assert sum(isinstance(widget, CountCells) for widget in widgets) == 1
    assert len(tabs_with(viewer, count.parent())) == len(NAMES) - 1


def test_a_closed_dock_opens_again(viewer) -> None:
    first = open_workbench(viewer)[0]
    first.parent().destroyOnClose()
    again = open_workbench(viewer)
    assert again[0] is not first
    assert [widget.parent().windowTitle() for widget in again] == [n.split()[0] for n in NAMES]


def test_menu_entry_opens_it_and_leaves_nothing_behind(viewer, qtbot) -> None:
    for _ in range(2):
        viewer.window.add_plugin_dock_widget(PLUGIN, "Open workbench")
        qtbot.waitUntil(lambda: not any(dock.name.startswith("Open") for dock in docks_of(viewer)))
        tabs = sorted(dock.windowTitle() for dock in docks_of(viewer))
        assert tabs == sorted(name.split()[0] for name in NAMES)
