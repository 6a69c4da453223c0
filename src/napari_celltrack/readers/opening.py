"""open_movie: choose the reader of a path by its content, and return a movie."""

from __future__ import annotations

import glob
import os
import stat
from dataclasses import replace
from pathlib import Path

from napari_celltrack.errors import MovieError
from napari_celltrack.movie import Movie
from napari_celltrack.readers.fingerprint import file_fingerprint, files_fingerprint
from napari_celltrack.readers.folder import STILL_SUFFIXES, frames_in, frames_like, read_frames
from napari_celltrack.readers.guard import decoding
from napari_celltrack.readers.images import find_images, is_of_set, split_image
from napari_celltrack.readers.ome_zarr import MARKS, is_zarr, read_ome_zarr
from napari_celltrack.readers.stored import Stored, movie_of
from napari_celltrack.readers.vendor_files import hides_its_images, way_out

_VIDEO_SUFFIXES = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".gif")
#: Suffixes of what :func:`open_movie` reads; ``.zarr`` is a folder.
MOVIE_SUFFIXES = (*STILL_SUFFIXES, *_VIDEO_SUFFIXES, ".zarr")

_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_IMAGE_MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM")
_VIDEO_MAGIC = (b"GIF8", b"RIFF", b"\x1aE\xdf\xa3")
#: The type of the first box of an MP4 or MOV, at byte 4.
_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")


def open_movie(path: str | Path, *, axes: str | None = None) -> Movie:
    """Open a file, a folder of frames or a pattern as a lazy movie; only headers are read.

    Of a file with several images, such as the positions of a stage, it reads the first;
    ``"a.ome.tif[1]"`` is the second.

    It reads the usual kinds of TIFF (BigTIFF, ImageJ, OME-TIFF, MetaMorph STK, LSM), PNG, JPEG,
    BMP, GIF, MP4, AVI, MOV, MKV, WebM, OME-Zarr, and a folder or pattern of images with one file
    per frame. The content decides, not the suffix.

    Parameters
    ----------
    path : str or Path
        A file, a folder, a pattern such as ``"run1/t*.tif"``, or an image of a file such as
        ``"a.ome.tif[1]"``.
    axes : str, optional
        What the dimensions are, letters of ``TCZYX``, if the file does not say or is wrong;
        ``"ZYX"`` reads a stack as Z. The samples of a colour image come last: ``"YXC"``.

    Returns
    -------
    Movie
        Its `notes` say what was assumed or left out, its `axes_note` what was guessed about the
        axes. Pixel size and frame interval are None unless the file states them in a unit. A plane
        that cannot be read raises MovieError when it is read.

    Raises
    ------
    MovieError
        If there is nothing to read, or `axes` do not fit.
    """
    path = Path(path).expanduser()
    if not os.path.lexists(path) and glob.has_magic(str(path)) and split_image(path)[1] is None:
        return _open_frames(frames_like(str(path)), _root_of(path), path, axes)
    try:
        return _open_existing(path, axes)
    except FileNotFoundError as error:
        raise MovieError(f"{path.name} does not exist; check the path {path}.") from error
    except PermissionError as error:
        raise MovieError(
            f"{path.name} may not be read; change its permissions or copy it."
        ) from error
    except OSError as error:
        raise MovieError(
            f"{path.name} cannot be read ({error.strerror}); check the disk or copy it."
        ) from error


