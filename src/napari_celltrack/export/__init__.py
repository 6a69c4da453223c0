"""Result -> files, one module per format.

An export opens a writer in a folder before the first frame. The writer gets each frame when it is
ready, and the tables at the end, so that nothing has to hold a whole movie. To add an export, add a
file with a class, and its name to the union.
"""

from __future__ import annotations

from napari_celltrack.export.ctc import Ctc
from napari_celltrack.export.labels_tiff import LabelsTiff
from napari_celltrack.export.save_tables import TABLE_ENDINGS, save_table, save_tables
from napari_celltrack.export.tables_csv import TablesCsv
from napari_celltrack.export.tables_parquet import TablesParquet, has_pyarrow
from napari_celltrack.export.writer import Writer
from napari_celltrack.settings import Settings

#: The menu of exports.
Export = TablesCsv | TablesParquet | LabelsTiff | Ctc


def is_installed(export: type[Settings]) -> bool:
    """Tell whether the libraries are installed that an export needs; `export` is its class."""
    return export is not TablesParquet or has_pyarrow()


__all__ = [
    "TABLE_ENDINGS",
    "Ctc",
    "Export",
    "LabelsTiff",
    "TablesCsv",
    "TablesParquet",
    "Writer",
    "is_installed",
    "save_table",
    "save_tables",
]
