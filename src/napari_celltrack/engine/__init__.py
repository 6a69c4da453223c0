"""The engine: a movie and a recipe in, cells, tracks and tables out.

The window, the command line and the batch call these functions and no others.
"""

from napari_celltrack.engine.frames import (
    FrameResult,
    in_order,
    run,
    run_frame,
    segment_frame,
    segment_prepared,
    shared_cache,
    with_asked_overlaps,
    with_overlaps,
)
from napari_celltrack.engine.linking import link_objects
from napari_celltrack.engine.measuring import measure_frame, measured_channels
from napari_celltrack.engine.preparing import prepare_frame, preprocess_frame, shift_of

__all__ = [
    "FrameResult",
    "in_order",
    "link_objects",
    "measure_frame",
    "measured_channels",
    "prepare_frame",
    "preprocess_frame",
    "run",
    "run_frame",
    "segment_frame",
    "segment_prepared",
    "shared_cache",
    "shift_of",
    "with_asked_overlaps",
    "with_overlaps",
]
