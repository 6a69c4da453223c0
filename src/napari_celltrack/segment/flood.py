"""Basins of a landscape, and merging of basins that a saddle hardly separates."""

from __future__ import annotations

from collections.abc import Callable
from math import dist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_celltrack.segment.label import unordered_parts

_Labels = NDArray[np.int32]
_Plane = NDArray[np.float32]

#: Offsets to half of the eight neighbours; the other half would give the same pairs again.
_NEIGHBOURS = ((0, 1), (1, -1), (1, 0), (1, 1))
#: Offsets to all eight neighbours, row by row.
_AROUND = tuple((y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if y or x)


class Basins(NamedTuple):
    """Regions whose pixels all ascend to the same peak.

    Attributes
    ----------
    labels : ndarray of int32, shape (height, width)
        0 is background, 1 to n the basins.
    height : ndarray of float64, shape (n + 1,)
        Height of the peak of each basin; entry 0 is not used.
    peak : ndarray of float64, shape (n + 1, 2)
        Row and column of the peak.
    part : ndarray of int32, shape (n + 1,)
        The part of the mask that each basin belongs to.
    contested : ndarray of int64, shape (k,)
        Flat positions of the pixels of parts that have more than one peak.
    """

    labels: _Labels
    height: NDArray[np.float64]
    peak: NDArray[np.float64]
    part: NDArray[np.int32]
    contested: NDArray[np.int64]


class Border(NamedTuple):
    """The line between two basins that touch.

    Attributes
    ----------
    first, second : int
        The basins.
    saddle : float
        Height of the highest point of the line.
    where : tuple of float
        Row and column of that point.
    brightness : float
        Mean value of an image along the line.
    """

    first: int
    second: int
    saddle: float
    where: tuple[float, float]
    brightness: float


def basins_of(landscape: _Plane, parts: _Labels, *, may_touch: bool) -> Basins:
    """Divide every part of a mask among the peaks of a landscape.

    Each pixel follows the steepest way up to a peak. On a smooth landscape the result is that of
    the watershed, but without a queue: all pixels ascend at once.

    Parameters
    ----------
    landscape : ndarray of float32, shape (height, width)
        High in the middle of cells, ``-inf`` outside of the parts.
    parts : ndarray of int32, shape (height, width)
        The connected parts of the mask; 0 all along the border.
    may_touch : bool
        Whether two parts may meet at a corner.

    Returns
    -------
    Basins
        At least one basin per part.
    """
    way = _steepest_ways(landscape, parts, may_touch)
    tops, names = _named_tops((way == 0) & (parts != 0))
    size = int(names.max(initial=0)) + 1
    count = np.maximum(np.bincount(names, minlength=size), 1)
    sums = [
        np.bincount(names, weights, minlength=size) / count
        for weights in (landscape.ravel()[tops], *np.divmod(tops, parts.shape[1]))
    ]
    part_of_top = parts.ravel()[tops]
    part = np.zeros(size, dtype=np.int32)
    part[names] = part_of_top
    # Only in parts with several peaks do pixels have to follow their ways.
    some_name = np.zeros(int(part.max()) + 1, dtype=np.int32)
    some_name[part_of_top] = names
    is_contested = np.zeros(some_name.size, dtype=np.bool_)
    is_contested[part_of_top[names != some_name[part_of_top]]] = True
    contested = np.flatnonzero(np.take(is_contested, parts))
    labels = np.take(some_name, parts)
    name_at = np.zeros(parts.size, dtype=np.int32)
    name_at[tops] = names
    labels.reshape(-1)[contested] = np.take(name_at, _ends(way, contested))
    return Basins(labels, sums[0], np.column_stack(sums[1:]), part, contested)


def borders_of(basins: Basins, landscape: _Plane, image: _Plane) -> list[Border]:
    """List the lines between basins that touch, the highest saddle first.

    Parameters
    ----------
    basins : Basins
        Regions with their peaks.
    landscape : ndarray of float32, shape (height, width)
        The landscape that they belong to.
    image : ndarray of float32, shape (height, width)
        What is averaged along the lines.

    Returns
    -------
    list of Border
        In order of falling saddle.
    """
    key, here, there = _touching(basins)
    if key.size == 0:
        return []
    height = np.minimum(landscape.ravel()[here], landscape.ravel()[there])
    order = np.lexsort((here, -height, key))
    key, height, here, there = key[order], height[order], here[order], there[order]
    start = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
    length = np.diff(np.r_[start, key.size])
    darker = np.minimum(image.ravel()[here], image.ravel()[there])
    brightness = np.add.reduceat(darker, start) / length
    width, size = basins.labels.shape[1], basins.height.size
    lines = np.lexsort((key[start], -height[start]))
    at = start[lines]
    return [
        Border(first, second, saddle, (float(row), float(column)), mean)
        for first, second, saddle, row, column, mean in zip(
            *(values.tolist() for values in np.divmod(key[at], size)),
            height[at].tolist(),
            *(values.tolist() for values in np.divmod(here[at], width)),
            brightness[lines].tolist(),
            strict=True,
        )
    ]


def merged(
    basins: Basins, borders: list[Border], is_one: Callable[[Border, float, float], bool]
) -> NDArray[np.int32]:
    """Merge neighbours from the highest saddle down, each time into the higher peak.

    Parameters
    ----------
    basins : Basins
        Regions with their peaks.
    borders : list of Border
        In order of falling saddle.
    is_one : callable
        Gets the border, the height of the lower of the two peaks and the distance between them;
        returns whether they are one cell.

    Returns
    -------
    ndarray of int32, shape (n + 1,)
        For each basin, the basin that it was merged into, or itself.
    """
    root = list(range(basins.height.size))
    # Python's own numbers are faster than numpy's if they are used one at a time.
    height, peak = basins.height.tolist(), basins.peak.tolist()

    def find(name: int) -> int:
        while root[name] != name:
            root[name] = root[root[name]]
            name = root[name]
        return name

    for border in borders:
        a, b = find(border.first), find(border.second)
        if a == b:
            continue
        lower, higher = (a, b) if height[a] < height[b] else (b, a)
        if is_one(border, height[lower], dist(peak[a], peak[b])):
            root[lower] = higher
    return np.array([find(name) for name in range(len(root))], dtype=np.int32)


def _steepest_ways(land: _Plane, parts: _Labels, may_touch: bool) -> NDArray[np.int8]:
    """Return the number, from 1, of the highest neighbour of each pixel of a part; 0 on a top."""
    # Flattened, so that a neighbour is a constant step away, which is twice as fast. At the border
    # the steps wrap round, but there is only background.
    flat, names = land.ravel(), parts.ravel()
    width = land.shape[1]
    margin = width + 1
    inside = slice(margin, flat.size - margin)
    best, own = flat[inside].copy(), names[inside]
    ways = np.zeros(land.shape, dtype=np.int8)
    way = ways.reshape(-1)[inside]
    better = np.empty(best.shape, dtype=np.bool_)
    for number, (down, right) in enumerate(_AROUND, start=1):
        step = down * width + right
        beside = slice(inside.start + step, inside.stop + step)
        np.greater(flat[beside], best, out=better)
        if may_touch and down and right:
            better &= names[beside] == own
            np.copyto(best, flat[beside], where=better)
        else:
            np.maximum(best, flat[beside], out=best)
        # Each way that is marked was higher than all before, so the last one marked is the highest.
        np.maximum(way, better.view(np.int8) * np.int8(number), out=way)
    return ways


def _named_tops(is_top: NDArray[np.bool_]) -> tuple[NDArray[np.int64], _Labels]:
    """Return the flat positions of all tops, in order, and their numbers, from 1.

    All pixels of a flat top have the same number.
    """
    where = np.flatnonzero(is_top)
    # By edges only: tops of two parts may meet at a corner, and need different numbers.
    found = unordered_parts(is_top, connectivity=4).ravel()[where]
    _, first, name = np.unique(found, return_index=True, return_inverse=True)
    order = np.empty(first.size, dtype=np.int32)
    order[np.argsort(first)] = np.arange(1, first.size + 1, dtype=np.int32)
    return where, order[name]


def _ends(ways: NDArray[np.int8], pixels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where the ways from some pixels end; they must not leave these pixels."""
    width = ways.shape[1]
    offsets = np.array([0, *(down * width + right for down, right in _AROUND)])
    # Numbers of half the size are looked up nearly twice as fast.
    place = np.zeros(ways.size, dtype=np.int32 if pixels.size < 2**31 else np.int64)
    place[pixels] = np.arange(pixels.size, dtype=place.dtype)
    step = place[pixels + offsets[ways.ravel()[pixels]]]
    while True:  # each round doubles the distance
        further = step[step]
        if np.array_equal(further, step):
            found: NDArray[np.int64] = pixels[step]
            return found
        step = further


def _touching(basins: Basins) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return pixels of two basins that touch: a key of the pair, and both flat positions."""
    size, width = basins.height.size, basins.labels.shape[1]
    flat, all_ = basins.labels.ravel(), basins.contested
    own = flat[all_]
    keys, here, there = [], [], []
    for down, right in _NEIGHBOURS:
        # No offset leaves the image or wraps round, as all pixels at the border are background.
        offset = down * width + right
        beside = flat[all_ + offset]
        differs = np.flatnonzero((beside != own) & (beside != 0))
        one, a, b = all_[differs], own[differs], beside[differs]
        touch = basins.part[a] == basins.part[b]
        low, high = np.minimum(a, b)[touch], np.maximum(a, b)[touch]
        keys.append(low.astype(np.int64) * size + high)
        here.append(one[touch])
        there.append(one[touch] + offset)
    return np.concatenate(keys), np.concatenate(here), np.concatenate(there)
