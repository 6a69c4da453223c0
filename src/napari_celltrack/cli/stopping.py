"""Ctrl+C, a closed terminal and a request to end: the first one stops a command, once.

What is written when a run ends must not be interrupted by the next Ctrl+C.
"""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

#: Exit code of a command that was stopped before it had done anything, as typer has it.
STOPPED = 130
#: Those that the system knows: SIGHUP is that of a terminal that is closed, SIGBREAK of Windows.
_SIGNALS = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    if hasattr(signal, name)
]


@contextmanager
def stopped_once() -> Iterator[None]:
    """Have the first signal to end raise KeyboardInterrupt, and no other interrupt what follows.

    A signal that is ignored stays so, as of a command under nohup.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    is_stopping, first = False, signal.SIGINT

    def stop(number: int, _: Any) -> None:
        nonlocal is_stopping, first
        if not is_stopping:
            is_stopping, first = True, signal.Signals(number)
            raise KeyboardInterrupt

    def unraised(lost: sys.UnraisableHookArgs) -> None:
        # Raised in a callback that can raise nothing, the interrupt was lost.
        nonlocal is_stopping
        if isinstance(lost.exc_value, KeyboardInterrupt):
            is_stopping = False
            threading.Timer(0.01, _signal_main, (first,)).start()  # when this has returned
        else:
            hook(lost)

    hook, sys.unraisablehook = sys.unraisablehook, unraised
    before = {n: signal.getsignal(n) for n in _SIGNALS}
    before = {n: handler for n, handler in before.items() if handler not in (signal.SIG_IGN, None)}
    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        sys.unraisablehook = hook
        for number, handler in before.items():
            # A process that was stopped ends now, and is to end in peace.
            signal.signal(number, signal.SIG_IGN if is_stopping else handler)


def _signal_main(number: signal.Signals) -> None:
    """Have a signal come to the main thread, which wakes up where the system can do that."""
    if hasattr(signal, "pthread_kill") and (ident := threading.main_thread().ident) is not None:
        signal.pthread_kill(ident, number)
    else:
        _thread.interrupt_main(number)
