"""Image to labels: one file per method, see :class:`~napari_celltrack.segment.SegmentMethod`."""

from __future__ import annotations

from napari_celltrack.segment.blobs import DogBlobs, LogBlobs
from napari_celltrack.segment.contrast import Contrast
from napari_celltrack.segment.global_threshold import Li, Manual, Otsu, Triangle, Yen
from napari_celltrack.segment.histogram import Histogram, histogram
from napari_celltrack.segment.label import in_raster_order, label_parts
from napari_celltrack.segment.local_threshold import LocalGaussian, LocalMean
from napari_celltrack.segment.morphology import (
    Close,
    Dilate,
    Erode,
    FillHoles,
    MorphologyStep,
    Open,
)
from napari_celltrack.segment.regions import Regions
from napari_celltrack.segment.segmenter import CutsParts, HasLevel, HasThreshold, SegmentMethod
from napari_celltrack.segment.split import NoSplit, Split, WatershedDistance, WatershedIntensity
from napari_celltrack.segment.thresholds import Threshold

#: The menu of methods; ``method`` says which.
Segmenter = Regions | LogBlobs | DogBlobs

__all__ = [
    "Close",
    "Contrast",
    "CutsParts",
    "Dilate",
    "DogBlobs",
    "Erode",
    "FillHoles",
    "HasLevel",
    "HasThreshold",
    "Histogram",
    "Li",
    "LocalGaussian",
    "LocalMean",
    "LogBlobs",
    "Manual",
    "MorphologyStep",
    "NoSplit",
    "Open",
    "Otsu",
    "Regions",
    "SegmentMethod",
    "Segmenter",
    "Split",
    "Threshold",
    "Triangle",
    "WatershedDistance",
    "WatershedIntensity",
    "Yen",
    "histogram",
    "in_raster_order",
    "label_parts",
]
