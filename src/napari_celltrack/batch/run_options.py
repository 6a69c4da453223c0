"""Options of a run, from the command line, a dock or a script to the work itself, as one value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from napari_celltrack.batch.overrides import Overrides
from napari_celltrack.batch.workers import PoolKind
from napari_celltrack.errors import CelltrackError

#: Where cells come from: found in images, or given as label images.
CellsFrom = Literal["image", "labels"]
Strategy = Literal["auto", "vertical", "horizontal"]
#: The steps of the horizontal strategy by the names that users give them.
Step = Literal["prepare", "count", "measure", "track"]


@dataclass(frozen=True)
class RunOptions:
    """How a run is executed.

    Tables depend on `cells_from`, `overrides` and `rescale`; whatever the strategy, the workers
    and their number, they are the same to the byte.

    Parameters
    ----------
    cells_from : {"image", "labels"}
        Whether cells are looked for in images, or the files are label images.
    restart : bool
        Make everything anew, also what is finished; with `from_step`, from that step on.
    fail_fast : bool
        Stop after the first file that fails.
    strict : bool
        Let a file fail where something was assumed or left out when it was read, such as its axes,
        or where it differs from the movie that the recipe was tuned on.
    strategy : {"auto", "vertical", "horizontal"}
        Each movie through all steps, or each step over all movies with what it leaves on disk; or
        what suits the memory, as :func:`~napari_celltrack.batch.plan.make_plan` finds.
    n_workers : int, optional
        What is worked on at once; by default one per core, or all workers of the scheduler.
    pool : {"threads", "processes"}
        What the workers are; without meaning with a scheduler.
    scheduler : str, optional
        Address of the scheduler of a Dask cluster that does the work. Its workers see files and
        results under the same paths.
    overrides : Overrides, optional
        Changes of the recipe for some files.
    rescale : bool
        Adapt lengths of the recipe to the pixel size of each movie.
    from_step : {"prepare", "count", "measure", "track"}, optional
        Of the horizontal strategy: what the steps before this one have left on disk is taken as it
        is, also if it was made with other settings or changed by hand.
    plots : bool
        Draw the plots of each result too.
    report : bool
        Write ``report.html`` at the end.
    command : str
        What repeats this run, for the report.

    Raises
    ------
    CelltrackError
        If an option is none of those that there are, or two of them exclude each other.
    """

    cells_from: CellsFrom = "image"
    restart: bool = False
    fail_fast: bool = False
    strict: bool = False
    strategy: Strategy = "vertical"
    n_workers: int | None = None
    pool: PoolKind = "threads"
    scheduler: str | None = None
    overrides: Overrides | None = None
    rescale: bool = False
    from_step: Step | None = None
    plots: bool = False
    report: bool = True
    command: str = ""

    def __post_init__(self) -> None:
        _check_choice("source of cells", self.cells_from, get_args(CellsFrom))
        _check_choice("strategy", self.strategy, get_args(Strategy))
        _check_choice("pool", self.pool, get_args(PoolKind))
        if self.from_step is not None:
            _check_choice("step", self.from_step, get_args(Step))
        if self.n_workers is not None and self.n_workers < 1:
            raise CelltrackError(
                f"A run needs at least 1 worker, not {self.n_workers}; leave the number out for "
                "one per core."
            )
        if self.strategy == "horizontal" and self.cells_from == "labels":
            raise CelltrackError(
                "Label images have their cells already, and there are no steps to take one after "
                "the other; choose the vertical strategy."
            )
        # Whether "auto" is one with steps is known when it is decided.
        has_steps = self.strategy == "horizontal" or (
            self.strategy == "auto" and self.cells_from == "image"
        )
        if self.from_step is not None and not has_steps:
            raise CelltrackError(
                "Only the horizontal strategy can go on from a step, as the other leaves no steps "
                "on disk; choose it, or no step."
            )

    def to_json(self, n_workers: int) -> dict[str, Any]:
        """Return what is written down of a run that had so many workers."""
        return {
            "strategy": self.strategy,
            "n_workers": n_workers,
            "pool": "cluster" if self.scheduler else self.pool,
            "restart": self.restart,
            "fail_fast": self.fail_fast,
            "strict": self.strict,
            "rescale": self.rescale,
            "from_step": self.from_step,
            "plots": self.plots,
        }


def _check_choice(what: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise CelltrackError(f"There is no {what} {value!r}; choose one of {', '.join(choices)}.")


#: Those of a run of which nothing else is said.
DEFAULTS = RunOptions()
