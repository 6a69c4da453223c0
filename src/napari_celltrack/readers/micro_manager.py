"""What Micro-Manager says of a recording: calibration, channels and positions.

Micro-Manager 1.4 and 2 write a summary at the beginning of each stack, and facts of each plane
into a tag of its own. Planes as single files have the summary in a metadata.txt beside them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_celltrack.readers.calibration import Calibration, calibrated
from napari_celltrack.readers.units import number_of

if TYPE_CHECKING:
    import tifffile

_PLANE_TAG = 51123
#: A metadata.txt holds facts of every plane; the summary stands at its beginning.
_HEAD_BYTES = 1 << 20


def summary_of(file: tifffile.TiffFile) -> dict[str, Any]:
    """Return the summary of a stack, with what its first plane says; empty without any."""
    if not file.is_micromanager:
        return {}
    from tifffile.tifffile import read_micromanager_metadata  # slow to import

    plane = _mapping(file.pages.first.tags.valueof(_PLANE_TAG))
    try:
        found = read_micromanager_metadata(file.filehandle, {"Summary"})
    except (ValueError, OSError, KeyError):
        found = {}  # a single plane has no summary of its own
    return {**plane, **_mapping(plane.get("Summary")), **_mapping(found.get("Summary"))}


def summary_beside(path: Path) -> dict[str, Any]:
    """Return the summary in the metadata.txt beside single planes; empty without any."""
    beside = path.parent / "metadata.txt"
    if not beside.is_file():  # a pipe would be waited for
        return {}
    try:
        with beside.open("rb") as file:
            head = file.read(_HEAD_BYTES).decode("utf-8", "replace")
    except OSError:
        return {}
    start = re.match(r'\s*\{\s*"Summary"\s*:\s*', head)
    if start is None:
        return {}
    try:
        # The rest of the file may be cut short: a recording that was stopped.
        return _mapping(json.JSONDecoder().raw_decode(head, start.end())[0])
    except (ValueError, RecursionError):
        return {}


def calibration_in(summary: Mapping[str, Any]) -> Calibration:
    """Return what a summary states about sizes and times."""
    if not summary:
        return Calibration()
    size = _first(summary, "PixelSize_um", "PixelSizeUm")
    aspect, width = number_of(summary.get("PixelAspect")), number_of(size)
    height = size if aspect is None or width is None else width * aspect
    return calibrated(
        height=(height, "µm"),
        width=(size, "µm"),
        z_step=(_first(summary, "z-step_um", "Z-step_um", "ZStepUm"), "µm"),
        interval=(_first(summary, "Interval_ms", "IntervalMs"), "ms"),
    )


def channels_in(summary: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the channels; Micro-Manager 1.4 writes the list as a text."""
    names = summary.get("ChNames")
    if isinstance(names, str):
        try:
            names = json.loads(names)
        except ValueError:
            names = [name.strip(" \"'") for name in names.strip("[]").split(",")]
    return tuple(map(str, names)) if isinstance(names, list) and any(names) else ()


def positions_in(summary: Mapping[str, Any], n_positions: int) -> tuple[str, ...]:
    """Return the names of the positions of the stage; numbers where they have none."""
    stage = summary.get("StagePositions") or summary.get("InitialPositionList") or ()
    labels = [str(_mapping(at).get("Label", _mapping(at).get("LABEL", ""))) for at in stage]
    return tuple(labels) if len(labels) == n_positions else ("",) * n_positions


def _first(summary: Mapping[str, Any], *names: str) -> Any:
    return next((summary[name] for name in names if summary.get(name) not in (None, "")), None)


def _mapping(value: Any) -> dict[str, Any]:
    if isinstance(value, str | bytes):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}
