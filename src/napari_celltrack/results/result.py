"""Results: what ``celltrack run`` wrote for a file, read back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from napari_celltrack.plots.numbers import Numbers
from napari_celltrack.recipe import Recipe
from napari_celltrack.results.result_folder import ResultFolder
from napari_celltrack.tables import (
    DRIFT_X_PX,
    DRIFT_Y_PX,
    FRAME,
    N_CELLS,
    START_FRAME,
    TRACK_ID,
    X_PX,
    Y_PX,
)

#: Files of a result, and columns without which they are not that.
_TABLES = {
    "objects": (TRACK_ID, FRAME, Y_PX, X_PX),
    "tracks": (TRACK_ID, START_FRAME),
    "counts": (FRAME, N_CELLS),
}


@dataclass(frozen=True, eq=False)
class Result(Numbers):
    """What `celltrack run` has written for one file.

    The calibration is that of the recipe if set there, and that of the movie otherwise.

    Parameters
    ----------
    recipe : Recipe
        How it was made.
    """

    recipe: Recipe


def numbers_of(
    recipe: Recipe,
    *,
    objects: pd.DataFrame,
    tracks: pd.DataFrame,
    counts: pd.DataFrame,
    drift: pd.DataFrame | None,
    pixel_size_um: tuple[float, float] | None,
    frame_interval_s: float | None,
) -> Result:
    """Return what plots of some tables are made of.

    Parameters
    ----------
    recipe : Recipe
        How they were made; its calibration comes before that of the movie.
    objects, tracks, counts : DataFrame
        As of :mod:`napari_celltrack.tables`.
    drift : DataFrame or None
        What was taken out before linking; used if the recipe subtracts drift from motion.
    pixel_size_um : (float, float) or None
        Height and width of a pixel of the movie.
    frame_interval_s : float or None
        Of the movie.

    Returns
    -------
    Result
    """
    side_um = recipe.input.pixel_size_um
    return Result(
        objects=objects,
        tracks=tracks,
        counts=counts,
        drift=recipe.motion.drift_of(objects, drift),
        pixel_size_um=pixel_size_um if side_um is None else (side_um, side_um),
        frame_interval_s=recipe.input.frame_interval_s or frame_interval_s,
        traces=recipe.traces,
        channel=str(recipe.input.channel),
        recipe=recipe,
    )


def read_result(path: Path) -> Result:
    """Read what `celltrack run` has written for one file.

    Parameters
    ----------
    path : Path
        Its folder, or one that holds a single such folder.

    Returns
    -------
    Result

    Raises
    ------
    CelltrackError
        If it is no result or holds several, or a file of it is missing or broken.
    """
    folder = ResultFolder.only_one(path)
    recipe = folder.recipe()
    tables = {name: _table(folder, name, needed) for name, needed in _TABLES.items()}
    drift = None
    if recipe.motion.subtract_drift:
        drift = _table(folder, "drift", (FRAME, DRIFT_Y_PX, DRIFT_X_PX))
    size_um, interval_s = folder.calibration()
    return numbers_of(
        recipe, **tables, drift=drift, pixel_size_um=size_um, frame_interval_s=interval_s
    )


def _table(folder: ResultFolder, name: str, needed: Collection[str]) -> pd.DataFrame:
    table = folder.table(name, needed)
    # Without rows a file does not say what is a number.
    return table if len(table) else table.astype({name: float for name in table if name != "file"})
