"""Take the pictures of the documentation: the real window, on a made movie, dock by dock.

Needs a display; without one, start it as ``xvfb-run -a -s "-screen 0 1920x1080x24" python
docs/screenshots.py``.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

# A picture must not depend on, nor change, the settings of who takes it; napari reads this name
# when it is imported.
os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp()) / "settings.yaml")

import napari
from napari.qt import get_qapp
from napari.settings import get_settings
from qtpy.QtWidgets import QDockWidget, QLabel, QLineEdit, QPushButton, QWidget

from napari_celltrack.gui.session import Session, session_of
from napari_celltrack.gui.show_movie import add_movie
from napari_celltrack.gui.workbench import open_workbench
from napari_celltrack.movie import Movie
from napari_celltrack.readers import open_movie
from napari_celltrack.recipe import Recipe
from napari_celltrack.sample_data import dividing_nuclei, failure_school

IMAGES = Path(__file__).parent / "images"
#: The smallest laptop that everything has to fit, and a larger screen.
SIZES_PX = {"": (1366, 768), "_large": (1920, 1080)}
FRAME = 12


def wait_until(condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
    """Let the window work until something is true."""
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the window did not get there in time")
        get_qapp().processEvents()
        time.sleep(0.01)


def settle(seconds: float = 0.5) -> None:
    """Let the window draw what is still to be drawn."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        get_qapp().processEvents()
        time.sleep(0.01)


def is_idle(session: Session) -> bool:
    """Whether everything that was asked for is shown."""
    lanes = (session.preview_lane, session.follower.follow_lane, session.follower.run_lane)
    return session.is_followed_now and not any(lane.busy for lane in lanes)


@contextmanager
def workbench(
    theme: str, size_px: tuple[int, int], movie: Path | None, recipe: Recipe
) -> Iterator[tuple[Any, Session, list[QWidget]]]:
    """Open a window with a movie and all docks."""
    get_settings().appearance.theme = theme
    viewer = napari.Viewer(title="napari", show=False)
    viewer.theme = theme
    viewer.window.resize(*size_px)
    viewer.window.show()
    if movie is None:
        # Its mistakes are known, so there is something to see in the health of frames and tracks.
        add_movie(viewer, failure_school().movie())
    else:
        add_movie(viewer, open_movie(movie))
    session = session_of(viewer)
    session.set_recipe(recipe)
    docks = open_workbench(viewer)
    viewer.window.resize(*size_px)
    viewer.dims.set_current_step(0, FRAME)
    viewer.reset_view()
    wait_until(lambda: is_idle(session))
    yield viewer, session, docks
    viewer.close()
    settle(0.2)


def raise_dock(dock: QWidget) -> None:
    """Bring the tab of a dock to the front."""
    parent = dock.parent()
    while not isinstance(parent, QDockWidget):
        parent = parent.parent()
    parent.show()
    parent.raise_()


def run_folder(dock: QWidget, tuned_on: Movie) -> None:
    """Run a small folder of movies like the one in the window, and one that was cut short."""
    folder = Path(tempfile.gettempdir()) / "screen_07"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for condition in ("ctrl", "drug"):
        for number in range(1, 4):
            made = dividing_nuclei(6, (192, 192), 6 + number, n_divisions=1, seed=number)
            # Another calibration than the recipe was tuned on would be a warning for each file.
            size_um, interval_s = tuned_on.pixel_size_um, tuned_on.frame_interval_s
            made = replace(
                made,
                pixel_size_um=size_um[1] if size_um else made.pixel_size_um,
                frame_interval_s=interval_s or made.frame_interval_s,
            )
            made.save(folder / f"{condition}_w{number}.tif")
    whole = (folder / "drug_w3.tif").read_bytes()
    (folder / "drug_w4.tif").write_bytes(whole[: len(whole) // 2])
    for name, text in (("folder", str(folder)), ("pattern", "{condition}_w{well}.tif")):
        line = dock.findChild(QLineEdit, f"batch_{name}")
        line.setText(text)
        line.editingFinished.emit()
        settle(1)
    start = dock.findChild(QPushButton, "batch_start")
    wait_until(start.isEnabled)
    wait_until(lambda: "s" in dock.findChild(QLabel, "batch_vertical_time").text())
    start.click()
    wait_until((folder / "results" / "report.html").is_file)
    wait_until(start.isEnabled)
    settle(1)


def take(theme: str, size: str, to: Path, movie: Path | None, recipe: Recipe) -> None:
    """Take one picture a dock: a window of frames is tuned, then all are run and followed."""
    to.mkdir(parents=True, exist_ok=True)
    ending = f"{size}{'_light' if theme == 'light' else ''}.png"
    with workbench(theme, SIZES_PX[size], movie, recipe) as (viewer, session, docks):
        for dock in docks:
            if dock.objectName() == "track_dock":
                session.run_all()
                wait_until(lambda: is_idle(session) and session.followed.is_whole)
            raise_dock(dock)
            if dock.objectName() == "batch_dock":
                run_folder(dock, session.movie)
            settle(2)
            if dock.objectName() == "track_dock":
                dock.findChild(QWidget, "track_next").click()
                settle(1)
            name = dock.objectName().removesuffix("_dock")
            path = to / f"{name}{ending}"
            viewer.window.screenshot(str(path), canvas_only=False, flash=False)


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=IMAGES, help="folder of the pictures")
    parser.add_argument("--theme", nargs="+", default=["dark", "light"])
    parser.add_argument("--size", nargs="+", default=[""], choices=list(SIZES_PX))
    parser.add_argument("--movie", type=Path, help="in place of the made movie")
    parser.add_argument("--recipe", type=Path, help="in place of the default settings")
    arguments = parser.parse_args()
    recipe = Recipe.load(arguments.recipe) if arguments.recipe else Recipe()
    for size in arguments.size:
        for theme in arguments.theme:
            take(theme, size, arguments.to, arguments.movie, recipe)


if __name__ == "__main__":
    main()
