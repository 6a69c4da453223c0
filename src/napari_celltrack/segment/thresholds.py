"""The menu of thresholds: one name here a method, in whichever file it lives."""

from __future__ import annotations

from napari_celltrack.segment.contrast import Contrast
from napari_celltrack.segment.global_threshold import Li, Manual, Otsu, Triangle, Yen
from napari_celltrack.segment.local_threshold import LocalGaussian, LocalMean

Threshold = Contrast | Otsu | Li | Triangle | Yen | Manual | LocalMean | LocalGaussian
