"""Watching a window: for how long it is blocked, how often it draws, and until when to wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from napari.qt import get_qapp
from qtpy.QtCore import QTimer

from napari_celltrack.gui.session import session_of


class Watchdog:
    """Measures for how long the thread of the window was blocked at worst."""

    #: By the clock; or, on a busy machine, by the time that the thread itself worked.
    clock = staticmethod(time.perf_counter)

    def __init__(self) -> None:
        self._timer = QTimer()
        self._timer.setInterval(1)
        self._timer.timeout.connect(self._tick)
        self.restart()
        self._timer.start()

    def restart(self) -> None:
        """Forget what was measured."""
        self._last, self._worst = self.clock(), 0.0

    def worst_ms(self) -> float:
        """Return the longest block since the restart."""
        self._tick()
        return 1000 * self._worst

    def _tick(self) -> None:
        now = self.clock()
        self._worst, self._last = max(self._worst, now - self._last), now


class Draws:
    """Counts how often the canvas of a viewer was drawn."""

    def __init__(self, viewer: Any) -> None:
        self.n = 0
        self._viewer = viewer
        viewer.window._qt_viewer.canvas._scene_canvas.events.draw.connect(self._count)

    def redraw_ms(self) -> float:
        """Return how long it takes to draw the image once more: what no answer can be below."""
        n_before, began = self.n, time.perf_counter()
        self._viewer.layers[0].refresh()
        wait_until(lambda: self.n > n_before)
        return 1000 * (time.perf_counter() - began)

    def _count(self, event: Any) -> None:
        self.n += 1


def wait_until(condition: Callable[[], bool], timeout_s: float = 300) -> None:
    """Let the window work until something is true."""
    end = time.monotonic() + timeout_s
    # Asked for once: each time napari looks up the theme of the desktop, with a program.
    app = get_qapp()
    while True:
        app.processEvents()
        if condition():
            return
        if time.monotonic() > end:
            raise TimeoutError("the window did not get there in time")
        time.sleep(0.0005)


def settle(seconds: float = 0.3) -> None:
    """Let the window do what it has put off."""
    end = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() > end)


def close(viewer: Any) -> None:
    """Close a window, and let go of what it held."""
    session = session_of(viewer)
    session.cancel_run()
    viewer.close()
    # A thread that is still in a library when the process ends would take it down.
    wait_until(lambda: not any(t.name.startswith("celltrack") for t in threading.enumerate()))
    settle(0.2)
