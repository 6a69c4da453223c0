"""The folder of a run: what it says of all its files, above the folders of their results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from napari_celltrack.errors import ResultError
from napari_celltrack.recipe import Recipe
from napari_celltrack.results.result_folder import (
    RECIPE,
    RECORD,
    SET_ASIDE,
    ResultFolder,
    ResultRecord,
    recipe_text,
    text_or_nothing,
)
from napari_celltrack.results.small_files import read_json, write_json, write_text

SUMMARY = "summary.csv"
#: Columns of the summary, with the conditions of the items after `folder`, the name of the folder
#: of the result; `n_cells` only when an input is a still.
SUMMARY_COLUMNS = (
    "file",
    "folder",
    "status",
    "n_frames",
    "n_cells",
    "n_cells_first",
    "n_cells_mean",
    "n_cells_total",
    "n_tracks",
    "seconds",
    "warnings",
    "error",
)
_STATES = ("done", "failed", "stopped")


@dataclass(frozen=True)
class RunFolder:
    """The folder that a run writes into.

    Parameters
    ----------
    path : Path
        Where it is.
    """

    path: Path

    def write_recipe(self, recipe: Recipe) -> None:
        """Write the recipe of the run."""
        write_text(self.path / RECIPE, recipe_text(recipe))

    def recipe_text(self) -> str:
        """Read the recipe of the run as it stands there; empty if it cannot be read."""
        return text_or_nothing(self.path / RECIPE)

    def write_summary(self, rows: Sequence[Mapping[str, Any]], conditions: Sequence[str]) -> None:
        """Write a line a file.

        Parameters
        ----------
        rows : sequence of mapping
            A value for each of :data:`SUMMARY_COLUMNS`, and of each condition that a file has.
        conditions : sequence of str
            Columns of the conditions, in order.
        """
        columns = [*SUMMARY_COLUMNS[:2], *conditions, *SUMMARY_COLUMNS[2:]]
        table: pd.DataFrame = pd.DataFrame(rows, columns=columns)
        whole = [n for n in SUMMARY_COLUMNS if n.startswith("n_") and n != "n_cells_mean"]
        table = table.astype(dict.fromkeys(whole, "Int64"))
        if not table["n_cells"].notna().any():
            del table["n_cells"]
        write_text(self.path / SUMMARY, table.to_csv(index=False, lineterminator="\n"))

    def summary(self) -> list[dict[str, str]]:
        """Read the lines of the summary, by column.

        Raises
        ------
        ResultError
            If there is none that can be read.
        """
        file = self.path / SUMMARY
        try:
            table = pd.read_csv(file, dtype=str, keep_default_na=False)
        except (OSError, ValueError) as error:
            raise ResultError(
                f"{file} cannot be read; give a folder that celltrack run has written."
            ) from error
        if not {"file", "status"} <= set(table.columns):
            raise ResultError(f"{file} is of something else; give a folder of results.")
        return [{str(name): str(row[name]) for name in row} for row in table.to_dict("records")]

    def write_record(self, record: RunRecord) -> None:
        """Write what the run says of itself; it is on the disk when this returns."""
        write_json(self.path / RECORD, record.to_json())

    def record(self) -> RunRecord:
        """Read what the run says of itself; an empty record if that is missing or broken."""
        try:
            return RunRecord.from_json(read_json(self.path / RECORD))
        except (OSError, ValueError):
            return RunRecord()

    def results(self) -> tuple[list[tuple[ResultFolder, ResultRecord]], list[str]]:
        """Find the results in it, and the names of folders that are none, sorted.

        Hidden folders are of a run that goes on; those set aside are of another recipe.
        """
        found, others = [], []
        for path in self.path.iterdir():
            if path.name.startswith(".") or path.name.endswith(SET_ASIDE) or not path.is_dir():
                continue
            folder = ResultFolder(path)
            try:
                found.append((folder, folder.record()))
            except ResultError:
                others.append(path.name)
        return found, sorted(others)


@dataclass(frozen=True)
class RunRecord:
    """What ``run.json`` says of a run; what a broken or copied one leaves out is empty.

    Parameters
    ----------
    versions : mapping of str to str
        Of the program and its libraries.
    command : str
        What repeats the run.
    options : mapping
        How it was executed.
    started : str
        When, as ISO 8601.
    seconds : float or None
        How long it took.
    conditions : tuple of str
        Columns that come from the names of files.
    items : tuple of mapping
        What is said of each file, with its `status`.
    ignored, ignored_reasons : tuple of str
        Files that were passed over, and why.
    """

    versions: Mapping[str, str] = field(default_factory=dict)
    command: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    started: str = ""
    seconds: float | None = None
    conditions: tuple[str, ...] = ()
    items: tuple[Mapping[str, Any], ...] = ()
    ignored: tuple[str, ...] = ()
    ignored_reasons: tuple[str, ...] = ()

    def n_of(self, status: str) -> int:
        """Return how many files are ``done``, ``failed`` or ``stopped``."""
        return sum(item.get("status") == status for item in self.items)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> RunRecord:
        """Take what JSON has said; values of another kind are left out."""
        seconds = values.get("seconds")
        return cls(
            versions=_kept(values, "versions", dict, {}),
            command=_kept(values, "command", str, ""),
            options=_kept(values, "options", dict, {}),
            started=_kept(values, "started", str, ""),
            seconds=float(seconds) if isinstance(seconds, int | float) else None,
            conditions=tuple(map(str, _kept(values, "conditions", list, []))),
            items=tuple(i for i in _kept(values, "items", list, []) if isinstance(i, dict)),
            ignored=tuple(map(str, _kept(values, "ignored", list, []))),
            ignored_reasons=tuple(map(str, _kept(values, "ignored_reasons", list, []))),
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as values that JSON knows, with the numbers of files by status."""
        values = asdict(self)
        before = ("versions", "command", "options", "started", "seconds")
        after = ("conditions", "items", "ignored", "ignored_reasons")
        return {
            **{name: values[name] for name in before},
            "n_items": len(self.items),
            **{f"n_{status}": self.n_of(status) for status in _STATES},
            **{name: values[name] for name in after},
        }


def _kept(values: Mapping[str, Any], name: str, kind: type, otherwise: Any) -> Any:
    value = values.get(name)
    return value if isinstance(value, kind) else otherwise
