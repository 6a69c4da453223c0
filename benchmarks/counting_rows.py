"""Counting one frame and previewing it, beside the naive chain and the copy of a frame."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import tifffile
from numpy.typing import NDArray
from skimage.filters import threshold_otsu

from made_frames import made_frame
from naive import NaiveChain
from napari_celltrack.analysis import detection_f1
from napari_celltrack.engine import run_frame, segment_frame
from napari_celltrack.engine.cache import StageCache
from napari_celltrack.movie import Movie, movie_from_array
from napari_celltrack.preprocess import Gaussian, GaussianBackground
from napari_celltrack.recipe import Recipe
from napari_celltrack.segment import (
    Contrast,
    FillHoles,
    Otsu,
    Regions,
    WatershedDistance,
    label_parts,
)
from napari_celltrack.segment.histogram import N_BINS
from rows import Row, as_time, at_least, at_most, row_of_times
from timing import call, medians

#: Our way to do what the naive chain does, step by step, with the same lengths.
LIKE_FOR_LIKE = Recipe(
    preprocess=(Gaussian(sigma_px=1.0), GaussianBackground(sigma_px=50.0)),
    segment=Regions(
        threshold=Otsu(),
        morphology=(FillHoles(),),
        split=WatershedDistance(intensity_weight=0),  # the distance alone, as the chain has it
    ),
)
_RECIPES = {"same steps": LIKE_FOR_LIKE, "default recipe": Recipe()}
#: So much may our F1 be below that of the naive chain.
_F1_BELOW = 0.002

_FIRST_PREVIEW = """
import json, sys, time
import tifffile
from napari_celltrack.engine import segment_frame
from napari_celltrack.movie import movie_from_array
from napari_celltrack.recipe import Recipe
movie, recipe = movie_from_array(tifffile.imread(sys.argv[1]), "YX", name="made"), Recipe()
taken, found = [], []
for _ in range(8):
    started = time.perf_counter()
    found.append(segment_frame(movie, recipe, 0))
    taken.append(time.perf_counter() - started)
