"""Intensity of every cell in every channel."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt
from pydantic import Field

from napari_celltrack.measure.pixels import Statistic, statistics_of
from napari_celltrack.measure.ring import Ring, RingPixels, local_contrast
from napari_celltrack.measure.shape import Floats, Labels, count, foreground
from napari_celltrack.settings import Settings

STATISTICS: tuple[Statistic, ...] = ("mean", "max", "total")


class Measure(Settings):
    """What to measure under the labels, besides position, area and shape."""

    channels: tuple[int | str, ...] | None = Field(
        None,
        title="Channels",
        description="Channels to measure, by index or name; all of them when left empty.",
    )
    statistics: tuple[Statistic, ...] = Field(
        STATISTICS,
        title="Statistics",
        description=(
            "What to take of the pixels of each cell: their mean, median, total, minimum, maximum "
            "or standard deviation."
        ),
    )
    ring: Ring | None = Field(
        None,
        title="Ring background",
        description=(
            "Measure the brightness round each cell as well, for background and local contrast; "
            "not measured when left empty."
        ),
    )

    def __call__(
        self, labels: Labels, plane: npt.NDArray[Any], ring: RingPixels | None = None
    ) -> dict[str, Floats]:
        """Measure one channel under the labels.

        Parameters
        ----------
        labels : ndarray, shape (Y, X), int32
            Ids 1..n, 0 is background.
        plane : ndarray, shape (Y, X)
            One channel as it is in the file, in its own grey values.
        ring : RingPixels, optional
            The rings of these cells; found here where `ring` of the settings asks for them and
            they are not given.

        Returns
        -------
        dict of ndarray, each shape (n,), float64
            By statistic, in grey values of the file. A NaN pixel makes its cell NaN. With a ring
            also `background`, `net` (the mean less the background) and `contrast` (see
            :func:`~napari_celltrack.measure.ring.local_contrast`), NaN where the ring is empty.
        """
        at, ids = foreground(labels)
        values = plane.ravel()[at]
        n = count(labels)
        taken = statistics_of(ids, values, n, self.statistics)
        found = {str(name): numbers for name, numbers in taken.items()}
        if self.ring is not None:
            mean = statistics_of(ids, values, n, ("mean",))["mean"]
            background = self.ring(ring or self.ring.pixels(labels), plane)
            found |= {
                "background": background,
                "net": mean - background,
                "contrast": local_contrast(mean, background),
            }
        return found
