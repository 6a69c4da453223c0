"""The work of the steps, in pieces that any worker can do: threads, processes, other machines.

A piece gets a small job, reads what it needs from disk and leaves what it makes there; only
digests and shifts travel back. All of it goes through the functions of the engine.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np

from napari_celltrack import engine
from napari_celltrack.batch.inputs import Item
from napari_celltrack.batch.lock import is_wanted
from napari_celltrack.batch.result import FileDone, make_result
from napari_celltrack.batch.run_options import DEFAULTS, RunOptions
from napari_celltrack.batch.step_files import (
    Plane,
    make_zarr,
    write_planes,
    write_table,
)
from napari_celltrack.batch.step_needs import frames_of_steps, opened, opened_others
from napari_celltrack.batch.step_store import STEPS, Step, StepStore
from napari_celltrack.errors import MovieError, ResultError
from napari_celltrack.movie import Movie, movie_from_array
from napari_celltrack.readers import read_labels
from napari_celltrack.recipe import Recipe
from napari_celltrack.tables import LABEL


@dataclass(frozen=True)
class Piece:
    """Some frames of one step of an item.

    Parameters
    ----------
    step : str
        Which step.
    item : Item
        The movie.
    recipe : Recipe
        Its settings.
    out : Path
        The folder of the results.
    fingerprint : str
        What the movie was when the run began.
    frames : tuple of int
        True indices of all frames of this step.
    start, stop : int
        Which of them are meant.
    n_planes : int
        How many planes the step before has left.
    token : Path or None
        The file that is there as long as the run is wanted.
    """

    step: Step
    item: Item
    recipe: Recipe
    out: Path
    fingerprint: str
    frames: tuple[int, ...]
    start: int
    stop: int
    n_planes: int
    token: Path | None

    @property
    def store(self) -> StepStore:
        """Where it is written."""
        return StepStore(self.out, self.step, self.item.name)

    @property
    def before(self) -> StepStore:
        """Where the step before has left its planes."""
        return StepStore(self.out, STEPS[STEPS.index(self.step) - 1], self.item.name)


@dataclass(frozen=True)
class PieceDone:
    """What a piece of work sends back.

    Parameters
    ----------
    digests : tuple of str
        Of its planes; none of tables.
    shifts_px : tuple of (float, float)
        How far each prepared frame has moved.
    seconds : float
        How long it took.
    """

    digests: tuple[str, ...]
    shifts_px: tuple[tuple[float, float], ...]
    seconds: float


class Unwanted(Exception):  # noqa: N818  (nothing went wrong)
    """The run is no longer wanted."""


def work_on(piece: Piece) -> PieceDone:
    """Take some frames of an item through one step.

    The first piece of a step makes the file that the others write into.

    Raises
    ------
    CelltrackError
        If something cannot be read or does not fit.
    Unwanted
        When the token of the run is gone.
    """
    started = time.perf_counter()
    with ExitStack() as stack:
        movie = opened(stack, piece.recipe, piece.item)
        if movie.fingerprint != piece.fingerprint:
            raise MovieError(f"{piece.item.file} was changed during the run; run again.")
        digests: tuple[str, ...] = ()
        shifts_px: tuple[tuple[float, float], ...] = ()
        if piece.step == "prepare":
            digests, shifts_px = _prepare(piece, movie)
        elif piece.step == "count":
            digests = _count(piece, movie)
        else:
            _measure(piece, movie, opened_others(stack, piece.item))
    return PieceDone(digests, shifts_px, time.perf_counter() - started)


def track(
    recipe: Recipe,
    item: Item,
    out: Path,
    key: str,
    shifts_px: tuple[tuple[float, float], ...],
    *,
    options: RunOptions = DEFAULTS,
    token: Path | None = None,
    warnings: Sequence[str] = (),
) -> FileDone:
    """Link what is measured of an item, and write its result.

    Parameters
    ----------
    recipe : Recipe
        Its settings.
    item : Item
        The movie.
    out : Path
        The folder of the results.
    key : str
        Of the result.
    shifts_px : tuple of (float, float)
        How far each prepared frame has moved.
    options : RunOptions, optional
        How the run is executed.
    token : Path, optional
        The file that is there as long as the run is wanted.
    warnings : sequence of str
        Sentences about what the steps before have left.

    Returns
    -------
    FileDone

    Raises
    ------
    Unwanted
        When that file is gone.
    """
    started = time.perf_counter()
    with ExitStack() as stack:
        movie = opened(stack, recipe, item)
        found = engine.with_asked_overlaps(recipe, _read_back(recipe, item, movie, out, shifts_px))
        events = make_result(
            recipe,
            item,
            movie,
            iter(found),
            folder=out / item.name,
            key=key,
            options=options,
            warnings=warnings,
        )
        stack.callback(events.close)
        while True:
            _check_wanted(token)
            try:
                next(events)
            except StopIteration as end:
                done: FileDone = end.value
                return replace(done, seconds=time.perf_counter() - started)


def _prepare(piece: Piece, movie: Movie) -> tuple[tuple[str, ...], tuple[tuple[float, float], ...]]:
    recipe, store = piece.recipe, piece.store
    cache = engine.shared_cache(movie, recipe)
    shifts_px = []

    def planes() -> Iterator[Plane]:
        for frame in piece.frames[piece.start : piece.stop]:
            _check_wanted(piece.token)
            plane = engine.preprocess_frame(movie, recipe, frame, cache)
            shifts_px.append(engine.shift_of(movie, recipe, frame, cache))
            yield plane

    rows, columns = recipe.input.slices_in(movie)
    corner_px = (rows.start or 0, columns.start or 0)
    digests = _write(piece, movie, planes(), store.partial, corner_px=corner_px)
    return digests, tuple(shifts_px)


def _count(piece: Piece, movie: Movie) -> tuple[str, ...]:
    recipe = piece.recipe
    rows, columns = recipe.input.slices_in(movie)
    shape = (len(range(movie.height_px)[rows]), len(range(movie.width_px)[columns]))
    prepared = _planes(piece.before, piece.n_planes, range(piece.start, piece.stop), shape)

    def cells() -> Iterator[Plane]:
        for image in prepared:
            _check_wanted(piece.token)
            yield engine.segment_prepared(movie, recipe, image)

    return _write(piece, movie, cells(), piece.store.partial)


def _measure(piece: Piece, movie: Movie, others: Mapping[str, Movie]) -> None:
    indices = _indices(piece.recipe, piece.start, piece.stop)
    planes = _planes(piece.before, piece.n_planes, indices, movie.shape)
    frames = range(piece.start, piece.stop)
    for index, labels in zip(frames, _held(piece.recipe, planes), strict=False):
        _check_wanted(piece.token)
        # A person may have given cells any numbers: they keep them, in the column `label`.
        ids, values = read_labels(movie_from_array(labels, "YX", name=piece.before.title), 0)
        frame = piece.frames[index]
        objects = engine.measure_frame(movie, piece.recipe, frame, ids, others)
        table = objects.assign(**{LABEL: values.astype(np.int64)})
        write_table(piece.store.partial, index, table)


def _write(
    piece: Piece,
    movie: Movie,
    planes: Iterator[Plane],
    path: Path,
    corner_px: tuple[int, int] = (0, 0),
) -> tuple[str, ...]:
    """Write planes one by one; before the first of all, the file for them."""
    first = next(planes)
    if piece.start == 0:
        make_zarr(
            path,
            piece.recipe.input.calibrated(movie),
            piece.frames,
            first,
            start_px=corner_px,
            is_labels=piece.step == "count",
        )

    return write_planes(path, piece.start, chain([first], planes))


def _read_back(
    recipe: Recipe,
    item: Item,
    movie: Movie,
    out: Path,
    shifts_px: tuple[tuple[float, float], ...],
) -> Iterator[engine.FrameResult]:
    """Give each frame as the engine gave it when it was worked on."""
    frames = frames_of_steps(movie, recipe)
    cells, measured = StepStore(out, "count", item.name), StepStore(out, "measure", item.name)
    n_planes = len(frames["count"])
    indices = _indices(recipe, 0, n_planes)
    planes = _held(recipe, _planes(cells, n_planes, indices, movie.shape))
    tables = measured.tables(frames["measure"])
    # Held planes never end.
    for index, (frame, objects, labels) in enumerate(
        zip(frames["measure"], tables, planes, strict=False)
    ):
        shift_px = shifts_px[0 if recipe.input.is_still else index]
        yield engine.FrameResult(frame, labels, objects, shift_px=shift_px)


def _planes(
    store: StepStore, n_planes: int, indices: range, shape: tuple[int, int]
) -> Iterator[Plane]:
    for plane in store.planes(n_planes, indices):
        if plane.shape != shape:
            raise ResultError(
                f"{store.title} has images of {plane.shape[0]} x {plane.shape[1]} px where "
                f"{shape[0]} x {shape[1]} are needed; save them in the size that they had."
            )
        yield plane


def _indices(recipe: Recipe, start: int, stop: int) -> range:
    """Return which planes of cells some frames have: all the same where cells are found once."""
    return range(1) if recipe.input.is_still else range(start, stop)


def _held(recipe: Recipe, planes: Iterator[Plane]) -> Iterator[Plane]:
    """Give the one plane of cells again and again where it is that of all frames."""
    if not recipe.input.is_still:
        yield from planes
        return
    plane = next(planes)
    while True:
        yield plane


def _check_wanted(token: Path | None) -> None:
    if token is not None and not is_wanted(token):
        raise Unwanted
