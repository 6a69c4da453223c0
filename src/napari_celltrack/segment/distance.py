"""The distance of every pixel of a part to the edge of the part."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_celltrack.runs import Runs
from napari_celltrack.segment.label import as_bytes
from napari_celltrack.segment.mosaic import Boxes, Mosaic

_Labels = NDArray[np.int32]


def distance_to_edge(
    parts: _Labels, runs: Runs, boxes: Boxes, mosaic: Mosaic
) -> NDArray[np.float32]:
    """Return the exact distance of each pixel of a part to the nearest pixel outside of it.

    Equal to ``scipy.ndimage.distance_transform_edt``. Beyond the border of the image nothing is
    outside.

    Parameters
    ----------
    parts : ndarray of int32, shape (Y, X)
        Connected parts; two of them do not touch.
    runs : Runs
        The runs of the parts.
    boxes : Boxes
        The boxes of the parts.
    mosaic : Mosaic
        The mosaic of the parts.

    Returns
    -------
    ndarray of float32, shape (n_pixels,)
        In px, of the pixels of all runs in order.

    Notes
    -----
    The pixel outside of a part that is nearest to it touches it, so it is background. Each part
    may therefore be looked at alone, in the mosaic, where there is less background to walk
    through. A. Meijster et al., "A general algorithm for computing distance transforms in linear
    time", Mathematical Morphology and its Applications to Image and Signal Processing, 331-340
    (2000) is what OpenCV does.
    """
    if not mosaic.is_packed:
        everywhere: NDArray[np.float32] = _transform(parts != 0).ravel()[mosaic.here]
        return everywhere
    inside = mosaic.filled(np.ones(mosaic.there.size, np.bool_))
    distance: NDArray[np.float32] = _transform(inside).ravel()[mosaic.there]
    # A part at the border has no background beyond it, which the mosaic gives it.
    at_border = boxes.touch_border()
    if at_border.any():
        wrong = np.repeat(at_border[runs.ids - 1], runs.length)
        distance[wrong] = _one_by_one(parts, runs, boxes, at_border)
    return distance


def _one_by_one(
    parts: _Labels, runs: Runs, boxes: Boxes, chosen: NDArray[np.bool_]
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
