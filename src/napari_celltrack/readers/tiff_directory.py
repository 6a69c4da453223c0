"""The list of pages of a TIFF, walked through before a library sees the file.

A page points to the next one. In a damaged or hostile file the list can be a circle or end
nowhere, and a library that follows it would not come back.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any, Literal

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
_MAY_DIFFER = frozenset((WIDTH, HEIGHT, SAMPLES, SUB_PAGES))
#: A list of tags mostly fits into so many bytes.
_USUAL_BYTES = 512
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
    """The pages of a TIFF, as far as their list can be followed.

    Parameters
    ----------
    n_pages : int
        How many there are.
    shapes : frozenset of (int, int, int)
        Height, width and samples per pixel that they have.
    is_cut : bool
        The last page points to another one that is not in the file.
    """

    n_pages: int = 0
    shapes: frozenset[tuple[int, int, int]] = frozenset()
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
    n_pages, shapes = 0, set[tuple[int, int, int]]()
    with path.open("rb", buffering=0) as file:
        for page, _ in _walk(file, path.name):
            if page is None:
                return Directory(n_pages, frozenset(shapes), is_cut=True)
            n_pages += 1
            shapes.add(page.shape)
    return Directory(n_pages, frozenset(shapes))


def read_first_page(path: Path) -> tuple[Page, bytes, bool] | None:
    """Return the first page of a TIFF, its description, and whether another page follows.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with path.open("rb", buffering=0) as file:
        page, following = next(_walk(file, path.name), (None, 0))
        if page is None:
            return None
        for tag in (BITS, SAMPLE_FORMAT):
            count, start = page.tags.get(tag, (1, 1))
            # The samples of a colour have their own numbers, and these are too many to stand here.
            if count > 2:
                is_big = _at(file, 0, 2) == b"MM"
                value = int.from_bytes(_at(file, start, 2), "big" if is_big else "little")
                page = Page({**page.tags, tag: (count, value)})
        n_bytes, start = page.tags.get(DESCRIPTION, (0, 0))
        return page, _at(file, start, n_bytes) if n_bytes > 8 else b"", following > 0


def dtype_of(page: Page) -> np.dtype[Any] | None:
    """Return the data type of a page, or None if it is of no usual kind."""
    bits, kind = page.value(BITS, 1), page.value(SAMPLE_FORMAT, 1)
    if bits == 1 and kind == 1:
        return np.dtype(bool)
    size = next((n for n in (8, 16, 32, 64) if bits <= n), 0)
    if kind not in _KINDS or not size or (kind == 3 and size == 8):
        return None
    return np.dtype(f"{_KINDS[kind]}{size // 8}")


def _walk(file: FileIO, name: str) -> Iterator[tuple[Page | None, int]]:
    """Yield each page and where the next one is; None where the list leads out of the file."""
    size = os.fstat(file.fileno()).st_size
    kind = _Kind.of(file.read(16))
    if kind is None:
        return
    offset, known, n_sub_pages = kind.first, set[int](), 0
    head, tag = kind.n_tags.size, kind.tag.size
    page, last_codes, last_entries, places = None, b"", list[bytes](), list[int]()
    while offset:
        if offset in known or len(known) >= _MAX_PAGES:
            what = "a circle" if offset in known else "endless"
            raise MovieError(
                f"{name} is damaged: its list of pages is {what}; copy or export it again."
            )
        known.add(offset)
        written = _at(file, offset, _USUAL_BYTES)
        n_tags = kind.number(written[:head], kind.n_tags)
        end = head + n_tags * tag
        if not 0 < n_tags <= _MAX_TAGS or offset + end > size:
            yield None, 0
            return
        if end + kind.offset.size > len(written):
            written = _at(file, offset, end + kind.offset.size)
        # Most pages differ in nothing but where their pixels are.
        codes = written[head:end:tag] + written[head + 1 : end : tag]
        if codes != last_codes:
            last_codes, places = codes, kind.places(written[head:end])
        entries = [written[at : at + tag] for at in places]
        if page is None or entries != last_entries:
            last_entries, page = entries, Page(kind.tags(written[head:end]))
        if SUB_PAGES in page.tags:
            n_sub_pages += page.tags[SUB_PAGES][0]
            if n_sub_pages > _MAX_SUB_PAGES:
                raise MovieError(
                    f"{name} is damaged: it claims {n_sub_pages} pages within pages; copy or "
                    "export it again."
                )
        # Some writers omit the final zero.
        offset = kind.number(written[end : end + kind.offset.size], kind.offset)
        yield page, offset


def _at(file: FileIO, offset: int, n_bytes: int) -> bytes:
    try:
        file.seek(offset)
        return file.read(n_bytes) or b""
    except (OverflowError, ValueError, OSError):  # an offset that no file has
        return b""


@dataclass(frozen=True)
class _Kind:
    """How numbers are written in a TIFF or a BigTIFF."""

    byte_order: Literal["little", "big"]
    first: int
    n_tags: struct.Struct
    tag: struct.Struct
    offset: struct.Struct

    @classmethod
    def of(cls, head: bytes) -> _Kind | None:
        order = {b"II": "<", b"MM": ">"}.get(head[:2], "")
        if not order or len(head) < 8:
            return None
        named: Literal["little", "big"] = "little" if order == "<" else "big"
        (version,) = struct.unpack(f"{order}H", head[2:4])
        if version == 43 and len(head) == 16:
            layout = [struct.Struct(f"{order}{code}") for code in ("Q", "HHQ8s", "Q")]
            return cls(named, struct.unpack(f"{order}Q", head[8:])[0], *layout)
        if version != 42:
            return None
        layout = [struct.Struct(f"{order}{code}") for code in ("H", "HHI4s", "I")]
        return cls(named, struct.unpack(f"{order}I", head[4:8])[0], *layout)

    def number(self, written: bytes, kind: struct.Struct) -> int:
        return int(kind.unpack(written)[0]) if len(written) == kind.size else 0

    def places(self, written: bytes) -> list[int]:
        """Return where in a page the tags stand in which pages may differ."""
        tags = enumerate(self.tag.iter_unpack(written))
        return [self.n_tags.size + i * self.tag.size for i, tag in tags if tag[0] in _MAY_DIFFER]

    def tags(self, written: bytes) -> dict[int, tuple[int, int]]:
        """Return number of values and first value by code; an offset where they do not fit in."""
        found = {}
        for code, type_code, count, value in self.tag.iter_unpack(written):
            if code in _WANTED:
                size = _TYPE_BYTES.get(type_code, len(value))
                number = value[:size] if size * count <= len(value) else value
                found[code] = count, int.from_bytes(number, self.byte_order)
        return found
