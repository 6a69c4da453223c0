"""Style of plots: three styles, and the colours of tracks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

StyleName = Literal["dark", "light", "print"]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Style:
    """Colours and widths of a plot.

    Parameters
    ----------
    background, text, quiet, cursor : str
        Colours of the background, of text and axes, of zero lines and dots, of the frame in view.
    line_pt, selected_pt, font_pt : float
        Widths of lines and of selected lines, and size of text, in points.
    """

    background: str
    text: str
    quiet: str
    cursor: str
    line_pt: float = 0.9
    selected_pt: float = 2.0
    font_pt: float = 8.0


STYLES: Mapping[StyleName, Style] = {
    "dark": Style("#262930", "#c9cbd1", "#6b6e78", "#4da3ff"),
    "light": Style("#efebe9", "#3b3a39", "#a5a2a0", "#0b63c4"),
    "print": Style("#ffffff", "#000000", "#a0a0a0", "#0b63c4", line_pt=0.8),
}


def track_colours(track_ids: npt.ArrayLike, all_ids: npt.ArrayLike | None = None) -> Floats:
    """Return the colours of tracks in a Tracks layer of napari that is coloured by id in turbo.

    Parameters
    ----------
    track_ids : array_like, shape (n,)
        Ids of the tracks to colour.
    all_ids : array_like, optional
        Ids of all tracks of the layer; the colour map covers their range. By default `track_ids`.

    Returns
    -------
    ndarray, shape (n, 4), float64
        Red, green, blue, alpha from 0 to 1.
    """
    ids = np.atleast_1d(np.asarray(track_ids, np.float64))
    span = ids if all_ids is None else np.atleast_1d(np.asarray(all_ids, np.float64))
    if not len(ids):
        return np.zeros((0, 4))
    # As in `Tracks._recolor_tracks` and `Colormap.map` of napari, with its linear interpolation.
    share = (ids - span.min()) / max(1e-10, float(np.ptp(span)))
    turbo = matplotlib.colormaps["turbo"](np.arange(256))
    places = np.linspace(0, 1, 256)
    return np.stack([np.interp(share, places, turbo[:, band]) for band in range(4)], axis=-1)


def new_axes(ax: Axes | None, style: Style, size_in: tuple[float, float] = (4.8, 3.0)) -> Axes:
    """Return axes in the colours of a style: those given, or those of a new figure."""
    if ax is None:
        figure = Figure(figsize=size_in, dpi=100, layout="constrained")
        figure.set_facecolor(style.background)
        ax = figure.add_subplot()
    ax.set_facecolor(style.background)
    for side, spine in ax.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(style.quiet)
        spine.set_linewidth(0.8)
    ax.tick_params(colors=style.text, labelsize=style.font_pt - 1, length=3, width=0.8)
    for label in (ax.xaxis.label, ax.yaxis.label):
        label.set_color(style.text)
        label.set_fontsize(style.font_pt)
    return ax


def say(ax: Axes, style: Style, sentence: str) -> None:
    """Show a sentence in axes without data."""
    ax.set_xticks([])
    ax.set_yticks([])
    ax.text(
        0.5, 0.5, sentence, transform=ax.transAxes, ha="center", va="center",
        color=style.text, fontsize=style.font_pt, wrap=True,
    )  # fmt: skip


def put_legend(ax: Axes, style: Style) -> None:
    """Show the legend above the axes, where no curve crosses it."""
    ax.legend(
        loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2, frameon=False,
        fontsize=style.font_pt - 1, labelcolor=style.text,
    )  # fmt: skip
