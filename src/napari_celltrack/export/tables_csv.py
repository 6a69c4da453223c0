"""Tables as CSV: ``objects``, ``tracks``, ``counts``, ``events`` and ``drift``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TextIO

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import is_numeric_dtype

from napari_celltrack.movie import Movie
from napari_celltrack.settings import Settings
from napari_celltrack.tables import Tables
from napari_celltrack.text import cell_text

#: The first column of the object table, so that tables of many files can be concatenated.
FILE = "file"


class TablesCsv(Settings, title="Tables (CSV)"):
    """One header row, UTF-8, units in the names, full float precision, empty where unknown.

    A name that a spreadsheet would take for a formula has an apostrophe before it.
    """

    method: Literal["tables_csv"] = "tables_csv"

    def open(self, folder: Path, movie: Movie, n_frames: int) -> TablesCsvWriter:
        """Return a writer of tables into `folder`."""
        return TablesCsvWriter(folder, movie.name)


class TablesCsvWriter:
    """Writes the tables at the end."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name

    def add(self, labels: npt.NDArray[np.int32]) -> None:
        """Labels are not part of the tables."""

    def finish(self, tables: Tables) -> None:
        """Write the tables."""
        for name, table in named_tables(tables, self._name).items():
            write_csv(table, self._folder / f"{name}.csv")

    def close(self) -> None:
        """Nothing is left open."""


def write_csv(table: pd.DataFrame, target: Path | TextIO) -> None:
    """Write a table as all CSV of ours is; a spreadsheet finds no formula in it.

    Parameters
    ----------
    table : DataFrame
        Any table.
    target : Path or text file
        Where to.
    """
    table = table.rename(columns={n: cell_text(str(n)) for n in table.columns})
    for at, kind in enumerate(table.dtypes):
        if is_numeric_dtype(kind):
            continue
        # Names stand there in thousands of rows.
        column = table.iloc[:, at]
        texts = [value for value in column.unique() if isinstance(value, str)]
        changed = {text: cell for text in texts if (cell := cell_text(text)) != text}
        if changed:
            table.isetitem(at, column.replace(changed).array)
    table.to_csv(target, index=False, encoding="utf-8", lineterminator="\n")


def named_tables(tables: Tables, file: str) -> dict[str, pd.DataFrame]:
    """Return the tables by file name; the first column of the objects is the movie's name."""
    objects = tables.objects.copy(deep=False)
    objects.insert(0, FILE, file)
    return {
        "objects": objects,
        "tracks": tables.tracks,
        "counts": tables.counts,
        "events": tables.events,
        "drift": tables.drift,
    }
