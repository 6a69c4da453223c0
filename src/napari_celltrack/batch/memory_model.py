"""How much memory a run takes at most, from a sample of its frames and the sizes of its items.

The whole process at its peak is what it holds before the run, plus for each worker the movie it is
at: the frame on its way through the steps, the rows of all frames until they are linked, what the
engine remembers for steps with a reference, and what the decoder of a video holds.
"""

from __future__ import annotations

from collections.abc import Sequence

from napari_celltrack.batch.item_headers import ItemHeader
from napari_celltrack.batch.sample import Sample

#: A process holds more than its arrays: memory that is free between them. Measured with movies of
#: 512 to 2048 px and one and two workers, see ``benchmarks/plan_memory.py``.
FRAGMENTS_FACTOR = 1.3
#: Linking and its tables take this many times the object table; measured with 512 to 100,000 rows.
LINKING_FACTOR = 3.8
#: What the engine lets its cache grow to, of each pixel and frame in work.
CACHE_BYTES_A_PIXEL = 64


def vertical_peak_bytes(sample: Sample, headers: Sequence[ItemHeader], n_workers: int) -> int:
    """Return the most that a process holds while each worker takes a movie through all steps.

    Parameters
    ----------
    sample : Sample
        What a frame takes.
    headers : sequence of ItemHeader
        Of all items; the largest ones are thought to be in work at the same moment.
    n_workers : int
        Frames in work at once.
    """
    working = FRAGMENTS_FACTOR * sample.working_bytes / sample.n_pixels
    frames = [working * header.n_pixels for header in headers]
    return sample.vertical.own_bytes + _of_workers(sample, headers, n_workers, frames)


def horizontal_peak_bytes(sample: Sample, headers: Sequence[ItemHeader], n_workers: int) -> int:
    """Return the most that a process holds while its workers take one step at a time.

    As :func:`vertical_peak_bytes`, with the step that takes most in place of all steps.
    """
    step = max(sample.read_bytes, sample.prepare_bytes, sample.count_bytes, sample.measure_bytes)
    frames = [FRAGMENTS_FACTOR * step / sample.n_pixels * header.n_pixels for header in headers]
    return sample.horizontal.own_bytes + _of_workers(sample, headers, n_workers, frames)


def rows_bytes(sample: Sample, header: ItemHeader) -> float:
    """Return the size of the object table of an item."""
    n_rows = sample.n_rows_a_frame * header.n_pixels / sample.n_pixels * header.n_frames
    return n_rows * sample.row_bytes


def linking_bytes(sample: Sample, header: ItemHeader) -> float:
    """Return what linking the cells of an item to tracks takes."""
    return LINKING_FACTOR * rows_bytes(sample, header)


def _of_workers(
    sample: Sample, headers: Sequence[ItemHeader], n_workers: int, frames: Sequence[float]
) -> int:
    movies = []
    for header, frame in zip(headers, frames, strict=True):
        cached = min(
            2 * CACHE_BYTES_A_PIXEL * header.n_pixels if sample.cache_bytes_a_frame else 0,
            sample.cache_bytes_a_frame * header.n_pixels / sample.n_pixels * header.n_frames,
        )
        rest = linking_bytes(sample, header) + cached + header.decoder_bytes
        movies.append((frame + rest, frame))
    movies.sort(reverse=True)
    at_once = movies[:n_workers]
    # Workers without a movie of their own take further frames of the largest one.
    spare = sum(max(0, n_workers - len(at_once)) * movie[1] for movie in at_once[:1])
    return round(sum(movie[0] for movie in at_once) + spare)
