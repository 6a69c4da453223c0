"""How long the window takes to answer, and for how long it is blocked, in a real window.

Needs a display; without one: ``xvfb-run -a python benchmarks/gui.py``. Figures are of this
machine and of a software renderer where there is no graphics card: compare them within one run.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import napari
import numpy as np
from napari.qt import get_qapp
from qtpy.QtCore import QTimer
from rich.console import Console
from rich.table import Table

from napari_celltrack.gui.session import Session, session_of
from napari_celltrack.gui.show_movie import add_movie
from napari_celltrack.link import Assignment
from napari_celltrack.recipe import Recipe
from napari_celltrack.sample_data import dividing_nuclei
from napari_celltrack.segment import Otsu, Regions

#: Side of the image in px, and cells: the same density in all.
SIZES = ((512, 100), (1024, 400), (2048, 1600))
N_FRAMES = 12


class Watchdog:
    """Measures for how long the thread of the window was blocked at worst."""

    def __init__(self) -> None:
        self._timer = QTimer()
        self._timer.setInterval(1)
        self._timer.timeout.connect(self._tick)
        self.restart()
        self._timer.start()

    def restart(self) -> None:
        """Forget what was measured."""
        self._last, self._worst = time.perf_counter(), 0.0

    def worst_ms(self) -> float:
        """Return the longest block since the restart."""
        self._tick()
        return 1000 * self._worst

    def _tick(self) -> None:
        now = time.perf_counter()
        self._worst, self._last = max(self._worst, now - self._last), now


def wait_until(condition: Callable[[], bool], timeout_s: float = 120) -> None:
    """Let the window work until something is true."""
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the window did not get there in time")
        get_qapp().processEvents()
        time.sleep(0.001)


def is_idle(session: Session) -> bool:
    """Whether everything that was asked for is shown."""
    lanes = (session.preview_lane, session.follower.follow_lane, session.follower.run_lane)
    return session.is_followed_now and not any(lane.busy for lane in lanes)


def answer_ms(session: Session, change: Callable[[], None]) -> float:
    """Return the time from a change to the drawn frame in view."""
    drawn: list[float] = []
    session.frame_found.connect(lambda _: drawn.append(time.perf_counter()))
    began = time.perf_counter()
    change()
    wait_until(lambda: bool(drawn))
    get_qapp().processEvents()
    return 1000 * (time.perf_counter() - began)


def with_offset(session: Session, offset: float) -> Callable[[], None]:
    """Return a function that sets the offset of an automatic threshold."""
    regions = Regions(threshold=Otsu(offset=offset))
    return lambda: session.update(segment=regions)


def measure(size_px: int, n_cells: int, n_repeats: int, table: Table) -> None:
    """Measure one size of image."""
    watchdog = Watchdog()
    viewer = napari.Viewer(title="benchmark")
    wait_until(lambda: True)
    movie = dividing_nuclei(N_FRAMES, (size_px, size_px), n_cells).movie()
    watchdog.restart()
    add_movie(viewer, movie)
    wait_until(lambda: True)
    opening = watchdog.worst_ms()
    for name in ("Count cells", "Track cells"):
        viewer.window.add_plugin_dock_widget("napari-celltrack", name)
    session = session_of(viewer)
    watchdog.restart()
    session.set_recipe(Recipe(segment=Regions(threshold=Otsu())))
    wait_until(lambda: is_idle(session))
    first = watchdog.worst_ms()

    watchdog.restart()
    offsets = np.linspace(1, 60, n_repeats)
    answers = [answer_ms(session, with_offset(session, offset)) for offset in offsets]
    dragging = watchdog.worst_ms()
    wait_until(lambda: is_idle(session))

    watchdog.restart()
    session.run_all()
    wait_until(lambda: is_idle(session) and session.followed.is_whole)
    running = watchdog.worst_ms()

    watchdog.restart()
    for radius in np.linspace(10, 40, n_repeats):
        session.update(link=Assignment(max_distance_px=float(radius)))
        wait_until(lambda: is_idle(session))
    linking = watchdog.worst_ms()
    median, late = np.percentile(answers, [50, 95])
    blocks = (opening, first, dragging, running, linking)
    table.add_row(
        f"{size_px} x {size_px}, {n_cells} cells",
        f"{median:.0f}",
        f"{late:.0f}",
        *(f"{block:.0f}" for block in blocks),
    )
    viewer.close()
    wait_until(lambda: True)


def main() -> None:
    """Measure all sizes and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--sizes", type=int, nargs="*", help="only these, in px")
    arguments = parser.parse_args()
    table = Table(title="The window: time to answer a slider, and longest block, in ms")
    table.add_column("image")
    for column in ("answer, median", "95 %", "open", "first", "drag", "run all", "link"):
        table.add_column(column, justify="right")
    for size_px, n_cells in SIZES:
        if not arguments.sizes or size_px in arguments.sizes:
            measure(size_px, n_cells, arguments.repeats, table)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
