"""Score a recipe against all data with truth that are at hand: what is found, and what is followed.

One line a set and what its cells come from: images, or the true masks, which leave only linking to
be wrong. F1 is of cells; the count error is the mean of what each image is off by, relative to its
true count; an empty scene has cells and none of them was found.

    python benchmarks/accuracy.py [--data DIR] [--only SET ...] [--recipe FILE]
    python benchmarks/accuracy.py --images              # a line an image, of sets of images
    python benchmarks/accuracy.py --save before.json    # and after a change:
    python benchmarks/accuracy.py --compare before.json

DET, SEG, TRA and LNK need the extra `score`.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from napari_celltrack.analysis import detection_f1, read_ctc, score_ctc
from napari_celltrack.batch import FileDone, RunOptions, find_inputs, link_labels, run_files
from napari_celltrack.engine import segment_frame
from napari_celltrack.export import Ctc
from napari_celltrack.readers import open_movie
from napari_celltrack.recipe import Recipe

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"
#: Column of the true counts, and the smallest object that these counts include.
_COUNTS = {"bbbc039": ("count_components_ge20px", 20), "dsb2018": ("true_count_mask_files", 1)}
#: A field of blebbing, dying cells: shown, and left out of the mean beside the one with it.
HARD = "A12"
#: Bright-field histology, which no method for fluorescence is meant for.
NOT_FLUORESCENCE = ("15039b3acccc",)
#: The true count and the blur in the names of simulated images, and how blurred that is.
_SIMULATED = re.compile(r"_C(?P<count>\d+)_F(?P<blur>\d+)_")
_BLURS = ((7, "sharp"), (31, "blurred"), (99, "very blurred"))
#: Movies in the format of the Cell Tracking Challenge.
_MOVIES = ("ctc_sim_nuclei", "ctc_noisy_dots")


@dataclass(frozen=True)
class ImageScore:
    """How right the cells of one image are; F1 is None where only their number is known."""

    data: str
    image: str
    f1: float | None
    found: int
    true: int

    @property
    def count_error(self) -> float:
        """How far the number is off, relative to the true one; each cell counts where none is."""
        return abs(self.found - self.true) / max(self.true, 1)


@dataclass(frozen=True)
class SetScore:
    """One line of the table; None where a set cannot say.

    Parameters
    ----------
    what, source : str
        The set, and what its cells come from: ``"images"`` or ``"masks"``.
    n_scenes, n_empty : int
        Images or frames with cells, and those of them in which none was found.
    f1, count_error, det, seg, tra, lnk, link_f1, division_f1 : float or None
        As their names say.
    """

    what: str
    source: str
    n_scenes: int
    n_empty: int | None = None
    f1: float | None = None
    count_error: float | None = None
    det: float | None = None
    seg: float | None = None
    tra: float | None = None
    lnk: float | None = None
    link_f1: float | None = None
    division_f1: float | None = None


#: What of a line is shown, and whether more of it is better.
_MEASURES = {
    "f1": ("F1", True),
    "count_error": ("count error", False),
    "n_empty": ("empty", False),
    "det": ("DET", True),
    "seg": ("SEG", True),
    "tra": ("TRA", True),
    "lnk": ("LNK", True),
    "link_f1": ("link F1", True),
    "division_f1": ("division F1", True),
}
SETS = (*_COUNTS, "touching_nuclei", "bbbc005_blur", "lesson4", *_MOVIES)


def image_scores(data: Path, name: str, recipe: Recipe) -> Iterator[ImageScore]:
    """Score the images of a set; nothing for a set of movies, or one that is not at hand."""
    folder = data / name
    if not folder.is_dir():
        return
    if name in _COUNTS:
        yield from _with_masks_and_counts(folder, recipe)
    elif name == "touching_nuclei":
        truth = large_enough(_mask(folder / "mask2d.tif"), 1)
        found = _cells(folder / "img2d.tif", recipe)
        n_true = int(truth.max())
        f1 = detection_f1(found, truth).value
        yield ImageScore(name, "img2d.tif", f1, int(found.max()), n_true)
    elif name == "bbbc005_blur":
        for path in sorted(folder.glob("*.TIF")):
            told = _SIMULATED.search(path.name)
            assert told is not None, f"{path.name} does not say how many cells it has"
            blur = next(word for most, word in _BLURS if int(told["blur"]) <= most)
            n_found = int(_cells(path, recipe).max())
            yield ImageScore(f"{name}, {blur}", path.name, None, n_found, int(told["count"]))
    elif name == "lesson4":
        # The first channel of its pseudo-colours shows the nuclei.
        with (folder / "truth" / "counts_by_eye.csv").open(newline="") as file:
            for row in csv.DictReader(file):
                n_found = int(_cells(folder / row["file"], recipe).max())
                yield ImageScore(name, row["file"], None, n_found, int(row["count_by_eye"]))


def _with_masks_and_counts(folder: Path, recipe: Recipe) -> Iterator[ImageScore]:
    column, min_area_px = _COUNTS[folder.name]
    with (folder / "counts.csv").open(newline="") as file:
        counts = {row["image"]: int(row[column]) for row in csv.DictReader(file)}
    for image, n_true in counts.items():
        found = _cells(folder / "images" / image, recipe)
        truth = large_enough(_mask((folder / "labels" / image).with_suffix(".tif")), min_area_px)
        f1 = detection_f1(found, truth).value
        yield ImageScore(folder.name, image, f1, int(found.max()), n_true)


def _cells(path: Path, recipe: Recipe) -> NDArray[np.int32]:
    return segment_frame(open_movie(path), recipe, 0)


def _mask(path: Path) -> NDArray[Any]:
    return open_movie(path).plane(0)


def large_enough(labels: NDArray[Any], min_area_px: int) -> NDArray[np.int32]:
    """Number the objects from an area on 1..n, drop the others."""
    keep = np.bincount(labels.ravel().astype(np.int64)) >= min_area_px
    keep[0] = False
    return (np.cumsum(keep) * keep).astype(np.int32)[labels]


def means(images: Sequence[ImageScore]) -> Iterator[SetScore]:
    """Yield the line of each set of images, with and without its odd ones."""
    groups: dict[str, list[ImageScore]] = {}
    for image in images:
        name = image.data
        if name not in _COUNTS:
            groups.setdefault(name, []).append(image)
            continue
        groups.setdefault(f"{name}, all", []).append(image)
        if HARD not in image.image and not image.image.startswith(NOT_FLUORESCENCE):
            left_out = HARD if name == "bbbc039" else "histology"
            groups.setdefault(f"{name}, without {left_out}", []).append(image)
    for name, group in groups.items():
        f1 = [image.f1 for image in group if image.f1 is not None]
        yield SetScore(
            name,
            "images",
            len(group),
            n_empty=sum(image.found == 0 < image.true for image in group),
            f1=float(np.mean(f1)) if f1 else None,
            count_error=float(np.mean([image.count_error for image in group])),
        )


def movie_scores(data: Path, name: str, recipe: Recipe) -> Iterator[SetScore]:
    """Score a movie as a run finds and follows its cells, and as it follows the true ones."""
    images, truth = data / name / "01", data / name / "01_GT"
    if name not in _MOVIES or not truth.is_dir():
        return
    writing = recipe.replace(export=(Ctc(),))
    options = RunOptions(report=False)
    with TemporaryDirectory() as folder:
        out = Path(folder)
        found = list(run_files(writing, find_inputs([images], frames=True), out / "a", options))
        by_masks = recipe.replace(objects=recipe.objects.replace(min_area_px2=0), export=(Ctc(),))
        masks = truth / "TRA" / "man_track*.tif"
        linked = list(link_labels([masks], out / "b", by_masks, options))
        for source, events in (("images", found), ("masks", linked)):
            done = events[-1]
            assert isinstance(done, FileDone) and done.status == "done", done
            home = out / "b" if source == "masks" else next((out / "a").glob("*/01_RES"))
            yield _movie_score(name, source, home, truth)


def _movie_score(name: str, source: str, result: Path, truth: Path) -> SetScore:
    ours, true = read_ctc(result), read_ctc(truth, is_truth=True)
    score = score_ctc(ours, true)
    counts = [
        (len(found), len(there)) for found, there in zip(ours.labels, true.labels, strict=True)
    ]
    with_cells = [(n_found, n_true) for n_found, n_true in counts if n_true]
    measures = {} if score.measures is None else asdict(score.measures)
    if name == "ctc_noisy_dots":
        measures["seg"] = None  # its true masks are markers, not whole cells
    return SetScore(
        name,
        source,
        len(with_cells),
        n_empty=sum(n_found == 0 for n_found, _ in with_cells),
        f1=score.cells.value,
        count_error=float(np.mean([abs(found - true) / true for found, true in with_cells])),
        link_f1=score.links.value,
        division_f1=score.divisions.value,
        **measures,
    )


def set_scores(data: Path, recipe: Recipe, only: Sequence[str] = SETS) -> Iterator[SetScore]:
    """Yield the lines of all sets that are at hand."""
    for name in only:
        yield from means(list(image_scores(data, name, recipe)))
        yield from movie_scores(data, name, recipe)


def as_table(scores: Sequence[SetScore], before: Sequence[SetScore] = ()) -> Table:
    """Return lines as a table; beside what changed stands what it was."""
    table = Table(box=None, pad_edge=False)
    for name in ("set", "cells from", "n", *(title for title, _ in _MEASURES.values())):
        table.add_column(name, justify="left" if name in {"set", "cells from"} else "right")
    known = {(score.what, score.source): score for score in before}
    for score in scores:
        old = known.get((score.what, score.source))
        cells = [_cell(score, old, measure) for measure in _MEASURES]
        table.add_row(score.what, score.source, str(score.n_scenes), *cells)
    return table


def _cell(score: SetScore, before: SetScore | None, measure: str) -> str:
    now = _text(score, measure)
    was = now if before is None else _text(before, measure)
    if now == was:
        return now
    values = getattr(score, measure), getattr(before, measure)
    if None in values:
        return f"{was} > {now}"
    is_better = (values[0] > values[1]) == _MEASURES[measure][1]
    return f"[{'green' if is_better else 'red'}]{was} > {now}[/]"


def _text(score: SetScore, measure: str) -> str:
    value = getattr(score, measure)
    if value is None:
        return "–"
    if measure == "n_empty":
        return str(value)
    return f"{value:.1%}" if measure == "count_error" else f"{value:.4f}"


def load(path: Path) -> list[SetScore]:
    """Read what ``--save`` wrote."""
    known = {field.name for field in fields(SetScore)}
    return [
        SetScore(**{name: value for name, value in row.items() if name in known})
        for row in json.loads(path.read_text())
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=SHARED_DATA, help="folder of the sets")
    parser.add_argument("--only", nargs="+", choices=SETS, default=SETS, metavar="SET")
    parser.add_argument("--recipe", type=Path, help="by default the standard settings")
    parser.add_argument("--images", action="store_true", help="a line an image as well")
    parser.add_argument("--save", type=Path, metavar="FILE", help="write the lines as JSON")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="with lines saved before")
    arguments = parser.parse_args()
    recipe = Recipe.load(arguments.recipe) if arguments.recipe else Recipe()
    before = load(arguments.compare) if arguments.compare else []
    console = Console(width=170)
    if arguments.images:
        for name in arguments.only:
            for image in image_scores(arguments.data, name, recipe):
                f1 = "" if image.f1 is None else f"{image.f1:.4f}"
                console.print(
                    f"{image.data:<28}{image.image[:40]:<42}{f1:>7}{image.found:>7}"
                    f"{image.true:>6}{image.count_error:>8.1%}",
                    highlight=False,
                )
    scores = list(set_scores(arguments.data, recipe, arguments.only))
    console.print(as_table(scores, before))
    if arguments.save:
        arguments.save.write_text(json.dumps([asdict(score) for score in scores], indent=1) + "\n")


if __name__ == "__main__":
    main()
