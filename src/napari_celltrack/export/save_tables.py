"""Save tables in files of the user: all of them, or none."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pandas as pd

from napari_celltrack.errors import ResultError
from napari_celltrack.export.tables_csv import TablesCsv, write_csv
from napari_celltrack.export.tables_parquet import TablesParquet, need_pyarrow
from napari_celltrack.movie import Movie
from napari_celltrack.tables import Tables
from napari_celltrack.whole_files import written_whole

#: Endings of the names of single tables.
TABLE_ENDINGS = (".csv", ".parquet")


def save_tables(
    export: TablesCsv | TablesParquet, folder: Path, movie: Movie, tables: Tables
) -> list[Path]:
    """Write tables into a folder; existing files are replaced only after all are written.

    Parameters
    ----------
    export : TablesCsv or TablesParquet
        The format.
    folder : Path
        An existing folder.
    movie : Movie
        Its name goes into the table of objects.
    tables : Tables
        The tables.

    Returns
    -------
    list of Path
        The written files.

    Raises
    ------
    ResultError
        If the folder cannot be written to; then nothing in it has changed.
    """
    hidden: Path | None = None
    try:
        # On the same disk as the folder, so that moving the files copies no data.
        hidden = Path(tempfile.mkdtemp(prefix=".tables.partial-", dir=folder))
        writer = export.open(hidden, movie, len(tables.counts))
        writer.finish(tables)
        writer.close()
        written = sorted(hidden.iterdir())
        return [path.replace(folder / path.name) for path in written]
    except OSError as error:
        raise ResultError(
            f"The tables cannot be saved in {folder} ({error.strerror or error}); choose another "
            "folder."
        ) from error
    finally:
        if hidden is not None:
            shutil.rmtree(hidden, ignore_errors=True)


def save_table(table: pd.DataFrame, path: Path) -> None:
    """Write one table; makes the folder, and replaces an existing file only by a complete one.

    Parameters
    ----------
    table : DataFrame
        Any table.
    path : Path
        Its ending, ``.csv`` or ``.parquet``, decides the format.

    Raises
    ------
    ResultError
        If the ending is a different one, pyarrow is missing, or the file cannot be written.
    """
    ending = path.suffix.lower()
    if ending not in TABLE_ENDINGS:
        raise ResultError(f"{path.name} is no table; name it .csv or .parquet.")
    if ending == ".parquet":
        need_pyarrow()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(path) as hidden:
            if ending == ".csv":
                write_csv(table, hidden)
            else:
                table.to_parquet(hidden, engine="pyarrow", index=False)
    except OSError as error:
        raise ResultError(
            f"{path} cannot be written ({error.strerror or error}); choose another place."
        ) from error
