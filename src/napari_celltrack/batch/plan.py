"""What a run will take before it is started: memory, disk, time; and how it is run best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from napari_celltrack.batch.inputs import Inputs
from napari_celltrack.batch.item_headers import ItemHeader, read_headers
from napari_celltrack.batch.machine import (
    free_disk_bytes,
    free_memory_bytes,
    n_cores,
    own_memory_bytes,
)
from napari_celltrack.batch.memory_model import (
    horizontal_peak_bytes,
    linking_bytes,
    vertical_peak_bytes,
)
from napari_celltrack.batch.run_options import DEFAULTS, RunOptions
from napari_celltrack.batch.sample import Sample, take_sample, typical_sample
from napari_celltrack.errors import CelltrackError
from napari_celltrack.recipe import Recipe
from napari_celltrack.text import bytes_text

#: How a run can go: each image through all steps, or each step over all images.
Way = Literal["vertical", "horizontal"]
WAY_NAMES: dict[Way, str] = {"vertical": "image by image", "horizontal": "step by step"}

#: A peak is known to a quarter, so what is to fit must fit with a quarter to spare.
MARGIN = 1.25
#: Share of the work that further workers cost; 1.9 times as fast with two was measured.
_SHARED_WORK = 0.05
#: Items that a sample is tried on, where the first ones cannot be run.
_MOST_TRIES = 3


@dataclass(frozen=True)
class Estimate:
    """What a run takes in one of the two ways.

    Parameters
    ----------
    strategy : {"vertical", "horizontal"}
        Each image through all steps, or each step over all images.
    n_workers : int
        Frames in work at once.
    peak_bytes : int
        Of the whole process, with what it holds already.
    disk_bytes : int
        Of all results, and of the steps in between where they are kept.
    seconds : float or None
        None where nothing was timed.
    fits : bool
        Whether memory and disk have room for it, with a quarter to spare.
    why : str
        The same in a sentence.
    """

    strategy: Way
    n_workers: int
    peak_bytes: int
    disk_bytes: int
    seconds: float | None
    fits: bool
    why: str


@dataclass(frozen=True)
class StageSize:
    """The most that a step takes: of a frame with what it is given, and track of a movie."""

    name: str
    n_bytes: int


@dataclass(frozen=True)
class Plan:
    """What a run will take.

    Parameters
    ----------
    vertical, horizontal : Estimate
        The two ways, with the workers that were asked for, or with as many as fit.
    naive_bytes : int
        All pixels of all items in memory, which no way does.
    free_bytes : int or None
        Memory that this process may have: what is free and what it holds; None where the system
        does not say.
    free_disk_bytes : int or None
        Where the results go.
    n_items, n_frames : int
        That can be run.
    stages : tuple of StageSize
        Of one frame of usual size, for the diagram.
    choice : {"vertical", "horizontal"}
        What "auto" takes.
    why : str
        A sentence or two.
    by_workers : tuple of Estimate
        Both ways with 1, 2, 4, ... workers.
    n_unreadable : int
        Items that cannot be run, and will be in the summary with the reason.
    unreadable_why : str
        The reason of the first of them.
    n_ignored : int
        Files that are no images.
    sample : str
        What was timed, in words; or why nothing was.
    """

    vertical: Estimate
    horizontal: Estimate
    naive_bytes: int
    free_bytes: int | None
    free_disk_bytes: int | None
    n_items: int
    n_frames: int
    stages: tuple[StageSize, ...]
    choice: Way
    why: str
    by_workers: tuple[Estimate, ...] = ()
    n_unreadable: int = 0
    unreadable_why: str = ""
    n_ignored: int = 0
    sample: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return everything as values that JSON knows."""
        values = asdict(self)
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
        }


