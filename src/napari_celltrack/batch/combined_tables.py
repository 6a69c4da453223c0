"""Tables of all items in one file, each row with its file and its conditions.

Rows are passed on as they are written in the results, one at a time: numbers keep every digit, and
memory does not grow with the number of items.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from napari_celltrack.batch.inputs import Item
from napari_celltrack.batch.result import FileDone
from napari_celltrack.export.tables_csv import FILE
from napari_celltrack.results.run_folder import POOLED, SUMMARY_COLUMNS
from napari_celltrack.text import cell_text
from napari_celltrack.whole_files import written_whole

#: Of the result: files of one name in several folders have different ones. As in the summary.
_FOLDER = SUMMARY_COLUMNS[1]


def condition_names(items: Sequence[Item]) -> list[str]:
    """Return the columns of the conditions, in the order they first occur."""
    return list(dict.fromkeys(name for item in items for name, _ in item.conditions))


def write_pooled(out: Path, rows: Sequence[FileDone]) -> None:
    """Write ``tracks.csv`` and ``counts.csv`` over all items that are done.

    Parameters
    ----------
    out : Path
        The folder of the results.
    rows : sequence of FileDone
        The items, in the order to write them.

    Raises
    ------
    OSError
        If they cannot be written.
    """
    done = [row.item for row in rows if row.status == "done"]
    for table in POOLED:
        _pool(out, table, done)


def _pool(out: Path, table: str, items: Sequence[Item]) -> None:
    sources = [(item, out / item.name / f"{table}.csv") for item in items]
    sources = [(item, path) for item, path in sources if path.is_file()]
    target = out / f"{table}.csv"
    if not sources:
        target.unlink(missing_ok=True)
        return
    conditions = condition_names(items)
    columns: dict[str, None] = {}
    for _, path in sources:
        with path.open(encoding="utf-8", newline="") as file:
            columns |= dict.fromkeys(next(csv.reader(file), []))
    header = list(dict.fromkeys([FILE, _FOLDER, *conditions, *columns]))
    with (
        written_whole(target) as hidden,
        hidden.open("x", encoding="utf-8", newline="") as written,
    ):
        writer = csv.DictWriter(written, header, restval="", lineterminator="\n")
        writer.writeheader()
        for item, path in sources:
            about = {FILE: item.file, _FOLDER: item.name, **dict(item.conditions)}
            about = {column: cell_text(value) for column, value in about.items()}
            with path.open(encoding="utf-8", newline="") as file:
                writer.writerows({**row, **about} for row in csv.DictReader(file))
