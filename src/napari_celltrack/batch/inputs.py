"""From paths on a command line to the movies that are meant."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_celltrack.batch.input_files import Inside, glob_in, holds_images
from napari_celltrack.batch.item_images import items_of_images
from napari_celltrack.batch.name_pattern import read_pattern
from napari_celltrack.batch.names import Group, folder_key, folder_names, match
from napari_celltrack.batch.other_files import other_files
from napari_celltrack.errors import CelltrackError
from napari_celltrack.movie import Movie
from napari_celltrack.readers import is_image_file, natural_key, natural_sorted, open_movie
from napari_celltrack.readers.grouped import GroupFile, open_group
from napari_celltrack.readers.images import split_image
from napari_celltrack.readers.opening import MOVIE_SUFFIXES
from napari_celltrack.readers.vendor_files import way_out
from napari_celltrack.recipe import Recipe
from napari_celltrack.results.result_folder import RECIPE, RECORD, is_aside
from napari_celltrack.results.run_folder import ERRORS, LOG, REPLACED, STEPS_FOLDER
from napari_celltrack.text import readable

__all__ = [
    "GroupFile",
    "Inputs",
    "Item",
    "find_inputs",
    "open_item",
    "open_others",
    "unique_names",
]

NO_IMAGE = "it is no image"
A_FOLDER = "it is a folder, though its name is that of an image"
NOT_THERE = "it is a link to something that is not there, or no file"
NOT_LOOKED_INTO = "it is a folder, and only images beside it are taken; see --pattern '**/*'"
A_RESULT = "it belongs to a result of an earlier run"


#: What a run itself puts beside the folders of its results.
_OURS = frozenset((STEPS_FOLDER, RECORD, *REPLACED, LOG, ERRORS))


@dataclass(frozen=True)
class Item:
    """One movie to run.

    Parameters
    ----------
    path : str
        A file, a folder of frames, or a pattern of frames, as the readers take it.
    file : str
        What it is called in tables.
    name : str
        Name of its result folder, unique among the items of a run.
    conditions : tuple of (str, str)
        Columns of its tables and their values, from its file name.
    parts : tuple of GroupFile
        Its files, where channels or time points are spread over several; then `path` is the
        pattern that they have in common.
    others : tuple of (str, str)
        Name and path of other files with the same frames, to be measured as well.
    """

    path: str
    file: str
    name: str
    conditions: tuple[tuple[str, str], ...] = ()
    parts: tuple[GroupFile, ...] = ()
    others: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Make what stands in tables readable; the paths stay as the disk has them."""
        object.__setattr__(self, "file", readable(self.file))
        shown = tuple((column, readable(value)) for column, value in self.conditions)
        object.__setattr__(self, "conditions", shown)


@dataclass(frozen=True)
class Inputs:
    """The items of a run in natural order, and the files that were passed over.

    Parameters
    ----------
    items : tuple of Item
        What to run.
    ignored : tuple of str
        Paths of the files that were passed over, readable.
    reasons : tuple of str
        Why, one for each of `ignored`; or empty.
    """

    items: tuple[Item, ...]
    ignored: tuple[str, ...]
    reasons: tuple[str, ...] = ()


