"""The folder of one result: its tables, its recipe, and ``run.json``, which says what it is.

What reads or writes one of these files does it here, so that it is decided once what a result is,
what is missing of it, and in which words that is said.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import pandas as pd

import napari_celltrack
from napari_celltrack.errors import ResultError
from napari_celltrack.recipe import Recipe
from napari_celltrack.results.small_files import read_json, write_json, write_text

#: Files that say how a result was made, beside its tables.
RECORD, RECIPE = "run.json", "recipe.yaml"
#: End of the name of a result that another recipe has made.
SET_ASIDE = ".other-recipe"

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
            if not inside.path.name.endswith(SET_ASIDE) and inside._kind() in ("result", "broken"):
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
            return size_um, None if interval is None else float(interval)
        except (ValueError, KeyError, TypeError, IndexError) as error:
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
            table: pd.DataFrame = pd.read_csv(file, usecols=columns)
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

    def file_sizes(self) -> dict[str, int]:
        """Return the bytes of each file that the result is made of, by its name in the folder."""
        return {
            path.relative_to(self.path).as_posix(): path.stat().st_size
            for path in sorted(self.path.rglob("*"))
            if path.is_file() and path != self.path / RECORD
        }

    def is_whole(self, record: ResultRecord) -> bool:
        """Whether each file that the result is made of is there, in its size."""
        try:
            return all(
                (self.path / name).stat().st_size == size for name, size in record.files.items()
            )
        except OSError:
            return False

    def strange_files(self) -> list[str]:
        """Return the files in the folder that no run of ours has put there, by name, sorted."""
        files = (path for path in self.path.rglob("*") if not path.is_dir())
        there = {path.relative_to(self.path).as_posix() for path in files}
        try:
            ours = {RECORD, *self.record().files}
        except ResultError:
            ours = set()
        return sorted(there - ours)

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


@dataclass(frozen=True)
class ResultRecord:
    """What ``run.json`` says of a result; what an older or copied one leaves out is empty.

    Parameters
    ----------
    input : mapping
        The movie: at least its `path`; its `parts`, `fingerprint`, calibration and more.
    key : str
        What it was made under; a run keeps it while that is the same.
    others : mapping of str to str
        Paths of other files that were measured with it, by name.
    result : mapping of str to float or None
        Its numbers, as in the summary.
    warnings : tuple of str
        Of the run, in sentences.
    seconds : float
        How long it took.
    versions : mapping of str to str
        Of the program and its libraries.
    files : mapping of str to int
        Bytes of each file that it is made of, by its name in the folder.
    has_plots : bool
        Whether its plots were drawn too.
    """

    input: Mapping[str, Any]
    key: str = ""
    others: Mapping[str, str] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0
    versions: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, int] = field(default_factory=dict)
    has_plots: bool = False

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> ResultRecord:
        """Take what JSON has said.

        Raises
        ------
        ValueError, TypeError
            If it does not say of which movie it is, or a value is of another kind.
        """
        source = values.get("input")
        if not isinstance(source, dict) or not isinstance(source.get("path"), str):
            raise ValueError("it says nothing of a movie")
        warnings = values.get("warnings", [])
        if not isinstance(warnings, list):
            raise TypeError("its warnings are no list")
        return cls(
            input=source,
            key=str(values.get("key", "")),
            others=_mapping(values, "others"),
            result=_mapping(values, "result"),
            warnings=tuple(map(str, warnings)),
            seconds=float(values.get("seconds", 0)),
            versions=_mapping(values, "versions"),
            files=_mapping(values, "files"),
            has_plots=values.get("has_plots") is True,
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as values that JSON knows."""
        values = asdict(self)
        order = ("key", "input", "others", "result", "warnings", "seconds", "versions", "files")
        return {name: values[name] for name in order} | (
            {"has_plots": True} if self.has_plots else {}
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
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def versions() -> dict[str, str]:
    """Return the versions of the program and of the libraries that can change a result."""
    libraries = {name: _version(name) for name in _LIBRARIES}
    return {
        "napari-celltrack": napari_celltrack.__version__,
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


def _mapping(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = values.get(name, {})
    if not isinstance(value, dict):
        raise TypeError(f"{name} is no mapping")
    return value
