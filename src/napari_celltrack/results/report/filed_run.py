"""What a folder of results says about itself, read with patience.

Folders are copied, half deleted and mixed with other files before someone looks at them: what
cannot be read is left out, and said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.api.types import is_numeric_dtype

from napari_celltrack.readers import natural_key
from napari_celltrack.results.report.result_health import (
    ResultHealth,
    health_of_failure,
    health_of_result,
)
from napari_celltrack.results.result_folder import ResultFolder
from napari_celltrack.results.result_record import ResultRecord
from napari_celltrack.results.run_folder import SUMMARY_COLUMNS, RunFolder, RunRecord
from napari_celltrack.tables import (
    AREA_PX2,
    AREA_UM2,
    DISPLACEMENT_PX,
    DISPLACEMENT_UM,
    END_FRAME,
    FRAME,
    KIND,
    N_CELLS,
    N_FRAMES,
    REASON,
    SEVERITY,
    SPEED_PX_PER_FRAME,
    SPEED_UM_PER_S,
    START_FRAME,
    TIME_S,
    TRACK_ID,
    X_PX,
    X_UM,
    Y_PX,
    Y_UM,
)

#: Columns of a summary that are no conditions.
_KNOWN = {"path", *SUMMARY_COLUMNS}
#: What is read of each table, and what it is not a table without. Tables of cells are large:
#: columns that nothing is made of are passed over.
_NEEDED = {
    "counts": {FRAME, N_CELLS},
    "events": {FRAME, TRACK_ID, KIND, SEVERITY, REASON},
    "tracks": {TRACK_ID, N_FRAMES, START_FRAME, END_FRAME},
    "objects": {TRACK_ID, FRAME, Y_PX, X_PX},
}
_ALSO = {
    "counts": {TIME_S},
    "events": set[str](),
    "tracks": {SPEED_PX_PER_FRAME, SPEED_UM_PER_S, DISPLACEMENT_PX, DISPLACEMENT_UM},
    "objects": {Y_UM, X_UM, AREA_PX2, AREA_UM2},
}
_WORDS = {KIND, REASON}
#: A table of cells larger than this takes longer to read than its picture is worth.
_MAX_BYTES = 400_000_000


@dataclass(frozen=True, eq=False)
class FiledRun:
    """A folder of results.

    Parameters
    ----------
    files : tuple of FiledResult
        In the order of the summary.
    record : RunRecord
        What it says of itself; empty where that is missing.
    recipe : str
        Its ``recipe.yaml``.
    notes : tuple of str
        What was passed over.
    """

    files: tuple[FiledResult, ...]
    record: RunRecord
    recipe: str
    notes: tuple[str, ...]

    @property
    def conditions(self) -> tuple[str, ...]:
        """The columns of conditions, in order."""
        return tuple(dict.fromkeys(name for file in self.files for name in file.conditions))


@dataclass(frozen=True, eq=False)
class FiledResult:
    """A line of the summary, with the folder of its result.

    Parameters
    ----------
    file, status, error : str
        As in the summary.
    warnings : tuple of str
        Of the run.
    conditions : mapping of str to str
        By column.
    numbers : mapping of str to float
        Those of the summary that are known.
    folder : ResultFolder or None
        None where there is none.
    input : mapping
        What its record says of the movie; empty where there is none.
    """

    file: str
    status: str
    error: str = ""
    warnings: tuple[str, ...] = ()
    conditions: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    folder: ResultFolder | None = None
    input: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class ResultTables:
    """The columns of a result's tables that the report is made of; `objects` None if too large."""

    counts: pd.DataFrame
    events: pd.DataFrame
    tracks: pd.DataFrame
    objects: pd.DataFrame | None


