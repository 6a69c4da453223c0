"""Run a recipe over files: nothing half-written, nothing done twice, one bad file stops no other.

Each item is written into a hidden folder and renamed when it is whole. Its ``run.json`` keeps the
key (content of the input, recipe, program version) that it was made under; a second run keeps
what has the same key and makes the rest.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import time
import traceback
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import pandas as pd

import napari_celltrack
from napari_celltrack import engine
from napari_celltrack.batch.inputs import Inputs, Item
from napari_celltrack.errors import CelltrackError, ResultError
from napari_celltrack.movie import Movie
from napari_celltrack.readers import open_movie
from napari_celltrack.recipe import Recipe
from napari_celltrack.tables import N_CELLS

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


def run_files(
    recipe: Recipe,
    inputs: Inputs,
    out: Path,
    *,
    restart: bool = False,
    fail_fast: bool = False,
    n_threads: int | None = None,
) -> Iterator[FrameDone | FileDone]:
    """Run a recipe over files, one after the other, the frames of each in parallel.

    Parameters
    ----------
    recipe : Recipe
        The settings, for all files.
    inputs : Inputs
        As :func:`~napari_celltrack.batch.find_inputs` gives them.
    out : Path
        Folder of the results; made when it is missing.
    restart : bool
        Make everything anew, also what is finished.
    fail_fast : bool
        Stop after the first file that fails.
    n_threads : int, optional
        Frames worked on at once; by default one a core.

    Yields
    ------
    FrameDone or FileDone
        After each frame and each file. Closing the generator stops the run; what is finished
        stays.

    Raises
    ------
    ResultError
        If the folder of the results cannot be written to.
    """
    n_threads = n_threads or os.cpu_count() or 1
    started = datetime.now(timezone.utc)
    _prepare(out, recipe)
    rows: list[FileDone] = []
    try:
        for item in inputs.items:
            yield from _run_item(recipe, item, out, rows, restart=restart, n_threads=n_threads)
            if fail_fast and rows[-1].status == "failed":
                return
    finally:
        _write_text(out / "summary.csv", _summary(rows).to_csv(index=False, lineterminator="\n"))
        about = {
            "versions": _versions(),
            "options": {"restart": restart, "fail_fast": fail_fast, "n_threads": n_threads},
            "started": started.isoformat(timespec="seconds"),
            "seconds": round((datetime.now(timezone.utc) - started).total_seconds(), 3),
            "n_items": len(inputs.items),
            "n_done": sum(row.status == "done" for row in rows),
            "n_failed": sum(row.status == "failed" for row in rows),
            "ignored": list(inputs.ignored),
        }
        _write_text(out / "run.json", json.dumps(about, indent=2, ensure_ascii=False) + "\n")


def _run_item(
    recipe: Recipe, item: Item, out: Path, rows: list[FileDone], *, restart: bool, n_threads: int
) -> Iterator[FrameDone | FileDone]:
    """Run one item and append its row; whatever is wrong with it ends up in the row."""
    started = time.perf_counter()
    try:
        movie = open_movie(item.path, axes=recipe.input.axes)
        with ExitStack() as stack:
            stack.callback(movie.close)
            key = _key(movie, item, recipe)
            done = None if restart else _finished(out / item.name, item, key)
            if done is None:
                done = yield from _make(recipe, item, movie, key=key, out=out, n_threads=n_threads)
    except CelltrackError as error:
        done = _failed(item, str(error))
    except MemoryError:
        done = _failed(item, "There is not enough memory for it; crop it or use fewer threads.")
    except OSError as error:
        done = _failed(item, f"{error.strerror or error}; mend that and run again.")
    except Exception as error:
        # A bug met on one file must not lose the others: the row names it, the log keeps it all.
        with (out / "errors.log").open("a", encoding="utf-8") as log:
            log.write(f"{item.path}\n{traceback.format_exc()}\n")
        done = _failed(item, f"unexpected {type(error).__name__}: {error} (see errors.log)")
    done = replace(done, seconds=time.perf_counter() - started)
    if done.status == "failed":
        _set_aside(out / item.name, recipe)
    rows.append(done)
    yield done


def _make(
    recipe: Recipe, item: Item, movie: Movie, *, key: str, out: Path, n_threads: int
) -> Generator[FrameDone, None, FileDone]:
    """Run one movie into a hidden folder, and give it its name when it is whole."""
    started = time.perf_counter()
    hidden = out / f".{item.name}.partial"
    shutil.rmtree(hidden, ignore_errors=True)
    hidden.mkdir()
    try:
        movie = replace(engine.calibrated(movie, recipe), name=item.file)
        frames = engine.frames_of(movie, recipe)
        objects = []
        with ExitStack() as stack:
            writers = []
            for export in recipe.export:
                writers.append(export.open(hidden, movie, len(frames)))
                stack.callback(writers[-1].close)
            found = engine.run(movie, recipe, n_threads=n_threads)
            stack.callback(found.close)
            for n_done, result in enumerate(found, start=1):
                for writer in writers:
                    writer.add(result.labels)
                objects.append(result.objects)
                yield FrameDone(item, n_done, len(frames))
            tables = engine.link(movie, recipe, objects)
            for writer in writers:
                writer.finish(tables.objects, tables.tracks, tables.counts)
        counts = tables.counts[N_CELLS]
        done = FileDone(
            item,
            "done",
            seconds=time.perf_counter() - started,
            n_frames=len(frames),
            n_cells=int(counts.iloc[0]) if movie.n_frames == 1 else None,
            n_cells_first=int(counts.iloc[0]),
            n_cells_mean=float(counts.mean()),
            n_cells_total=int(counts.sum()),
            n_tracks=len(tables.tracks),
        )
        recipe.save(hidden / "recipe.yaml")
        _write_text(
            hidden / "run.json",
            json.dumps(_about(done, movie, key, hidden), indent=2, ensure_ascii=False) + "\n",
        )
        _swap(hidden, out / item.name)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
    return done


def _prepare(out: Path, recipe: Recipe) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        _write_text(out / "recipe.yaml", recipe.to_yaml())
    except OSError as error:
        raise ResultError(
            f"Results cannot be written to {out} ({error.strerror}); choose another folder."
        ) from error


def _key(movie: Movie, item: Item, recipe: Recipe) -> str:
    """Return what a finished result must have been made under to be kept."""
    parts = (movie.fingerprint, item.file, recipe.to_yaml(), napari_celltrack.__version__)
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
        "versions": _versions(),
        "files": {path.name: path.stat().st_size for path in sorted(folder.iterdir())},
    }


def _swap(hidden: Path, final: Path) -> None:
    """Put a whole result in its place; the old one goes only when the new one is there."""
    old = final.with_name(f".{final.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if final.exists():
        final.rename(old)
    hidden.rename(final)
    shutil.rmtree(old, ignore_errors=True)


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


def _summary(rows: Sequence[FileDone]) -> pd.DataFrame:
    table: pd.DataFrame = pd.DataFrame([row.row() for row in rows], columns=list(SUMMARY_COLUMNS))
    whole = [name for name in SUMMARY_COLUMNS if name.startswith("n_") and name != "n_cells_mean"]
    table = table.astype(dict.fromkeys(whole, "Int64"))
    if not table["n_cells"].notna().any():
        del table["n_cells"]
    return table


def _versions() -> dict[str, str]:
    libraries = {name: _version(name) for name in _LIBRARIES}
    return {
        "napari-celltrack": napari_celltrack.__version__,
        "python": platform.python_version(),
        **libraries,
    }


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "unknown"


def _write_text(path: Path, text: str) -> None:
    """Write a small file so that it is either the old one or the new one, never a half."""
    hidden = path.with_name(f".{path.name}.partial")
    hidden.write_text(text, encoding="utf-8")
    hidden.replace(path)
