"""Stored: what the reader of a format found in a file, and the movie made from it.

A reader returns a stored array in chunks (a TIFF page, an image file, a video frame). Everything
that is the same for all formats is here: axes, channel names, one lock per source, the last chunk.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from napari_celltrack.errors import MovieError
from napari_celltrack.movie import RGB_CHANNELS, Movie
from napari_celltrack.readers.calibration import Calibration
from napari_celltrack.readers.layout import Layout, settle
from napari_celltrack.text import readable

#: More channels than this mean a damaged header.
_MOST_CHANNELS = 10_000


class Chunks(Protocol):
    """A stored array, read chunk by chunk; used by one thread at a time.

    It opens its file at the first read, and again after a close or after pickling.
    """

    def read(self, index: tuple[int, ...]) -> npt.NDArray[Any]:
        """Return the chunk at an index into the first `n_outer` dimensions."""
        ...

    def close(self) -> None:
        """Release the file."""
        ...


@dataclass(frozen=True)
class Stored:
    """An array in a file, as the file describes it.

    Parameters
    ----------
    chunks : Chunks
        Reads it.
    axes : str
        One letter per dimension, see :mod:`napari_celltrack.readers.layout`.
    shape : tuple of int
        Lengths of the dimensions.
    n_outer : int
        How many leading dimensions number the chunks.
    dtype : numpy dtype
        Of the chunks.
    channels : tuple of str
        Names along C in the file; empty if there are none.
    colours : tuple of str
        Colours along C as ``#rrggbb``, "" where the file gives none; may be empty.
    samples : tuple of str
        Names along S; empty if the samples have none.
    calibration : Calibration
        What the file states about sizes and times.
    axes_note : str
        What the reader guessed about the axes, in words.
    notes : tuple of str
        What else was assumed or left out, in words.
    files : tuple of Path
        Where the pixels are, if that is not the file that was asked for alone.
    """

    chunks: Chunks
    axes: str
    shape: tuple[int, ...]
    n_outer: int
    dtype: np.dtype[Any]
    channels: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()
    samples: tuple[str, ...] = ()
    calibration: Calibration = field(default_factory=Calibration)
    axes_note: str = ""
    notes: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()


class StoredSource:
    """The planes of a stored array; safe to call from several threads, and picklable.

    Parameters
    ----------
    chunks : Chunks
        Reads the array.
    layout : Layout
        What its dimensions are.
    n_outer : int
        How many leading dimensions number the chunks.
    dtype : numpy dtype
        Of the planes.
    name : str
        For messages.
    """

    def __init__(
        self, chunks: Chunks, layout: Layout, n_outer: int, dtype: np.dtype[Any], name: str
    ) -> None:
        self.chunks = chunks
        self.layout = layout
        self.n_outer = n_outer
        self.dtype = dtype
        self.name = name
        self._last: tuple[tuple[Any, ...], npt.NDArray[Any]] | None = None
        self._ready()

    def _ready(self) -> None:
        self._lock = threading.Lock()
        # Movies are often dropped without a close; this closes their files at once.
        self._dropped = weakref.finalize(self, self.chunks.close)
        self._dropped.atexit = False

    def read_plane(self, frame: int, z: int, channel: int) -> npt.NDArray[Any]:
        """Return one plane, shape (Y, X).

        Raises
        ------
        MovieError
            If the file cannot be read there.
        """
        index = self.layout.index(frame, z, channel)
        outer, inner = index[: self.n_outer], index[self.n_outer :]
        with self._lock:
            chunk = self._chunk(outer)
            plane = chunk[inner]
            if plane.size != chunk.size:
                # A view would keep the other planes in memory, and a caller could change them.
                plane = plane.copy()
        return plane.T if self.layout.is_transposed else plane

    def close(self) -> None:
        """Release the file; reading again reopens it."""
        with self._lock:
            self._last = None
            self.chunks.close()

    def _chunk(self, outer: tuple[Any, ...]) -> npt.NDArray[Any]:
        if self._last is not None and self._last[0] == outer:
            return self._last[1]
        try:
            chunk = self.chunks.read(outer)
        except MovieError:
            # The next read opens the file again: after an error the decoder's state is unknown.
            self.chunks.close()
            raise
        expected = self.layout.shape[self.n_outer :]
        if chunk.shape != expected:
            raise MovieError(
                f"{self.name}: the image at {outer} has shape {chunk.shape} where {expected} was "
                "expected; use images of one size and kind."
            )
        if chunk.dtype.kind not in "buif":
            raise MovieError(
                f"{self.name}: the image at {outer} has pixels of type {chunk.dtype}; convert them "
                "to integer or floating point numbers."
            )
        chunk = chunk.astype(self.dtype, copy=False)
        # Red, green and blue are read one after another, so they are decoded only once.
        self._last = (outer, chunk) if chunk.ndim > 2 else None
        return chunk

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_lock": None, "_last": None, "_dropped": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._ready()


def movie_of(
    stored: Stored, *, name: str, path: str, fingerprint: str, axes: str | None = None
) -> Movie:
    """Return the movie of a stored array.

    Parameters
    ----------
    stored : Stored
        What the reader found.
    name, path : str
        Of the movie.
    fingerprint : str
        Of the content; axes that differ from the file's are appended, as they change the planes.
    axes : str, optional
        What the user says the dimensions are.

    Raises
    ------
    MovieError
        If the axes do not fit, or the pixels are neither integers nor floats.
    """
    dtype = np.dtype(stored.dtype).newbyteorder("=")
    if dtype.kind not in "buif":
        raise MovieError(
            f"{name} has pixels of type {dtype}; convert them to integer or floating point numbers."
        )
    layout = settle(stored.axes, stored.shape, axes, name)
    if min(layout.letters.index("Y"), layout.letters.index("X")) < stored.n_outer:
        raise MovieError(
            f"{name}: axes {layout.axes} would spread an image over all its pages; save the "
            "file again with Y and X as the last two dimensions."
        )
    if layout.length("CS") > _MOST_CHANNELS:
        raise MovieError(
            f"{name} claims {layout.length('CS')} channels; it is damaged, or its axes are wrong, "
            "so give them with axes=."
        )
    own = settle(stored.axes, stored.shape, None, name)
    size = stored.calibration.swapped() if layout.is_transposed else stored.calibration
    n_frames, n_z = layout.length("T"), layout.length("Z")
    # A still has no interval, even if ImageJ writes its default into a Z stack.
    size = size if n_frames > 1 else size.without("frame_interval_s")
    size = size if n_z > 1 else replace(size, unread=size.without("z_step_um").unread)
    guess = "; ".join(n for n in (stored.axes_note if axes is None else "", layout.note) if n)
    alpha = ("its channel alpha says how opaque a pixel is, and is no light",)
    notes = (
        *((guess,) if guess else ()),
        *stored.notes,
        *(alpha if "alpha" in stored.samples and layout.length("S") > 1 else ()),
        *(why for _, why in size.unread),
    )
    return Movie(
        source=StoredSource(stored.chunks, layout, stored.n_outer, dtype, name),
        name=name,
        n_frames=n_frames,
        n_z=n_z,
        height_px=layout.length("Y"),
        width_px=layout.length("X"),
        dtype=dtype,
        fingerprint=fingerprint if own.letters == layout.letters else f"{fingerprint}-{axes}",
        channels=channel_names(layout, stored.channels, stored.samples),
        pixel_size_um=size.pixel_size_um,
        z_step_um=size.z_step_um,
        frame_interval_s=size.frame_interval_s,
        axes=layout.axes,
        axes_note=guess,
        notes=notes,
        colours=stored.colours if len(stored.colours) == layout.length("CS") else (),
        path=path,
    )


def channel_names(
    layout: Layout, channels: Sequence[str], samples: Sequence[str]
) -> tuple[str, ...]:
    """Return one unique name per channel: from the file, the colours, or the indices."""
    n_channels, n_samples = layout.length("C"), layout.length("S")
    firsts = channels if len(channels) == n_channels else [str(i) for i in range(n_channels)]
    lasts = samples if len(samples) == n_samples else [str(i) for i in range(n_samples)]
    if n_samples == 1:
        names = list(firsts)
    elif n_channels == 1:
        names = list(lasts)
    else:
        names = [f"{first}-{last}" for first in firsts for last in lasts]
    return _unique([readable(name.strip()) or str(i) for i, name in enumerate(names)])


def colour_names(n_samples: int) -> tuple[str, ...]:
    """Return the names of the samples of a colour image, or nothing if they are not colours."""
    if n_samples == 2:
        return ("gray", "alpha")
    return RGB_CHANNELS[:n_samples] if n_samples in (3, 4) else ()


def _unique(names: list[str]) -> tuple[str, ...]:
    """Make names unique whatever their case: ``GFP, GFP`` becomes ``GFP, GFP 2``."""
    seen: set[str] = set()
    unique = []
    for name in names:
        candidate, count = name, 1
        while candidate.lower() in seen:
            count += 1
            candidate = f"{name} {count}"
        seen.add(candidate.lower())
        unique.append(candidate)
    return tuple(unique)