def find_inputs(
    paths: Sequence[str | Path],
    *,
    pattern: str | None = None,
    frames: bool = False,
    out: Path | None = None,
    names: str | None = None,
    also: Mapping[str, str] | None = None,
) -> Inputs:
    """Find the movies that are meant by paths.

    Parameters
    ----------
    paths : sequence of str or Path
        Files; folders, each image file in them an item; patterns such as ``data/*.tif``.
    pattern : str, optional
        Which files of a folder to take, e.g. ``f*.tif``; ``**/*.tif`` looks into its folders too,
        but into no results of earlier runs.
    frames : bool
        Each folder is one movie, one file a frame, instead of a folder of movies.
    out : Path, optional
        The folder of results, which is never input.
    names : str, optional
        What file names mean, e.g. ``{condition}_w{well}_*.tif``; see
        :func:`~napari_celltrack.batch.names.read_pattern`. Images with other names are passed
        over. Folders are looked into as deep as it speaks of folders.
    also : mapping of str to str, optional
        Name and file of other images with the same frames, e.g. ``{"er": "er/{name}.tif"}``; see
        :func:`~napari_celltrack.batch.other_files.other_files`.

    Returns
    -------
    Inputs
        In natural order: t2 comes before t10.

    Raises
    ------
    CelltrackError
        If a path does not exist, a pattern is malformed or does not tell files apart, or nothing
        is left to run.
    """
    wanted = read_pattern(names) if names else None
    if wanted and wanted.groups and frames:
        raise CelltrackError(
            f"{names} groups files by {{channel}}, {{t}} or {{z}}, and a folder of frames is one "
            "movie already; use one of the two."
        )
    found: dict[Path, str] = {}
    ignored: dict[Path, str] = {}
    for path in map(Path, paths):
        if path.is_dir() and frames:
            found[path] = str(path / pattern) if pattern else str(path)
        elif path.is_dir() and not is_image_file(path):
            where = (pattern,) if pattern else wanted.globs if wanted else ("*",)
            taken, left = _files_in(path, where)
            found |= {p: str(p) for p in taken}
            ignored |= left
        elif path.exists() or split_image(path)[1] is not None:
            found[path] = str(path)
        elif any(sign in path.name for sign in "*?["):
            matching = glob_in(path.parent, path.name)
            found |= {p: str(p) for p in matching if is_image_file(p)}
        else:
            raise CelltrackError(f"{path} does not exist; check the path.")
    is_among = out is not None and any(Path(p).resolve() == out.resolve() for p in paths)
    # Beside the images themselves, what a run has made is known by its folders.
    results = Inside(out / STEPS_FOLDER if out is not None and is_among else out)
    found = {p: source for p, source in found.items() if p not in results}
    if not found:
        if words := next(filter(None, map(way_out, sorted(ignored))), ""):
            raise CelltrackError(words)
        told = f" that match {pattern!r}" if pattern else ""
        raise CelltrackError(
            f"There are no images{told} in {', '.join(map(str, paths))}; check the path"
            f"{' and the pattern' if pattern else ''}."
        )
    if names:
        items, unfit = _named(found, names)
        ignored |= unfit
    else:
        in_order = natural_sorted(found)
        items = tuple(
            Item(found[path], path.name, name)
            for path, name in zip(in_order, unique_names(in_order), strict=True)
        )
    if also:
        items = tuple(_with_others(item, also) for item in items)
    items, parts = items_of_images(items)
    ignored |= parts
    passed = {p: why for p, why in sorted(ignored.items()) if p not in results}
    return Inputs(items, tuple(readable(str(p)) for p in passed), tuple(passed.values()))


def open_item(item: Item, recipe: Recipe) -> Movie:
    """Open the movie of an item: one file, a folder of frames, or files that belong together.

    Parameters
    ----------
    item : Item
        The movie.
    recipe : Recipe
        Its `input.axes` say what dimensions are, where that is set.

    Raises
    ------
    MovieError
        If it cannot be read, or one of its files is missing; it names the file.
    """
    axes = recipe.input.axes
    if item.parts:
        return open_group(item.parts, name=item.file, path=item.path, axes=axes)
    return open_movie(item.path, axes=axes)


def open_others(item: Item) -> dict[str, Movie]:
    """Open the other files of an item, by name; :func:`~napari_celltrack.run` takes them.

    Raises
    ------
    MovieError
        If one cannot be read; those before it are closed.
    """
    opened: dict[str, Movie] = {}
    try:
        for name, path in item.others:
            opened[name] = open_movie(path)
    except BaseException:
        for movie in opened.values():
            movie.close()
        raise
    return opened


def _files_in(folder: Path, patterns: Sequence[str]) -> tuple[list[Path], dict[Path, str]]:
    """Return the images by the first pattern that has some, and why other files are none."""
    ignored: dict[Path, str] = {}
    for pattern in patterns:
        taken, left = _files_like(folder, pattern)
        ignored |= left
        if taken:
            return taken, ignored
    return [], ignored


def _files_like(folder: Path, pattern: str) -> tuple[list[Path], dict[Path, str]]:
    taken, ignored = [], {}
    results: dict[Path, bool] = {folder: False}
    stores: dict[Path, bool] = {folder: False}
    for path in glob_in(folder, pattern):
        inner = path.relative_to(folder).parts
        if any(part.startswith(".") for part in inner) or _is_in_store(path.parent, stores):
            continue
        is_image = is_image_file(path)
        if path.is_dir() and not is_image:
            if path.suffix.lower() in MOVIE_SUFFIXES:
                ignored[path] = A_FOLDER
            elif pattern == "*" and holds_images(path) and not _is_in_result(path, results):
                ignored[path] = NOT_LOOKED_INTO
            continue
        if _is_in_result(path.parent, results):
            ignored[path] = A_RESULT
        elif is_image:
            taken.append(path)
        else:
            ignored[path] = (way_out(path) or NO_IMAGE) if path.is_file() else NOT_THERE
    return taken, ignored


