"""Frames of nuclei with truth, as many and as large as wanted, and movies of them on disk.

The drawing, the uneven background and the noise of the camera are those of
``napari_celltrack.sample_data``; cells are placed by a tree instead of one by one, for there may
be 20,000 of them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from napari_celltrack.sample_data.dividing import PHOTONS
from napari_celltrack.sample_data.drawing import (
    Nucleus,
    draw,
    expose,
    textured,
    uneven_background,
)

#: Area of the image that a nucleus has for itself: 2,000 in 2048 x 2048 px.
PX2_A_CELL = 2048 * 2048 / 2000


def made_frame(
    side_px: int, n_cells: int | None = None, *, radius_px: float | None = None, seed: int = 0
) -> tuple[NDArray[np.uint16], NDArray[np.int32]]:
    """Make a frame of nuclei, some of which touch, and say where each of them is.

    Parameters
    ----------
    side_px : int
        Height and width.
    n_cells : int, optional
        By default as many as 2,000 in 2048 x 2048 px.
    radius_px : float, optional
        Of the largest; by default as large as their number leaves room for.
    seed : int
        The same seed gives the same frame.

    Returns
    -------
    image : ndarray, shape (side_px, side_px), uint16
    truth : ndarray, shape (side_px, side_px), int32
        The nucleus of each pixel, 0 is background.
    """
    random = np.random.default_rng(seed)
    n_cells = round(side_px**2 / PX2_A_CELL) if n_cells is None else n_cells
    radius = min(0.28 * side_px / np.sqrt(max(n_cells, 1)), 14.0)
    radius = radius if radius_px is None else radius_px
    axes = radius * random.uniform([0.75, 0.55], [1.0, 0.85], (n_cells, 2))
    places = _spread(n_cells, side_px, axes.max(axis=1), radius, random)
    cells = [
        Nucleus(
            track_id=index + 1,
            position=places[index],
            axes=axes[index],
            angle=random.uniform(0, np.pi),
            brightness=random.uniform(0.35, 1.3),
        )
        for index in range(n_cells)
    ]
    shape = (side_px, side_px)
    light, truth = draw(cells, shape)
    photons = uneven_background(shape) + PHOTONS * textured(light, random)
    return expose(photons, random), truth


def _spread(
    n_cells: int,
    side_px: int,
    reach: NDArray[np.float64],
    radius: float,
    random: np.random.Generator,
) -> NDArray[np.float64]:
    """Place cells by chance, and push those apart that overlap, so that some touch."""
    margin = radius + 2
    places = random.uniform(margin, side_px - margin, (n_cells, 2))
    for _ in range(40):
        pairs = cKDTree(places).query_pairs(2 * radius, output_type="ndarray")
        if not len(pairs):
            break
        first, second = pairs.T
        apart = places[first] - places[second]
        distance = np.maximum(np.linalg.norm(apart, axis=1), 1e-6)
        push = np.maximum(0.95 * (reach[first] + reach[second]) - distance, 0) / distance / 3
        move = np.zeros_like(places)
        np.add.at(move, first, push[:, None] * apart)
        np.add.at(move, second, -push[:, None] * apart)
        places = np.clip(places + move, margin, side_px - margin)
    return places


def write_movie(path: Path, n_frames: int, side_px: int, n_cells: int | None = None) -> None:
    """Write a movie of a few made frames, over and over, each time moved by a px.

    Frames have nothing to do with those before, so that nearly every track breaks in every frame.
    """
    made = [made_frame(side_px, n_cells, seed=seed)[0] for seed in range(min(4, n_frames))]
    with tifffile.TiffWriter(path, bigtiff=True) as tiff:
        for frame in range(n_frames):
            shifted = np.roll(made[frame % len(made)], frame // len(made) % 50, axis=1)
            tiff.write(shifted, contiguous=False, metadata=None)


def write_moving_movie(path: Path, n_frames: int, side_px: int) -> None:
    """Write a movie of the same made nuclei, all moving on by 2 px a frame, so that tracks last."""
    made = made_frame(side_px)[0]
    with tifffile.TiffWriter(path, bigtiff=True) as tiff:
        for frame in range(n_frames):
            moved = np.roll(made, 2 * frame, axis=1)
            tiff.write(moved, contiguous=False, metadata=None)
