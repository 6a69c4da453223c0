"""The workbench: all docks as tabs of one column, in the order in which they are used."""

from __future__ import annotations

import weakref
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from npe2 import PluginManager
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget

from napari_celltrack.gui.warm_up import import_in_background

if TYPE_CHECKING:
    import napari

PLUGIN = "napari-celltrack"
#: The command that opens the docks is a widget too, as napari lets only widgets into its menu.
_OPENER = f"{PLUGIN}.open_workbench"


def open_workbench(viewer: napari.Viewer) -> list[QWidget]:
    """Open all docks as tabs of one column at the right, or bring up those that are open.

    The docks are those of the manifest, in its order; a tab's title is the first word of the
    dock's name. A dock that the user has made a window of its own stays one.

    Parameters
    ----------
    viewer : napari.Viewer

    Returns
    -------
    list of QWidget
        The docks' widgets, in order.
    """
    window = getattr(viewer, "__wrapped__", viewer).window
    manifest = PluginManager.instance().get_manifest(PLUGIN)
    docks: list[QDockWidget] = []
    for widget in manifest.contributions.widgets or ():
        if widget.command == _OPENER:
            continue
        # The name that napari's menu looks for, to tell whether the dock is open.
        name = f"{widget.display_name} ({manifest.display_name})"
        kind: Any = widget.get_callable()
        dock = _open_dock(window._qt_window, kind)
        if dock is None:
            dock = window.add_dock_widget(kind(viewer), name=name, area="right")
        dock.setWindowTitle(widget.display_name.split()[0])
        docks.append(dock)
    column = [dock for dock in docks if not dock.isFloating()]
    for before, after in pairwise(column):
        if after not in window._qt_window.tabifiedDockWidgets(before):
            window._qt_window.tabifyDockWidget(before, after)
    for dock in (*docks, *column[:1]):
        dock.show()
        dock.raise_()
    import_in_background()
    return [dock.widget() for dock in docks]


class OpenWorkbench(QWidget):
    """The menu's command: once napari has docked it, it opens the workbench and goes away.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer to open the docks in.
    """

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__()
        self._viewer: weakref.ref[Any] = weakref.ref(
            getattr(napari_viewer, "__wrapped__", napari_viewer)
        )
        QTimer.singleShot(0, self._open)

    def _open(self) -> None:
        if (viewer := self._viewer()) is None:
            return
        viewer.window.remove_dock_widget(self)
        self.deleteLater()
        open_workbench(viewer)


def _open_dock(main_window: QMainWindow, kind: type[QWidget]) -> QDockWidget | None:
    """Return the dock that holds a widget of this class, whatever it is called."""
    docks = main_window.findChildren(QDockWidget)
    return next((dock for dock in docks if isinstance(dock.widget(), kind)), None)
