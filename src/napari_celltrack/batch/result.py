"""One result in its folder: whole or not at all, with the key it was made under.

It is written into a hidden folder beside its place and renamed when it is whole. Its ``run.json``
keeps the key (content of the input, recipe, program version), so that a second run can keep it.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import secrets
import shutil
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import napari_celltrack
from napari_celltrack import engine
from napari_celltrack.arrays.freed_memory import give_back_freed_memory
from napari_celltrack.batch.collected_tables import CollectedTables
from napari_celltrack.batch.inputs import Item
from napari_celltrack.batch.preview import outline_png
from napari_celltrack.movie import Movie
from napari_celltrack.recipe import Recipe
from napari_celltrack.tables import N_CELLS, Tables

#: Where cells come from: found in images, or given as label images.
CellsFrom = Literal["image", "labels"]

#: Columns of ``summary.csv``, with the conditions of the items after `folder`, the name of the
#: folder of the result; `n_cells` only when an input is a still.
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

_NUMBERS = (
    "n_frames",
    "n_cells",
    "n_cells_first",
    "n_cells_mean",
    "n_cells_total",
    "n_tracks",
)

_LIBRARIES = ("numpy", "opencv-python-headless", "pandas", "scikit-image", "scipy", "tifffile")


@dataclass(frozen=True)
class FrameDone:
    """A frame of an item is worked through; `step` says in a word with what, if not all of it."""

    item: Item
    n_done: int
    n_frames: int
    step: str = ""


@dataclass(frozen=True)
class FileDone:
    """An item is finished, has failed or was stopped; a row of the summary.

    `n_cells` is the count of a still and None for a movie; numbers are None unless it is done.
    `is_kept` tells that the result of an earlier run was kept. `warnings` are sentences.
    """

    item: Item
    status: Literal["done", "failed", "stopped"]
    seconds: float
    n_frames: int | None = None
    n_cells: int | None = None
    n_cells_first: int | None = None
    n_cells_mean: float | None = None
    n_cells_total: int | None = None
    n_tracks: int | None = None
    error: str = ""
    is_kept: bool = False
    warnings: tuple[str, ...] = ()

    def row(self) -> dict[str, Any]:
        """Return the row of the summary, by column; conditions of the item come after `folder`."""
        values = {
            **asdict(self),
            "file": self.item.file,
            "folder": self.item.name,
            "seconds": round(self.seconds, 3),
            "warnings": " ".join(self.warnings),
        }
        own = {column: values[column] for column in SUMMARY_COLUMNS}
        first = {column: own.pop(column) for column in SUMMARY_COLUMNS[:2]}
        return {**first, **dict(self.item.conditions), **own}


def make_result(
    recipe: Recipe,
    item: Item,
    movie: Movie,
    found: Iterator[engine.FrameResult],
    *,
    folder: Path,
    key: str,
    has_picture: bool = True,
    plots: bool = False,
    warnings: Sequence[str] = (),
) -> Generator[FrameDone, None, FileDone]:
    """Write one result into a hidden folder, and give it its name when it is whole.

    Parameters
    ----------
    recipe : Recipe
        The settings of this item; its stages from `link` on are run here.
    item : Item
        What the movie is called.
    movie : Movie
        The input.
    found : iterator of FrameResult
        The frames of the recipe in order, as :func:`napari_celltrack.engine.run` yields them.
    folder : Path
        Of the result; what is in it is replaced. The folder above must exist.
    key : str
        As :func:`result_key` gives it.
    has_picture : bool
        Write ``preview.png`` too, the middle frame with the outlines of its cells.
    plots : bool
        Write ``plots/`` too.
    warnings : sequence of str
        What to know of the cells that go into it, in sentences.

    Yields
    ------
    FrameDone
        After each frame. Closing the generator leaves nothing behind.

    Returns
    -------
    FileDone
        The row of the summary.
    """
    started = time.perf_counter()
    _clear_hidden(folder)
    hidden = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.partial")
    hidden.mkdir()
    try:
        movie = replace(recipe.input.calibrated(movie), name=item.file)
        tables = yield from _write(recipe, item, movie, found, hidden, has_picture=has_picture)
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
            warnings=(
                *warnings,
                *(recipe.tuned_on.differences(movie) if recipe.tuned_on else ()),
            ),
        )
        write_text(hidden / "recipe.yaml", recipe_text(recipe))
        _write_about(hidden, _about(done, movie, key, hidden))
        if plots:
            _draw(hidden)
            (hidden / "run.json").unlink()
            _write_about(hidden, {**_about(done, movie, key, hidden), "has_plots": True})
        _swap(hidden, folder)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
    return done


def result_key(
    movie: Movie,
    item: Item,
    recipe: Recipe,
    cells_from: CellsFrom = "image",
    others: Mapping[str, Movie] | None = None,
) -> str:
    """Return what a finished result must have been made under to be kept.

    It changes with the content of the input and of other files that are measured with it, the
    name of the item, the recipe and the version of the program.
    """
    version = napari_celltrack.__version__
    parts = [movie.fingerprint, item.file, recipe_text(recipe), version, cells_from]
    for name, other in (others or {}).items():
        parts += [name, other.fingerprint]
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def kept_result(folder: Path, item: Item, key: str, *, plots: bool = False) -> FileDone | None:
    """Return the row of a whole result with this key, if `folder` holds one, also with plots."""
    try:
        about = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        if about["key"] != key or (plots and not about.get("has_plots")):
            return None
        if any((folder / name).stat().st_size != size for name, size in about["files"].items()):
            return None
        warnings = tuple(about["warnings"])
        numbers = about["result"]
        return FileDone(item, "done", seconds=0, is_kept=True, warnings=warnings, **numbers)
    except (OSError, ValueError, KeyError, TypeError):
        return None  # nothing there, or not ours, or an older form: it is made anew


def set_aside(folder: Path, recipe: Recipe) -> None:
    """Rename the result of another recipe, so that a failed file leaves no mix behind."""
    try:
        made_by = (folder / "recipe.yaml").read_text(encoding="utf-8")
    except OSError:
        return
    if made_by != recipe_text(recipe):
        aside = folder.with_name(f"{folder.name}.other-recipe")
        shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)


def write_text(path: Path, text: str, *, is_safe: bool = False) -> None:
    """Write a small file so that it is either the old one or the new one, never a half.

    Parameters
    ----------
    path : Path
        The file.
    text : str
        Its content.
    is_safe : bool
        Wait until it is on the disk, so that also a power cut leaves it whole.
    """
    hidden = path.with_name(f".{path.name}.partial")
    try:
        with hidden.open("w", encoding="utf-8") as file:
            file.write(text)
            if is_safe:
                file.flush()
                os.fsync(file.fileno())
        hidden.replace(path)
    except OSError:
        with suppress(OSError):
            hidden.unlink(missing_ok=True)
        raise


def recipe_text(recipe: Recipe) -> str:
    """Return a recipe as YAML, as its file has it.

    All items of a run have the same few recipes, and each needs the text twice; it takes some ms
    to make, in which no other thread goes on.
    """
    return _yaml_of(recipe.model_dump_json())


@lru_cache(maxsize=64)
def _yaml_of(dumped: str) -> str:
    return Recipe.model_validate_json(dumped).to_yaml()


def versions() -> dict[str, str]:
    """Return the versions of the program and of the libraries that can change a result."""
    libraries = {name: _version(name) for name in _LIBRARIES}
    return {
        "napari-celltrack": napari_celltrack.__version__,
        "python": platform.python_version(),
        **libraries,
    }


def _write(
    recipe: Recipe,
    item: Item,
    movie: Movie,
    found: Iterator[engine.FrameResult],
    folder: Path,
    *,
    has_picture: bool,
) -> Generator[FrameDone, None, Tables]:
    """Hand frames and tables to the exports as they come."""
    n_frames = len(recipe.input.frames_of(movie))
    objects, overlaps = CollectedTables(), CollectedTables()
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
            if has_picture and n_done == n_frames // 2 + 1:
                picture = outline_png(movie, recipe, result.frame, result.labels)
                (folder / "preview.png").write_bytes(picture)
            del result  # or its labels would stay beside the next ones, and beside the tables
            yield FrameDone(item, n_done, n_frames)
        if n_frames > 1:
            # The tables of a long movie take the room of its frames, and none beside it.
            give_back_freed_memory()
        tables = engine.link_objects(movie, recipe, objects, overlaps, shifts_px)
        for writer in writers:
            writer.finish(tables)
    return tables


def _about(done: FileDone, movie: Movie, key: str, folder: Path) -> dict[str, Any]:
    return {
        "key": key,
        "input": {
            "path": str(Path(done.item.path).absolute()),
            "parts": [asdict(part) for part in done.item.parts],
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
        "others": {name: str(Path(path).absolute()) for name, path in done.item.others},
        "result": {name: getattr(done, name) for name in _NUMBERS},
        "warnings": list(done.warnings),
        "seconds": round(done.seconds, 3),
        "versions": versions(),
        "files": {
            path.relative_to(folder).as_posix(): path.stat().st_size
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        },
    }


def _write_about(folder: Path, about: dict[str, Any]) -> None:
    write_text(
        folder / "run.json", json.dumps(about, indent=2, ensure_ascii=False) + "\n", is_safe=True
    )


def _draw(folder: Path) -> None:
    """Write the plots of a result."""
    # Importing matplotlib takes long, and few runs draw.
    from napari_celltrack.plots.plot import DRAWING
    from napari_celltrack.results.result_plots import write_plots

    with DRAWING:
        write_plots(folder)


def _clear_hidden(folder: Path) -> None:
    """Remove what killed runs of this item left; names of other items may begin like its name."""
    leftover = re.compile(rf"\.{re.escape(folder.name)}\.[0-9a-f]{{8}}\.partial")
    for path in folder.parent.glob(".*.partial"):
        if leftover.fullmatch(path.name):
            shutil.rmtree(path, ignore_errors=True)


def _swap(hidden: Path, final: Path) -> None:
    """Put a whole result in its place; the old one goes only when the new one is there."""
    old = final.with_name(f".{final.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if final.exists():
        final.rename(old)
    hidden.rename(final)
    shutil.rmtree(old, ignore_errors=True)


@lru_cache
def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "unknown"
