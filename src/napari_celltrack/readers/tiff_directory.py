"""The list of pages of a TIFF, walked through before a library sees the file.

A page points to the next one. In a damaged or hostile file the list can be a circle or end
nowhere, and a library that follows it would not come back.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from napari_celltrack.errors import MovieError

SUBFILE_TYPE, WIDTH, HEIGHT, BITS = 254, 256, 257, 258
DESCRIPTION, SAMPLES, SUB_PAGES, SAMPLE_FORMAT = 270, 277, 330, 339
MICRO_MANAGER = 51123
_WANTED = frozenset(
    (SUBFILE_TYPE, WIDTH, HEIGHT, BITS, DESCRIPTION, SAMPLES, SUB_PAGES, SAMPLE_FORMAT,
     MICRO_MANAGER)
)  # fmt: skip
#: More tags than this mean that the bytes are not a list of tags.
_MAX_TAGS = 4096
#: More pages than any recording has, and more pages within pages.
_MAX_PAGES, _MAX_SUB_PAGES = 1_000_000, 50_000
_TYPE_BYTES = {1: 1, 3: 2, 4: 4, 13: 4, 16: 8, 18: 8}
_KINDS = {1: "u", 2: "i", 3: "f"}


@dataclass(frozen=True)
class Page:
    """The tags of a page that tell its shape.

    Parameters
    ----------
    tags : mapping
        Code of a tag to the number of its values and the first of them, or where they stand.
    """

    tags: Mapping[int, tuple[int, int]]

    def value(self, tag: int, default: int = 0) -> int:
        """Return the value of a tag with one value."""
        return self.tags.get(tag, (1, default))[1]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and samples per pixel."""
        return self.value(HEIGHT), self.value(WIDTH), self.value(SAMPLES, 1)


@dataclass(frozen=True)
class Directory:
    """The pages of a TIFF.

    Parameters
    ----------
    pages : tuple of Page
        In their order, as far as the list can be followed.
    is_cut : bool
        The last page points to another one that is not in the file.
    """

    pages: tuple[Page, ...]
    is_cut: bool = False


def read_directory(path: Path) -> Directory:
    """Follow the list of pages of a TIFF.

    Raises
    ------
    MovieError
        If it is a circle, or longer than any list.
    OSError
        If the file cannot be read.
    """
    with path.open("rb") as file:
        pages, is_cut = [], False
        for page in _walk(file, path.name):
            if page is None:
                is_cut = True
            else:
                pages.append(page)
        return Directory(tuple(pages), is_cut)


def read_first_page(path: Path) -> tuple[Page, bytes, bool] | None:
    """Return the first page of a TIFF, its description, and whether another page follows.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with path.open("rb") as file:
        walk = _walk(file, path.name)
        page = next(walk, None)
        if page is None:
            return None
        follows = next(walk, None) is not None
        tags = dict(page.tags)
        for tag in (BITS, SAMPLE_FORMAT):
            count, start = tags.get(tag, (1, 1))
            # The samples of a colour have their own numbers, and these are too many to stand here.
            if count > 2:
                is_big = _at(file, 0, 2) == b"MM"
                value = _at(file, start, 2)
                tags[tag] = count, int.from_bytes(value, "big" if is_big else "little")
        n_bytes, start = tags.get(DESCRIPTION, (0, 0))
        return Page(tags), _at(file, start, n_bytes) if n_bytes > 8 else b"", follows


def dtype_of(page: Page) -> np.dtype[Any] | None:
    """Return the data type of a page, or None if it is of no usual kind."""
    bits, kind = page.value(BITS, 1), page.value(SAMPLE_FORMAT, 1)
    if bits == 1 and kind == 1:
        return np.dtype(bool)
    size = next((n for n in (8, 16, 32, 64) if bits <= n), 0)
    if kind not in _KINDS or not size or (kind == 3 and size == 8):
        return None
    return np.dtype(f"{_KINDS[kind]}{size // 8}")


def _walk(file: BinaryIO, name: str) -> Iterator[Page | None]:
    """Yield the pages, and None where the list leads out of the file."""
    size = os.fstat(file.fileno()).st_size
    kind = _Kind.of(file.read(16))
    if kind is None:
        return
    offset, known, n_sub_pages = kind.first, set[int](), 0
    while offset:
        if offset in known or len(known) >= _MAX_PAGES:
            what = "a circle" if offset in known else "endless"
            raise MovieError(
                f"{name} is damaged: its list of pages is {what}; copy or export it again."
            )
        known.add(offset)
        n_tags = kind.number(_at(file, offset, kind.n_tags.size), kind.n_tags)
        end = offset + kind.n_tags.size + n_tags * kind.tag.size
        if not 0 < n_tags <= _MAX_TAGS or end > size:
            yield None
            return
        page = Page(dict(kind.tags(_at(file, offset + kind.n_tags.size, n_tags * kind.tag.size))))
        n_sub_pages += page.tags.get(SUB_PAGES, (0, 0))[0]
        if n_sub_pages > _MAX_SUB_PAGES:
            raise MovieError(
                f"{name} is damaged: it claims {n_sub_pages} pages within pages; copy or export it "
                "again."
            )
        yield page
        # Some writers omit the final zero.
        offset = kind.number(_at(file, end, kind.offset.size), kind.offset)


def _at(file: BinaryIO, offset: int, n_bytes: int) -> bytes:
    try:
        file.seek(offset)
        return file.read(n_bytes)
    except (OverflowError, ValueError, OSError):  # an offset that no file has
        return b""


@dataclass(frozen=True)
class _Kind:
    """How numbers are written in a TIFF or a BigTIFF."""

    order: str
    first: int
    n_tags: struct.Struct
    tag: struct.Struct
    offset: struct.Struct

    @classmethod
    def of(cls, head: bytes) -> _Kind | None:
        order = {b"II": "<", b"MM": ">"}.get(head[:2], "")
        if not order or len(head) < 8:
            return None
        (version,) = struct.unpack(f"{order}H", head[2:4])
        if version == 43 and len(head) == 16:
            layout = [struct.Struct(f"{order}{code}") for code in ("Q", "HHQ8s", "Q")]
            return cls(order, struct.unpack(f"{order}Q", head[8:])[0], *layout)
        if version != 42:
            return None
        layout = [struct.Struct(f"{order}{code}") for code in ("H", "HHI4s", "I")]
        return cls(order, struct.unpack(f"{order}I", head[4:8])[0], *layout)

    def number(self, written: bytes, kind: struct.Struct) -> int:
        return int(kind.unpack(written)[0]) if len(written) == kind.size else 0

    def tags(self, written: bytes) -> Iterator[tuple[int, tuple[int, int]]]:
        """Yield code, number of values and first value; an offset where they do not fit in."""
        usable = len(written) // self.tag.size * self.tag.size
        for code, type_code, count, value in self.tag.iter_unpack(written[:usable]):
            if code in _WANTED:
                size = _TYPE_BYTES.get(type_code, len(value))
                size = size if size * count <= len(value) else len(value)
                number = value[:size] if self.order == "<" else value[:size][::-1]
                yield code, (count, int.from_bytes(number, "little"))
