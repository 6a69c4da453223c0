"""What the docks know of a movie, and the jobs that find it out; knows no widgets and no layers.

A job is a generator that runs on a lane and yields values of the classes below.
"""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_celltrack.engine import (
    FrameResult,
    in_order,
    measure_frame,
    segment_frame,
    shift_of,
    with_overlaps,
)
from napari_celltrack.engine.cache import StageCache
from napari_celltrack.engine.linking import Linked, keep_tracks, link_all
from napari_celltrack.gui.layers.track_rows import TrackRows, rows_to_show
from napari_celltrack.input import FrameRange
from napari_celltrack.movie import Movie
from napari_celltrack.readers import read_labels
from napari_celltrack.recipe import Recipe
from napari_celltrack.tables import LABEL, Tables

Labels = npt.NDArray[np.int32]

#: Settings whose results are kept, so that undoing and trying back and forth costs nothing.
_N_KEPT = 8
#: Threads for all frames; one core is left to the window.
N_THREADS = max(1, (os.cpu_count() or 1) - 1)


@dataclass(frozen=True, eq=False)
class Found:
    """The cells of one frame, and what they were found with.

    Parameters
    ----------
    movie : Movie
    recipe : Recipe
    frame : int
        True index.
    labels : ndarray, shape (Y, X), int32
        Read-only.
    n_cells : int
    took_ms : float
        Time it took; little when the cache knew.
    """

    movie: Movie
    recipe: Recipe
    frame: int
    labels: Labels
    n_cells: int
    took_ms: float


@dataclass(frozen=True, eq=False)
class Followed:
    """The tracks of a range of frames, and what they were found with.

    Parameters
    ----------
    movie : Movie
    recipe : Recipe
        The recipe in use; the frames that were linked are in `frames`.
    frames : range
        True indices.
    tables : Tables
    is_whole : bool
        Whether these are all frames that the recipe names.
    took_ms : float
        Time that linking took.
    linked : Linked
        All tracks, also those that the filter of the recipe leaves out of `tables`.
    shown : TrackRows or None
        What napari is to show of `tables`; None for nothing.
    """

    movie: Movie
    recipe: Recipe
    frames: range
    tables: Tables
    is_whole: bool
    took_ms: float
    linked: Linked
    shown: TrackRows | None


@dataclass(frozen=True)
class RunState:
    """How far *Run all frames* is.

    Parameters
    ----------
    running : bool
    done, total : int
        Frames.
    frames_per_s : float
        0 before the first.
    left_s : float
        Time left; NaN when it cannot be told.
    sentence : str
        The same in words, or why it ended.
    """

    running: bool = False
    done: int = 0
    total: int = 0
    frames_per_s: float = 0.0
    left_s: float = float("nan")
    sentence: str = ""


