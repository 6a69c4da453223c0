"""A still of nuclei that touch, for counting."""

from __future__ import annotations

import numpy as np

from napari_celltrack.sample_data.drawing import (
    Nucleus,
    draw,
    expose,
    textured,
    uneven_background,
)
from napari_celltrack.sample_data.made_movie import MadeMovie

#: Photons per pixel of a nucleus of brightness 1.
PHOTONS = 700.0
#: Half length of nuclei in px; each is scaled at random along each axis.
_RADIUS_PX = 12.0
#: Distance of touching centres, and the smallest distance, over the sum of mean half lengths.
_TOUCHING, _CLOSEST = 1.0, 0.95


def touching_nuclei(
    shape: tuple[int, int] = (512, 512),
    n_cells: int = 90,
    *,
    share_touching: float = 0.5,
    seed: int = 0,
) -> MadeMovie:
    """Make one image of nuclei, many of which touch a neighbour.

    Parameters
    ----------
    shape : (int, int)
        Height and width in px.
    n_cells : int
        Nuclei in the image; fewer if there is not enough room.
    share_touching : float
        Share of nuclei, 0 to 1, that are placed beside another one.
    seed : int
        The same seed gives the same image.

    Returns
    -------
    MadeMovie
        Of one frame.
    """
    random = np.random.default_rng(seed)
    cells: list[Nucleus] = []
    for _ in range(200 * n_cells):
        if len(cells) == n_cells:
            break
        axes = _RADIUS_PX * random.uniform([0.8, 0.6], [1.1, 0.9])
        margin = axes.max() + 2
        is_touching = bool(cells) and random.random() < share_touching
        if is_touching:
            other = cells[random.integers(len(cells))]
            angle = random.uniform(0, 2 * np.pi)
            reach = _TOUCHING * (axes.mean() + other.axes.mean())
            place = other.position + reach * np.array([np.sin(angle), np.cos(angle)])
        else:
            place = random.uniform(0, shape)
        low, high = np.full(2, margin), np.array(shape) - margin
        if np.any(place < low) or np.any(place > high):
            continue
        room = _CLOSEST if is_touching else 1.4
        if any(
            np.linalg.norm(place - cell.position) < room * (axes.mean() + cell.axes.mean())
            for cell in cells
        ):
            continue
        cells.append(
            Nucleus(
                track_id=len(cells) + 1,
                position=place,
                axes=axes,
                angle=random.uniform(0, np.pi),
                brightness=random.uniform(0.5, 1.3),
            )
        )
    light, truth = draw(cells, shape)
    photons = uneven_background(shape) + PHOTONS * textured(light, random)
    frame = expose(photons, random)
    return MadeMovie(frame[None], truth[None], {}, name="touching_nuclei.tif", pixel_size_um=0.65)
