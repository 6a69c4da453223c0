"""Which images a path holds: positions of a stage, parts of a set, images of a zarr.

An image of a file that holds several is written as ``file.ome.tif[1]``, counted from 0.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from napari_celltrack.errors import MovieError
from napari_celltrack.readers.ome_xml import companion_of
from napari_celltrack.readers.ome_zarr import images_of_zarr, is_zarr
from napari_celltrack.readers.tiff_directory import (
    MICRO_MANAGER,
    Page,
    read_directory,
    read_first_page,
)

_SELECTED = re.compile(r"(?P<file>.+)\[(?P<number>[0-9]{1,9})\]", re.DOTALL)
_TIFF_SUFFIXES = (".tif", ".tiff", ".btf", ".tf8", ".lsm", ".stk")
#: At byte 8 of a stack of Micro-Manager, of either byte order.
_STACK_MARKS = tuple(
    mark.to_bytes(4, order) for mark in (54773648, 483729) for order in ("little", "big")
)
_IMAGE_NODE = re.compile(rb"<(?:\w+:)?Image[\s>]")
_FILE_NAME = re.compile(rb'FileName="([^"]*)"')
_SHAPE = re.compile(rb'(?:\{"shape": ?|shape=)[\[(]([0-9, ]*)[\])]')


@dataclass(frozen=True)
class FoundImage:
    """One image, as :func:`~napari_celltrack.open_movie` takes it.

    Parameters
    ----------
    path : str
        The file; with a number in brackets where the file holds several.
    file : Path
        Where its first plane is.
    label : str
        What tells it from other images of the file: the name of its position, or its number;
        empty if the file holds no other.
    """

    path: str
    file: Path
    label: str = ""


def split_image(path: Path) -> tuple[Path, int | None]:
    """Split ``file.ome.tif[1]`` into the file and the number of an image in it.

    The number is None where a path has none, or is the name of a file as it stands.
    """
    found = _SELECTED.fullmatch(str(path))
    if found is None or os.path.lexists(path) or not Path(found["file"]).is_file():
        return path, None
    return Path(found["file"]), int(found["number"])


def find_images(path: Path) -> tuple[FoundImage, ...]:
    """Return the images that a file or a zarr holds; of a set of files those of the first file.

    Only what may hold several images is opened. What cannot be read counts as one image, so that
    opening it says why.

    Parameters
    ----------
    path : Path
        A file, or the folder of a zarr.
    """
    one = (FoundImage(str(path), path),)
    try:
        if path.is_dir():
            return tuple(_in_zarr(path)) if is_zarr(path) else one
        if path.suffix.lower() not in _TIFF_SUFFIXES or not path.is_file():
            return one
        # What a file holds depends on the others of its set.
        stamps = (path.stat().st_mtime_ns, path.stat().st_size, path.parent.stat().st_mtime_ns)
        return _in_tiff(path, stamps) or one
    except (OSError, MovieError):
        return one


def _in_zarr(path: Path) -> Iterator[FoundImage]:
    inside = images_of_zarr(path)
    for image in inside:
        label = image.relative_to(path).as_posix().replace("/", "_") if len(inside) > 1 else ""
        yield FoundImage(str(image), image, label)


@lru_cache(maxsize=8192)
def _in_tiff(path: Path, stamps: tuple[int, ...]) -> tuple[FoundImage, ...]:
    """Return the images of a TIFF; nothing if it is one image of its own."""
    if not _may_be_several(path):
        return ()
    from napari_celltrack.readers.tiff import list_images  # slow to import

    images = list_images(path)
    homes = dict.fromkeys(files[0] for _, files in images)
    if path not in homes:  # a later part of a set
        return tuple(found for home in homes for found in find_images(home))
    names = [_word(name) for name, _ in images]
    if len(names) == 1:
        return ()
    has_names = all(names) and len({name.casefold() for name in names}) == len(names)
    return tuple(
        FoundImage(f"{path}[{i}]", path, name if has_names else str(i))
        for i, name in enumerate(names)
    )


def _word(name: str) -> str:
    """Return the name of an image as a part of a file name."""
    return re.sub(r"[^\w.+-]+", "-", name).strip("-.")[:40]


def is_of_set(path: Path) -> bool:
    """Whether a file says that it belongs to others, or that it is a stack of Micro-Manager."""
    if path.suffix.lower() not in _TIFF_SUFFIXES:
        return False
    head = read_first_page(path)
    return head is not None and _names_others(path, *head[:2])


def _names_others(path: Path, page: Page, text: bytes) -> bool:
    if MICRO_MANAGER in page.tags and _is_stack(path):
        return True
    if not _is_ome(text):
        return False
    described_in = companion_of(text.rstrip(b"\0").decode("utf-8", "replace"))
    if described_in:
        return (path.parent / Path(described_in).name).is_file()
    return bool(set(_FILE_NAME.findall(text)) - {os.fsencode(path.name)})


def _may_be_several(path: Path) -> bool:
    """Tell from the first page whether a TIFF may hold several images or be a part of a set."""
    head = read_first_page(path)
    if head is None:
        return False
    page, text, is_followed = head
    if _names_others(path, page, text):
        return True
    if _is_ome(text):
        return len(_IMAGE_NODE.findall(text)) != 1
    is_whole = not is_followed or text.startswith((b"ImageJ=", b"SCIFIO="))
    return not is_whole and _has_other_pages(path, text)


def _has_other_pages(path: Path, text: bytes) -> bool:
    """Tell whether the pages of a TIFF differ, or are more than its description speaks of."""
    directory = read_directory(path)
    if len(directory.shapes) > 1:
        return True
    shape = _SHAPE.match(text)
    if shape is None:
        return False
    n_values = math.prod(int(n) for n in shape[1].split(b",") if n.strip())
    return n_values != directory.n_pages * math.prod(next(iter(directory.shapes), ()))


def _is_ome(text: bytes) -> bool:
    return text.rstrip(b"\0 \r\n\t").endswith(b"OME>")


def _is_stack(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(12)[8:] in _STACK_MARKS
