"""Readers: open a file, folder or pattern as a lazy movie; one file per format."""

from __future__ import annotations

from napari_celltrack.readers.label_image import check_label_movie, number_labels, read_labels
from napari_celltrack.readers.natural_order import natural_key, natural_sorted
from napari_celltrack.readers.opening import MOVIE_SUFFIXES, is_image_file, open_movie

__all__ = [
    "MOVIE_SUFFIXES",
    "check_label_movie",
    "is_image_file",
    "natural_key",
    "natural_sorted",
    "number_labels",
    "open_movie",
    "read_labels",
]
