"""Samples: made movies with their truth, as layers, for *File > Open Sample*."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_celltrack.gui.show_movie import LayerTuple, movie_layers, place_of
from napari_celltrack.sample_data import (
    MadeMovie,
    calcium_movie,
    dividing_nuclei,
    failure_school,
    touching_nuclei,
)
from napari_celltrack.tables import FRAME, X_PX, Y_PX

#: Truth is there to compare with, and hidden so that it does not cover what is found.
TRUE_CELLS, KNOWN_ERRORS = "true cells", "known errors"


def show_dividing_nuclei() -> list[LayerTuple]:
    """Return a time-lapse of nuclei that wander and divide, and the true cells."""
    return _with_truth(dividing_nuclei())


def show_calcium() -> list[LayerTuple]:
    """Return a movie of two channels, a marker and a calcium indicator, and the true cells.

    The table of true traces, a row a cell and frame, is in the metadata of the true cells.
    """
    made = calcium_movie()
    green, red, truth = _with_truth(made)
    truth[1]["metadata"]["traces"] = made.traces
    # The docks begin with the uppermost image, and cells are to be found in the marker.
    return [red, green, truth]


def show_touching_nuclei() -> list[LayerTuple]:
    """Return one image of nuclei that touch, and the true cells."""
    return _with_truth(touching_nuclei())


def show_failure_school() -> list[LayerTuple]:
    """Return a movie in which all goes wrong that can, the true cells, and what goes wrong.

    What goes wrong is a layer of points, a point a thing, with the sentence as its text.
    """
    made = failure_school()
    movie = made.movie()
    errors = made.errors
    options = {
        **place_of(movie),
        "name": KNOWN_ERRORS,
        "visible": False,
        "features": errors,
        "text": {
            "string": "{kind}",
            "color": "yellow",
            "size": 11,
            "translation": np.array([0.0, -20.0, 0.0]),
        },
        "symbol": "ring",
        "size": 28,
        "face_color": "transparent",
        "border_color": "yellow",
        "border_width": 0.06,
        "metadata": {KNOWN_ERRORS: errors},
    }
    points = errors[[FRAME, Y_PX, X_PX]].to_numpy(float)
    return [*_with_truth(made), (points, options, "points")]


def _with_truth(made: MadeMovie) -> list[LayerTuple]:
    movie = made.movie()
    truth = made.labels[0] if movie.n_frames == 1 else made.labels
    options: dict[str, Any] = {
        **place_of(movie),
        "name": TRUE_CELLS,
        "visible": False,
        "metadata": {"parents": dict(made.parents)},
    }
    return [*movie_layers(movie), (truth, options, "labels")]
