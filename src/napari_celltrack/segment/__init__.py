"""Image to labels: a file a method."""

from __future__ import annotations

from napari_celltrack.segment.blobs import DogBlobs, LogBlobs
from napari_celltrack.segment.contrast import Contrast
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
from napari_celltrack.segment.regions import Regions, Threshold
from napari_celltrack.segment.split import NoSplit, Split, WatershedDistance, WatershedIntensity
from napari_celltrack.segment.threshold import Li, Manual, Otsu, Triangle, Yen

Segmenter = Regions | LogBlobs | DogBlobs

__all__ = [
    "Close",
    "Contrast",
    "Dilate",
    "DogBlobs",
    "Erode",
    "FillHoles",
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
