"""The engine: a movie and a recipe in, cells, tracks and tables out.

The window, the command line and the batch call these functions and no others.
"""

from napari_celltrack.engine.cell_source import (
    CellSource,
    for_labels,
    run,
    run_frame,
    shared_cache,
)
from napari_celltrack.engine.cells import Cells
from napari_celltrack.engine.channels import ChannelGuess, guess_channel, with_channel
from napari_celltrack.engine.frames import FrameResult, in_order, needs_overlaps, with_overlaps
from napari_celltrack.engine.linking import link_objects
from napari_celltrack.engine.measuring import measure_cells, measure_frame, measured_channels
from napari_celltrack.engine.preparing import prepare_frame, preprocess_frame, shift_of
from napari_celltrack.engine.segmenting import segment_frame, segment_prepared

__all__ = [
    "CellSource",
    "Cells",
    "ChannelGuess",
    "FrameResult",
    "for_labels",
    "guess_channel",
    "in_order",
    "link_objects",
    "measure_cells",
    "measure_frame",
    "measured_channels",
    "needs_overlaps",
    "prepare_frame",
    "preprocess_frame",
    "run",
    "run_frame",
    "segment_frame",
    "segment_prepared",
    "shared_cache",
    "shift_of",
    "with_channel",
    "with_overlaps",
]
