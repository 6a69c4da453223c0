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
