"""Movie: a lazy time-lapse (or still) with its axes, channels and calibration.

A movie never holds its pixels; it asks its source for one plane at a time. Nothing is assumed:
pixel size and frame interval are None when the file does not state them.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from napari_celltrack.errors import MovieError
from napari_celltrack.text import readable

#: Pixels of one channel at one depth and time, shape (Y, X).
Plane = npt.NDArray[Any]

#: Colour names that name the channels of an RGB(A) image.
RGB_CHANNELS = ("red", "green", "blue", "alpha")


class FrameSource(Protocol):
    """Where the planes of a movie come from; one implementation per file format.

    A source is safe to call from several threads: it locks where its library needs it.
    """

    def read_plane(self, frame: int, z: int, channel: int) -> npt.NDArray[Any]:
        """Return one plane, shape (Y, X), in the file's own dtype."""
        ...

    def close(self) -> None:
        """Release the file; reading again may reopen it."""
        ...


@dataclass(frozen=True, eq=False)
class Movie:
    """A time-lapse of one field of view; a still image is a movie of one frame.

    Compared by identity. Made by :func:`napari_celltrack.open_movie` from a file, or by
    :func:`movie_from_array` from an array.

    Parameters
    ----------
    source : FrameSource
        Where planes are read from.
    name : str
        Short name for messages and tables, e.g. the file name.
    n_frames, n_z, height_px, width_px : int
        Lengths of axes T, Z, Y and X; `n_z` is 1 for a movie without Z.
    dtype : numpy dtype
        Of the planes that `source` returns.
    channels : tuple of str
        One unique name per channel.
    fingerprint : str
        Equal for equal content; part of every cache key.
    pixel_size_um : (float, float) or None
        Height and width of a pixel in µm, or None when the file does not say.
    z_step_um : float or None
        Distance between planes in µm.
    frame_interval_s : float or None
        Time between frames in s.
    axes : str
        The axes of the stored array as they were read, e.g. ``"TCYX"``, for messages.
    axes_note : str
        How the axes were guessed, in words; empty if the file states them.
    notes : tuple of str
        Whatever was assumed or left out when the file was read, in words, each as a sentence
        without its full stop; `axes_note` is one of them.
    """

    source: FrameSource
    name: str
    n_frames: int
    height_px: int
    width_px: int
    dtype: np.dtype[Any]
    fingerprint: str
    n_z: int = 1
    channels: tuple[str, ...] = ("0",)
    pixel_size_um: tuple[float, float] | None = None
    z_step_um: float | None = None
    frame_interval_s: float | None = None
    axes: str = "TYX"
    axes_note: str = ""
    notes: tuple[str, ...] = ()
    #: The colour that the file gives to each channel, as ``#rrggbb``, or "" where it gives none.
    colours: tuple[str, ...] = ()
    #: The path this movie was opened from, or "" for an array in memory.
    path: str = field(default="")

    def __post_init__(self) -> None:
        """Make the name, and what notes say of names, text that can be shown anywhere."""
        object.__setattr__(self, "name", readable(self.name))
        object.__setattr__(self, "notes", tuple(map(readable, self.notes)))

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of a plane in px."""
        return self.height_px, self.width_px

    def channel_index(self, channel: int | str) -> int:
        """Return the index of a channel given by index or by name (case does not matter).

        Raises
        ------
        MovieError
            If the movie has no such channel.
        """
        if isinstance(channel, str) and channel.lower() in (known := self._lower_channels()):
            return known.index(channel.lower())
        try:
            index = int(channel)
        except ValueError:
            index = -1
        if not 0 <= index < len(self.channels):
            has_names = not all(name.isdigit() for name in self.channels)
            names = f"one of {', '.join(self.channels)}, or " if has_names else ""
            last = len(self.channels) - 1
            indices = f"an index from 0 to {last}" if last else "the only one, 0"
            raise MovieError(f"{self.name} has no channel {channel!r}; choose {names}{indices}.")
        return index

    def channel_name(self, index: int) -> int | str:
        """Return a channel as a recipe names it: by its index where it has no name."""
        name = self.channels[index]
        return index if name == str(index) else name

    def plane(self, frame: int, z: int = 0, channel: int | str = 0) -> npt.NDArray[Any]:
        """Read one plane.

        Parameters
        ----------
        frame, z : int
            True indices along T and Z.
        channel : int or str
            Index or name.

        Returns
        -------
        ndarray, shape (Y, X)
            In the dtype of the file.

        Raises
        ------
        MovieError
            If there is no such plane, or the file cannot be read there.
        """
        if not 0 <= frame < self.n_frames:
            raise MovieError(
                f"{self.name} has no frame {frame}; it has {self.n_frames}, counted from 0."
            )
        if not 0 <= z < self.n_z:
            raise MovieError(f"{self.name} has no plane {z}; it has {self.n_z}, counted from 0.")
        plane = self.source.read_plane(frame, z, self.channel_index(channel))
        if plane.shape != self.shape:
            raise MovieError(
                f"{self.name}: frame {frame} is {plane.shape} px where {self.shape} px was "
                "expected; use images of one size."
            )
        return plane

    def close(self) -> None:
        """Release the file."""
        self.source.close()

    def _lower_channels(self) -> list[str]:
        return [name.lower() for name in self.channels]


@dataclass(frozen=True)
class ArraySource:
    """Planes of an array that is already in memory, or lazy (dask, zarr).

    Parameters
    ----------
    array : array-like
        Anything with `shape`, `dtype` and slicing.
    axes : str
        One of T, C, Z, Y, X per dimension, in the order of the data.
    """

    array: Any
    axes: str

    def read_plane(self, frame: int, z: int, channel: int) -> npt.NDArray[Any]:
        """Return one plane, shape (Y, X)."""
        at: dict[str, Any] = {"T": frame, "Z": z, "C": channel}
        plane = _in_memory(self.array[tuple(at.get(axis, slice(None)) for axis in self.axes)])
        return plane if self.axes.index("Y") < self.axes.index("X") else plane.T

    def close(self) -> None:
        """Nothing to release."""


def _in_memory(part: Any) -> npt.NDArray[Any]:
    """Return a part of an array as one of numpy, computed if it is dask's, alone or in xarray.

    Whoever shows the same array may have dask keep what it computes (napari does), in a store that
    serves one thread: what is computed here neither uses nor changes it.
    """
    if getattr(part, "__dask_graph__", None) is None or part.__dask_graph__() is None:
        return np.asarray(part)
    from dask.base import get_scheduler

    scheduler: Any = get_scheduler(collections=[part])  # type: ignore[no-untyped-call]
    # A cluster keeps nothing here, and knows no such option.
    is_here = scheduler is None or scheduler.__module__.startswith("dask.")
    return np.asarray(part.compute(callbacks=()) if is_here else part.compute())


def movie_from_array(
    array: Any,
    axes: str,
    *,
    name: str = "array",
    channels: Sequence[str] | None = None,
    pixel_size_um: tuple[float, float] | None = None,
    z_step_um: float | None = None,
    frame_interval_s: float | None = None,
    fingerprint: str | None = None,
) -> Movie:
    """Wrap an array as a movie, without copying it.

    Parameters
    ----------
    array : array-like
        Data with `shape`, `dtype` and slicing; may be lazy.
    axes : str
        The meaning of each dimension, letters of ``TCZYX``, e.g. ``"TYX"``.
    name : str
        For messages and tables.
    channels : sequence of str, optional
        Names along C; indices by default, colours when there are 3 or 4 in the last dimension.
    pixel_size_um, z_step_um, frame_interval_s : optional
        Calibration, where it is known.
    fingerprint : str, optional
        By default a new one at each call, because an array may be changed in place.

    Returns
    -------
    Movie

    Raises
    ------
    MovieError
        If `axes` does not fit the array.
    """
    shape = tuple(int(length) for length in array.shape)
    letters_ok = set(axes) <= set("TCZYX") and len(set(axes)) == len(axes)
    if len(axes) != len(shape) or not letters_ok or not set("YX") <= set(axes):
        raise MovieError(
            f"{name}: axes {axes!r} do not fit an array of shape {shape}; "
            "give one of the letters T, C, Z, Y, X a dimension, with both Y and X."
        )
    length = dict(zip(axes, shape, strict=True))
    if 0 in shape:
        raise MovieError(f"{name} is empty, its shape is {shape}; choose an image with pixels.")
    n_channels = length.get("C", 1)
    if channels is None:
        is_rgb = axes[-1] == "C" and n_channels in (3, 4)
        channels = RGB_CHANNELS[:n_channels] if is_rgb else [str(i) for i in range(n_channels)]
    return Movie(
        source=ArraySource(array, axes),
        name=name,
        n_frames=length.get("T", 1),
        n_z=length.get("Z", 1),
        height_px=length["Y"],
        width_px=length["X"],
        dtype=np.dtype(array.dtype),
        fingerprint=fingerprint or uuid.uuid4().hex,
        channels=tuple(channels),
        pixel_size_um=pixel_size_um,
        z_step_um=z_step_um,
        frame_interval_s=frame_interval_s,
        axes=axes,
    )
