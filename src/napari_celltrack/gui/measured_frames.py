"""MeasuredFrames: the frames of a movie that are measured, and which of them go together."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_celltrack.engine import FrameResult

#: Settings whose results are kept, so that undoing and trying back and forth costs nothing.
_N_KEPT = 8


class MeasuredFrames:
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
        """Remember a frame, but not its labels: those of a whole movie fill the memory."""
        self.of(key)[result.frame] = without_labels(result)
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


def without_labels(result: FrameResult) -> FrameResult:
    """Return a measured frame without its labels."""
    return replace(result, labels=np.zeros((0, 0), np.int32))


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
