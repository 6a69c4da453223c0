"""MadeMovie, a synthetic movie: pixels, truth and calibration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tifffile

from napari_celltrack.movie import Movie, movie_from_array


@dataclass(frozen=True, eq=False)
class MadeMovie:
    """A movie with its ground truth.

    Parameters
    ----------
    frames : ndarray, shape (T, Y, X) or, with several channels, (T, C, Y, X), uint16
        The pixels.
    labels : ndarray, shape (T, Y, X), int32
        The true masks; a pixel holds the cell's track id, 0 is background.
    parents : mapping of int to int
        From a daughter's track id to its mother's.
    name : str
        For messages and file names.
    pixel_size_um : float
        Side of a pixel.
    frame_interval_s : float
        Time between frames.
    channels : tuple of str
        One name per channel.
    """

    frames: npt.NDArray[np.uint16]
    labels: npt.NDArray[np.int32]
    parents: Mapping[int, int]
    name: str
    pixel_size_um: float = 0.5
    frame_interval_s: float = 300.0
    channels: tuple[str, ...] = ("0",)

    def movie(self) -> Movie:
        """Return the pixels as a movie; a single frame as a still, without a frame interval."""
        is_still = len(self.frames) == 1
        return movie_from_array(
            self.frames[0] if is_still else self.frames,
            self._axes.lstrip("T") if is_still else self._axes,
            name=self.name,
            channels=self.channels,
            pixel_size_um=(self.pixel_size_um, self.pixel_size_um),
            frame_interval_s=None if is_still else self.frame_interval_s,
        )

    def save(self, path: Path) -> None:
        """Write the pixels as an ImageJ hyperstack with its calibration."""
        tifffile.imwrite(
            path,
            self.frames,
            imagej=True,
            resolution=(1 / self.pixel_size_um, 1 / self.pixel_size_um),
            metadata={"axes": self._axes, "unit": "um", "finterval": self.frame_interval_s},
        )

    @property
    def _axes(self) -> str:
        return "TYX" if self.frames.ndim == 3 else "TCYX"