@dataclass(frozen=True, eq=False)
class CellSource:
    """Where the cells of a frame come from: the recipe, labels of the user, or corrections.

    Parameters
    ----------
    movie : Movie
    recipe : Recipe
    cache : StageCache
    given : Movie, optional
        Label images that take the place of segmentation; one frame serves all.
    corrected : mapping of int to ndarray
        Frames whose cells were corrected by hand, shape (Y, X), int32.
    others : mapping of str to Movie
        Other images of the same frames, measured under the same cells, by their names.
    """

    movie: Movie
    recipe: Recipe
    cache: StageCache
    given: Movie | None = None
    corrected: Mapping[int, Labels] = field(default_factory=dict)
    others: Mapping[str, Movie] = field(default_factory=dict)

    def labels(self, frame: int) -> Labels:
        """Return the cells of a frame, shape (Y, X), int32; ids need not be compact."""
        if frame in self.corrected:
            return self.corrected[frame]
        if self.given is None:
            return segment_frame(self.movie, self.recipe, frame, self.cache)
        ids, values = read_labels(self.given, min(frame, self.given.n_frames - 1))
        kept = self.recipe.objects(ids)
        value_of = np.zeros(len(values) + 1, np.int32)
        # The filter numbers anew what it keeps; the user's own numbers are the ones to show.
        value_of[1:] = values
        labels: Labels = np.where(kept > 0, value_of[ids], 0).astype(np.int32)
        return labels

    def is_compact(self, frame: int) -> bool:
        """Whether the ids of a frame are 1..n, as segmentation gives them."""
        return self.given is None and frame not in self.corrected

    def find(self, frame: int) -> Found:
        """Find the cells of a frame and count them."""
        began = time.perf_counter()
        labels = self.labels(frame)
        if self.is_compact(frame):
            n_cells = int(labels.max(initial=0))
        else:
            n_cells = len(np.unique(labels[labels > 0]))
        took_ms = 1000 * (time.perf_counter() - began)
        return Found(self.movie, self.recipe, frame, labels, n_cells, took_ms)

    def measure(self, frame: int) -> FrameResult:
        """Find the cells of a frame and measure them; the column `label` holds their ids."""
        labels = self.labels(frame)
        shift_px = shift_of(self.movie, self.recipe, frame, self.cache)
        if self.is_compact(frame):
            objects = measure_frame(self.movie, self.recipe, frame, labels, self.others)
            return FrameResult(frame, labels, objects, shift_px=shift_px)
        ids, rank = np.unique(labels, return_inverse=True)
        compact: Labels = rank.reshape(labels.shape).astype(np.int32)
        if len(ids) and ids[0] != 0:
            compact, ids = compact + np.int32(1), np.append(np.int32(0), ids)
        objects = measure_frame(self.movie, self.recipe, frame, compact, self.others)
        named = objects.assign(**{LABEL: ids[1:].astype(np.int64)})
        return FrameResult(frame, labels, named, shift_px=shift_px)


class Findings:
    """The measured frames of a movie, by what they were measured with.

    Used on the GUI thread only; jobs are given copies.
    """

    def __init__(self) -> None:
        self._by_key: OrderedDict[Hashable, dict[int, FrameResult]] = OrderedDict()
        self._counts: dict[int, tuple[int, Hashable]] = {}
        self._table: tuple[Hashable, pd.DataFrame] | None = None

    def of(self, key: Hashable) -> dict[int, FrameResult]:
        """Return the frames that are known, by their true index, without their labels."""
        known = self._by_key.setdefault(key, {})
        self._by_key.move_to_end(key)
        while len(self._by_key) > _N_KEPT:
            self._by_key.popitem(last=False)
        return known

    def put(self, key: Hashable, result: FrameResult) -> None:
        """Remember a frame; its labels are let go, for a movie of them fills the memory."""
        self.of(key)[result.frame] = _without_labels(result)
        self.count(key, result.frame, len(result.objects))

    def count(self, key: Hashable, frame: int, n_cells: int) -> None:
        """Remember the number of cells of a frame."""
        self._counts[frame] = n_cells, key
        self._table = None

    def forget_frame(self, frame: int) -> None:
        """Forget a frame under every key: its cells were changed by hand."""
        for known in self._by_key.values():
            known.pop(frame, None)
        self._counts.pop(frame, None)
        self._table = None

    def clear(self) -> None:
        """Forget everything: the movie is another."""
        self._by_key.clear()
        self._counts.clear()
        self._table = None

    def counts(self, key: Hashable) -> pd.DataFrame:
        """Return the last number of cells of each frame, and whether it is that of `key`."""
        # Several docks ask whenever a frame is done.
        if self._table is None or self._table[0] != key:
            self._table = key, self._count_table(key)
        return self._table[1]

    def _count_table(self, key: Hashable) -> pd.DataFrame:
        known = self.of(key)
        frames = sorted(self._counts.keys() | known.keys())
        n_cells = [len(known[t].objects) if t in known else self._counts[t][0] for t in frames]
        current = [t in known or self._counts[t][1] == key for t in frames]
        columns: dict[str, npt.NDArray[Any]] = {
            "frame": np.array(frames, np.int64),
            "n_cells": np.array(n_cells, np.int64),
            "is_current": np.array(current, bool),
        }
        return pd.DataFrame(columns)


