"""Turns: work on the GUI thread that lets the window answer after each of its steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from qtpy.QtCore import QTimer


def soon(function: Callable[[], object]) -> None:
    """Call a function in the next turn of the event loop."""
    QTimer.singleShot(0, function)


class GuiQueue:
    """Does work a step at a time, each in a turn of the event loop.

    What napari does for one layer is done in one go; the window need not be blocked for the sum
    of several.
    """

    def __init__(self) -> None:
        self._work: Iterator[object] | None = None

    @property
    def busy(self) -> bool:
        """Whether there are steps to come."""
        return self._work is not None

    def take(self, work: Iterator[object], done: Callable[[], None] = lambda: None) -> None:
        """Do the first step of a work now, and the others in turns to come.

        Parameters
        ----------
        work : iterator
            Stops after each step. What is left of an earlier work is done before.
        done : callable
            Called after the last step, in the same turn; never if other work came before.
        """
        self.finish()
        self._work = work
        self._step(work, done)

    def finish(self) -> None:
        """Do the steps that are left now, and do not say that they are done."""
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
