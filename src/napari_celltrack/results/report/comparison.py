"""Conditions side by side, replicates apart: a dot a file, a larger one a replicate.

Cells of one dish are not independent of each other. Lord et al. 2020, "SuperPlots: Communicating
reproducibility and variability in cell biology", J Cell Biol 219(6), e202001064, show therefore
the cells behind and the mean of each replicate in front, and reckon with the latter only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from napari_celltrack.plots.style import STYLES, Floats, new_axes
from napari_celltrack.plots.units import column_label
from napari_celltrack.results.report.filed_run import FiledResult, ResultTables, intensity_columns
from napari_celltrack.results.report.pictures import svg_uri
from napari_celltrack.tables import (
    AREA_PX2,
    AREA_UM2,
    DISPLACEMENT_PX,
    DISPLACEMENT_UM,
    SPEED_PX_PER_FRAME,
    SPEED_UM_PER_S,
)

#: Columns whose values tell repeats of one condition apart, by how they are called.
_REPLICATES = (
    "replicate", "repeat", "rep", "experiment", "exp", "donor", "animal", "mouse", "patient",
    "plate", "dish", "slide", "day", "date", "batch", "run",
)  # fmt: skip
#: Columns that say where in a dish a file was taken; files are dots already.
_PLACES = ("well", "field", "site", "position", "pos", "fov", "scene", "series", "tile", "s")
#: More values than these on one axis are no conditions to compare.
_MAX_VALUES = 12
#: Cells behind a file's mean, taken evenly from the lowest to the highest.
_MAX_CELLS = 60
#: Colours that are told apart by the colour-blind (Okabe and Ito 2008), on light and on dark.
_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")
_MARKERS = "osD^vP"
#: In µm, or in px where a file has no pixel size.
_MEASURES = (
    ("tracks", SPEED_UM_PER_S, SPEED_PX_PER_FRAME, "speed"),
    ("tracks", DISPLACEMENT_UM, DISPLACEMENT_PX, "net displacement"),
    ("objects", AREA_UM2, AREA_PX2, "area"),
)
_CELLS_A_FRAME = "cells a frame"


@dataclass(frozen=True)
class Comparison:
    """The plots of one column of conditions: words, and (alt text, picture) of each."""

    column: str
    caption: str
    pictures: tuple[tuple[str, str], ...]


@dataclass(frozen=True, eq=False)
class FileValues:
    """What is compared of a file.

    Parameters
    ----------
    conditions : mapping of str to str
        By column.
    means : mapping of str to float
        By measure.
    cells : mapping of str to ndarray, shape (n,), float64
        Values of some single cells or tracks, by measure.
    """

    conditions: Mapping[str, str]
    means: Mapping[str, float]
    cells: Mapping[str, Floats]


def values_of(file: FiledResult, tables: ResultTables) -> FileValues:
    """Return the means of a file, and a sample of its cells."""
    found: dict[str, pd.Series] = {}
    for table, in_um, in_px, _ in _MEASURES:
        frame = tables.tracks if table == "tracks" else tables.objects
        # A still has no motion: its tracks are single cells.
        if frame is None or (table == "tracks" and len(tables.counts) < 2):
            continue
        found |= {name: frame[name] for name in (in_um, in_px) if name in frame}
    if tables.objects is not None:
        found |= {name: tables.objects[name] for name in intensity_columns(tables.objects)}
    kept = {name: values.to_numpy(np.float64) for name, values in found.items()}
    kept = {name: values[np.isfinite(values)] for name, values in kept.items()}
    kept = {name: values for name, values in kept.items() if len(values)}
    means = {name: float(values.mean()) for name, values in kept.items()}
    if "n_cells_mean" in file.numbers:
        means[_CELLS_A_FRAME] = file.numbers["n_cells_mean"]
    return FileValues(file.conditions, means, {name: _evenly(kept[name]) for name in kept})


def compare(files: Sequence[FileValues]) -> list[Comparison]:
    """Draw the files by each column of conditions that has several values.

    Parameters
    ----------
    files : sequence of FileValues
        All that are done.

    Returns
    -------
    list of Comparison
        Empty where there is nothing to compare.
    """
    columns = list(dict.fromkeys(name for file in files for name in file.conditions))
    replicate = next((name for name in columns if _is_called(name, _REPLICATES)), None)
    found = []
    for column in columns:
        values = {file.conditions.get(column, "") for file in files} - {""}
        is_place = column == replicate or _is_called(column, _PLACES)
        if is_place or not 2 <= len(values) <= min(_MAX_VALUES, max(len(files) - 1, 2)):
            continue
        pictures = tuple(
            (f"{label} by {column}", svg_uri(_drawn(files, column, replicate, measure, label)))
            for measure, label in _measures(files)
        )
        unit = f"{replicate}, the mean of its files" if replicate else "file"
        caption = (
            f"A large dot is a {unit}; the line is the mean of the large dots, with their standard "
            "deviation. Small dots are single cells or tracks, to show their spread; they are not "
            "independent of each other, so compare the large ones."
        )
        found.append(Comparison(column, caption, pictures))
    return found


def _measures(files: Sequence[FileValues]) -> list[tuple[str, str]]:
    """Return what at least two files have, and its words; px only where µm are not known of all."""
    found = [(_CELLS_A_FRAME, "Cells a frame")]
    for _, in_um, in_px, word in _MEASURES:
        with_px = [file for file in files if in_px in file.means]
        is_calibrated = all(in_um in file.means for file in with_px)
        name = in_um if is_calibrated else in_px
        label = column_label(name)
        unit = label[label.rindex("(") :] if "(" in label else ""
        found.append((name, f"{word.capitalize()} {unit}"))
    bright = dict.fromkeys(n for file in files for n in file.means if n.endswith("_mean"))
    found += [(name, f"Brightness, {column_label(name)}") for name in bright]
    return [entry for entry in found if sum(entry[0] in file.means for file in files) >= 2]


def _drawn(
    files: Sequence[FileValues], column: str, replicate: str | None, measure: str, label: str
) -> Figure:
    having = [file for file in files if measure in file.means and file.conditions.get(column)]
    groups = sorted({file.conditions[column] for file in having})
    names = sorted({file.conditions.get(replicate, "") for file in having}) if replicate else []
    looks = dict(zip(names, islice(cycle(zip(_COLOURS, _MARKERS, strict=True)), 999), strict=False))
    style = STYLES["print"]
    figure = Figure(figsize=(max(2.5, 0.8 + 0.62 * len(groups)), 2.5), dpi=100)
    figure.subplots_adjust(left=0.62 / figure.get_figwidth(), right=0.97, top=0.96, bottom=0.2)
    ax = new_axes(figure.add_subplot(), style)
    random = np.random.default_rng(0)
    dots: list[tuple[Floats, Floats, str]] = []
    for place, group in enumerate(groups):
        here = [file for file in having if file.conditions[column] == group]
        of_replicate: dict[str, list[FileValues]] = {}
        for index, file in enumerate(here):
            key = file.conditions.get(replicate, "") if replicate else str(index)
            of_replicate.setdefault(key, []).append(file)
        means = []
        for index, (key, members) in enumerate(of_replicate.items()):
            colour, marker = looks.get(key, (_COLOURS[0], "o"))
            for file in members:
                cells = file.cells.get(measure, np.zeros(0))
                x = place + random.uniform(-0.3, 0.3, len(cells))
                dots.append((x, cells, colour))
            mean = float(np.mean([file.means[measure] for file in members]))
            means.append(mean)
            at = place + (index - (len(of_replicate) - 1) / 2) * min(0.13, 0.5 / len(of_replicate))
            ax.plot(
                at, mean, marker, color=colour, ms=6.5, mec=style.text, mew=0.7, zorder=3
            )  # fmt: skip
        middle = float(np.mean(means))
        ax.plot([place - 0.32, place + 0.32], [middle] * 2, color=style.text, lw=1.4, zorder=2)
        if len(means) > 1:
            ax.errorbar(
                place, middle, np.std(means, ddof=1), color=style.text, capsize=4, lw=1, zorder=2
            )  # fmt: skip
    for colour in dict.fromkeys(colour for *_, colour in dots):
        # All of a colour at once: each call takes some ms, whatever it draws.
        x, cells = (np.concatenate([dot[i] for dot in dots if dot[2] == colour]) for i in (0, 1))
        ax.plot(x, cells, "o", ms=1.7, color=colour, alpha=0.25, mew=0, zorder=0.4)
    ax.set_rasterization_zorder(0.5)
    ax.set_ylabel(label)
    ax.set_xlim(-0.5, len(groups) - 0.5)
    low, high = ax.get_ylim()
    low = min(0.0, low)
    ax.set_ylim(low, high + 0.06 * (high - low))  # large dots are not cut off
    counts = [sum(file.conditions[column] == group for file in having) for group in groups]
    ticks = [f"{_short(group)}\nn = {n}" for group, n in zip(groups, counts, strict=True)]
    ax.set_xticks(range(len(groups)), ticks)
    return figure


def _evenly(values: Floats) -> Floats:
    if len(values) <= _MAX_CELLS:
        return values
    return np.quantile(values, np.linspace(0.01, 0.99, _MAX_CELLS))


def _is_called(column: str, words: Sequence[str]) -> bool:
    return column.casefold().rstrip("s_0123456789") in words or column.casefold() in words


def _short(text: str) -> str:
    # A dollar sign would begin a formula.
    text = text.replace("$", r"\$")
    return text if len(text) <= 14 else f"{text[:13]}…"
