"""A folder of movies on one core and on two, and the memory that one long movie takes."""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import tifffile

import batch
import memory
from kill_run import contents
from made_frames import write_movie, write_moving_movie
from naive import NaiveChain
from napari_celltrack.batch import find_inputs, suitable_pool
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


class Case(NamedTuple):
    """A folder of movies, and how often it is run."""

    n_files: int
    n_frames: int
    side_px: int
    rounds: int


#: A short run, and two that are long enough for processes to be taken.
CASES = (Case(8, 10, 512, 3), Case(24, 60, 512, 1), Case(4, 17, 2048, 2))


def folder_rows(is_quick: bool) -> Iterator[Row]:
    """Run folders as ``celltrack run`` does on two cores, with one worker, and by a plain loop."""
    for case in (Case(4, 5, 512, 1),) if is_quick else CASES:
        yield from _folder(case)


def _folder(case: Case) -> Iterator[Row]:
    is_same, one, two, naive = True, [], [], []
    with TemporaryDirectory() as home:
        images, out, other, plain = (
            Path(home) / name for name in ("images", "out", "other", "naive")
        )
        images.mkdir()
        plain.mkdir()
        batch.write_movies(images, case.n_files, case.n_frames, case.side_px)
        pool = suitable_pool(find_inputs([images]).items, 2)
        # Before anything is timed all is loaded.
        naive_serial_s(images / "m0.tif", plain, 1)
        for _ in range(case.rounds):
            one.append(batch.seconds_of(images, out, "threads", 1, keep=True))
            two.append(batch.seconds_of(images, other, pool, 2, keep=True))
            is_same &= contents(out) == contents(other)
            shutil.rmtree(out)
            shutil.rmtree(other)
            naive.append(naive_serial_s(images / "m0.tif", plain, 2))
    frames = case.n_files * case.n_frames
    one_s, two_s = statistics.median(one) / frames, statistics.median(two) / frames
    naive_s = statistics.median(naive)
    words = f"{case.n_files} movies x {case.n_frames} frames of {case.side_px} x {case.side_px} px"
    yield row_of_times(
        f"a folder on 2 cores ({pool}), a frame; {words}",
        two_s,
        "1 worker",
        one_s,
        agreement="all files equal to the byte" if is_same else "FILES DIFFER",
        target=at_least(one_s / two_s, 1.7, 1.9),
    )
    yield row_of_times(
        f"the same, all files written; {words}",
        two_s,
        "naive serial loop",
        naive_s,
        agreement=f"{1 / two_s:.3g} and {1 / naive_s:.2g} frames/s",
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
