"""The colours in which the writers of files showed their channels, as ``#rrggbb``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

_HEX = re.compile(r"#?[0-9a-fA-F]{6}")


def of_ome(value: str | None) -> str:
    """Return the colour of a channel of OME-XML, red in the highest of four bytes; or nothing.

    White is what writers put there that know no colour, and -1 stands for it.
    """
    try:
        number = int(value or "") & 0xFFFFFFFF
    except ValueError:
        return ""
    return _if_coloured(number >> 8)


def of_micro_manager(summary: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the colours of a summary, red in the second of four bytes; 1.4 has them as a text."""
    found = summary.get("ChColors")
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except ValueError:
            found = re.findall(r"-?\d+", found)
    if not isinstance(found, list):
        return ()
    try:
        return tuple(_if_coloured(int(value) & 0xFFFFFF) for value in found)
    except (TypeError, ValueError):
        return ()


def of_imagej(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the brightest colours of the look-up tables of ImageJ."""
    tables = [np.asarray(table) for table in metadata.get("LUTs") or ()]
    if any(table.shape != (3, 256) for table in tables):
        return ()
    return tuple(_if_coloured(int.from_bytes(bytes(t[:, -1].tolist()), "big")) for t in tables)


def of_hex(value: Any) -> str:
    """Return a colour that is written as six digits, as in OME-Zarr; or nothing."""
    text = str(value or "")
    return _if_coloured(int(text.lstrip("#"), 16)) if _HEX.fullmatch(text) else ""


def _if_coloured(rgb: int) -> str:
    """Return a colour as ``#rrggbb``; black and white stand for none."""
    return "" if rgb in (0, 0xFFFFFF) else f"#{rgb:06x}"
