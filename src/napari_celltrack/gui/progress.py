"""Progress of *Run all frames*: in numbers, in words, and in napari's activity dock."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from napari.utils import progress
from qtpy.QtCore import QTimer

_TICK_MS = 150


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


class Progress:
    """Counts the frames that are done; alive from the first frame to :meth:`end`.

    Parameters
    ----------
    total : int
        Frames to do.
    on_tick : callable
        Called a few times a second with how far it is, while it goes on.
    """

    def __init__(self, total: int, on_tick: Callable[[RunState], None]) -> None:
        self._total = total
        self._done = self._shown = 0
        self._began = time.perf_counter()
        self._bar = progress(total=total, desc="Cells of all frames")
        self._on_tick = on_tick
        self._ended = False
        # napari's bar runs the event loop whenever it is moved. Moved while a result is taken, it
        # would have the next one taken, and so on without an end.
        self._timer = QTimer()
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    def step(self) -> None:
        """Count one frame."""
        self._done += 1

    def _tick(self) -> None:
        self._timer.stop()
        new, self._shown = self._done - self._shown, self._done
        if new:
            self._bar.update(new)
        # It may have ended meanwhile.
        if not self._ended:
            self._on_tick(self.state())
            self._timer.start()

    def state(self) -> RunState:
        """Return how far it is."""
        took_s = time.perf_counter() - self._began
        rate = self._done / took_s if took_s > 0 else 0.0
        left_s = (self._total - self._done) / rate if rate else float("nan")
        words = f"{self._done} of {self._total} frames"
        if rate:
            words += f", {rate:.3g} frames/s, {_in_words(left_s)} left"
        return RunState(True, self._done, self._total, rate, left_s, words)

    def end(self, sentence: str) -> RunState:
        """Take the bar away, and say how it ended."""
        self._ended = True
        self._timer.stop()
        self._bar.close()
        took_s = time.perf_counter() - self._began
        rate = self._done / took_s if took_s > 0 else 0.0
        return RunState(False, self._done, self._total, rate, 0.0, sentence)


def _in_words(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 60 else f"{minutes / 60:.1f} h"
