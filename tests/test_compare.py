"""Comparing two runs: scenes where the different links are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_celltrack.analysis.link_difference import (
    FRAME_BEFORE,
    LINK_COLUMNS,
    X_BEFORE_PX,
    compare_links,
)
from napari_celltrack.tables import (
    AREA_PX2,
    FRAME,
    LABEL,
    PARENT_ID,
    TRACK_ID,
    X_PX,
    Y_PX,
    Tables,
)


def run(
    detections: list[tuple], parents: dict[int, int] | None = None, n_frames: int = 3
) -> Tables:
    """Return the tables of a run from rows (frame, track, y, x)."""
    objects = pd.DataFrame(detections, columns=[FRAME, TRACK_ID, Y_PX, X_PX])
    objects = objects.astype({FRAME: np.int64, TRACK_ID: np.int64, Y_PX: float, X_PX: float})
    objects[AREA_PX2] = 78  # a radius of 5 px
    objects[LABEL] = np.arange(1, len(objects) + 1)
    ids = sorted(set(objects[TRACK_ID]) - {0})
    tracks = pd.DataFrame({TRACK_ID: ids, PARENT_ID: [(parents or {}).get(i, 0) for i in ids]})
    counts = pd.DataFrame({FRAME: range(n_frames)})
    nothing = pd.DataFrame()
    return Tables(objects, tracks, counts, nothing, nothing)


STRAIGHT = [(t, 1, 10, 10) for t in range(3)] + [(t, 2, 10, 60) for t in range(3)]


def test_equal_runs_differ_in_nothing_even_with_other_names_rows_and_a_shift() -> None:
    other = [(t, 9 - i, y + 1.5, x) for t, i, y, x in reversed(STRAIGHT)]
    found = compare_links(run(STRAIGHT), run(other))
    assert found.only_a.empty
    assert found.only_b.empty
    assert found.n_both == 4


def test_a_swap_gives_two_links_on_either_side() -> None:
    swapped = [(t, i if t < 2 else 3 - i, y, x) for t, i, y, x in STRAIGHT]
    found = compare_links(run(STRAIGHT), run(swapped))
    assert found.n_both == 2
    assert found.only_a[[FRAME_BEFORE, FRAME]].to_numpy().tolist() == [[1, 2]] * 2
    assert sorted(zip(found.only_a[X_BEFORE_PX], found.only_a[X_PX], strict=True)) == [
        (10, 10),
        (60, 60),
    ]
    assert sorted(zip(found.only_b[X_BEFORE_PX], found.only_b[X_PX], strict=True)) == [
        (10, 60),
        (60, 10),
    ]
    assert found.only_a.dtypes.astype(str).to_dict() == LINK_COLUMNS


def test_a_broken_track_lacks_one_link() -> None:
    broken = [(t, 3 if (i == 2 and t == 2) else i, y, x) for t, i, y, x in STRAIGHT]
    found = compare_links(run(STRAIGHT), run(broken))
    assert len(found.only_a) == 1
    assert found.only_a.iloc[0][[FRAME, X_PX, TRACK_ID]].tolist() == [2, 60, 2]
    assert found.only_b.empty


def test_a_division_is_a_link_from_the_mother_to_each_daughter() -> None:
    detections = [(0, 1, 10, 10), (1, 2, 10, 4), (1, 3, 10, 16)]
    found = compare_links(run(detections, {2: 1, 3: 1}, 2), run(detections, {}, 2))
    assert found.only_a[TRACK_ID].tolist() == [2, 3]
    assert found.only_b.empty


def test_a_bridged_gap_is_another_link_than_two_steps() -> None:
    whole = [(t, 1, 10, 10) for t in range(3)]
    found = compare_links(run(whole), run([whole[0], whole[2]]))
    assert found.only_a[FRAME].tolist() == [1, 2]
    assert found.only_b[[FRAME_BEFORE, FRAME]].to_numpy().tolist() == [[0, 2]]


def test_only_frames_that_both_ran_over_are_compared() -> None:
    found = compare_links(run(STRAIGHT), run([row for row in STRAIGHT if row[0] < 2], n_frames=2))
    assert found.n_both == 2
    assert found.only_a.empty


def test_cells_farther_apart_than_their_radius_are_others() -> None:
    moved = [(t, i, y + 6, x) for t, i, y, x in STRAIGHT]
    found = compare_links(run(STRAIGHT), run(moved))
    assert (len(found.only_a), len(found.only_b), found.n_both) == (4, 4, 0)


@pytest.mark.parametrize("detections", [[], [(0, 1, 10, 10)], [(0, 0, 10, 10), (1, 0, 10, 10)]])
def test_runs_without_links_have_nothing_to_compare(detections: list[tuple]) -> None:
    found = compare_links(run(detections), run(STRAIGHT))
    assert found.only_a.empty
    assert len(found.only_b) == 4
    assert compare_links(run(STRAIGHT), run(detections)).only_b.empty
