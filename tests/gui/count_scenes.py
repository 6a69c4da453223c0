"""What the tests of the dock *Count cells* have in common."""

from __future__ import annotations

import threading

from qtpy.QtCore import QCoreApplication

from napari_celltrack.gui.lane import _Post


def settle(qtbot) -> None:
    """Wait until nothing is looked for in the background, and all that was found is shown."""

    def is_idle() -> bool:
        # Threads are asked first: one has ended only after all of its results are on their way.
        names = [thread.name for thread in threading.enumerate()]
        if any(name.startswith("celltrack") for name in names):
            return False
        posts = QCoreApplication.instance().findChildren(_Post)
        return not any(post.is_behind for post in posts)

    qtbot.waitUntil(is_idle, timeout=60_000)
    # What was found may ask for more, after a rest.
    qtbot.wait(100)
    qtbot.waitUntil(is_idle, timeout=60_000)
