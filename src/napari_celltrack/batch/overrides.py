"""Overrides: other settings for some of the files of a run, in a file of their own.

A mapping from file name to the settings that differ, as deep as they are in the recipe::

    "drug_*.tif":
      segment: {threshold: {offset: 0.1}}
    "B0[12]/*.tif":
      preprocess: {0: {sigma_px: 3}}
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from napari_celltrack.batch.inputs import Item
from napari_celltrack.batch.name_pattern import NamePattern, PatternError, read_pattern
from napari_celltrack.errors import RecipeError
from napari_celltrack.recipe import Recipe
from napari_celltrack.settings import parse
from napari_celltrack.yaml_text import parse_yaml, read_yaml_text

#: Ends the path of one of several images in a file.
_IMAGE = re.compile(r"\[[0-9]+\]$")
#: Parts of a recipe that are not settings of a file.
_NOT_OF_A_FILE = ("version", "tuned_on", "export")


@dataclass(frozen=True)
class Override:
    """Changes for the files that match a pattern.

    Parameters
    ----------
    pattern : str
        Of the file name; with folders, as in ``B01/*.tif``, of the end of the path.
    changes : mapping
        Nested as in a recipe; only what differs. A list is replaced whole, or entry by entry when
        numbers from 0 stand for them.
    """

    pattern: str
    changes: Mapping[Any, Any]

    def matches(self, item: Item) -> bool:
        """Whether an item is one of these files; of a group, whether one of its files is."""
        wanted = _read(self.pattern)
        own = (item.path, item.file)
        files = (_IMAGE.sub("", path) for path in own)
        paths = [*own, *files, *(part.path for part in item.parts)]
        return any(wanted.values(path) is not None for path in paths)

    def settings(self) -> list[str]:
        """Return the changes a line each, as ``segment.threshold.offset: 0.1``."""
        return list(_lines(self.changes, ""))


@dataclass(frozen=True)
class Overrides:
    """Changes of the recipe for some of the files of a run.

    Parameters
    ----------
    entries : tuple of Override
        In the order of the file; where several match, later ones change what earlier ones made.
    name : str
        What the file is called in messages.
    """

    entries: tuple[Override, ...] = ()
    name: str = "overrides.yaml"

    @classmethod
    def load(cls, path: str | Path, recipe: Recipe | None = None) -> Overrides:
        """Read a file of overrides.

        Parameters
        ----------
        path : str or Path
            The file.
        recipe : Recipe, optional
            What is changed; given, every change is tried on it at once.

        Raises
        ------
        RecipeError
            If it cannot be read, is no mapping, or makes no valid recipe; it names file, pattern
            and setting.
        """
        text = read_yaml_text(path, "overrides")
        return cls.from_yaml(text, Path(path).name, recipe)

    @classmethod
    def from_yaml(
        cls, text: str, name: str = "overrides", recipe: Recipe | None = None
    ) -> Overrides:
        """Make overrides from YAML; see :meth:`load`."""
        values = parse_yaml(text, name)
        if values is None:
            return cls((), name)
        if not isinstance(values, dict):
            raise RecipeError(f"{name} has no patterns; write lines such as 'drug_*.tif: {{…}}'.")
        entries = []
        for pattern, changes in values.items():
            if not isinstance(changes, dict) or not changes:
                raise RecipeError(
                    f"{name}: {pattern} changes no setting; write what differs, such as "
                    "{objects: {min_area_px2: 50}}."
                )
            try:
                _read(str(pattern))
            except PatternError as error:
                raise RecipeError(f"{name}: {error}") from error
            entries.append(Override(str(pattern), changes))
        found = cls(tuple(entries), name)
        found.check(recipe or Recipe(), only_names=recipe is None)
        return found

    def to_yaml(self) -> str:
        """Return the overrides as YAML."""
        values = {entry.pattern: dict(entry.changes) for entry in self.entries}
        return yaml.safe_dump(values, sort_keys=False, allow_unicode=True) if values else ""

    def check(self, recipe: Recipe, *, only_names: bool = False) -> None:
        """Try every change on a recipe.

        Raises
        ------
        RecipeError
            If one makes no valid recipe; it names file, pattern and setting.
        """
        for entry in self.entries:
            for name in entry.changes:
                if name in _NOT_OF_A_FILE or name not in Recipe.model_fields:
                    known = [key for key in Recipe.model_fields if key not in _NOT_OF_A_FILE]
                    raise RecipeError(
                        f"{self.name}: {entry.pattern}: {name}: cannot be changed for single "
                        f"files; use one of {', '.join(known)}."
                    )
            if not only_names:
                self._changed(recipe, entry)

    def matching(self, item: Item) -> tuple[Override, ...]:
        """Return the entries for an item, in the order they apply."""
        return tuple(entry for entry in self.entries if entry.matches(item))

    def unused(self, items: Iterable[Item]) -> tuple[str, ...]:
        """Return the patterns that match none of the items."""
        items = tuple(items)
        return tuple(entry.pattern for entry in self.entries if not any(map(entry.matches, items)))

    def recipe_for(self, recipe: Recipe, item: Item) -> Recipe:
        """Return the recipe with the changes for an item; the same one where there are none.

        Raises
        ------
        RecipeError
            If the changes make no valid recipe; it names file, pattern and setting.
        """
        for entry in self.matching(item):
            recipe = self._changed(recipe, entry)
        return recipe

    def _changed(self, recipe: Recipe, entry: Override) -> Recipe:
        try:
            return parse(Recipe, _merged(recipe.model_dump(mode="json"), entry.changes, ""))
        except RecipeError as error:
            raise RecipeError(f"{self.name}: {entry.pattern}: {str(error).rstrip('.')}.") from error


def _read(pattern: str) -> NamePattern:
    wanted = read_pattern(pattern)
    if wanted.fields:
        raise PatternError(
            f"{pattern!r}: fields in braces mean nothing here; write * for what may differ."
        )
    return wanted


def _merged(value: Any, change: Any, path: str) -> Any:
    """Return a value with a partial change put into it."""
    if not isinstance(change, Mapping):
        return change
    if isinstance(value, list) and all(isinstance(key, int) for key in change):
        merged = list(value)
        for at, entry in change.items():
            if not 0 <= at < len(value):
                raise RecipeError(
                    f"{path}[{at}]: there are {len(value)} in the recipe, counted from 0"
                )
            merged[at] = _merged(value[at], entry, f"{path}[{at}]")
        return merged
    if not isinstance(value, Mapping):
        return dict(change)
    if "method" in change and change["method"] != value.get("method"):
        # Another method has settings of its own: those of the old one mean nothing to it.
        return dict(change)
    return {
        **value,
        **{
            key: _merged(value.get(key), entry, f"{path}.{key}".lstrip("."))
            for key, entry in change.items()
        },
    }


def _lines(changes: Any, path: str) -> Iterable[str]:
    if not isinstance(changes, Mapping):
        yield f"{path}: {changes}"
        return
    for key, value in changes.items():
        at = f"[{key}]" if isinstance(key, int) else f".{key}"
        yield from _lines(value, f"{path}{at}".lstrip("."))
