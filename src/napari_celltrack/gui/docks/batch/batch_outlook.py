"""What a batch has before it: what a run will take, and what earlier runs have left."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_celltrack.batch.earlier import find_earlier
from napari_celltrack.batch.plan import Plan
from napari_celltrack.batch.run_options import RunOptions
from napari_celltrack.gui.docks.batch.batch_start import plan_run
from napari_celltrack.gui.docks.batch.folder_scan import Found
from napari_celltrack.gui.lane import Lane
from napari_celltrack.gui.when_destroyed import when_destroyed
from napari_celltrack.recipe import Recipe

#: A plan from headers alone, and one with what was timed.
_N_PLANS = 2


class Outlook(QObject):
    """Finds both out in the background, and again only when something has changed."""

    #: A :class:`Plan`, and whether a better one with times is on its way.
    planned = Signal(object, bool)
    #: Results of earlier runs, as :class:`Earlier`; more may come.
    foundEarlier = Signal(object)
    #: The exception for which there is no plan.
    refused = Signal(object)
    #: The exception for which nothing is known of earlier runs.
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.lanes = {name: Lane(f"celltrack batch {name}") for name in ("earlier", "plan")}
        #: For what there is a plan, and for what earlier results are known.
        self._planned: Any = None
        self._compared: Any = None
        self._plans: list[Plan] = []
        for lane in self.lanes.values():
            when_destroyed(self, lane.cancel)

    def look(self, found: Found, recipe: Recipe, options: RunOptions) -> bool:
        """Find out what has changed; return whether a new plan was begun."""
        options = replace(options, overrides=found.overrides)
        compared = (found, recipe, options.plots)
        if compared != self._compared:
            self._compared = compared
            items, out = found.inputs.items, found.place.results
            find = partial(find_earlier, recipe, items, out, options)
            self._submit("earlier", find, self.foundEarlier.emit)
        planned = (found, recipe, options.n_workers, options.rescale)
        if planned == self._planned:
            return False
        self._planned, self._plans = planned, []
        self._submit("plan", partial(plan_run, recipe, found, options), self._take_plan)
        return True

    def begin_run(self, found: Found, recipe: Recipe, options: RunOptions) -> None:
        """Leave the machine to a run, whose results are told by the run itself.

        A plan that has no times yet is made anew when it is asked for after the run.
        """
        if len(self._plans) < _N_PLANS:
            self._planned = None
            for plan in self._plans:
                self.planned.emit(plan, False)
        for lane in self.lanes.values():
            lane.cancel()
        self._compared = (found, recipe, options.plots)

    def forget_earlier(self) -> None:
        """Look for results again when asked next."""
        self._compared = None

    def forget(self) -> None:
        """Let go of everything; what is still on its way will not come."""
        for lane in self.lanes.values():
            lane.cancel()
        self._planned = self._compared = None
        self._plans = []

    def _submit(self, name: str, job: Any, take: Any) -> None:
        refuse = self.refused if name == "plan" else self.failed
        self.lanes[name].cancel()
        self.lanes[name].submit(job, take, refuse.emit)

    def _take_plan(self, plan: Plan) -> None:
        self._plans.append(plan)
        self.planned.emit(plan, len(self._plans) < _N_PLANS)
