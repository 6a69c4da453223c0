"""Open napari with movies and the docks: ``python -m napari_celltrack.gui FILE...``."""

from __future__ import annotations

import sys

import napari

from napari_celltrack.errors import CelltrackError
from napari_celltrack.gui.show_movie import add_movie
from napari_celltrack.readers import open_movie


def main(paths: list[str]) -> None:
    """Open a window with the movies, and stay until it is closed."""
    viewer = napari.Viewer(title="Cell tracking")
    for path in paths:
        try:
            add_movie(viewer, open_movie(path))
        except CelltrackError as error:
            napari.utils.notifications.show_error(str(error))
    viewer.window.add_plugin_dock_widget("napari-celltrack", "Count cells")
    napari.run()


if __name__ == "__main__":
    main(sys.argv[1:])
