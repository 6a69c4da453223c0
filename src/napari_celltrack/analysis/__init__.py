"""Tables -> tables: tracks, counts, filters, why tracks break; and scores against truth."""

from __future__ import annotations

from napari_celltrack.analysis.ctc import CtcTracks, read_ctc
from napari_celltrack.analysis.ctc_score import CtcMeasures, CtcScore, score_ctc
from napari_celltrack.analysis.quality import find_events
from napari_celltrack.analysis.radius_advisor import RadiusAdvice, advise_radius
from napari_celltrack.analysis.score import F1, detection_f1, link_f1, match_labels
from napari_celltrack.analysis.track_filter import TrackFilter
from napari_celltrack.analysis.tracks import count_table, track_table

__all__ = [
    "F1",
    "CtcMeasures",
    "CtcScore",
    "CtcTracks",
    "RadiusAdvice",
    "TrackFilter",
    "advise_radius",
    "count_table",
    "detection_f1",
    "find_events",
    "link_f1",
    "match_labels",
    "read_ctc",
    "score_ctc",
    "track_table",
]
