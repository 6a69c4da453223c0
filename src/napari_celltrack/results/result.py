"""Results: what ``celltrack run`` wrote for a file, read back."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from napari_celltrack.errors import ResultError
from napari_celltrack.plots.numbers import Numbers
from napari_celltrack.recipe import Recipe
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
    folder = result_folder(path)
    recipe = Recipe.load(folder / "recipe.yaml")
    tables = {name: _table(folder / f"{name}.csv", needed) for name, needed in _TABLES.items()}
    drift = None
    if recipe.motion.subtract_drift:
        drift = _table(folder / "drift.csv", (FRAME, DRIFT_Y_PX, DRIFT_X_PX))
    try:
        source = json.loads((folder / "run.json").read_text(encoding="utf-8"))["input"]
        size, interval = source["pixel_size_um"], source["frame_interval_s"]
        size_um = None if size is None else (float(size[0]), float(size[1]))
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise ResultError(f"{folder / 'run.json'} cannot be read; run the recipe again.") from error
    return numbers_of(
        recipe, **tables, drift=drift, pixel_size_um=size_um, frame_interval_s=interval
    )


def result_folder(path: Path) -> Path:
    """Return the folder of one result.

    Parameters
    ----------
    path : Path
        That folder, or one that holds a single such folder.

    Raises
    ------
    ResultError
        If there is none, or several.
    """
    if not path.is_dir():
        raise ResultError(f"{path} is no folder; give the folder that celltrack run wrote.")
    if (path / "objects.csv").is_file():
        return path
    inside = sorted(file.parent for file in path.glob("[!.]*/objects.csv"))
    if not inside:
        raise ResultError(
            f"{path} holds no result (there is no objects.csv); give a folder that celltrack run "
            "wrote, with the tables as CSV."
        )
    if len(inside) > 1:
        names = ", ".join(folder.name for folder in inside[:5])
        raise ResultError(
            f"{path} holds {len(inside)} results; choose one of its folders: {names}"
            f"{', …' if len(inside) > 5 else ''}."
        )
    return inside[0]


def _table(file: Path, needed: Collection[str]) -> pd.DataFrame:
    try:
        table = pd.read_csv(file)
    except (OSError, ValueError) as error:
        raise ResultError(f"{file} cannot be read; run the recipe again.") from error
    missing = [name for name in needed if name not in table]
    if missing:
        raise ResultError(f"{file} has no column {missing[0]}; run the recipe again.")
    # Without rows a file does not say what is a number.
    return table if len(table) else table.astype({name: float for name in table if name != "file"})
