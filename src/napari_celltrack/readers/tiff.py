"""TIFF of all kinds: BigTIFF, ImageJ, OME-TIFF, MetaMorph STK, LSM; one page read at a time.

Values are those of ``tifffile.imread``: MinIsWhite is not inverted, and the indices of a palette
are kept, because the palettes of microscopes and of label images are only for display.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile

from napari_celltrack.errors import MovieError
from napari_celltrack.readers.guard import decoding, n_bytes
from napari_celltrack.readers.stored import Stored, colour_names
from napari_celltrack.readers.tiff_claims import check_end, check_page
from napari_celltrack.readers.tiff_metadata import calibration_of, channels_of

_RGB_LIKE = ("RGB", "YCBCR", "CIELAB", "ICCLAB")
_PALETTE = "PALETTE"


def read_tiff(path: Path) -> Stored:
    """Read the headers of a TIFF; it stays open for the first page.

    Of several series (images of different size or meaning) the first is read.

    Parameters
    ----------
    path : Path
        A TIFF file, whatever its suffix.

    Raises
    ------
    MovieError
        If it is broken.
    """
    chunks = TiffPages(path)
    try:
        with _quiet(), decoding(path.name):
            return _describe(chunks)
    except BaseException:
        chunks.close()
        raise


class TiffPages:
    """The pages of the first series of a TIFF; opened at the first read.

    Parameters
    ----------
    path : Path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: tifffile.TiffFile | None = None
        self._series: tifffile.TiffPageSeries | None = None
        self._n_series = 0

    def read(self, index: tuple[int, ...]) -> npt.NDArray[Any]:
        """Return the page at an index into the dimensions before those of a page."""
        with _quiet(), decoding(self.path.name):
            series = self.open()
            _, shape, n_outer = dimensions(series)
            number = int(np.ravel_multi_index(index, shape[:n_outer])) if n_outer else 0
            if series.is_truncated:
                return self._read_contiguous(series, number)
            return self._read_page(series[number], number)

    def open(self) -> tifffile.TiffPageSeries:
        """Return the first series; opens the file if needed."""
        if self._series is None:
            self._file = tifffile.TiffFile(self.path)
            every = self._file.series
            if not every:
                raise MovieError(f"{self.path.name} holds no image; choose another file.")
            if not every[0].is_truncated:  # otherwise each plane is checked when it is read
                check_end(self.path.name, self._file)
            self._n_series, self._series = len(every), every[0]
        return self._series

    @property
    def file(self) -> tifffile.TiffFile:
        """The open file."""
        self.open()
        assert self._file is not None
        return self._file

    @property
    def n_series(self) -> int:
        """Number of series in the file."""
        self.open()
        return self._n_series

    def close(self) -> None:
        """Release the file."""
        if self._file is not None:
            self._file.close()
        self._file = self._series = None

    def _read_page(self, page: Any, number: int) -> npt.NDArray[Any]:
        if page is None:
            raise MovieError(
                f"{self.path.name} says that it has a page {number}, but there is none; the "
                "recording was probably stopped early, so use the frames before it."
            )
        handle = page.parent.filehandle
        # tifffile closes the other files of a multi-file OME-TIFF after reading their headers.
        was_closed = handle.closed
        if was_closed:
            handle.open()
        try:
            check_page(self.path.name, page)
            # One thread: frames already run in parallel, and results must not depend on threads.
            return np.asarray(page.asarray(maxworkers=1))
        finally:
            if was_closed:
                handle.close()

    def _read_contiguous(self, series: tifffile.TiffPageSeries, number: int) -> npt.NDArray[Any]:
        """Read a plane of a file in which one page describes all (ImageJ > 4 GB, STK)."""
        page = series.keyframe
        start = series.dataoffset
        if start is None or page.compression != 1 or page.dtype is None:
            raise MovieError(
                f"{self.path.name} is compressed in a way that is not supported; open it in Fiji "
                "and save it again as TIFF."
            )
        assert page.parent is not None
        dtype = np.dtype(page.parent.byteorder + page.dtype.char)
        length = n_bytes(page.shape, dtype.itemsize)
        start += number * length
        if start + length > page.parent.filehandle.size:
            raise MovieError(
                f"{self.path.name} is cut short, plane {number} is not in it; copy it again or "
                "use the frames before."
            )
        with self.path.open("rb") as file:
            file.seek(start)
            return np.frombuffer(file.read(length), dtype).reshape(page.shape)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_file": None, "_series": None}


def dimensions(series: tifffile.TiffPageSeries) -> tuple[str, tuple[int, ...], int]:
    """Return the axes of a series, its shape, and how many dimensions number its pages."""
    page = series.keyframe
    axes, shape, inner = series.axes, tuple(series.shape), tuple(page.shape)
    n_outer = len(shape) - len(inner)
    n_pages = math.prod(shape[:n_outer]) if n_outer >= 0 else -1
    if shape[n_outer:] == inner and (series.is_truncated or n_pages == len(series)):
        return axes, shape, n_outer
    # If the description does not fit the pages (1-D data, reshaped arrays), the pages count.
    if len(series) == 1:
        return page.axes, inner, 0
    return "I" + page.axes, (len(series), *inner), 1


def _describe(chunks: TiffPages) -> Stored:
    series = chunks.open()
    page = series.keyframe
    if page.dtype is None or series.dtype is None:
        raise MovieError(
            f"{chunks.path.name} has pixels of a kind that is not supported; open it in Fiji and "
            "save it again as 8, 16 or 32 bit."
        )
    axes, shape, n_outer = dimensions(series)
    photometric = getattr(page.photometric, "name", "")
    notes = []
    if chunks.n_series > 1:
        notes.append(f"the first of {chunks.n_series} series of the file is read")
    if photometric == _PALETTE and series.kind not in ("imagej", "ome"):
        notes.append("colours of the palette are left out, its indices are the values")
    samples: tuple[str, ...] = ()
    if "S" in axes:
        n_samples = shape[axes.index("S")]
        is_said = photometric in _RGB_LIKE
        # Four inks are not red, green, blue and alpha.
        samples = () if photometric == "SEPARATED" else colour_names(n_samples)
        if samples and not is_said:
            notes.append(f"the {n_samples} samples of a pixel are taken as {', '.join(samples)}")
    return Stored(
        chunks=chunks,
        axes=axes,
        shape=shape,
        n_outer=n_outer,
        dtype=np.dtype(page.dtype),
        channels=channels_of(chunks.file, series),
        samples=samples,
        calibration=calibration_of(chunks.file, series),
        note="; ".join(notes),
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppress tifffile's log of a broken file, for this thread and this call."""
    thread = threading.get_ident()
    logger = logging.getLogger("tifffile")

    def is_other(record: logging.LogRecord) -> bool:
        return record.thread != thread

    logger.addFilter(is_other)
    try:
        yield
    finally:
        logger.removeFilter(is_other)
