"""Labels and channels -> numbers a cell."""

from __future__ import annotations

from napari_celltrack.measure.intensity import STATISTICS, Measure
from napari_celltrack.measure.object_filter import ObjectFilter
from napari_celltrack.measure.overlap import overlaps_px
from napari_celltrack.measure.shape import areas_px2, centroids_px, perimeters_px, roundness

__all__ = [
    "STATISTICS",
    "Measure",
    "ObjectFilter",
    "areas_px2",
    "centroids_px",
    "overlaps_px",
    "perimeters_px",
    "roundness",
]
