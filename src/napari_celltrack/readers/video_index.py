"""The index of a video: how many frames can be decoded, and where decoding can start.

Headers may give a wrong number of frames, and even a packet may hold no frame or two. Therefore:

1. All packets are read, not decoded: their times, and which of them are key frames.
2. A short video (up to `DECODE_PIXELS` in total) is decoded once, and the decoded frames count.
3. Of a longer one, the first frame and all frames from the last key frame on are decoded. If their
   times are those of the packets, the packets count.
4. If not, or if packets have no times, the whole video is decoded once.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import av

from napari_celltrack.errors import MovieError
from napari_celltrack.readers.guard import MAX_RATIO, check_claim

#: Decoding this many pixels takes about a second.
DECODE_PIXELS = 300_000_000
#: Larger frames than this are only decoded if the file is large enough to hold one.
_HARMLESS_PIXELS = 36 << 20  # 8K
#: Codecs whose key frames need no frame before them. GIF is not one: its frames are patches.
_SEEKABLE = (
    *("h264", "hevc", "av1", "libdav1d", "vp8", "vp9", "mpeg1video", "mpeg2video", "mpeg4"),
    *("msmpeg4v1", "msmpeg4v2", "msmpeg4v3", "wmv1", "wmv2", "mjpeg", "rawvideo", "ffv1"),
    *("huffyuv", "ffvhuff", "utvideo", "prores", "dnxhd"),
)


@dataclass(frozen=True)
class VideoIndex:
    """The facts about a video that are needed to read its frames.

    Parameters
    ----------
    n_frames : int
        Number of frames that can be decoded.
    height_px, width_px : int
        Of a frame.
    is_gray : bool
        Whether the video has no colours.
    bits : int
        Of a sample.
    times : tuple of int
        Presentation time of each frame in the units of the stream, ascending; empty if unknown.
    starts : tuple of int
        Frames at which decoding can start, ascending; always with 0.
    is_damaged : bool
        Whether decoding ended with an error; frames after it do not count.
    """

    n_frames: int
    height_px: int
    width_px: int
    is_gray: bool
    bits: int
    times: tuple[int, ...]
    starts: tuple[int, ...]
    is_damaged: bool = False

    def start_before(self, frame: int) -> int:
        """Return the last frame, up to this one, at which decoding can start."""
        return self.starts[bisect_right(self.starts, frame) - 1]


def open_video(path: Path) -> Any:
    """Open a video for decoding, with a limit on the size of its frames.

    Raises
    ------
    av.FFmpegError
        If FFmpeg cannot open it.
    """
    most = max(_HARMLESS_PIXELS, path.stat().st_size * MAX_RATIO["other"] // 4)
    # The decoder itself refuses larger frames: those of a broken stream may grow in the middle.
    options = {"max_pixels": str(min(most, 2**31 - 1))}
    container = av.open(str(path), mode="r", metadata_errors="replace")
    try:
        for stream in container.streams.video:
            stream.codec_context.options = options
    except BaseException:
        container.close()
        raise
    return container


def stream_of(container: Any, name: str) -> Any:
    """Return the first video stream, or raise a MovieError if there is none."""
    if not container.streams.video:
        raise MovieError(f"{name} holds no picture, only sound or data; choose another file.")
    return container.streams.video[0]


def index_video(path: Path) -> VideoIndex:
    """Read all packets of a video, and as few frames as are needed to check them.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    MovieError
        If no frame can be decoded.
    av.FFmpegError
        If FFmpeg cannot read the file.
    """
    container = open_video(path)
    try:
        stream = stream_of(container, path.name)
        context = stream.codec_context
        n_pixels = context.width * context.height
        check_claim(path.name, n_pixels * 3, path.stat().st_size)
        promised, keys = _promised(container, stream)
    finally:
        container.close()
    is_long = len(promised) * n_pixels > DECODE_PIXELS
    if not (is_long and _keeps_promise(path, promised, keys)):
        promised, first, n_frames, is_damaged = _decoded(path)
    else:
        first, n_frames, is_damaged = _first_frame(path), len(promised), False
    if not n_frames or first is None:
        raise MovieError(
            f"{path.name} has no frame that can be decoded; it is damaged, so export it again."
        )
    codec, known = first.codec_name, set(keys)
    starts = [0]
    if promised and codec in _SEEKABLE:
        starts += [i for i, time in enumerate(promised) if i and time in known]
    return VideoIndex(
        n_frames=n_frames,
        height_px=first.height_px,
        width_px=first.width_px,
        is_gray=first.is_gray,
        bits=first.bits,
        times=tuple(promised),
        starts=tuple(starts),
        is_damaged=is_damaged,
    )


@dataclass(frozen=True)
class _First:
    """Properties of the first decoded frame, which may differ from the headers."""

    height_px: int
    width_px: int
    is_gray: bool
    bits: int
    codec_name: str


def _first_of(frame: Any, codec_name: str) -> _First:
    layout = frame.format
    return _First(
        height_px=frame.height,
        width_px=frame.width,
        # A palette has one component, but its entries are colours.
        is_gray=len(layout.components) == 1 and not layout.has_palette and not layout.is_rgb,
        bits=max(component.bits for component in layout.components),
        codec_name=codec_name,
    )


def _promised(container: Any, stream: Any) -> tuple[list[int], list[int]]:
    """Return the times of all packets and of key frames; empty if they cannot be used."""
    times, keys = [], []
    for packet in container.demux(stream):
        if packet.size == 0 or packet.is_discard:
            continue
        if packet.pts is None:
            return [], []
        times.append(packet.pts)
        if packet.is_keyframe:
            keys.append(packet.pts)
    return (sorted(times), keys) if len(set(times)) == len(times) else ([], [])


def _keeps_promise(path: Path, promised: list[int], keys: list[int]) -> bool:
    """Whether the first frame, and all from the last key frame on, have the promised times."""
    if not promised or not keys:
        return False
    container = open_video(path)
    try:
        stream = stream_of(container, path.name)
        first = next(container.decode(stream), None)
        if first is None or first.pts != promised[0]:
            return False
        last_key = max(keys)
        container.seek(last_key, stream=stream, backward=True)
        tail = [frame.pts for frame in container.decode(stream)]
        return [t for t in tail if t is not None and t >= last_key] == [
            t for t in promised if t >= last_key
        ]
    except av.FFmpegError:
        return False
    finally:
        container.close()


def _first_frame(path: Path) -> _First | None:
    container = open_video(path)
    try:
        stream = stream_of(container, path.name)
        frame = next(container.decode(stream), None)
        return None if frame is None else _first_of(frame, stream.codec_context.name)
    finally:
        container.close()


def _decoded(path: Path) -> tuple[list[int], _First | None, int, bool]:
    """Decode all frames; return times (empty if not ascending), first frame, number, damage.

    Decoding ends at the first error, as it does when the frames are read.
    """
    container = open_video(path)
    times: list[int | None] = []
    first, is_damaged = None, False
    try:
        stream = stream_of(container, path.name)
        try:
            for frame in container.decode(stream):
                first = first or _first_of(frame, stream.codec_context.name)
                times.append(frame.pts)
        except av.FFmpegError:
            if first is None:
                raise
            is_damaged = True
    finally:
        container.close()
    known = [time for time in times if time is not None]
    is_rising = all(a < b for a, b in pairwise(known))
    is_known = is_rising and len(known) == len(times)
    return (known if is_known else []), first, len(times), is_damaged
