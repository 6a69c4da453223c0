"""The folder of a run: what it says of all its files, above the folders of their results."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from napari_celltrack.errors import RecipeError, ResultError
from napari_celltrack.export.tables_csv import write_csv
from napari_celltrack.recipe import Recipe
from napari_celltrack.results.own_files import FileFact, Owner, set_aside
from napari_celltrack.results.result_folder import (
    PROGRAM,
    RECIPE,
    RECORD,
    ResultFolder,
    is_aside,
    not_ours,
    recipe_text,
    text_or_nothing,
)
from napari_celltrack.results.result_record import ResultRecord
from napari_celltrack.results.small_files import read_json, write_json
from napari_celltrack.text import from_cell_text
from napari_celltrack.whole_files import file_at, write_text

SUMMARY, REPORT = "summary.csv", "report.html"
#: Tables that are put together from those of the results.
POOLED = ("tracks", "counts")
#: Files that a later run writes anew, and those that it adds to.
REPLACED = (RECIPE, SUMMARY, *(f"{table}.csv" for table in POOLED), REPORT)
LOG, ERRORS = "run.log", "errors.log"
_BEGIN_OF_LOG = re.compile(r"\S+  start: \d+ items, celltrack ")
#: Where the horizontal strategy keeps what its steps have made.
STEPS_FOLDER = "steps"
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

    def owner(self) -> Owner:
        """Tell whose run has written there; nobody's if there is no record of one."""
        file = self.path / RECORD
        if not os.path.lexists(file):
            return "nobody"
        if file.is_symlink():
            return "others"
        try:
            record = RunRecord.from_json(read_json(file))
        except (OSError, ValueError):
            return "perhaps us" if self._has_log() else "others"
        return "us" if PROGRAM in record.versions and record.started else "others"

    def check(self, names: Iterable[str], *, has_steps: bool) -> None:
        """Make sure that a run would touch nothing that no run has made.

        Parameters
        ----------
        names : iterable of str
            Of the folders of its results.
        has_steps : bool
            Whether it keeps what its steps have made.

        Raises
        ------
        ResultError
            If something is in the way; it names the first.
        """
        owner = self.owner()
        files = [self.path / name for name in (RECORD, *REPLACED, LOG, ERRORS)]
        if owner == "others":
            raise ResultError(not_ours(files[0]))
        for path in files:
            if os.path.lexists(path) and (owner == "nobody" or not _is_plain(path)):
                raise ResultError(not_ours(path))
        steps = ResultFolder(self.path / STEPS_FOLDER)
        is_others = owner == "nobody" or steps.path.is_symlink()
        if has_steps and is_others and steps.owner() != "nobody":
            raise ResultError(not_ours(steps.path))
        made = self._made()
        for name in names:
            result = ResultFolder(self.path / name)
            if result.owner() == "others" and (name not in made or result.path.is_symlink()):
                raise ResultError(not_ours(result.path))

    def begin(self, recipe: Recipe, record: RunRecord, names: Iterable[str]) -> RunRecord:
        """Write the recipe and what is known of a run that begins, and put aside what was changed.

        Parameters
        ----------
        recipe : Recipe
            Of the run.
        record : RunRecord
            What is known of it.
        names : iterable of str
            Of the folders of its results.

        Returns
        -------
        RunRecord
            With what was put aside.
        """
        owner, earlier = self.owner(), self.record()
        aside = [
            path
            for name in REPLACED
            if os.path.lexists(path := self.path / name)
            and not (name in earlier.files and earlier.files[name].is_of(path))
            and not (name == RECIPE and self._is_recipe(recipe))
        ]
        aside += [self.path / RECORD] if owner == "perhaps us" else []
        aside += [
            path
            for name in self._made().intersection(names)
            if ResultFolder(path := self.path / name).owner() == "others"
        ]
        said = tuple(
            f"{path.name} is not as the run before has left it; it is kept as "
            f"{set_aside(path).name}."
            for path in aside
        )
        record = replace(record, put_aside=said)
        # Until the end, what is known of the run before is known still. The record comes first, so
        # that nothing of a run that is killed here is taken for a file of others.
        self.finish(earlier if owner == "us" else record)
        if not os.path.lexists(self.path / RECIPE):
            write_text(self.path / RECIPE, recipe_text(recipe))
            self.finish(earlier if owner == "us" else record)
        return record

    def finish(self, record: RunRecord) -> None:
        """Write what the run says of itself, with the facts of the files that it has written."""
        self.write_record(replace(record, files=self._facts()))

    def _facts(self) -> dict[str, FileFact]:
        facts = {
            name: FileFact.of(path) for name in REPLACED if _is_plain(path := self.path / name)
        }
        if not self._is_as_saved():
            facts.pop(RECIPE, None)
        return facts

    def _is_recipe(self, recipe: Recipe) -> bool:
        """Whether the recipe that stands there is this one, with comments perhaps."""
        try:
            return Recipe.load(self.path / RECIPE) == recipe
        except RecipeError:
            return False

    def _is_as_saved(self) -> bool:
        """Whether the recipe that stands there is as we write it, without comments of the user."""
        try:
            return self.recipe_text() == recipe_text(Recipe.load(self.path / RECIPE))
        except RecipeError:
            return False

    def _made(self) -> set[str]:
        """Return the names of the results that the run before has made."""
        return {str(i.get("name")) for i in self.record().items if i.get("status") == "done"}

    def _has_log(self) -> bool:
        """Whether the log of a run lies there."""
        return _BEGIN_OF_LOG.match(text_or_nothing(self.path / LOG)) is not None

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
        text = io.StringIO()
        write_csv(table, text)
        write_text(self.path / SUMMARY, text.getvalue())

    def summary(self) -> list[dict[str, str]]:
        """Read the lines of the summary, by column.

        Raises
        ------
        ResultError
            If there is none that can be read.
        """
        file = self.path / SUMMARY
        try:
            table = pd.read_csv(file_at(file), dtype=str, keep_default_na=False)
        except (OSError, ValueError) as error:
            raise ResultError(
                f"{file} cannot be read; give a folder that celltrack run has written."
            ) from error
        if not {"file", "status"} <= set(table.columns):
            raise ResultError(f"{file} is of something else; give a folder of results.")
        return [
            {str(name): from_cell_text(str(row[name])) for name in row}
            for row in table.to_dict("records")
        ]

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
            if path.name.startswith(".") or is_aside(path.name) or not path.is_dir():
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
    files : mapping of str to FileFact
        What each file that a later run writes anew held when the run ended, by name.
    put_aside : tuple of str
        Which files it kept under another name, as they were not as the run before had left them.
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
    files: Mapping[str, FileFact] = field(default_factory=dict)
    put_aside: tuple[str, ...] = ()

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
            files={k: FileFact.from_json(v) for k, v in _kept(values, "files", dict, {}).items()},
            put_aside=tuple(map(str, _kept(values, "put_aside", list, []))),
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as values that JSON knows, with the numbers of files by status."""
        values = asdict(self)
        values["files"] = {name: fact.to_json() for name, fact in self.files.items()}
        before = ("versions", "command", "options", "started", "seconds")
        after = ("conditions", "items", "ignored", "ignored_reasons", "files", "put_aside")
        return {
            **{name: values[name] for name in before},
            "n_items": len(self.items),
            **{f"n_{status}": self.n_of(status) for status in _STATES},
            **{name: values[name] for name in after},
        }


def _is_plain(path: Path) -> bool:
    """Whether a path is a file, and no link to one."""
    return path.is_file() and not path.is_symlink()


def _kept(values: Mapping[str, Any], name: str, kind: type, otherwise: Any) -> Any:
    value = values.get(name)
    return value if isinstance(value, kind) else otherwise
