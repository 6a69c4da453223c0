"""What is measured, in a line: the background round a cell, and F0."""

from __future__ import annotations

from napari_celltrack.analysis import Traces
from napari_celltrack.analysis.baseline import FirstFrames, Maximin, RunningPercentile
from napari_celltrack.measure import Ring


def ring_in_words(ring: Ring | None) -> str:
    """Return how the background is taken, in a line."""
    return "off" if ring is None else f"gap {ring.gap_px} px, width {ring.width_px} px"


def baseline_in_words(traces: Traces) -> str:
    """Return what F0 is, in a line."""
    baseline = traces.baseline
    if isinstance(baseline, FirstFrames):
        n = baseline.n_frames
        words = "first frame" if n == 1 else f"mean of the first {n} frames"
    elif isinstance(baseline, RunningPercentile | Maximin):
        in_frames = baseline.window_frames is not None
        window = f"{baseline.window_frames} frames" if in_frames else f"{baseline.window_s:g} s"
        name = "maximin"
        if isinstance(baseline, RunningPercentile):
            name = _percentile_in_words(baseline.percentile)
        words = f"{name}, {window}"
    else:
        words = f"{_percentile_in_words(baseline.percentile)} of the whole"
    return words


def _percentile_in_words(percent: float) -> str:
    if percent != int(percent):
        return f"{percent:g} % percentile"
    n = int(percent)
    ending = {1: "st", 2: "nd", 3: "rd"}.get(n % 10 if n // 10 % 10 != 1 else 0, "th")
    return f"{n}{ending} percentile"
