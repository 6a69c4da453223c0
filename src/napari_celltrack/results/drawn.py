"""The plots of a result as files, and the numbers behind them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from napari_celltrack.errors import RecipeError, ResultError
from napari_celltrack.export import save_table
from napari_celltrack.plots import DRAWING, Plot, StyleName, save_plot
from napari_celltrack.plots.kinds import KINDS
from napari_celltrack.plots.numbers import Numbers
from napari_celltrack.results.result import read_result
from napari_celltrack.results.result_folder import ResultFolder

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
    file : Path or None
        Where it was written; None where it makes no sense for these numbers.
    words : str
        What is to be said of the plot, or why there is none.
    """

    kind: str
    file: Path | None
    words: str = ""


def save_plots(
    numbers: Numbers,
    file_of: Callable[[str], Path],
    *,
    kinds: Collection[str] = tuple(KINDS),
    column: str | None = None,
    style: StyleName = "print",
    selected: Collection[int] = (),
) -> Iterator[Drawn]:
    """Draw kinds of plots and write them, one after the other.

    Parameters
    ----------
    numbers : Numbers
        Of what.
    file_of : callable
        Gives the file for a kind, whose folder is made.
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
        If there is no such column, or a file cannot be written.
    """
    for name in kinds:
        draw = partial(KINDS[name].draw, numbers, column, style, selected)
        with DRAWING:
            drawn = _save(name, draw, file_of)
        yield drawn


def write_plots(folder: ResultFolder) -> None:
    """Write all plots that make sense for a result into its folder ``plots``, as PNG for print.

    Steps, squared displacements, traces and peaks are written as tables too: they stand nowhere
    else in a result.

    Raises
    ------
    CelltrackError
        If it is no result, or a file cannot be written.
    """
    numbers = read_result(folder.path)
    to = folder.path / PLOTS
    for drawn in save_plots(numbers, lambda kind: to / f"{kind}.png"):
        if drawn.file is not None and drawn.kind in _WITH_TABLE:
            save_table(KINDS[drawn.kind].rows(numbers, None), drawn.file.with_suffix(".csv"))


def _save(name: str, draw: Callable[[], Plot], file_of: Callable[[str], Path]) -> Drawn:
    try:
        plot = draw()
    except RecipeError as error:
        return Drawn(name, None, str(error))
    if plot.is_empty:
        return Drawn(name, None, plot.sentence)
    file = file_of(name)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ResultError(
            f"{file.parent} cannot be written ({error.strerror}); choose another place."
        ) from error
    save_plot(plot, file)
    return Drawn(name, file, plot.sentence)
