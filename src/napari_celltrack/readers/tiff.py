"""TIFF of all kinds: BigTIFF, ImageJ, OME-TIFF, MetaMorph STK, LSM; one page read at a time.

Values are those of ``tifffile.imread``: MinIsWhite is not inverted, and the indices of a palette
are kept, because the palettes of microscopes and of label images are only for display.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile

from napari_celltrack.errors import MovieError
from napari_celltrack.readers.guard import decoding, n_bytes, quiet
from napari_celltrack.readers.ome_xml import companion_of, images_in, read_companion
from napari_celltrack.readers.stored import Stored, colour_names
from napari_celltrack.readers.tiff_claims import check_page
from napari_celltrack.readers.tiff_directory import Directory, read_directory
from napari_celltrack.readers.tiff_images import TiffImage, check_files, images_of
from napari_celltrack.readers.tiff_metadata import calibration_of, channels_of, colours_of

_RGB_LIKE = ("RGB", "YCBCR", "CIELAB", "ICCLAB")
_PALETTE = "PALETTE"


def read_tiff(path: Path, image: int | None = None) -> Stored:
    """Read the headers of a TIFF; it stays open for the first page.

    Parameters
    ----------
    path : Path
        A TIFF file, whatever its suffix, or the companion file of some.
    image : int, optional
        Which of its images to read, counted from 0; the first, which is then said, if left out.

    Raises
    ------
    MovieError
        If it is broken, one of its files is missing, or it has no such image.
    """
    chunks = TiffPages(path, image)
    try:
        with quiet(), decoding(path.name):
            return _describe(chunks)
    except BaseException:
        chunks.close()
        raise


def list_images(path: Path) -> list[tuple[str, tuple[Path, ...]]]:
    """Return name and files of each image of a TIFF.

    Raises
    ------
    MovieError
        If it is broken.
    """
    chunks = TiffPages(path)
    try:
        with quiet(), decoding(path.name):
            chunks.open()
            return [(image.name, image.files) for image in chunks.images]
    finally:
        chunks.close()


class TiffPages:
    """The pages of one image of a TIFF; opened at the first read.

    Parameters
    ----------
    path : Path
        The file.
    number : int, optional
        Of the image; the first if left out.
    """

    def __init__(self, path: Path, number: int | None = None) -> None:
        self.path = path
        self.number = number
        self._file: tifffile.TiffFile | None = None
        self._image: TiffImage | None = None
        self.images: tuple[TiffImage, ...] = ()

    def read(self, index: tuple[int, ...]) -> npt.NDArray[Any]:
        """Return the page at an index into the dimensions before those of a page."""
        with quiet(), decoding(self.path.name):
            image = self.open()
            number = int(image.pages[index])
            if image.series.is_truncated:
                return self._read_contiguous(image.series, number)
            return self._read_page(image.series[number], number)

    def open(self) -> TiffImage:
        """Return the image; opens the file if needed."""
        if self._image is None:
            self._file, directory = open_tiff(self.path)
            self.images = images_of(self._file, self.path)
            number = self.number or 0
            if number >= len(self.images):
                raise MovieError(
                    f"{self.path.name} has no image [{number}]; it has {len(self.images)}, "
                    "counted from [0]."
                )
            self._image = self.images[number]
            # Of pixels in one block each plane is checked when it is read.
            if directory.is_cut and not self._image.series.is_truncated:
                raise MovieError(
                    f"{self.path.name} is cut short: only {directory.n_pages} of its pages can "
                    "be found; copy it again, or open it in Fiji and save what is left of it."
                )
        return self._image

    @property
    def file(self) -> tifffile.TiffFile:
        """The open file."""
        self.open()
        assert self._file is not None
        return self._file

    def close(self) -> None:
        """Release the file."""
        if self._file is not None:
            self._file.close()
        self._file = self._image = None
        self.images = ()

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
        return {**self.__dict__, "_file": None, "_image": None, "images": ()}


def open_tiff(path: Path) -> tuple[tifffile.TiffFile, Directory]:
    """Open a TIFF, after its list of pages was walked through.

    Raises
    ------
    MovieError
        If its pages lead in a circle.
    """
    text = ""
    if not _is_tiff(path):  # a companion file, which describes others
        text, companion = read_companion(path), path
        names = [name for image in images_in(text, path.name) for name in image.files()]
        path = next((p for name in names if (p := companion.parent / name).is_file()), companion)
        if path is companion:
            raise MovieError(
                f"{companion.name} describes images in {', '.join(names[:3]) or 'no files'}, of "
                "which none is beside it; copy them into its folder."
            )
    # NDPI stores the upper halves of its offsets elsewhere.
    directory = Directory() if path.suffix.lower() == ".ndpi" else read_directory(path)
    file = tifffile.TiffFile(path, omexml=text or None)
    try:
        described_in = companion_of(file.ome_metadata or "") if file.is_ome else ""
        beside = path.parent / Path(described_in).name
        if described_in and beside.is_file():
            file.close()
            file = tifffile.TiffFile(path, omexml=read_companion(beside))
        if len(directory.shapes) > 1:
            file.is_uniform = False  # tifffile looks at some of the pages only
    except BaseException:
        file.close()
        raise
    return file, directory


def _is_tiff(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) in (b"II", b"MM")


def _describe(chunks: TiffPages) -> Stored:
    image = chunks.open()
    check_files(image, chunks.path.name)
    page = image.series.keyframe
    if page.dtype is None or image.series.dtype is None:
        raise MovieError(
            f"{chunks.path.name} has pixels of a kind that is not supported; open it in Fiji and "
            "save it again as 8, 16 or 32 bit."
        )
    photometric = getattr(page.photometric, "name", "")
    notes = list(image.notes)
    lost = companion_of(chunks.file.ome_metadata or "") if chunks.file.is_ome else ""
    if lost:
        notes.append(f"{lost}, which describes it, is missing beside it")
    if chunks.number is None and len(chunks.images) > 1:
        notes.insert(
            0,
            f"the first of {len(chunks.images)} series of the file is read; add [1] to its path "
            "for the next, and so on",
        )
    if photometric == _PALETTE and image.series.kind not in ("imagej", "ome"):
        notes.append("colours of the palette are left out, its indices are the values")
    samples: tuple[str, ...] = ()
    if "S" in image.axes:
        n_samples = image.shape[image.axes.index("S")]
        is_said = photometric in _RGB_LIKE
        # Four inks are not red, green, blue and alpha.
        samples = () if photometric == "SEPARATED" else colour_names(n_samples)
        if samples and not is_said:
            notes.append(f"the {n_samples} samples of a pixel are taken as {', '.join(samples)}")
    n_channels = math.prod(
        n for axis, n in zip(image.axes, image.shape, strict=True) if axis == "C"
    )
    kind = image.series.kind
    return Stored(
        chunks=chunks,
        axes=image.axes,
        shape=image.shape,
        n_outer=image.pages.ndim,
        dtype=np.dtype(page.dtype),
        channels=channels_of(chunks.file, kind, image.ome, n_channels),
        colours=colours_of(chunks.file, kind, image.ome, n_channels),
        samples=samples,
        calibration=calibration_of(chunks.file, kind, page, image.ome),
        notes=tuple(notes),
        files=image.files,
    )
