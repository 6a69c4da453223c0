"""What every linker must keep to, whatever the cells do."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_celltrack.errors import CelltrackError
from napari_celltrack.link import Assignment, Linker, Linking, Nearest, Trackpy
from scenes import objects_at

LIMIT = 12.0
LINKERS = [
    Assignment(max_distance_px=LIMIT, max_division_distance_px=18),
    Assignment(max_distance_px=LIMIT, max_gap_frames=0, divisions=False, predict_motion=False),
    Assignment(
        max_distance_px=LIMIT,
        max_gap_frames=2,
        max_gap_distance_px=9,
        max_division_distance_px=18,
        remove_drift=False,
    ),
    Nearest(max_distance_px=LIMIT),
    Nearest(max_distance_px=LIMIT, max_gap_frames=2),
    Nearest(max_distance_px=LIMIT, mutual_only=True),
    Trackpy(max_distance_px=LIMIT),
    Trackpy(max_distance_px=LIMIT, max_gap_frames=0),
]
every_linker = pytest.mark.parametrize("linker", LINKERS, ids=lambda linker: linker.method)

# Places on a fine grid: hypothesis finds cells at one place and equal distances by itself.
places = st.tuples(st.floats(0, 60, width=16), st.floats(0, 60, width=16))
movies = st.lists(st.lists(places, max_size=7), min_size=1, max_size=6)


def irregular(seed: int, n_frames: int = 6, n_cells: int = 25) -> pd.DataFrame:
    """Return crowded random cells, no two distances equal."""
    random = np.random.default_rng(seed)
    return objects_at(random.uniform(0, 90, (n_frames, n_cells, 2)).tolist())


def partners(linking: Linking, order: np.ndarray | None = None) -> set[tuple[int, int]]:
    """Return which rows share a track or are mother and daughter, whatever the ids."""
    ids = linking.track_id
    rows = np.arange(len(ids)) if order is None else order
    found = set()
    for track in set(ids.tolist()):
        members = sorted(rows[ids == track].tolist())
        found |= {(members[0], member) for member in members}
    for child, parent in linking.parents.items():
        found.add((-1 - rows[ids == parent].min(), rows[ids == child].min()))
    return found


@every_linker
@settings(deadline=None, max_examples=40)
@given(movie=movies)
def test_links_keep_to_their_limits(linker: Linker, movie: list) -> None:
    table = objects_at(movie)
    try:
        linking = linker(table, len(movie))
    except CelltrackError:
        assert isinstance(linker, Trackpy)
        return
    ids = linking.track_id
    assert sorted(set(ids)) == list(range(1, len(set(ids)) + 1))
    at, frame = table[["y_px", "x_px"]].to_numpy(), table["frame"].to_numpy()
    for track in set(ids.tolist()):
        rows = np.flatnonzero(ids == track)
        steps = np.diff(frame[rows])
        assert (steps >= 1).all()
        assert (steps <= linker.max_gap_frames + 1).all()
        far = getattr(linker, "max_gap_distance_px", None) or LIMIT
        limits = np.where(steps > 1, far, LIMIT)
        assert (np.linalg.norm(np.diff(at[rows], axis=0), axis=1) <= limits + 1e-9).all()
    children = list(linking.parents)
    assert len(children) == len(set(children))
    for parent in set(linking.parents.values()):
        born = [child for child, mother in linking.parents.items() if mother == parent]
        assert len(born) == 2
        for child in born:
            last, first = np.flatnonzero(ids == parent)[-1], np.flatnonzero(ids == child)[0]
            assert frame[first] == frame[last] + 1
            assert np.linalg.norm(at[first] - at[last]) <= 18 + 1e-9
    begins = np.array([ids[row] not in ids[:row] for row in range(len(ids))], bool)
    linked = ~begins | np.isin(ids, children)
    np.testing.assert_array_equal(np.isfinite(linking.distance_px), linked)
    np.testing.assert_array_equal(np.isfinite(linking.margin), linked)
    np.testing.assert_array_equal(np.isfinite(linking.cost), linked)
    assert len(linking.n_candidates) == len(ids)


@every_linker
@pytest.mark.parametrize("seed", range(4))
def test_order_of_rows_and_place_and_turn_change_nothing(linker: Linker, seed: int) -> None:
    table = irregular(seed)
    n_frames = 6
    linking = linker(table, n_frames)
    order = np.random.default_rng(seed).permutation(len(table))
    shuffled = linker(table.iloc[order].reset_index(drop=True), n_frames)
    np.testing.assert_array_equal(shuffled.track_id, linking.track_id[order])
    np.testing.assert_array_equal(shuffled.margin, linking.margin[order])
    assert shuffled.parents == linking.parents
    moved = table.assign(y_px=table.y_px + 1000, x_px=table.x_px - 300)
    turned = table.assign(y_px=table.x_px, x_px=-table.y_px)
    assert partners(linker(moved, n_frames)) == partners(linking)
    assert partners(linker(turned, n_frames)) == partners(linking)


@every_linker
def test_empty_frames_around_change_nothing(linker: Linker) -> None:
    table = irregular(7)
    linking = linker(table, 6)
    assert partners(linker(table, 60)) == partners(linking)
    later = linker(table.assign(frame=table.frame + 5), 11)
    np.testing.assert_array_equal(later.track_id, linking.track_id)


@every_linker
@pytest.mark.parametrize(
    "movie",
    [[], [[]], [[], []], [[(1, 1)]], [[], [(1, 1)]], [[(1, 1)], []], [[(1, 1)], [], [(2, 1)]]],
)
def test_hardly_any_cells(linker: Linker, movie: list) -> None:
    linking = linker(objects_at(movie), len(movie))
    assert linking.track_id.tolist() in ([], [1], [1, 1], [1, 2])
    assert set(linking.columns()) >= {"track_id", "link_margin"}


@every_linker
@pytest.mark.parametrize("spread", [0.0, 4.0])
def test_thousands_at_one_place(linker: Linker, spread: float) -> None:
    n_cells = 400 if isinstance(linker, Trackpy) else 2000
    random = np.random.default_rng(0)
    crowd = objects_at((50 + spread * random.standard_normal((3, n_cells, 2))).tolist())
    started = time.perf_counter()
    try:
        ids = linker(crowd, 3).track_id.reshape(3, -1)
        assert all(len(set(frame)) == n_cells for frame in ids.tolist())
    except CelltrackError as error:
        assert isinstance(linker, Trackpy)
        assert "frame 1" in str(error)
    assert time.perf_counter() - started < 20


def test_cells_at_one_place_are_all_linked() -> None:
    ids = Assignment()(objects_at([[(3.0, 3.0)] * 500] * 4), 4).track_id
    assert ids.max() == 500
