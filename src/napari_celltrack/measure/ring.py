"""The ring around each cell: its local background and contrast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from napari_celltrack.measure.pixels import statistics_of
from napari_celltrack.measure.shape import Floats, Labels, count
from napari_celltrack.settings import Settings


@dataclass(frozen=True, eq=False)
class RingPixels:
    """The pixels of the rings of all cells of a frame.

    Parameters
    ----------
    at : ndarray, shape (n_pixels,), int64
        Where they are in the flattened image.
    ids : ndarray, shape (n_pixels,), int32
        The cell that each belongs to, from 1.
    n : int
        Number of cells.
    """

    at: npt.NDArray[np.int64]
    ids: npt.NDArray[np.int32]
    n: int

    @property
    def n_pixels(self) -> npt.NDArray[np.int64]:
        """How many pixels each cell's ring has, shape (n,)."""
        return np.bincount(self.ids, minlength=self.n + 1)[1:]


class Ring(Settings):
    """A ring of background round each cell, without the other cells."""

    gap_px: int = Field(
        2,
        ge=0,
        le=50,
        title="Gap",
        description="Pixels left out beside the outline; raise it when the glow of cells reaches "
        "further.",
    )
    width_px: int = Field(
        5,
        ge=1,
        le=50,
        title="Width",
        description="How broad the ring is; raise it for less noise, lower it in dense fields.",
    )
    statistic: Literal["median", "mean"] = Field(
        "median",
        title="Background is the",
        description="What to take of the ring's pixels; a bright speck does not change the median.",
    )

    def pixels(self, labels: Labels) -> RingPixels:
        """Find the ring of every cell.

        A pixel belongs to the nearest cell if it is more than the gap and at most gap + width away,
        by the Euclidean distance to the cell's nearest pixel.

        Parameters
        ----------
        labels : ndarray, shape (Y, X), int32
            Ids 1..n, 0 is background.

        Returns
        -------
        RingPixels
        """
        reach = self.gap_px + self.width_px
        padded = np.pad(labels, reach)
        width = padded.shape[1]
        flat = padded.ravel()
        inside = np.flatnonzero(flat != 0)
        is_open = np.any(
            [flat[inside + step] != flat[inside] for step in (-1, 1, -width, width)], 0
        )
        edge = inside[is_open]
        own = flat[edge]

        # Each offset is painted from the edges of the cells, the farthest first, so the nearest
        # remains. This is several times faster than computing the distance of every pixel.
        dy, dx = np.mgrid[-reach : reach + 1, -reach : reach + 1].reshape(2, -1)
        distance = np.hypot(dy, dx)
        order = np.argsort(-distance, kind="stable")
        owner = np.zeros(flat.shape, np.int32)
        for k in order[(distance[order] <= reach) & (distance[order] > 0)].tolist():
            owner[edge + (dy[k] * width + dx[k])] = own if distance[k] > self.gap_px else 0
        owner[inside] = 0
        ring = owner.reshape(padded.shape)[reach:-reach, reach:-reach]
        at = np.flatnonzero(ring != 0)
        return RingPixels(at, ring.ravel()[at], count(labels))

    def __call__(self, ring: RingPixels, plane: npt.NDArray[Any]) -> Floats:
        """Return the background of every cell in one channel.

        Parameters
        ----------
        ring : RingPixels
            Of :meth:`pixels`.
        plane : ndarray, shape (Y, X)
            One channel, in its own grey values.

        Returns
        -------
        ndarray, shape (n,), float64
            NaN where the ring is empty, as around a cell that others enclose. NaN pixels are left
            out.
        """
        at, ids = ring.at, ring.ids
        values = plane.ravel()[at]
        if values.dtype.kind == "f":
            seen = ~np.isnan(values)
            ids, values = ids[seen], values[seen]
        return statistics_of(ids, values, ring.n, (self.statistic,))[self.statistic]


def local_contrast(mean: Floats, background: Floats) -> Floats:
    """Return (mean - background) / (mean + background) of each cell, shape (n,), float64.

    Michelson's contrast: 0 if a cell is as bright as its surroundings, near 1 on black. NaN where
    the sum is not positive, as in an image with its background subtracted.
    """
    contrast = np.full(len(mean), np.nan)
    with np.errstate(invalid="ignore"):  # either may be NaN or infinite
        total = mean + background
        np.divide(mean - background, total, out=contrast, where=total > 0)
    return contrast