def make_plan(
    recipe: Recipe,
    inputs: Inputs,
    options: RunOptions = DEFAULTS,
    *,
    out: Path | None = None,
    sample: bool = True,
) -> Plan:
    """Estimate what a run will take, from headers and a few frames.

    Parameters
    ----------
    recipe : Recipe
        The settings.
    inputs : Inputs
        As :func:`~napari_celltrack.batch.find_inputs` gives them.
    options : RunOptions, optional
        How it is to be executed. Without a number of workers, they are as many as there are cores
        and memory fits.
    out : Path, optional
        Where the results are to go; by default the current folder.
    sample : bool
        Whether to run a few frames of the item of middle size, for times and sizes of this recipe
        on these images. It takes some seconds; without it there are no times, and sizes are those
        of typical images.

    Returns
    -------
    Plan
        Of no items where none can be run.
    """
    headers, reasons = read_headers(recipe, inputs.items, options)
    learned, note = _sample(recipe, headers, is_asked=sample)
    free_bytes = free_memory_bytes()
    room = None if free_bytes is None else free_bytes + own_memory_bytes()
    disk = free_disk_bytes(out or Path())
    model = _Model(learned, tuple(headers), room, disk)
    n_workers = options.n_workers
    counts = _worker_counts(n_workers)
    rows = [model.estimate(way, n) for n in counts for way in WAY_NAMES]
    vertical, horizontal = (
        most_workers_that_fit(
            [row for row in rows if row.strategy == way and n_workers in (None, row.n_workers)]
        )
        for way in WAY_NAMES
    )
    choice, why = choose(vertical, horizontal, room)
    if not headers:
        why = f"Nothing can be run. {reasons[0] if reasons else ''}".strip()
    return Plan(
        vertical=vertical,
        horizontal=horizontal,
        naive_bytes=sum(header.all_bytes for header in headers),
        free_bytes=room,
        free_disk_bytes=disk,
        n_items=len(headers),
        n_frames=sum(header.n_frames for header in headers),
        stages=_stages(learned, headers),
        choice=choice,
        why=why,
        by_workers=tuple(rows),
        n_unreadable=len(reasons),
        unreadable_why=reasons[0] if reasons else "",
        n_ignored=len(inputs.ignored),
        sample=note,
    )


def choose(vertical: Estimate, horizontal: Estimate, free_bytes: int | None) -> tuple[Way, str]:
    """Choose a way, and say why.

    Parameters
    ----------
    vertical, horizontal : Estimate
        The two ways.
    free_bytes : int or None
        Memory that the process may have.

    Returns
    -------
    way : {"vertical", "horizontal"}
        Image by image wherever it fits, as it writes only results.
    why : str
        A sentence or two.
    """
    if free_bytes is None:
        return "vertical", (
            "Image by image needs the least disk; how much memory is free is not known here."
        )
    first, second = sorted((vertical, horizontal), key=lambda way: not way.fits)
    if not first.fits:
        least = min((vertical, horizontal), key=lambda way: way.peak_bytes)
        return least.strategy, f"Neither way is sure to fit. {least.why}"
    name = WAY_NAMES[first.strategy].capitalize()
    takes = f"{name} takes {bytes_text(first.peak_bytes)} of {bytes_text(free_bytes)} memory"
    if second.fits:
        return first.strategy, (
            f"{takes}, and keeps no steps on disk ({bytes_text(second.disk_bytes)} step by step)."
        )
    return first.strategy, f"{takes}. {WAY_NAMES[second.strategy].capitalize()}: {second.why}"


@dataclass(frozen=True)
class _Model:
    """Everything that estimates are made from."""

    sample: Sample
    headers: tuple[ItemHeader, ...]
    room: int | None
    disk: int | None

    def estimate(self, way: Way, n_workers: int) -> Estimate:
        """Return what a run takes."""
        peak_of = vertical_peak_bytes if way == "vertical" else horizontal_peak_bytes
        peak = peak_of(self.sample, self.headers, n_workers)
        cost = getattr(self.sample, way)
        n_frames = [
            header.n_frames * header.n_pixels / self.sample.n_pixels for header in self.headers
        ]
        n_bytes = sum(cost.fixed_bytes + n * cost.frame_bytes for n in n_frames)
        seconds = None
        if self.sample.is_timed:
            seconds = sum(cost.fixed_s + n * cost.frame_s for n in n_frames) / speed_up(n_workers)
        fits, why = fit(peak, round(n_bytes), self.room, self.disk)
        return Estimate(way, n_workers, peak, round(n_bytes), seconds, fits, why)


