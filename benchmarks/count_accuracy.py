"""Score the default recipe against hand-made masks of nuclei.

``python benchmarks/count_accuracy.py [--data DIR] [--json]``, where DIR holds the folders
``bbbc039`` and ``dsb2018``, each with ``images/``, ``labels/`` and ``counts.csv``.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_celltrack.analysis import detection_f1
from napari_celltrack.engine import segment_frame
from napari_celltrack.readers import open_movie
from napari_celltrack.recipe import Recipe

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"
#: Column of the true counts, and the smallest object that these counts include.
TRUTH = {"bbbc039": ("count_components_ge20px", 20), "dsb2018": ("true_count_mask_files", 1)}
#: A field of blebbing, dying cells: shown, and left out of the mean beside the one with it.
HARD = "A12"
#: Bright-field histology, which no method for fluorescence is meant for.
NOT_FLUORESCENCE = ("15039b3acccc",)


def large_enough(labels: NDArray[Any], min_area_px: int) -> NDArray[np.int32]:
    """Number the objects from an area on 1..n, drop the others."""
    keep = np.bincount(labels.ravel().astype(np.int64)) >= min_area_px
    keep[0] = False
    return (np.cumsum(keep) * keep).astype(np.int32)[labels]


def score(folder: Path, recipe: Recipe) -> list[dict[str, Any]]:
    """Return a row an image: F1, the number of objects found and the true one."""
    column, min_area_px = TRUTH[folder.name]
    rows = []
    with (folder / "counts.csv").open(newline="") as file:
        counts = {row["image"]: int(row[column]) for row in csv.DictReader(file)}
    for name, n_true in counts.items():
        movie = open_movie(folder / "images" / name)
        found = segment_frame(movie, recipe, 0)
        mask_file = (folder / "labels" / name).with_suffix(".tif")
        truth = large_enough(cv2.imread(str(mask_file), cv2.IMREAD_UNCHANGED), min_area_px)
        n_found = int(found.max())
        rows.append(
            {
                "data": folder.name,
                "image": name,
                "f1": detection_f1(np.asarray(found, dtype=np.int32), truth).value,
                "found": n_found,
                "true": n_true,
                "count_error": abs(n_found - n_true) / n_true,
            }
        )
    return rows


def means(rows: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Return mean F1 and count error of each collection, with and without its odd ones."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        odd = HARD in row["image"] or row["image"].startswith(NOT_FLUORESCENCE)
        groups.setdefault(f"{row['data']}, all", []).append(row)
        if not odd:
            left_out = HARD if row["data"] == "bbbc039" else "histology"
            groups.setdefault(f"{row['data']}, without {left_out}", []).append(row)
    return {
        name: {
            "images": len(group),
            "f1": float(np.mean([row["f1"] for row in group])),
            "count_error": float(np.mean([row["count_error"] for row in group])),
        }
        for name, group in groups.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, default=SHARED_DATA, help="folder with bbbc039 and dsb2018"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    recipe = Recipe()
    rows = [row for name in TRUTH for row in score(arguments.data / name, recipe)]
    summary = means(rows)
    if arguments.json:
        print(json.dumps({"images": rows, "means": summary}, indent=2))
        return
    print(f"{'image':<32}{'F1':>7}{'found':>7}{'true':>6}{'error':>8}")
    for row in rows:
        name = f"{row['data']} {row['image'][:22]}"
        print(
            f"{name:<32}{row['f1']:>7.3f}{row['found']:>7}{row['true']:>6}{row['count_error']:>8.1%}"
        )
    for name, mean in summary.items():
        print(f"{'mean of ' + name:<32}{mean['f1']:>7.3f}{'':>13}{mean['count_error']:>8.1%}")


if __name__ == "__main__":
    main()
