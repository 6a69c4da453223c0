"""Earlier: what earlier runs have left in a folder of results, known before the next one starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import napari_celltrack
from napari_celltrack.batch.inputs import Item
from napari_celltrack.batch.run_options import RunOptions
from napari_celltrack.errors import RecipeError, ResultError
from napari_celltrack.recipe import Recipe
from napari_celltrack.results.result_folder import ResultFolder, recipe_text
from napari_celltrack.results.result_record import ResultRecord

#: Earlier results that are given out together.
_A_CHUNK = 200


@dataclass(frozen=True)
class Earlier:
    """Results of earlier runs.

    Parameters
    ----------
    results : mapping of str to mapping
        Name of an item to the numbers of its result.
    same : frozenset of str
        Those made with the settings now; a run keeps them if file and result are as they
        were, which only the run finds out.
    """

    results: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    same: frozenset[str] = frozenset()

    def kept_words(self, n_files: int) -> str:
        """Say what a run keeps; empty where there is nothing."""
        if not self.same:
            return ""
        return f"{len(self.same):,} of {n_files:,} done with these settings, kept if unchanged."

    def words(self, n_files: int) -> str:
        """Say what a run keeps, and what *Start* does again; empty where there is nothing."""
        if kept := self.kept_words(n_files):
            return kept if len(self.same) == n_files else f"{kept} Start does only the rest."
        if n_other := len(self.results):
            noun = "earlier result" if n_other == 1 else "earlier results"
            return f"{n_other:,} {noun} with other settings; Start does them again."
        return ""


def find_earlier(
    recipe: Recipe, items: Sequence[Item], out: Path, options: RunOptions
) -> Iterator[Earlier]:
    """Find what is finished already, a few hundred items at a time; no movie is opened.

    Parameters
    ----------
    recipe : Recipe
        The settings now.
    items : sequence of Item
        What is to be run.
    out : Path
        The folder of the results, which need not be there.
    options : RunOptions
        How they are to be run.

    Yields
    ------
    Earlier
        What is known so far; the last one is all.
    """
    results: dict[str, Mapping[str, Any]] = {}
    same: set[str] = set()
    settings = recipe_text(recipe)
    for n_seen, item in enumerate(items if out.is_dir() else (), start=1):
        folder = ResultFolder(out / item.name)
        try:
            record = folder.record()
        except ResultError:
            continue
        results[item.name] = record.result
        own = _own(recipe, item, options)
        text = settings if own is recipe else recipe_text(own) if own else None
        is_same = folder.recipe_text() == text or (
            own is not None and _differs_as_found(own, folder)
        )
        if is_same and _is_enough(record, options):
            same.add(item.name)
        if n_seen % _A_CHUNK == 0:
            yield Earlier(dict(results), frozenset(same))
    yield Earlier(results, frozenset(same))


def _own(recipe: Recipe, item: Item, options: RunOptions) -> Recipe | None:
    """Return the settings of an item; None where its overrides make no recipe."""
    try:
        return options.overrides.recipe_for(recipe, item) if options.overrides else recipe
    except RecipeError:
        return None


def _differs_as_found(own: Recipe, folder: ResultFolder) -> bool:
    """Whether settings differ from those of a result only by the channel that its run has found."""
    if own.input.channel is not None:
        return False
    try:
        made = folder.recipe()
    except RecipeError:
        return False
    return made == own.replace(input=own.input.replace(channel=made.input.channel))


def _is_enough(record: ResultRecord, options: RunOptions) -> bool:
    """Whether a result of the same settings is kept, by what it says of itself."""
    is_ours = record.versions.get("napari-celltrack") == napari_celltrack.__version__
    return is_ours and not options.restart and (record.has_plots or not options.plots)
