"""Closing a window asks once where something that a person made is not saved."""

from __future__ import annotations

import weakref
from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QFileDialog, QMainWindow, QMessageBox, QWidget
from typing_extensions import override

from napari_celltrack.errors import CelltrackError
from napari_celltrack.gui.gui_queue import soon
from napari_celltrack.gui.session import Session

_NAME = "celltrack_closing"


def ask_before_closing(viewer: Any, session: Session) -> None:
    """Ask from now on when the user closes the window of a viewer; a program may close it."""
    window = getattr(getattr(viewer, "window", None), "_qt_window", None)
    if window is not None and window.findChild(QObject, _NAME) is None:
        _Closing(window, session)


class _Closing(QObject):
    def __init__(self, window: QMainWindow, session: Session) -> None:
        super().__init__(window)
        self.setObjectName(_NAME)
        self._session = weakref.ref(session)
        window.installEventFilter(self)
        window.close = partial(_close, weakref.ref(window), weakref.ref(session))

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # A close that does not come from the window manager was asked for below, or by a program.
        if event.type() != QEvent.Type.Close or not event.spontaneous():
            return False
        session = self._session()
        if session is None or not session.by_hand.unsaved():
            return False
        event.ignore()
        if isinstance(watched, QMainWindow) and may_leave(watched, session):
            # As a program closes it, so that napari does not ask again.
            soon(watched.close)
        return True


def _close(
    window: weakref.ref[QMainWindow],
    session: weakref.ref[Session],
    quit_app: bool = False,
    confirm_need: bool = False,
) -> Any:
    """Close a window as napari does; from its menu napari would ask before Qt does."""
    living, known = window(), session()
    if living is None:
        return None
    if confirm_need and known is not None and known.by_hand.unsaved():
        if not may_leave(living, known):
            return None
        confirm_need = False
    return type(living).close(living, quit_app, confirm_need)


def may_leave(parent: QWidget, session: Session) -> bool:
    """Ask what to do with what is not saved; return whether to go on without it.

    Parameters
    ----------
    parent : QWidget
        The window.
    session : Session
        Whose things are lost otherwise.
    """
    buttons = QMessageBox.StandardButton
    words = session.by_hand.unsaved()
    box = QMessageBox(
        QMessageBox.Icon.Warning,
        "Save what was made by hand?",
        f"{words[:1].upper()}{words[1:]}: not saved yet.",
        buttons.Save | buttons.Discard | buttons.Cancel,
        parent,
    )
    box.setObjectName("celltrack_unsaved")
    box.button(buttons.Save).setText("Save…")
    box.button(buttons.Discard).setText("Discard")
    box.setDefaultButton(buttons.Save)
    answer = box.exec()
    box.deleteLater()
    if answer == buttons.Save:
        return save_by_hand(parent, session) is not None
    return bool(answer == buttons.Discard)


def save_by_hand(parent: QWidget, session: Session) -> Path | None:
    """Ask for a folder and save into it; return where, or None if nothing was saved."""
    place = QFileDialog.getExistingDirectory(parent, "Folder for what was made by hand")
    if not place:
        return None
    try:
        return session.by_hand.save(Path(place))
    except CelltrackError as error:
        QMessageBox.warning(parent, "Not saved", str(error))
        return None
