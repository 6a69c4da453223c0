"""Small text files that say how something was made: written whole or not at all, read with care."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from napari_celltrack.results.own_files import hidden_file


def write_text(path: Path, text: str, *, is_safe: bool = False) -> None:
    """Write a small file so that it is either the old one or the new one, never a half.

    Parameters
    ----------
    path : Path
        The file.
    text : str
        Its content.
    is_safe : bool
        Wait until it is on the disk, so that also a power cut leaves it whole.
    """
    hidden = hidden_file(path)
    try:
        with hidden.open("x", encoding="utf-8") as file:
            file.write(text)
            if is_safe:
                file.flush()
                os.fsync(file.fileno())
        hidden.replace(path)
    except OSError:
        with suppress(OSError):
            hidden.unlink(missing_ok=True)
        raise


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write values as JSON that a person can read, and wait until they are on the disk."""
    write_text(path, json.dumps(values, indent=2, ensure_ascii=False) + "\n", is_safe=True)


def read_json(path: Path) -> dict[str, Any]:
    """Read values by name.

    Raises
    ------
    OSError
        If there is no such file, or it cannot be read.
    ValueError
        If it is not JSON, or not a mapping.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise ValueError(f"{path.name} is nested too deeply") from error
    if not isinstance(values, dict):
        raise ValueError(f"{path.name} is no mapping")
    return values
