"""``celltrack plot``: the tables of a result as figures.

Nothing heavy is imported before the command runs: ``celltrack --help`` is to answer at once.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_celltrack.errors import CelltrackError

if TYPE_CHECKING:
    from napari_celltrack.plots import StyleName
    from napari_celltrack.results.result import Result

#: Characters of a column in the name of a file.
_LONGEST = 60


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
                "heat_map, peaks, counts, histogram, scatter. All that make sense without it."
            ),
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            help=(
                "A .png, .svg or .pdf for one plot, a .csv or .parquet for the numbers in it, or "
                "a folder; RESULT/plots without it."
            ),
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
    """Draw paths, steps, traces, counts and more of a result as files, or write their numbers."""
    from napari_celltrack.export import TABLE_ENDINGS, save_table
    from napari_celltrack.plots.kinds import KINDS
    from napari_celltrack.results.drawn import PLOTS, save_plots
    from napari_celltrack.results.result import read_result
    from napari_celltrack.results.result_folder import ResultFolder

    look = _style(style)
    found = read_result(result)
    kinds = _kinds(kind, column)
    file, folder = _places(out, kinds, ResultFolder.only_one(result).path / PLOTS)
    if file is not None and file.suffix.lower() in TABLE_ENDINGS:
        save_table(KINDS[kinds[0]].rows(found, column), file)
        typer.echo(str(file))
        return
    selected = _selected(tracks, found)
    left_out: dict[str, list[str]] = {}
    n_written = 0

    def file_of(kind: str) -> Path:
        return file or folder / f"{kind}{_suffix(column)}.png"

    tried = save_plots(found, file_of, kinds=kinds, column=column, style=look, selected=selected)
    for drawn in tried:
        if drawn.file is None:
            left_out.setdefault(drawn.words, []).append(drawn.kind)
            continue
        n_written += 1
        note = f" ({drawn.words})" if drawn.words else ""
        typer.echo(f"{drawn.file}{note}")
    for reason, names in left_out.items():
        typer.echo(f"Left out: {', '.join(names)}. {reason}", err=True)
    if not n_written:
        raise typer.Exit(1)


def _style(name: str) -> StyleName:
    from napari_celltrack.plots import STYLES

    for known in STYLES:
        if name == known:
            return known
    raise CelltrackError(f"There is no style {name!r}; choose one of {', '.join(STYLES)}.")


def _kinds(wanted: Collection[str] | None, column: str | None) -> list[str]:
    """Return what to draw: all kinds, or with a column those that draw columns."""
    from napari_celltrack.plots.kinds import KINDS

    unknown = [name for name in wanted or () if name not in KINDS]
    if unknown:
        raise CelltrackError(f"There is no plot {unknown[0]!r}; choose of {', '.join(KINDS)}.")
    if wanted:
        return list(dict.fromkeys(wanted))
    if column is None:
        return list(KINDS)
    return ["scatter"] if "," in column else ["values", "histogram"]


def _places(out: Path | None, kinds: Collection[str], usual: Path) -> tuple[Path | None, Path]:
    """Return the one file to write, if that was asked for, and the folder for all others."""
    folder = usual if out is None else out
    if out is None or out.is_dir() or not out.suffix:
        return None, folder
    if len(kinds) > 1:
        raise CelltrackError(
            f"{len(kinds)} plots cannot be written to the one file {out.name}; choose one with "
            "-k, or give a folder with -o."
        )
    return out, folder


def _suffix(column: str | None) -> str:
    """Return what a column adds to the name of a file, which has no room for long ones."""
    return "" if column is None else "_" + column.replace(",", "_").replace("/", "-")[:_LONGEST]


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
