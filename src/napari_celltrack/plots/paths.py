"""Paths of cells."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from napari_celltrack.plots.lines import draw_lines, finite_points
from napari_celltrack.plots.plot import Plot, Points
from napari_celltrack.plots.style import STYLES, StyleName, new_axes
from napari_celltrack.plots.units import is_known
from napari_celltrack.tables import FRAME, TRACK_ID, X_PX, X_UM, Y_PX, Y_UM


def plot_paths(
    objects: pd.DataFrame,
    *,
    from_origin: bool = False,
    ax: Axes | None = None,
    style: StyleName = "dark",
    selected: Collection[int] = (),
) -> Plot:
    """Draw the path of every centroid, y downwards as in the image.

    Parameters
    ----------
    objects : DataFrame
        With `track_id` (rows with 0 are left out), `frame`, `y_px`, `x_px`, and `y_um`, `x_um`
        where calibrated.
    from_origin : bool
        Whether all paths begin at (0, 0) instead of their true places.
    ax : Axes, optional
        Where to draw; a new figure if left out.
    style : {"dark", "light", "print"}
        Colours.
    selected : collection of int
        Tracks to highlight.

    Returns
    -------
    Plot
        In µm if calibrated, otherwise in px.
    """
    look = STYLES[style]
    ax = new_axes(ax, look, (4.0, 4.0))
    unit, y, x = ("µm", Y_UM, X_UM) if is_known(objects, Y_UM) else ("px", Y_PX, X_PX)
    points = finite_points(
        objects[x].to_numpy(np.float64),
        objects[y].to_numpy(np.float64),
        objects[TRACK_ID].to_numpy(np.int64),
        objects[FRAME].to_numpy(np.int64),
    )
    ax.set_xlabel(f"x from start ({unit})" if from_origin else f"x ({unit})")
    ax.set_ylabel(f"y from start ({unit})" if from_origin else f"y ({unit})")
    if from_origin and len(points.xy):
        _, first, whose = np.unique(points.track_id, return_index=True, return_inverse=True)
        points = Points(points.xy - points.xy[first][whose], points.track_id, points.frame)
        for line in (ax.axhline, ax.axvline):
            line(0, color=look.quiet, lw=0.6, zorder=0)
    if not ax.yaxis_inverted():
        ax.invert_yaxis()
    ax.set_aspect("equal", adjustable="datalim" if from_origin else "box")
    return draw_lines(ax, look, points, empty="There are no tracks to draw.", selected=selected)
