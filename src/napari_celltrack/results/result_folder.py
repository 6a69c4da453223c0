"""The folder of one result: its tables, its recipe, and ``run.json``, which says what it is.

What reads or writes one of these files does it here, so that it is decided once what a result is,
what is missing of it, and in which words that is said.
"""

from __future__ import annotations

import os
import platform
import re
import secrets
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import metadata
from math import inf
from pathlib import Path
from typing import Literal

import pandas as pd

import napari_celltrack
from napari_celltrack.errors import RecipeError, ResultError
from napari_celltrack.recipe import Recipe
from napari_celltrack.results.own_files import (
    UNFINISHED,
    FileFact,
    Owner,
    entries_in,
    facts_in,
    retire,
    set_aside,
    sync_folder,
    unmark,
)
from napari_celltrack.results.result_record import ResultRecord
from napari_celltrack.results.small_files import read_json, write_json
from napari_celltrack.whole_files import file_at, write_text

#: Files that say how a result was made, beside its tables.
RECORD, RECIPE = "run.json", "recipe.yaml"
#: What is added to the name of a result that another recipe has made, or that is damaged.
OTHER_RECIPE, EARLIER = "other-recipe", "earlier"
_ASIDE = re.compile(rf"\.({OTHER_RECIPE}|{EARLIER})(-\d+)?$")
_KEPT = re.compile(rf"{EARLIER}(-\d+)?/")
#: End of the hidden name of a result for the moment in which another takes its place.
OLD = ".old"
#: Beside the files that a record speaks of.
_NOT_OF_RESULT = (RECORD, UNFINISHED)
#: By which a record of ours is known, of a result and of a run.
PROGRAM = "napari-celltrack"

_LIBRARIES = ("numpy", "opencv-python-headless", "pandas", "scikit-image", "scipy", "tifffile")


