"""Mean squared displacement over lag."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from napari_celltrack.analysis import MsdFit
from napari_celltrack.plots.lines import draw_lines, finite_points
from napari_celltrack.plots.plot import Plot
from napari_celltrack.plots.style import STYLES, Floats, Style, StyleName, new_axes, put_legend
from napari_celltrack.plots.units import is_known, time_unit
from napari_celltrack.tables import LAG_FRAMES, LAG_S, MSD_PX2, MSD_UM2, TRACK_ID

#: Ranges of x and y below which powers of ten alone are too few ticks.
_SHORT = 300.0, 20.0


def plot_msd(
    msd: pd.DataFrame,
    ensemble: pd.DataFrame | None = None,
    fit: MsdFit | None = None,
    *,
    ax: Axes | None = None,
    style: StyleName = "dark",
    selected: Collection[int] = (),
) -> Plot:
    """Draw the mean squared displacement of every track, of all, and its fit; both axes are log.

    Parameters
    ----------
    msd : DataFrame
        Of :func:`napari_celltrack.analysis.msd.msd`.
    ensemble : DataFrame, optional
        Of :func:`napari_celltrack.analysis.ensemble_msd`.
    fit : MsdFit, optional
        Of the ensemble; D and α stand in the legend.
    ax, style, selected
        As in :func:`~napari_celltrack.plots.plot_paths`.

    Returns
    -------
    Plot
        Its points have no frame. Values of 0 cannot be drawn.
    """
    look = STYLES[style]
    ax = new_axes(ax, look, (4.4, 3.6))
    in_um, in_s = is_known(msd, MSD_UM2), is_known(msd, LAG_S)
    name, length = time_unit(float(msd[LAG_S].max())) if in_s else ("frames", 1.0)

    def xy(table: pd.DataFrame) -> tuple[Floats, Floats]:
        x = table[LAG_S if in_s else LAG_FRAMES].to_numpy(np.float64) / length
        y = table[MSD_UM2 if in_um else MSD_PX2].to_numpy(np.float64)
        return x, np.where(y > 0, y, np.nan)

    x, y = xy(msd)
    points = finite_points(x, y, msd[TRACK_ID].to_numpy(np.int64), None)
    if len(points.xy):
        ax.set_xscale("log")
        ax.set_yscale("log")
        _put_ticks(ax, look, points.xy)
    ax.set_xlabel(f"lag ({name})")
    ax.set_ylabel(f"mean squared displacement ({'µm²' if in_um else 'px²'})")
    if len(points.xy) and ensemble is not None and len(ensemble):
        mean_x, mean_y = xy(ensemble)
        ax.plot(mean_x, mean_y, color=look.text, lw=2, label="all tracks", zorder=3)
        if fit is not None and fit.alpha is not None and np.isfinite(mean_y).any():
            # The power law through the mean of the fitted values.
            used = np.flatnonzero(np.isfinite(mean_y))[: fit.n_lags]
            level = np.mean(np.log(mean_y[used]) - fit.alpha * np.log(mean_x[used]))
            label = f"{_diffusion(fit)}, α = {fit.alpha:.2f}"
            line = np.exp(level) * mean_x[used] ** fit.alpha
            ax.plot(mean_x[used], line, "--", color=look.cursor, lw=1.6, label=label, zorder=4)
        put_legend(ax, look)
    empty = "No track is long enough for a mean squared displacement."
    return draw_lines(ax, look, points, empty=empty, selected=selected)


def _put_ticks(ax: Axes, style: Style, xy: Floats) -> None:
    """Label powers of ten as plain numbers, and some values between if there are few powers."""
    ax.tick_params(which="minor", colors=style.text, labelsize=style.font_pt - 1, length=2)
    for axis, values, short in zip((ax.xaxis, ax.yaxis), xy.T, _SHORT, strict=True):
        is_short = values.max() < short * values.min()
        axis.set_major_locator(LogLocator(numticks=5))
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.set_minor_locator(LogLocator(subs=(2.0, 5.0) if is_short else (1.0,), numticks=12))
        axis.set_minor_formatter(StrMethodFormatter("{x:g}") if is_short else NullFormatter())


def _diffusion(fit: MsdFit) -> str:
    if fit.diffusion_um2_per_s is not None:
        return f"D = {fit.diffusion_um2_per_s:.3g} µm²/s"
    return f"D = {fit.diffusion_px2_per_frame:.3g} px²/frame"
