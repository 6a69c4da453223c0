"""One result in its folder: whole or not at all, with the key it was made under.

It is written into a hidden folder beside its place and renamed when it is whole. Its ``run.json``
keeps the key (content of the input, recipe, program version), so that a second run can keep it.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import napari_celltrack
from napari_celltrack import engine
from napari_celltrack.analysis import jumps_in_words
from napari_celltrack.arrays.freed_memory import give_back_freed_memory
from napari_celltrack.batch.collected_tables import CollectedTables
from napari_celltrack.batch.inputs import Item
from napari_celltrack.batch.preview import outline_png
from napari_celltrack.batch.recorded_movie import place_of_item, relative_path
from napari_celltrack.batch.run_options import DEFAULTS, CellsFrom, RunOptions
from napari_celltrack.errors import ResultError
from napari_celltrack.movie import Movie
from napari_celltrack.recipe import Recipe
from napari_celltrack.results.own_files import (
    kept_as,
    left_hidden,
    make_hidden,
    remove_unfinished,
    set_aside,
)
from napari_celltrack.results.result_folder import (
    OTHER_RECIPE,
    ResultFolder,
    not_ours,
    recipe_text,
    versions,
)
from napari_celltrack.results.result_record import ResultRecord
from napari_celltrack.results.run_folder import SUMMARY_COLUMNS
from napari_celltrack.tables import N_CELLS, Tables

_NUMBERS = (
    "n_frames",
    "n_cells",
    "n_cells_first",
    "n_cells_mean",
    "n_cells_total",
    "n_tracks",
)


@dataclass(frozen=True)
class FrameDone:
    """A frame of an item is worked through; `step` says in a word with what, if not all of it."""

    item: Item
    n_done: int
    n_frames: int
    step: str = ""


@dataclass(frozen=True)
class FileDone:
    """An item is finished, has failed or was stopped; a row of the summary.

    `n_cells` is the count of a still and None for a movie; numbers are None unless it is done.
    `is_kept` tells that the result of an earlier run was kept. `warnings` are sentences.
    """

    item: Item
    status: Literal["done", "failed", "stopped"]
    seconds: float
    n_frames: int | None = None
    n_cells: int | None = None
    n_cells_first: int | None = None
    n_cells_mean: float | None = None
    n_cells_total: int | None = None
    n_tracks: int | None = None
    error: str = ""
    is_kept: bool = False
    warnings: tuple[str, ...] = ()

    def row(self) -> dict[str, Any]:
        """Return the row of the summary, by column; conditions of the item come after `folder`."""
        values = {
            **asdict(self),
            "file": self.item.file,
            "folder": self.item.name,
            "seconds": round(self.seconds, 3),
            "warnings": " ".join(self.warnings),
        }
        own = {column: values[column] for column in SUMMARY_COLUMNS}
        first = {column: own.pop(column) for column in SUMMARY_COLUMNS[:2]}
        return {**first, **dict(self.item.conditions), **own}


def make_result(
    recipe: Recipe,
    item: Item,
    movie: Movie,
    found: Iterator[engine.FrameResult],
    *,
    folder: Path,
    key: str,
    options: RunOptions = DEFAULTS,
    warnings: Sequence[str] = (),
) -> Generator[FrameDone, None, FileDone]:
    """Write one result into a hidden folder, and give it its name when it is whole.

    Parameters
    ----------
    recipe : Recipe
        The settings of this item; its stages from `link` on are run here.
    item : Item
        What the movie is called.
    movie : Movie
        The input.
    found : iterator of FrameResult
        The frames of the recipe in order, as :func:`napari_celltrack.engine.run` yields them.
    folder : Path
        Of the result; what is in it is replaced. The folder above must exist.
    key : str
        As :func:`result_key` gives it.
    options : RunOptions, optional
        Whether ``plots/`` is written too. Of images, and not of labels, ``preview.png`` is: the
        middle frame with the outlines of its cells.
    warnings : sequence of str
        What to know of the movie and of the cells that go into it, in sentences.

    Yields
    ------
    FrameDone
        After each frame. Closing the generator leaves nothing behind.

    Returns
    -------
    FileDone
        The row of the summary.
    """
    started = time.perf_counter()
    has_picture = options.cells_from == "image"
    final = ResultFolder(folder)
    if final.owner() == "others":
        raise ResultError(not_ours(folder))
    _clear_hidden(folder)
    hidden = make_hidden(folder)
    try:
        movie = replace(recipe.input.calibrated(movie), name=item.file)
        tables = yield from _write(recipe, item, movie, found, hidden, has_picture=has_picture)
        counts = tables.counts[N_CELLS]
        jumped = jumps_in_words(tables.drift, recipe.link.max_distance_px)
        done = FileDone(
            item,
            "done",
            seconds=time.perf_counter() - started,
            n_frames=len(counts),
            n_cells=int(counts.iloc[0]) if movie.n_frames == 1 else None,
            n_cells_first=int(counts.iloc[0]),
            n_cells_mean=float(counts.mean()),
            n_cells_total=int(counts.sum()),
            n_tracks=len(tables.tracks),
            warnings=(*warnings, *filter(None, [jumped]), *_changed(final)),
        )
        written = ResultFolder(hidden)
        written.write_recipe(recipe)
        record = _record(done, movie, key, folder)
        if options.plots:
            from napari_celltrack.results.drawn import write_plots

            written.write_record(record)  # plots are drawn of a result
            write_plots(written)
            record = replace(record, has_plots=True)
        written.finish(record)
        final.put_in_place(hidden)
    finally:
        remove_unfinished(hidden)
    return done


def result_key(
    movie: Movie,
    item: Item,
    recipe: Recipe,
    cells_from: CellsFrom = "image",
    others: Mapping[str, Movie] | None = None,
) -> str:
    """Return what a finished result must have been made under to be kept.

    It changes with the content of the input and of other files that are measured with it, the
    name of the item, the recipe and the version of the program.
    """
    version = napari_celltrack.__version__
    parts = [movie.fingerprint, item.file, recipe_text(recipe), version, cells_from]
    for name, other in (others or {}).items():
        parts += [name, other.fingerprint]
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def kept_result(folder: Path, item: Item, key: str, options: RunOptions) -> FileDone | None:
    """Return the row of the whole result that is there, if a run with these options keeps it."""
    result = ResultFolder(folder)
    try:
        record = result.record()
    except ResultError:
        return None  # nothing there, or not ours, or an older form: it is made anew
    if options.restart or record.key != key or (options.plots and not record.has_plots):
        return None
    if set(record.result) != set(_NUMBERS) or not result.is_whole(record):
        return None
    return FileDone(
        item, "done", seconds=0, is_kept=True, warnings=record.warnings, **record.result
    )


def set_other_aside(folder: Path, recipe: Recipe) -> None:
    """Rename the result of another recipe, so that a failed file leaves no mix behind."""
    result = ResultFolder(folder)
    made_by = result.recipe_text()
    if made_by and made_by != recipe_text(recipe) and result.owner() == "us":
        set_aside(folder, OTHER_RECIPE)


def _write(
    recipe: Recipe,
    item: Item,
    movie: Movie,
    found: Iterator[engine.FrameResult],
    folder: Path,
    *,
    has_picture: bool,
) -> Generator[FrameDone, None, Tables]:
    """Hand frames and tables to the exports as they come."""
    n_frames = len(recipe.input.frames_of(movie))
    objects, overlaps = CollectedTables(), CollectedTables()
    shifts_px: dict[int, tuple[float, float]] = {}
    with ExitStack() as stack:
        writers = []
        for export in recipe.export:
            writers.append(export.open(folder, movie, n_frames))
            stack.callback(writers[-1].close)
        for n_done, result in enumerate(found, start=1):
            for writer in writers:
                writer.add(result.labels)
            objects.add(result.objects)
            overlaps.add(result.overlaps)
            shifts_px[result.frame] = result.shift_px
            if has_picture and n_done == n_frames // 2 + 1:
                picture = outline_png(movie, recipe, result.frame, result.labels)
                (folder / "preview.png").write_bytes(picture)
            del result  # or its labels would stay beside the next ones, and beside the tables
            yield FrameDone(item, n_done, n_frames)
        if n_frames > 1:
            # The tables of a long movie take the room of its frames, and none beside it.
            give_back_freed_memory()
        tables = engine.link_objects(movie, recipe, objects, overlaps, shifts_px)
        for writer in writers:
            writer.finish(tables)
    return tables


def _record(done: FileDone, movie: Movie, key: str, folder: Path) -> ResultRecord:
    return ResultRecord(
        key=key,
        input={
            **place_of_item(done.item, folder),
            "fingerprint": movie.fingerprint,
            "axes": movie.axes,
            "axes_note": movie.axes_note,
            "n_frames": movie.n_frames,
            "shape_px": list(movie.shape),
            "dtype": str(movie.dtype),
            "channels": list(movie.channels),
            "pixel_size_um": movie.pixel_size_um,
            "frame_interval_s": movie.frame_interval_s,
        },
        others={name: relative_path(path, folder) for name, path in done.item.others},
        result={name: getattr(done, name) for name in _NUMBERS},
        warnings=done.warnings,
        seconds=round(done.seconds, 3),
        versions=versions(),
    )


def _changed(result: ResultFolder) -> Iterator[str]:
    """Say which files of the result that is replaced are not as they were written."""
    try:
        changed = result.changed_files(result.record())
    except ResultError:
        return
    for name in changed:
        yield (
            f"{name} was changed or damaged since it was made; it is made anew, and what was there "
            f"is kept as {kept_as(result.path, name).relative_to(result.path).as_posix()}."
        )


def _clear_hidden(folder: Path) -> None:
    """Remove what killed runs of this item left."""
    for hidden in left_hidden(folder):
        remove_unfinished(hidden)