@dataclass(frozen=True)
class ResultFolder:
    """The folder of one result.

    Parameters
    ----------
    path : Path
        Where it is; it need not be there.
    """

    path: Path

    @classmethod
    def all_in(cls, path: Path) -> Iterator[ResultFolder]:
        """Find the results that a folder holds: itself, if it is one, or those directly in it.

        A run leaves a ``run.json`` in the folder above its results too, which is none of a result.
        Hidden folders belong to a run that goes on, and results that were set aside are not meant.
        """
        own = cls(path)
        kind = own._kind()
        if kind == "result":
            yield own
            return
        is_empty = True
        for file in sorted(path.glob(f"[!.]*/{RECORD}")):
            inside = cls(file.parent)
            if not is_aside(inside.path.name) and inside._kind() in ("result", "broken"):
                is_empty = False
                yield inside
        if is_empty and kind == "broken":
            yield own

    @classmethod
    def only_one(cls, path: Path) -> ResultFolder:
        """Return the one result that a folder is or holds.

        Raises
        ------
        ResultError
            If there is none, or several.
        """
        if not path.is_dir():
            raise ResultError(f"{path} is no folder; give the folder that celltrack run wrote.")
        found = list(cls.all_in(path))
        if not found:
            raise ResultError(
                f"{path} holds no result (there is no {RECORD} of one); give a folder that "
                "celltrack run wrote."
            )
        if len(found) > 1:
            names = ", ".join(folder.path.name for folder in found[:5])
            raise ResultError(
                f"{path} holds {len(found)} results; choose one of its folders: {names}"
                f"{', …' if len(found) > 5 else ''}."
            )
        return found[0]

    def record(self) -> ResultRecord:
        """Read what the result says of itself.

        Raises
        ------
        ResultError
            If it says nothing, or what it says is broken or not of a result.
        """
        try:
            return ResultRecord.from_json(read_json(self.path / RECORD))
        except (OSError, ValueError, TypeError) as error:
            raise self._unreadable(RECORD) from error

    def write_record(self, record: ResultRecord) -> None:
        """Write what the result says of itself; it is on the disk when this returns."""
        write_json(self.path / RECORD, record.to_json())

    def calibration(self) -> tuple[tuple[float, float] | None, float | None]:
        """Read the pixel size (height, width) in µm and the frame interval in s of the movie.

        Raises
        ------
        ResultError
            If it is not said whether they are known.
        """
        source = self.record().input
        try:
            size, interval = source["pixel_size_um"], source["frame_interval_s"]
            size_um = None if size is None else (float(size[0]), float(size[1]))
            interval_s = None if interval is None else float(interval)
            known = [value for value in (*(size_um or ()), interval_s) if value is not None]
            if not all(0 < value < inf for value in known):
                raise ValueError("a size or a time is none")
            return size_um, interval_s
        except (ArithmeticError, ValueError, KeyError, TypeError, IndexError) as error:
            raise self._unreadable(RECORD) from error

    def recipe(self) -> Recipe:
        """Read the recipe that it was made with.

        Raises
        ------
        RecipeError
            If it is missing or broken.
        """
        return Recipe.load(self.path / RECIPE)

    def recipe_text(self) -> str:
        """Read the recipe as it stands there; empty if it cannot be read."""
        return text_or_nothing(self.path / RECIPE)

    def write_recipe(self, recipe: Recipe) -> None:
        """Write the recipe that it was made with."""
        write_text(self.path / RECIPE, recipe_text(recipe))

    def table(
        self,
        name: str,
        needed: Collection[str],
        is_wanted: Callable[[str], bool] | None = None,
    ) -> pd.DataFrame:
        """Read a table.

        Parameters
        ----------
        name : str
            Without its ending, such as ``objects``.
        needed : collection of str
            Columns without which it is not that table.
        is_wanted : callable, optional
            Which other columns are read; by default all.

        Raises
        ------
        ResultError
            If it is missing or broken.
        """
        file = self.path / f"{name}.csv"
        columns = None if is_wanted is None else lambda c: c in needed or is_wanted(c)
        try:
            table: pd.DataFrame = pd.read_csv(file_at(file), usecols=columns)
        except FileNotFoundError as error:
            raise ResultError(
                f"{file} is not there; run the recipe again, with the tables as CSV."
            ) from error
        except (OSError, ValueError) as error:
            raise self._unreadable(file.name) from error
        missing = [column for column in needed if column not in table]
        if missing:
            raise ResultError(f"{file} has no column {missing[0]}; run the recipe again.")
        return table

    def owner(self) -> Owner:
        """Tell who has made the folder; nobody if it is not there or empty."""
        if self.path.is_symlink() or (os.path.lexists(self.path) and not self.path.is_dir()):
            return "others"
        if not self.path.is_dir() or not any(self.path.iterdir()):
            return "nobody"
        kind = self._kind()
        try:
            if kind == "result" and self.record().versions.get(PROGRAM):
                return "us"
            # A recipe beside a record that cannot be read speaks for us.
            return "perhaps us" if kind == "broken" and self.recipe() else "others"
        except (ResultError, RecipeError):
            return "others"

    def put_in_place(self, hidden: Path) -> None:
        """Give a finished folder the place of this one.

        What we made is deleted when the new result is there; a file of somebody else is kept in
        it, and so is one of ours that was changed, under another name.

        Parameters
        ----------
        hidden : Path
            As :func:`~napari_celltrack.results.own_files.make_hidden` made it.

        Raises
        ------
        ResultError
            If somebody else has made a folder there meanwhile.
        """
        owner = self.owner()
        if owner == "others":
            raise ResultError(not_ours(self.path))
        unmark(hidden)
        old = None
        if owner == "us":
            old = self.path.with_name(f".{self.path.name}.{secrets.token_hex(4)}{OLD}")
            self.path.rename(old)
        elif owner == "perhaps us":
            set_aside(self.path, EARLIER)
        elif self.path.is_dir():
            self.path.rmdir()
        hidden.rename(self.path)
        sync_folder(self.path.parent)
        if old is not None:
            # What cannot be moved or deleted now waits under its hidden name for the next run.
            with suppress(OSError):
                self.take_over(old)

    def take_over(self, old: Path) -> None:
        """Delete the result that this one replaces, but for files of others, which are kept."""
        record = ResultFolder(old).record()
        retire(old, self.path, {**record.files, RECORD: FileFact.of(old / RECORD)})

    def finish(self, record: ResultRecord) -> None:
        """Write what the result says of itself, with the facts of all its files.

        Files and record are on the disk when this returns; a power cut leaves them whole.
        """
        self.write_record(replace(record, files=facts_in(self.path, leave_out=_NOT_OF_RESULT)))
        sync_folder(self.path)

    def changed_files(self, record: ResultRecord) -> list[str]:
        """Return the files that no longer hold what was written, changed by hand or damaged."""
        return [
            name
            for name, fact in record.files.items()
            if os.path.lexists(self.path / name) and not fact.is_of(self.path / name)
        ]

    def is_whole(self, record: ResultRecord) -> bool:
        """Whether each file that the result is made of is there, as it was written."""
        return bool(record.files) and all(
            fact.is_of(self.path / name) for name, fact in record.files.items()
        )

    def strange_files(self) -> list[str]:
        """Return the files in the folder that no run of ours has put there, by name, sorted.

        What a run has kept there of an earlier result is not meant.
        """
        if not self.path.is_dir():
            return []
        there = {path.relative_to(self.path).as_posix() for path in entries_in(self.path)}
        try:
            ours = {RECORD, *self.record().files}
        except ResultError:
            ours = set()
        return sorted(name for name in there - ours if not _KEPT.match(name))

    def _kind(self) -> Literal["none", "result", "run", "broken"]:
        """Tell by ``run.json`` what the folder is."""
        try:
            values = read_json(self.path / RECORD)
        except (FileNotFoundError, NotADirectoryError):
            return "none"
        except (OSError, ValueError):
            return "broken"
        return "result" if "input" in values else "run"

    def _unreadable(self, name: str) -> ResultError:
        return ResultError(f"{self.path / name} cannot be read; run the recipe again.")


def is_aside(name: str) -> bool:
    """Whether a folder has the name of a result that was set aside."""
    return _ASIDE.search(name) is not None


def not_ours(path: Path) -> str:
    """Say that a file or folder is in the way of a run, and that it is not touched."""
    return (
        f"{path} is there and was not made by a run of celltrack, so it is not touched; choose "
        "another folder for the results, or move it away."
    )


def recipe_text(recipe: Recipe) -> str:
    """Return a recipe as YAML, as its file has it.

    All items of a run have the same few recipes, and each needs the text twice; it takes some ms
    to make, in which no other thread goes on.
    """
    return _yaml_of(recipe.model_dump_json())


def text_or_nothing(path: Path) -> str:
    """Return the text of a small file; empty if it cannot be read."""
    try:
        return file_at(path).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def versions() -> dict[str, str]:
    """Return the versions of the program and of the libraries that can change a result."""
    libraries = {name: _version(name) for name in _LIBRARIES}
    return {
        PROGRAM: napari_celltrack.__version__,
        "python": platform.python_version(),
        **libraries,
    }


@lru_cache(maxsize=64)
def _yaml_of(dumped: str) -> str:
    return Recipe.model_validate_json(dumped).to_yaml()


@lru_cache
def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "unknown"
