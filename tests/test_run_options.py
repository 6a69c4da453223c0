"""Options of a run: what cannot be meant is said when they are put together."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

from napari_celltrack.batch import RunOptions
from napari_celltrack.errors import CelltrackError

NO_STEPS = (
    "Only the horizontal strategy can go on from a step, as the other leaves no steps on disk; "
    "choose it, or no step."
)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"cells_from": "labels", "strategy": "horizontal"},
            "Label images have their cells already, and there are no steps to take one after the "
            "other; choose the vertical strategy.",
        ),
        ({"from_step": "count"}, NO_STEPS),
        ({"from_step": "count", "strategy": "auto", "cells_from": "labels"}, NO_STEPS),
        (
            {"n_workers": 0},
            "A run needs at least 1 worker, not 0; leave the number out for one per core.",
        ),
        (
            {"strategy": "horizonal"},
            "There is no strategy 'horizonal'; choose one of auto, vertical, horizontal.",
        ),
        (
            {"pool": "thread"},
            "There is no pool 'thread'; choose one of threads, processes.",
        ),
        (
            {"from_step": "link", "strategy": "horizontal"},
            "There is no step 'link'; choose one of prepare, count, measure, track.",
        ),
        (
            {"cells_from": "masks"},
            "There is no source of cells 'masks'; choose one of image, labels.",
        ),
    ],
)
def test_what_cannot_be_meant_is_said(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(CelltrackError) as error:
        RunOptions(**options)
    assert str(error.value) == sentence


def test_a_step_goes_with_a_strategy_that_may_have_steps() -> None:
    options = RunOptions(from_step="count", strategy="auto")
    assert replace(options, strategy="horizontal").from_step == "count"
    with pytest.raises(CelltrackError, match="leaves no steps on disk"):
        replace(options, strategy="vertical")


def test_they_do_not_change_and_are_written_down_with_the_workers_there_were() -> None:
    options = RunOptions(plots=True, scheduler="tcp://10.0.0.5:8786")
    with pytest.raises(FrozenInstanceError):
        options.plots = False  # type: ignore[misc]
    assert options.to_json(12) == {
        "strategy": "vertical",
        "n_workers": 12,
        "pool": "cluster",
        "restart": False,
        "fail_fast": False,
        "strict": False,
        "rescale": False,
        "from_step": None,
        "plots": True,
    }
    assert RunOptions(pool="processes").to_json(2)["pool"] == "processes"