def read_run(out: Path) -> FiledRun:
    """Read a folder of results, all but the tables.

    Parameters
    ----------
    out : Path
        With a ``summary.csv``.

    Returns
    -------
    FiledRun

    Raises
    ------
    ResultError
        If there is no summary that can be read.
    """
    run = RunFolder(out)
    rows = run.summary()
    found, others = run.results()
    found.sort(key=lambda entry: natural_key(entry[1].input["path"]))
    notes = [f"{name} is no result and was passed over." for name in others]
    files = []
    for row in rows:
        taken = _take_folder(row, found) if row["status"] == "done" else None
        if row["status"] == "done" and taken is None:
            notes.append(f"The folder of {row['file']} is gone or cannot be read.")
        files.append(_filed(row, *(taken or (None, None))))
    if found:
        # They are of files that were not asked for this time: whole, but no part of this run.
        names = ", ".join(folder.path.name for folder, _ in found[:10])
        notes.append(f"Not of this run, and not shown: {names}{', …' * (len(found) > 10)}.")
    return FiledRun(tuple(files), run.record(), run.recipe_text(), tuple(notes))


def read_tables(folder: ResultFolder) -> ResultTables:
    """Read what the report needs of a result's tables.

    Raises
    ------
    ResultError
        If one is missing or broken.
    """
    is_small = _size(folder.path / "objects.csv") <= _MAX_BYTES
    counts, events, tracks = (_table(folder, name) for name in ("counts", "events", "tracks"))
    return ResultTables(counts, events, tracks, _table(folder, "objects") if is_small else None)


def health_of(file: FiledResult, tables: ResultTables | None) -> ResultHealth:
    """Return the light of a line of the summary; `tables` are None where there are none."""
    if file.status == "stopped":
        return ResultHealth("amber", ("It was stopped before its end; run again to go on.",))
    if file.status != "done":
        return health_of_failure(file.error)
    if tables is None:
        return health_of_failure("Its tables are missing or cannot be read; run it again.")
    return health_of_result(tables.counts, tables.events, tables.tracks, file.warnings)


def intensity_columns(objects: pd.DataFrame) -> list[str]:
    """Return the columns of mean brightness, a channel each."""
    return [str(name) for name in objects.columns if str(name).endswith("_mean")]


def _take_folder(
    row: Mapping[str, str], found: list[tuple[ResultFolder, ResultRecord]]
) -> tuple[ResultFolder, ResultRecord] | None:
    """Find the folder of a line, and take it off the list.

    Files of one name in several folders are in natural order in the summary, as `found` is.
    """
    name = row.get("folder")
    for entry in found:
        folder, source = entry[0].path.name, Path(entry[1].input["path"])
        is_it = folder == name if name else row["file"] in (source.name, source.parent.name)
        if is_it or (not name and row["file"] == folder):
            found.remove(entry)
            return entry
    return None


def _filed(
    row: Mapping[str, str], folder: ResultFolder | None, record: ResultRecord | None
) -> FiledResult:
    numbers: dict[str, float] = {}
    for name in sorted(_KNOWN & set(row)):
        value = pd.to_numeric(row[name], errors="coerce")
        if name.startswith("n_") or name == "seconds":
            numbers |= {} if pd.isna(value) else {name: float(value)}
    warnings = record.warnings if record else ()
    if not warnings and row.get("warnings"):
        warnings = (row["warnings"],)
    return FiledResult(
        file=row["file"],
        status=row["status"],
        error=row.get("error", ""),
        warnings=warnings,
        conditions={name: row[name] for name in row if name not in _KNOWN},
        numbers=numbers,
        folder=folder,
        input=record.input if record else {},
    )


def _table(folder: ResultFolder, name: str) -> pd.DataFrame:
    needed, also = _NEEDED[name], _ALSO[name]

    def is_wanted(column: str) -> bool:
        return column in also or (name == "objects" and column.endswith("_mean"))

    table = folder.table(name, sorted(needed), is_wanted)
    for column in table.columns:
        if column not in _WORDS and not is_numeric_dtype(table[column]):
            table[column] = pd.to_numeric(table[column], errors="coerce")
    whole = sorted(needed - _WORDS - {SEVERITY, Y_PX, X_PX})
    if all(table[column].dtype == "int64" for column in whole):
        return table  # as it nearly always is, and each step takes some ms
    # Half a line at the end of a file that was cut off is no cell.
    table = table.dropna(subset=whole).reset_index(drop=True)
    whole_numbers: pd.DataFrame = table.astype(dict.fromkeys(whole, "int64"))
    return whole_numbers


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
