"""The pipeline: a movie and a recipe in, cells, tracks and tables out.

Every caller (docks, command line, batch) goes through these functions. Frames are worked on one
at a time; :func:`run` is a generator, so progress is counting and cancelling is not asking on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_celltrack.analysis import count_table, track_table
from napari_celltrack.cache import StageCache
from napari_celltrack.errors import RecipeError
from napari_celltrack.measure import areas_px2, centroids_px, roundness
from napari_celltrack.movie import Movie
from napari_celltrack.recipe import Crop, Recipe, Stage
from napari_celltrack.tables import (
    AREA_PX2,
    AREA_UM2,
    FRAME,
    LABEL,
    LINEAGE_ID,
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

Plane = npt.NDArray[Any]
Labels = npt.NDArray[np.int32]


@dataclass(frozen=True)
class FrameResult:
    """One frame, found and measured.

    Parameters
    ----------
    frame : int
        True index in the movie.
    labels : ndarray, shape (Y, X), int32
        The cells, 1..n, in the coordinates of the whole image.
    objects : DataFrame
        The object table of this frame; track columns are 0 until :func:`link`.
    """

    frame: int
    labels: Labels
    objects: pd.DataFrame


@dataclass(frozen=True)
class Result:
    """The tables of a movie; columns in :mod:`napari_celltrack.tables`."""

    objects: pd.DataFrame
    tracks: pd.DataFrame
    counts: pd.DataFrame


def calibrated(movie: Movie, recipe: Recipe) -> Movie:
    """Return the movie with the pixel size and frame interval that the recipe sets, if any."""
    size, interval = recipe.input.pixel_size_um, recipe.input.frame_interval_s
    return replace(
        movie,
        pixel_size_um=(size, size) if size is not None else movie.pixel_size_um,
        frame_interval_s=interval if interval is not None else movie.frame_interval_s,
    )


def frames_of(movie: Movie, recipe: Recipe) -> range:
    """Return the true indices of the frames that a recipe gives results for.

    Raises
    ------
    RecipeError
        If the range lies outside the movie.
    """
    wanted = recipe.input.frames
    frames = range(movie.n_frames)[wanted.start : wanted.stop : wanted.step]
    if not frames:
        raise RecipeError(
            f"input.frames: {movie.name} has {movie.n_frames} frames, none from {wanted.start} on;"
            " lower start."
        )
    # One image of all frames gives one result, kept under the first frame's number.
    return frames[:1] if recipe.input.project_t else frames


def read_image(movie: Movie, recipe: Recipe, frame: int) -> Plane:
    """Return the image that cells are looked for in: one channel, projected and cropped.

    Parameters
    ----------
    movie : Movie
        The input.
    recipe : Recipe
        Its `input` is used.
    frame : int
        True index; with a projection over time, any.

    Returns
    -------
    ndarray, shape (Y, X), uint8, uint16 or float32
        Without NaN or infinity.
    """
    planes = _planes_of(movie, recipe, frame, recipe.input.channel)
    return as_grey(planes[_crop_slices(movie, recipe.input.crop)])


def segment_frame(
    movie: Movie, recipe: Recipe, frame: int, cache: StageCache | None = None
) -> Labels:
    """Find the cells of one frame.

    Parameters
    ----------
    movie : Movie
        The input.
    recipe : Recipe
        Its stages up to `objects` are used.
    frame : int
        True index.
    cache : StageCache, optional
        Where results of the stages are looked up and kept.

    Returns
    -------
    ndarray, shape (Y, X), int32
        Cells 1..n, 0 is background, in the coordinates of the whole image; read-only when cached.

    Raises
    ------
    MovieError, RecipeError
        If the frame cannot be read, or the recipe does not fit the movie.
    """

    def stage(name: Stage, compute: Callable[[], Plane]) -> Plane:
        if cache is None:
            return compute()
        key = (name, movie.fingerprint, movie.axes, recipe.upto(name), frame)
        return cache.get(key, compute)

    def preprocess() -> Plane:
        image = stage("input", lambda: read_image(movie, recipe, frame))
        for step in recipe.preprocess:
            image = step(image)
        return image

    def segment() -> Labels:
        return recipe.segment(stage("preprocess", preprocess))

    def keep_cells() -> Labels:
        found = recipe.objects(stage("segment", segment))
        if recipe.input.crop is None:
            return found
        whole = np.zeros(movie.shape, np.int32)
        whole[_crop_slices(movie, recipe.input.crop)] = found
        return whole

    return stage("objects", keep_cells)


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
    movie = calibrated(movie, recipe)
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
    }
    intensities = {}
    for channel in measured_channels(movie, recipe):
        plane = _planes_of(movie, recipe, frame, channel)
        for statistic, values in recipe.measure(labels, plane).items():
            intensities[intensity_column(channel, statistic)] = values
    return as_table({**columns, **intensities}, OBJECT_COLUMNS, extra=intensities)


def measured_channels(movie: Movie, recipe: Recipe) -> list[str]:
    """Return the names of the channels that are measured, in the order of the recipe."""
    wanted = recipe.measure.channels
    if wanted is None:
        return list(movie.channels)
    return [movie.channels[movie.channel_index(channel)] for channel in wanted]


def run_frame(
    movie: Movie, recipe: Recipe, frame: int, cache: StageCache | None = None
) -> FrameResult:
    """Find and measure the cells of one frame."""
    labels = segment_frame(movie, recipe, frame, cache)
    return FrameResult(frame, labels, measure_frame(movie, recipe, frame, labels))


def run(
    movie: Movie,
    recipe: Recipe,
    cache: StageCache | None = None,
    *,
    frames: Sequence[int] | None = None,
    n_threads: int = 1,
) -> Generator[FrameResult, None, None]:
    """Find and measure the cells of frame after frame.

    Frames come in order whatever the number of threads, and only a few are worked on ahead, so
    memory does not grow with the movie. Closing the generator cancels what has not begun.

    Parameters
    ----------
    movie : Movie
        The input.
    recipe : Recipe
        All stages up to `measure` are used.
    cache : StageCache, optional
        Where results of the stages are looked up and kept.
    frames : sequence of int, optional
        Which frames; by default all that the recipe names.
    n_threads : int
        Frames worked on at once.

    Yields
    ------
    FrameResult
    """
    wanted = frames_of(movie, recipe) if frames is None else frames
    if n_threads <= 1:
        for frame in wanted:
            yield run_frame(movie, recipe, frame, cache)
        return
    with ThreadPoolExecutor(n_threads) as pool:
        ahead: deque[Future[FrameResult]] = deque()
        try:
            for frame in wanted:
                ahead.append(pool.submit(run_frame, movie, recipe, frame, cache))
                if len(ahead) > n_threads:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for job in ahead:
                job.cancel()


def link(movie: Movie, recipe: Recipe, objects: Iterable[pd.DataFrame]) -> Result:
    """Link the objects of all frames to tracks and make the three tables.

    Parameters
    ----------
    movie : Movie
        The input.
    recipe : Recipe
        Its `input`, `link` and `tracks` are used.
    objects : iterable of DataFrame
        The object table of each frame, as :func:`run` yields them.

    Returns
    -------
    Result
    """
    movie = calibrated(movie, recipe)
    frames = frames_of(movie, recipe)
    table = pd.concat(objects, ignore_index=True)
    # A linker counts frames in steps of the range it is given: a gap is a missing image, whatever
    # the true index between two of them.
    index_of = {frame: index for index, frame in enumerate(frames)}
    linking = recipe.link(table.assign(**{FRAME: table[FRAME].map(index_of)}), len(frames))
    tracked = table.assign(**{TRACK_ID: linking.track_id})
    tracks = track_table(tracked, linking.parents, movie.pixel_size_um, movie.frame_interval_s)
    tracks = recipe.tracks(tracks)
    by_id = tracks.set_index(TRACK_ID)
    kept = tracked[TRACK_ID].where(tracked[TRACK_ID].isin(by_id.index), 0)
    family = {
        column: kept.map(by_id[column]).fillna(0).astype(np.int64)
        for column in (PARENT_ID, LINEAGE_ID)
    }
    return Result(
        objects=tracked.assign(**{TRACK_ID: kept, **family}),
        tracks=tracks,
        counts=count_table(table, frames, movie.frame_interval_s),
    )


def as_grey(plane: Plane) -> Plane:
    """Return a plane in one of the three dtypes that methods work with.

    Parameters
    ----------
    plane : ndarray, shape (Y, X)
        Of any real dtype.

    Returns
    -------
    ndarray, shape (Y, X), uint8, uint16 or float32
        8- and 16-bit unsigned planes as they are; booleans as uint8 0 and 1; everything else as
        float32, with NaN and infinity set to the lowest finite value, which is what an unseen
        pixel most resembles: background.
    """
    if plane.dtype == bool:
        return plane.astype(np.uint8)
    if plane.dtype in (np.uint8, np.uint16):
        return plane
    grey = plane.astype(np.float32)
    finite = np.isfinite(grey)
    if not finite.all():
        grey[~finite] = grey[finite].min() if finite.any() else 0
    return grey


def _planes_of(movie: Movie, recipe: Recipe, frame: int, channel: int | str) -> Plane:
    """Read one channel of one frame, projected over Z and time as the recipe says."""
    wanted = recipe.input
    frames: Sequence[int] = [frame]
    if wanted.project_t:
        frames = range(movie.n_frames)[
            wanted.frames.start : wanted.frames.stop : wanted.frames.step
        ]
    flat = (
        _project(
            (movie.plane(t, z, channel) for z in range(movie.n_z)), movie.n_z, wanted.project_z
        )
        for t in frames
    )
    return _project(flat, len(frames), wanted.project_t or "max")


def _project(planes: Iterator[Plane], n_planes: int, how: str) -> Plane:
    """Flatten planes by maximum or mean, holding two of them at a time."""
    flat = next(planes)
    if n_planes == 1:
        return flat
    if how == "max":
        for plane in planes:
            flat = np.fmax(flat, plane)
        return flat
    total = flat.astype(np.float64)
    for plane in planes:
        total += plane
    return (total / n_planes).astype(np.float32)


def _crop_slices(movie: Movie, crop: Crop | None) -> tuple[slice, slice]:
    if crop is None:
        return slice(None), slice(None)
    for axis, start, length in (
        ("y", crop.y_start_px, movie.height_px),
        ("x", crop.x_start_px, movie.width_px),
    ):
        if start >= length:
            raise RecipeError(
                f"input.crop.{axis}_start_px: {movie.name} is only {length} px along {axis}; "
                f"lower {start}."
            )
    return slice(crop.y_start_px, crop.y_stop_px), slice(crop.x_start_px, crop.x_stop_px)
