"""Steps that change the shape of a mask before its parts are counted."""

from __future__ import annotations

from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from napari_celltrack.segment.label import as_bytes
from napari_celltrack.settings import ADVANCED, Settings

_Mask = NDArray[np.bool_]


class DiskStep(Settings):
    """A step that slides a disk over the mask."""

    method: str
    radius_px: int = Field(
        2,
        ge=1,
        le=50,
        title="Radius",
        description="Radius of the disk. The larger it is, the stronger the step.",
    )


class Erode(DiskStep):
    """Remove a rim from every object, so that objects which only just touch are separated.

    Equal to ``skimage.morphology.erosion`` with ``disk(radius_px)``; see `outside` for the border.

    Notes
    -----
    J. Serra, "Image Analysis and Mathematical Morphology", Academic Press (1982).
    """

    method: Literal["erode"] = "erode"
    outside: Literal["background", "foreground"] = Field(
        "background",
        title="Outside the image",
        description="What lies beyond the border. Background also removes a rim from objects "
        "where they are cut by the border, foreground leaves them whole there.",
        json_schema_extra=ADVANCED,
    )

    def __call__(self, mask: _Mask) -> _Mask:
        """Return the mask without its rim."""
        border = 0 if self.outside == "background" else 1
        eroded = cv2.erode(
            as_bytes(mask), disk(self.radius_px), borderType=cv2.BORDER_CONSTANT, borderValue=border
        )
        return _as_mask(eroded)


class Dilate(DiskStep):
    """Add a rim to every object; objects nearer than twice the radius grow together.

    Equal to ``skimage.morphology.dilation`` with ``disk(radius_px)``.

    Notes
    -----
    J. Serra, "Image Analysis and Mathematical Morphology", Academic Press (1982).
    """

    method: Literal["dilate"] = "dilate"

    def __call__(self, mask: _Mask) -> _Mask:
        """Return the mask with a rim."""
        return _as_mask(cv2.dilate(as_bytes(mask), disk(self.radius_px)))


class Open(DiskStep):
    """Erode, then dilate: remove specks and thin bridges that the disk does not fit into.

    Equal to ``skimage.morphology.opening`` with ``disk(radius_px)``.

    Notes
    -----
    J. Serra, "Image Analysis and Mathematical Morphology", Academic Press (1982).
    """

    method: Literal["open"] = "open"

    def __call__(self, mask: _Mask) -> _Mask:
        """Return the mask without what is thinner than the disk."""
        return _as_mask(cv2.morphologyEx(as_bytes(mask), cv2.MORPH_OPEN, disk(self.radius_px)))


class Close(DiskStep):
    """Dilate, then erode: fill gaps and notches that the disk does not fit into.

    Equal to ``skimage.morphology.closing`` with ``disk(radius_px)``.

    Notes
    -----
    J. Serra, "Image Analysis and Mathematical Morphology", Academic Press (1982).
    """

    method: Literal["close"] = "close"

    def __call__(self, mask: _Mask) -> _Mask:
        """Return the mask with small gaps filled."""
        return _as_mask(cv2.morphologyEx(as_bytes(mask), cv2.MORPH_CLOSE, disk(self.radius_px)))


class FillHoles(Settings):
    """Fill background that does not reach the border of the image.

    Equal to ``scipy.ndimage.binary_fill_holes``.

    Notes
    -----
    P. Soille, "Morphological Image Analysis", 2nd edition, section 6.3.7, Springer (2003).
    """

    method: Literal["fill_holes"] = "fill_holes"

    def __call__(self, mask: _Mask) -> _Mask:
        """Return the mask without holes."""
        # A flood from the padded border reaches all background except holes.
        padded = cv2.copyMakeBorder(as_bytes(mask), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
        cv2.floodFill(padded, None, (0, 0), 2, flags=4)
        return np.asarray(padded[1:-1, 1:-1] != 2)


MorphologyStep = Erode | Dilate | Open | Close | FillHoles


def disk(radius_px: int) -> NDArray[np.uint8]:
    """Return all pixels within a radius, as ``skimage.morphology.disk``.

    Parameters
    ----------
    radius_px : int
        Radius of the disk.

    Returns
    -------
    ndarray of uint8, shape (2 * radius_px + 1, 2 * radius_px + 1)
        1 inside, 0 outside.
    """
    steps = np.arange(-radius_px, radius_px + 1)
    return (steps[:, None] ** 2 + steps[None, :] ** 2 <= radius_px**2).astype(np.uint8)


def _as_mask(pixels: NDArray[Any]) -> _Mask:
    return np.ascontiguousarray(pixels, dtype=np.uint8).view(np.bool_)
