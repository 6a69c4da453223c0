"""Calcium movie: masks from one channel, known traces in the other."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import ndimage

from napari_celltrack.errors import CelltrackError
from napari_celltrack.sample_data.drawing import (
    BLUR_PX,
    OFFSET,
    Floats,
    Nucleus,
    draw,
    expose,
    scatter,
    textured,
    walk,
)
from napari_celltrack.sample_data.made_movie import MadeMovie
from napari_celltrack.tables import FRAME, TIME_S, TRACK_ID

#: Photons per pixel of a cell of brightness 1, in the marker and, at rest, in the indicator.
MARKER_PHOTONS, INDICATOR_PHOTONS = 600.0, 300.0
#: Photons per pixel between cells; they do not bleach.
BACKGROUND_PHOTONS = 80.0
#: Frames before the first event, for a baseline.
N_BASELINE_FRAMES = 5
_RISE_FRAMES, _DECAY_FRAMES = 1.0, 5.0


@dataclass(frozen=True, eq=False, kw_only=True)
class CalciumMovie(MadeMovie):
    """A movie of two channels: ``green`` marks the cells, ``red`` shows their calcium.

    Parameters
    ----------
    traces : DataFrame
        One row per cell and frame: ``frame``, ``time_s``, ``track_id``, ``dff`` (the true change
        relative to the cell at rest), ``bleaching`` (remaining share of the light, 1 in the first
        frame), ``red_signal`` (expected grey value inside the cell above the background, with
        bleaching).
    red_background : float
        Expected grey value between the cells in the red channel.
    """

    traces: pd.DataFrame = field(default_factory=pd.DataFrame)
    red_background: float = OFFSET + BACKGROUND_PHOTONS


def calcium_movie(
    n_frames: int = 60,
    shape: tuple[int, int] = (256, 256),
    n_cells: int = 24,
    *,
    dff: Floats | None = None,
    moving: bool = False,
    jitter_px: float = 0.7,
    bleached: float = 0.25,
    frame_interval_s: float = 1.0,
    seed: int = 0,
) -> CalciumMovie:
    """Make a movie of cells with a steady marker in green and a calcium indicator in red.

    The whole field jitters like a sample on a stage. Red bleaches exponentially; the
    background does not. Both channels have photon and read noise.

    Parameters
    ----------
    n_frames : int
        Length of the movie.
    shape : (int, int)
        Height and width in px.
    n_cells : int
        Cells, in all frames.
    dff : ndarray, shape (T, cells), float, optional
        The trace of each cell, as change relative to rest; by default events at random times that
        rise at once and decay over about 5 frames.
    moving : bool
        Whether cells wander about 1.5 px per frame and push each other; otherwise they only jitter.
    jitter_px : float
        Standard deviation of the common displacement of each frame, along each axis.
    bleached : float
        Share of the light, 0 to below 1, that is lost by the last frame.
    frame_interval_s : float
        Time between frames.
    seed : int
        The same seed gives the same movie.

    Returns
    -------
    CalciumMovie

    Raises
    ------
    CelltrackError
        If `dff` is not of shape (n_frames, n_cells).
    """
    random = np.random.default_rng(seed)
    cells = scatter(n_cells, shape, random)
    asked = _events(n_frames, n_cells, random) if dff is None else np.asarray(dff, float)
    if asked.shape != (n_frames, n_cells):
        raise CelltrackError(
            f"The traces are of shape {asked.shape}; give one row per frame and one "
            f"column per cell, {n_frames} x {n_cells}."
        )
    rest = INDICATOR_PHOTONS * np.array([cell.brightness for cell in cells])
    left = (1 - bleached) ** (np.arange(n_frames) / max(n_frames - 1, 1))
    signal = rest * (1 + asked) * left[:, None]

    frames = np.zeros((n_frames, 2, *shape), np.uint16)
    labels = np.zeros((n_frames, *shape), np.int32)
    for frame in range(n_frames):
        if frame and moving:
            walk(cells, shape, 1.5, random)
        jitter = random.normal(0, jitter_px, 2) if frame else np.zeros(2)
        light, labels[frame] = draw(_shifted(cells, jitter), shape)
        green = BACKGROUND_PHOTONS + MARKER_PHOTONS * textured(light, random)
        # Photons of the cell of each pixel; 0 between cells.
        inside = np.concatenate([[0.0], signal[frame]])[labels[frame]]
        red = BACKGROUND_PHOTONS + ndimage.gaussian_filter(inside, BLUR_PX)
        frames[frame] = expose(green, random), expose(red, random)
    at = np.repeat(np.arange(n_frames), n_cells)
    traces = pd.DataFrame(
        {
            FRAME: at,
            TIME_S: at * frame_interval_s,
            TRACK_ID: np.tile(np.arange(1, n_cells + 1), n_frames),
            "dff": asked.ravel(),
            "bleaching": left[at],
            "red_signal": signal.ravel(),
        }
    )
    return CalciumMovie(
        frames,
        labels,
        {},
        name="calcium_moving.tif" if moving else "calcium.tif",
        pixel_size_um=0.8,
        frame_interval_s=frame_interval_s,
        channels=("green", "red"),
        traces=traces,
    )


def _events(n_frames: int, n_cells: int, random: np.random.Generator) -> Floats:
    """Return traces (T, cells) of calcium events: about one in 15 frames, after a baseline."""
    begins = random.random((n_frames, n_cells)) < 1 / 15
    begins[:N_BASELINE_FRAMES] = False
    sizes = begins * random.uniform(0.5, 2.0, (n_frames, n_cells))
    after = np.arange(n_frames)
    shape = (1 - np.exp(-(after + 1) / _RISE_FRAMES)) * np.exp(-after / _DECAY_FRAMES)
    traces: Floats = np.zeros((n_frames, n_cells))
    for cell in range(n_cells):
        traces[:, cell] = np.convolve(sizes[:, cell], shape)[:n_frames]
    return traces


def _shifted(cells: list[Nucleus], by: Floats) -> list[Nucleus]:
    return [
        Nucleus(cell.track_id, cell.position + by, cell.axes, cell.angle, cell.brightness)
        for cell in cells
    ]
