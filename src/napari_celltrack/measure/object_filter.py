"""Which of the labelled objects are cells."""

from __future__ import annotations

import numpy as np
from pydantic import Field, model_validator
from typing_extensions import Self

from napari_celltrack.arrays.label_runs import label_runs_of
from napari_celltrack.measure.shape import Labels, on_border, roundness
from napari_celltrack.settings import Settings


class ObjectFilter(Settings):
    """Keep objects by size, shape and place; the others become background."""

    min_area_px2: int = Field(
        20,
        ge=0,
        le=1_000_000,
        title="Area from",
        description="Smallest area of a cell. Raise it until specks of noise are gone.",
    )
    max_area_px2: int | None = Field(
        None,
        ge=1,
        title="Area to",
        description="Largest area of a cell; no limit when left empty. Lower it to drop clumps.",
    )
    min_roundness: float = Field(
        0.0,
        ge=0,
        le=1,
        title="Roundness from",
        description="Smallest 4π·area/perimeter²; 1 is a disk. Raise it to drop fibres and debris.",
    )
    exclude_border: bool = Field(
        False,
        title="Drop cells at the border",
        description="Leave out cells that touch the edge of the image and are seen only in part.",
    )

    @model_validator(mode="after")
    def _range_is_not_empty(self) -> Self:
        if self.max_area_px2 is not None and self.max_area_px2 < self.min_area_px2:
            raise ValueError("max_area_px2 must not be below min_area_px2")
        return self

    def __call__(self, labels: Labels) -> Labels:
        """Return the labels that pass, renumbered 1..n in their old order.

        Parameters
        ----------
        labels : ndarray, shape (Y, X), int32
            Ids 1..n, 0 is background.

        Returns
        -------
        ndarray, shape (Y, X), int32
        """
        runs = label_runs_of(labels)
        area = runs.sums(runs.length)[1:]
        keep = area >= max(self.min_area_px2, 1)
        if self.max_area_px2 is not None:
            keep &= area <= self.max_area_px2
        if self.min_roundness > 0:
            keep &= roundness(labels) >= self.min_roundness
        if self.exclude_border:
            keep &= ~on_border(labels)
        if keep.all():
            return labels
        new_id = np.concatenate([[0], np.where(keep, np.cumsum(keep), 0)]).astype(np.int32)
        return runs.painted(new_id[runs.ids])
