"""Preview: finds the cells of the frame in view in the background."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial

from napari_celltrack.gui.cell_jobs import find_cells
from napari_celltrack.gui.follower import Wanted
from napari_celltrack.gui.found_cells import Found
from napari_celltrack.gui.lane import Lane


class Preview:
    """Holds what was asked for last, and the last answer that is on the screen."""

    def __init__(self) -> None:
        self.lane = Lane("celltrack preview")
        self.result: Found | None = None
        self._asked: Hashable = None
        self._answered: Hashable = None

    def is_answered(self, measured_with: Hashable, frame: int) -> bool:
        """Whether the last request was for this frame, and its answer is on the screen."""
        return self._asked == self._answered == (measured_with, frame)

    def is_awaited(self, measured_with: Hashable, frame: int) -> bool:
        """Whether the last request was for this frame, and the lane still works on it."""
        # The lane is busy for a moment after its answer, too.
        return self._asked == (measured_with, frame) and self.lane.busy

    def find(
        self,
        wanted: Wanted,
        take: Callable[[Hashable, Found], None],
        fail: Callable[[Exception], None],
    ) -> None:
        """Have the cells of a frame found; `take` is called with the key that asked for them."""
        self._asked = wanted.measured_with, wanted.frame
        job = partial(find_cells, wanted.source, wanted.frame, wanted.cache)
        self.lane.submit(job, partial(take, wanted.measured_with), fail)

    def put(self, measured_with: Hashable, found: Found) -> None:
        """Remember an answer that is on the screen now."""
        self.result, self._answered = found, (measured_with, found.frame)

    def ask_again(self) -> None:
        """Forget what was asked for: it failed, or its answer would be another now."""
        self._asked = None

    def start_clean(self) -> None:
        """Forget everything: the movie is another."""
        self.lane.cancel()
        self.result = self._asked = None