def fit(
    peak_bytes: int, disk_bytes: int, free_bytes: int | None, free_disk_bytes: int | None
) -> tuple[bool, str]:
    """Return whether memory and disk have room, with a quarter to spare, and a sentence on it.

    Parameters
    ----------
    peak_bytes, disk_bytes : int
        What is needed.
    free_bytes, free_disk_bytes : int or None
        What there is; None where that is not known, and then it counts as enough.
    """
    for needed, room, what, advice in (
        (peak_bytes, free_bytes, "memory", "use fewer workers, close programs or crop the images"),
        (disk_bytes, free_disk_bytes, "disk", "choose another disk for the results"),
    ):
        if room is not None and MARGIN * needed > room:
            return False, (
                f"It may take up to {bytes_text(MARGIN * needed)} of {what}, and "
                f"{bytes_text(room)} are free; {advice}."
            )
    return True, "It fits into memory and onto the disk."


def most_workers_that_fit(rows: Sequence[Estimate]) -> Estimate:
    """Return the estimate with the most workers among those that fit; with the fewest, if none."""
    in_order = sorted(rows, key=lambda row: row.n_workers)
    return next((row for row in reversed(in_order) if row.fits), in_order[0])


def speed_up(n_workers: int, cores: int | None = None) -> float:
    """Return how many times as fast several workers are as one; more than cores help nothing."""
    n = min(n_workers, cores or n_cores())
    return n / (1 + _SHARED_WORK * (n - 1))


def _sample(recipe: Recipe, headers: Sequence[ItemHeader], *, is_asked: bool) -> tuple[Sample, str]:
    """Return what frames cost, and where that comes from in words."""
    in_order = _by_size(headers)
    middle = len(in_order) // 2
    if not in_order:
        return typical_sample(recipe, 1), ""
    why = "Nothing was timed; sizes are those of typical images."
    if is_asked:
        for header in (in_order[middle:] + in_order[:middle])[:_MOST_TRIES]:
            try:
                learned = take_sample(header)
            except (CelltrackError, OSError, MemoryError) as error:
                why = f"Nothing could be timed ({header.item.file}: {error})."
                continue
            return learned, f"Times and sizes from {learned.note}."
    return typical_sample(recipe, in_order[middle].n_pixels), why


def _by_size(headers: Sequence[ItemHeader]) -> list[ItemHeader]:
    return sorted(headers, key=lambda header: header.n_pixels * header.n_frames)


def _worker_counts(wanted: int | None) -> list[int]:
    """Return 1, 2, 4, ... up to the cores, the cores, and what was asked for."""
    cores = n_cores()
    powers = {2**i for i in range(int(math.log2(cores)) + 1)}
    return sorted(powers | {cores} | ({wanted} if wanted else set()))


def _stages(sample: Sample, headers: Sequence[ItemHeader]) -> tuple[StageSize, ...]:
    """Return what each step holds of the item of middle size."""
    if not headers:
        return ()
    header = _by_size(headers)[len(headers) // 2]
    scale = header.n_pixels / sample.n_pixels
    sizes = {
        "read": sample.read_bytes * scale,
        "prepare": sample.prepare_bytes * scale,
        "count": sample.count_bytes * scale,
        "measure": sample.measure_bytes * scale,
        "track": linking_bytes(sample, header),
    }
    return tuple(StageSize(name, round(n_bytes)) for name, n_bytes in sizes.items())
