"""What a method that finds cells promises, and what it may do beside.

A method need not name these protocols: whoever has the attributes is one. The engine and the
docks ask for what a method can do and never for its class.
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Self

from napari_celltrack.segment.histogram import Histogram

Labels = NDArray[np.int32]


class SegmentMethod(Protocol):
    """Finds the cells of an image; the fields of the class are its parameters."""

    def __call__(self, image: NDArray[Any]) -> Labels:
        """Find the cells of one plane.

        Parameters
        ----------
        image : ndarray of uint8, uint16 or float32, shape (Y, X)
            One plane without NaN; not to be written to.

        Returns
        -------
        ndarray of int32, shape (Y, X)
            0 is background, 1 to n the cells in order of their first pixel.
        """
        ...


@runtime_checkable
class CutsParts(SegmentMethod, Protocol):
    """Finds connected parts first, and then cuts those in which several cells touch.

    The engine keeps the parts, so that another way to cut begins with them.
    """

    @property
    def cuts_parts(self) -> bool:
        """Whether anything is cut with these parameters."""
        ...

    def without_cut(self) -> Self:
        """Return the same method, with its parts left whole."""
        ...

    def cut(self, parts: Labels, image: NDArray[Any]) -> Labels:
        """Cut the parts that :meth:`without_cut` finds; together they are the method.

        Parameters
        ----------
        parts : ndarray of int32, shape (Y, X)
            Connected parts; not to be written to.
        image : ndarray of uint8, uint16 or float32, shape (Y, X)
            The plane that they were found in.

        Returns
        -------
        ndarray of int32, shape (Y, X)
            0 is background, 1 to n the cells in order of their first pixel.
        """
        ...


@runtime_checkable
class HasThreshold(SegmentMethod, Protocol):
    """Begins with a threshold: the field `threshold`, one of the menu of thresholds."""

    threshold: Any

    def replace(self, **changes: Any) -> Self:
        """Return the method with some fields changed, such as `threshold`."""
        ...


@runtime_checkable
class HasLevel(Protocol):
    """A threshold with one level for the whole image, to be shown on its histogram and moved."""

    def level_of(self, pixels: Histogram) -> float | None:
        """Return the level that the method finds by itself, or None if it is set by hand.

        Parameters
        ----------
        pixels : Histogram
            The histogram of the image.
        """
        ...

    def level_in_use(self, automatic: float | None) -> float | None:
        """Return the level that the image is cut at.

        Parameters
        ----------
        automatic : float or None
            What :meth:`level_of` has found; None as long as it is not known.

        Returns
        -------
        float or None
            None if it depends on what is not known.
        """
        ...

    def with_level(self, level: float, automatic: float | None) -> Self:
        """Return the threshold moved to a level; as it is if that depends on what is not known.

        Parameters
        ----------
        level : float
            A grey level.
        automatic : float or None
            As for :meth:`level_in_use`.
        """
        ...
