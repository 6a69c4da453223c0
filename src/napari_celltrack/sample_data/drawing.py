"""Nuclei as ellipses: place, move and draw them as a camera would see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Floats = npt.NDArray[np.float64]

#: Grey value of the camera without light, its read noise in grey values, and the optical blur.
OFFSET, READ_NOISE, BLUR_PX = 100.0, 6.0, 1.2


@dataclass
class Nucleus:
    """One nucleus of a synthetic movie; axes are half lengths in px, angle in radians."""

    track_id: int
    position: Floats
    axes: Floats
    angle: float
    brightness: float
    velocity: Floats = field(default_factory=lambda: np.zeros(2))
    full_axes: Floats = field(default_factory=lambda: np.zeros(2))


def scatter(n_cells: int, shape: tuple[int, int], random: np.random.Generator) -> list[Nucleus]:
    """Place nuclei at random, not too close to each other."""
    spacing = np.sqrt(shape[0] * shape[1] / max(n_cells, 1))
    radius = min(0.28 * spacing, 14.0)
    margin = min(radius + 2, min(shape) / 2)
    closest = 2.2 * radius
    cells: list[Nucleus] = []
    while len(cells) < n_cells:
        place = random.uniform(margin, np.array(shape) - margin)
        if any(np.linalg.norm(place - cell.position) < closest for cell in cells):
            closest *= 0.999  # so that the loop ends for any number of cells
            continue
        axes = radius * random.uniform([0.75, 0.55], [1.0, 0.85])
        cells.append(
            Nucleus(
                track_id=len(cells) + 1,
                position=place,
                axes=axes,
                full_axes=axes,
                angle=random.uniform(0, np.pi),
                brightness=random.uniform(0.35, 1.3),
            )
        )
    return cells


def walk(
    cells: Sequence[Nucleus], shape: tuple[int, int], step_px: float, random: np.random.Generator
) -> None:
    """Move all nuclei by one frame: persistent random steps, then push them apart."""
    if not cells:
        return
    for cell in cells:
        cell.velocity = 0.5 * cell.velocity + random.normal(0, 0.6 * step_px, 2)
        cell.position = cell.position + cell.velocity
        cell.angle += random.normal(0, 0.05)
    radius = np.array([cell.axes.max() for cell in cells])
    closest = 0.9 * (radius[:, None] + radius[None, :])  # so that some touch
    for _ in range(8):
        at = np.array([cell.position for cell in cells])
        apart = at[:, None] - at[None, :]
        distance = np.linalg.norm(apart, axis=-1) + np.eye(len(cells)) * 1e9
        push = np.maximum(closest - distance, 0)[..., None] * apart / distance[..., None] / 4
        for cell, move in zip(cells, push.sum(axis=1), strict=True):
            margin = cell.axes.max() + 2
            cell.position = np.clip(cell.position + move, margin, np.array(shape) - margin)


def draw(cells: Sequence[Nucleus], shape: tuple[int, int]) -> tuple[Floats, npt.NDArray[np.int32]]:
    """Draw nuclei as flat ellipses; they may lie partly or wholly outside the image.

    Returns
    -------
    light : ndarray, shape (Y, X), float64
        The brightness of the nucleus at each pixel, 0 between them.
    truth : ndarray, shape (Y, X), int32
        Its track id.
    """
    height, width = shape
    light = np.zeros(shape)
    truth = np.zeros(shape, np.int32)
    depth = np.full(shape, 1.0)  # an overlap belongs to the cell in which it lies deepest
    for cell in cells:
        reach = int(cell.axes.max()) + 2
        row, column = cell.position.astype(int)
        window = (
            slice(max(row - reach, 0), max(min(row + reach + 1, height), 0)),
            slice(max(column - reach, 0), max(min(column + reach + 1, width), 0)),
        )
        y, x = np.ogrid[window]
        dy, dx = y - cell.position[0], x - cell.position[1]
        sin, cos = np.sin(cell.angle), np.cos(cell.angle)
        inside = np.hypot(
            (dy * sin + dx * cos) / cell.axes[0], (dy * cos - dx * sin) / cell.axes[1]
        )
        mine = inside < depth[window]
        truth[window][mine] = cell.track_id
        depth[window][mine] = inside[mine]
        light[window][mine] = cell.brightness
    return light, truth


def textured(light: Floats, random: np.random.Generator) -> Floats:
    """Return light (Y, X) with the texture of chromatin, blurred by the optics."""
    texture = ndimage.gaussian_filter(random.normal(0, 1, light.shape), 2.5)
    light = light * (1 + 0.15 * texture / max(texture.std(), 1e-9))
    blurred: Floats = ndimage.gaussian_filter(light, BLUR_PX)
    return blurred


def uneven_background(shape: tuple[int, int]) -> Floats:
    """Return the photons per pixel (Y, X) of a background that rises towards one corner."""
    height, width = shape
    y, x = np.ogrid[:height, :width]
    background: Floats = 60 + 60 * y / height + 30 * x / width
    return background


def expose(photons: Floats, random: np.random.Generator) -> npt.NDArray[np.uint16]:
    """Return the camera image for an expected number of photons per pixel (Y, X).

    Photon numbers are random (Poisson); the camera adds its offset and read noise (normal).
    """
    counted = random.poisson(np.maximum(photons, 0))
    pixels = OFFSET + counted + random.normal(0, READ_NOISE, photons.shape)
    return np.clip(np.rint(pixels), 0, 65535).astype(np.uint16)
