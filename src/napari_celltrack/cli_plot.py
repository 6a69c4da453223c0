"""``celltrack plot``: the tables of a result as figures.

Nothing heavy is imported before the command runs: ``celltrack --help`` is to answer at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_celltrack.errors import CelltrackError, RecipeError, ResultError

if TYPE_CHECKING:
    import pandas as pd

    from napari_celltrack.plots import Plot, StyleName
    from napari_celltrack.recipe import Recipe

#: Files of a result, and columns without which they are not that.
_TABLES = {
    "objects": ("track_id", "frame", "y_px", "x_px"),
    "tracks": ("track_id", "start_frame"),
    "counts": ("frame", "n_cells"),
}
_STATISTICS = ("mean", "median", "min", "max", "total", "std")


@dataclass(frozen=True, eq=False)
class Result:
    """What `celltrack run` has written for one file.

    Parameters
    ----------
    recipe : Recipe
        How it was made.
    objects, tracks, counts : DataFrame
        As of :mod:`napari_celltrack.tables`.
    drift : DataFrame or None
        To be taken out of motion, if the recipe says so.
    pixel_size_um : (float, float) or None
        Height and width of a pixel, of the recipe if set there, of the movie otherwise.
    frame_interval_s : float or None
        Likewise.
    """

    recipe: Recipe
    objects: pd.DataFrame
    tracks: pd.DataFrame
    counts: pd.DataFrame
    drift: pd.DataFrame | None
    pixel_size_um: tuple[float, float] | None
    frame_interval_s: float | None


def plot(  # noqa: PLR0917
    result: Annotated[
        Path,
        typer.Argument(help="The folder that celltrack run wrote for a file.", show_default=False),
    ],
    kind: Annotated[
        list[str] | None,
        typer.Option(
            "-k",
            "--kind",
            help=(
                "What to draw, as often as you like: paths, origin (paths from one origin), "
                "steps, path_length, msd, values (a column over time), traces (dF/F), stacked, "
                "heat_map, counts, histogram, scatter. All that make sense without it."
            ),
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            help="A .png, .svg or .pdf for one plot, or a folder; RESULT/plots without it.",
            show_default=False,
        ),
    ] = None,
    column: Annotated[
        str | None,
        typer.Option(help="What to draw of the tables; X,Y for a scatter.", show_default=False),
    ] = None,
    tracks: Annotated[
        str | None,
        typer.Option(help="Tracks that stand out, e.g. 1,2,3.", show_default=False),
    ] = None,
    style: Annotated[str, typer.Option(help="print, light or dark.")] = "print",
) -> None:
    """Draw paths, steps, traces, counts and more of a result as files."""
    from napari_celltrack.plots import save_plot

    look = _style(style)
    found = read_result(result)
    kinds = _kinds(kind, column)
    file, folder = _places(out, kinds, _result_folder(result))
    selected = _selected(tracks, found)
    left_out: dict[str, list[str]] = {}
    n_written = 0
    for name in kinds:
        try:
            drawn = _KINDS[name](found, column, look, selected)
            reason = "" if len(drawn.points.xy) else drawn.sentence
        except RecipeError as error:
            drawn, reason = None, str(error)
        if drawn is None or reason:
            left_out.setdefault(reason, []).append(name)
            continue
        target = file or folder / f"{name}{_suffix(column)}.png"
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ResultError(
                f"{target.parent} cannot be written ({error.strerror}); choose another with -o."
            ) from error
        save_plot(drawn, target)
        n_written += 1
        note = f" ({drawn.sentence})" if drawn.sentence else ""
        typer.echo(f"{target}{note}")
    for reason, names in left_out.items():
        typer.echo(f"Left out: {', '.join(names)}. {reason}", err=True)
    if not n_written:
        raise typer.Exit(1)


def read_result(path: Path) -> Result:
    """Read what `celltrack run` has written for one file.

    Parameters
    ----------
    path : Path
        Its folder, or one that holds a single such folder.

    Returns
    -------
    Result

    Raises
    ------
    CelltrackError
        If it is no result or holds several, or a file of it is missing or broken.
    """
    from napari_celltrack.analysis import common_motion
    from napari_celltrack.recipe import Recipe

    folder = _result_folder(path)
    recipe = Recipe.load(folder / "recipe.yaml")
    tables = {name: _table(folder / f"{name}.csv", needed) for name, needed in _TABLES.items()}
    drift = None
    if recipe.motion.subtract_drift:
        drift = _table(folder / "drift.csv", ("frame", "drift_y_px", "drift_x_px"))
        if not drift[["drift_y_px", "drift_x_px"]].to_numpy().any():
            drift = common_motion(tables["objects"])
    try:
        source = json.loads((folder / "run.json").read_text(encoding="utf-8"))["input"]
        size, interval = source["pixel_size_um"], source["frame_interval_s"]
        size_um = None if size is None else (float(size[0]), float(size[1]))
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise ResultError(f"{folder / 'run.json'} cannot be read; run the recipe again.") from error
    side_um = recipe.input.pixel_size_um
    return Result(
        recipe=recipe,
        **tables,
        drift=drift,
        pixel_size_um=size_um if side_um is None else (side_um, side_um),
        frame_interval_s=recipe.input.frame_interval_s or interval,
    )


def _result_folder(path: Path) -> Path:
    """Return the folder of one result; see :func:`read_result`."""
    if not path.is_dir():
        raise ResultError(f"{path} is no folder; give the folder that celltrack run wrote.")
    if (path / "objects.csv").is_file():
        return path
    inside = sorted(file.parent for file in path.glob("[!.]*/objects.csv"))
    if not inside:
        raise ResultError(
            f"{path} holds no result (there is no objects.csv); give a folder that celltrack run "
            "wrote, with the tables as CSV."
        )
    if len(inside) > 1:
        names = ", ".join(folder.name for folder in inside[:5])
        raise ResultError(
            f"{path} holds {len(inside)} results; choose one of its folders: {names}"
            f"{', …' if len(inside) > 5 else ''}."
        )
    return inside[0]


def _table(file: Path, needed: Collection[str]) -> pd.DataFrame:
    import pandas as pd

    try:
        table = pd.read_csv(file)
    except (OSError, ValueError) as error:
        raise ResultError(f"{file} cannot be read; run the recipe again.") from error
    missing = [name for name in needed if name not in table]
    if missing:
        raise ResultError(f"{file} has no column {missing[0]}; run the recipe again.")
    # Without rows a file does not say what is a number.
    return table if len(table) else table.astype({name: float for name in table if name != "file"})


def _style(name: str) -> StyleName:
    from napari_celltrack.plots import STYLES

    for known in STYLES:
        if name == known:
            return known
    raise CelltrackError(f"There is no style {name!r}; choose one of {', '.join(STYLES)}.")


def _kinds(wanted: Collection[str] | None, column: str | None) -> list[str]:
    """Return what to draw: all kinds, or with a column those that draw columns."""
    unknown = [name for name in wanted or () if name not in _KINDS]
    if unknown:
        raise CelltrackError(f"There is no plot {unknown[0]!r}; choose of {', '.join(_KINDS)}.")
    if wanted:
        return list(dict.fromkeys(wanted))
    if column is None:
        return list(_KINDS)
    return ["scatter"] if "," in column else ["values", "histogram"]


def _places(out: Path | None, kinds: Collection[str], result: Path) -> tuple[Path | None, Path]:
    """Return the one file to write, if that was asked for, and the folder for all others."""
    folder = result / "plots" if out is None else out
    if out is None or out.is_dir() or not out.suffix:
        return None, folder
    if len(kinds) > 1:
        raise CelltrackError(
            f"{len(kinds)} plots cannot be written to the one file {out.name}; choose one with "
            "-k, or give a folder with -o."
        )
    return out, folder


def _suffix(column: str | None) -> str:
    return "" if column is None else "_" + column.replace(",", "_").replace("/", "-")


def _selected(text: str | None, result: Result) -> list[int]:
    """Return the ids in `text`."""
    known = set(result.tracks["track_id"].tolist())
    chosen = []
    for part in (text or "").split(","):
        if not part.strip() and not text:
            continue
        if not part.strip().isdecimal() or int(part) not in known:
            there_is = f"ids go from {min(known)} to {max(known)}" if known else "there are none"
            raise CelltrackError(f"There is no track {part.strip()!r}; {there_is}.")
        chosen.append(int(part))
    return chosen


def _numbers(table: pd.DataFrame) -> list[str]:
    return [str(name) for name in table.select_dtypes("number").columns]


def _with_column(result: Result, *columns: str) -> pd.DataFrame:
    """Return the table that has columns: that of cells, or that of tracks."""
    for table in (result.objects, result.tracks):
        if set(columns) <= set(_numbers(table)):
            return table
    raise CelltrackError(
        f"No table has numbers {' and '.join(columns)}. Of cells there are: "
        f"{', '.join(_numbers(result.objects))}. Of tracks there are: "
        f"{', '.join(_numbers(result.tracks))}."
    )


def _brightness(result: Result, column: str | None) -> str:
    """Return the column of objects that traces are of."""
    from napari_celltrack.tables import OBJECT_COLUMNS

    names = [
        name
        for name in _numbers(result.objects)
        if name not in OBJECT_COLUMNS and name.rpartition("_")[2] in _STATISTICS
    ]
    if column is not None and column not in names:
        raise CelltrackError(
            f"{column} is no brightness of cells; choose one of {', '.join(names)}, or draw it "
            "with -k values."
        )
    if column is not None:
        return column
    if not names:
        raise RecipeError("measure: no brightness was measured; set measure.statistics.")
    preferred = f"{result.recipe.input.channel}_mean"
    means = [name for name in names if name.endswith("_mean")]
    return preferred if preferred in names else (means or names)[0]


def _timed(result: Result, table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with times of the calibration that is used."""
    if result.frame_interval_s is None:
        return table
    timed: pd.DataFrame = table.assign(time_s=table["frame"] * result.frame_interval_s)
    return timed


