"""Which pairs of objects look like the daughters of a cell."""

from __future__ import annotations

import numpy as np
import pandas as pd

from napari_celltrack.link import Assignment, Linking
from napari_celltrack.tables import AREA_PX2, FRAME, LABEL, X_PX, Y_PX

Cell = tuple[float, float, float]


def link(frames: list[list[Cell]]) -> Linking:
    """Link cells at (y, x, area), among others that stand still so that areas tell something."""
    others = [(20.0 + 60 * i, 300.0, 250.0 + 30 * i) for i in range(4)]
    rows = [(t, y, x, area) for t, cells in enumerate(frames) for y, x, area in [*cells, *others]]
    table = pd.DataFrame(rows, columns=[FRAME, Y_PX, X_PX, AREA_PX2])
    table[LABEL] = table.groupby(FRAME).cumcount() + 1
    return Assignment()(table, len(frames))


def test_two_halves_are_daughters() -> None:
    whole, halves = [(100.0, 100.0, 400.0)], [(93.0, 100.0, 200.0), (107.0, 100.0, 190.0)]
    linking = link([whole, whole, halves, halves])
    assert len(linking.parents) == 2
    assert len(set(linking.parents.values())) == 1


def test_mask_that_parts_early_and_unevenly_is_a_division_still() -> None:
    whole, uneven = [(100.0, 100.0, 400.0)], [(93.0, 100.0, 390.0), (109.0, 100.0, 90.0)]
    halves = [(91.0, 100.0, 250.0), (111.0, 100.0, 170.0)]
    assert len(link([whole, whole, uneven, halves, halves]).parents) == 2


def test_mask_that_falls_apart_for_a_moment_is_no_division() -> None:
    whole, halves = [(100.0, 100.0, 400.0)], [(93.0, 100.0, 200.0), (107.0, 100.0, 190.0)]
    assert not link([whole, whole, halves, whole, whole]).parents


def test_small_object_beside_a_cell_is_no_daughter() -> None:
    cell, speck = (100.0, 100.0, 400.0), (110.0, 100.0, 40.0)
    assert not link([[cell], [cell], [cell, speck], [cell, speck], [cell, speck]]).parents


def test_equal_markers_divide_by_place_alone() -> None:
    rows = [(0, 100, 100), (1, 100, 100), (2, 95, 100), (2, 105, 100), (3, 95, 100), (3, 105, 100)]
    table = pd.DataFrame(rows, columns=[FRAME, Y_PX, X_PX]).astype(np.float64)
    table[FRAME] = table[FRAME].astype(np.int64)
    assert len(Assignment()(table, 4).parents) == 2
