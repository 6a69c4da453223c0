"""Link label images that another program made, one movie or several."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from napari_celltrack.batch.inputs import Inputs, Item, unique_names
from napari_celltrack.batch.item_task import run_item
from napari_celltrack.batch.result import FileDone, FrameDone
from napari_celltrack.batch.run import run_files
from napari_celltrack.batch.run_options import DEFAULTS, RunOptions
from napari_celltrack.engine import for_labels
from napari_celltrack.errors import CelltrackError, ResultError
from napari_celltrack.export import Ctc
from napari_celltrack.readers import open_movie
from napari_celltrack.recipe import Recipe
from napari_celltrack.results.result_folder import ResultFolder


def link_labels(
    paths: Sequence[str | Path],
    out: Path,
    recipe: Recipe | None = None,
    options: RunOptions = DEFAULTS,
) -> Iterator[FrameDone | FileDone]:
    """Link the cells of label images to tracks and write the result.

    Parameters
    ----------
    paths : sequence of str or Path
        One a movie: a folder of label images, one file a frame; a pattern of such files; or one
        file with all frames.
    out : Path
        Folder of the result; with several movies, of a folder for each. An earlier result is
        replaced, a folder with anything else in it refused.
    recipe : Recipe, optional
        Its stages from `objects` on are used, and of `input` the axes, the frames and the
        calibration. By default every labelled cell is kept. Exports are those of the recipe and,
        in any case, :class:`~napari_celltrack.export.Ctc`.
    options : RunOptions, optional
        How it is executed; cells come from labels in any case.

    Returns
    -------
    iterator of FrameDone or FileDone
        As :func:`~napari_celltrack.batch.run_files` gives them.

    Raises
    ------
    CelltrackError
        If a path does not exist, single images were given in place of a movie, or `out` cannot
        be used.
    """
    recipe = link_recipe(recipe)
    items = _items(paths)
    options = replace(options, cells_from="labels")
    if len(items) > 1:
        _refuse_stills(items)
        return run_files(recipe, Inputs(items, ignored=()), out, options)
    folder = out.resolve()
    _make_room(folder)
    n_threads = options.n_workers or os.cpu_count() or 1
    return run_item(recipe, items[0], folder, options, n_threads=n_threads)


def link_recipe(recipe: Recipe | None = None) -> Recipe:
    """Return the recipe that label images are linked with; see :func:`link_labels`."""
    if recipe is None:
        recipe = Recipe()
        # Who made the labels has decided what a cell is.
        recipe = recipe.replace(objects=recipe.objects.replace(min_area_px2=0))
    if not any(isinstance(export, Ctc) for export in recipe.export):
        recipe = recipe.replace(export=(*recipe.export, Ctc()))
    return for_labels(recipe)


def _items(paths: Sequence[str | Path]) -> tuple[Item, ...]:
    """Return an item a path, each once."""
    wanted = {Path(path): str(path) for path in paths}
    for path in wanted:
        if not path.exists() and not glob.has_magic(str(path)):
            raise CelltrackError(f"{path} does not exist; check the path.")
    names = unique_names(_home(path) for path in wanted)
    twice = [path for path, name in zip(wanted, names, strict=True) if names.count(name) > 1]
    if twice:
        raise CelltrackError(
            f"{twice[0]} and {twice[1]} would share a result folder; link them one by one."
        )
    return tuple(
        Item(source, path.resolve().name, name)
        for (path, source), name in zip(wanted.items(), names, strict=True)
    )


def _home(path: Path) -> Path:
    """Return what to name the result of a path after: of a pattern, its words or its folder."""
    if path.exists():
        return path.resolve()
    words = "_".join(re.findall(r"[^\W_]+", path.stem))
    return path.parent.resolve() / words


def _refuse_stills(items: Sequence[Item]) -> None:
    """Refuse the frames of one movie as so many movies: a shell has expanded a pattern."""
    first = items[0]
    if not Path(first.path).is_file():
        return
    movie = open_movie(first.path)
    movie.close()
    if movie.n_frames * movie.n_z == 1:
        raise CelltrackError(
            f"{first.file} is a single image, with nothing to link; to link images as the frames "
            "of one movie, give their folder, or a pattern in quotes such as 'masks/*.tif'."
        )


def _make_room(folder: Path) -> None:
    """Make sure that a result may take the place of a folder, which is then replaced whole."""
    if Path.cwd().is_relative_to(folder):
        raise ResultError(
            f"{folder} holds the folder you work in; choose a folder of its own, such as -o tracks."
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        strange = ResultFolder(folder).strange_files()
    except OSError as error:
        raise ResultError(
            f"Results cannot be written to {folder} ({error.strerror}); choose another folder."
        ) from error
    if strange:
        raise ResultError(
            f"{folder} holds files of other origin ({strange[0]}), and a result replaces the whole "
            "folder; choose a new or empty one."
        )
