"""Labels and channels -> numbers a cell."""

from __future__ import annotations

from napari_celltrack.measure.intensity import STATISTICS, Measure
from napari_celltrack.measure.object_filter import ObjectFilter
from napari_celltrack.measure.pixels import overlaps_px
from napari_celltrack.measure.ring import Ring
from napari_celltrack.measure.shape import (
    Shapes,
    areas_px2,
    as_roundness,
    centroids_px,
    ellipses,
    perimeters_px,
    roundness,
)

__all__ = [
    "STATISTICS",
    "Measure",
    "ObjectFilter",
    "Ring",
    "Shapes",
    "areas_px2",
    "as_roundness",
    "centroids_px",
    "ellipses",
    "overlaps_px",
    "perimeters_px",
    "roundness",
]