def is_image_file(path: str | Path) -> bool:
    """Whether a path has the name of a movie or image that :func:`open_movie` reads.

    Parameters
    ----------
    path : str or Path
        An existing path; hidden ones are not, and of folders only those of a zarr are.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if path.name.startswith("."):
        return False
    if path.is_dir():
        return suffix == ".zarr" or is_zarr(path)
    return suffix in MOVIE_SUFFIXES and suffix != ".zarr" and path.is_file()


def _open_existing(path: Path, axes: str | None) -> Movie:
    if not path.is_dir():
        return _open_file(path, path, axes)
    if is_zarr(path):
        stored = read_ome_zarr(path)
        return movie_of(
            stored, name=path.name, path=str(path), fingerprint=_zarr_fingerprint(path), axes=axes
        )
    frames, notes = frames_in(path.resolve())
    return _open_frames(frames, path, path, axes, notes)


def _open_file(image: Path, path: Path, axes: str | None) -> Movie:
    """Open an image of a file under the path by which it was asked for."""
    stored = read_file(image)
    # An opened movie must not keep its file open: a viewer may list a thousand movies.
    stored.chunks.close()
    file, number = split_image(image)
    files = stored.files or (file,)
    if len(files) == 1:
        fingerprint = file_fingerprint(files[0])
    else:
        fingerprint = files_fingerprint(files, file.resolve().parent)
    if number:
        fingerprint += f"-[{number}]"
    return movie_of(
        stored, name=path.resolve().name, path=str(path), fingerprint=fingerprint, axes=axes
    )


def _open_frames(
    frames: list[Path], root: Path, path: Path, axes: str | None, notes: tuple[str, ...] = ()
) -> Movie:
    if len(frames) > 1 and is_of_set(frames[0]):
        # Each file knows of the others, and is no time point by itself.
        images = list(dict.fromkeys(image.path for file in frames for image in find_images(file)))
        if len(images) > 1:
            raise MovieError(
                f"{path.name} holds {len(images)} images of one recording, and they are no frames "
                f"of one movie; open one of them, such as {Path(images[0]).name}."
            )
        return _open_file(Path(images[0]), path, axes)
    if len(frames) > 1:
        stored = read_frames(frames, read_file, notes)
    else:  # a single file is not a sequence: its own pages may be the frames
        stored = read_file(frames[0])
        stored = replace(stored, notes=(*notes, *stored.notes))
    stored.chunks.close()
    with decoding(path.name):
        fingerprint = files_fingerprint(frames, root.resolve())
    return movie_of(
        stored,
        name=path.resolve().name,
        path=str(path),
        fingerprint=fingerprint,
        axes=axes,
    )


def read_file(path: Path) -> Stored:
    """Read the headers of one file with the reader for its content.

    The file may stay open for a caller who reads it at once; others must close its chunks.

    Parameters
    ----------
    path : Path
        An existing file, or an image of one, such as ``a.ome.tif[1]``.

    Raises
    ------
    MovieError
        If it is empty, broken or of an unknown kind.
    OSError
        If it cannot be read at all.
    """
    path, image = split_image(path)
    if not stat.S_ISREG(path.stat().st_mode):  # a pipe may wait for ever, a device has no end
        raise MovieError(f"{path.name} is a pipe or a device and no file; save the image first.")
    with path.open("rb") as file:
        head = file.read(64)
    if not head:
        raise MovieError(f"{path.name} is empty; copy or export it again.")
    if hides_its_images(path):
        raise MovieError(way_out(path))
    # Readers are imported when needed, because decoders take long to load.
    if head.startswith(_TIFF_MAGIC) or path.name.lower().endswith(".companion.ome"):
        from napari_celltrack.readers.tiff import read_tiff

        return read_tiff(path, image)
    if image:
        raise MovieError(f"{path.name} holds one image; leave out the [{image}] after its name.")
    if head.startswith(_IMAGE_MAGIC):
        from napari_celltrack.readers.image import read_image

        return read_image(path)
    if head.startswith(_VIDEO_MAGIC) or head[4:8] in _BOXES:
        from napari_celltrack.readers.video import read_video

        return read_video(path)
    raise _unknown(path, head)


def _unknown(path: Path, head: bytes) -> MovieError:
    if head.startswith(b"version https://git-lfs") or b"/annex/objects" in head:
        return MovieError(
            f"{path.name} is a pointer to an image and not the image; fetch the image itself with "
            "git lfs pull or git annex get."
        )
    if path.name in MARKS:
        return MovieError(f"{path.name} is a part of a zarr; choose the folder that holds it.")
    if words := way_out(path, head):
        return MovieError(words)
    known = ", ".join(suffix.lstrip(".") for suffix in MOVIE_SUFFIXES)
    return MovieError(
        f"{path.name} is not an image or video that can be read; choose one of {known}."
    )


def _root_of(pattern: Path) -> Path:
    """Return the folder before the first wildcard of a pattern."""
    return next(parent for parent in pattern.parents if not glob.has_magic(str(parent)))


def _zarr_fingerprint(path: Path) -> str:
    """Return the fingerprint of a zarr, from all its files."""
    files = sorted(file for file in path.rglob("*") if file.is_file())
    return files_fingerprint(files, path)
