"""Basins of a landscape and the merging of those that a saddle hardly separates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_celltrack.runs import Runs
from napari_celltrack.segment.label import unordered_parts

_Labels = NDArray[np.int32]
_Plane = NDArray[np.float32]

#: Offsets to half of the eight neighbours; the other half are the same pairs seen from there.
_NEIGHBOURS = ((0, 1), (1, -1), (1, 0), (1, 1))


class Basins(NamedTuple):
    """Regions that ascend to one peak each.

    Attributes
    ----------
    labels : ndarray of int32, shape (Y, X)
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
        Mean of an image along the line.
    """

    first: int
    second: int
    saddle: float
    where: tuple[float, float]
    brightness: float


def basins_of(landscape: _Plane, parts: _Labels, runs: Runs) -> Basins:
    """Divide every part of a mask among the peaks of a landscape.

    From each pixel the steepest way up is followed to a peak. On a smooth landscape this is the
    watershed, without its queue: all pixels ascend at once.

    Parameters
    ----------
    landscape : ndarray of float32, shape (Y, X)
        High in the middle of cells.
    parts : ndarray of int32, shape (Y, X)
        The connected parts of the mask.
    runs : Runs
        The runs of the parts.

    Returns
    -------
    Basins
        At least one basin a part; numbered part by part.
    """
    land = np.where(parts != 0, landscape, np.float32(-np.inf))
    where, names = _peaks(land, parts)
    size = int(names.max()) + 1 if names.size else 1
    count = np.maximum(np.bincount(names, minlength=size), 1)
    rows, columns = np.divmod(where, parts.shape[1])
    sums = [
        np.bincount(names, weights, minlength=size) / count
        for weights in (landscape.ravel()[where], rows, columns)
    ]
    part = np.zeros(size, dtype=np.int32)
    part[names] = parts.ravel()[where]
    labels, contested = _ascend(land, parts, runs, (where, names))
    return Basins(labels, sums[0], np.column_stack(sums[1:]), part, contested)


def borders_of(basins: Basins, landscape: _Plane, image: _Plane) -> list[Border]:
    """List the lines between basins that touch, the highest saddle first.

    Parameters
    ----------
    basins : Basins
        Regions with their peaks.
    landscape : ndarray of float32, shape (Y, X)
        The landscape that they belong to.
    image : ndarray of float32, shape (Y, X)
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
    return [
        Border(
            int(key[start[i]] // size),
            int(key[start[i]] % size),
            float(height[start[i]]),
            (float(here[start[i]] // width), float(here[start[i]] % width)),
            float(brightness[i]),
        )
        for i in lines
    ]


def merge(
    basins: Basins, borders: list[Border], is_one: Callable[[Border, float, float], bool]
) -> _Labels:
    """Merge neighbours from the highest saddle down, each time into the higher peak.

    Parameters
    ----------
    basins : Basins
        Regions with their peaks.
    borders : list of Border
        In order of falling saddle.
    is_one : callable
        Gets the border, the height of the lower of the two merged peaks and the distance of the
        two; says whether they are one cell.

    Returns
    -------
    ndarray of int32, shape (Y, X)
        The merged regions, numbered with gaps.
    """
    root = list(range(basins.height.size))

    def find(name: int) -> int:
        while root[name] != name:
            root[name] = root[root[name]]
            name = root[name]
        return name

    for border in borders:
        a, b = find(border.first), find(border.second)
        if a == b:
            continue
        lower, higher = (a, b) if basins.height[a] < basins.height[b] else (b, a)
        apart = float(np.hypot(*(basins.peak[a] - basins.peak[b])))
        if is_one(border, float(basins.height[lower]), apart):
            root[lower] = higher
    names = np.array([find(name) for name in range(len(root))], dtype=np.int32)
    labels: _Labels = basins.labels.copy()
    flat = labels.reshape(-1)
    flat[basins.contested] = names[flat[basins.contested]]
    return labels


def _peaks(land: _Plane, parts: _Labels) -> tuple[NDArray[np.int64], _Labels]:
    """Find the points that no neighbour is higher than; a flat top has one name.

    Returns their flat positions, in order, and the peak that each belongs to, from 1.
    """
    # By edges only: tops of two parts may meet at a corner, and must not get one number.
    tops = (land >= cv2.dilate(land, np.ones((3, 3), np.uint8))) & (parts != 0)
    where = np.flatnonzero(tops)
    found = unordered_parts(tops, connectivity=4).ravel()[where]
    _, first, name = np.unique(found, return_index=True, return_inverse=True)
    order = np.empty(first.size, dtype=np.int32)
    order[np.argsort(first)] = np.arange(1, first.size + 1, dtype=np.int32)
    return where, order[name]


def _ascend(
    land: _Plane, parts: _Labels, runs: Runs, peaks: tuple[NDArray[np.int64], _Labels]
) -> tuple[_Labels, NDArray[np.int64]]:
    """Give every pixel the number of its peak; only parts with several peaks are walked."""
    tops, names = peaks
    some_peak = np.zeros(runs.n + 1, dtype=np.int32)
    part_of_top = parts.ravel()[tops]
    some_peak[part_of_top] = names
    is_contested = np.zeros(runs.n + 1, dtype=np.bool_)
    is_contested[part_of_top[names != some_peak[part_of_top]]] = True
    labels: _Labels = runs.painted(some_peak[runs.ids])
    contested = runs.pixels(is_contested[runs.ids])
    if contested.size:
        goal = contested[_steepest_ways(land, parts, contested)]
        labels.reshape(-1)[contested] = names[np.searchsorted(tops, goal)]
    return labels, contested


def _steepest_ways(land: _Plane, parts: _Labels, pixels: NDArray[np.int64]) -> NDArray[Any]:
    """Return, for each pixel, the place in `pixels` where the steepest way up ends."""
    width = land.shape[1]
    rows, columns = np.divmod(pixels, width)
    # Half as wide numbers are gathered nearly twice as fast.
    number = np.int32 if land.size < 2**31 else np.int64
    start = pixels.astype(number)
    flat_land, flat_parts = land.ravel(), parts.ravel()
    own = flat_parts[start]
    best, way = flat_land[start].copy(), start.copy()
    cut = {
        (-1, 0): rows == 0,
        (1, 0): rows == land.shape[0] - 1,
        (0, -1): columns == 0,
        (0, 1): columns == width - 1,
    }
    outside = {side: found for side, found in cut.items() if found.any()}
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            if not down and not right:
                continue
            there = start + (down * width + right)
            for side in ((down, 0), (0, right)):
                if side in outside:  # stay where the image ends
                    np.copyto(there, start, where=outside[side])
            height = flat_land[there]
            better = height > best
            if down and right:  # other parts can only be met at a corner
                better &= flat_parts[there] == own
            np.copyto(best, height, where=better)
            np.copyto(way, there, where=better)
    place = np.zeros(land.size, dtype=number)
    place[start] = np.arange(start.size, dtype=number)
    step: NDArray[Any] = place[way]
    while True:
        further = step[step]
        if np.array_equal(further, step):
            return step
        step = further


def _touching(basins: Basins) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return a key a pair of basins and the flat positions of the two pixels that touch."""
    labels, size = basins.labels, basins.height.size
    height, width = labels.shape
    flat, all_ = labels.ravel(), basins.contested
    own = flat[all_]
    keys, here, there = [], [], []
    for down, right in _NEIGHBOURS:
        # Clipped and wrapped round first, and checked for the few that differ.
        beside = np.take(flat, all_ + (down * width + right), mode="clip")
        differs = np.flatnonzero(beside != own)
        one, a, b = all_[differs], own[differs], beside[differs]
        rows, columns = np.divmod(one, width)
        touch = (rows + down < height) & (columns + right >= 0) & (columns + right < width)
        touch &= basins.part[a] == basins.part[b]
        low, high = np.minimum(a, b)[touch], np.maximum(a, b)[touch]
        keys.append(low.astype(np.int64) * size + high)
        here.append(one[touch])
        there.append(one[touch] + (down * width + right))
    return np.concatenate(keys), np.concatenate(here), np.concatenate(there)
