"""MP4, AVI, MOV, MKV, WebM and GIF by FFmpeg, decoded in order; a few recent frames are kept.

Frames per second are a playback rate, not a frame interval, so a video has no calibration.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from napari_celltrack.errors import MovieError
from napari_celltrack.readers.guard import decoding
from napari_celltrack.readers.stored import Stored
from napari_celltrack.readers.video_index import VideoIndex, index_video, open_video, stream_of

#: Bytes of recent frames to keep, so that a step back is not a seek.
_CACHE_BYTES = 64 << 20
_CACHE_FRAMES = 64


@dataclass(frozen=True)
class _Pixels:
    """How frames are converted: to gray if the video is gray, otherwise to red, green, blue."""

    format: str
    samples: tuple[str, ...]
    dtype: np.dtype[Any]


def read_video(path: Path) -> Stored:
    """Index a video: count its frames and find where decoding can start.

    Parameters
    ----------
    path : Path
        A video or GIF file.

    Raises
    ------
    MovieError
        If it cannot be decoded, or holds no frames.
    """
    with decoding(path.name):
        index = index_video(path)
    pixels = _pixels_of(index)
    shape: tuple[int, ...] = (index.n_frames, index.height_px, index.width_px)
    if pixels.samples:
        shape += (len(pixels.samples),)
    return Stored(
        chunks=VideoFrames(path, index, pixels.format),
        axes="TYXS"[: len(shape)],
        shape=shape,
        n_outer=1,
        dtype=pixels.dtype,
        samples=pixels.samples,
        notes=(
            (f"the video is damaged after its first {index.n_frames} frames, the rest is left out",)
            if index.is_damaged
            else ()
        ),
    )


def _pixels_of(index: VideoIndex) -> _Pixels:
    is_deep = index.bits > 8
    dtype = np.dtype(np.uint16 if is_deep else np.uint8)
    if index.is_gray:
        return _Pixels("gray16le" if is_deep else "gray", (), dtype)
    return _Pixels("rgb48le" if is_deep else "rgb24", ("red", "green", "blue"), dtype)


class VideoFrames:
    """The frames of a video; opened at the first read.

    A read further on continues decoding; a read back, or far ahead, starts at the key frame before
    it. If the index cannot guarantee the same pixels, decoding starts at the beginning.

    Parameters
    ----------
    path : Path
        The file.
    index : VideoIndex
        The index of the video.
    pixel_format : str
        FFmpeg's name of the pixel format of the result.
    """

    def __init__(self, path: Path, index: VideoIndex, pixel_format: str) -> None:
        self.path = path
        self.index = index
        self.pixel_format = pixel_format
        self._forget()

    def read(self, index: tuple[int, ...]) -> npt.NDArray[Any]:
        """Return one frame, shape (Y, X) or (Y, X, 3)."""
        wanted = index[0]
        with decoding(self.path.name):
            if wanted not in self._recent:
                if not self._is_near(wanted):
                    self._start(wanted)
                self._advance(wanted)
            frame = self._recent[wanted]
            return np.asarray(frame.to_ndarray(format=self.pixel_format))

    def close(self) -> None:
        """Release the file and the recent frames."""
        if self._container is not None:
            self._container.close()
        self._forget()

    def _forget(self) -> None:
        self._container: Any = None
        self._frames: Iterator[Any] = iter(())
        self._next = 0  # index of the next frame of the decoder
        self._pending: Any = None  # a frame that was decoded to check a seek
        self._recent: OrderedDict[int, Any] = OrderedDict()

    def _is_near(self, wanted: int) -> bool:
        """Whether to continue decoding takes at most as long as to start again."""
        if self._container is None or wanted < self._next:
            return False
        return self.index.start_before(wanted) <= self._next

    def _start(self, wanted: int) -> None:
        """Start decoding at the best place before a frame."""
        start = self.index.start_before(wanted)
        if start > 0 and self._seek(start):
            return
        self._reopen()

    def _seek(self, start: int) -> bool:
        """Start at a key frame; return False if the decoded frame is not this key frame."""
        if self._container is None:
            self._reopen()
        stream = stream_of(self._container, self.path.name)
        time = self.index.times[start]
        try:
            self._container.seek(time, stream=stream, backward=True)
            self._frames = self._container.decode(stream)
            # Frames of the group before may come first; they may be broken, so they are skipped.
            frame = next(f for f in self._frames if f.pts is None or f.pts >= time)
        except (av.FFmpegError, StopIteration):
            return False
        # A key frame that is not a complete picture (intra refresh) needs several frames.
        if frame.pts != time or frame.pict_type not in ("I", 1):
            return False
        self._next, self._pending = start, frame
        return True

    def _reopen(self) -> None:
        if self._container is not None:
            self._container.close()
        self._container = open_video(self.path)
        stream = stream_of(self._container, self.path.name)
        self._frames = self._container.decode(stream)
        self._next, self._pending = 0, None

    def _advance(self, wanted: int) -> None:
        while self._next <= wanted:
            frame, self._pending = self._pending, None
            if frame is None:
                frame = next(self._frames, None)
            if frame is None:
                raise MovieError(
                    f"{self.path.name} ends before frame {wanted}; it is damaged or was changed, "
                    "so open it again."
                )
            at = self._place(frame)
            if at > wanted:
                raise MovieError(
                    f"{self.path.name} is damaged at frame {wanted}; use the frames before it."
                )
            if at >= 0:
                self._keep(at, frame)
                self._next = at + 1

    def _place(self, frame: Any) -> int:
        """Return the index of a decoded frame, or -1 if the index has no such frame."""
        if not self.index.times:
            return self._next
        at = bisect_right(self.index.times, frame.pts if frame.pts is not None else -1) - 1
        return at if at >= 0 and self.index.times[at] == frame.pts else -1

    def _keep(self, at: int, frame: Any) -> None:
        self._recent[at] = frame
        self._recent.move_to_end(at)
        bytes_a_frame = self.index.height_px * self.index.width_px * 4
        most = max(2, min(_CACHE_FRAMES, _CACHE_BYTES // bytes_a_frame))
        while len(self._recent) > most:
            self._recent.popitem(last=False)

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "index": self.index, "pixel_format": self.pixel_format}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget()
