"""The plots of a result as files, and the numbers behind them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from napari_celltrack.errors import RecipeError, ResultError
from napari_celltrack.export import save_table
from napari_celltrack.plots import Plot, StyleName, save_plot
from napari_celltrack.plots.kinds import KINDS
from napari_celltrack.plots.numbers import Numbers
from napari_celltrack.results.result import read_result, result_folder

#: Where plots stand in the folder of a result.
PLOTS = "plots"
#: Plots of numbers that no table of a result has.
_WITH_TABLE = frozenset({"steps", "msd", "traces", "peaks"})


@dataclass(frozen=True, eq=False)
class Drawn:
    """A kind of plot that was tried.

    Parameters
    ----------
    kind : str
        Its name.
    plot : Plot or None
        None where it makes no sense for these numbers.
    reason : str
        Why not, in a sentence.
    """

    kind: str
    plot: Plot | None
    reason: str = ""


def draw_kinds(
    numbers: Numbers,
    kinds: Collection[str] = tuple(KINDS),
    column: str | None = None,
    style: StyleName = "print",
    selected: Collection[int] = (),
) -> Iterator[Drawn]:
    """Draw kinds of plots one after the other.

    Parameters
    ----------
    numbers : Numbers
        Of what.
    kinds : collection of str
        Names of :data:`~napari_celltrack.plots.kinds.KINDS`; all if left out.
    column : str, optional
        What to draw of the tables.
    style : {"dark", "light", "print"}
        Colours.
    selected : collection of int
        Tracks that stand out.

    Yields
    ------
    Drawn
        One for each kind.

    Raises
    ------
    CelltrackError
        If there is no such column.
    """
    for name in kinds:
        try:
            plot = KINDS[name].draw(numbers, column, style, selected)
        except RecipeError as error:
            yield Drawn(name, None, str(error))
            continue
        if plot.is_empty:
            yield Drawn(name, None, plot.sentence)
        else:
            yield Drawn(name, plot)


def write_plots(folder: Path, numbers: Numbers | None = None) -> list[Path]:
    """Write all plots that make sense for a result into its folder ``plots``.

    Steps, squared displacements, traces and peaks are written as tables too: they stand nowhere
    else in a result.

    Parameters
    ----------
    folder : Path
        What `celltrack run` wrote for a file.
    numbers : Numbers, optional
        What is in it; read from there if left out.

    Returns
    -------
    list of Path
        What was written: PNG in the style for print, and CSV.

    Raises
    ------
    CelltrackError
        If it is no result, or a file cannot be written.
    """
    if numbers is None:
        folder = result_folder(folder)
        numbers = read_result(folder)
    to = make_folder(folder / PLOTS)
    files = []
    for drawn in draw_kinds(numbers):
        if drawn.plot is not None:
            files.append(to / f"{drawn.kind}.png")
            save_plot(drawn.plot, files[-1])
            if drawn.kind in _WITH_TABLE:
                files.append(to / f"{drawn.kind}.csv")
                save_table(KINDS[drawn.kind].rows(numbers, None), files[-1])
    return files


def make_folder(folder: Path) -> Path:
    """Make a folder for plots, and return it.

    Raises
    ------
    ResultError
        If it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ResultError(
            f"{folder} cannot be written ({error.strerror}); choose another place."
        ) from error
    return folder
