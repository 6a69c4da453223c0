"""Baseline F0 of a trace: the intensity of a cell at rest."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field
from scipy import ndimage

from napari_celltrack.errors import RecipeError
from napari_celltrack.settings import Settings

Floats = npt.NDArray[np.float64]

#: A shorter window in s is refused: the baseline of a value would be that value itself, or the
#: lower of two, and dF/F would be near 0 everywhere.
MIN_WINDOW_FRAMES = 3


class _Window(Settings):
    """A window of time around each frame."""

    window_s: float = Field(
        60.0,
        gt=0,
        le=1e6,
        title="Window",
        description=(
            "How much of the trace round a frame its baseline is taken from; several times as "
            "long as a transient."
        ),
    )
    window_frames: int | None = Field(
        None,
        ge=1,
        le=1_000_000,
        title="Window in frames",
        description="The same in frames, in place of the window in s, when it is not left empty.",
    )

    def length(self, interval_s: float | None) -> int:
        """Return the length of the window in values of the trace.

        Raises
        ------
        RecipeError
            If it is given in s and the time between frames is unknown, or the window is shorter
            than :data:`MIN_WINDOW_FRAMES` frames.
        """
        if self.window_frames is not None:
            return self.window_frames
        if interval_s is None or not np.isfinite(interval_s):
            raise RecipeError(
                "traces.baseline.window_s: the time between frames is not known; set "
                "input.frame_interval_s, or give the baseline a window in frames."
            )
        n_frames = int(self.window_s / interval_s + 1e-9)
        if n_frames < MIN_WINDOW_FRAMES:
            raise RecipeError(
                f"traces.baseline.window_s: {self.window_s:g} s are less than {MIN_WINDOW_FRAMES} "
                f"frames of {interval_s:g} s each; set it to {MIN_WINDOW_FRAMES * interval_s:g} s "
                "or more, or give the baseline a window in frames."
            )
        return n_frames


class RunningPercentile(_Window):
    """A low percentile of what lies round each frame: follows slow changes, not transients."""

    method: Literal["running_percentile"] = "running_percentile"
    percentile: float = Field(
        8.0,
        ge=0,
        le=100,
        title="Percentile",
        description=(
            "Which part of the values lies below the baseline, in %; lower it for cells that are "
            "active most of the time."
        ),
    )

    def __call__(self, trace: Floats, interval_s: float | None = None) -> Floats:
        """Return the baseline of a trace.

        Parameters
        ----------
        trace : ndarray, shape (T,), float64
            Values at equal intervals; NaN in gaps, which are ignored.
        interval_s : float, optional
            Time between values.

        Returns
        -------
        ndarray, shape (T,), float64
            At the ends of the trace the window is shorter.
        """
        rolling = pd.Series(trace).rolling(self.length(interval_s), center=True, min_periods=1)
        return rolling.quantile(self.percentile / 100).to_numpy(np.float64)


class Maximin(_Window, title="Maximin (suite2p)"):
    """The highest of the lowest values of the smoothed trace, as suite2p does it."""

    method: Literal["maximin"] = "maximin"
    sigma_frames: float = Field(
        10.0,
        ge=0,
        le=10_000,
        title="Smoothing",
        description="Sigma of the Gaussian that removes noise first; about a transient.",
    )

    def __call__(self, trace: Floats, interval_s: float | None = None) -> Floats:
        """Return the baseline of a trace, see :meth:`RunningPercentile.__call__`.

        Gaps are bridged by straight lines; beyond its ends the trace is mirrored.

        References
        ----------
        M. Pachitariu et al., "Suite2p: beyond 10,000 neurons with standard two-photon
        microscopy", 2016; its option ``baseline = "maximin"``.
        """
        length = self.length(interval_s)
        smooth = bridged(trace)
        if self.sigma_frames > 0:
            smooth = ndimage.gaussian_filter1d(smooth, self.sigma_frames)
        lowest = ndimage.minimum_filter1d(smooth, length)
        return np.asarray(ndimage.maximum_filter1d(lowest, length), np.float64)


class FirstFrames(Settings):
    """The mean of the first frames in which the cell was seen, as before a stimulus."""

    method: Literal["first_frames"] = "first_frames"
    n_frames: int = Field(
        10, ge=1, le=1_000_000, title="Frames", description="How many frames are averaged."
    )

    def __call__(self, trace: Floats, interval_s: float | None = None) -> Floats:
        """Return the baseline of a trace, see :meth:`RunningPercentile.__call__`."""
        seen = trace[~np.isnan(trace)][: self.n_frames]
        return np.full(len(trace), seen.mean() if len(seen) else np.nan)


class WholePercentile(Settings, title="Percentile of all frames"):
    """A low percentile of the whole trace: one number, which drift and bleaching would spoil."""

    method: Literal["whole_percentile"] = "whole_percentile"
    percentile: float = Field(
        8.0,
        ge=0,
        le=100,
        title="Percentile",
        description="Which part of the values lies below the baseline, in %.",
    )

    def __call__(self, trace: Floats, interval_s: float | None = None) -> Floats:
        """Return the baseline of a trace, see :meth:`RunningPercentile.__call__`."""
        seen = trace[~np.isnan(trace)]
        level = np.percentile(seen, self.percentile) if len(seen) else np.nan
        return np.full(len(trace), level)


Baseline = RunningPercentile | Maximin | FirstFrames | WholePercentile


def bridged(trace: Floats) -> Floats:
    """Return a trace with straight lines over its NaN, shape (T,); all NaN stays so."""
    known = np.flatnonzero(~np.isnan(trace))
    if len(known) in (0, len(trace)):
        return trace
    return np.interp(np.arange(len(trace)), known, trace[known])
