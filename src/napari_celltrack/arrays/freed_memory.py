"""What one step lets go of stays with the process for the next one, until it is given back."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

import numpy as np

#: The largest block that the C library of Linux learns from, less its own few bytes.
_LARGEST_BYTES = 32 * 2**20 - 2**16


def keep_freed_memory() -> None:
    """Make the C library of Linux keep blocks of up to 32 MB that are freed, 64 MB in all.

    It gives larger blocks than those it has seen freed back to the system at once, and gets each
    page of the next one anew and zeroed: of a frame of 512 x 512 px, that is a quarter of the
    time. Letting go of one large block, which is never written to, teaches it; elsewhere
    nothing happens.

    Notes
    -----
    "Dynamic mmap threshold" in the manual page of ``mallopt``, section M_MMAP_THRESHOLD.
    """
    np.empty(_LARGEST_BYTES, np.uint8)


def give_back_freed_memory() -> None:
    """Have the C library of Linux give the system back what was freed and is kept for later.

    For when something else is to take its place, or memory is to be counted; what is worked on next
    pays for new pages. Elsewhere nothing happens.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # musl has no such function
            ctypes.CDLL(None).malloc_trim(0)