def _is_in_store(folder: Path, known: dict[Path, bool]) -> bool:
    """Tell whether a folder is one of a zarr; what was asked before is known."""
    if folder not in known:
        known[folder] = is_image_file(folder) or (
            folder.parent != folder and _is_in_store(folder.parent, known)
        )
    return known[folder]


def _is_in_result(folder: Path, known: dict[Path, bool]) -> bool:
    """Tell whether a folder is one of results, or within one; what was asked before is known."""
    if folder not in known:
        known[folder] = all((folder / mark).is_file() for mark in (RECORD, RECIPE)) or (
            folder.parent != folder and _is_in_result(folder.parent, known)
        )
    return known[folder]


def _named(found: Mapping[Path, str], names: str) -> tuple[tuple[Item, ...], dict[Path, str]]:
    """Group files by their names."""
    by_path = {os.path.abspath(path): path for path in found}  # noqa: PTH100  (links are kept)
    matches = match(by_path, names)
    if matches.problems:
        raise CelltrackError(matches.problems[0])
    if not matches.items:
        first = min(by_path, key=natural_key)
        raise CelltrackError(
            f"No image fits the pattern {names}, not even {Path(first).name}; correct the pattern."
        )
    homes = [_home(group) for group in matches.items]
    items = []
    # Of groups in one folder, the patterns differ.
    unique = unique_names(homes, [group.path for group in matches.items])
    for group, name in zip(matches.items, unique, strict=True):
        if group.parts:
            root = _common_folder(group)
            file = Path(os.path.relpath(_plain(group.path), root)).as_posix()
            items.append(Item(group.path, file, name, group.conditions, group.parts))
        else:
            path = by_path[group.path]
            items.append(Item(found[path], path.name, name, group.conditions))
    return tuple(items), {by_path[path]: why for path, why in matches.ignored}


def _home(group: Group) -> Path:
    """Return the path to name the result of a movie after."""
    if not group.parts:
        return Path(group.path)
    return _common_folder(group) / f"{group.name}{Path(group.parts[0].path).suffix}"


def _common_folder(group: Group) -> Path:
    return Path(os.path.commonpath([Path(part.path).parent for part in group.parts]))


def _plain(pattern: str) -> str:
    """Return a glob as people write it: brackets not guarded."""
    return re.sub(r"\[([*?[])\]", r"\1", pattern)


def _with_others(item: Item, also: Mapping[str, str]) -> Item:
    file = Path(item.parts[0].path if item.parts else item.path)
    stem = item.name if item.parts else file.stem
    values = {"name": stem, **dict(item.conditions)}
    others = other_files(file.parent, values, also)
    return Item(item.path, item.file, item.name, item.conditions, item.parts, others)


def unique_names(paths: Iterable[Path], sources: Sequence[str] | None = None) -> list[str]:
    """Name each path by its stem, with as much of suffix and folders as tells it from others.

    The name of a file does not depend on its place in the list, so that adding files to a folder
    leaves the results of the others where they are.

    Parameters
    ----------
    paths : iterable of Path
        What to name.
    sources : sequence of str, optional
        What tells apart what even the folders of `paths` do not; by default the paths.
    """
    paths = list(paths)
    names = [path.stem or path.name for path in paths]
    for longer in (_with_suffix, _with_parent, _with_all_parents):
        often = Counter(map(folder_key, names))
        names = [
            longer(path) if often[folder_key(name)] > 1 or _is_taken(name) else name
            for path, name in zip(paths, names, strict=True)
        ]
    return folder_names(names, sources or list(map(str, paths)))


def _is_taken(name: str) -> bool:
    """Whether a run writes a file of this name, or the name says that it is set aside."""
    return name.casefold() in _OURS or is_aside(name)


def _with_suffix(path: Path) -> str:
    return f"{path.stem}_{path.suffix.lstrip('.')}" if path.suffix else path.stem


def _with_parent(path: Path) -> str:
    return f"{path.parent.name}_{_with_suffix(path)}"


def _with_all_parents(path: Path) -> str:
    return "_".join([*path.absolute().parent.parts[1:], _with_suffix(path)])
