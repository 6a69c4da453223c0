"""Folders that are dropped onto the window are opened by us: napari would ask which reader to take.

Its preferences stay as they are. With a key held down, or with other files, napari has its way.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import QWidget
from typing_extensions import override

from napari_celltrack.gui.reader import get_reader

_NAME = "celltrack_folder_drops"
_PLUGIN = "napari-celltrack"


def take_folders(viewer: Any) -> None:
    """Open the folders that are dropped onto the window of a viewer, from now on."""
    window = getattr(getattr(viewer, "window", None), "_qt_window", None)
    canvas = getattr(window, "_qt_viewer", None)
    if canvas is not None and canvas.findChild(QObject, _NAME) is None:
        canvas.installEventFilter(_FolderDrops(canvas))


class _FolderDrops(QObject):
    def __init__(self, canvas: QWidget) -> None:
        super().__init__(canvas)
        self.setObjectName(_NAME)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QDropEvent) or event.type() != QEvent.Type.Drop:
            return False
        folders = _folders_in(event)
        if not folders:
            return False
        event.acceptProposedAction()
        for folder in folders:
            # As napari does it, so that the layers know where they come from.
            watched.viewer.open(folder, plugin=_PLUGIN)
        return True


def _folders_in(event: QDropEvent) -> list[str]:
    """Return what was dropped if it is nothing but folders that we read."""
    mime = event.mimeData()
    keys = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.AltModifier
    if mime is None or not mime.hasUrls() or event.modifiers() & keys:
        return []
    paths = [url.toLocalFile() for url in mime.urls()]
    is_ours = all(path and Path(path).is_dir() and get_reader(path) for path in paths)
    return [str(Path(path)) for path in paths] if is_ours else []
