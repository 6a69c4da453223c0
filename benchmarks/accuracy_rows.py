"""How right the default recipe is on real images, where these are at hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import accuracy
from napari_celltrack.recipe import Recipe
from rows import Row

#: Sets whose masks were drawn by hand.
_DRAWN = ("bbbc039", "dsb2018")


def accuracy_rows(data: Path) -> Iterator[Row]:
    """Score the default recipe against masks drawn by hand."""
    scores = list(accuracy.set_scores(data, Recipe(), _DRAWN))
    if not scores:
        yield Row("default recipe on real images", "skipped: no shared data here")
    for score in scores:
        yield Row(
            f"default recipe on {score.what}; {score.n_scenes} images",
            f"F1 {score.f1:.4f}",
            "masks drawn by hand",
            agreement=f"count off by {score.count_error:.1%}",
            score=score.f1,
        )