def coverage_of(frames: range, current: Sequence[int]) -> str:
    """Say which of some frames are current; nothing when all are."""
    if len(current) >= len(frames):
        return ""
    if not current:
        return "No frame is found with these settings yet."
    is_one_range = list(current) == list(range(current[0], current[-1] + 1, frames.step))
    if len(current) == 1:
        return f"Only frame {current[0]} is current, the others are stale."
    if is_one_range:
        return f"Frames {current[0]}–{current[-1]} are current, the others stale."
    return f"{len(current)} of {len(frames)} frames are current, the others stale."


def window_round(frames: Sequence[int], frame: int, n_frames: int) -> Sequence[int]:
    """Return the `n_frames` of `frames` round one; fewer where there are not so many."""
    nearest = int(np.argmin(np.abs(np.asarray(frames) - frame)))
    first = min(max(nearest - n_frames // 2, 0), max(len(frames) - n_frames, 0))
    return frames[first : first + n_frames]


def known_round(frames: range, known: Mapping[int, object], frame: int) -> range:
    """Return the unbroken range of known frames round one; empty if it is not known itself."""
    nearest = int(np.argmin(np.abs(np.asarray(frames) - frame)))
    first = last = nearest
    while first > 0 and frames[first - 1] in known:
        first -= 1
    while last + 1 < len(frames) and frames[last + 1] in known:
        last += 1
    return frames[first : last + 1] if frames[nearest] in known else frames[:0]


def measure_frames(
    source: CellSource, frames: Sequence[int], n_threads: int = 1
) -> Iterator[FrameResult]:
    """Measure frame after frame; a job."""
    yield from in_order(source.measure, frames, n_threads)


def follow(
    source: CellSource,
    known: Mapping[int, FrameResult],
    missing: Sequence[int],
    frame: int,
    before: Followed | None = None,
) -> Iterator[FrameResult | Followed]:
    """Measure the frames that are missing, then link the unbroken known range round one; a job.

    What was followed before, of the same objects, is only filtered anew where no more has changed.
    """
    known = dict(known)
    for result in measure_frames(source, missing):
        known[result.frame] = _without_labels(result)
        yield result
    movie, recipe = source.movie, source.recipe
    frames = recipe.input.frames_of(movie)
    linked = known_round(frames, known, frame)
    if not linked:
        return
    began = time.perf_counter()
    if before is None or before.frames != linked or not _are_linked_alike(before.recipe, recipe):
        all_tracks = _link(source, known, linked)
    else:
        all_tracks = before.linked
    tables = keep_tracks(recipe, all_tracks)
    took_ms = 1000 * (time.perf_counter() - began)
    yield Followed(
        movie=movie,
        recipe=recipe,
        frames=linked,
        tables=tables,
        is_whole=len(linked) == len(frames),
        took_ms=took_ms,
        linked=all_tracks,
        shown=rows_to_show(tables, movie, frame),
    )


def _are_linked_alike(one: Recipe, other: Recipe) -> bool:
    """Tell whether two recipes, of the same objects, make the same tracks before the filter."""
    return one.upto("link") == other.upto("link") and one.motion == other.motion


def _link(source: CellSource, known: Mapping[int, FrameResult], linked: range) -> Linked:
    movie, recipe = source.movie, source.recipe
    overlaps = [result.overlaps for result in _overlapping(source, known, linked)]
    part = recipe
    if len(linked) < len(recipe.input.frames_of(movie)):
        limits = FrameRange(start=linked[0], stop=linked[-1] + 1, step=linked.step)
        part = recipe.replace(input=recipe.input.replace(frames=limits))
    objects = [known[t].objects for t in linked]
    shifts_px = {t: known[t].shift_px for t in linked}
    return link_all(movie, part, objects, overlaps, shifts_px)


def _overlapping(
    source: CellSource, known: Mapping[int, FrameResult], frames: Sequence[int]
) -> Iterator[FrameResult]:
    """Give the frames their overlaps, if the linker asks for them; labels come from the cache."""
    if source.recipe.link.needs_overlaps and not source.recipe.input.is_still:
        yield from with_overlaps(replace(known[t], labels=source.labels(t)) for t in frames)


def _without_labels(result: FrameResult) -> FrameResult:
    return replace(result, labels=np.zeros((0, 0), np.int32))
