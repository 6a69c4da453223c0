"""Save a plot as a file."""

from __future__ import annotations

from pathlib import Path

from napari_celltrack.errors import CelltrackError, ResultError
from napari_celltrack.plots.plot import Plot
from napari_celltrack.whole_files import written_whole

SUFFIXES = (".png", ".svg", ".pdf")
_DPI = 300


def save_plot(plot: Plot, path: str | Path) -> None:
    """Write a plot with its selection, without the cursor; the whole file or none.

    Parameters
    ----------
    plot : Plot
        The plot.
    path : str or Path
        Its suffix, .png, .svg or .pdf, decides the format; an existing file is replaced.

    Raises
    ------
    CelltrackError
        If the suffix is a different one.
    ResultError
        If the file cannot be written.
    """
    file = Path(path)
    suffix = file.suffix.lower()
    if suffix not in SUFFIXES:
        raise CelltrackError(
            f"{file.name} cannot be written as a plot; end its name in .png, .svg or .pdf."
        )
    plot.set_cursor(None)
    try:
        with written_whole(file) as hidden:
            plot.figure.savefig(
                hidden, format=suffix[1:], dpi=_DPI, facecolor=plot.figure.get_facecolor()
            )
    except OSError as error:
        raise ResultError(
            f"{file} cannot be written ({error.strerror}); choose another place."
        ) from error
