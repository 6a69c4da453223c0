"""Label images as OME-TIFF: ``labels.tif``."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import tifffile

from napari_celltrack.movie import Movie
from napari_celltrack.settings import Settings
from napari_celltrack.tables import Tables


class LabelsTiff(Settings, title="Labels (TIFF)"):
    """The label image of every frame, int32, axes TYX, zlib, with the movie's calibration.

    A pixel holds the `label` of its cell in the object table, 0 is background.

    References
    ----------
    OME-TIFF, https://docs.openmicroscopy.org/ome-model/
    """

    method: Literal["labels_tiff"] = "labels_tiff"

    def open(self, folder: Path, movie: Movie, n_frames: int) -> LabelsTiffWriter:
        """Return a writer of ``labels.tif`` in `folder`."""
        return LabelsTiffWriter(folder / "labels.tif", movie, n_frames)


class LabelsTiffWriter:
    """Writes one page per frame, in order."""

    def __init__(self, path: Path, movie: Movie, n_frames: int) -> None:
        # tifffile's own OME mode needs all pages at once. Here pages come one at a time, so the
        # description that makes a TIFF an OME-TIFF is written into the first page directly.
        self._tiff = tifffile.TiffWriter(path, bigtiff=_may_pass_4_gb(movie, n_frames))
        self._description: bytes | None = _ome_description(movie, n_frames)

    def add(self, labels: npt.NDArray[np.int32]) -> None:
        """Write the next page."""
        self._tiff.write(
            labels,
            photometric="minisblack",
            compression="zlib",
            # Differences of neighbouring labels are mostly 0, so this is smaller and faster.
            predictor=True,
            description=self._description,
            metadata=None,
            contiguous=False,
        )
        self._description = None

    def finish(self, tables: Tables) -> None:
        """Tables are not part of the label images."""

    def close(self) -> None:
        """Close the file."""
        self._tiff.close()


def _may_pass_4_gb(movie: Movie, n_frames: int) -> bool:
    return n_frames * movie.height_px * movie.width_px * 4 > 2**32 - 2**25


def _ome_description(movie: Movie, n_frames: int) -> bytes:
    calibration: dict[str, Any] = {}
    if movie.pixel_size_um is not None:
        height_um, width_um = movie.pixel_size_um
        calibration |= {
            "PhysicalSizeX": width_um,
            "PhysicalSizeXUnit": "µm",
            "PhysicalSizeY": height_um,
            "PhysicalSizeYUnit": "µm",
        }
    if movie.frame_interval_s is not None:
        calibration |= {"TimeIncrement": movie.frame_interval_s, "TimeIncrementUnit": "s"}
    shape = (n_frames, *movie.shape)
    # An id from the content, so that the same movie and recipe give the same bytes.
    identity = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, movie.fingerprint)}"
    ome = tifffile.OmeXml(UUID=identity, Creator="napari-celltrack")
    ome.addimage(
        "int32", shape, (n_frames, 1, 1, *movie.shape, 1), axes="TYX", Name="cells", **calibration
    )
    return ome.tostring().encode()
