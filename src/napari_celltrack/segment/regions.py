"""Cells as the connected regions of a threshold."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from napari_celltrack.segment.contrast import Contrast
from napari_celltrack.segment.label import unordered_parts
from napari_celltrack.segment.local_threshold import LocalGaussian, LocalMean
from napari_celltrack.segment.morphology import FillHoles, MorphologyStep, Open
from napari_celltrack.segment.split import Split, WatershedDistance
from napari_celltrack.segment.threshold import Li, Manual, Otsu, Triangle, Yen
from napari_celltrack.settings import ADVANCED, OneOf, Settings

Threshold = Contrast | Otsu | Li | Triangle | Yen | Manual | LocalMean | LocalGaussian


class Regions(Settings, title="Bright regions"):
    """Threshold, clean the mask, number its connected parts, part cells that touch.

    Attributes
    ----------
    method : str
        Name of the method.
    threshold : Threshold
        What is foreground.
    morphology : tuple of MorphologyStep
        Steps on the mask, in order.
    split : Split
        How cells that touch are parted.
    connectivity : {4, 8}
        Which pixels are neighbours.
    """

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
        description="How cells that touch are parted.",
    )
    connectivity: Literal[4, 8] = Field(
        8,
        title="Neighbours",
        description="Pixels that only share a corner belong to one object with 8, "
        "to two objects with 4.",
        json_schema_extra=ADVANCED,
    )

    def __call__(self, image: NDArray[Any]) -> NDArray[np.int32]:
        """Find the cells of one plane.

        Parameters
        ----------
        image : ndarray of uint8, uint16 or float32, shape (Y, X)
            One plane without NaN.

        Returns
        -------
        ndarray of int32, shape (Y, X)
            0 is background, 1 to n the cells in order of their first pixel.
        """
        mask = self.threshold(image)
        for step in self.morphology:
            mask = step(mask)
        return self.split(unordered_parts(mask, self.connectivity), image)
