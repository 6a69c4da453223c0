"""Cells as the connected regions of a threshold."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import Self

from napari_celltrack.segment.contrast import Contrast
from napari_celltrack.segment.label import unordered_parts
from napari_celltrack.segment.morphology import FillHoles, MorphologyStep, Open
from napari_celltrack.segment.split import NoSplit, Split, WatershedDistance
from napari_celltrack.segment.thresholds import Threshold
from napari_celltrack.settings import ADVANCED, OneOf, Settings


class Regions(Settings, title="Bright regions"):
    """Threshold, clean the mask, number its connected parts, separate touching cells."""

    method: Literal["regions"] = "regions"
    threshold: OneOf[Threshold] = Field(
        default_factory=Contrast,
        title="Threshold",
        description="Brighter than the level is a cell.",
    )
    morphology: tuple[OneOf[MorphologyStep], ...] = Field(
        (FillHoles(), Open(radius_px=1)),
        title="Clean up",
        description="Steps on the mask, in order.",
    )
    split: OneOf[Split] = Field(
        default_factory=WatershedDistance,
        title="Touching cells",
        description="How they are separated.",
    )
    connectivity: Literal[4, 8] = Field(
        8,
        title="Neighbours",
        description="Pixels that only share a corner belong to one object with 8, "
        "to two objects with 4.",
        json_schema_extra=ADVANCED,
    )

    def __call__(self, image: NDArray[Any]) -> NDArray[np.int32]:
        """Return the cells of one plane, numbered in order of their first pixel."""
        mask = self.threshold(image)
        for step in self.morphology:
            mask = step(mask)
        return self.cut(unordered_parts(mask, self.connectivity), image)

    @property
    def cuts_parts(self) -> bool:
        """Whether cells that touch are separated."""
        return not isinstance(self.split, NoSplit)

    def without_cut(self) -> Self:
        """Return the same method, with its parts left whole."""
        return self.replace(split=NoSplit())

    def cut(self, parts: NDArray[np.int32], image: NDArray[Any]) -> NDArray[np.int32]:
        """Separate the cells of parts; see :class:`~napari_celltrack.segment.CutsParts`."""
        return self.split(parts, image)
