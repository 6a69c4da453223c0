"""Mosaic: the parts of a mask, copied close together, with fewer pixels than their image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from napari_celltrack.arrays.label_runs import LabelRuns
from napari_celltrack.arrays.strips import Strip, in_strips

_Whole = npt.NDArray[np.int64]

#: A mosaic larger than this share of the image is not worth packing.
_WORTH_PACKING = 0.75
#: Pixels of parts in a mosaic: its planes fit into the cache, but loops are not too short.
_MOSAIC_PX = 1 << 18


class Mosaic(NamedTuple):
    """Where the pixels of some parts lie in an image, and where in a mosaic of them.

    Every part keeps its shape and has one pixel of background around it. If parts fill most of the
    image, packing is not worth it, and the mosaic is the image with a frame of one pixel.

    Attributes
    ----------
    shape : (int, int)
        Height and width of the mosaic.
    here, there : ndarray, shape (n_pixels,), int64
        The places of the pixels of all parts in the flattened image, row by row, and in the
        flattened mosaic.
    runs : LabelRuns
        The runs of its parts, which count from 1 in each mosaic.
    boxes : Boxes
        Their boxes in the image.
    place : ndarray, shape (n, 2), int64
        First row and column of each box in the mosaic.
    is_packed : bool
        Whether each part has its own box; otherwise two parts may meet at a corner.
    """

    shape: tuple[int, int]
    here: _Whole
    there: _Whole
    runs: LabelRuns
    boxes: Boxes
    place: _Whole
    is_packed: bool

    def filled(self, values: npt.NDArray[Any], background: float = 0) -> npt.NDArray[Any]:
        """Return the mosaic as an image with these values, one per pixel in order.

        Parameters
        ----------
        values : ndarray, shape (n_pixels,)
            In the order of `here`.
        background : float
            Value between the parts.

        Returns
        -------
        ndarray of the dtype of `values`, shape `shape`
        """
        plane = np.full(self.shape, background, values.dtype)
        plane.reshape(-1)[self.there] = values
        return plane

    def parts(self) -> npt.NDArray[np.int32]:
        """Return the mosaic of the parts, numbered as in `runs`."""
        return self.filled(np.repeat(self.runs.ids, self.runs.length))


def mosaics_of(runs: LabelRuns) -> list[Mosaic]:
    """Copy the parts of an image close together, a few at a time.

    A mosaic fits into the processor's cache, and several can be processed in parallel. How the
    parts are divided among mosaics depends on the parts alone.

    Parameters
    ----------
    runs : LabelRuns
        The runs of the parts.

    Returns
    -------
    list of Mosaic
        In the order of the parts; none where there are no parts.
    """
    if not runs.ids.size:
        return []
    boxes = boxes_of(runs)
    is_packed = float((boxes.size + 1.0).prod(axis=1).sum()) <= _WORTH_PACKING * np.prod(runs.shape)
    if not is_packed:
        return [_unpacked(runs, boxes)]
    # In order and as a whole, each part goes into the mosaic of its first pixel.
    n_pixels = np.bincount(runs.ids, runs.length, minlength=runs.n + 1)[1:]
    mosaic = ((np.cumsum(n_pixels) - n_pixels) // _MOSAIC_PX).astype(np.int64)
    cuts = [0, *(np.flatnonzero(np.diff(mosaic)) + 1).tolist(), runs.n]
    of_run = mosaic[runs.ids - 1]
    found = []
    for begin, end in pairwise(cuts):
        own = runs.of(np.flatnonzero(of_run == mosaic[begin]))
        own = own._replace(ids=own.ids - np.int32(begin), n=end - begin)
        found.append(_packed(own, boxes.of(slice(begin, end))))
    return found


def values_in(
    mosaics: Sequence[Mosaic],
    images: Callable[[Strip], Sequence[npt.NDArray[Any]]],
    shape: tuple[int, ...],
    halo_px: int,
) -> list[list[npt.NDArray[Any]]]:
    """Return the pixels of mosaics in images that are computed strip by strip, never as a whole.

    Parameters
    ----------
    mosaics : sequence of Mosaic
        Of one image.
    images : callable
        Gets a strip and returns the rows of each image in it.
    shape : tuple of int
        Height and width of the images.
    halo_px : int
        How many rows above and below a row its values depend on.

    Returns
    -------
    list of list of ndarray
        For each mosaic and image, the values of its pixels in order.
    """

    def cut(strip: Strip) -> list[list[npt.NDArray[Any]]]:
        made = [image.reshape(-1) for image in images(strip)]
        begin, end = strip.rows.start * shape[1], strip.rows.stop * shape[1]
        found = []
        for mosaic in mosaics:
            at = mosaic.here[slice(*np.searchsorted(mosaic.here, [begin, end]))] - begin
            found.append([np.take(values, at) for values in made])
        return found

    if not mosaics:
        return []
    strips = in_strips(cut, shape, halo_px)
    return [
        [np.concatenate(values) for values in zip(*(strip[i] for strip in strips), strict=True)]
        for i in range(len(mosaics))
    ]


def _packed(runs: LabelRuns, boxes: Boxes) -> Mosaic:
    """Give each part its own box."""
    place = _shelved(boxes.size)
    height, width = ((place + boxes.size).max(axis=0) + 1).tolist()
    moved = (place - boxes.first)[runs.ids - 1]
    start = (runs.row + moved[:, 0]) * width + runs.first + moved[:, 1]
    return Mosaic((height, width), *_pixels(runs, start), runs, boxes, place, True)


def _unpacked(runs: LabelRuns, boxes: Boxes) -> Mosaic:
    """Put a frame of one pixel around the image."""
    height, width = runs.shape[0] + 2, runs.shape[1] + 2
    start = (runs.row + 1) * width + runs.first + 1
    place = boxes.first + 1
    return Mosaic((height, width), *_pixels(runs, start), runs, boxes, place, False)


def _pixels(runs: LabelRuns, start: _Whole) -> tuple[_Whole, _Whole]:
    """Return the places of all pixels of runs in the image and in a mosaic."""
    length = runs.length
    before = np.cumsum(length) - length
    steps = np.arange(int(length.sum()))
    here, there = (np.repeat(first - before, length) + steps for first in (runs.start, start))
    return here, there


class Boxes(NamedTuple):
    """The smallest box around each part.

    Attributes
    ----------
    shape : (int, int)
        Height and width of the image.
    first, size : ndarray, shape (n, 2), int64
        First row and column, height and width; the size of a number without pixels is 0.
    """

    shape: tuple[int, int]
    first: _Whole
    size: _Whole

    def of(self, some: slice) -> Boxes:
        """Return the boxes of some of the parts."""
        return Boxes(self.shape, self.first[some], self.size[some])

    def touch_border(self) -> npt.NDArray[np.bool_]:
        """Return whether each part touches the border of the image, shape (n,)."""
        found = (self.first == 0) | (self.first + self.size == np.array(self.shape))
        return np.asarray(found.any(axis=1))


def boxes_of(runs: LabelRuns) -> Boxes:
    """Find the boxes of all parts.

    Parameters
    ----------
    runs : LabelRuns
        The runs of the parts.

    Returns
    -------
    Boxes
    """
    first = np.full((runs.n, 2), max(runs.shape), dtype=np.int64)
    stop = np.zeros((runs.n, 2), dtype=np.int64)
    at = runs.ids - 1
    np.minimum.at(first[:, 0], at, runs.row)
    np.minimum.at(first[:, 1], at, runs.first)
    np.maximum.at(stop[:, 0], at, runs.row + 1)
    np.maximum.at(stop[:, 1], at, runs.stop)
    return Boxes(runs.shape, first, np.maximum(stop - first, 0))


def _shelved(size: _Whole) -> _Whole:
    """Put boxes on shelves, the highest first; return their first rows and columns, (n, 2)."""
    place = np.ones((len(size), 2), dtype=np.int64)
    order = np.argsort(-size[:, 0], kind="stable")
    heights, widths = (size[order] + 1).T
    shelf_px = max(int(np.sqrt(np.dot(heights, widths))), int(widths.max()))
    start = np.cumsum(widths) - widths
    shelf = start // shelf_px
    is_first = np.r_[True, shelf[1:] != shelf[:-1]]
    number = np.cumsum(is_first) - 1
    tops = np.cumsum(np.r_[0, heights[is_first][:-1]])
    place[order, 0] += tops[number]
    place[order, 1] += start - start[is_first][number]
    return place