print(json.dumps([taken[0], sorted(taken[1:])[3], bool((found[0] == found[-1]).all())]))
"""


def as_movie(image: NDArray[np.uint16]) -> Movie:
    """Return one image as a movie."""
    return movie_from_array(image, "YX", name="made")


def count_rows(is_quick: bool) -> Iterator[Row]:
    """Count a whole frame: cells found, split and measured."""
    side_px = 1024 if is_quick else 2048
    image, truth = made_frame(side_px)
    movie, naive = as_movie(image), NaiveChain()
    size = f"{side_px} x {side_px} px, {truth.max()} cells"
    runs: dict[str, Callable[[], object]] = {
        name: partial(run_frame, movie, recipe, 0) for name, recipe in _RECIPES.items()
    }
    runs |= {"naive": lambda: naive.count(image), "copy": image.copy}
    seconds = medians(runs, *((2, {"naive": 1}) if is_quick else (7, {"naive": 4})))
    naive_f1 = detection_f1(naive.count(image)[0], truth).value
    for name, recipe in _RECIPES.items():
        f1 = detection_f1(run_frame(movie, recipe, 0).labels, truth).value
        ratio = seconds["naive"] / seconds[name]
        yield row_of_times(
            f"count a frame, {name}; {size}",
            seconds[name],
            "naive scikit-image",
            seconds["naive"],
            agreement=f"F1 {f1:.4f}, naive {naive_f1:.4f}",
            score=f1,
            target=at_least(ratio, 10, 25),
        )
        yield _f1_row(f"F1 of these, {name}", f1, naive_f1)
    yield _row_of_exact_otsu(side_px)
    yield Row(f"floor: copy of the frame; {size}", "", "copy", as_time(seconds["copy"]))


def _row_of_exact_otsu(side_px: int) -> Row:
    """Compare the same steps at the same level, over some frames.

    Of a float image scikit-image makes 256 bins, and takes the middle of one of them: its level is
    up to a bin lower than the exact one, and here a lower one finds more dim cells.
    """
    naive, ours_f1, naive_f1 = NaiveChain(), [], []
    for seed in range(4):
        image, truth = made_frame(side_px, seed=seed)
        flat = naive.prepare(image)
        offset = threshold_otsu(flat, N_BINS) - threshold_otsu(flat)
        naive_f1.append(detection_f1(naive.segment(flat, offset), truth).value)
        ours_f1.append(detection_f1(segment_frame(as_movie(image), LIKE_FOR_LIKE, 0), truth).value)
    words = f"F1 of same steps, Otsu of {N_BINS} bins in both; mean of 4 frames"
    return _f1_row(words, statistics.mean(ours_f1), statistics.mean(naive_f1))


def _f1_row(words: str, f1: float, naive_f1: float) -> Row:
    return Row(
        words,
        f"{f1:.4f}",
        "naive scikit-image",
        f"{naive_f1:.4f}",
        agreement="cells against the truth",
        score=f1,
        target=f"naive − {_F1_BELOW:g}",
        met="least" if f1 >= naive_f1 - _F1_BELOW else "missed",
    )


def preview_rows(is_quick: bool) -> Iterator[Row]:
    """Find the cells of the frame in view: all steps, or with only the threshold moved."""
    for side_px in (512,) if is_quick else (2048, 512):
        yield from _previews(side_px, rounds=5 if is_quick else 9)
    yield _first_preview(512 if is_quick else 2048)


def _previews(side_px: int, rounds: int) -> Iterator[Row]:
    image, truth = made_frame(side_px)
    movie, naive = as_movie(image), NaiveChain()
    flat = naive.prepare(image)
    recipe, cache, moves = Recipe(), StageCache(), count(1)
    segment_frame(movie, recipe, 0, cache)
    segment_frame(movie, LIKE_FOR_LIKE, 0, cache)

    def move(before: Recipe) -> object:
        """Move the threshold as a slider does: each time to where it never was."""
        step = next(moves) / 100
        regions = before.segment
        assert isinstance(regions, Regions)
        if isinstance(regions.threshold, Contrast):
            level = Contrast(typical_percent=25 + step)
            return segment_frame(
                movie, before.replace(segment=regions.replace(threshold=level)), 0, cache
            )
        level_of_otsu = Otsu(offset=step)
        return segment_frame(
            movie, before.replace(segment=regions.replace(threshold=level_of_otsu)), 0, cache
        )

    runs: dict[str, Callable[[], object]] = {
        "default recipe": lambda: segment_frame(movie, recipe, 0),
        "same steps": lambda: segment_frame(movie, LIKE_FOR_LIKE, 0),
        "threshold": lambda: move(recipe),
        "offset": lambda: move(LIKE_FOR_LIKE),
        "naive": lambda: naive.segment(naive.prepare(image)),
        "naive threshold": lambda: naive.segment(flat, 1.0),
        "copy": image.copy,
    }
    seconds = medians(runs, rounds, {"naive": 2, "naive threshold": 2})
    limits = {512: (30.0, 10.0), 2048: (200.0, 80.0)}[side_px]
    size = f"{side_px} x {side_px} px, {truth.max()} cells"
    for name, settings in _RECIPES.items():
        f1 = detection_f1(segment_frame(movie, settings, 0), truth).value
        copies = seconds[name] / seconds["copy"]
        yield row_of_times(
            f"preview, {name}; {size}",
            seconds[name],
            "naive scikit-image",
            seconds["naive"],
            agreement=f"F1 {f1:.4f}; {copies:.0f} frame copies",
            score=f1,
            target=at_most(1000 * seconds[name], *limits),
        )
    yield _stages(image, rounds)
    for name, words in (("threshold", "default recipe"), ("offset", "Otsu, background off")):
        is_judged = side_px == 2048
        n_copies = seconds[name] / seconds["copy"]
        yield row_of_times(
            f"preview, only the threshold moved, {words}; {size}",
            seconds[name],
            "naive scikit-image",
            seconds["naive threshold"],
            agreement=f"{n_copies:.0f} frame copies",
            target=at_most(1000 * seconds[name], 200, 30) if is_judged else None,
        )


def _stages(image: NDArray[np.uint16], rounds: int) -> Row:
    """Say which steps of the default recipe take how long, each on what the one before gave it."""
    recipe = Recipe()
    regions = recipe.segment
    assert isinstance(regions, Regions)
    mask = regions.threshold(image)
    clean = mask
    for step in regions.morphology:
        clean = step(clean)
    parts = label_parts(clean, regions.connectivity)
    cells = regions.split(parts, image)

    def clean_up() -> None:
        cleaned = mask
        for step in regions.morphology:
            cleaned = step(cleaned)

    stages: dict[str, Callable[[], object]] = {
        "threshold": lambda: regions.threshold(image),
        "clean up": clean_up,
        "number the parts": lambda: label_parts(clean, regions.connectivity),
        "split": lambda: regions.split(parts, image),
        "filter": lambda: recipe.objects(cells),
    }
    seconds = medians(stages, rounds)
    words = ", ".join(f"{name} {1000 * taken:.0f}" for name, taken in seconds.items())
    return Row(
        f"of which, step by step; {image.shape[0]} x {image.shape[1]} px",
        as_time(sum(seconds.values())),
        agreement=f"{words} ms",
    )


def _first_preview(side_px: int) -> Row:
    """Compare the first frame of a process with its later ones."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "made.tif"
        tifffile.imwrite(file, made_frame(side_px)[0])
        found = np.array([call(_FIRST_PREVIEW, file)[0] for _ in range(3)])
    first, steady, is_same = np.median(found, axis=0).tolist()
    # A tenth of a steady one is the noise of the machine.
    target = at_most(1000 * (first - steady), 500, max(20, round(100 * steady)), " ms more")
    return row_of_times(
        f"first preview after start; {side_px} x {side_px} px",
        first,
        "a later one",
        steady,
        agreement="same labels" if is_same == 1 else "LABELS DIFFER",
        target=target,
    )
