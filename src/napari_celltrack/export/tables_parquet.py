"""Tables as Parquet: the same tables as in CSV, smaller and with their types."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from napari_celltrack.errors import ResultError
from napari_celltrack.export.tables_csv import named_tables
from napari_celltrack.movie import Movie
from napari_celltrack.settings import Settings
from napari_celltrack.tables import Tables


class TablesParquet(Settings, title="Tables (Parquet)"):
    """One file per table, as with CSV, for pandas, R and others that read Parquet; needs pyarrow.

    References
    ----------
    Apache Parquet, https://parquet.apache.org/docs/file-format/
    """

    method: Literal["tables_parquet"] = "tables_parquet"

    def open(self, folder: Path, movie: Movie, n_frames: int) -> TablesParquetWriter:
        """Return a writer of tables into `folder`.

        Raises
        ------
        ResultError
            If pyarrow is not installed.
        """
        need_pyarrow()
        return TablesParquetWriter(folder, movie.name)


class TablesParquetWriter:
    """Writes the tables at the end."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name

    def add(self, labels: npt.NDArray[np.int32]) -> None:
        """Labels are not part of the tables."""

    def finish(self, tables: Tables) -> None:
        """Write the tables."""
        for name, table in named_tables(tables, self._name).items():
            table.to_parquet(self._folder / f"{name}.parquet", engine="pyarrow", index=False)

    def close(self) -> None:
        """Nothing is left open."""


def has_pyarrow() -> bool:
    """Tell whether the library is installed that reads and writes Parquet."""
    return find_spec("pyarrow") is not None


def need_pyarrow() -> None:
    """Raise a ResultError with instructions if pyarrow is not installed."""
    if not has_pyarrow():
        raise ResultError(
            "Parquet files need the library pyarrow; install it with "
            "'pip install \"napari-celltrack[parquet]\"', or save the tables as CSV."
        )
