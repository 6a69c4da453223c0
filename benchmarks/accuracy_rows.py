"""How right the default recipe is on real images, where these are at hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import count_accuracy
from napari_celltrack.recipe import Recipe
from rows import Row


def accuracy_rows(data: Path) -> Iterator[Row]:
    """Score the default recipe against masks drawn by hand."""
    there = [name for name in count_accuracy.TRUTH if (data / name / "counts.csv").exists()]
    if not there:
        yield Row("default recipe on real images", "skipped: no shared data here")
        return
    images = [row for name in there for row in count_accuracy.score(data / name, Recipe())]
    for name, mean in count_accuracy.means(images).items():
        yield Row(
            f"default recipe on {name}; {mean['images']:.0f} images",
            f"F1 {mean['f1']:.4f}",
            "masks drawn by hand",
            agreement=f"count off by {mean['count_error']:.1%}",
            score=mean["f1"],
        )
