"""A recipe over many files: what they are, and running them."""

from __future__ import annotations

from napari_celltrack.batch.check import Checked, Finding, check_results
from napari_celltrack.batch.inputs import Inputs, Item, find_inputs
from napari_celltrack.batch.label_images import link_labels
from napari_celltrack.batch.result import FileDone, FrameDone
from napari_celltrack.batch.run import run_files
from napari_celltrack.batch.run_options import RunOptions
from napari_celltrack.batch.workers import suitable_pool

__all__ = [
    "Checked",
    "FileDone",
    "Finding",
    "FrameDone",
    "Inputs",
    "Item",
    "RunOptions",
    "check_results",
    "find_inputs",
    "link_labels",
    "run_files",
    "suitable_pool",
]
