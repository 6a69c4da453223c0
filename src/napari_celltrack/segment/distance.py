"""The distance of every pixel of a part to the edge of the part."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_celltrack.segment.label import as_bytes
from napari_celltrack.segment.mosaic import Mosaic

_Plane = NDArray[np.float32]


def distance_to_edge(mosaic: Mosaic) -> NDArray[np.float32]:
    """Return the exact distance of each pixel of a part to the nearest pixel outside of it.

    Equal to ``scipy.ndimage.distance_transform_edt`` in float32, to the last bit up to 1,000 px.
    The border of the image is not an edge.

    Parameters
    ----------
    mosaic : Mosaic
        The parts; two of them do not touch.

    Returns
    -------
    ndarray of float32, shape (n_pixels,)
        In px, in the order of `mosaic.here`.

    Notes
    -----
    The nearest pixel outside of a part touches the part, so it is background. The distance within a
    part therefore depends on this part only, and can be computed in the mosaic, which has less
    background. A. Meijster et al., "A general algorithm for computing distance transforms in linear
    time", Mathematical Morphology and its Applications to Image and Signal Processing, 331-340
    (2000) is what OpenCV does.
    """
    inside = mosaic.filled(np.ones(mosaic.there.size, np.bool_))
    if mosaic.is_packed:
        distance = _transform(inside)
        _mend_at_border(distance, inside, mosaic)
    else:
        distance = np.zeros(mosaic.shape, np.float32)
        distance[1:-1, 1:-1] = _transform(inside[1:-1, 1:-1])
    found: NDArray[np.float32] = np.take(distance, mosaic.there)
    # The last bit of OpenCV's result depends on the memory address of the mask and on the number of
    # cores. Of two equally steep ways up, either one could then be taken. Rounding removes this:
    # the square of a distance between pixels is a whole number.
    found *= found
    np.rint(found, out=found)
    return np.sqrt(found, out=found)


def _mend_at_border(distance: _Plane, inside: NDArray[np.bool_], mosaic: Mosaic) -> None:
    """Recompute the parts at the border, which in the mosaic have background beyond it."""
    boxes = mosaic.boxes
    at_border = np.flatnonzero(boxes.touch_border() & (boxes.size[:, 0] > 0))
    first, stop = boxes.first[at_border], boxes.first[at_border] + boxes.size[at_border]
    top_left = mosaic.place[at_border] - (first > 0)
    bottom_right = mosaic.place[at_border] + boxes.size[at_border] + (stop < boxes.shape)
    for (top, left), (bottom, right) in zip(top_left.tolist(), bottom_right.tolist(), strict=True):
        crop = np.s_[top:bottom, left:right]
        distance[crop] = _transform(inside[crop])


def _transform(mask: NDArray[Any]) -> _Plane:
    pixels = as_bytes(mask)
    distance = cv2.distanceTransform(pixels, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(distance, dtype=np.float32)
