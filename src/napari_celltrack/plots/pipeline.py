"""Diagram of the pipeline: its steps in a row, and below each the memory that it needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from napari_celltrack.plots.style import STYLES, StyleName, say
from napari_celltrack.text import bytes_text

#: Width and height in inches at 100 dots an inch: as wide as a dock.
_SIZE_IN = (3.4, 0.62)
#: Width of a box, as a share of the distance between steps.
_BOX = 0.78


class SizedStep(Protocol):
    """A step with a name and the memory that it needs."""

    @property
    def name(self) -> str:
        """One word."""

    @property
    def n_bytes(self) -> int:
        """In memory, at most."""


def plot_pipeline(
    stages: Sequence[SizedStep], style: StyleName = "dark", *, ax: Axes | None = None
) -> Figure:
    """Draw the steps of the pipeline in a row, with the memory of each below it.

    Parameters
    ----------
    stages : sequence of SizedStep
        In order, e.g. :attr:`napari_celltrack.batch.plan.Plan.stages`. The step that needs most
        memory has a frame in the accent colour.
    style : {"dark", "light", "print"}
        Colours.
    ax : Axes, optional
        Where to draw; by default a new figure of 340 x 62 px.

    Returns
    -------
    Figure
        Readable from 320 px of width on.
    """
    look = STYLES[style]
    if ax is None:
        figure = Figure(figsize=_SIZE_IN, dpi=100)
        figure.set_facecolor(look.background)
        ax = figure.add_axes((0, 0, 1, 1))
    ax.set_facecolor(look.background)
    ax.set_axis_off()
    ax.set_xlim(-0.5, max(1, len(stages)) - 0.5)
    ax.set_ylim(0, 1)
    assert isinstance(ax.figure, Figure)  # for the type checker: axes are made in one
    figure = ax.figure
    if not stages:
        say(ax, look, "There are no steps to draw.")
        return figure
    most = max(stage.n_bytes for stage in stages)
    for place, stage in enumerate(stages):
        is_most = stage.n_bytes == most
        ax.add_patch(
            FancyBboxPatch(
                (place - _BOX / 2, 0.52), _BOX, 0.34, boxstyle="round,pad=0,rounding_size=0.06",
                mutation_aspect=_SIZE_IN[0] / len(stages) / _SIZE_IN[1],
                facecolor="none", edgecolor=look.cursor if is_most else look.quiet, linewidth=1,
            )
        )  # fmt: skip
        ax.text(
            place, 0.68, stage.name, ha="center", va="center", color=look.text,
            fontsize=look.font_pt - 0.5,
        )  # fmt: skip
        ax.text(
            place, 0.24, bytes_text(stage.n_bytes), ha="center", va="center", color=look.text,
            fontsize=look.font_pt - 0.5, fontweight="bold" if is_most else "normal",
        )  # fmt: skip
        if place:
            ax.add_patch(
                FancyArrowPatch(
                    (place - 1 + _BOX / 2, 0.69), (place - _BOX / 2, 0.69), arrowstyle="-|>",
                    mutation_scale=6, shrinkA=1, shrinkB=1, color=look.quiet, linewidth=1,
                )
            )  # fmt: skip
    return figure
