"""One item as a task: run whole, here or elsewhere; whatever is wrong ends up in its row."""

from __future__ import annotations

import errno
import os
import socket
import time
import traceback
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, closing, suppress
from dataclasses import KW_ONLY, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import cv2

from napari_celltrack import engine
from napari_celltrack.batch.fitted_recipe import fitted_recipe
from napari_celltrack.batch.inputs import Item, open_item, open_others
from napari_celltrack.batch.lock import RunEnded, RunningFile
from napari_celltrack.batch.result import (
    FileDone,
    FrameDone,
    kept_result,
    make_result,
    result_key,
    set_other_aside,
)
from napari_celltrack.batch.run_options import DEFAULTS, RunOptions
from napari_celltrack.errors import CelltrackError, ResultError
from napari_celltrack.movie import Movie
from napari_celltrack.recipe import Recipe
from napari_celltrack.results.own_files import append_text
from napari_celltrack.results.run_folder import ERRORS

AnyT = TypeVar("AnyT")
FrameResults = Generator[engine.FrameResult, None, None]
#: Finds the cells of an item in another way than frame after frame in this process.
Finder = Callable[[Item, Movie, Recipe, Mapping[str, Movie]], FrameResults]

#: A disk, or what may be used of it, is full.
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True)
class ItemTask:
    """What a worker needs to know to run an item; it can be sent to another machine.

    Parameters
    ----------
    recipe : Recipe
        The settings for this item, before they are adapted to its pixel size.
    item : Item
        The movie.
    folder : Path
        Of its result.
    running_file : RunningFile
        Of the run.
    options : RunOptions
        How it is executed.
    n_threads : int
        Frames that are analysed at once.
    """

    recipe: Recipe
    item: Item
    folder: Path
    running_file: RunningFile
    options: RunOptions = DEFAULTS
    _: KW_ONLY
    n_threads: int = 1


def run_item_task(
    task: ItemTask, tell: Callable[[FrameDone], None] | None = None, find: Finder | None = None
) -> FileDone:
    """Run an item until it is finished, or the run has ended.

    Parameters
    ----------
    task : ItemTask
        What to do.
    tell : callable, optional
        Called after each frame.
    find : callable, optional
        Finds the cells, in place of this thread.

    Returns
    -------
    FileDone

    Raises
    ------
    RunEnded
        When the running file is gone.
    """
    events = run_item(
        task.recipe,
        task.item,
        task.folder,
        task.options,
        n_threads=task.n_threads,
        find=find,
    )
    with closing(events):
        task.running_file.check()
        event = next(events)
        while isinstance(event, FrameDone):
            if tell is not None:
                tell(event)
            task.running_file.check()
            event = next(events)
    return event


def run_item(
    recipe: Recipe,
    item: Item,
    folder: Path,
    options: RunOptions = DEFAULTS,
    *,
    n_threads: int = 1,
    find: Finder | None = None,
) -> Generator[FrameDone | FileDone, None, None]:
    """Run one item into its folder, or keep the whole result that is there.

    Parameters
    ----------
    recipe : Recipe
        The settings.
    item : Item
        The movie.
    folder : Path
        Of the result; what is in it is replaced. The folder above must exist.
    options : RunOptions, optional
        How it is executed; of one item the strategy, the workers and the report mean nothing.
    n_threads : int
        Frames that are analysed at once.
    find : callable, optional
        Finds the cells, in place of this thread.

    Yields
    ------
    FrameDone or FileDone
        After each frame, and last one FileDone: whatever is wrong with the item ends up in it.
    """
    started = time.perf_counter()
    try:
        with ExitStack() as stack:
            movie = open_item(item, recipe)
            stack.callback(movie.close)
            others = open_others(item)
            for other in others.values():
                stack.callback(other.close)
            recipe, warnings = fitted_recipe(recipe, item, movie, others, options)
            key = result_key(movie, item, recipe, options.cells_from, others)
            done = kept_result(folder, item, key, options)
            if done is None:
                found: FrameResults
                if find is not None:
                    found = find(item, movie, recipe, others)
                else:
                    source = _source(options, movie, recipe, others)
                    found = source.run(n_threads=n_threads)
                stack.callback(found.close)
                done = yield from make_result(
                    recipe,
                    item,
                    movie,
                    found,
                    folder=folder,
                    key=key,
                    options=options,
                    warnings=warnings,
                )
    except RunEnded:
        raise
    except Exception as error:
        # Also a bug met on one file must not lose the others: its row names it.
        reason = why_failed(error, item, folder.parent)
        done = FileDone(item, "failed", seconds=0, error=reason)
    if done.status == "failed":
        with suppress(OSError):
            set_other_aside(folder, recipe)
    yield replace(done, seconds=time.perf_counter() - started)


def _source(
    options: RunOptions, movie: Movie, recipe: Recipe, others: Mapping[str, Movie]
) -> engine.CellSource:
    """Return where the cells of an item come from."""
    if options.cells_from == "labels":
        return engine.CellSource.of_labels(movie, recipe, others)
    return engine.CellSource(movie, recipe, others=others)


def run_item_elsewhere(task: ItemTask) -> FileDone:
    """Run an item on another machine, and name that machine if it fails; else `run_item_task`."""
    done = call_elsewhere(task.running_file, partial(run_item_task, task))
    return replace(done, error=_on_this_machine(done.error)) if done.error else done


def call_elsewhere(running_file: RunningFile, call: Callable[[], AnyT]) -> AnyT:
    """Call something on another machine, and name that machine in errors.

    Parameters
    ----------
    running_file : RunningFile
        Of the run.
    call : callable
        What to call.

    Raises
    ------
    CelltrackError
        That of the call, or if the folder of the results is not seen there.
    RunEnded
        That of the call.
    """
    cv2.setNumThreads(1)  # a worker of a cluster has as many cores as it was given threads
    if not running_file.exists():
        raise ResultError(
            f"The worker on {socket.gethostname()} does not see {running_file.folder}; choose a "
            "folder for the results that all workers can write to."
        )
    try:
        return call()
    except RunEnded:
        raise
    except CelltrackError as error:
        raise CelltrackError(_on_this_machine(str(error))) from error


def _on_this_machine(text: str) -> str:
    """Say on which machine something failed: it may see other folders than this one."""
    return f"On {socket.gethostname()} (process {os.getpid()}): {text}"


def absolute(item: Item) -> Item:
    """Return an item that is found from any working folder."""
    return replace(
        item,
        path=str(Path(item.path).absolute()),
        parts=tuple(replace(part, path=str(Path(part.path).absolute())) for part in item.parts),
        others=tuple((name, str(Path(path).absolute())) for name, path in item.others),
    )


def why_failed(error: Exception, item: Item, out: Path) -> str:
    """Return why an item failed, in a sentence; the traceback of a bug goes to ``errors.log``.

    Parameters
    ----------
    error : Exception
        What was raised.
    item : Item
        The movie.
    out : Path
        The folder of the results.
    """
    if isinstance(error, CelltrackError):
        return str(error)
    if isinstance(error, MemoryError):
        return "There is not enough memory for it; crop it or use fewer workers."
    if isinstance(error, OSError):
        if error.errno in FULL:
            return f"The disk of {out} is full; make room and run again."
        if not out.is_dir():
            return f"The folder of the results, {out}, is no longer there; run again."
        return f"{error.strerror or error}; mend that and run again."
    append_text(out / ERRORS, f"{item.path}\n{''.join(traceback.format_exception(error))}\n")
    return f"unexpected {type(error).__name__}: {error} (see errors.log)"
