"""Tables into a folder of the user: all files, or none of them."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from napari_celltrack.errors import ResultError
from napari_celltrack.export.tables_csv import TablesCsv
from napari_celltrack.export.tables_parquet import TablesParquet
from napari_celltrack.movie import Movie
from napari_celltrack.tables import Tables


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
