"""The files that steps write: planes as OME-Zarr, one chunk a frame, and tables of objects.

Both come back exactly as they were written, bit by bit, and can be opened, looked at and changed
with other programs: napari, Fiji, a spreadsheet.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_celltrack.engine import Cells
from napari_celltrack.errors import CelltrackError, ResultError
from napari_celltrack.input import as_grey
from napari_celltrack.movie import Movie
from napari_celltrack.readers import check_label_movie, open_movie, read_labels
from napari_celltrack.readers.ome_zarr import read_ome_zarr
from napari_celltrack.readers.stored import movie_of
from napari_celltrack.results.own_files import FileFact, facts_in
from napari_celltrack.tables import FRAME, OBJECT_COLUMNS
from napari_celltrack.whole_files import file_at

Plane = npt.NDArray[Any]

#: Compression takes no buffer of 2 GiB and more; a frame beyond it is cut into bands of rows.
_CHUNK_BYTES = 1 << 30
_ROWS_A_CHUNK = 50_000


def make_zarr(
    path: Path,
    movie: Movie,
    frames: Sequence[int],
    first: Plane,
    *,
    start_px: tuple[int, int] = (0, 0),
    is_labels: bool = False,
) -> None:
    """Make an empty OME-Zarr for planes that are like the first one.

    The version is 0.4, which most programs read.

    Parameters
    ----------
    path : Path
        The folder to make.
    movie : Movie
        The input, for its calibration.
    frames : sequence of int
        True index of each plane.
    first : ndarray, shape (Y, X)
        Says shape and dtype.
    start_px : (int, int)
        First row and column in the image, where planes are of a crop.
    is_labels : bool
        Whether pixels hold the numbers of cells.
    """
    import numcodecs
    import zarr  # takes half a second to import

    # Before version 3 there is no other format to choose from.
    is_old = int(zarr.__version__.split(".")[0]) < 3
    options: dict[str, Any] = {} if is_old else {"zarr_format": 2}
    group = zarr.open_group(str(path), mode="w", **options)
    group.attrs.update(_ome(path.name, movie, frames, start_px))
    if is_labels:
        group.attrs["image-label"] = {"version": "0.4"}
    height, width = first.shape
    rows = max(1, min(height, _CHUNK_BYTES // max(1, width * first.itemsize)))
    zarr.open_array(
        str(path / "0"),
        mode="w",
        shape=(len(frames), height, width),
        chunks=(1, rows, width),
        dtype=first.dtype,
        fill_value=0,
        # Of those that most programs know, the quickest that keeps a checksum of its own: a chunk
        # that a disk has damaged cannot be read as if it were another image.
        compressor=numcodecs.Zstd(level=1, checksum=True),
        dimension_separator="/",
        **options,
    )


def write_planes(
    path: Path, start: int, planes: Iterable[Plane]
) -> tuple[tuple[str, ...], dict[str, FileFact]]:
    """Write planes from index `start` on; they are on the disk when this returns.

    Several processes may do so at once: no chunk belongs to two frames.

    Returns
    -------
    tuple of str
        The digest of each plane.
    dict of FileFact
        What each of their chunks holds, by its name in the zarr.
    """
    import zarr

    array = zarr.open_array(str(path / "0"), mode="r+")
    digests: list[str] = []
    chunks: dict[str, FileFact] = {}
    for index, plane in enumerate(planes, start):
        array[index] = plane
        digests.append(digest_of(plane))
        folder = path / "0" / str(index)
        # Of a plane of zeros, some versions write no chunk.
        facts = facts_in(folder) if folder.is_dir() else {}
        chunks |= {f"0/{index}/{name}": fact for name, fact in facts.items()}
    return tuple(digests), chunks


def frame_of_chunk(name: str) -> int | None:
    """Return the index of the plane that a file holds, by its name; None of any other file."""
    chunk = re.search(r"\.zarr/0/(\d+)/[\d/]+$", name)
    return int(chunk[1]) if chunk else None


def can_read(path: Path, index: int) -> bool:
    """Whether a plane of a zarr can be read, whatever it holds."""
    try:
        movie = movie_of(read_ome_zarr(path), name=path.name, path=str(path), fingerprint="")
        movie.plane(min(index, movie.n_frames - 1))
    except CelltrackError:
        return False
    return True


def read_planes(
    path: Path, title: str, n_frames: int, indices: Iterable[int], *, are_labels: bool
) -> Iterator[Plane]:
    """Read planes, whoever has written them.

    Parameters
    ----------
    path : Path
        A zarr, or a TIFF that somebody has put in its place.
    title : str
        What to call it in messages.
    n_frames : int
        How many there must be.
    indices : iterable of int
        Which of them.
    are_labels : bool
        Whether pixels hold the numbers of cells.

    Yields
    ------
    ndarray, shape (Y, X)
        An image as uint8, uint16 or float32; labels as int32, whatever integers they were saved
        as.

    Raises
    ------
    MovieError, ResultError
        If it cannot be read, has another number of frames, or should hold labels and does not.
    """
    movie = _open(path, title, n_frames)
    try:
        if movie.n_frames != n_frames:
            raise ResultError(
                f"{title} has {movie.n_frames} frames instead of {n_frames}; save it with as "
                "many as it had, or delete it to have it made anew."
            )
        if are_labels:
            check_label_movie(movie)
        for index in indices:
            yield _labels(movie, index) if are_labels else as_grey(movie.plane(index))
    finally:
        movie.close()


def write_table(folder: Path, start: int, table: pd.DataFrame) -> None:
    """Write the objects of frames as the part of a table that begins at index `start`.

    Numbers are written with as many digits as tell them from all others.
    """
    with (folder / f"{start:09}.part").open("w", encoding="utf-8", newline="") as file:
        table.to_csv(file, index=False, header=start == 0, lineterminator="\n")


def join_tables(folder: Path, whole: Path) -> None:
    """Put the parts of a table together."""
    with whole.open("wb") as target:
        for part in sorted(folder.glob("*.part")):
            with part.open("rb") as source:
                while block := source.read(1 << 20):
                    target.write(block)


def read_tables(path: Path, title: str, frames: Sequence[int]) -> Iterator[pd.DataFrame]:
    """Read the objects of frame after frame.

    Parameters
    ----------
    path : Path
        A table of the objects of all frames, sorted by frame.
    title : str
        What to call it in messages.
    frames : sequence of int
        True indices, ascending.

    Yields
    ------
    DataFrame
        The object table of a frame, without rows where it has none.

    Raises
    ------
    ResultError
        If it is no object table, or not sorted by frame.
    """
    dtypes: Any = defaultdict(lambda: np.float64, OBJECT_COLUMNS)
    # Newer pandas reads every number back as it was written, and warns where that is asked for.
    is_exact = tuple(map(int, pd.__version__.split(".")[:2])) >= (3, 1)
    exactly: dict[str, Any] = {} if is_exact else {"float_precision": "round_trip"}
    try:
        with pd.read_csv(file_at(path), dtype=dtypes, chunksize=_ROWS_A_CHUNK, **exactly) as chunks:
            yield from _by_frame(chunks, frames)
    except (OSError, ValueError, KeyError) as error:
        raise ResultError(
            f"{title} cannot be read as a table of objects ({error}); save it with the columns "
            "that it had and sorted by frame, or delete it to have it made anew."
        ) from error


def is_cut_off(path: Path, n_bytes: int) -> bool:
    """Whether a table that had some length is damaged: its end is lost, or it holds NUL bytes."""
    if not path.is_file():
        return True
    content = path.read_bytes()
    return b"\0" in content or (len(content) < n_bytes and not content.endswith(b"\n"))


def digest_of(plane: Plane) -> str:
    """Return the digest of a plane: equal for equal shape, dtype and content."""
    digest = hashlib.blake2b(f"{plane.dtype} {plane.shape}".encode(), digest_size=8)
    digest.update(np.ascontiguousarray(plane).data)
    return digest.hexdigest()


def file_digest(path: Path) -> str:
    """Return the digest of the content of a file."""
    digest = hashlib.blake2b(digest_size=8)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def text_digest(*parts: str) -> str:
    """Return the digest of texts."""
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def _open(path: Path, title: str, n_frames: int) -> Movie:
    if path.is_file():
        # Who saved three dimensions meant frames, whatever the program called them.
        return open_movie(path, axes="TYX" if n_frames > 1 else None)
    # Opened as a movie of the user's, every block of frames would make a fingerprint of all.
    found = read_ome_zarr(path)
    axes = "TYX" if len(found.shape) == 3 else None
    return movie_of(found, name=title, path=str(path), fingerprint="", axes=axes)


def _labels(movie: Movie, index: int) -> npt.NDArray[np.int32]:
    return Cells(*read_labels(movie, index)).labels


def _by_frame(chunks: Iterable[pd.DataFrame], frames: Sequence[int]) -> Iterator[pd.DataFrame]:
    """Cut tables that follow each other into one a frame."""
    wanted = iter(frames)
    frame = next(wanted, None)
    begun: list[pd.DataFrame] = []
    empty: pd.DataFrame | None = None
    for chunk in chunks:
        empty = chunk.iloc[:0]
        for number, rows in chunk.groupby(FRAME, sort=False):
            while frame is not None and frame != number:
                yield pd.concat(begun, ignore_index=True) if begun else empty
                begun, frame = [], next(wanted, None)
            if frame is None:
                raise ValueError(f"frame {number} is out of order")
            begun.append(rows)
    if empty is None:
        raise ValueError("it is empty")
    while frame is not None:
        yield pd.concat(begun, ignore_index=True) if begun else empty
        begun, frame = [], next(wanted, None)


def _ome(
    name: str, movie: Movie, frames: Sequence[int], start_px: tuple[int, int]
) -> dict[str, Any]:
    """Return the attributes of an OME-Zarr image; units only where the movie is calibrated."""
    interval, size = movie.frame_interval_s, movie.pixel_size_um
    each = frames[1] - frames[0] if len(frames) > 1 else 1
    time = {"name": "t", "type": "time", **({"unit": "second"} if interval else {})}
    space = {"type": "space", **({"unit": "micrometer"} if size else {})}
    height_um, width_um = size or (1.0, 1.0)
    scale = [each * (interval or 1.0), height_um, width_um]
    start = [frames[0] * (interval or 1.0), start_px[0] * height_um, start_px[1] * width_um]
    image = {
        "version": "0.4",
        "name": name,
        "axes": [time, {"name": "y", **space}, {"name": "x", **space}],
        "datasets": [
            {
                "path": "0",
                "coordinateTransformations": [
                    {"type": "scale", "scale": scale},
                    {"type": "translation", "translation": start},
                ],
            }
        ],
    }
    return {"multiscales": [image]}
