"""Pictures of the report, as data that stands in the page itself.

Curves are SVG that takes the colours of the page, light or dark; what has very many lines is drawn
as pixels inside of it.
"""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from napari_celltrack.plots.lines import finite_points
from napari_celltrack.plots.style import STYLES, track_colours
from napari_celltrack.plots.units import column_label, is_known, time_axis
from napari_celltrack.results.report.svg_axes import (
    THEMED,
    SvgAxes,
    bars,
    chart_uri,
    curve,
    data_uri,
    lines,
)
from napari_celltrack.tables import (
    AREA_PX2,
    AREA_UM2,
    FRAME,
    N_CELLS,
    TRACK_ID,
    X_PX,
    X_UM,
    Y_PX,
    Y_UM,
)
from napari_celltrack.whole_files import file_at

#: Sizes of charts on the page, and bins that can still be told apart there.
_LOW_PX, _HIGH_PX, _MOST_BINS = (326.0, 168.0), (326.0, 288.0), 40
#: The outline picture is kept so well that its thin lines stay clear, at a seventh of its size.
_WEBP_QUALITY = 88
_TEXT = STYLES["print"].text


def outlines_uri(folder: Path) -> str:
    """Return the outline picture of a result; empty where there is none that can be read."""
    try:
        data = np.frombuffer(file_at(folder / "preview.png").read_bytes(), np.uint8)
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
    except (OSError, cv2.error):
        return ""
    if picture is None:
        return ""
    options = [cv2.IMWRITE_WEBP_QUALITY, _WEBP_QUALITY]
    done, small = cv2.imencode(".webp", picture, options)
    return data_uri("image/webp", small.tobytes()) if done else ""


def counts_uri(counts: pd.DataFrame) -> str:
    """Draw the number of cells over time; empty where there are none."""
    time = time_axis(counts)
    n_cells = counts[N_CELLS].to_numpy(np.float64)
    xy = np.column_stack([counts[FRAME].to_numpy(np.float64) * time.per_frame, n_cells])
    xy = xy[np.isfinite(xy).all(axis=1)]
    if not len(xy):
        return ""
    first, last = xy[0, 0], xy[-1, 0]
    x = (first, last) if last > first else (first - 1, first + 1)
    y = (0.0, max(1.0, 1.08 * float(xy[:, 1].max())))
    axes = SvgAxes(*_LOW_PX, x, y, time.label, column_label(N_CELLS))
    return chart_uri(axes, curve(axes, xy))


def areas_uri(objects: pd.DataFrame) -> str:
    """Draw how large the cells are; empty where that is not known."""
    column = AREA_UM2 if is_known(objects, AREA_UM2) else AREA_PX2
    values = objects[column].to_numpy(np.float64) if column in objects else np.zeros(0)
    values = values[np.isfinite(values)]
    if not len(values):
        return ""
    n_bins = int(np.clip(len(np.histogram_bin_edges(values, "auto")) - 1, 1, _MOST_BINS))
    heights, edges = np.histogram(values, n_bins)
    y = (0.0, 1.05 * float(heights.max()))
    axes = SvgAxes(*_LOW_PX, (edges[0], edges[-1]), y, column_label(column), "cells")
    return chart_uri(axes, bars(axes, edges, heights.astype(np.float64)))


def tracks_uri(objects: pd.DataFrame) -> str:
    """Draw where the cells went, y downwards as in the image; empty where there are no tracks."""
    unit, y, x = ("µm", Y_UM, X_UM) if is_known(objects, Y_UM) else ("px", Y_PX, X_PX)
    points = finite_points(
        objects[x].to_numpy(np.float64),
        objects[y].to_numpy(np.float64),
        objects[TRACK_ID].to_numpy(np.int64),
        objects[FRAME].to_numpy(np.int64),
    )
    if not len(points.xy):
        return ""
    ids, starts = np.unique(points.track_id, return_index=True)
    low, high = points.xy.min(axis=0), points.xy.max(axis=0)
    middle = (low + high) / 2
    # Equal lengths along both axes, with some room around.
    width, height = SvgAxes(*_HIGH_PX, (0, 1), (0, 1), "", "").inner
    per_px = max(*((high - low) / (width, height)), 1e-9) * 1.06
    half = np.array([width, height]) * per_px / 2
    (left, top), (right, below) = middle - half, middle + half
    axes = SvgAxes(*_HIGH_PX, (left, right), (below, top), f"x ({unit})", f"y ({unit})")
    ends = np.append(starts[1:], len(points.xy)).astype(np.int64)
    return chart_uri(axes, lines(axes, points.xy, ends, track_colours(ids)))


def svg_uri(figure: Figure, dpi: int = 144) -> str:
    """Return a figure in the print style as an SVG in the colours of the page.

    Parameters
    ----------
    figure : Figure
        Without background.
    dpi : int
        Of what is drawn as pixels.
    """
    written = io.StringIO()
    # Letters stay letters: a tenth of the size, and the page's own font.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "report"}):
        figure.savefig(written, format="svg", dpi=dpi, transparent=True, metadata={"Date": None})
    text = written.getvalue()
    text = text[text.index("<svg") :]
    head = text.index(">") + 1
    body = text[head:].replace(_TEXT, "currentColor").replace("'DejaVu Sans'", "system-ui")
    body = body.replace("<text ", '<text fill="currentColor" ')
    return data_uri("image/svg+xml", (text[:head] + THEMED + body).encode())
