"""The chain that a careful user writes with scikit-image: the peer that counting is held against.

Each call is the plain one of the library, in the order of its own tutorials.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.filters import gaussian, threshold_otsu
from skimage.measure import label, regionprops_table
from skimage.morphology import remove_small_objects
from skimage.segmentation import watershed

PROPERTIES = (
    "label",
    "centroid",
    "area",
    "perimeter",
    "eccentricity",
    "orientation",
    "intensity_mean",
)


@dataclass(frozen=True)
class NaiveChain:
    """Gaussian, background, Otsu, fill holes, drop specks, distance, peaks, watershed, properties.

    Lengths are those of our recipe that it is compared with.
    """

    smoothing_px: float = 1.0
    background_px: float = 50.0
    distance_smoothing_px: float = 1.0
    min_distance_px: int = 6
    min_area_px2: int = 20

    def prepare(self, image: NDArray[Any]) -> NDArray[np.float64]:
        """Smooth a plane (Y, X) and take its background away."""
        # Mirrored at the border, as ours: the default of scikit-image repeats the last pixel.
        smooth, wide = (
            gaussian(image, sigma, preserve_range=True, mode="reflect")
            for sigma in (self.smoothing_px, self.background_px)
        )
        return np.asarray(smooth - wide)

    def segment(self, flat: NDArray[np.float64], offset: float = 0.0) -> NDArray[np.int32]:
        """Return the cells of a prepared plane, 0 is background."""
        mask = ndimage.binary_fill_holes(flat > threshold_otsu(flat) + offset)
        mask = remove_small_objects(label(mask), max_size=self.min_area_px2 - 1) > 0
        distance = gaussian(
            ndimage.distance_transform_edt(mask), self.distance_smoothing_px, preserve_range=True
        )
        parts = label(mask)
        peaks = peak_local_max(
            distance, min_distance=self.min_distance_px, labels=parts, exclude_border=False
        )
        markers = np.zeros(mask.shape, np.int32)
        markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
        return np.asarray(watershed(-distance, markers, mask=mask), np.int32)

    def measure(self, labels: NDArray[np.int32], image: NDArray[Any]) -> pd.DataFrame:
        """Return a row a cell."""
        return pd.DataFrame(regionprops_table(labels, image, properties=PROPERTIES))

    def count(self, image: NDArray[Any]) -> tuple[NDArray[np.int32], pd.DataFrame]:
        """Find and measure the cells of a plane."""
        labels = self.segment(self.prepare(image))
        return labels, self.measure(labels, image)
