"""A folder of movies on one and two threads, and the memory that one long movie takes."""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import tifffile

import batch
import memory
from kill_run import contents
from made_frames import write_movie, write_moving_movie
from naive import NaiveChain
from rows import Row, at_least, at_most, row_of_times

#: Peak memory that a movie of any length should stay below.
AIM_MB = 500


def naive_serial_s(movie: Path, out: Path, n_frames: int) -> float:
    """Return the seconds a frame of reading, counting and writing in a plain loop."""
    naive, started = NaiveChain(), time.perf_counter()
    with tifffile.TiffFile(movie) as tiff:
        for frame in range(n_frames):
            labels, table = naive.count(tiff.pages[frame].asarray())
            table.to_csv(out / f"{frame}.csv")
            tifffile.imwrite(out / f"{frame}.tif", labels, compression="zlib")
    return (time.perf_counter() - started) / n_frames


def folder_rows(is_quick: bool) -> Iterator[Row]:
    """Run a folder of movies of 512 x 512 px with one thread, with two, and by the plain loop."""
    n_files, n_frames, rounds = (4, 5, 1) if is_quick else (8, 10, 3)
    with TemporaryDirectory() as home:
        images, out, other, plain = (
            Path(home) / name for name in ("images", "out", "other", "naive")
        )
        images.mkdir()
        plain.mkdir()
        batch.write_movies(images, n_files, n_frames)
        # Before anything is timed all is loaded, and it is seen whether both find the same.
        batch.seconds_of(images, out, "threads", 2, keep=True)
        batch.seconds_of(images, other, "threads", 1, keep=True)
        is_same = contents(out) == contents(other)
        for folder in (out, other):
            shutil.rmtree(folder)
        one, two, naive = [], [], []
        for _ in range(rounds):
            one.append(batch.seconds_of(images, out, "threads", 1))
            two.append(batch.seconds_of(images, out, "threads", 2))
            naive.append(naive_serial_s(images / "m0.tif", plain, min(5, n_frames)))
    frames = n_files * n_frames
    one_s, two_s = statistics.median(one) / frames, statistics.median(two) / frames
    naive_s = statistics.median(naive)
    words = f"{n_files} movies x {n_frames} frames of {batch.SIDE_PX} x {batch.SIDE_PX} px"
    yield row_of_times(
        f"a folder on 2 threads, a frame; {words}",
        two_s,
        "1 thread",
        one_s,
        agreement="all files equal to the byte" if is_same else "FILES DIFFER",
        target=at_least(one_s / two_s, 1.7, 1.9),
    )
    yield row_of_times(
        f"a folder on 2 threads, a frame, all files written; {words}",
        two_s,
        "naive serial loop",
        naive_s,
        agreement=f"{1 / two_s:.0f} and {1 / naive_s:.1f} frames/s",
        target=at_least(naive_s / two_s, 20),
    )


def memory_rows(lengths: tuple[int, ...], side_px: int) -> Iterator[Row]:
    """Run movies of growing length, each in a process of its own.

    The last is one in which nearly every track breaks in every frame: its tables are as large as
    they can get.
    """
    size = f"{side_px} x {side_px} px"
    peaks = []
    for n_frames in lengths:
        peak_mb, row = _memory_row(
            f"{n_frames} frames of {size}", write_moving_movie, n_frames, side_px
        )
        peaks.append(peak_mb)
        yield row
    growth = at_most(round(peaks[-1] / peaks[0], 2), 1.1, unit="x")
    yield Row(
        f"memory is flat: {lengths[-1]} frames beside {lengths[0]}; {size}",
        f"{peaks[-1]:.0f} MB",
        f"{lengths[0]} frames",
        f"{peaks[0]:.0f} MB",
        peaks[0] / peaks[-1],
        target=f"at most {growth.words}",
        met=growth.met,
    )
    words = f"{lengths[-1]} frames of {size}, unrelated to each other"
    yield _memory_row(words, write_movie, lengths[-1], side_px)[1]


def _memory_row(
    words: str, write: Callable[[Path, int, int], None], n_frames: int, side_px: int
) -> tuple[float, Row]:
    """Return the peak of running a made movie, in MB, and its row."""
    with TemporaryDirectory() as folder:
        movie = Path(folder) / "movie.tif"
        write(movie, n_frames, side_px)
        on_disk = movie.stat().st_size / 2**20
        peak_mb, seconds = memory.run(movie, Path(folder) / "out")
    row = Row(
        f"peak memory, {words}",
        f"{peak_mb:.0f} MB",
        "the movie itself",
        f"{on_disk:.0f} MB",
        on_disk / peak_mb,
        f"{n_frames / seconds:.1f} frames/s",
        target=f"– / {AIM_MB} MB",
        met="aim" if peak_mb <= AIM_MB else "",
    )
    return peak_mb, row
