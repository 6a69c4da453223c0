"""Calling a function when a widget is destroyed, while the function is still whole.

Python's garbage collector takes a widget apart together with the slots that only it holds; Qt
would then call something that is no function any more, and the program would crash.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QObject


def when_destroyed(thing: QObject, slot: Callable[[], Any]) -> None:
    """Call a function once, when Qt or Python destroys a thing, whichever is first.

    Parameters
    ----------
    thing : QObject
        A widget, for instance.
    slot : callable
        Without arguments. It is kept until it is called, and must not refer to the thing itself.
    """
    # Python keeps finalizers in a registry of its own, where the collector does not look.
    once = weakref.finalize(thing, slot)
    once.atexit = False
    thing.destroyed.connect(once)
