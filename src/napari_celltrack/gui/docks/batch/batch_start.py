"""From what a dock shows to a plan and to a run. Knows no Qt: these work in the background."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from napari_celltrack.batch import FileDone, FrameDone, run_files
from napari_celltrack.batch.plan import Plan, make_plan
from napari_celltrack.batch.run_options import RunOptions, Strategy
from napari_celltrack.gui.docks.batch.folder_scan import Found
from napari_celltrack.recipe import Recipe


def plan_run(recipe: Recipe, found: Found, options: RunOptions) -> Iterator[Plan]:
    """Plan a run, first by headers alone, then with a timed sample; for a lane."""
    for sample in (False, True):
        yield make_plan(recipe, found.inputs, options, out=found.place.results, sample=sample)


def begin_run(
    recipe: Recipe, found: Found, options: RunOptions, strategy: Strategy
) -> Iterator[FrameDone | FileDone]:
    """Return the events of a run; called in the thread of the run."""
    options = replace(options, strategy=strategy, overrides=found.overrides)
    return run_files(recipe, found.inputs, found.place.results, options)
