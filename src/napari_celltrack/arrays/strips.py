"""Process an image in strips: each fits the processor's cache, and several run in parallel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import cv2

_T = TypeVar("_T")
_Item = TypeVar("_Item")

#: Pixels of a strip: 1 MB of float32.
_STRIP_PX = 1 << 18


class Strip(NamedTuple):
    """Some rows of an image.

    Attributes
    ----------
    rows : slice
        The rows.
    wide : slice
        The rows and those above and below that they depend on, as far as the image has them.
    inside : slice
        Where `rows` are within `wide`.
    """

    rows: slice
    wide: slice
    inside: slice


def strips_of(shape: tuple[int, ...], halo_px: int = 0) -> list[Strip]:
    """Divide the rows of an image, from top to bottom; arguments are those of :func:`in_strips`."""
    height_px, width_px = shape
    n_rows = max(1, 4 * halo_px, _STRIP_PX // max(1, width_px))
    strips = []
    for top in range(0, height_px, n_rows):
        bottom = min(top + n_rows, height_px)
        above = max(0, top - halo_px)
        wide = slice(above, min(bottom + halo_px, height_px))
        strips.append(Strip(slice(top, bottom), wide, slice(top - above, bottom - above)))
    return strips


def in_strips(work: Callable[[Strip], _T], shape: tuple[int, ...], halo_px: int = 0) -> list[_T]:
    """Call a function on all strips of an image, on as many cores as OpenCV may use.

    How an image is divided does not depend on the number of cores.

    Parameters
    ----------
    work : callable
        Gets a strip; two strips must not write to the same place.
    shape : tuple of int
        Height and width of the image.
    halo_px : int
        How many rows above and below a row its result depends on.

    Returns
    -------
    list
        What `work` returned, from top to bottom.
    """
    return on_all_cores(work, strips_of(shape, halo_px))


def on_all_cores(work: Callable[[_Item], _T], items: Sequence[_Item]) -> list[_T]:
    """Call a function on each of several items, on as many cores as OpenCV may use.

    Parameters
    ----------
    work : callable
        Gets one item; what it writes, calls for other items must not read or write.
    items : sequence
        The items.

    Returns
    -------
    list
        What `work` returned, in order.
    """
    n_threads = min(len(items), cv2.getNumThreads())
    if n_threads <= 1:
        return [work(item) for item in items]
    with ThreadPoolExecutor(n_threads) as pool:
        return list(pool.map(work, items))
