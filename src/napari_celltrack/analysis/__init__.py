"""Tables -> tables: tracks, counts, filters, why tracks break; and scores against truth."""

from __future__ import annotations

from napari_celltrack.analysis.ctc import CtcTracks, read_ctc
from napari_celltrack.analysis.ctc_score import CtcMeasures, CtcScore, score_ctc
from napari_celltrack.analysis.motion import (
    Motion,
    common_motion,
    drift_warning,
    jumps_in_words,
    steps,
)
from napari_celltrack.analysis.msd import MsdFit, ensemble_msd, fit_msd
from napari_celltrack.analysis.peaks import Peaks
from napari_celltrack.analysis.quality import find_events
from napari_celltrack.analysis.radius_advisor import RadiusAdvice, advise_radius
from napari_celltrack.analysis.score import F1, detection_f1, link_f1, match_labels
from napari_celltrack.analysis.traces import Traces
from napari_celltrack.analysis.track_filter import Limit, TrackFilter
from napari_celltrack.analysis.tracks import count_table, track_table

__all__ = [
    "F1",
    "CtcMeasures",
    "CtcScore",
    "CtcTracks",
    "Limit",
    "Motion",
    "MsdFit",
    "Peaks",
    "RadiusAdvice",
    "Traces",
    "TrackFilter",
    "advise_radius",
    "common_motion",
    "count_table",
    "detection_f1",
    "drift_warning",
    "ensemble_msd",
    "find_events",
    "fit_msd",
    "jumps_in_words",
    "link_f1",
    "match_labels",
    "read_ctc",
    "score_ctc",
    "steps",
    "track_table",
]
