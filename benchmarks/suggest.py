"""Compare suggested settings with the default recipe, where the truth is known.

``python benchmarks/suggest.py [--data DIR]``, where DIR holds the folders ``bbbc039``,
``dsb2018``, ``ctc_sim_nuclei``, ``touching_nuclei`` and ``lesson4``. The score is F1, or where only
a count is known (``lesson4``) 1 minus its relative error.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from napari_celltrack.analysis import detection_f1
from napari_celltrack.engine import segment_frame
from napari_celltrack.engine.suggest import suggest
from napari_celltrack.input import Input
from napari_celltrack.movie import Movie
from napari_celltrack.readers import open_movie
from napari_celltrack.recipe import Recipe
from napari_celltrack.sample_data import dividing_nuclei

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"
#: The suggestion may lose so much where the default is good.
TOLERANCE, GOOD = 0.01, 0.8


@dataclass(frozen=True)
class Case:
    """One frame with its truth: labels, or the number of cells."""

    name: str
    movie: Movie
    frame: int
    truth: npt.NDArray[Any] | int
    channel: int | str = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=SHARED_DATA, help="folder with the data")
    arguments = parser.parse_args()
    print(f"{'frame':<26}{'default':>9}{'suggested':>11}{'s':>6}  sentence")
    worse = []
    for case in cases(arguments.data):
        recipe = Recipe(input=Input(channel=case.channel))
        started = time.perf_counter()
        advice = suggest(case.movie, recipe, case.frame)
        seconds = time.perf_counter() - started
        before, after = (score(case, which) for which in (recipe, advice.recipe))
        unit = "F1" if not isinstance(case.truth, int) else "1 - count error"
        print(
            f"{case.name:<26}{before:>9.3f}{after:>11.3f}{seconds:>6.1f}  {advice.sentence} {unit}"
        )
        if before >= GOOD and after < before - TOLERANCE:
            worse.append(case.name)
    print(f"worse by more than {TOLERANCE}: {', '.join(worse) or 'none'}")


def cases(data: Path) -> Iterator[Case]:
    """Read one frame after the other."""
    nuclei = open_movie(data / "ctc_sim_nuclei" / "01")
    for frame in range(nuclei.n_frames):
        truth = data / "ctc_sim_nuclei" / "01_GT" / "TRA" / f"man_track{frame:03}.tif"
        yield Case(f"ctc_sim_nuclei {frame}", nuclei, frame, read(truth))
    for name in ("bbbc039", "dsb2018"):
        for row in rows_of(data / name / "counts.csv"):
            image = data / name / "images" / row["image"]
            truth = (data / name / "labels" / row["image"]).with_suffix(".tif")
            yield Case(f"{name} {image.stem[:12]}", open_movie(image), 0, read(truth))
    touching = data / "touching_nuclei"
    movie = open_movie(touching / "img2d.tif")
    yield Case("touching_nuclei", movie, 0, read(touching / "mask2d.tif"))
    made = dividing_nuclei()
    yield Case("made nuclei", made.movie(), 0, made.labels[0])
    for row in rows_of(data / "lesson4" / "truth" / "counts_by_eye.csv"):
        movie, count = open_movie(data / "lesson4" / row["file"]), int(row["count_by_eye"])
        yield Case(f"lesson4 {row['file']}", movie, 0, count, "red")


def rows_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def read(path: Path) -> npt.NDArray[np.int32]:
    """Read a label image."""
    return np.asarray(cv2.imread(str(path), cv2.IMREAD_UNCHANGED), np.int32)


def score(case: Case, recipe: Recipe) -> float:
    """Return F1, or of a count 1 minus its relative error."""
    found = np.asarray(segment_frame(case.movie, recipe, case.frame), np.int32)
    if isinstance(case.truth, int):
        return 1 - abs(int(found.max()) - case.truth) / case.truth
    return detection_f1(found, np.asarray(case.truth, np.int32)).value


if __name__ == "__main__":
    main()
