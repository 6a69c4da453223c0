"""An outline round many cells is noticed, and a large cell is none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from napari_celltrack.analysis.clumps import clumps_in_words, find_clumps
from scenes import disk

SHAPE = (200, 300)
#: Nuclei that stand alone, and those of a clump, 8 px in radius.
ALONE = [(20 + 40 * row, 20 + 40 * column) for row in range(4) for column in range(2)]
TOGETHER = [(50 + 20 * row, 170 + 21 * column) for row in range(3) for column in range(4)]


def scene(dtype: str, n_together: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Return nuclei in haze with one outline round some of them, and the outlines."""
    image, labels = np.zeros(SHAPE), np.zeros(SHAPE, np.int32)
    clump = np.zeros(SHAPE, bool)
    for number, (y, x) in enumerate(ALONE, start=1):
        image[disk(SHAPE, y, x, 8)] += 100
        labels[disk(SHAPE, y, x, 9)] = number
    for y, x in TOGETHER[:n_together]:
        image[disk(SHAPE, y, x, 8)] += 100
        clump |= disk(SHAPE, y, x, 14)
    labels[clump] = len(ALONE) + 1
    haze = cv2.GaussianBlur(clump.astype(float), (0, 0), 12) * 120
    blurred = cv2.GaussianBlur(image, (0, 0), 4) + haze + 20
    blurred += np.random.default_rng(0).normal(0, 2, SHAPE)
    return blurred.astype(dtype), labels


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_a_clump_and_the_number_of_its_cells(dtype) -> None:
    image, labels = scene(dtype)
    (clump,) = find_clumps(image, labels)
    usual = np.median(np.bincount(labels.ravel())[1:])
    assert clump.label == len(ALONE) + 1
    assert clump.n_tops == len(TOGETHER)
    assert clump.times_usual == pytest.approx((labels == clump.label).sum() / usual)
    assert "1 outline is probably round several cells" in clumps_in_words([clump])
    assert "12 bright spots" in clumps_in_words([clump])


def test_large_cells_and_a_few_neighbours_are_none() -> None:
    # A cell as large as the clump, without spots: smooth, or with nothing but noise in it.
    image, labels = scene("uint16")
    giant = labels == len(ALONE) + 1
    rows, columns = np.nonzero(giant)
    smooth = image.copy()
    noise = np.random.default_rng(1).normal(150, 2, giant.sum())
    smooth[rows, columns] = noise
    assert find_clumps(smooth, labels) == []
    # Two that touch.
    assert find_clumps(*scene("uint16", n_together=2)) == []
    # Every one of its own.
    alone = np.where(giant, 0, labels)
    assert find_clumps(image, alone) == []
    assert clumps_in_words([]) == ""


def test_what_is_usual_is_not_known_of_few() -> None:
    image, labels = scene("uint16")
    few = np.where(np.isin(labels, [1, 2, len(ALONE) + 1]), labels, 0)
    assert find_clumps(image, few) == []
    assert find_clumps(image, np.zeros_like(labels)) == []