def _placed(result: Result) -> pd.DataFrame:
    """Return the objects with times and places of the calibration that is used."""
    table = _timed(result, result.objects)
    if result.pixel_size_um is None:
        return table
    height_um, width_um = result.pixel_size_um
    placed: pd.DataFrame = table.assign(
        y_um=table["y_px"] * height_um, x_um=table["x_px"] * width_um
    )
    return placed


def _steps(result: Result) -> pd.DataFrame:
    from napari_celltrack.analysis import steps

    return steps(result.objects, result.pixel_size_um, result.frame_interval_s, result.drift)


def _dff(result: Result, column: str | None) -> pd.DataFrame:
    from napari_celltrack.analysis.traces import traces

    name = _brightness(result, column)
    return traces(result.objects, name, result.recipe.traces, result.frame_interval_s)


def _paths(result: Result, _: str | None, look: StyleName, selected: Collection[int]) -> Plot:
    from napari_celltrack.plots import plot_paths

    return plot_paths(_placed(result), style=look, selected=selected)


def _origin(result: Result, _: str | None, look: StyleName, selected: Collection[int]) -> Plot:
    from napari_celltrack.plots import plot_paths

    return plot_paths(_placed(result), from_origin=True, style=look, selected=selected)


def _step(result: Result, _: str | None, look: StyleName, selected: Collection[int]) -> Plot:
    from napari_celltrack.plots import plot_steps

    return plot_steps(_steps(result), style=look, selected=selected)


