"""What conditions have in common and how they differ: a dot a file, never only pooled cells.

Cells of one dish are no independent samples; a file is. So each file is a dot, and what is compared
are their means.

References
----------
S. J. Lord et al., SuperPlots: Communicating reproducibility and variability in cell biology,
J. Cell Biol. 219, e202001064 (2020).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from napari_celltrack.batch.report_files import FiledResult, ResultTables, intensity_columns
from napari_celltrack.batch.report_pictures import svg_uri
from napari_celltrack.plots.style import STYLES
from napari_celltrack.tables import (
    AREA_PX2,
    AREA_UM2,
    DISPLACEMENT_PX,
    DISPLACEMENT_UM,
    N_CELLS,
    SPEED_PX_PER_FRAME,
    SPEED_UM_PER_S,
)

#: Which column says which repeat of the experiment a file is of; the first that there is.
_REPLICATES = ("replicate", "repeat", "experiment", "date")
#: Measures drawn at most: the first are those that are asked for most.
_MAX_MEASURES = 8
_MARKERS = "osD^vPX*"


@dataclass(frozen=True)
class Means:
    """The means of one file.

    Parameters
    ----------
    conditions : mapping of str to str
        By column.
    values : mapping of str to float
        By what is measured, in words with its unit; finite.
    """

    conditions: Mapping[str, str]
    values: Mapping[str, float]


def means_of(file: FiledResult, tables: ResultTables) -> Means:
    """Return the means of a file over its frames, cells and tracks."""
    objects = tables.objects if tables.objects is not None else pd.DataFrame()
    found = {"cells a frame": _mean(tables.counts, N_CELLS)}
    for words, table, calibrated, plain in (
        ("area", objects, (AREA_UM2, "µm²"), (AREA_PX2, "px²")),
        ("speed", tables.tracks, (SPEED_UM_PER_S, "µm/s"), (SPEED_PX_PER_FRAME, "px a frame")),
        ("displacement", tables.tracks, (DISPLACEMENT_UM, "µm"), (DISPLACEMENT_PX, "px")),
    ):
        column, unit = calibrated if np.isfinite(_mean(table, calibrated[0])) else plain
        found[f"{words} ({unit})"] = _mean(table, column)
    for column in intensity_columns(objects):
        found[f"{column.removesuffix('_mean')}, mean intensity"] = _mean(objects, column)
    return Means(
        file.conditions, {name: value for name, value in found.items() if np.isfinite(value)}
    )


def pooled_uris(means: Sequence[Means], conditions: Sequence[str]) -> list[tuple[str, str]]:
    """Draw what is measured, by condition.

    Parameters
    ----------
    means : sequence of Means
        A file each.
    conditions : sequence of str
        The columns; the first that is no replicate and has several values is compared.

    Returns
    -------
    list of (str, str)
        What is measured, and the picture as data; empty where there is nothing to compare.
    """
    replicate = next((name for name in _REPLICATES if name in conditions), None)
    values = {name: sorted({each.conditions[name] for each in means}) for name in conditions}
    several = [name for name in conditions if len(values[name]) > 1 and name != replicate]
    if not several:
        return []
    condition = "condition" if "condition" in several else several[0]
    measures = dict.fromkeys(name for each in means for name in each.values)
    drawn = []
    for measure in list(measures)[:_MAX_MEASURES]:
        known = [each for each in means if measure in each.values]
        if len(known) > 1:
            figure = _draw(known, measure, condition, values[condition], replicate)
            drawn.append((f"{measure} by {condition}", svg_uri(figure)))
    return drawn


def _draw(
    means: Sequence[Means],
    measure: str,
    condition: str,
    order: Sequence[str],
    replicate: str | None,
) -> Figure:
    style = STYLES["print"]
    figure = Figure(figsize=(max(2.4, 0.8 + 0.6 * len(order)), 2.3), dpi=100, layout="constrained")
    ax = figure.add_subplot()
    repeats = sorted({each.conditions[replicate] for each in means}) if replicate else [""]
    for place, name in enumerate(order):
        here = [each for each in means if each.conditions[condition] == name]
        for at, repeat in enumerate(repeats):
            ours = [m for m in here if replicate is None or m.conditions[replicate] == repeat]
            values = [each.values[measure] for each in ours]
            # Dots of one repeat stand in one column, those of a file beside each other.
            spread = 0.5 * ((at + 0.5) / len(repeats) - 0.5)
            away = np.linspace(-0.06, 0.06, len(values)) if len(values) > 1 else np.zeros(1)
            ax.plot(
                place + spread + away[: len(values)],
                values,
                ls="",
                marker=_MARKERS[at % len(_MARKERS)],
                ms=5,
                alpha=0.8,
                color=f"C{at % 10}",
                label=f"{replicate} {repeat}" if replicate and place == 0 else None,
            )
        if here:
            mean = float(np.mean([each.values[measure] for each in here]))
            ax.plot([place - 0.3, place + 0.3], [mean, mean], color=style.text, lw=1.2)
    ax.set_xticks(range(len(order)), [f"{name}" for name in order])
    ax.set_xlim(-0.6, len(order) - 0.4)
    ax.set_xlabel(condition)
    ax.set_ylabel(measure)
    ax.spines[["top", "right"]].set_visible(False)
    for part in (ax.xaxis, ax.yaxis):
        part.label.set_color(style.text)
    ax.tick_params(colors=style.text, labelsize=8)
    ax.spines[["left", "bottom"]].set_color(style.text)
    if replicate and len(repeats) > 1:
        ax.legend(fontsize=7, frameon=False)
    return figure


def _mean(table: pd.DataFrame, column: str) -> float:
    if column not in table:
        return float("nan")
    values = table[column].to_numpy(np.float64)
    values = values[np.isfinite(values)]
    return float(values.mean()) if len(values) else float("nan")
