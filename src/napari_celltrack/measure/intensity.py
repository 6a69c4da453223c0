"""Intensity of every cell in every channel."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from napari_celltrack.measure.shape import Floats, Labels, count, sums_by_id
from napari_celltrack.settings import Settings

Statistic = Literal["mean", "max", "total"]
STATISTICS: tuple[Statistic, ...] = ("mean", "max", "total")


class Measure(Settings):
    """What to measure under the labels, besides position, area and roundness."""

    channels: tuple[int | str, ...] | None = Field(
        None,
        title="Channels",
        description="Channels to measure, by index or name; all of them when left empty.",
    )
    statistics: tuple[Statistic, ...] = Field(
        STATISTICS,
        title="Statistics",
        description="What to take of the pixels of each cell: their mean, maximum or total.",
    )

    def __call__(self, labels: Labels, plane: npt.NDArray[Any]) -> dict[str, Floats]:
        """Measure one channel under the labels.

        Parameters
        ----------
        labels : ndarray, shape (Y, X), int32
            Ids 1..n, 0 is background.
        plane : ndarray, shape (Y, X)
            One channel as it is in the file, in its own grey values.

        Returns
        -------
        dict of ndarray, each shape (n,), float64
            By statistic, in grey values of the file. A NaN pixel makes its cell NaN.
        """
        n = count(labels) + 1
        at = np.flatnonzero(labels)
        ids = labels.ravel()[at]
        values = plane.ravel()[at].astype(np.float64)
        total = sums_by_id(ids, values, n)
        found: dict[str, Floats] = {}
        for statistic in self.statistics:
            if statistic == "total":
                found[statistic] = total[1:]
            elif statistic == "mean":
                found[statistic] = (total / np.maximum(np.bincount(ids, minlength=n), 1))[1:]
            else:
                highest = np.full(n, -np.inf)
                np.maximum.at(highest, ids, values)
                found[statistic] = highest[1:]
        return found
