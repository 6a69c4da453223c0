"""RecipeMenu: what can be done with all settings at once, from every dock."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QGuiApplication, QKeySequence, QShortcut
from qtpy.QtWidgets import QAction, QFileDialog, QMenu, QWidget

from napari_celltrack.errors import CelltrackError
from napari_celltrack.gui.by_hand import FACTS
from napari_celltrack.gui.closing import save_by_hand
from napari_celltrack.gui.file_recipe import path_for_files, recipe_for_files, recipe_for_window
from napari_celltrack.gui.session import Session
from napari_celltrack.recipe import Recipe
from napari_celltrack.script import to_script
from napari_celltrack.text import plural

_RECIPE_FILES = "Recipe (*.yaml *.yml)"


class RecipeMenu(QMenu):
    """Goes back in the history of the settings, resets, loads, saves and copies them.

    Parameters
    ----------
    session : Session
        Whose settings.
    dock : QWidget
        Ctrl+Z and Ctrl+Shift+Z work in it.
    parent : QWidget
        The button that opens the menu.
    """

    #: A sentence about where the settings are now.
    said = Signal(str)
    #: The error for which nothing was loaded or saved.
    failed = Signal(object)

    def __init__(self, session: Session, dock: QWidget, parent: QWidget) -> None:
        super().__init__(parent)
        self._session = session
        self._undo = self._add("Undo", session.undo, "Ctrl+Z")
        self._redo = self._add("Redo", session.redo, "Ctrl+Shift+Z")
        self.addSeparator()
        self._add("Reset", lambda: session.set_recipe(Recipe()))
        self._add("Load recipe…", self._load)
        self._add("Save recipe…", self._save)
        self._add("Copy as Python", self._copy)
        self.addSeparator()
        self._add("Load corrections…", self._load_by_hand)
        self._add("Save corrections…", self._save_by_hand)
        self.aboutToShow.connect(self._show_history)
        for keys, slot in (("Ctrl+Z", session.undo), ("Ctrl+Shift+Z", session.redo)):
            shortcut = QShortcut(QKeySequence(keys), dock)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(slot)

    def _add(self, text: str, slot: Callable[[], Any], keys: str = "") -> QAction:
        # The keys are shown here, and work through a shortcut of the dock alone.
        action = self.addAction(f"{text}\t{keys}" if keys else text)
        # Qt would hand over whether it is checked.
        action.triggered.connect(lambda _checked: slot())
        return action

    def _load(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self.parentWidget(), "Load recipe", "", _RECIPE_FILES)
        if not path:
            return
        try:
            self._session.take_recipe(recipe_for_window(Recipe.load(path), self._session))
        except CelltrackError as error:
            self.failed.emit(error)

    def _save(self) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self.parentWidget(), "Save recipe", "recipe.yaml", _RECIPE_FILES
        )
        if not path:
            return
        try:
            recipe_for_files(self._session).save(path)
        except CelltrackError as error:
            self.failed.emit(error)
        else:
            self.said.emit(f"Saved as {path}.")

    def _copy(self) -> None:
        # What it was tuned on changes no result.
        recipe = recipe_for_files(self._session).replace(tuned_on=None)
        QGuiApplication.clipboard().setText(to_script(recipe, path_for_files(self._session)))
        self.said.emit("A Python script with these settings is on the clipboard.")

    def _load_by_hand(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self.parentWidget(), "Load what was made by hand", "", f"{FACTS} ({FACTS})"
        )
        if not path:
            return
        try:
            n_frames = self._session.read_by_hand(Path(path))
        except CelltrackError as error:
            self.failed.emit(error)
        else:
            words = f"{n_frames} {plural(n_frames, 'frame')}"
            self.said.emit(f"Loaded the cells of {words} and what was reviewed.")

    def _save_by_hand(self) -> None:
        if (folder := save_by_hand(self.window(), self._session)) is not None:
            self.said.emit(f"Saved what was made by hand as {folder}.")

    def _show_history(self) -> None:
        self._undo.setEnabled(self._session.can_undo)
        self._redo.setEnabled(self._session.can_redo)
