"""A viewer with docks and without a canvas, which is made in no time."""

from __future__ import annotations

from napari.components import ViewerModel
from napari.utils.events.event_utils import disconnect_events
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget


class PlainWindow(QMainWindow):
    """A window of Qt for docks, asked for them as napari's window is."""

    def add_dock_widget(self, widget: QWidget, *, name: str = "") -> QDockWidget:
        dock = QDockWidget(name, self)
        dock.setWidget(widget)
        self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
        return dock

    def remove_dock_widget(self, widget: QWidget) -> None:
        """Take the dock of a widget away; the widget stays, as it does with napari."""
        dock = next(each for each in self.findChildren(QDockWidget) if each.widget() is widget)
        widget.setParent(None)
        self.removeDockWidget(dock)
        dock.deleteLater()


class PlainViewer(ViewerModel):
    """What napari's viewer is below its window: layers, slider, camera and events.

    Most of the time of a viewer goes into its canvas and menus, which few tests look at.
    """

    _window: PlainWindow | None = None

    def __init__(self) -> None:
        super().__init__()
        self._window = PlainWindow()

    @property
    def window(self) -> PlainWindow:
        """The window with the docks; it is hidden until a test shows it."""
        assert self._window is not None, "the viewer is closed"
        return self._window

    def close(self) -> None:
        """Remove the layers and close the window, as napari does."""
        disconnect_events(self.dims.events, self)
        self.layers.clear()
        if self._window is not None:
            self._window.close()
            self._window.deleteLater()
            self._window = None
