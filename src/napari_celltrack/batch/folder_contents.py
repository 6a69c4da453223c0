"""What a folder holds for a batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from napari_celltrack.batch.inputs import Inputs, Item, find_inputs
from napari_celltrack.batch.names import suggest_names
from napari_celltrack.batch.overrides import Overrides
from napari_celltrack.errors import CelltrackError
from napari_celltrack.readers import is_image_file, open_movie
from napari_celltrack.recipe import Recipe
from napari_celltrack.text import plural

if TYPE_CHECKING:
    from napari_celltrack.batch.earlier import Earlier
    from napari_celltrack.batch.plan import Plan

#: Settings of single files, in the folder of the images.
OVERRIDES = "overrides.yaml"
_DEEPER = (
    "The images are in folders of {}. Enter */*.tif under Files to take each of them, or a pattern "
    "such as {{channel}}/{{name}}_t{{t}}.tif if several make one movie."
)
#: From so many names a pattern is guessed.
_MOST_NAMES = 20_000


@dataclass(frozen=True, eq=False)
class FolderContents:
    """The files that are meant, and those of them that have settings of their own.

    Parameters
    ----------
    place : Place
        Where they are.
    inputs : Inputs
        The files, and those that were passed over.
    overrides : Overrides or None
        Other settings for some of the files.
    overrides_file : Path or None
        Where that is written.
    changed : frozenset of str
        Names of the items that it changes.
    changes : tuple of str
        A line a pattern: how many files, and what is changed.
    unused : tuple of str
        Its patterns that fit none of the files.
    problem : str
        Why the file of overrides cannot be used; empty when all is well.
    """

    place: Place
    inputs: Inputs
    overrides: Overrides | None = None
    overrides_file: Path | None = None
    changed: frozenset[str] = frozenset()
    changes: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    problem: str = ""

    def recipe_of(self, recipe: Recipe) -> Callable[[Item], Recipe]:
        """Return a function that gives the settings of each file."""
        if self.overrides is None:
            return lambda item: recipe
        return partial(self.overrides.recipe_for, recipe)

    def conditions(self) -> list[str]:
        """Say how many values each condition has, e.g. ``["2 conditions", "4 wells"]``."""
        values: dict[str, set[str]] = {}
        for item in self.inputs.items:
            for column, value in item.conditions:
                values.setdefault(column, set()).add(value)
        return [f"{len(each):,} {plural(len(each), name)}" for name, each in values.items()]

    def before_run(self, plan: Plan | None, earlier: Earlier | None) -> str:
        """Say what is worth knowing before a run; empty where there is nothing to say.

        Parameters
        ----------
        plan : Plan or None
            Of the run, if it is made already.
        earlier : Earlier or None
            What earlier runs left, if that is known.
        """
        told = []
        if self.unused:
            more = ", …" if len(self.unused) > 3 else ""
            told.append(f"Overrides: no file fits {', '.join(self.unused[:3])}{more}.")
        if plan is not None and plan.n_unreadable == 1:
            told.append(plan.unreadable_why)
        elif plan is not None and plan.n_unreadable:
            n_files = f"{plan.n_unreadable:,} files"
            told.append(f"{n_files} cannot be run; the first: {plan.unreadable_why}")
        if earlier is not None:
            told.append(earlier.words(len(self.inputs.items)))
        return " ".join(filter(None, told))


@dataclass(frozen=True)
class Place:
    """Where the files of a batch are, and where its results go.

    Parameters
    ----------
    folder, results : Path
        Of the images; of the results.
    files : str
        Which files: a pattern such as ``f*.tif``, one with names of conditions such as
        ``{condition}_*.tif``, or empty for all images.
    """

    folder: Path
    files: str
    results: Path

    @property
    def names(self) -> str | None:
        """The pattern that names conditions, or None."""
        return self.files if "{" in self.files else None

    @property
    def pattern(self) -> str | None:
        """The pattern that only chooses, or None."""
        return self.files if self.files and "{" not in self.files else None


def find_files(place: Place, overrides_file: Path | None = None) -> FolderContents:
    """Find the files that are meant, and which of them have settings of their own.

    Parameters
    ----------
    place : Place
        Where to look.
    overrides_file : Path, optional
        By default ``overrides.yaml`` in the folder, where there is one.

    Raises
    ------
    CelltrackError
        If the folder does not exist, or nothing matches.
    """
    if not place.folder.is_dir():
        raise CelltrackError(f"{place.folder} is not a folder; choose the folder of your images.")
    try:
        inputs = find_inputs(
            [place.folder], pattern=place.pattern, names=place.names, out=place.results
        )
    except CelltrackError as error:
        if not place.files and _images_in(place, "*/*"):
            raise CelltrackError(_DEEPER.format(place.folder.name)) from error
        raise
    path = overrides_file or place.folder / OVERRIDES
    if overrides_file is None and not path.is_file():
        return FolderContents(place, inputs)
    try:
        overrides = Overrides.load(path)
    except CelltrackError as error:
        return FolderContents(place, inputs, overrides_file=path, problem=str(error))
    changed: set[str] = set()
    changes, unused = [], []
    for entry in overrides.entries:
        names = {item.name for item in inputs.items if entry.matches(item)}
        changed |= names
        if not names:
            unused.append(entry.pattern)
        n_files = f"{len(names):,}" if names else "no file fits"
        changes.append(f"{entry.pattern} ({n_files}): {', '.join(entry.settings())}")
    return FolderContents(
        place, inputs, overrides, path, frozenset(changed), tuple(changes), tuple(unused)
    )


@dataclass(frozen=True)
class PatternOffer:
    """A pattern that puts files together to movies.

    Parameters
    ----------
    pattern : str
        As it is entered.
    n_files, n_movies : int
        Images in the folder, and movies that they make.
    """

    pattern: str
    n_files: int
    n_movies: int


def find_offer(place: Place) -> PatternOffer | None:
    """Guess from the names of files whether several of them make one movie; None if they do not.

    Where something is entered nothing is offered. Files in folders are looked at where the folder
    itself holds no images.
    """
    if place.files or not place.folder.is_dir():
        return None
    for depth in ("*", "*/*"):
        if paths := _images_in(place, depth):
            return _offer(place, paths, depth)
    return None


def _offer(place: Place, paths: list[Path], depth: str) -> PatternOffer | None:
    pattern = suggest_names(sorted(str(path.relative_to(place.folder)) for path in paths))
    if pattern is None:
        return None
    if "/" in depth and "/" not in pattern:
        pattern = f"{{name}}/{pattern}"
    try:
        inputs = find_inputs([place.folder], names=pattern, out=place.results)
        # Movies are numbered, too, and are no time points.
        if "{t}" in pattern and _n_frames(inputs.items[0].parts[0].path) > 1:
            return None
    except CelltrackError:
        return None
    n_files = sum(len(item.parts) for item in inputs.items)
    return PatternOffer(pattern, n_files, len(inputs.items)) if n_files else None


def _images_in(place: Place, depth: str) -> list[Path]:
    """Return the images in a folder, or in the folders of it, that are no results."""
    return [
        path
        for path in islice(place.folder.glob(depth), _MOST_NAMES)
        if not path.is_relative_to(place.results) and is_image_file(path)
    ]


def _n_frames(path: str) -> int:
    movie = open_movie(path)
    try:
        return movie.n_frames
    finally:
        movie.close()
