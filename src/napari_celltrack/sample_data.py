"""Made movies with known truth: for trying the program, for tests, for benchmarks.

Nothing is downloaded or shipped as pixels; the same seed gives the same movie.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tifffile
from scipy import ndimage

from napari_celltrack.movie import Movie, movie_from_array

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class MadeMovie:
    """A movie and the truth about it.

    Parameters
    ----------
    frames : ndarray, shape (T, Y, X), uint16
        The pixels.
    labels : ndarray, shape (T, Y, X), int32
        Where each cell truly is; a pixel holds the cell's track id, 0 is background.
    parents : mapping of int to int
        From a daughter's track id to its mother's.
    name : str
        For messages and file names.
    pixel_size_um : float
        Side of a pixel.
    frame_interval_s : float
        Time between frames.
    """

    frames: npt.NDArray[np.uint16]
    labels: npt.NDArray[np.int32]
    parents: Mapping[int, int]
    name: str
    pixel_size_um: float = 0.5
    frame_interval_s: float = 300.0

    def movie(self) -> Movie:
        """Return the pixels as a movie."""
        return movie_from_array(
            self.frames,
            "TYX",
            name=self.name,
            pixel_size_um=(self.pixel_size_um, self.pixel_size_um),
            frame_interval_s=self.frame_interval_s,
        )

    def save(self, path: Path) -> None:
        """Write the pixels as an ImageJ hyperstack with its calibration."""
        tifffile.imwrite(
            path,
            self.frames,
            imagej=True,
            resolution=(1 / self.pixel_size_um, 1 / self.pixel_size_um),
            metadata={"axes": "TYX", "unit": "um", "finterval": self.frame_interval_s},
        )


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

    Nuclei are textured ellipses under a blur of 1.2 px, on an uneven background, with photon and
    read noise. They walk with a persistence of 0.5 and keep apart.

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
    cells = _scatter(n_cells, shape, random)
    dividing = random.permutation(n_cells)[:n_divisions] + 1
    when = np.linspace(n_frames * 0.25, n_frames * 0.75, n_divisions).astype(int)
    divides_at = {int(cell): max(int(frame), 1) for cell, frame in zip(dividing, when, strict=True)}

    parents: dict[int, int] = {}
    frames = np.zeros((n_frames, *shape), np.uint16)
    labels = np.zeros((n_frames, *shape), np.int32)
    for frame in range(n_frames):
        if frame:
            cells = list(_divided(cells, frame, divides_at, parents, random))
            _walk(cells, shape, step_px, random)
        frames[frame], labels[frame] = _render(cells, shape, random)
    return MadeMovie(frames, labels, parents, name="dividing_nuclei.tif")


@dataclass
class _Nucleus:
    """One nucleus while a movie is made; axes are half lengths in px, angle in radians."""

    track_id: int
    position: Floats
    axes: Floats
    angle: float
    brightness: float
    velocity: Floats = field(default_factory=lambda: np.zeros(2))
    full_axes: Floats = field(default_factory=lambda: np.zeros(2))


def _scatter(n_cells: int, shape: tuple[int, int], random: np.random.Generator) -> list[_Nucleus]:
    """Place nuclei anywhere that is not too close to another one."""
    spacing = np.sqrt(shape[0] * shape[1] / max(n_cells, 1))
    radius = min(0.28 * spacing, 14.0)
    margin = min(radius + 2, min(shape) / 2)
    closest = 2.2 * radius
    cells: list[_Nucleus] = []
    while len(cells) < n_cells:
        place = random.uniform(margin, np.array(shape) - margin)
        if any(np.linalg.norm(place - cell.position) < closest for cell in cells):
            closest *= 0.999  # so that it ends, however many are asked for
            continue
        axes = radius * random.uniform([0.75, 0.55], [1.0, 0.85])
        cells.append(
            _Nucleus(
                track_id=len(cells) + 1,
                position=place,
                axes=axes,
                full_axes=axes,
                angle=random.uniform(0, np.pi),
                brightness=random.uniform(0.35, 1.3),
            )
        )
    return cells


def _divided(
    cells: list[_Nucleus],
    frame: int,
    divides_at: Mapping[int, int],
    parents: dict[int, int],
    random: np.random.Generator,
) -> Iterator[_Nucleus]:
    """Replace each nucleus whose time has come by two smaller ones along its long axis."""
    next_id = max([cell.track_id for cell in cells] + list(parents), default=0) + 1
    for cell in cells:
        if divides_at.get(cell.track_id) != frame:
            cell.axes = cell.axes + 0.08 * (cell.full_axes - cell.axes)
            yield cell
            continue
        along = np.array([np.sin(cell.angle), np.cos(cell.angle)])
        for side in (-1, 1):
            parents[next_id] = cell.track_id
            yield _Nucleus(
                track_id=next_id,
                position=cell.position + side * 0.8 * cell.axes[0] * along,
                axes=cell.axes * 0.7,
                full_axes=cell.full_axes * random.uniform(0.9, 1.0),
                angle=cell.angle + np.pi / 2,
                brightness=cell.brightness * random.uniform(1.0, 1.2),
                velocity=side * 1.0 * along,
            )
            next_id += 1


def _walk(
    cells: list[_Nucleus], shape: tuple[int, int], step_px: float, random: np.random.Generator
) -> None:
    """Move every nucleus one frame on: persistent random steps, then pushed apart."""
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


def _render(
    cells: list[_Nucleus], shape: tuple[int, int], random: np.random.Generator
) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.int32]]:
    """Draw one frame as a camera would see it, and its truth."""
    height, width = shape
    light = np.zeros(shape)
    truth = np.zeros(shape, np.int32)
    depth = np.full(shape, 1.0)  # where ellipses touch, a pixel is the cell's it lies deepest in
    for cell in cells:
        reach = int(cell.axes.max()) + 2
        row, column = cell.position.astype(int)
        window = (
            slice(max(row - reach, 0), min(row + reach + 1, height)),
            slice(max(column - reach, 0), min(column + reach + 1, width)),
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
    texture = ndimage.gaussian_filter(random.normal(0, 1, shape), 2.5)
    light *= 1 + 0.15 * texture / max(texture.std(), 1e-9)
    light = ndimage.gaussian_filter(light, 1.2)
    y, x = np.ogrid[:height, :width]
    background = 60 + 60 * y / height + 30 * x / width
    photons = random.poisson(np.maximum(background + 700 * light, 0))
    pixels = 100 + photons + random.normal(0, 6, shape)
    return np.clip(np.rint(pixels), 0, 65535).astype(np.uint16), truth
