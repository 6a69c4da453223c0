"""OME-Zarr 0.4 (zarr v2) and 0.5 (zarr v3), level 0; older and plain zarr as far as possible.

Missing chunks have the fill value, as the format defines.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_celltrack.errors import MovieError
from napari_celltrack.readers.calibration import Calibration, calibrated
from napari_celltrack.readers.colours import of_hex
from napari_celltrack.readers.guard import check_claim, decoding, n_bytes
from napari_celltrack.readers.stored import Stored
from napari_celltrack.readers.zarr_limits import limit_decoders
from napari_celltrack.whole_files import file_at

#: Files that distinguish a zarr from a folder of images.
MARKS = (".zgroup", ".zarray", ".zattrs", "zarr.json")
#: Axes of versions before 0.3, which did not name them.
_OLD_AXES = "TCZYX"
#: Above this the claim of an array is compared with its files.
_MANY_PLANES = 1_000_000
#: Axes by number of dimensions, for an array without metadata.
_PLAIN_AXES = {2: "YX", 3: "IYX", 4: "IIYX", 5: "TCZYX"}


def is_zarr(folder: Path) -> bool:
    """Whether a folder is a zarr group or array."""
    return any((folder / mark).is_file() for mark in MARKS)


def images_of_zarr(path: Path) -> list[Path]:
    """Return the folders of the images in a zarr: itself, its series, or the fields of its plate.

    Parameters
    ----------
    path : Path
        The folder of a zarr.
    """
    attributes = _attributes_on_disk(path)
    if "bioformats2raw.layout" in attributes:
        inside = [path / name for name in _names_of_series(path)]
    elif "plate" in attributes:
        wells = (path / str(well.get("path")) for well in attributes["plate"].get("wells") or ())
        inside = [field for well in wells for field in images_of_zarr(well)]
    elif "well" in attributes:
        fields = attributes["well"].get("images") or ()
        inside = [path / str(field.get("path")) for field in fields]
    else:
        return [path]
    return [image for image in inside if is_zarr(image)] or [path]


def _names_of_series(path: Path) -> list[str]:
    """Return the names of the images of a converted file: 0, 1 and so on."""
    names = [entry.name for entry in path.iterdir() if entry.name.isdecimal() and entry.is_dir()]
    return sorted(names, key=int)


def _attributes_on_disk(path: Path) -> dict[str, Any]:
    """Return the OME metadata of a group without zarr, which takes long to import."""
    for name in (".zattrs", "zarr.json"):
        try:
            known = json.loads(file_at(path / name).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            continue
        attributes = known.get("attributes", {}) if name == "zarr.json" else known
        inner = attributes.get("ome")
        return {**attributes, **inner} if isinstance(inner, Mapping) else dict(attributes)
    return {}


def read_ome_zarr(path: Path) -> Stored:
    """Read the metadata of an OME-Zarr image.

    Parameters
    ----------
    path : Path
        The folder of the image (or of one zarr array).

    Raises
    ------
    MovieError
        If there is no image, or its metadata contradict it.
    """
    with decoding(path.name):
        return _describe(path)


class ZarrArray:
    """One array, read plane by plane; opened at the first read.

    Parameters
    ----------
    path : Path
        The folder of the array.
    name : str
        Of the movie, for messages.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.path = path
        self.name = name
        self._array: Any = None

    def read(self, index: tuple[int, ...]) -> npt.NDArray[Any]:
        """Return the plane at an index into all dimensions but the last two."""
        with decoding(self.name):
            return np.asarray(self.open()[index] if index else self.open()[:])

    def open(self) -> Any:
        """Return the zarr array."""
        if self._array is None:
            import zarr  # takes half a second to import

            _check_files(self.path)
            array = zarr.open_array(str(self.path), mode="r")
            limit_decoders(array)
            self._array = array
        return self._array

    def close(self) -> None:
        """Release the array; zarr keeps no file open."""
        self._array = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_array": None}


def _check_files(path: Path) -> None:
    """Refuse what zarr would wait for: a pipe in the place of a file."""
    for place in (path / name for name in (*MARKS, ".zmetadata")):
        if place.exists() and not place.is_file():
            raise MovieError(f"{path.name} has a {place.name} that is no file; remove it.")


def _describe(path: Path) -> Stored:
    import zarr

    _check_files(path)
    node = zarr.open(str(path), mode="r")
    if hasattr(node, "shape"):
        return _stored(ZarrArray(path, path.name), "", path)
    attributes = _attributes(node)
    notes: tuple[str, ...] = ()
    if "bioformats2raw.layout" in attributes and is_zarr(path / "0"):
        n_series = len(_names_of_series(path))
        if n_series > 1:
            notes = (
                f"the first of {n_series} series is read; open the folder {path.name}/1 for the "
                "next, and so on",
            )
        path = path / "0"
        _check_files(path)
        attributes = _attributes(zarr.open_group(str(path), mode="r"))
    if "plate" in attributes or "well" in attributes:
        raise MovieError(
            f"{path.name} is a plate of many images; choose the folder of one of its fields."
        )
    images = attributes.get("multiscales") or []
    if not images or not images[0].get("datasets"):
        raise MovieError(
            f"{path.name} is a zarr without an OME image; choose the folder that holds one."
        )
    image, level = images[0], images[0]["datasets"][0]
    folder = _inside(path, str(level["path"]))
    named = image.get("axes") or list(_OLD_AXES.lower())
    axes = [axis if isinstance(axis, dict) else {"name": axis} for axis in named]
    return _stored(
        ZarrArray(folder, path.name),
        "".join(_letter(str(axis["name"])) for axis in axes),
        folder,
        channels=_channels(attributes),
        colours=_colours(attributes),
        calibration=_calibration(axes, _scale(level, image, len(axes))),
        notes=notes,
    )


