"""The images of a TIFF: positions of a stage, series of pages; without thumbnails.

A file gives the images whose first plane is in it. Of a set of files each has its own: a position
a file, or all the time points of one movie, which is then the first file's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile

from napari_celltrack.errors import MovieError
from napari_celltrack.readers.micro_manager import positions_in, summary_of
from napari_celltrack.readers.ome_xml import MOST_PLANES, OmeImage, images_in

#: Dimensions along which the images of a file are, by the kind of the file.
_POSITION_AXES = {"mmstack": "R", "ndtiff": "R", "lsm": "PM"}
#: Kinds of files whose planes may be in other files, or nowhere.
_OF_SETS = ("ome", "mmstack", "ndtiff")
#: Kinds of files that say themselves which images there are.
_SAID = ("ome", "mmstack", "ndtiff", "lsm", "imagej", "stk")


@dataclass(frozen=True, eq=False)
class TiffImage:
    """One image of a TIFF.

    Parameters
    ----------
    series : tifffile.TiffPageSeries
        Which holds its pages.
    axes : str
        One letter per dimension.
    shape : tuple of int
        Lengths of the dimensions.
    pages : ndarray of int
        Number of each page in the series, by the dimensions before those of a page.
    files : tuple of Path
        Where the pages are; the first file is where it is at home.
    name : str
        As the microscope calls it; may be empty.
    ome : OmeImage or None
        What OME-XML says of it.
    notes : tuple of str
        What was left out, in words.
    """

    series: tifffile.TiffPageSeries
    axes: str
    shape: tuple[int, ...]
    pages: npt.NDArray[np.int64]
    files: tuple[Path, ...]
    name: str = ""
    ome: OmeImage | None = None
    notes: tuple[str, ...] = ()


def images_of(file: tifffile.TiffFile, path: Path) -> tuple[TiffImage, ...]:
    """Return the images of an open TIFF that are at home in it; of other files if none is.

    Parameters
    ----------
    file : tifffile.TiffFile
        Open; another one than `path` for a companion file.
    path : Path
        The file that was asked for.

    Raises
    ------
    MovieError
        If there is none, or it claims more planes than any recording has.
    """
    described = images_in(file.ome_metadata or "", path.name) if file.is_ome else ()
    _check_summary(file, path.name)
    every = list(file.series)
    series, notes = _without_thumbnails(every)
    if not series:
        raise MovieError(f"{path.name} holds no image; choose another file.")
    found = [
        image
        for one in series
        for image in _positions(file, one, _described(described, file, one), path)
    ]
    if not found:
        raise MovieError(f"{path.name} holds no image; choose another file.")
    at_home = [image for image in found if _is_here(image.files[0], path)]
    own = at_home or [i for i in found if any(_is_here(file, path) for file in i.files)]
    return tuple(replace(image, notes=(*image.notes, *notes)) for image in own or found)


def check_files(image: TiffImage, name: str) -> None:
    """Refuse an image of which a file is missing.

    Raises
    ------
    MovieError
        It names the file.
    """
    if image.ome is None:
        return
    folder, names = image.files[0].parent, image.ome.files()
    missing = [name for name in names if not (folder / name).is_file()]
    if missing and len(names) > 1:
        others = f" and {len(missing) - 1} more are" if len(missing) > 1 else " is"
        raise MovieError(
            f"{name} is a part of a movie in {len(set(names) | {name})} files, and {missing[0]}"
            f"{others} missing; copy what is missing into its folder."
        )


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


def _positions(
    file: tifffile.TiffFile,
    series: tifffile.TiffPageSeries,
    ome: Sequence[OmeImage],
    path: Path,
) -> list[TiffImage]:
    """Return the images of a series: one, or one for each position."""
    axes, shape, n_outer = dimensions(series)
    if math.prod(shape[:n_outer]) > MOST_PLANES:
        raise MovieError(
            f"{path.name} is damaged: it claims {math.prod(shape[:n_outer])} planes; copy or "
            "export it again."
        )
    pages = np.arange(math.prod(shape[:n_outer])).reshape(shape[:n_outer])
    of_positions = _POSITION_AXES.get(series.kind, "")
    at = next((i for i, a in enumerate(axes[:n_outer]) if a in of_positions and shape[i] > 1), None)
    names = [ome[0].name if ome else series.name]
    chosen = [pages]
    if at is not None:
        chosen = list(np.moveaxis(pages, at, 0))
        names = list(positions_in(summary_of(file), len(chosen)))
        axes, shape = axes[:at] + axes[at + 1 :], shape[:at] + shape[at + 1 :]
    images = []
    for i, numbers in enumerate(chosen):
        said = ome[i] if len(ome) == len(chosen) else None
        name = names[i] or (said.name if said else "")
        image = TiffImage(series, axes, shape, numbers, (path,), name, said)
        images += _with_pages(image, path)
    return images


def _with_pages(image: TiffImage, path: Path) -> list[TiffImage]:
    """Return an image with the frames that are there and their files; none without a page."""
    if image.series.kind not in _OF_SETS or image.series.is_truncated:
        return [replace(image, files=(_file_of(image.series.keyframe, path),))]
    there = [image.series[int(number)] for number in image.pages.ravel()]
    files = tuple(dict.fromkeys(_file_of(page, path) for page in there if page is not None))
    if not files:
        return []
    is_there = np.array([page is not None for page in there]).reshape(image.pages.shape)
    if is_there.all() or not image.axes.startswith("T"):
        return [replace(image, files=files)]
    # A recording that was stopped early claims the frames that were planned.
    is_whole = is_there.reshape(len(is_there), -1).all(axis=1)
    n_whole = int(np.argmin(is_whole))
    if is_there[n_whole:].any() or not n_whole:
        return [replace(image, files=files)]
    note = f"{image.shape[0]} frames were planned, and the {n_whole} that are there are read"
    return [
        replace(
            image,
            shape=(n_whole, *image.shape[1:]),
            pages=image.pages[:n_whole],
            files=files,
            notes=(*image.notes, note),
        )
    ]


def _is_here(file: Path, path: Path) -> bool:
    return file == path or file.resolve() == path.resolve()


def _file_of(page: Any, path: Path) -> Path:
    """Return the file of a page; the path itself where it is that file."""
    name = Path(page.parent.filehandle.path)
    return path if name.name == path.name else name


def _described(
    described: Sequence[OmeImage], file: tifffile.TiffFile, series: tifffile.TiffPageSeries
) -> tuple[OmeImage, ...]:
    """Return what OME-XML says of a series; of several positions in one, of each."""
    if not described:
        return ()
    if series.kind != "ome":
        return tuple(described)
    page = next(page for page in series if page is not None)
    name = page.parent.filehandle.name
    is_own = page.parent is file
    hit = next((o for o in described if o.holds(name, page.index, is_own=is_own)), None)
    return () if hit is None else (hit,)


def _without_thumbnails(
    every: Sequence[tifffile.TiffPageSeries],
) -> tuple[list[tifffile.TiffPageSeries], tuple[str, ...]]:
    """Return the series that are no small copies of others, and what was left out, in words."""
    kept = [one for one in every if not one.keyframe.is_reduced] or list(every)
    if kept and kept[0].kind not in _SAID:
        largest = max(kept, key=lambda one: one.keyframe.imagelength * one.keyframe.imagewidth)
        kept = [one for one in kept if not _is_thumbnail(one, largest)]
    left = [one for one in every if not any(one is other for other in kept)]
    if not left:
        return kept, ()
    height, width = left[0].keyframe.imagelength, left[0].keyframe.imagewidth
    return kept, (f"a thumbnail of {width} x {height} px is left out",)


def _is_thumbnail(one: tifffile.TiffPageSeries, largest: tifffile.TiffPageSeries) -> bool:
    """Whether an image is a small copy of another: of its form, and at most half as wide."""
    height, width = one.keyframe.imagelength, one.keyframe.imagewidth
    factor = largest.keyframe.imagewidth / width
    return (
        factor >= 2
        and abs(largest.keyframe.imagelength / factor - height) <= 1
        and len(one) <= len(largest)
    )


def _check_summary(file: tifffile.TiffFile, name: str) -> None:
    """Refuse a recording of Micro-Manager that claims more planes than any has."""
    summary = summary_of(file)
    keys = ("Channels", "Slices", "Positions", "Frames")
    n_planes = math.prod(int(summary.get(key) or 1) for key in keys)
    if n_planes > MOST_PLANES:
        raise MovieError(
            f"{name} is damaged: it claims {n_planes} planes; copy or export it again."
        )
