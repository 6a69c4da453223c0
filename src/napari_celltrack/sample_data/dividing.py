"""Dividing nuclei: the main sample for counting and tracking."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from napari_celltrack.sample_data.drawing import (
    Nucleus,
    draw,
    expose,
    scatter,
    textured,
    uneven_background,
    walk,
)
from napari_celltrack.sample_data.made_movie import MadeMovie

#: Photons per pixel of a nucleus of brightness 1.
PHOTONS = 700.0


def dividing_nuclei(
    n_frames: int = 30,
    shape: tuple[int, int] = (512, 512),
    n_cells: int = 80,
    *,
    n_divisions: int = 6,
    step_px: float = 3.0,
    seed: int = 0,
) -> MadeMovie:
    """Make a time-lapse of nuclei that wander, push each other and divide.

    Nuclei are textured ellipses with a blur of 1.2 px, on an uneven background, with photon and
    read noise. They walk with a persistence of 0.5 and push each other apart.

    Parameters
    ----------
    n_frames : int
        Length of the movie.
    shape : (int, int)
        Height and width in px.
    n_cells : int
        Nuclei in the first frame.
    n_divisions : int
        Nuclei of the first frame that divide, spread over the middle of the movie.
    step_px : float
        Typical step of a nucleus from frame to frame.
    seed : int
        The same seed gives the same movie.

    Returns
    -------
    MadeMovie
    """
    random = np.random.default_rng(seed)
    cells = scatter(n_cells, shape, random)
    dividing = random.permutation(n_cells)[:n_divisions] + 1
    when = np.linspace(n_frames * 0.25, n_frames * 0.75, n_divisions).astype(int)
    divides_at = {int(cell): max(int(frame), 1) for cell, frame in zip(dividing, when, strict=True)}

    parents: dict[int, int] = {}
    frames = np.zeros((n_frames, *shape), np.uint16)
    labels = np.zeros((n_frames, *shape), np.int32)
    for frame in range(n_frames):
        if frame:
            cells = list(_divided(cells, frame, divides_at, parents, random))
            walk(cells, shape, step_px, random)
        light, labels[frame] = draw(cells, shape)
        photons = uneven_background(shape) + PHOTONS * textured(light, random)
        frames[frame] = expose(photons, random)
    return MadeMovie(frames, labels, parents, name="dividing_nuclei.tif")


def _divided(
    cells: list[Nucleus],
    frame: int,
    divides_at: Mapping[int, int],
    parents: dict[int, int],
    random: np.random.Generator,
) -> Iterator[Nucleus]:
    """Replace each nucleus that divides in this frame by two smaller ones along its long axis."""
    next_id = max([cell.track_id for cell in cells] + list(parents), default=0) + 1
    for cell in cells:
        if divides_at.get(cell.track_id) != frame:
            cell.axes = cell.axes + 0.08 * (cell.full_axes - cell.axes)
            yield cell
            continue
        along = np.array([np.sin(cell.angle), np.cos(cell.angle)])
        for side in (-1, 1):
            parents[next_id] = cell.track_id
            yield Nucleus(
                track_id=next_id,
                position=cell.position + side * 0.8 * cell.axes[0] * along,
                axes=cell.axes * 0.7,
                full_axes=cell.full_axes * random.uniform(0.9, 1.0),
                angle=cell.angle + np.pi / 2,
                brightness=cell.brightness * random.uniform(1.0, 1.2),
                velocity=side * 1.0 * along,
            )
            next_id += 1
