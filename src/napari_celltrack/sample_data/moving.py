"""Cells with known laws of motion, to check speeds, directions and diffusion."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from napari_celltrack.sample_data.drawing import (
    Floats,
    draw,
    expose,
    scatter,
    textured,
    uneven_background,
)
from napari_celltrack.sample_data.made_movie import MadeMovie
from napari_celltrack.tables import FRAME, TIME_S, TRACK_ID, X_PX, X_UM, Y_PX, Y_UM

#: Photons per pixel of a cell of brightness 1.
PHOTONS = 700.0
#: Columns of the truth.
IS_INSIDE, SPEED, DIRECTION, DIFFUSION = (
    "is_inside",
    "speed_px_per_frame",
    "direction_deg",
    "diffusion_px2_per_frame",
)


@dataclass(frozen=True, eq=False, kw_only=True)
class MovingCells(MadeMovie):
    """A movie of cells whose paths and laws of motion are known.

    Parameters
    ----------
    positions : DataFrame
        One row per cell and frame, also while it is outside the field: ``frame``, ``time_s``,
        ``track_id``, ``y_px``, ``x_px``, ``y_um``, ``x_um``, ``is_inside`` (whether its centre
        lies in the field).
    motion : DataFrame
        One row per cell: ``track_id``, ``speed_px_per_frame``, ``direction_deg`` at the start (0 is
        to the right, 90 down, as rows are counted), ``diffusion_px2_per_frame``, and both in µm
        and s: ``speed_um_per_s``, ``diffusion_um2_per_s``.
    """

    positions: pd.DataFrame = field(default_factory=pd.DataFrame)
    motion: pd.DataFrame = field(default_factory=pd.DataFrame)


def moving_cells(
    n_frames: int = 60,
    shape: tuple[int, int] = (512, 512),
    n_cells: int = 40,
    *,
    speed_px_per_frame: float = 1.0,
    direction_deg: float | None = None,
    turning_deg: float = 0.0,
    diffusion_px2_per_frame: float = 0.5,
    pixel_size_um: float = 0.5,
    frame_interval_s: float = 60.0,
    seed: int = 0,
) -> MovingCells:
    """Make a time-lapse of cells that move in a direction and jitter by Brownian motion.

    Each step is the sum of a directed step (of known length; its direction turns by a random angle
    per frame) and a Brownian step, normal with variance 2 D along each axis. Cells ignore each
    other and the border, so they may cross and leave. Without turning, the mean squared
    displacement after n frames is 4 D n + (speed n)², in two dimensions.

    Parameters
    ----------
    n_frames : int
        Length of the movie.
    shape : (int, int)
        Height and width in px.
    n_cells : int
        Cells in the first frame.
    speed_px_per_frame : float
        Length of the directed step; 0 for pure diffusion.
    direction_deg : float, optional
        Direction of all cells, 0 to the right and 90 down; by default each has its own.
    turning_deg : float
        Standard deviation of the turn from step to step; 0 goes straight.
    diffusion_px2_per_frame : float
        The diffusion coefficient D; 0 for directed motion alone.
    pixel_size_um, frame_interval_s : float
        The calibration.
    seed : int
        The same seed gives the same movie.

    Returns
    -------
    MovingCells

    References
    ----------
    Berg, H. C. (1993). Random Walks in Biology, Princeton University Press, chapter 1: the
    variance of a diffusing position along one axis is 2 D t.
    """
    random = np.random.default_rng(seed)
    cells = scatter(n_cells, shape, random)
    start = np.array([cell.position for cell in cells]).reshape(n_cells, 2)
    headings = np.full(n_cells, direction_deg, float) if direction_deg is not None else None
    if headings is None:
        headings = random.uniform(0, 360, n_cells)
    turns = random.normal(0, turning_deg, (n_frames - 1, n_cells)) if n_frames > 1 else 0
    angles = np.radians(headings + np.cumsum(turns, axis=0) if n_frames > 1 else headings[None])
    steps = speed_px_per_frame * np.stack([np.sin(angles), np.cos(angles)], axis=-1)
    steps = steps + random.normal(0, np.sqrt(2 * diffusion_px2_per_frame), steps.shape)
    paths = np.concatenate([start[None], start + np.cumsum(steps, axis=0)])[:n_frames]

    frames = np.zeros((n_frames, *shape), np.uint16)
    labels = np.zeros((n_frames, *shape), np.int32)
    for frame in range(n_frames):
        for cell, place in zip(cells, paths[frame], strict=True):
            cell.position = place
        light, labels[frame] = draw(cells, shape)
        photons = uneven_background(shape) + PHOTONS * textured(light, random)
        frames[frame] = expose(photons, random)
    speeds = np.full(n_cells, speed_px_per_frame)
    diffusions = np.full(n_cells, diffusion_px2_per_frame)
    motion = pd.DataFrame(
        {
            TRACK_ID: np.arange(1, n_cells + 1),
            SPEED: speeds,
            DIRECTION: headings,
            DIFFUSION: diffusions,
            "speed_um_per_s": speeds * pixel_size_um / frame_interval_s,
            "diffusion_um2_per_s": diffusions * pixel_size_um**2 / frame_interval_s,
        }
    )
    return MovingCells(
        frames,
        labels,
        {},
        name="moving_cells.tif",
        pixel_size_um=pixel_size_um,
        frame_interval_s=frame_interval_s,
        positions=_positions(paths, shape, pixel_size_um, frame_interval_s),
        motion=motion,
    )


def _positions(
    paths: Floats, shape: tuple[int, int], pixel_size_um: float, frame_interval_s: float
) -> pd.DataFrame:
    """Return paths (T, cells, 2) as a table, one row per cell and frame."""
    n_frames, n_cells, _ = paths.shape
    frame = np.repeat(np.arange(n_frames), n_cells)
    y, x = paths.reshape(-1, 2).T
    inside = (y >= -0.5) & (y < shape[0] - 0.5) & (x >= -0.5) & (x < shape[1] - 0.5)
    positions: pd.DataFrame = pd.DataFrame(
        {
            FRAME: frame,
            TIME_S: frame * frame_interval_s,
            TRACK_ID: np.tile(np.arange(1, n_cells + 1), n_frames),
            Y_PX: y,
            X_PX: x,
            Y_UM: y * pixel_size_um,
            X_UM: x * pixel_size_um,
            IS_INSIDE: inside,
        }
    )
    return positions
