"""Make labels fit a small plot, such as one in a dock."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase

#: Free space at the ends of a label, in px.
_FREE_PX = 9.0
#: Smaller letters cannot be read.
_MIN_PT = 5.0


def fit_label(ax: Axes, renderer: RendererBase) -> None:
    """Break the label of the y axis into two lines if the figure is too low for it.

    If that is not enough, its font gets smaller.

    Parameters
    ----------
    ax : Axes
        Axes of a figure that has its final size.
    renderer : RendererBase
        The renderer of the figure.
    """
    label, figure = ax.yaxis.label, ax.get_figure(root=True)
    assert figure is not None  # axes are made by figures
    # It is centred beside the axes; the labels of the x axis take the room below them.
    below = ax.xaxis.get_tightbbox(renderer)
    room = figure.bbox.height - (0 if below is None else below.height) - _FREE_PX
    if label.get_window_extent(renderer).height > room:
        label.set_text(_in_two(label.get_text()))
    # Letters are rounded to pixels, so the size of the label must be measured at each font size.
    size_pt = float(label.get_fontsize())
    while label.get_window_extent(renderer).height > room and size_pt > _MIN_PT:
        size_pt -= 0.5
        label.set_fontsize(size_pt)


def _in_two(words: str) -> str:
    """Return words on two lines of similar length."""
    breaks = [at for at, letter in enumerate(words) if letter == " "]
    if not breaks:
        return words
    at = min(breaks, key=lambda place: max(place, len(words) - place - 1))
    return f"{words[:at]}\n{words[at + 1 :]}"
