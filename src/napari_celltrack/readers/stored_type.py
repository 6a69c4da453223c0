"""The data type of an image, from the first bytes of its file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from napari_celltrack.errors import MovieError
from napari_celltrack.readers.image_headers import png_size
from napari_celltrack.readers.tiff_directory import dtype_of, read_first_page


def stored_type(path: Path) -> np.dtype[Any] | None:
    """Return the type of the pixels of a file, or None if only a decoder can tell.

    Parameters
    ----------
    path : Path
        An image; opened, but not decoded.
    """
    try:
        with path.open("rb") as file:
            head = file.read(32)
        if head.startswith(b"\x89PNG"):
            size = png_size(head)
            return None if size is None else np.dtype(np.uint16 if size[3] == 16 else np.uint8)
        if head.startswith((b"\xff\xd8", b"BM")):
            return np.dtype(np.uint8)
        page = read_first_page(path)
    except (OSError, MovieError):
        return None  # reading the frame says what is wrong
    return None if page is None else dtype_of(page[0])
