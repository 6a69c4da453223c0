"""GuiQueue: work on the GUI thread in steps, between which the window can answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from qtpy.QtCore import QTimer


def soon(function: Callable[[], object]) -> None:
    """Call a function in the next round of the event loop."""
    QTimer.singleShot(0, function)


class GuiQueue:
    """Does work a step at a time, each in its own round of the event loop.

    What napari does for one layer cannot be divided, but the window need not be blocked for the
    sum of several layers.
    """

    def __init__(self) -> None:
        self._work: Iterator[object] | None = None

    @property
    def busy(self) -> bool:
        """Whether there are steps to come."""
        return self._work is not None

    def take(self, work: Iterator[object], done: Callable[[], None] = lambda: None) -> None:
        """Do the first step of some work now, and the others in the next rounds.

        Parameters
        ----------
        work : iterator
            Yields after each step. What is left of earlier work is done first.
        done : callable
            Called right after the last step; never if other work was taken before that.
        """
        self.finish()
        self._work = work
        self._step(work, done)

    def finish(self) -> None:
        """Do all steps that are left now, without calling `done`."""
        work, self._work = self._work, None
        for _ in work or ():
            pass

    def _step(self, work: Iterator[object], done: Callable[[], None]) -> None:
        if work is not self._work:
            return
        try:
            next(work)
        except StopIteration:
            self._work = None
            done()
        except Exception:
            self._work = None
            raise
        else:
            soon(partial(self._step, work, done))
