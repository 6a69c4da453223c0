"""Keep freed memory for the next step, and give it back to the system."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

import numpy as np

#: The largest block that can raise the limit of the C library, minus its own few bytes.
_LARGEST_BYTES = 32 * 2**20 - 2**16


def keep_freed_memory() -> None:
    """Make the C library of Linux keep blocks of up to 32 MB that are freed, 64 MB in all.

    By default it gives blocks larger than any it has seen freed back to the system at once, and
    the next block gets new, zeroed pages: for a frame of 512 x 512 px that takes a quarter of the
    time. Freeing one large block, which is never written to, raises that limit. On other systems
    nothing happens.

    Notes
    -----
    "Dynamic mmap threshold" in the manual page of ``mallopt``, section M_MMAP_THRESHOLD.
    """
    np.empty(_LARGEST_BYTES, np.uint8)


def give_back_freed_memory() -> None:
    """Make the C library of Linux give the memory that it keeps back to the system.

    For use before another process needs the memory, or before memory is measured; the next step
    has to get new pages. On other systems nothing happens.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # musl has no such function
            ctypes.CDLL(None).malloc_trim(0)
