"""Channel names and calibration from the metadata of OME-TIFF, ImageJ, STK and LSM files.

The resolution tags of a plain TIFF are ignored: they are the dpi of a printer.
"""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import tifffile

from napari_celltrack.readers.calibration import (
    Calibration,
    both,
    interval_of,
    length_um,
    time_s,
)

#: The position that ImageJ writes before the label of a slice: "c:1/2 z:3/9 t:1/5 - ".
_POSITION = re.compile(r"^(?:[czt]:\d+/\d+\s*)+-?\s*")
#: ImageJ copies these units from the dpi of a plain TIFF, so they are not a calibration.
_PRINTER_UNITS = ("inch", "inches", "in", "cm")


def channels_of(file: tifffile.TiffFile, series: tifffile.TiffPageSeries) -> tuple[str, ...]:
    """Return the names of the channels of a series, or nothing if the file has none."""
    if series.kind == "ome" and (pixels := _ome_pixels(file)) is not None:
        names = [channel.get("Name", "") for channel in _children(pixels, "Channel")]
        return tuple(names) if any(names) else ()
    if series.kind == "imagej":
        return _imagej_channels(file.imagej_metadata or {})
    return ()


def calibration_of(file: tifffile.TiffFile, series: tifffile.TiffPageSeries) -> Calibration:
    """Return what a file states about sizes and times."""
    if series.kind == "ome" and (pixels := _ome_pixels(file)) is not None:
        return _ome(pixels)
    if series.kind == "imagej":
        return _imagej(file.imagej_metadata or {}, series.keyframe)
    if series.kind == "stk":
        return _stk(file.stk_metadata or {})
    if series.kind == "lsm":
        return _lsm(file.lsm_metadata or {})
    return Calibration()


def _ome(pixels: ET.Element) -> Calibration:
    def size(axis: str) -> float | None:
        unit = pixels.get(f"PhysicalSize{axis}Unit", "µm")
        return length_um(pixels.get(f"PhysicalSize{axis}"), unit)

    interval = time_s(pixels.get("TimeIncrement"), pixels.get("TimeIncrementUnit", "s"))
    return Calibration(
        pixel_size_um=both(size("Y"), size("X")),
        z_step_um=size("Z"),
        frame_interval_s=interval or _ome_interval(pixels),
    )


def _ome_interval(pixels: ET.Element) -> float | None:
    """Return the interval of the time stamps of the first plane of each frame."""
    stamps = {}
    for plane in _children(pixels, "Plane"):
        is_first = plane.get("TheZ", "0") == "0" and plane.get("TheC", "0") == "0"
        # Zero is a valid stamp of the first frame, but time_s refuses it.
        value, unit = plane.get("DeltaT"), plane.get("DeltaTUnit", "s")
        second = time_s(1, unit)
        if is_first and value is not None and second is not None:
            stamps[int(plane.get("TheT", "0"))] = float(value) * second
    if sorted(stamps) != list(range(len(stamps))):
        return None
    return interval_of([stamps[frame] for frame in sorted(stamps)])


def _ome_pixels(file: tifffile.TiffFile) -> ET.Element | None:
    """Return the description of the first image, or None if it cannot be read."""
    try:
        root = ET.fromstring(file.ome_metadata or "")
    except ET.ParseError:
        return None
    return next((node for node in root.iter() if _tag(node) == "Pixels"), None)


def _children(node: ET.Element, tag: str) -> list[ET.Element]:
    return [child for child in node if _tag(child) == tag]


def _tag(node: ET.Element) -> str:
    return str(node.tag).rpartition("}")[2]  # without the version of the schema


def _imagej(metadata: dict[str, Any], page: tifffile.TiffPage) -> Calibration:
    unit = str(metadata.get("unit", "")).strip().lower()
    if unit in _PRINTER_UNITS:
        unit = ""
    return Calibration(
        pixel_size_um=both(
            length_um(_pixel_size(page, "YResolution"), unit),
            length_um(_pixel_size(page, "XResolution"), unit),
        ),
        z_step_um=length_um(metadata.get("spacing"), unit),
        frame_interval_s=time_s(metadata.get("finterval"), metadata.get("tunit", "s")),
    )


def _pixel_size(page: tifffile.TiffPage, tag: str) -> float | None:
    """Return the size of a pixel from a resolution in pixels per unit, a rational number."""
    value = page.tags.valueof(tag)
    if not isinstance(value, tuple) or len(value) != 2 or not value[0]:
        return None
    return float(value[1] / value[0])


def _imagej_channels(metadata: dict[str, Any]) -> tuple[str, ...]:
    """Return the labels of the first slices if they name the channels."""
    n_channels = int(metadata.get("channels", 1))
    labels = metadata.get("Labels") or []
    if n_channels < 2 or len(labels) < n_channels:
        return ()
    names = [_POSITION.sub("", str(label)).strip() for label in labels[:n_channels]]
    is_naming = all(names) and len(set(names)) == n_channels
    return tuple(names) if is_naming else ()


def _stk(metadata: dict[str, Any]) -> Calibration:
    size = None
    if metadata.get("SpatialCalibration"):
        unit = metadata.get("CalibrationUnits")
        size = both(
            length_um(metadata.get("YCalibration"), unit),
            length_um(metadata.get("XCalibration"), unit),
        )
    steps = np.unique(np.abs(np.atleast_1d(metadata.get("ZDistance", 0))))
    z_step = float(steps[0]) if steps.size == 1 else None
    return Calibration(
        pixel_size_um=size,
        z_step_um=length_um(z_step, metadata.get("CalibrationUnits")),
        frame_interval_s=interval_of(_seconds(metadata.get("DatetimeCreated", ()))),
    )


def _seconds(stamps: Any) -> list[float]:
    """Return times since the first stamp in s; stamps are numpy datetime64, or missing."""
    times = np.atleast_1d(np.asarray(stamps))
    if times.dtype.kind != "M":
        return []
    return [float(step) for step in (times - times[0]) / np.timedelta64(1, "s")]


def _lsm(metadata: dict[str, Any]) -> Calibration:
    return Calibration(
        pixel_size_um=both(
            length_um(metadata.get("VoxelSizeY"), "m"), length_um(metadata.get("VoxelSizeX"), "m")
        ),
        z_step_um=length_um(metadata.get("VoxelSizeZ"), "m"),
        frame_interval_s=time_s(metadata.get("TimeIntervall"), "s"),
    )
