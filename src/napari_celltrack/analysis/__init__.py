"""Tables -> tables: tracks, counts, which tracks to keep; and scores against truth."""

from __future__ import annotations

from napari_celltrack.analysis.score import F1, detection_f1, link_f1, match_labels
from napari_celltrack.analysis.track_filter import TrackFilter
from napari_celltrack.analysis.tracks import count_table, track_table

__all__ = [
    "F1",
    "TrackFilter",
    "count_table",
    "detection_f1",
    "link_f1",
    "match_labels",
    "track_table",
]
