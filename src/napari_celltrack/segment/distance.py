"""The distance of every pixel of a part to the edge of the part."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_celltrack.runs import Runs
from napari_celltrack.segment.label import as_bytes

_Whole = NDArray[np.int64]
_Labels = NDArray[np.int32]

#: Packing costs about as much as the transform of this share of the image.
_WORTH_PACKING = 0.5


def distance_to_edge(parts: _Labels, runs: Runs) -> NDArray[np.float32]:
    """Return the exact distance of each pixel of a part to the nearest pixel outside of it.

    Equal to ``scipy.ndimage.distance_transform_edt``. Beyond the border of the image nothing is
    outside.

    Parameters
    ----------
    parts : ndarray of int32, shape (Y, X)
        Connected parts; two of them do not touch.
    runs : Runs
        The runs of the parts.

    Returns
    -------
    ndarray of float32, shape (n_pixels,)
        In px, of the pixels of all runs in order.

    Notes
    -----
    The pixel outside of a part that is nearest to it touches it, so it is background. Each part
    may therefore be looked at alone: copied close together, parts leave less background to walk
    through than there is in the image. A. Meijster et al., "A general algorithm for computing
    distance transforms in linear time", Mathematical Morphology and its Applications to Image and
    Signal Processing, 331-340 (2000) is what OpenCV does.
    """
    boxes = _Boxes(runs)
    # A part at the border has no background around it, which the packing would give it.
    at_border = boxes.touch_border()
    inside = ~at_border
    area = np.prod(boxes.size + 1, axis=1)
    if area.sum() > _WORTH_PACKING * parts.size:
        return _transform(parts != 0).ravel()[runs.pixels(np.ones(runs.ids.size, np.bool_))]
    place = _packed(boxes.size, inside)
    sides = (place + boxes.size).max(axis=0, initial=0) + 1
    mosaic = np.zeros(tuple(sides), dtype=np.uint8)
    is_packed = inside[runs.ids - 1]
    # Where the first pixel of each run goes.
    moved = place - boxes.first
    row = runs.row + moved[runs.ids - 1, 0]
    column = runs.first + moved[runs.ids - 1, 1]
    length = runs.length
    shift = row * sides[1] + column - (np.cumsum(length) - length)
    there = np.repeat(shift, length) + np.arange(length.sum())
    packed_pixels = np.repeat(is_packed, length)
    there = there[packed_pixels]
    mosaic.reshape(-1)[there] = 1
    distance = np.empty(packed_pixels.size, dtype=np.float32)
    distance[packed_pixels] = _transform(mosaic).ravel()[there]
    if at_border.any():
        distance[~packed_pixels] = _one_by_one(parts, runs, boxes, at_border)
    return distance


class _Boxes:
    """The smallest box round each part: `first` row and column and `size`, each (n, 2)."""

    def __init__(self, runs: Runs) -> None:
        first = np.full((runs.n, 2), max(runs.shape), dtype=np.int64)
        stop = np.zeros((runs.n, 2), dtype=np.int64)
        at = runs.ids - 1
        np.minimum.at(first[:, 0], at, runs.row)
        np.minimum.at(first[:, 1], at, runs.first)
        np.maximum.at(stop[:, 0], at, runs.row + 1)
        np.maximum.at(stop[:, 1], at, runs.stop)
        self.shape = runs.shape
        self.first, self.stop = first, stop
        self.size: _Whole = np.maximum(stop - first, 0)

    def touch_border(self) -> NDArray[np.bool_]:
        """Tell of each part whether it touches the border of the image, shape (n,)."""
        found = (self.first == 0) | (self.stop == np.array(self.shape))
        return np.asarray(found.any(axis=1))


def _packed(size: _Whole, chosen: NDArray[np.bool_]) -> _Whole:
    """Put boxes on shelves, the highest first; return their first rows and columns, (n, 2)."""
    place = np.ones((len(size), 2), dtype=np.int64)
    order = np.flatnonzero(chosen)[np.argsort(-size[chosen, 0], kind="stable")]
    if order.size == 0:
        return place
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


def _one_by_one(
    parts: _Labels, runs: Runs, boxes: _Boxes, chosen: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Return the distances of the pixels of some parts, each looked at in a crop."""
    found = np.zeros(parts.shape, dtype=np.float32)
    for at in np.flatnonzero(chosen):
        (top, left), (bottom, right) = np.maximum(boxes.first[at] - 1, 0), boxes.stop[at] + 1
        crop = np.s_[top:bottom, left:right]
        own = parts[crop] == at + 1
        np.copyto(found[crop], _transform(own), where=own)
    return found.ravel()[runs.pixels(chosen[runs.ids - 1])]


def _transform(mask: NDArray[Any]) -> NDArray[np.float32]:
    pixels = as_bytes(mask)
    distance = cv2.distanceTransform(pixels, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(distance, dtype=np.float32)