def _length(result: Result, _: str | None, look: StyleName, selected: Collection[int]) -> Plot:
    from napari_celltrack.plots import plot_path_length

    return plot_path_length(_steps(result), style=look, selected=selected)


def _msd(result: Result, _: str | None, look: StyleName, selected: Collection[int]) -> Plot:
    from napari_celltrack.analysis import ensemble_msd, fit_msd
    from napari_celltrack.analysis.msd import msd
    from napari_celltrack.plots import plot_msd

    curves = msd(
        result.objects,
        pixel_size_um=result.pixel_size_um,
        frame_interval_s=result.frame_interval_s,
        drift=result.drift,
    )
    mean = ensemble_msd(curves)
    return plot_msd(curves, mean, fit_msd(mean), style=look, selected=selected)


def _values(result: Result, column: str | None, look: StyleName, selected: Collection[int]) -> Plot:
    from napari_celltrack.plots import plot_traces

    name = column or _brightness(result, None)
    if name not in _numbers(result.objects):
        raise CelltrackError(
            f"The table of cells has no numbers {name!r} to draw over time; choose one of "
            f"{', '.join(_numbers(result.objects))}."
        )
    return plot_traces(_placed(result), name, style=look, selected=selected)


def _traces(result: Result, column: str | None, look: StyleName, selected: Collection[int]) -> Plot:
    from napari_celltrack.plots import plot_traces

    return plot_traces(_dff(result, column), style=look, selected=selected)


def _stacked(
    result: Result, column: str | None, look: StyleName, selected: Collection[int]
) -> Plot:
    from napari_celltrack.plots import plot_traces

    return plot_traces(_dff(result, column), stacked=True, style=look, selected=selected)


def _heat_map(
    result: Result, column: str | None, look: StyleName, selected: Collection[int]
) -> Plot:
    from napari_celltrack.plots import plot_heat_map

    return plot_heat_map(_dff(result, column), style=look, selected=selected)


def _counts(result: Result, _: str | None, look: StyleName, __: Collection[int]) -> Plot:
    from napari_celltrack.plots import plot_counts

    return plot_counts(_timed(result, result.counts), style=look)


def _histogram(result: Result, column: str | None, look: StyleName, _: Collection[int]) -> Plot:
    from napari_celltrack.plots import plot_histogram

    name = column or "n_frames"
    return plot_histogram(_with_column(result, name), name, style=look)


def _scatter(
    result: Result, column: str | None, look: StyleName, selected: Collection[int]
) -> Plot:
    from napari_celltrack.plots import plot_scatter

    calibrated = bool(result.tracks["speed_um_per_s"].notna().any())
    default = f"{'speed_um_per_s' if calibrated else 'speed_px_per_frame'},straightness"
    names = [name.strip() for name in (column or default).split(",")]
    if len(names) != 2:
        raise CelltrackError(
            f"A scatter is of two columns, not {len(names)}; give them as --column X,Y."
        )
    table = _with_column(result, *names)
    return plot_scatter(table[table["track_id"] > 0], *names, style=look, selected=selected)


_KINDS: Mapping[str, Callable[[Result, str | None, StyleName, Collection[int]], Plot]] = {
    "paths": _paths,
    "origin": _origin,
    "steps": _step,
    "path_length": _length,
    "msd": _msd,
    "values": _values,
    "traces": _traces,
    "stacked": _stacked,
    "heat_map": _heat_map,
    "counts": _counts,
    "histogram": _histogram,
    "scatter": _scatter,
}
