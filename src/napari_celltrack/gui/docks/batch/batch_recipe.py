"""With which settings a batch runs: those of the window, or of a file. Knows no Qt."""

from __future__ import annotations

from typing import Any

from napari_celltrack.gui.file_recipe import recipe_for_files
from napari_celltrack.gui.session import Session
from napari_celltrack.recipe import Recipe


class BatchRecipe:
    """Chooses between the settings that the docks share and those of a file.

    Parameters
    ----------
    session : Session
        Of the window.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._of_file: Recipe | None = None
        self._stand_in: tuple[Recipe, Recipe] | None = None

    def value(self) -> Recipe:
        """Return the settings that a run begins with now."""
        if self._of_file is not None:
            return self._of_file
        if self._stand_in is not None and self._stand_in[0] == self._session.recipe:
            return self._stand_in[1]
        return recipe_for_files(self._session)

    def use_window(self) -> None:
        """Take the settings of the docks, as they are when a run begins."""
        self._of_file = None

    def use_file(self, path: str) -> None:
        """Take the settings of a file.

        Raises
        ------
        RecipeError
            If it cannot be read, or is no recipe; then those of the docks are taken.
        """
        self._of_file = None
        self._of_file = Recipe.load(path)

    def set_export(self, export: tuple[Any, ...]) -> None:
        """Change which files a run writes, in whatever settings are used."""
        if self._of_file is not None:
            self._of_file = self._of_file.replace(export=export)
            return
        self._stand_in = None
        self._session.update(export=export)

    def keep(self, recipe: Recipe) -> None:
        """Go on with a recipe as long as the docks show what they show now.

        Opening a result changes the settings of the docks, but not what the batch is to run.
        """
        self._stand_in = (self._session.recipe, recipe)
