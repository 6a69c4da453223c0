"""Opening movies: files, folders, and the other movies of those that are open."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from pathlib import Path

from napari.components import ViewerModel
from napari.layers import Image
from napari.utils import notifications
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QPushButton, QWidget

from napari_celltrack.errors import CelltrackError
from napari_celltrack.gui.docks.image_menus import set_up_menu
from napari_celltrack.gui.found_movies import FOUND, FoundMovie, find_movies
from napari_celltrack.gui.lane import Lane, one_result
from napari_celltrack.gui.layers.layer_file import file_of
from napari_celltrack.gui.layers.movie_layers import image_layers, show_one_movie
from napari_celltrack.gui.show_movie import LayerTuple, add_layers, movie_layers

_FILES = (
    "Images and movies (*.tif *.tiff *.btf *.lsm *.stk *.mp4 *.m4v *.mov *.avi *.mkv *.webm *.png "
    "*.jpg *.jpeg *.bmp);;All files (*)"
)


class OpenRow(QWidget):
    """Asks for files or a folder and shows them, without napari's question of which reader to take.

    Parameters
    ----------
    viewer : ViewerModel
        Where movies are shown; held weakly.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self._viewer = weakref.ref(viewer)
        #: Where movies are looked for and opened.
        self.lane = Lane("celltrack open", self)
        self._waiting: list[str] = []
        self._is_reading = False
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for name, text, tip, choose in (
            (
                "movie_open",
                "Open movies…",
                "Choose images, stacks or videos; several at once, if you like.",
                self._choose_files,
            ),
            (
                "movie_open_folder",
                "Open a folder…",
                "Choose a folder of frames, of movies, or an OME-Zarr.",
                self._choose_folder,
            ),
        ):
            button = QPushButton(text)
            button.setObjectName(name)
            button.setToolTip(tip)
            button.clicked.connect(choose)
            row.addWidget(button, 1)

    def open(self, paths: Iterable[str]) -> None:
        """Show files and folders, of each the first movie; what cannot be read is said.

        Parameters
        ----------
        paths : iterable of str
        """
        self._waiting += paths
        self._read_next()

    def _read_next(self) -> None:
        if self._waiting and not self._is_reading:
            self._is_reading = True
            read = one_result(_read_first, self._waiting.pop(0))
            self.lane.submit(read, self._show, self._fail)

    def _choose_files(self) -> None:
        paths, _ = QFileDialog.getOpenFileNames(self, "Open movies", "", _FILES)
        self.open(paths)

    def _choose_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Open a folder")
        self.open([path] if path else [])

    def _show(self, layers: list[LayerTuple]) -> None:
        self._is_reading = False
        if (viewer := self._viewer()) is not None:
            add_layers(viewer, layers)
        self._read_next()

    def _fail(self, error: Exception) -> None:
        self._is_reading = False
        self._read_next()
        _say(error)


class OtherMovies(QComboBox):
    """Offers the movies that were found with the one in use: positions, series, files of a folder.

    Parameters
    ----------
    viewer : ViewerModel
        Where movies are shown; held weakly.
    """

    #: A layer of the movie that was chosen, which is in the viewer.
    chosen = Signal(object)
    #: Whether there is anything to choose.
    offered = Signal(bool)

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        set_up_menu(self, "movie_choice", "The movies of this file or folder; one is worked on.")
        self._viewer = weakref.ref(viewer)
        #: Where movies are looked for and opened.
        self.lane = Lane("celltrack choice", self)
        self._layer: weakref.ref[Image] | None = None
        self._origin = ""
        self._movies: tuple[FoundMovie, ...] = ()
        self.activated.connect(self._open)

    @property
    def is_offering(self) -> bool:
        """Whether there is anything to choose."""
        return len(self._movies) > 1

    def show_layer(self, layer: Image | None) -> None:
        """Offer the movies that were found with that of a layer."""
        self._layer = None if layer is None else weakref.ref(layer)
        origin = "" if layer is None else _origin_of(layer)
        if origin != self._origin:
            self._origin = origin
            self._offer(())
            if origin:
                self.lane.submit(one_result(find_movies, origin), self._offer, self._offer_nothing)
        self._mark()

    def _offer(self, movies: tuple[FoundMovie, ...]) -> None:
        if movies and movies[0].origin != self._origin:
            return
        self._movies = movies
        self.clear()
        self.addItems([movie.title for movie in movies])
        self._mark()
        self.offered.emit(self.is_offering)

    def _offer_nothing(self, error: Exception) -> None:
        # Another reader has opened what we do not know, or the file is gone.
        self._offer(())

    def _mark(self) -> None:
        layer = self._layer() if self._layer else None
        if layer is not None:
            paths = [movie.item.path for movie in self._movies]
            path = _path_of(layer)
            self.setCurrentIndex(paths.index(path) if path in paths else 0)

    def _open(self, index: int) -> None:
        found, viewer = self._movies[index], self._viewer()
        if viewer is None:
            return
        there = [layer for layer in image_layers(viewer) if _path_of(layer) == found.item.path]
        if there:
            self._go_to(there[0])
        else:
            read = one_result(_read, found)
            self.lane.submit(read, self._show, self._fail)

    def _show(self, layers: list[LayerTuple]) -> None:
        if (viewer := self._viewer()) is not None:
            self._go_to(add_layers(viewer, layers)[0])

    def _fail(self, error: Exception) -> None:
        self._mark()
        _say(error)

    def _go_to(self, layer: Image) -> None:
        """Show a movie in place of the one before, which stays in the list of layers."""
        viewer, before = self._viewer(), self._layer() if self._layer else None
        if viewer is None:
            return
        for each in image_layers(viewer):
            if show_one_movie(each, layer) or each is layer:
                each.visible = True
            elif before is not None and (each is before or show_one_movie(each, before)):
                each.visible = False
        self.chosen.emit(layer)


def _read_first(path: str) -> list[LayerTuple]:
    return _read(find_movies(path)[0])


def _read(found: FoundMovie) -> list[LayerTuple]:
    return movie_layers(found.open(), found)


def _origin_of(layer: Image) -> str:
    """Return the file or folder that a layer comes from, or nothing."""
    found = layer.metadata.get(FOUND)
    path = found.origin if found else layer.source.path or ""
    return path if Path(path).exists() else ""


def _path_of(layer: Image) -> str:
    """Return the path of the movie that a layer shows, or nothing."""
    found, movie = layer.metadata.get(FOUND), file_of(layer).movie
    return str(found.item.path) if found else movie.path if movie else ""


def _say(error: Exception) -> None:
    if not isinstance(error, CelltrackError):
        raise error
    notifications.show_error(str(error))
