"""Results: what ``celltrack run`` wrote for a file, read back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from napari_celltrack.errors import ResultError
from napari_celltrack.plots.numbers import Numbers
from napari_celltrack.recipe import Recipe
from napari_celltrack.results.result_folder import ResultFolder
from napari_celltrack.tables import (
    COUNT_COLUMNS,
    DRIFT_X_PX,
    DRIFT_Y_PX,
    FRAME,
    N_CELLS,
    OBJECT_COLUMNS,
    START_FRAME,
    TRACK_COLUMNS,
    TRACK_ID,
    X_PX,
    Y_PX,
)

#: Types of the columns that are known, and how those of measured brightness end.
_KNOWN = {**OBJECT_COLUMNS, **TRACK_COLUMNS, **COUNT_COLUMNS}
_MEASURED = ("_mean", "_median", "_min", "_max", "_std", "_total")
#: No frame, label or track has a larger number.
_LARGEST = 2**31
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
        channel=str(recipe.input.channel or 0),
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
    """Read a table, and make sure that its numbers are some: people edit tables in spreadsheets."""
    table = folder.table(name, needed)
    if not len(table):
        # Without rows a file does not say what is a number.
        empty: pd.DataFrame = table.astype({name: float for name in table if name != "file"})
        return empty
    for column in table.columns:
        is_known = column in _KNOWN or str(column).endswith(_MEASURED)
        if (is_known or column in needed) and not _holds_numbers(table[column], str(column)):
            raise ResultError(
                f"{folder.path / name}.csv is not as a run has written it, {column} holds no "
                "numbers that it can hold; run the recipe again."
            )
    if name == "objects":
        tracked = table[table[TRACK_ID] > 0]
        twice = tracked[tracked.duplicated([TRACK_ID, FRAME])]
        if len(twice):
            raise ResultError(
                f"{folder.path / name}.csv has track {twice[TRACK_ID].iloc[0]} twice in frame "
                f"{twice[FRAME].iloc[0]}; run the recipe again."
            )
    return table


def _holds_numbers(values: pd.Series, column: str) -> bool:
    if not is_numeric_dtype(values.dtype) or is_bool_dtype(values.dtype):
        return False
    if _KNOWN.get(column) is not np.int64:
        return not np.isinf(values.to_numpy(float)).any()
    numbers = values.to_numpy(float)
    is_whole = (np.abs(numbers) < _LARGEST) & (numbers == np.round(numbers))  # NaN is neither
    return bool(is_whole.all())
