"""The button that an empty window begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import ref

from qtpy.QtWidgets import QFileDialog, QPushButton

from napari_celltrack.errors import CelltrackError
from napari_celltrack.gui.show_movie import add_movie
from napari_celltrack.readers import open_movie

if TYPE_CHECKING:
    import napari

_FILES = (
    "Images and movies (*.tif *.tiff *.btf *.lsm *.stk *.mp4 *.m4v *.mov *.avi *.mkv *.webm *.png "
    "*.jpg *.jpeg *.bmp);;All files (*)"
)


class OpenButton(QPushButton):
    """Asks for a file and shows it, without napari's question of which reader to take.

    Parameters
    ----------
    viewer : napari.Viewer
        Where the movie is shown.
    """

    def __init__(self, viewer: napari.Viewer) -> None:
        super().__init__("Open a movie…")
        self._viewer = ref(viewer)
        self.setObjectName("movie_open")
        self.setToolTip("Choose an image, a stack or a video. A folder of frames: drag it here.")
        self.clicked.connect(self._choose)

    def _choose(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Open a movie", "", _FILES)
        if path:
            self.open(path)

    def open(self, path: str) -> None:
        """Show a file; what cannot be read is said as napari says it.

        Parameters
        ----------
        path : str
            An image, a stack or a video.
        """
        from napari.utils.notifications import show_error

        viewer = self._viewer()
        if viewer is None:
            return
        try:
            add_movie(viewer, open_movie(path))
        except CelltrackError as error:
            show_error(str(error))
