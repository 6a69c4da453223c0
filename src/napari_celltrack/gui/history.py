"""History: the recipes that were in use, to go back to and forward again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from napari_celltrack.recipe import Recipe

#: Changes of one field within this time count as one, as when a slider is dragged.
_ONE_DRAG_S = 1.0
#: Recipes that are remembered.
_MAX_STEPS = 200


class History:
    """Recipes in the order they were used, and which of them is in use.

    Parameters
    ----------
    recipe : Recipe
        The first.
    clock : callable
        Gives the time in s.
    """

    def __init__(self, recipe: Recipe, clock: Callable[[], float] = time.monotonic) -> None:
        self._recipes = [recipe]
        self._index = 0
        self._clock = clock
        self._changed: frozenset[str] = frozenset()
        self._changed_at = -_ONE_DRAG_S

    @property
    def can_undo(self) -> bool:
        """Whether there is an earlier recipe."""
        return self._index > 0

    @property
    def can_redo(self) -> bool:
        """Whether a recipe was gone back from."""
        return self._index < len(self._recipes) - 1

    def put(self, recipe: Recipe) -> None:
        """Remember a recipe that is in use from now on; what was gone back from is forgotten."""
        changed = _changed_fields(self._recipes[self._index], recipe)
        now = self._clock()
        is_same_drag = (
            changed == self._changed
            and now - self._changed_at < _ONE_DRAG_S
            and self.can_undo
            and not self.can_redo
        )
        kept = self._index if is_same_drag else self._index + 1
        self._recipes = [*self._recipes[:kept], recipe][-_MAX_STEPS:]
        self._index = len(self._recipes) - 1
        self._changed, self._changed_at = changed, now

    def amend(self, recipe: Recipe) -> None:
        """Put a recipe in the place of the one in use, for a change that nobody made."""
        self._recipes[self._index] = recipe

    def undo(self) -> Recipe:
        """Go back by one, and return the recipe that is in use then."""
        self._changed = frozenset()
        self._index = max(self._index - 1, 0)
        return self._recipes[self._index]

    def redo(self) -> Recipe:
        """Go forward by one, and return the recipe that is in use then."""
        self._changed = frozenset()
        self._index = min(self._index + 1, len(self._recipes) - 1)
        return self._recipes[self._index]


def _changed_fields(before: Recipe, after: Recipe) -> frozenset[str]:
    """Return the paths of the fields in which two recipes differ."""
    return frozenset(_differences(before.model_dump(), after.model_dump(), ""))


def _differences(before: Any, after: Any, path: str) -> list[str]:
    if before == after:
        return []
    if isinstance(before, dict) and isinstance(after, dict) and before.keys() == after.keys():
        pairs = [(key, before[key], after[key]) for key in before]
    elif isinstance(before, tuple) and isinstance(after, tuple) and len(before) == len(after):
        pairs = [(str(i), b, a) for i, (b, a) in enumerate(zip(before, after, strict=True))]
    else:
        return [path]
    return [field for key, b, a in pairs for field in _differences(b, a, f"{path}.{key}")]
