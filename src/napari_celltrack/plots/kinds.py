"""The kinds of plots of a result, by name: for the dock, the command line and the report.

A kind computes what it shows from the tables of a result, and draws it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from napari_celltrack.analysis import ensemble_msd, fit_msd
from napari_celltrack.analysis.msd import msd
from napari_celltrack.errors import CelltrackError, RecipeError
from napari_celltrack.measure.intensity import STATISTICS
from napari_celltrack.plots.columns import plot_histogram, plot_scatter
from napari_celltrack.plots.curves import plot_counts, plot_path_length, plot_steps, plot_traces
from napari_celltrack.plots.heat_map import plot_heat_map
from napari_celltrack.plots.msd import plot_msd
from napari_celltrack.plots.numbers import Numbers
from napari_celltrack.plots.paths import plot_paths
from napari_celltrack.plots.plot import Plot
from napari_celltrack.plots.style import StyleName
from napari_celltrack.plots.units import is_known
from napari_celltrack.tables import (
    FRAME,
    HEIGHT_DFF,
    LABEL,
    N_FRAMES,
    OBJECT_COLUMNS,
    SPEED_PX_PER_FRAME,
    SPEED_UM_PER_S,
    STRAIGHTNESS,
    TIME_S,
    TRACK_ID,
    X_PX,
    X_UM,
    Y_PX,
    Y_UM,
    intensity_column,
)

#: What the user can choose for a kind: nothing, a brightness of cells, a column of the table of
#: cells, a column of any table, or two columns of one table.
Choice = Literal["nothing", "brightness", "cells", "any", "two"]

#: Columns of positions.
_PLACES = (Y_PX, X_PX, Y_UM, X_UM)


@dataclass(frozen=True)
class Kind:
    """A kind of plot.

    Parameters
    ----------
    title : str
        Title in a menu.
    draw : callable
        Takes numbers, column (None for the usual one; ``"x,y"`` for two), style and selected
        tracks; returns a plot. Raises CelltrackError if there is no such column or a setting
        forbids it.
    rows : callable
        Takes numbers and column; returns the table that is drawn. Raises what `draw` raises.
    choice : {"nothing", "brightness", "cells", "any", "two"}
        Which columns the user can choose from.
    """

    title: str
    draw: Callable[[Numbers, str | None, StyleName, Collection[int]], Plot]
    rows: Callable[[Numbers, str | None], pd.DataFrame]
    choice: Choice = "nothing"


def columns_of(numbers: Numbers, choice: Choice) -> list[str]:
    """Return the columns to choose from; for brightness, the usual one comes first."""
    if choice == "nothing":
        return []
    if choice == "brightness":
        return _brightnesses(numbers)
    cells = _plain(_known(numbers.objects))
    if choice == "cells":
        return cells
    return [*(name for name in _plain(_known(numbers.tracks)) if name not in cells), *cells]


def partners_of(numbers: Numbers, column: str) -> list[str]:
    """Return the columns of the same table, against which a column can be drawn."""
    return _plain(_known(_with_column(numbers, column)))


def usual_column(numbers: Numbers, kind: str) -> str | None:
    """Return the column that a kind of plot shows if none is chosen; None if it needs none."""
    if kind == "histogram":
        return N_FRAMES
    if kind == "scatter":
        in_um = is_known(numbers.tracks, SPEED_UM_PER_S)
        return f"{SPEED_UM_PER_S if in_um else SPEED_PX_PER_FRAME},{STRAIGHTNESS}"
    if KINDS[kind].choice == "nothing":
        return None
    names = _brightnesses(numbers)
    return names[0] if names else None


def _numeric(table: pd.DataFrame) -> list[str]:
    return [str(name) for name in table.select_dtypes("number").columns]


def _known(table: pd.DataFrame) -> list[str]:
    """Return the numeric columns that are not empty, as those in µm are without a calibration."""
    return [name for name in _numeric(table) if not len(table) or is_known(table, name)]


def _plain(names: Collection[str]) -> list[str]:
    """Leave out columns that only identify rows."""
    return [name for name in names if name not in {FRAME, LABEL} and name[-3:] != "_id"]


def _brightnesses(numbers: Numbers) -> list[str]:
    """Return the columns that can be drawn as traces, the usual one first."""
    names = [
        name
        for name in _numeric(numbers.objects)
        if name not in OBJECT_COLUMNS and name.rpartition("_")[2] in STATISTICS
    ]
    preferred = intensity_column(numbers.channel, "mean")
    return sorted(names, key=lambda name: (name != preferred, not name.endswith("_mean")))


def _brightness(numbers: Numbers, column: str | None) -> str:
    names = _brightnesses(numbers)
    if column is not None and column not in names:
        raise CelltrackError(
            f"{column} is no brightness of cells; choose one of {', '.join(names)}, or draw it "
            "as values over time."
        )
    if column is None and not names:
        raise RecipeError("measure: no brightness was measured; set measure.statistics.")
    return column or names[0]


def _with_column(numbers: Numbers, *columns: str) -> pd.DataFrame:
    """Return the table that has all these columns: that of cells or that of tracks."""
    for table in (numbers.objects, numbers.tracks):
        if set(columns) <= set(_numeric(table)):
            return table
    raise CelltrackError(
        f"No table has numbers {' and '.join(columns)}. Of cells there are: "
        f"{', '.join(_numeric(numbers.objects))}. Of tracks there are: "
        f"{', '.join(_numeric(numbers.tracks))}."
    )


def _timed(numbers: Numbers, table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with times by the current calibration."""
    if numbers.frame_interval_s is None:
        return table
    timed: pd.DataFrame = table.assign(**{TIME_S: table[FRAME] * numbers.frame_interval_s})
    return timed


