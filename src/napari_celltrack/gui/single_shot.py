"""Timers that call a function once, some time after they were started last."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QObject, QTimer


def single_shot(owner: QObject, ms: int, slot: Callable[[], object]) -> QTimer:
    """Return a timer that calls a function once, so long after it was started last.

    Unlike the wrappers of superqt it can be asked whether it runs, and stopped.

    Parameters
    ----------
    owner : QObject
        Ends it.
    ms : int
    slot : callable
    """
    timer = QTimer(owner)
    timer.setSingleShot(True)
    timer.setInterval(ms)
    timer.timeout.connect(slot)
    return timer
