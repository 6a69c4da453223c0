"""Tables -> matplotlib figures, for the dock, the report and notebooks.

Each function draws what is in its table and computes no motion itself. Figures are made without
pyplot, so that none stays open and any thread may draw.
"""

from __future__ import annotations

from napari_celltrack.plots.columns import plot_histogram, plot_scatter
from napari_celltrack.plots.curves import (
    plot_counts,
    plot_path_length,
    plot_steps,
    plot_traces,
)
from napari_celltrack.plots.heat_map import plot_heat_map
from napari_celltrack.plots.msd import plot_msd
from napari_celltrack.plots.paths import plot_paths
from napari_celltrack.plots.pipeline import plot_pipeline
from napari_celltrack.plots.plot import DRAWING, Picked, Plot
from napari_celltrack.plots.save import save_plot
from napari_celltrack.plots.style import STYLES, Style, StyleName, track_colours

__all__ = [
    "DRAWING",
    "STYLES",
    "Picked",
    "Plot",
    "Style",
    "StyleName",
    "plot_counts",
    "plot_heat_map",
    "plot_histogram",
    "plot_msd",
    "plot_path_length",
    "plot_paths",
    "plot_pipeline",
    "plot_scatter",
    "plot_steps",
    "plot_traces",
    "save_plot",
    "track_colours",
]
