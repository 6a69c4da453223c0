"""One result in its folder: whole or not at all, with the key it was made under.

It is written into a hidden folder beside its place and renamed when it is whole. Its ``run.json``
keeps the key (content of the input, recipe, program version), so that a second run can keep it.
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import time
import traceback
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import pandas as pd

import napari_celltrack
from napari_celltrack import engine
from napari_celltrack.batch.inputs import Item
from napari_celltrack.errors import CelltrackError
from napari_celltrack.given_labels import run_labels
from napari_celltrack.movie import Movie
from napari_celltrack.readers import open_movie
from napari_celltrack.recipe import Recipe
from napari_celltrack.tables import N_CELLS, Tables

_TABLES_A_CHUNK = 128

#: Where cells come from: found in images, or given as label images.
CellsFrom = Literal["image", "labels"]
_CELLS_FROM: dict[CellsFrom, Callable[..., Generator[engine.FrameResult, None, None]]] = {
    "image": engine.run,
    "labels": run_labels,
}

#: Columns of ``summary.csv``; `n_cells` only when an input is a still.
SUMMARY_COLUMNS = (
    "file",
    "status",
    "n_frames",
    "n_cells",
    "n_cells_first",
    "n_cells_mean",
    "n_cells_total",
    "n_tracks",
    "seconds",
    "error",
)

_LIBRARIES = ("numpy", "opencv-python-headless", "pandas", "scikit-image", "scipy", "tifffile")


@dataclass(frozen=True)
class FrameDone:
    """A frame of an item has been found and measured."""

    item: Item
    n_done: int
    n_frames: int


@dataclass(frozen=True)
class FileDone:
    """An item is finished, or has failed; a row of the summary.

    `n_cells` is the count of a still and None for a movie; numbers are None when it failed.
    `is_kept` tells that the result of an earlier run was kept.
    """

    item: Item
    status: Literal["done", "failed"]
    seconds: float
    n_frames: int | None = None
    n_cells: int | None = None
    n_cells_first: int | None = None
    n_cells_mean: float | None = None
    n_cells_total: int | None = None
    n_tracks: int | None = None
    error: str = ""
    is_kept: bool = False

    def row(self) -> dict[str, Any]:
        """Return the row of the summary, by column."""
        values = {**asdict(self), "file": self.item.file, "seconds": round(self.seconds, 3)}
        return {column: values[column] for column in SUMMARY_COLUMNS}


def run_item(
    recipe: Recipe,
    item: Item,
    folder: Path,
    *,
    cells_from: CellsFrom = "image",
    restart: bool = False,
    n_threads: int = 1,
) -> Generator[FrameDone | FileDone, None, None]:
    """Run one item into its folder, or keep the whole result that is there.

    Parameters
    ----------
    recipe : Recipe
        The settings.
    item : Item
        The movie.
    folder : Path
        Of the result; what is in it is replaced. The folder above must exist.
    cells_from : {"image", "labels"}
        Whether cells are looked for in images, or the movie is one of label images.
    restart : bool
        Make it anew, also when it is finished.
    n_threads : int
        Frames worked on at once.

    Yields
    ------
    FrameDone or FileDone
        After each frame, and last one FileDone: whatever is wrong with the item ends up in it.
    """
    started = time.perf_counter()
    try:
        movie = open_movie(item.path, axes=recipe.input.axes)
        with ExitStack() as stack:
            stack.callback(movie.close)
            key = _key(movie, item, recipe, cells_from)
            done = None if restart else _finished(folder, item, key)
            if done is None:
                found = _CELLS_FROM[cells_from](movie, recipe, n_threads=n_threads)
                stack.callback(found.close)
                done = yield from _make(recipe, item, movie, found, folder=folder, key=key)
    except CelltrackError as error:
        done = _failed(item, str(error))
    except MemoryError:
        done = _failed(item, "There is not enough memory for it; crop it or use fewer threads.")
    except OSError as error:
        done = _failed(item, f"{error.strerror or error}; mend that and run again.")
    except Exception as error:
        # A bug met on one file must not lose the others: the row names it, the log keeps it all.
        with suppress(OSError), (folder.parent / "errors.log").open("a", encoding="utf-8") as log:
            log.write(f"{item.path}\n{traceback.format_exc()}\n")
        done = _failed(item, f"unexpected {type(error).__name__}: {error} (see errors.log)")
    if done.status == "failed":
        _set_aside(folder, recipe)
    yield replace(done, seconds=time.perf_counter() - started)


def write_text(path: Path, text: str) -> None:
    """Write a small file so that it is either the old one or the new one, never a half."""
    hidden = path.with_name(f".{path.name}.partial")
    hidden.write_text(text, encoding="utf-8")
    hidden.replace(path)


def versions() -> dict[str, str]:
    """Return the versions of the program and of the libraries that can change a result."""
    libraries = {name: _version(name) for name in _LIBRARIES}
    return {
        "napari-celltrack": napari_celltrack.__version__,
        "python": platform.python_version(),
        **libraries,
    }


def _make(
    recipe: Recipe,
    item: Item,
    movie: Movie,
    found: Iterator[engine.FrameResult],
    *,
    folder: Path,
    key: str,
) -> Generator[FrameDone, None, FileDone]:
    """Write one result into a hidden folder, and give it its name when it is whole."""
    started = time.perf_counter()
    hidden = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(hidden, ignore_errors=True)
    hidden.mkdir()
    try:
        movie = replace(recipe.input.calibrated(movie), name=item.file)
        tables = yield from _write(recipe, item, movie, found, hidden)
        counts = tables.counts[N_CELLS]
        done = FileDone(
            item,
            "done",
            seconds=time.perf_counter() - started,
            n_frames=len(counts),
            n_cells=int(counts.iloc[0]) if movie.n_frames == 1 else None,
            n_cells_first=int(counts.iloc[0]),
            n_cells_mean=float(counts.mean()),
            n_cells_total=int(counts.sum()),
            n_tracks=len(tables.tracks),
        )
        recipe.save(hidden / "recipe.yaml")
        about = _about(done, movie, key, hidden)
        write_text(hidden / "run.json", json.dumps(about, indent=2, ensure_ascii=False) + "\n")
        _swap(hidden, folder)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
    return done


def _write(
    recipe: Recipe, item: Item, movie: Movie, found: Iterator[engine.FrameResult], folder: Path
) -> Generator[FrameDone, None, Tables]:
    """Hand frames and tables to the exports as they come."""
    n_frames = len(recipe.input.frames_of(movie))
    objects, overlaps = _Collected(), _Collected()
    shifts_px: dict[int, tuple[float, float]] = {}
    with ExitStack() as stack:
        writers = []
        for export in recipe.export:
            writers.append(export.open(folder, movie, n_frames))
            stack.callback(writers[-1].close)
        for n_done, result in enumerate(found, start=1):
            for writer in writers:
                writer.add(result.labels)
            objects.add(result.objects)
            overlaps.add(result.overlaps)
            shifts_px[result.frame] = result.shift_px
            yield FrameDone(item, n_done, n_frames)
        tables = engine.link_objects(movie, recipe, objects, overlaps, shifts_px)
        for writer in writers:
            writer.finish(tables)
    return tables


class _Collected:
    """Small tables put together as they come, and let go of as they are taken.

    The objects of a long movie are most of what a run holds: thousands of small tables would
    scatter over the memory, and must not be there beside the table they become.
    """

    def __init__(self) -> None:
        self._small: list[pd.DataFrame] = []
        self._large: list[pd.DataFrame] = []

    def add(self, table: pd.DataFrame | None) -> None:
        if table is None:
            return
        self._small.append(table)
        if len(self._small) == _TABLES_A_CHUNK:
            self._put_together()

    def __iter__(self) -> Iterator[pd.DataFrame]:
        if self._small:
            self._put_together()
        self._large.reverse()
        while self._large:
            yield self._large.pop()

    def _put_together(self) -> None:
        self._large.append(pd.concat(self._small, ignore_index=True))
        self._small.clear()


def _key(movie: Movie, item: Item, recipe: Recipe, cells_from: CellsFrom) -> str:
    """Return what a finished result must have been made under to be kept."""
    version = napari_celltrack.__version__
    parts = (movie.fingerprint, item.file, recipe.to_yaml(), version, cells_from)
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def _finished(folder: Path, item: Item, key: str) -> FileDone | None:
    """Return the row of a whole result with this key, if `folder` holds one."""
    try:
        about = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        if about["key"] != key:
            return None
        if any((folder / name).stat().st_size != size for name, size in about["files"].items()):
            return None
        return FileDone(item=item, is_kept=True, status="done", seconds=0, **about["result"])
    except (OSError, ValueError, KeyError, TypeError):
        return None  # nothing there, or not ours, or an older form: it is made anew


def _about(done: FileDone, movie: Movie, key: str, folder: Path) -> dict[str, Any]:
    result = (
        "n_frames",
        "n_cells",
        "n_cells_first",
        "n_cells_mean",
        "n_cells_total",
        "n_tracks",
    )
    return {
        "key": key,
        "input": {
            "path": str(Path(done.item.path).absolute()),
            "fingerprint": movie.fingerprint,
            "axes": movie.axes,
            "axes_note": movie.axes_note,
            "n_frames": movie.n_frames,
            "shape_px": list(movie.shape),
            "dtype": str(movie.dtype),
            "channels": list(movie.channels),
            "pixel_size_um": movie.pixel_size_um,
            "frame_interval_s": movie.frame_interval_s,
        },
        "result": {name: getattr(done, name) for name in result},
        "seconds": round(done.seconds, 3),
        "versions": versions(),
        "files": {
            path.relative_to(folder).as_posix(): path.stat().st_size
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        },
    }


def _swap(hidden: Path, final: Path) -> None:
    """Put a whole result in its place; the old one goes only when the new one is there."""
    old = final.with_name(f".{final.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if final.exists():
        final.rename(old)
    hidden.rename(final)
    shutil.rmtree(old, ignore_errors=True)


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "unknown"


def _set_aside(folder: Path, recipe: Recipe) -> None:
    """Rename the result of another recipe, so that a failed file leaves no mix behind."""
    try:
        made_by = (folder / "recipe.yaml").read_text(encoding="utf-8")
    except OSError:
        return
    if made_by != recipe.to_yaml():
        aside = folder.with_name(f"{folder.name}.other-recipe")
        shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)


def _failed(item: Item, error: str) -> FileDone:
    return FileDone(item, "failed", seconds=0, error=error)
