"""What a folder of results says about itself, read with patience.

Folders are copied, half deleted and mixed with other files before someone looks at them: what
cannot be read is left out, and said.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.api.types import is_numeric_dtype

from napari_celltrack.batch.result_health import ResultHealth, health_of_failure, health_of_result
from napari_celltrack.errors import ResultError
from napari_celltrack.readers import natural_key
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
_KNOWN = {
    "file", "folder", "path", "status", "n_frames", "n_cells", "n_cells_first",
    "n_cells_mean", "n_cells_total", "n_tracks", "seconds", "warnings", "error",
}  # fmt: skip
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
class ResultTables:
    """The columns of a result's tables that the report is made of; `objects` None if too large."""

    counts: pd.DataFrame
    events: pd.DataFrame
    tracks: pd.DataFrame
    objects: pd.DataFrame | None


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
    folder : Path or None
        None where there is none.
    about : mapping
        The folder's ``run.json``.
    """

    file: str
    status: str
    error: str = ""
    warnings: tuple[str, ...] = ()
    conditions: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    folder: Path | None = None
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class FiledRun:
    """A folder of results.

    Parameters
    ----------
    files : tuple of FiledResult
        In the order of the summary.
    about : mapping
        Its ``run.json``; empty where that is missing.
    recipe : str
        Its ``recipe.yaml``.
    notes : tuple of str
        What was passed over.
    """

    files: tuple[FiledResult, ...]
    about: Mapping[str, Any]
    recipe: str
    notes: tuple[str, ...]

    @property
    def conditions(self) -> tuple[str, ...]:
        """The columns of conditions, in order."""
        return tuple(dict.fromkeys(name for file in self.files for name in file.conditions))


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
    try:
        summary = pd.read_csv(out / "summary.csv", dtype=str, keep_default_na=False)
        rows = [{str(name): str(row[name]) for name in row} for row in summary.to_dict("records")]
    except (OSError, ValueError) as error:
        raise ResultError(
            f"{out / 'summary.csv'} cannot be read; give a folder that celltrack run has written."
        ) from error
    if not {"file", "status"} <= set(summary.columns):
        raise ResultError(f"{out / 'summary.csv'} is of something else; give a folder of results.")
    folders, notes = _result_folders(out)
    conditions = [str(name) for name in summary.columns if name not in _KNOWN]
    files = []
    for row in rows:
        folder = _take_folder(row, folders) if row["status"] == "done" else None
        if row["status"] == "done" and folder is None:
            notes.append(f"The folder of {row['file']} is gone or cannot be read.")
        path, about = folder or (None, {})
        files.append(_filed(row, conditions, path, about))
    if folders:
        # They are of files that were not asked for this time: whole, but no part of this run.
        names = ", ".join(path.name for path, _ in folders[:10])
        notes.append(f"Not of this run, and not shown: {names}{', …' * (len(folders) > 10)}.")
    return FiledRun(
        tuple(files),
        _read(out / "run.json", _as_mapping) or {},
        _read(out / "recipe.yaml", str) or "",
        tuple(notes),
    )


def read_tables(folder: Path) -> ResultTables:
    """Read what the report needs of a result's tables.

    Raises
    ------
    ResultError
        If one is missing or broken.
    """
    is_small = _size(folder / "objects.csv") <= _MAX_BYTES
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


def _result_folders(out: Path) -> tuple[list[tuple[Path, Mapping[str, Any]]], list[str]]:
    """Return the folders that are results, in natural order of their inputs, and the others."""
    found, notes = [], []
    for path in out.iterdir():
        # Hidden ones are of a run that goes on; those set aside are of another recipe.
        if path.name.startswith(".") or path.name.endswith(".other-recipe") or not path.is_dir():
            continue
        about = _read(path / "run.json", _as_mapping)
        source = about.get("input") if about else None
        if about is None or not isinstance(source, dict) or not isinstance(source.get("path"), str):
            notes.append(f"{path.name} is no result and was passed over.")
        else:
            found.append((path, about))
    return sorted(found, key=lambda entry: natural_key(entry[1]["input"]["path"])), sorted(notes)


def _take_folder(
    row: Mapping[str, str], folders: list[tuple[Path, Mapping[str, Any]]]
) -> tuple[Path, Mapping[str, Any]] | None:
    """Find the folder of a line, and take it off the list.

    Files of one name in several folders are in natural order in the summary, as `folders` are.
    """
    name = row.get("folder")
    for entry in folders:
        path, about = entry
        source = Path(about["input"]["path"])
        is_it = path.name == name if name else row["file"] in (source.name, source.parent.name)
        if is_it or (not name and row["file"] == path.name):
            folders.remove(entry)
            return entry
    return None


def _filed(
    row: Mapping[str, str],
    conditions: Sequence[str],
    folder: Path | None,
    about: Mapping[str, Any],
) -> FiledResult:
    numbers: dict[str, float] = {}
    for name in sorted(_KNOWN & set(row)):
        value = pd.to_numeric(row[name], errors="coerce")
        if name.startswith("n_") or name == "seconds":
            numbers |= {} if pd.isna(value) else {name: float(value)}
    told = about.get("warnings")
    warnings = tuple(map(str, told)) if isinstance(told, list) else ()
    if not warnings and row.get("warnings"):
        warnings = (row["warnings"],)
    return FiledResult(
        file=row["file"],
        status=row["status"],
        error=row.get("error", ""),
        warnings=warnings,
        conditions={name: row[name] for name in conditions},
        numbers=numbers,
        folder=folder,
        about=about,
    )


def _table(folder: Path, name: str) -> pd.DataFrame:
    needed, also = _NEEDED[name], _ALSO[name]

    def is_wanted(column: str) -> bool:
        is_mean = name == "objects" and column.endswith("_mean")
        return column in needed or column in also or is_mean

    try:
        table: pd.DataFrame = pd.read_csv(folder / f"{name}.csv", usecols=is_wanted)
    except (OSError, ValueError) as error:
        raise ResultError(f"{name}.csv of {folder.name} cannot be read; run it again.") from error
    missing = sorted(needed - set(table.columns))
    if missing:
        raise ResultError(f"{name}.csv of {folder.name} has no {missing[0]}; run it again.")
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


def _read(path: Path, parse: Callable[[str], Any]) -> Any:
    try:
        return parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _as_mapping(text: str) -> dict[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("not a mapping")
    return value


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
