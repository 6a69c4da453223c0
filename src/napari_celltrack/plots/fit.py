"""Labels that fit a small plot, such as one in a dock."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase

#: Left free at the ends of a label, in px.
_FREE_PX = 9.0
#: Smaller letters are not read.
_MIN_PT = 5.0


def fit_label(ax: Axes, renderer: RendererBase) -> None:
    """Break the label of the y axis in two where the figure is too low for it.

    If that is not enough, its letters get smaller.

    Parameters
    ----------
    ax : Axes
        The figure has the size that it is drawn in.
    renderer : RendererBase
        What it is drawn with.
    """
    label, figure = ax.yaxis.label, ax.get_figure(root=True)
    assert figure is not None  # axes are made by figures
    # It stands beside the middle of the axes, below which is what belongs to the x axis.
    below = ax.xaxis.get_tightbbox(renderer)
    room = figure.bbox.height - (0 if below is None else below.height) - _FREE_PX
    if label.get_window_extent(renderer).height > room:
        label.set_text(_in_two(label.get_text()))
    # Letters have whole pixels, so their size does not follow the font's evenly.
    size_pt = float(label.get_fontsize())
    while label.get_window_extent(renderer).height > room and size_pt > _MIN_PT:
        size_pt -= 0.5
        label.set_fontsize(size_pt)


def _in_two(words: str) -> str:
    """Return words on two lines, as even as can be."""
    breaks = [at for at, letter in enumerate(words) if letter == " "]
    if not breaks:
        return words
    at = min(breaks, key=lambda place: max(place, len(words) - place - 1))
    return f"{words[:at]}\n{words[at + 1 :]}"
