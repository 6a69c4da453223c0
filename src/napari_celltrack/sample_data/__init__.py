"""Synthetic movies with known truth, for a first try, for tests and for benchmarks.

The pixels are computed, neither downloaded nor shipped; the same seed gives the same movie.
"""

from __future__ import annotations

from napari_celltrack.sample_data.calcium import CalciumMovie, calcium_movie
from napari_celltrack.sample_data.dividing import dividing_nuclei
from napari_celltrack.sample_data.failures import FailureSchool, failure_school
from napari_celltrack.sample_data.made_movie import MadeMovie
from napari_celltrack.sample_data.moving import MovingCells, moving_cells
from napari_celltrack.sample_data.still import touching_nuclei

__all__ = [
    "CalciumMovie",
    "FailureSchool",
    "MadeMovie",
    "MovingCells",
    "calcium_movie",
    "dividing_nuclei",
    "failure_school",
    "moving_cells",
    "touching_nuclei",
]
