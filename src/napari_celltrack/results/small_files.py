"""Small files that say how something was made, written and read as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from napari_celltrack.whole_files import file_at, write_text


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write values as JSON that a person can read, and wait until they are on the disk."""
    write_text(path, json.dumps(values, indent=2, ensure_ascii=False) + "\n", is_safe=True)


def read_json(path: Path) -> dict[str, Any]:
    """Read values by name.

    Raises
    ------
    OSError
        If there is no such file, or it cannot be read, as a pipe.
    ValueError
        If it is not JSON, or not a mapping.
    """
    try:
        values = json.loads(file_at(path).read_text(encoding="utf-8"))
    except RecursionError as error:
        raise ValueError(f"{path.name} is nested too deeply") from error
    if not isinstance(values, dict):
        raise ValueError(f"{path.name} is no mapping")
    return values
