"""Input: in which pixels of a movie cells are detected, and reading them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import numpy as np
from pydantic import Field, field_validator, model_validator
from typing_extensions import Self

from napari_celltrack.errors import MovieError, RecipeError
from napari_celltrack.movie import Movie, Plane
from napari_celltrack.settings import Settings

#: Sums of larger values, and squares of what is left of them, are beyond float32.
_LARGEST = 1e30


class Crop(Settings):
    """The part of the image to work on; positions in tables stay those of the whole image."""

    y_start_px: int = Field(0, ge=0, title="Top", description="First row of the part.")
    y_stop_px: int | None = Field(
        None, ge=1, title="Bottom", description="The row after the last; the edge when empty."
    )
    x_start_px: int = Field(0, ge=0, title="Left", description="First column of the part.")
    x_stop_px: int | None = Field(
        None, ge=1, title="Right", description="The column after the last; the edge when empty."
    )

    @model_validator(mode="after")
    def _is_not_empty(self) -> Self:
        for axis in "yx":
            start, stop = getattr(self, f"{axis}_start_px"), getattr(self, f"{axis}_stop_px")
            if stop is not None and stop <= start:
                raise ValueError(f"{axis}_stop_px must be above {axis}_start_px")
        return self


class FrameRange(Settings):
    """Which frames to work on; frame numbers in tables stay those of the whole movie."""

    start: int = Field(0, ge=0, title="From frame", description="First frame, counted from 0.")
    stop: int | None = Field(
        None, ge=1, title="To frame", description="The frame after the last; the end when empty."
    )
    step: int = Field(
        1, ge=1, title="Every", description="Take every frame, every second one, and so on."
    )

    @model_validator(mode="after")
    def _is_not_empty(self) -> Self:
        if self.stop is not None and self.stop <= self.start:
            raise ValueError("stop must be above start")
        return self


class Input(Settings):
    """Which pixels of the movie the cells are looked for in."""

    axes: str | None = Field(
        None,
        title="Axes",
        description=(
            "What the dimensions of the file are, letters of TCZYX, e.g. TYX; leave empty to take "
            "them from the file."
        ),
    )
    pixel_size_um: float | None = Field(
        None,
        gt=0,
        title="Pixel size",
        description="Side of a pixel; leave empty to take it from the file, if it says so.",
    )
    frame_interval_s: float | None = Field(
        None,
        gt=0,
        title="Frame interval",
        description="Time between frames; leave empty to take it from the file, if it says so.",
    )
    channel: int | str | None = Field(
        None,
        title="Channel",
        description=(
            "Channel with the cells, by index or by name (red, green, blue of a picture); when "
            "left empty, the one in which most looks like cells, and it is said which that is."
        ),
    )
    crop: Crop | None = Field(
        None, title="Crop", description="Work on a part of the image; all of it when left empty."
    )
    frames: FrameRange = Field(
        FrameRange(), title="Frames", description="Work on some of the frames."
    )
    project_z: Literal["max", "mean"] = Field(
        "max",
        title="Flatten Z by",
        description="How planes of a stack become one image: the brightest value or the mean.",
    )
    project_t: Literal["max", "mean"] | None = Field(
        None,
        title="Flatten time by",
        description=(
            "Make one image of all frames before cells are found, the brightest value or the "
            "mean; leave empty to look in each frame."
        ),
    )

    measure_each_frame: bool = Field(
        True,
        title="Measure each frame",
        description=(
            "With one image of all frames, measure its cells in every frame, for traces of cells "
            "that stay in place; switch off to measure them once, in the flattened image."
        ),
    )

    @field_validator("axes")
    @classmethod
    def _axes_have_a_plane(cls, axes: str | None) -> str | None:
        if axes is None:
            return None
        axes = axes.upper()
        if not set("YX") <= set(axes) <= set("TCZYX") or len(set(axes)) != len(axes):
            raise ValueError("axes must be different letters of TCZYX, with both Y and X")
        return axes

    @property
    def is_still(self) -> bool:
        """Whether cells are found once and measured in every frame under the same masks."""
        return self.project_t is not None and self.measure_each_frame

    def calibrated(self, movie: Movie) -> Movie:
        """Return the movie with the pixel size and frame interval that are set here, if any."""
        size, interval = self.pixel_size_um, self.frame_interval_s
        return replace(
            movie,
            pixel_size_um=(size, size) if size is not None else movie.pixel_size_um,
            frame_interval_s=interval if interval is not None else movie.frame_interval_s,
        )

    def frames_of(self, movie: Movie) -> range:
        """Return the true indices of the frames that get results.

        Raises
        ------
        RecipeError
            If the range lies outside the movie.
        """
        frames = self._range_in(movie)
        # One image of all frames gives one result, kept under the first frame's number.
        return frames[:1] if self.project_t and not self.is_still else frames

    def slices_in(self, movie: Movie) -> tuple[slice, slice]:
        """Return the rows and columns of the crop; all of them without one.

        Raises
        ------
        RecipeError
            If the crop lies outside the movie.
        """
        crop = self.crop
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

    def plane(self, movie: Movie, frame: int, channel: int | str) -> Plane:
        """Read one channel of one frame, projected over Z and time.

        Parameters
        ----------
        movie : Movie
            The input.
        frame : int
            True index; with a projection over time, any.
        channel : int or str
            Index or name.

        Returns
        -------
        ndarray, shape (Y, X)
            Of the whole image, in grey values of the file; float32 after a mean.
        """
        frames = self._range_in(movie) if self.project_t else [frame]
        flat = (
            _project((movie.plane(t, z, channel) for z in range(movie.n_z)), self.project_z)
            for t in frames
        )
        return _project(flat, self.project_t or "max")

    def measured_plane(self, movie: Movie, frame: int, channel: int | str) -> Plane:
        """Read one channel for measuring: of this frame alone where each frame is measured.

        Parameters
        ----------
        movie : Movie
            The input.
        frame : int
            True index.
        channel : int or str
            Index or name.

        Returns
        -------
        ndarray, shape (Y, X)
            Like :meth:`plane`, projected over Z, and over time only without
            `measure_each_frame`.
        """
        alone = self.model_copy(update={"project_t": None}) if self.is_still else self
        return alone.plane(movie, frame, channel)

    def __call__(self, movie: Movie, frame: int) -> Plane:
        """Return the image in which cells are detected: one channel, projected and cropped.

        Where no channel is named this is the first;
        :func:`~napari_celltrack.engine.with_channel` finds the one with the cells before.

        Parameters
        ----------
        movie : Movie
            The input.
        frame : int
            True index; with a projection over time, any.

        Returns
        -------
        ndarray, shape (Y, X), uint8, uint16 or float32
            Without NaN or infinity.

        Raises
        ------
        MovieError, RecipeError
            If the frame cannot be read, or the movie lacks the channel, frame or crop.
        """
        return as_grey(self.plane(movie, frame, self.channel or 0)[self.slices_in(movie)])

    def _range_in(self, movie: Movie) -> range:
        frames = range(movie.n_frames)[self.frames.start : self.frames.stop : self.frames.step]
        if not frames:
            raise RecipeError(
                f"input.frames: {movie.name} has {movie.n_frames} frames, none from "
                f"{self.frames.start} on; lower start."
            )
        return frames


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
        float32, with NaN and infinity set to the lowest finite value, so that pixels without a
        value count as background.

    Raises
    ------
    MovieError
        If values are so large that sums of them are beyond float32.
    """
    if plane.dtype == bool:
        return plane.astype(np.uint8)
    if plane.dtype in (np.uint8, np.uint16):
        return plane
    with np.errstate(over="ignore"):
        grey = plane.astype(np.float32)
    finite = np.isfinite(plane)
    if not finite.all():
        grey[~finite] = grey[finite].min() if finite.any() else 0
    largest = max(float(grey.max(initial=0)), -float(grey.min(initial=0)))
    if largest > _LARGEST:
        raise MovieError(
            f"The image has values beyond {_LARGEST:.0e}, too large to look for cells in; "
            "divide them by a constant before."
        )
    return grey


def _project(planes: Iterator[Plane], how: str) -> Plane:
    """Flatten planes by maximum or mean, holding two of them at a time; one stays as it is."""
    flat, n_planes = next(planes), 1
    if how == "max":
        for plane in planes:
            flat = np.fmax(flat, plane)
        return flat
    total = flat.astype(np.float64)
    for plane in planes:
        with np.errstate(invalid="ignore"):  # infinity of both signs has no mean
            total += plane
        n_planes += 1
    return flat if n_planes == 1 else (total / n_planes).astype(np.float32)
