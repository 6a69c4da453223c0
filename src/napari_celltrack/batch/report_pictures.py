"""Pictures of the report, as data that stands in the page itself.

Curves are SVG that takes the colours of the page, light or dark; what has very many lines is drawn
as pixels inside of it.
"""

from __future__ import annotations

import base64
import io
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from napari_celltrack.plots import plot_counts, plot_histogram, plot_paths
from napari_celltrack.plots.style import STYLES
from napari_celltrack.plots.units import is_known
from napari_celltrack.tables import AREA_PX2, AREA_UM2, TRACK_ID

#: More corners than these are drawn as pixels, which are smaller then.
_MAX_CORNERS = 1500
#: The outline picture is kept so well that its thin lines stay clear, at a seventh of its size.
_WEBP_QUALITY = 88
#: Put into each SVG: black of the print style becomes the page's own, and stays black on paper.
_THEMED = (
    "<style>:root{color:#1c1e22}@media (prefers-color-scheme:dark){:root{color:#d7d9de}}"
    "@media print{:root{color:#000}}</style>"
)
_TEXT = STYLES["print"].text


def outlines_uri(folder: Path) -> str:
    """Return the outline picture of a result; empty where there is none that can be read."""
    try:
        data = np.frombuffer((folder / "preview.png").read_bytes(), np.uint8)
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
    except (OSError, cv2.error):
        return ""
    if picture is None:
        return ""
    options = [cv2.IMWRITE_WEBP_QUALITY, _WEBP_QUALITY]
    done, small = cv2.imencode(".webp", picture, options)
    return _uri("image/webp", small.tobytes()) if done else ""


def counts_uri(counts: pd.DataFrame) -> str:
    """Draw the number of cells over time."""
    figure, ax = _figure(3.4, 1.75)
    plot_counts(counts, ax=ax, style="print")
    return svg_uri(figure)


def areas_uri(objects: pd.DataFrame) -> str:
    """Draw how large the cells are."""
    figure, ax = _figure(3.4, 1.75)
    column = AREA_UM2 if is_known(objects, AREA_UM2) else AREA_PX2
    plot_histogram(objects, column, ax=ax, style="print")
    return svg_uri(figure)


def tracks_uri(objects: pd.DataFrame) -> str:
    """Draw where the cells went."""
    of_tracks = objects[objects[TRACK_ID] > 0]
    figure, ax = _figure(3.4, 3.0)
    plot_paths(of_tracks, ax=ax, style="print")
    if len(of_tracks) > _MAX_CORNERS:
        for lines in ax.collections:
            lines.set_zorder(0.4)
        ax.set_rasterization_zorder(0.5)
    return svg_uri(figure)


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
    return _uri("image/svg+xml", (text[:head] + _THEMED + body).encode())


def _figure(width_in: float, height_in: float) -> tuple[Figure, Axes]:
    # Fixed margins: to find the tightest takes longer than to draw.
    figure = Figure(figsize=(width_in, height_in), dpi=100)
    left, right, low, high = 0.55, 0.1, 0.42, 0.08
    ax = figure.add_axes(
        (
            left / width_in,
            low / height_in,
            1 - (left + right) / width_in,
            1 - (low + high) / height_in,
        )
    )
    return figure, ax


def _uri(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
