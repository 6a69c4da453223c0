"""Memory that arrays have let go of, given back to the system."""

from __future__ import annotations

import ctypes
import sys

#: Labels that pass until memory is given back: a frame of 2048 x 2048 px, or many small ones, for
#: it takes about as long after small frames as after large ones.
_GIVE_BACK_BYTES = 4 * 2048 * 2048


class Passed:
    """Frames that were worked through; now and then their memory is given back."""

    def __init__(self) -> None:
        self._n_bytes = 0

    def add(self, n_bytes: int) -> None:
        """Count the labels of a frame."""
        self._n_bytes += n_bytes
        if self._n_bytes >= _GIVE_BACK_BYTES:
            give_back()
            self._n_bytes = 0


def give_back() -> None:
    """Return free memory to the system, where the C library keeps it for later.

    The C library of Linux (glibc) keeps what frames took, in case more are to come; other systems
    return large arrays themselves, and nothing is done there.
    """
    if sys.platform != "linux":
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
    if trim is not None:
        trim(0)
