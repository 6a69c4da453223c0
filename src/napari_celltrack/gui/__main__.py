"""Open napari with files and the workbench: ``python -m napari_celltrack.gui -- FILE...``."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import napari
from napari.components import ViewerModel
from napari.utils.notifications import show_error
from qtpy.QtCore import QTimer

from napari_celltrack.errors import CelltrackError
from napari_celltrack.gui.found_movies import find_movies
from napari_celltrack.gui.show_movie import add_found
from napari_celltrack.gui.show_result import add_result, is_result
from napari_celltrack.gui.workbench import open_workbench


def main(paths: Iterable[str]) -> None:
    """Open a window with files and all docks, and stay until it is closed."""
    viewer = napari.Viewer(title="Cell tracking")
    open_paths(viewer, paths)
    open_workbench(viewer)
    # The docks have taken of the room that the images were fitted to.
    QTimer.singleShot(0, viewer.reset_view)
    napari.run()


def open_paths(viewer: ViewerModel, paths: Iterable[str]) -> None:
    """Add movies and results to a viewer; what cannot be read is said in a notification.

    Parameters
    ----------
    viewer : ViewerModel
        Where to add them.
    paths : iterable of str
        Images, videos, folders of frames, patterns, or folders that ``celltrack run`` wrote.
    """
    for path in paths:
        place = Path(path).expanduser()
        try:
            if is_result(place):
                add_result(viewer, place)
            else:
                add_found(viewer, find_movies(place)[0])
        except CelltrackError as error:
            show_error(str(error))


if __name__ == "__main__":
    main(argument for argument in sys.argv[1:] if argument != "--")
