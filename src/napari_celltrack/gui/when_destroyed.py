"""When a widget ends: slots that are still whole when they are called.

A widget that Python's garbage collector finds is taken apart together with the slots that only it
holds; Qt would then call what is no function any more, and the program would crash.
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
        Without arguments. It is held until it is called, and must not hold the thing itself.
    """
    # Python keeps finalizers in a place of its own, out of the garbage.
    once = weakref.finalize(thing, slot)
    once.atexit = False
    thing.destroyed.connect(once)
