"""Take the pictures of the documentation: the real window, on a made movie.

Needs a display; without one, start it as ``xvfb-run -a -s "-screen 0 1920x1080x24" python
docs/screenshots.py``.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

# A picture must not depend on, nor change, the settings of who takes it; napari reads this name
# when it is imported.
os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp()) / "settings.yaml")

import napari
from napari.qt import get_qapp
from napari.settings import get_settings

from napari_celltrack.gui.session import session_of
from napari_celltrack.gui.show_movie import add_movie
from napari_celltrack.recipe import Recipe
from napari_celltrack.sample_data import dividing_nuclei

IMAGES = Path(__file__).parent / "images"
#: The smallest laptop that everything has to fit.
WINDOW_PX = (1366, 768)


def wait_until(condition: Callable[[], bool], timeout_s: float = 30.0) -> None:
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


def count_cells(path: Path, theme: str, size_px: tuple[int, int]) -> None:
    """Take the picture of the dock *Count cells*."""
    get_settings().appearance.theme = theme
    viewer = napari.Viewer(title="napari", show=False)
    viewer.theme = theme
    viewer.window.resize(*size_px)
    viewer.window.show()
    (image,) = add_movie(viewer, dividing_nuclei(20, (320, 320), 32).movie())
    image.contrast_limits = (150, 1300)
    viewer.dims.set_current_step(0, 12)
    viewer.window.add_plugin_dock_widget("napari-celltrack", "Count cells")
    viewer.window.resize(*size_px)
    session = session_of(viewer)
    session.set_recipe(Recipe())
    wait_until(lambda: session.found is not None and session.found.frame == 12)
    viewer.reset_view()
    settle()
    path.parent.mkdir(parents=True, exist_ok=True)
    viewer.window.screenshot(str(path), canvas_only=False, flash=False)
    viewer.close()
    settle(0.1)


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=IMAGES, help="folder of the pictures")
    parser.add_argument("--theme", default="dark", choices=["dark", "light"])
    parser.add_argument("--size", type=int, nargs=2, default=WINDOW_PX, help="window, in px")
    wanted = parser.parse_args()
    count_cells(wanted.to / "count_cells.png", wanted.theme, tuple(wanted.size))


if __name__ == "__main__":
    main()
