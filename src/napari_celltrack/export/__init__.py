"""A result -> files, one file a format.

An export is opened in a folder before the first frame, is handed each frame as it comes, and is
finished with the tables, so that nothing has to hold a whole movie. Adding one: a file with a
class, its name in the union.
"""

from __future__ import annotations

from napari_celltrack.export.ctc import Ctc
from napari_celltrack.export.labels_tiff import LabelsTiff
from napari_celltrack.export.save_tables import TABLE_ENDINGS, save_table, save_tables
from napari_celltrack.export.tables_csv import TablesCsv
from napari_celltrack.export.tables_parquet import TablesParquet
from napari_celltrack.export.writer import Writer

#: The menu of exports.
Export = TablesCsv | TablesParquet | LabelsTiff | Ctc

__all__ = [
    "TABLE_ENDINGS",
    "Ctc",
    "Export",
    "LabelsTiff",
    "TablesCsv",
    "TablesParquet",
    "Writer",
    "save_table",
    "save_tables",
]
