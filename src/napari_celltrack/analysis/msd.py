"""Mean squared displacement of cells by lag, and the kind of motion that it shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_celltrack.analysis.motion import detections_of, drift_at, frame_step, is_first
from napari_celltrack.tables import (
    ENSEMBLE_MSD_COLUMNS,
    FRAME,
    LAG_FRAMES,
    LAG_S,
    MSD_COLUMNS,
    MSD_PX2,
    MSD_UM2,
    N_INDEPENDENT,
    N_STEPS,
    N_TRACKS,
    TRACK_ID,
    X_PX,
    Y_PX,
    as_table,
)

Floats = npt.NDArray[np.float64]

#: Fewest and most lags of a fit; at long lags there are few pairs to average.
MIN_LAGS, MAX_LAGS = 3, 10


@dataclass(frozen=True)
class MsdFit:
    """The kind of motion that a curve of mean squared displacements shows.

    Parameters
    ----------
    diffusion_px2_per_frame, diffusion_um2_per_s : float or None
        Diffusion coefficient, the slope over twice the number of dimensions; in µm only for a
        calibrated movie.
    alpha : float or None
        Exponent of the growth with time: 1 is random, below 1 confined, near 2 directed motion.
    offset_px2 : float or None
        Offset of the straight line: 4 times the squared error of a position, in two dimensions.
    n_lags : int
        Number of lags that were fitted.
    sentence : str
        The result in words, or why there is none.
    """

    diffusion_px2_per_frame: float | None
    diffusion_um2_per_s: float | None
    alpha: float | None
    offset_px2: float | None
    n_lags: int
    sentence: str


def msd(
    objects: pd.DataFrame,
    max_lag_frames: int = 100,
    pixel_size_um: tuple[float, float] | None = None,
    frame_interval_s: float | None = None,
    drift: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Average the squared displacement of each track over all pairs of detections one lag apart.

    Parameters
    ----------
    objects : DataFrame
        With `track_id` (rows with 0 are left out), `frame`, `y_px`, `x_px`.
    max_lag_frames : int
        Longest lag.
    pixel_size_um : (float, float), optional
        Height and width of a pixel; `msd_um2` is NaN without it.
    frame_interval_s : float, optional
        `lag_s` is NaN without it.
    drift : DataFrame, optional
        Subtracted from positions first, see :func:`~napari_celltrack.analysis.motion.steps`.

    Returns
    -------
    DataFrame
        One row per track and lag, sorted by both; columns of
        :data:`~napari_celltrack.tables.MSD_COLUMNS`. NaN where gaps leave no pair; a track with
        one detection has no rows.

    References
    ----------
    H. Qian, M. P. Sheetz, E. L. Elson, "Single particle tracking", Biophysical Journal 1991, whose
    equation B4 gives `n_independent`. Equal to ``trackpy.motion.imsd``.
    """
    rows = detections_of(objects)
    frame = rows[FRAME].to_numpy(np.int64)
    place = rows[[Y_PX, X_PX]].to_numpy(np.float64)
    if drift is not None:
        place = place - drift_at(drift, frame)
    unit = frame_step(objects[FRAME].to_numpy(np.int64))
    first = np.flatnonzero(is_first(rows[TRACK_ID].to_numpy(np.int64)))
    last = np.append(first[1:], len(rows)) - 1 if len(first) else first
    track_id = rows[TRACK_ID].to_numpy(np.int64)[first]
    n_seen = last - first + 1
    length = (frame[last] - frame[first]) // unit + 1

    # The places of all tracks in one array, one after another, with NaN in the gaps.
    owner = np.repeat(np.arange(len(first)), length)
    begin = np.cumsum(length) - length
    line = np.full((len(owner), 2), np.nan)
    at = np.repeat(begin, n_seen) + (frame - np.repeat(frame[first], n_seen)) // unit
    line[at] = place

    n_lags = int(min(max_lag_frames // unit, length.max(initial=1) - 1))
    squares = np.full((len(first), n_lags, 2), np.nan)
    n_steps = np.zeros((len(first), n_lags), np.int64)
    for lag in range(1, n_lags + 1):
        moved = line[lag:] - line[:-lag]
        known = np.flatnonzero((owner[lag:] == owner[:-lag]) & ~np.isnan(moved[:, 0]))
        whose = owner[known]
        n = np.bincount(whose, minlength=len(first))
        for axis in (0, 1):
            total = np.bincount(whose, weights=moved[known, axis] ** 2, minlength=len(first))
            np.divide(total, n, out=squares[:, lag - 1, axis], where=n > 0)
        n_steps[:, lag - 1] = n
    track, index = np.nonzero(np.arange(1, n_lags + 1) < length[:, None])
    lags = (index + 1) * unit
    taken = squares[track, index]
    size = np.array(pixel_size_um or (np.nan, np.nan))
    columns = {
        TRACK_ID: track_id[track],
        LAG_FRAMES: lags,
        LAG_S: lags * (np.nan if frame_interval_s is None else frame_interval_s),
        MSD_PX2: taken.sum(axis=1),
        MSD_UM2: (taken * size**2).sum(axis=1),
        N_STEPS: n_steps[track, index],
        N_INDEPENDENT: _independent(length, n_seen, n_steps)[track, index],
    }
    return as_table(columns, MSD_COLUMNS)


def ensemble_msd(curves: pd.DataFrame) -> pd.DataFrame:
    """Average the curves of all tracks, weighted by their numbers of independent pairs.

    Parameters
    ----------
    curves : DataFrame
        Of :func:`msd`.

    Returns
    -------
    DataFrame
        One row per lag; columns of :data:`~napari_celltrack.tables.ENSEMBLE_MSD_COLUMNS`. Equal to
        ``trackpy.motion.emsd``.
    """
    known = curves[curves[N_INDEPENDENT] > 0]
    weight = known[N_INDEPENDENT]
    weighted = pd.DataFrame(
        {
            LAG_FRAMES: known[LAG_FRAMES],
            MSD_PX2: known[MSD_PX2] * weight,
            MSD_UM2: known[MSD_UM2] * weight,
            N_INDEPENDENT: weight,
            N_TRACKS: 1,
        }
    )
    # With min_count, a sum of NaN alone stays NaN.
    total = weighted.groupby(LAG_FRAMES).sum(min_count=1)
    columns = {
        LAG_FRAMES: total.index,
        LAG_S: known.groupby(LAG_FRAMES)[LAG_S].first(),
        MSD_PX2: total[MSD_PX2] / total[N_INDEPENDENT],
        MSD_UM2: total[MSD_UM2] / total[N_INDEPENDENT],
        N_INDEPENDENT: total[N_INDEPENDENT],
        N_TRACKS: total[N_TRACKS],
    }
    arrays = {name: np.asarray(column) for name, column in columns.items()}
    return as_table(arrays, ENSEMBLE_MSD_COLUMNS)


def fit_msd(curve: pd.DataFrame, dims: int = 2, n_lags: int | None = None) -> MsdFit:
    """Fit a curve: a straight line for the diffusion coefficient, a power law for the exponent.

    Parameters
    ----------
    curve : DataFrame
        Of :func:`ensemble_msd`, or the rows of one track of :func:`msd`.
    dims : int
        Dimensions in which cells move.
    n_lags : int, optional
        How many of the shortest lags to fit; by default a quarter of them, 4 to 10.

    Returns
    -------
    MsdFit
        With None and the reason where there are fewer than three lags or no motion.
    """
    known = curve[np.isfinite(curve[MSD_PX2])].sort_values(LAG_FRAMES)
    wanted = n_lags or int(np.clip(len(known) // 4, 4, MAX_LAGS))
    known = known.iloc[:wanted]
    if len(known) < MIN_LAGS:
        return _no_fit(
            f"The tracks are too short for a fit: it takes {MIN_LAGS} lags and there are "
            f"{len(known)}; follow cells over more frames."
        )
    lag, square = known[LAG_FRAMES].to_numpy(np.float64), known[MSD_PX2].to_numpy(np.float64)
    # The error of a mean squared displacement grows with its lag.
    slope, offset = np.polyfit(lag, square, 1, w=1 / lag)
    if slope <= 0 or square.min() <= 0:
        return _no_fit("Displacements do not grow with time: these cells stay where they are.")
    alpha = float(np.polyfit(np.log(lag), np.log(square), 1)[0])
    diffusion_um2_per_s = None
    if np.isfinite(known[[MSD_UM2, LAG_S]].to_numpy()).all():
        of_um = np.polyfit(known[LAG_S], known[MSD_UM2], 1, w=1 / lag)
        diffusion_um2_per_s = float(of_um[0]) / (2 * dims)
    diffusion = float(slope) / (2 * dims)
    shown = (
        f"{diffusion:.3g} px²/frame"
        if diffusion_um2_per_s is None
        else f"{diffusion_um2_per_s:.3g} µm²/s"
    )
    kind = "confined" if alpha < 0.8 else "random" if alpha < 1.2 else "directed"
    sentence = f"D = {shown}; the exponent {alpha:.2f} is that of {kind} motion."
    return MsdFit(diffusion, diffusion_um2_per_s, alpha, float(offset), len(known), sentence)


def _no_fit(sentence: str) -> MsdFit:
    return MsdFit(None, None, None, None, 0, sentence)


def _independent(
    length: npt.NDArray[np.int64], n_seen: npt.NDArray[np.int64], n_steps: npt.NDArray[np.int64]
) -> Floats:
    """Return the number of independent pairs of each track and lag, (n_tracks, n_lags)."""
    lag = np.arange(1.0, n_steps.shape[1] + 1)[None]
    n = length[:, None].astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        far = 1 / (1 + ((n - lag) ** 3 + 5 * lag - 4 * (n - lag) ** 2 * lag - n)
                   / (6 * (n - lag) * lag**2))  # fmt: skip
        near = 6 * (n - lag) ** 2 * lag / (2 * n - lag + 4 * n * lag**2 - 5 * lag**3)
    worth = np.where(lag > n / 2, far, near) * (n_seen[:, None] / n)
    worth = np.where(lag < n, worth, 0)
    # The weight of lags without pairs goes to the others, so that a track keeps its weight.
    left = np.where(n_steps > 0, worth, 0)
    total = left.sum(axis=1, keepdims=True)
    scale = np.divide(
        worth.sum(axis=1, keepdims=True), total, out=np.ones_like(total), where=total > 0
    )
    weight: Floats = left * scale
    return weight
