"""Bleaching of traces: how much darker all cells have become since the first frame."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import least_squares

from napari_celltrack.errors import RecipeError

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]

Correction = Literal["none", "exponential", "population"]

#: With fewer cells than this, activity does not average out over the population.
MIN_CELLS = 5
#: Events make cells brighter, so bleaching is measured at this low quantile of the values.
LOW = 0.1
#: A decay cannot be measured from fewer frames than this.
MIN_FRAMES = 5


def bleaching_factors(ids: Ids, frame: Ids, f: Floats, how: Correction) -> Floats:
    """Return by how much each value has bleached.

    Parameters
    ----------
    ids, frame : ndarray, shape (n,), int64
        Track and frame of each value.
    f : ndarray, shape (n,), float64
        Brightness, NaN where it is unknown.
    how : str
        ``"none"``; ``"exponential"``: an exponential decay to a constant, fitted to the common
        course of the cells; ``"population"``: the common course of the cells itself, frame by
        frame, which also removes activity of all cells at once.

    Returns
    -------
    ndarray, shape (n,), float64
        1 in the first frame; divide by it. All 1 if there are too few frames.

    Raises
    ------
    RecipeError
        If there are too few cells for ``"population"``.
    """
    if how == "none":
        return np.ones(len(f))
    known = np.isfinite(f)
    if how == "population" and len(np.unique(ids[known])) < MIN_CELLS:
        raise RecipeError(
            f"traces.bleaching: the ratio to the population needs {MIN_CELLS} cells and there are "
            f"{len(np.unique(ids[known]))}; choose the exponential fit."
        )
    common = _in_common(ids[known], frame[known], f[known])
    if len(common) < MIN_FRAMES:
        return np.ones(len(f))
    times = common.index.to_numpy(np.float64)
    curve = common.to_numpy(np.float64)
    if how == "exponential":
        curve = _exponential(times - times[0], curve)
    factors: Floats = np.interp(frame, times, curve / curve[0])
    return factors


def _in_common(ids: Ids, frame: Ids, f: Floats) -> pd.Series[float]:
    """Model brightness as a factor per track times a factor per frame; return those per frame.

    Both are low quantiles. Tracks begin and end while everything bleaches, so a mean over the
    tracks present in a frame would jump.
    """
    table = pd.DataFrame({"id": ids, "frame": frame, "f": f})
    of_frame: pd.Series[float] = pd.Series(1.0, index=np.unique(frame))
    for _ in range(20):
        of_track = (table["f"] / table["frame"].map(of_frame)).groupby(table["id"]).quantile(LOW)
        level = table["id"].map(of_track)
        bright = level > 0
        before = of_frame
        of_frame = (table["f"] / level)[bright].groupby(table["frame"][bright]).quantile(LOW)
        of_frame = of_frame[of_frame > 0]
        if len(of_frame) == len(before) and np.allclose(of_frame, before, rtol=1e-4):
            break
        table = table[table["frame"].isin(of_frame.index)]
    return of_frame


def _exponential(time: Floats, curve: Floats) -> Floats:
    """Return the decay to a constant that fits best; transients count little."""
    start, end = float(np.median(curve[:MIN_FRAMES])), float(np.median(curve[-MIN_FRAMES:]))
    duration = float(time[-1])
    noise = 1.4826 * float(np.median(np.abs(np.diff(curve)))) / np.sqrt(2)

    def decay(parameters: Floats) -> Floats:
        height, floor, rate = parameters
        fitted: Floats = floor + height * np.exp(-rate * time)
        return fitted

    guess = [max(start - end, 1e-3 * start), max(end, 1e-3 * start), 1 / duration]

    def off(parameters: Floats) -> Floats:
        return decay(parameters) - curve

    found = least_squares(
        off,
        guess,
        bounds=([0, 0, 0], [np.inf, np.inf, 10 / MIN_FRAMES]),
        loss="soft_l1",
        f_scale=max(noise, 1e-3 * start),
        x_scale=np.maximum(np.abs(guess), 1e-6),
    )
    return decay(found.x)
