"""Channel names and calibration of an image of a TIFF, from whatever its writer left there.

The kind of the file says where to look first; what that place does not say is looked up in the
others. The resolution tags of a plain TIFF are ignored: they are the dpi of a printer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from napari_celltrack.readers.calibration import Calibration, calibrated, interval_of
from napari_celltrack.readers.colours import of_imagej, of_micro_manager
from napari_celltrack.readers.micro_manager import (
    calibration_in,
    channels_in,
    summary_beside,
    summary_of,
)
from napari_celltrack.readers.ome_xml import OmeImage

#: The position that ImageJ writes before the label of a slice: "c:1/2 z:3/9 t:1/5 - ".
_POSITION = re.compile(r"^(?:[czt]:\d+/\d+\s*)+-?\s*")
#: ImageJ copies these units from the dpi of a plain TIFF, so they are not a calibration.
_PRINTER_UNITS = ("inch", "inches", "in", "cm")


def channels_of(
    file: tifffile.TiffFile, kind: str, ome: OmeImage | None, n_channels: int
) -> tuple[str, ...]:
    """Return the names of the channels of an image, or nothing if the file has none.

    Parameters
    ----------
    file : tifffile.TiffFile
        Open.
    kind : str
        Of the series, as tifffile calls it.
    ome : OmeImage or None
        What OME-XML says of the image.
    n_channels : int
        How many there are; a list of another length is not of this image.
    """
    found = {
        "ome": ome.channels if ome else (),
        "mmstack": channels_in(summary_of(file)),
        "imagej": _imagej_channels(file.imagej_metadata or {}),
    }
    return next((found[k] for k in _places(kind) if len(found[k]) == n_channels), ())


def colours_of(
    file: tifffile.TiffFile, kind: str, ome: OmeImage | None, n_channels: int
) -> tuple[str, ...]:
    """Return the colours of the channels of an image, as :func:`channels_of` its names."""
    found = {
        "ome": ome.colours if ome else (),
        "mmstack": of_micro_manager(summary_of(file)),
        "imagej": of_imagej(file.imagej_metadata or {}),
    }
    fitting = (found[k] for k in _places(kind) if len(found[k]) == n_channels)
    return next((colours for colours in fitting if any(colours)), ())


def calibration_of(
    file: tifffile.TiffFile, kind: str, page: tifffile.TiffPage, ome: OmeImage | None
) -> Calibration:
    """Return what a file states about sizes and times of an image.

    Parameters
    ----------
    file : tifffile.TiffFile
        Open.
    kind : str
        Of the series, as tifffile calls it.
    page : tifffile.TiffPage
        One of the image.
    ome : OmeImage or None
        What OME-XML says of the image.
    """
    if kind == "stk":
        found = _stk(file.stk_metadata or {})
    elif kind == "lsm":
        found = _lsm(file.lsm_metadata or {})
    else:
        found = Calibration()
    summary = summary_of(file)
    places = {
        "ome": ome.calibration if ome else Calibration(),
        "mmstack": calibration_in(summary),
        "imagej": _imagej(file.imagej_metadata or {}, page),
    }
    for place in _places(kind):
        if places[place] != Calibration():
            found = found.or_else(places[place])
    if summary and not found.frame_interval_s:
        # Planes as single files: what they have in common is in a file of its own.
        found = found.or_else(calibration_in(summary_beside(Path(file.filehandle.path))))
    return found


def _places(kind: str) -> list[str]:
    """Return where to look, first where the kind of a file has it."""
    return sorted(("ome", "mmstack", "imagej"), key=lambda place: place != kind)


def _imagej(metadata: Mapping[str, Any], page: tifffile.TiffPage) -> Calibration:
    if not metadata:
        return Calibration()
    unit = str(metadata.get("unit", "")).strip()
    if unit.lower() in _PRINTER_UNITS:
        unit = ""
    height, width = (_pixel_size(page, f"{axis}Resolution") for axis in "YX")
    found = calibrated(
        height=(height, metadata.get("yunit", unit)),
        width=(width, unit),
        z_step=(metadata.get("spacing"), metadata.get("zunit", unit)),
        interval=(metadata.get("finterval"), metadata.get("tunit", "s")),
    )
    if found.frame_interval_s is None and metadata.get("fps"):
        why = f"fps={metadata['fps']} is how fast ImageJ plays it, and no frame interval"
        found = Calibration(
            found.pixel_size_um,
            found.z_step_um,
            unread=(*found.unread, ("frame_interval_s", why)),
        )
    return found


def _pixel_size(page: tifffile.TiffPage, tag: str) -> float | None:
    """Return the size of a pixel from a resolution in pixels per unit, a rational number."""
    value = page.tags.valueof(tag)
    if not isinstance(value, tuple) or len(value) != 2 or not value[0]:
        return None
    return float(value[1] / value[0])


def _imagej_channels(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the labels of the first slices if they name the channels."""
    n_channels = int(metadata.get("channels", 1))
    labels = metadata.get("Labels") or []
    if n_channels < 2 or len(labels) < n_channels:
        return ()
    names = [_POSITION.sub("", str(label)).strip() for label in labels[:n_channels]]
    is_naming = all(names) and len(set(names)) == n_channels
    return tuple(names) if is_naming else ()


def _stk(metadata: Mapping[str, Any]) -> Calibration:
    unit = metadata.get("CalibrationUnits") if metadata.get("SpatialCalibration") else None
    steps = np.unique(np.abs(np.atleast_1d(metadata.get("ZDistance", 0))))
    stated = calibrated(
        height=(metadata.get("YCalibration"), unit),
        width=(metadata.get("XCalibration"), unit),
        z_step=(float(steps[0]) if steps.size == 1 else None, metadata.get("CalibrationUnits")),
    )
    interval = interval_of(_seconds(metadata.get("DatetimeCreated", ())))
    return stated.or_else(Calibration(frame_interval_s=interval))


def _seconds(stamps: Any) -> list[float]:
    """Return times since the first stamp in s; stamps are numpy datetime64, or missing."""
    times = np.atleast_1d(np.asarray(stamps))
    if times.dtype.kind != "M":
        return []
    return [float(step) for step in (times - times[0]) / np.timedelta64(1, "s")]


def _lsm(metadata: Mapping[str, Any]) -> Calibration:
    return calibrated(
        height=(metadata.get("VoxelSizeY"), "m"),
        width=(metadata.get("VoxelSizeX"), "m"),
        z_step=(metadata.get("VoxelSizeZ"), "m"),
        interval=(metadata.get("TimeIntervall"), "s"),
    )
