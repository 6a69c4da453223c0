"""Measuring: the cells of one frame in, their rows of the object table out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_celltrack.engine.cells import Cells
from napari_celltrack.errors import MovieError
from napari_celltrack.measure import (
    Shapes,
    as_roundness,
    perimeters_px,
)
from napari_celltrack.movie import Movie, Plane
from napari_celltrack.recipe import Recipe
from napari_celltrack.tables import (
    AREA_PX2,
    AREA_UM2,
    ECCENTRICITY,
    FRAME,
    LABEL,
    LINEAGE_ID,
    LINK_COST_PX,
    LINK_DISTANCE_PX,
    LINK_MARGIN,
    N_CANDIDATES,
    OBJECT_COLUMNS,
    ORIENTATION_RAD,
    PARENT_ID,
    PERIMETER_PX,
    RING_PX2,
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


def measure_frame(
    movie: Movie,
    recipe: Recipe,
    frame: int,
    labels: Labels,
    others: Mapping[str, Movie] | None = None,
) -> pd.DataFrame:
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
    others : mapping of str to Movie, optional
        Other files of the same frames, by the name that their columns begin with; all their
        channels are measured too.

    Returns
    -------
    DataFrame
        The object table, with track columns 0. Intensities are ``<channel>_<statistic>``, of
        another file ``<name>_<statistic>``, or ``<name>_<channel>_<statistic>`` if it has several
        channels. With a ring background also `ring_px2`, the number of its pixels, and of each
        channel `background`, `net` and `contrast`.

    Raises
    ------
    MovieError
        If another file has not this frame, another image size, or the name of a channel.
    """
    movie = recipe.input.calibrated(movie)
    shapes = Shapes(labels)
    area = shapes.area_px2
    n = len(area)
    y_px, x_px = shapes.centroid_px.T
    perimeter = perimeters_px(labels)
    eccentricity, orientation = shapes.ellipses()
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
        ROUNDNESS: as_roundness(area, perimeter),
        PERIMETER_PX: perimeter,
        ECCENTRICITY: eccentricity,
        ORIENTATION_RAD: orientation,
        LINK_DISTANCE_PX: np.full(n, np.nan),
        LINK_COST_PX: np.full(n, np.nan),
        LINK_MARGIN: np.full(n, np.nan),
        N_CANDIDATES: np.zeros(n),
    }
    extra: dict[str, npt.NDArray[np.float64]] = {}
    settings, rings = recipe.measure, None
    for name, plane in _planes(movie, recipe, frame, others or {}):
        if settings.ring is not None and rings is None:
            rings = settings.ring.pixels(labels)
            extra[RING_PX2] = rings.n_pixels.astype(np.float64)
        for statistic, values in settings(labels, plane, rings).items():
            extra[intensity_column(name, statistic)] = values
    return as_table({**columns, **extra}, OBJECT_COLUMNS, extra=extra)


def measure_cells(
    movie: Movie, recipe: Recipe, frame: int, cells: Cells, others: Mapping[str, Movie]
) -> pd.DataFrame:
    """Measure cells as :func:`measure_frame` does; the column `label` holds their own numbers."""
    objects = measure_frame(movie, recipe, frame, cells.ids, others)
    named: pd.DataFrame = objects.assign(**{LABEL: cells.numbers})
    return named


def measured_channels(movie: Movie, recipe: Recipe) -> list[str]:
    """Return the names of the channels that are measured, in the order of the recipe."""
    wanted = recipe.measure.channels
    if wanted is None:
        return list(movie.channels)
    return [movie.channels[movie.channel_index(channel)] for channel in wanted]


def check_others(movie: Movie, others: Mapping[str, Movie]) -> None:
    """Make sure that other files are of the same frames as a movie.

    Raises
    ------
    MovieError
        If one has another number of frames, another image size, or the name of a channel.
    """
    for name, other in others.items():
        if name in movie.channels or not name:
            raise MovieError(
                f"{name!r} cannot name the measurements of {other.name}, as a channel of "
                f"{movie.name} is called that; choose another name."
            )
        if other.shape != movie.shape:
            raise MovieError(
                f"{other.name} is {other.height_px} x {other.width_px} px and {movie.name} "
                f"{movie.height_px} x {movie.width_px}; choose a file of the same frames."
            )
        if other.n_frames != movie.n_frames:
            raise MovieError(
                f"{other.name} has {other.n_frames} frames and {movie.name} {movie.n_frames}; "
                "choose a file of the same frames."
            )


def _planes(
    movie: Movie, recipe: Recipe, frame: int, others: Mapping[str, Movie]
) -> Iterator[tuple[str, Plane]]:
    """Read what is measured, one plane at a time, each with the name of its columns."""
    for channel in measured_channels(movie, recipe):
        yield channel, recipe.input.measured_plane(movie, frame, channel)
    check_others(movie, others)
    for name, other in others.items():
        for channel in other.channels:
            column = name if len(other.channels) == 1 else f"{name}_{channel}"
            yield column, recipe.input.measured_plane(other, frame, channel)