def _placed(numbers: Numbers) -> pd.DataFrame:
    """Return the objects with times and places by the current calibration."""
    table = _timed(numbers, numbers.objects)
    if numbers.pixel_size_um is None:
        return table
    height_um, width_um = numbers.pixel_size_um
    placed: pd.DataFrame = table.assign(
        **{Y_UM: table[Y_PX] * height_um, X_UM: table[X_PX] * width_um}
    )
    return placed


def _value(numbers: Numbers, column: str | None) -> str:
    name = column or _brightness(numbers, None)
    if name not in _numeric(numbers.objects):
        raise CelltrackError(
            f"The table of cells has no numbers {name!r} to draw over time; choose one of "
            f"{', '.join(_numeric(numbers.objects))}."
        )
    return name


def _pair(numbers: Numbers, column: str | None) -> list[str]:
    names = [name.strip() for name in (column or usual_column(numbers, "scatter") or "").split(",")]
    if len(names) != 2:
        raise CelltrackError(f"A scatter is of two columns, not {len(names)}; give them as X,Y.")
    return names


def _dff(numbers: Numbers, column: str | None) -> pd.DataFrame:
    return numbers.dff(_brightness(numbers, column))


def _peaks(numbers: Numbers, column: str | None) -> pd.DataFrame:
    return numbers.peaks(_brightness(numbers, column))


def _tracked(numbers: Numbers, *columns: str) -> pd.DataFrame:
    """Return columns of the cells that have a track, sorted by track, then frame."""
    placed = _placed(numbers)
    wanted = list(dict.fromkeys([TRACK_ID, FRAME, TIME_S, *columns]))
    rows = placed.loc[placed[TRACK_ID] > 0, [name for name in wanted if name in placed]]
    table: pd.DataFrame = rows.sort_values([TRACK_ID, FRAME], ignore_index=True)
    return table


def _path_rows(numbers: Numbers, _: str | None) -> pd.DataFrame:
    return _tracked(numbers, *_PLACES)


def _origin_rows(numbers: Numbers, _: str | None) -> pd.DataFrame:
    rows = _tracked(numbers, *_PLACES)
    places = [name for name in _PLACES if name in rows]
    rows[places] -= rows.groupby(TRACK_ID)[places].transform("first")
    table: pd.DataFrame = rows.rename(columns={name: f"from_start_{name}" for name in places})
    return table


def _step_rows(numbers: Numbers, _: str | None) -> pd.DataFrame:
    return numbers.steps()


def _msd_rows(numbers: Numbers, _: str | None) -> pd.DataFrame:
    return msd(
        numbers.objects,
        pixel_size_um=numbers.pixel_size_um,
        frame_interval_s=numbers.frame_interval_s,
        drift=numbers.drift,
    )


def _value_rows(numbers: Numbers, column: str | None) -> pd.DataFrame:
    return _tracked(numbers, _value(numbers, column))


def _count_rows(numbers: Numbers, _: str | None) -> pd.DataFrame:
    return _timed(numbers, numbers.counts)


def _histogram_rows(numbers: Numbers, column: str | None) -> pd.DataFrame:
    name = column or N_FRAMES
    return _named_rows(_with_column(numbers, name), name)


def _scatter_rows(numbers: Numbers, column: str | None) -> pd.DataFrame:
    names = _pair(numbers, column)
    table = _with_column(numbers, *names)
    return _named_rows(table[table[TRACK_ID] > 0], *names)


