"""Small scenes with known answers, shared by the tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from napari_celltrack.movie import Movie, movie_from_array
from napari_celltrack.tables import FRAME, X_PX, Y_PX


def disk(shape: tuple[int, int], y: float, x: float, radius: float) -> np.ndarray:
    """Return a mask of one disk."""
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return (rows - y) ** 2 + (columns - x) ** 2 <= radius**2


def three_disks(dtype: str = "uint16") -> np.ndarray:
    """Return three bright disks, of radius 6, 8 and 10 px, on a dark ground; shape (64, 96)."""
    image = np.full((64, 96), 10, dtype)
    for y, x, radius in ((16, 20, 6), (40, 40, 8), (30, 75, 10)):
        image[disk(image.shape, y, x, radius)] = 100
    return image


def moving_disks(n_frames: int = 6, step_px: float = 3.0) -> np.ndarray:
    """Return three disks that move right, one of them missing in frame 3; shape (T, 64, 128)."""
    frames = np.full((n_frames, 64, 128), 10, np.uint16)
    for t in range(n_frames):
        for index, (y, x) in enumerate(((12, 15), (32, 20), (52, 25))):
            if not (index == 1 and t == 3):
                frames[t][disk((64, 128), y, x + step_px * t, 6)] = 200
    return frames


def movie_of(array: np.ndarray, axes: str | None = None, **options: object) -> Movie:
    """Wrap an array as a movie: YX or TYX unless said otherwise."""
    return movie_from_array(array, axes or {2: "YX", 3: "TYX"}[array.ndim], **options)  # type: ignore[arg-type]


def objects_at(places: Sequence[Sequence[tuple[float, float]]]) -> pd.DataFrame:
    """Return an object table from the (y, x) places of the cells of each frame."""
    rows = [(frame, y, x) for frame, cells in enumerate(places) for y, x in cells]
    table = pd.DataFrame(rows, columns=[FRAME, Y_PX, X_PX])
    return table.astype({FRAME: np.int64, Y_PX: float, X_PX: float})