def _attributes(group: Any) -> dict[str, Any]:
    """Return the OME metadata of a group; in 0.5 they are one level down, under "ome"."""
    attributes = dict(group.attrs)
    inner = attributes.get("ome")
    return {**attributes, **inner} if isinstance(inner, Mapping) else attributes


def _inside(path: Path, level: str) -> Path:
    folder = (path / level).resolve()
    if not folder.is_relative_to(path.resolve()):
        raise MovieError(f"{path.name} points outside its own folder; export it again.")
    return folder


def _letter(name: str) -> str:
    letter = name.strip().upper()[:1]
    return letter if letter in ("T", "C", "Z", "Y", "X") else "Q"


def _stored(
    chunks: ZarrArray,
    axes: str,
    folder: Path,
    *,
    channels: tuple[str, ...] = (),
    colours: tuple[str, ...] = (),
    calibration: Calibration | None = None,
    notes: tuple[str, ...] = (),
) -> Stored:
    array = chunks.open()
    shape = tuple(int(length) for length in array.shape)
    axes = axes or _PLAIN_AXES.get(len(shape), "")
    if len(axes) != len(shape) or set(axes[-2:]) != {"Y", "X"}:
        raise MovieError(
            f"{chunks.name} names axes {axes!r} for an array of shape {shape}; export it with one "
            "axis a dimension, Y and X last."
        )
    dtype = np.dtype(array.dtype)
    if dtype.kind in "buif":
        _check_claims(chunks.name, array, folder, dtype)
    return Stored(
        chunks=chunks,
        axes=axes,
        shape=shape,
        n_outer=len(shape) - 2,
        dtype=dtype,
        channels=channels,
        colours=colours,
        calibration=calibration or Calibration(),
        notes=notes,
    )


def _check_claims(name: str, array: Any, folder: Path, dtype: np.dtype[Any]) -> None:
    """Refuse an array that is far larger than the stored data, unless it is small."""
    shards = getattr(array, "shards", None) or array.chunks
    claimed = max(n_bytes(array.shape[-2:], dtype.itemsize), n_bytes(shards, dtype.itemsize))
    if claimed > 1 << 28:
        stored = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        check_claim(name, claimed, stored)
    n_planes = math.prod(array.shape[:-2])
    if n_planes > _MANY_PLANES:
        # Chunks may be missing, but not nearly all of so many.
        n_files = sum(len(files) for _, _, files in os.walk(folder))
        n_stored = n_files * math.prod(shards[:-2])
        if n_planes > 100 * n_stored:
            raise MovieError(
                f"{name} claims {n_planes} planes and holds {n_stored} at most; it is damaged, so "
                "copy or export it again."
            )


def _channels(attributes: Mapping[str, Any]) -> tuple[str, ...]:
    channels = (attributes.get("omero") or {}).get("channels") or []
    names = [str(channel.get("label") or "") for channel in channels]
    return tuple(names) if any(names) else ()


def _colours(attributes: Mapping[str, Any]) -> tuple[str, ...]:
    channels = (attributes.get("omero") or {}).get("channels") or []
    return tuple(of_hex(channel.get("color")) for channel in channels)


def _scale(level: Mapping[str, Any], image: Mapping[str, Any], n_axes: int) -> list[float]:
    """Return the scale of a level: its own times that of the image; NaN without any."""
    found = [
        [float(factor) for factor in transform["scale"]]
        for holder in (level, image)
        for transform in holder.get("coordinateTransformations") or []
        if transform.get("type") == "scale" and len(transform.get("scale") or []) == n_axes
    ]
    if not found:
        return [math.nan] * n_axes
    return [math.prod(factors) for factors in zip(*found, strict=True)]


def _calibration(axes: Sequence[Mapping[str, Any]], scale: Sequence[float]) -> Calibration:
    # An axis without a unit has no calibration: a scale of 1 without one is the usual default.
    known = {
        _letter(str(axis["name"])): (factor, axis.get("unit"))
        for axis, factor in zip(axes, scale, strict=True)
        if not math.isnan(factor)
    }
    nothing = (None, None)
    return calibrated(
        height=known.get("Y", nothing),
        width=known.get("X", nothing),
        z_step=known.get("Z", nothing),
        interval=known.get("T", nothing),
    )
