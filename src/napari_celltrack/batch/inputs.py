"""From paths on a command line to the movies that are meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_celltrack.errors import CelltrackError
from napari_celltrack.readers import is_image_file, natural_key


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
    """

    path: str
    file: str
    name: str


@dataclass(frozen=True)
class Inputs:
    """The items of a run in natural order, and the files that were passed over."""

    items: tuple[Item, ...]
    ignored: tuple[str, ...]


def find_inputs(
    paths: Sequence[str | Path],
    *,
    pattern: str | None = None,
    frames: bool = False,
    out: Path | None = None,
) -> Inputs:
    """Find the movies that are meant by paths.

    Parameters
    ----------
    paths : sequence of str or Path
        Files; folders, each image file in them an item; patterns such as ``data/*.tif``.
    pattern : str, optional
        Which files of a folder to take, e.g. ``f*.tif``; ``**/*.tif`` looks into its folders too.
    frames : bool
        Each folder is one movie, one file a frame, instead of a folder of movies.
    out : Path, optional
        The folder of results, which is never input.

    Returns
    -------
    Inputs
        In natural order: t2 comes before t10.

    Raises
    ------
    CelltrackError
        If a path does not exist, or nothing is left to run.
    """
    found: dict[Path, str] = {}
    ignored: set[Path] = set()
    for path in map(Path, paths):
        if path.is_dir() and frames:
            found[path] = str(path / pattern) if pattern else str(path)
        elif path.is_dir() and not is_image_file(path):
            taken = _files_in(path, pattern)
            # With a pattern the user has said what is meant; without one, say what was left out.
            ignored |= set() if pattern else {p for p in taken if not is_image_file(p)}
            found |= {p: str(p) for p in taken if is_image_file(p)}
        elif path.exists():
            found[path] = str(path)
        elif any(sign in path.name for sign in "*?["):
            found |= {p: str(p) for p in path.parent.glob(path.name) if is_image_file(p)}
        else:
            raise CelltrackError(f"{path} does not exist; check the path.")
    found = {p: source for p, source in found.items() if not _is_inside(p, out)}
    if not found:
        wanted = f" that match {pattern!r}" if pattern else ""
        raise CelltrackError(
            f"There are no images{wanted} in {', '.join(map(str, paths))}; check the path"
            f"{' and the pattern' if pattern else ''}."
        )
    in_order = sorted(found, key=lambda path: natural_key(str(path)))
    names = unique_names(in_order)
    return Inputs(
        tuple(
            Item(found[path], path.name, name) for path, name in zip(in_order, names, strict=True)
        ),
        tuple(str(path) for path in sorted(ignored) if not _is_inside(path, out)),
    )


def _files_in(folder: Path, pattern: str | None) -> list[Path]:
    """Return what a folder holds that may be an item: files, and zarr stores among folders."""
    found = folder.glob(pattern or "*")
    visible = (path for path in found if not path.name.startswith("."))
    return [path for path in visible if path.is_file() or is_image_file(path)]


def _is_inside(path: Path, folder: Path | None) -> bool:
    return folder is not None and path.resolve().is_relative_to(folder.resolve())


def unique_names(paths: Iterable[Path]) -> list[str]:
    """Name each path by its stem, with as much of suffix and folders as tells it from others.

    The name of a file does not depend on its place in the list, so that adding files to a folder
    leaves the results of the others where they are.
    """
    paths = list(paths)
    names = [path.stem or path.name for path in paths]
    for longer in (_with_suffix, _with_parent, _with_all_parents):
        # Case is folded: two names must not be one folder on a file system that ignores case.
        often = {name for name, n in Counter(map(str.casefold, names)).items() if n > 1}
        names = [
            longer(path) if name.casefold() in often else name
            for path, name in zip(paths, names, strict=True)
        ]
    return names


def _with_suffix(path: Path) -> str:
    return f"{path.stem}_{path.suffix.lstrip('.')}" if path.suffix else path.stem


def _with_parent(path: Path) -> str:
    return f"{path.parent.name}_{_with_suffix(path)}"


def _with_all_parents(path: Path) -> str:
    return "_".join([*path.absolute().parent.parts[1:], _with_suffix(path)])
