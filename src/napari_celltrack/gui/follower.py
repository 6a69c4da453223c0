"""Follower: measures frames and links them in the background, round one frame or all of them.

Knows no viewer and no layers: what is wanted comes in as one frozen value, and what is found goes
out by signals.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd
from psygnal import Signal

from napari_celltrack.engine import CellSource, FrameResult
from napari_celltrack.engine.cache import StageCache
from napari_celltrack.gui.cell_jobs import follow, measure_frames
from napari_celltrack.gui.found_cells import Followed
from napari_celltrack.gui.lane import Lane
from napari_celltrack.gui.measured_frames import MeasuredFrames, known_round, window_round
from napari_celltrack.gui.progress import Progress, RunState

#: Threads for all frames; one core is left to the window.
_N_THREADS = max(1, (os.cpu_count() or 1) - 1)


@dataclass(frozen=True, eq=False)
class Wanted:
    """What the docks want to know now.

    Parameters
    ----------
    source : CellSource
        Where cells come from.
    cache : StageCache
        Where results of the stages are looked up and kept.
    frame : int
        The frame in view.
    frames : range
        All frames that the recipe names.
    measured_with : hashable
        Equal where the objects of every frame are.
    linked_with : hashable
        Equal where the tracks are, too.
    """

    source: CellSource
    cache: StageCache
    frame: int
    frames: range
    measured_with: Hashable
    linked_with: Hashable


class Follower:
    """Holds what is known of the frames of a movie, and finds out more on two lanes."""

    #: A frame was measured, with the key it was measured with.
    frame_measured = Signal(object, FrameResult)
    #: A range of frames was linked, with the key it was measured with.
    followed = Signal(object, Followed)
    #: *Run all frames* began, went on or ended.
    run_changed = Signal(RunState)
    #: A job ended with an exception.
    failed = Signal(Exception)

    def __init__(self) -> None:
        self.follow_lane = Lane("celltrack follow")
        self.run_lane = Lane("celltrack run")
        self.run_state = RunState()
        self.result: Followed | None = None
        self._result_with: Hashable = None
        #: What the objects of the result were measured with.
        self._objects_with: Hashable = None
        self._measured = MeasuredFrames()
        self._asked: Hashable = None
        self._progress: Progress | None = None

    def counts(self, measured_with: Hashable) -> pd.DataFrame:
        """Return `frame`, `n_cells`, `is_current` of the frames that were ever counted."""
        return self._measured.counts(measured_with)

    def count(self, measured_with: Hashable, frame: int, n_cells: int) -> None:
        """Remember the number of cells of a frame that was found but not measured."""
        self._measured.count(measured_with, frame, n_cells)

    def is_current(self, linked_with: Hashable) -> bool:
        """Whether the tracks were linked with these settings."""
        return self.result is not None and self._result_with == linked_with

    def forget_frames(self, frames: set[int]) -> None:
        """Forget frames whose cells were changed by hand."""
        for frame in frames:
            self._measured.forget_frame(frame)
        self._result_with = None

    def start_clean(self) -> None:
        """Forget everything: the movie is another."""
        self.follow_lane.cancel()
        self.cancel_run("")
        self._measured.clear()
        self.result = self._result_with = self._asked = None

    def stop(self) -> None:
        """Stop what is going on: other cells are wanted; what is done is kept."""
        self.follow_lane.cancel()
        self._asked = None
        self.cancel_run("Stopped, for the settings changed; what is done is kept.")

    def follow(self, wanted: Wanted, n_frames: int) -> None:
        """Have the frames round the one in view linked, after measuring those that are missing.

        As many frames as asked for are measured, and not more where so many are known in a row;
        what touches them and is known already is linked with them.
        """
        known = self._measured.of(wanted.measured_with)
        window: Sequence[int] = known_round(wanted.frames, known, wanted.frame)
        # A few are known where measuring them was cut short: the rest of them is due.
        if len(window) < min(n_frames, len(wanted.frames)):
            window = window_round(wanted.frames, wanted.frame, n_frames)
        missing = [frame for frame in window if frame not in known]
        missing.sort(key=lambda frame: abs(frame - wanted.frame))
        asked = (wanted.linked_with, window)
        current = self.result if self.is_current(wanted.linked_with) else None
        if asked == self._asked or (current is not None and current.frames == window):
            return
        self._asked = asked
        has_objects = self._result_with is not None and self._objects_with == wanted.measured_with
        before = self.result if has_objects else None
        self.follow_lane.submit(
            partial(
                follow,
                wanted.source,
                dict(known),
                missing,
                wanted.frame,
                wanted.cache,
                before=before,
            ),
            partial(self._take, wanted),
            self._fail_follow,
        )

    def run_all(self, wanted: Wanted) -> None:
        """Have all frames measured that are not known; linking them is asked for at the end."""
        self.cancel_run("")
        known = self._measured.of(wanted.measured_with)
        missing = [frame for frame in wanted.frames if frame not in known]
        self._progress = Progress(len(missing), self._tell)
        self._tell(self._progress.state())
        self.run_lane.submit(
            partial(measure_frames, wanted.source, missing, wanted.cache, _N_THREADS),
            partial(self._take_of_all, wanted),
            self._fail_run,
            partial(self._end_run, wanted),
        )

    def cancel_run(self, why: str) -> None:
        """Stop :meth:`run_all`; what is done stays."""
        self.run_lane.cancel()
        self._close_progress(why)

    def _take(self, wanted: Wanted, result: FrameResult | Followed) -> None:
        if isinstance(result, FrameResult):
            self._measured.put(wanted.measured_with, result)
            self.frame_measured.emit(wanted.measured_with, result)
            return
        self.result, self._result_with = result, wanted.linked_with
        self._objects_with = wanted.measured_with
        self.followed.emit(wanted.measured_with, result)

    def _take_of_all(self, wanted: Wanted, result: FrameResult) -> None:
        self._take(wanted, result)
        if self._progress is not None:
            self._progress.step()

    def _end_run(self, wanted: Wanted) -> None:
        n_frames = len(wanted.frames)
        self._asked = None
        self._close_progress(f"All {n_frames} frames are current." if n_frames > 1 else "Done.")

    def _fail_follow(self, error: Exception) -> None:
        self._asked = None
        self.failed.emit(error)

    def _fail_run(self, error: Exception) -> None:
        self._close_progress("Stopped by a problem; what is done is kept.")
        self.failed.emit(error)

    def _close_progress(self, why: str) -> None:
        if self._progress is not None:
            progress, self._progress = self._progress, None
            self._tell(progress.end(why))

    def _tell(self, state: RunState) -> None:
        self.run_state = state
        self.run_changed.emit(state)
