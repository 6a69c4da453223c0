"""Fixtures of the tests that need a display."""

from __future__ import annotations

import gc
import importlib
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import pytest

from napari_celltrack.measure import ObjectFilter
from napari_celltrack.recipe import Recipe
from napari_celltrack.segment import Manual, NoSplit, Regions

#: Cells in each frame of the scene; one frame is empty.
CELLS_OF_FRAME = (3, 5, 0, 4, 2)
#: Longest time for which the window may not answer.
MAX_BLOCKED_MS = 100


def pytest_configure(config: pytest.Config) -> None:
    """Declare the mark of the tests that look at napari's own window."""
    # Nobody's settings of napari are read, and none are written by two workers at once.
    os.environ["NAPARI_CONFIG"] = ""
    config.addinivalue_line("markers", "window: the viewer is napari's own, which takes a second")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail with a sentence where Qt would abort the whole process."""
    has_display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if sys.platform.startswith("linux") and not has_display:
        pytest.fail("tests/gui need a display: start them as 'xvfb-run -a pytest'", pytrace=False)


@pytest.fixture(scope="session", autouse=True)
def own_display(request) -> None:
    """Give each of several workers a screen with a focus and a clipboard of its own."""
    if "PYTEST_XDIST_WORKER" not in os.environ or shutil.which("Xvfb") is None:
        return
    ours, theirs = os.pipe()
    screen = ["-displayfd", str(theirs), "-screen", "0", "1920x1200x24", "+extension", "GLX"]
    # It ends with the last program that shows something there, which is this one.
    command = ["Xvfb", *screen, "-terminate", "-nolisten", "tcp"]
    subprocess.Popen(command, pass_fds=[theirs], stderr=subprocess.DEVNULL)
    os.close(theirs)
    with os.fdopen(ours) as answer:
        os.environ["DISPLAY"] = f":{answer.readline().strip()}"
    request.getfixturevalue("qapp")


@pytest.fixture(scope="session", autouse=True)
def imports_out_of_the_garbage() -> None:
    """Keep what is imported once from being gone through by each collection of garbage.

    napari's fixture collects several times a test.
    """
    importlib.import_module("napari._qt.qt_main_window")
    # As napari does before its first window: readers, its own and ours, are there for a model, too.
    importlib.import_module("napari.plugins")._initialize_plugins()

    gc.collect()
    gc.freeze()


@pytest.fixture
def cells_of_frame() -> tuple[int, ...]:
    """Return how many cells each frame of the scene has."""
    return CELLS_OF_FRAME


@pytest.fixture
def scene() -> npt.NDArray[np.uint16]:
    """Return a movie (5, 96, 96) of bright squares, far apart, as many as CELLS_OF_FRAME says."""
    movie = np.random.default_rng(0).normal(100, 3, (len(CELLS_OF_FRAME), 96, 96))
    for frame, n_cells in enumerate(CELLS_OF_FRAME):
        for cell in range(n_cells):
            y, x = divmod(cell, 3)
            movie[frame, 12 + 36 * y : 24 + 36 * y, 6 + 32 * x : 18 + 32 * x] += 500
    return movie.astype(np.uint16)


@pytest.fixture
def recipe() -> Recipe:
    """Return a recipe that counts the squares of the scene: a fixed level, nothing split."""
    segment = Regions(threshold=Manual(value=300.0), split=NoSplit())
    return Recipe(segment=segment, objects=ObjectFilter(min_area_px2=30))


@pytest.fixture
def make_viewer(request, qtbot, lane_threads) -> Iterator[Callable]:
    """Return a function that makes a viewer, as often as it is called.

    A viewer is napari's own, with its window, for a test that is marked so. All are closed, and
    their background threads end, before the test does.
    """
    from plain_viewer import PlainViewer

    is_real = request.node.get_closest_marker("window") is not None
    make = request.getfixturevalue("make_napari_viewer") if is_real else PlainViewer
    viewers = []

    def make_one():
        viewers.append(make())
        return viewers[-1]

    yield make_one
    for viewer in viewers:
        viewer.close()
    qtbot.waitUntil(lambda: not lane_threads(), timeout=60_000)


@pytest.fixture
def viewer(make_viewer, recipe):
    """Return a viewer that counts the squares of the scene."""
    from napari_celltrack.gui.session import session_of

    viewer = make_viewer()
    session_of(viewer).set_recipe(recipe)
    return viewer


@pytest.fixture
def open_count(viewer, qtbot) -> Callable:
    """Return a function that opens the dock, and waits for the first result if there is a movie."""
    from napari_celltrack.gui.docks.count.count_cells import CountCells
    from napari_celltrack.gui.session import session_of

    def open_dock() -> CountCells:
        dock = CountCells(viewer)
        viewer.window.add_dock_widget(dock, name="Count")
        session = session_of(viewer)
        if session.movie is not None:
            qtbot.waitUntil(lambda: session.found is not None, timeout=60_000)
        return dock

    return open_dock


@pytest.fixture
def open_track(viewer, qtbot) -> Callable:
    """Return a function that opens the dock, and waits for the first tracks if there is a movie."""
    from track_scenes import wait_for_tracks

    from napari_celltrack.gui.docks.track.track_cells import TrackCells
    from napari_celltrack.gui.session import session_of

    def open_dock() -> TrackCells:
        dock = TrackCells(viewer)
        viewer.window.add_dock_widget(dock, name="Track")
        session = session_of(viewer)
        if session.movie is not None and session.movie.n_frames > 1:
            wait_for_tracks(qtbot, session)
        return dock

    return open_dock


@pytest.fixture
def open_movie_dock(viewer, qtbot) -> Callable:
    """Return a function that opens the dock, and waits until it has looked at the frames."""
    from movie_scenes import settle

    from napari_celltrack.gui.docks.movie.movie_preprocess import MoviePreprocess

    def open_dock() -> MoviePreprocess:
        dock = MoviePreprocess(viewer)
        viewer.window.add_dock_widget(dock, name="Movie")
        settle(dock, qtbot)
        return dock

    return open_dock


@pytest.fixture
def input_of(viewer) -> Callable:
    """Return a function that tells which pixels of the movie are looked at."""
    from napari_celltrack.gui.session import session_of

    return lambda: session_of(viewer).recipe.input


class Watchdog:
    """Measures how long the GUI thread works at a stretch, by a timer that should always tick.

    Its own time is counted and not the clock's, which on a busy machine counts the work of others,
    too; ``benchmarks/gui.py`` measures by the clock.
    """

    def __init__(self) -> None:
        from qtpy.QtCore import QTimer

        self._ticks: list[float] = []
        self._timer = QTimer()
        self._timer.setInterval(1)
        self._timer.timeout.connect(lambda: self._ticks.append(time.thread_time()))

    def tries(self) -> Iterator[None]:
        """Measure up to three tries, until the window answered all the time in one of them.

        The best of three: what Python collects meanwhile is not of one try alone.
        """
        worked_ms: list[float] = []
        while len(worked_ms) < 3 and min(worked_ms, default=np.inf) >= MAX_BLOCKED_MS:
            self._ticks = [time.thread_time()]
            self._timer.start()
            yield
            self.stop()
            worked_ms.append(1000 * float(np.diff(self._ticks).max()))
        assert min(worked_ms) < MAX_BLOCKED_MS, f"the window was kept busy for {worked_ms} ms"

    def stop(self) -> None:
        """Leave out what comes after in this try."""
        if self._timer.isActive():
            self._ticks.append(time.thread_time())
            self._timer.stop()


@pytest.fixture
def gui_blocked_ms(qtbot) -> Iterator[Watchdog]:
    """Return what measures how long the GUI thread is kept busy at worst."""
    # What earlier tests left behind is not for the garbage collector to go through meanwhile.
    gc.collect()
    gc.freeze()
    watchdog = Watchdog()
    yield watchdog
    watchdog.stop()
    gc.unfreeze()
    gc.collect()
    gc.freeze()


@pytest.fixture
def lane_threads() -> Callable[[], list[str]]:
    """Return a function that names the background threads that are alive."""

    def alive() -> list[str]:
        names = (thread.name for thread in threading.enumerate())
        return [name for name in names if name.startswith("celltrack")]

    return alive
