"""Tables into files of the user: whole ones, or none."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import pandas as pd

from napari_celltrack.errors import ResultError
from napari_celltrack.export.tables_csv import TablesCsv
from napari_celltrack.export.tables_parquet import TablesParquet, need_pyarrow
from napari_celltrack.movie import Movie
from napari_celltrack.tables import Tables

#: What names of single tables end in.
TABLE_ENDINGS = (".csv", ".parquet")


def save_tables(
    export: TablesCsv | TablesParquet, folder: Path, movie: Movie, tables: Tables
) -> list[Path]:
    """Write tables into a folder; files of the same names are replaced once all are written.

    Parameters
    ----------
    export : TablesCsv or TablesParquet
        The format.
    folder : Path
        Must exist.
    movie : Movie
        Its name goes into the table of objects.
    tables : Tables

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    ResultError
        If the folder cannot be written to; nothing in it has changed then.
    """
    hidden: Path | None = None
    try:
        # On the same disk as the folder, so that giving the files their place moves no bytes.
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
    """Write one table; the folder is made, and a file of that name is replaced once it is whole.

    Parameters
    ----------
    table : DataFrame
        Of any columns.
    path : Path
        Ends in ``.csv`` or ``.parquet``, which is the format.

    Raises
    ------
    ResultError
        If the ending is another one, pyarrow is missing, or the file cannot be written.
    """
    ending = path.suffix.lower()
    if ending not in TABLE_ENDINGS:
        raise ResultError(f"{path.name} is no table; name it .csv or .parquet.")
    if ending == ".parquet":
        need_pyarrow()
    hidden = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if ending == ".csv":
            table.to_csv(hidden, index=False, encoding="utf-8", lineterminator="\n")
        else:
            table.to_parquet(hidden, engine="pyarrow", index=False)
        hidden.replace(path)
    except OSError as error:
        raise ResultError(
            f"{path} cannot be written ({error.strerror or error}); choose another place."
        ) from error
    finally:
        with suppress(OSError):  # where there is no folder, there is no half a file either
            hidden.unlink(missing_ok=True)
