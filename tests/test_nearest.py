from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_celltrack.link import Nearest
from scenes import objects_at


def track_ids(places: list[list[tuple[float, float]]], **options: float) -> list[int]:
    linking = Nearest(**options)(objects_at(places), len(places))
    return linking.track_id.tolist()


def test_each_cell_goes_to_the_nearest() -> None:
    places = [[(0, 0), (0, 30)], [(0, 4), (0, 33)], [(0, 8), (0, 36)]]
    assert track_ids(places, max_distance_px=10) == [1, 2, 1, 2, 1, 2]


def test_closest_pair_goes_first() -> None:
    # Both want the cell at 10; the one 2 px away gets it, the other, 6 px away, ends.
    places = [[(0, 4), (0, 12)], [(0, 10)]]
    assert track_ids(places, max_distance_px=10) == [1, 2, 2]


def test_limit_is_inclusive() -> None:
    places = [[(0, 0)], [(3, 4)]]
    assert track_ids(places, max_distance_px=5) == [1, 1]
    assert track_ids(places, max_distance_px=4.99) == [1, 2]


@pytest.mark.parametrize(("max_gap", "expected"), [(0, [1, 2]), (1, [1, 2]), (2, [1, 1])])
def test_gap_counts_missing_frames_also_empty_ones(max_gap: int, expected: list[int]) -> None:
    places = [[(5, 5)], [], [], [(6, 5)]]
    assert track_ids(places, max_distance_px=5, max_gap_frames=max_gap) == expected


def test_nothing_one_frame_and_all_at_one_place() -> None:
    assert track_ids([]) == []
    assert track_ids([[], [], []]) == []
    assert track_ids([[(1, 1), (2, 2)]]) == [1, 2]
    crowd = [[(3.0, 3.0)] * 40] * 3
    ids = np.array(track_ids(crowd)).reshape(3, 40)
    assert all(sorted(frame) == list(range(1, 41)) for frame in ids.tolist())


cells = st.lists(st.tuples(st.floats(0, 60), st.floats(0, 60)), max_size=8)


@settings(deadline=None, max_examples=60)
@given(st.lists(cells, min_size=1, max_size=6), st.integers(0, 2), st.randoms())
def test_properties(places: list, max_gap: int, random: object) -> None:
    table = objects_at(places)
    linker = Nearest(max_distance_px=12, max_gap_frames=max_gap)
    ids = linker(table, len(places)).track_id
    # Compact from 1, once a frame, no step beyond the limit, no gap beyond the limit.
    assert sorted(set(ids)) == list(range(1, len(set(ids)) + 1))
    for _, track in table.groupby(ids):
        frame, at = track["frame"].to_numpy(), track[["y_px", "x_px"]].to_numpy()
        assert (np.diff(frame) >= 1).all()
        assert (np.diff(frame) <= max_gap + 1).all()
        assert (np.linalg.norm(np.diff(at, axis=0), axis=1) <= 12 + 1e-9).all()
    # The order of the rows changes nothing, when no two cells are at one place.
    if not table.duplicated().any():
        order = list(range(len(table)))
        random.shuffle(order)  # type: ignore[attr-defined]
        shuffled = linker(table.iloc[order].reset_index(drop=True), len(places)).track_id
        np.testing.assert_array_equal(shuffled, ids[order])