def _named_rows(table: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return columns of a table, after those that identify the rows."""
    wanted = dict.fromkeys([TRACK_ID, FRAME, LABEL, *columns])
    rows: pd.DataFrame = table[[name for name in wanted if name in table]].reset_index(drop=True)
    return rows


def _draw_paths(
    numbers: Numbers, _: str | None, style: StyleName, selected: Collection[int]
) -> Plot:
    return plot_paths(_placed(numbers), style=style, selected=selected)


def _draw_origin(
    numbers: Numbers, _: str | None, style: StyleName, selected: Collection[int]
) -> Plot:
    return plot_paths(_placed(numbers), from_origin=True, style=style, selected=selected)


def _draw_steps(
    numbers: Numbers, _: str | None, style: StyleName, selected: Collection[int]
) -> Plot:
    return plot_steps(numbers.steps(), style=style, selected=selected)


def _draw_path_length(
    numbers: Numbers, _: str | None, style: StyleName, selected: Collection[int]
) -> Plot:
    return plot_path_length(numbers.steps(), style=style, selected=selected)


def _draw_msd(numbers: Numbers, _: str | None, style: StyleName, selected: Collection[int]) -> Plot:
    curves = _msd_rows(numbers, None)
    mean = ensemble_msd(curves)
    return plot_msd(curves, mean, fit_msd(mean), style=style, selected=selected)


def _draw_values(
    numbers: Numbers, column: str | None, style: StyleName, selected: Collection[int]
) -> Plot:
    return plot_traces(_placed(numbers), _value(numbers, column), style=style, selected=selected)


def _draw_traces(
    numbers: Numbers, column: str | None, style: StyleName, selected: Collection[int]
) -> Plot:
    return plot_traces(_dff(numbers, column), style=style, selected=selected)


def _draw_stacked(
    numbers: Numbers, column: str | None, style: StyleName, selected: Collection[int]
) -> Plot:
    return plot_traces(_dff(numbers, column), stacked=True, style=style, selected=selected)


def _draw_heat_map(
    numbers: Numbers, column: str | None, style: StyleName, selected: Collection[int]
) -> Plot:
    return plot_heat_map(_dff(numbers, column), style=style, selected=selected)


def _draw_peaks(
    numbers: Numbers, column: str | None, style: StyleName, selected: Collection[int]
) -> Plot:
    rows = _peaks(numbers, column)
    when = TIME_S if is_known(rows, TIME_S) else FRAME
    return plot_scatter(rows, when, HEIGHT_DFF, style=style, selected=selected)


def _draw_counts(numbers: Numbers, _: str | None, style: StyleName, __: Collection[int]) -> Plot:
    return plot_counts(_timed(numbers, numbers.counts), style=style)


def _draw_histogram(
    numbers: Numbers, column: str | None, style: StyleName, selected: Collection[int]
) -> Plot:
    name = column or N_FRAMES
    return plot_histogram(_with_column(numbers, name), name, style=style, selected=selected)


def _draw_scatter(
    numbers: Numbers, column: str | None, style: StyleName, selected: Collection[int]
) -> Plot:
    names = _pair(numbers, column)
    table = _with_column(numbers, *names)
    return plot_scatter(table[table[TRACK_ID] > 0], *names, style=style, selected=selected)


#: By their names in the command line and in file names, in the order of menus.
KINDS: Mapping[str, Kind] = {
    "paths": Kind("Paths in place", _draw_paths, _path_rows),
    "origin": Kind("Paths from one origin", _draw_origin, _origin_rows),
    "steps": Kind("Step distance", _draw_steps, _step_rows),
    "path_length": Kind("Path length", _draw_path_length, _step_rows),
    "msd": Kind("Mean squared displacement", _draw_msd, _msd_rows),
    "values": Kind("Values over time", _draw_values, _value_rows, "cells"),
    "traces": Kind("ΔF/F, curves over each other", _draw_traces, _dff, "brightness"),
    "stacked": Kind("ΔF/F, stacked", _draw_stacked, _dff, "brightness"),
    "heat_map": Kind("ΔF/F, heat map", _draw_heat_map, _dff, "brightness"),
    "peaks": Kind("ΔF/F, height of peaks", _draw_peaks, _peaks, "brightness"),
    "counts": Kind("Cells over time", _draw_counts, _count_rows),
    "histogram": Kind("Histogram", _draw_histogram, _histogram_rows, "any"),
    "scatter": Kind("Scatter", _draw_scatter, _scatter_rows, "two"),
}
