"""Measuring: the cells of one frame in, their rows of the object table out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_celltrack.measure import areas_px2, centroids_px, roundness
from napari_celltrack.movie import Movie
from napari_celltrack.recipe import Recipe
from napari_celltrack.tables import (
    AREA_PX2,
    AREA_UM2,
    FRAME,
    LABEL,
    LINEAGE_ID,
    LINK_COST_PX,
    LINK_DISTANCE_PX,
    LINK_MARGIN,
    N_CANDIDATES,
    OBJECT_COLUMNS,
    PARENT_ID,
    ROUNDNESS,
    TIME_S,
    TRACK_ID,
    X_PX,
    X_UM,
    Y_PX,
    Y_UM,
    as_table,
    intensity_column,
)

Labels = npt.NDArray[np.int32]


def measure_frame(movie: Movie, recipe: Recipe, frame: int, labels: Labels) -> pd.DataFrame:
    """Measure the cells of one frame, in every channel that the recipe asks for.

    Parameters
    ----------
    movie : Movie
        The input.
    recipe : Recipe
        Its `input` and `measure` are used.
    frame : int
        True index.
    labels : ndarray, shape (Y, X), int32
        The cells of this frame, 1..n.

    Returns
    -------
    DataFrame
        The object table, with track columns 0.
    """
    movie = recipe.input.calibrated(movie)
    area = areas_px2(labels)
    n = len(area)
    y_px, x_px = centroids_px(labels).T
    height_um, width_um = movie.pixel_size_um or (np.nan, np.nan)
    interval_s = np.nan if movie.frame_interval_s is None else movie.frame_interval_s
    columns = {
        FRAME: np.full(n, frame),
        TIME_S: np.full(n, frame * interval_s),
        LABEL: np.arange(1, n + 1),
        TRACK_ID: np.zeros(n),
        PARENT_ID: np.zeros(n),
        LINEAGE_ID: np.zeros(n),
        Y_PX: y_px,
        X_PX: x_px,
        Y_UM: y_px * height_um,
        X_UM: x_px * width_um,
        AREA_PX2: area,
        AREA_UM2: area * height_um * width_um,
        ROUNDNESS: roundness(labels),
        LINK_DISTANCE_PX: np.full(n, np.nan),
        LINK_COST_PX: np.full(n, np.nan),
        LINK_MARGIN: np.full(n, np.nan),
        N_CANDIDATES: np.zeros(n),
    }
    intensities = {}
    for channel in measured_channels(movie, recipe):
        plane = recipe.input.plane(movie, frame, channel)
        for statistic, values in recipe.measure(labels, plane).items():
            intensities[intensity_column(channel, statistic)] = values
    return as_table({**columns, **intensities}, OBJECT_COLUMNS, extra=intensities)


def measured_channels(movie: Movie, recipe: Recipe) -> list[str]:
    """Return the names of the channels that are measured, in the order of the recipe."""
    wanted = recipe.measure.channels
    if wanted is None:
        return list(movie.channels)
    return [movie.channels[movie.channel_index(channel)] for channel in wanted]
