"""The solver against scipy's, and candidates against all pairs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from napari_celltrack.link import candidate_pairs, candidates, matching

tables = st.integers(1, 9).flatmap(
    lambda n: st.lists(st.lists(st.integers(-2, 8), min_size=n, max_size=n), min_size=1, max_size=9)
)


def check(table: np.ndarray) -> None:
    i, j = np.nonzero(table > -2)
    chosen = matching.best_matching(i, j, table[i, j])
    assert len(set(i[chosen])) == chosen.sum() == len(set(j[chosen]))
    worth = np.maximum(table, 0)
    best = worth[linear_sum_assignment(worth, maximize=True)].sum()
    assert table[i, j][chosen].sum() == pytest.approx(best)
    assert (table[i, j][chosen] > 0).all()


@settings(deadline=None, max_examples=300)
@given(tables)
def test_small_groups_with_ties(table: list) -> None:
    check(np.array(table, float))


@pytest.mark.parametrize("seed", range(20))
def test_sparse_random_groups(seed: int) -> None:
    random = np.random.default_rng(seed)
    gain = random.normal(1, 1, (60, 50))
    check(np.where(random.random(gain.shape) < random.uniform(0.02, 0.3), gain, -2))


def test_groups_too_big_for_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "MAX_DENSE", 10)
    test_sparse_random_groups(3)


@pytest.mark.parametrize("radius", [3.0, 11.0, 40.0])
@pytest.mark.parametrize("gap", [0, 1])
def test_candidates_are_all_near_pairs(radius: float, gap: int) -> None:
    random = np.random.default_rng(1)
    frame = np.repeat(np.arange(5), 40)
    position = random.uniform(-30, 70, (200, 2))
    pairs = candidate_pairs(position, frame, 5, radius, gap)
    near = cdist(position, position) <= radius
    near &= frame[None, :] == frame[:, None] + 1 + gap
    expected = np.argwhere(near)
    np.testing.assert_array_equal(np.stack([pairs.before, pairs.after], -1), expected)
    np.testing.assert_allclose(pairs.distance_px, cdist(position, position)[near])


def test_crowded_candidates_are_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "MAX_GRID_PAIRS", 1)
    random = np.random.default_rng(2)
    frame, position = np.repeat(np.arange(3), 100), random.uniform(0, 50, (300, 2))
    pairs = candidate_pairs(position, frame, 3, 30.0)
    distance = cdist(position, position)
    distance[frame[None, :] != frame[:, None] + 1] = np.inf
    found = set(zip(pairs.before.tolist(), pairs.after.tolist(), strict=True))
    for row in np.flatnonzero(frame < 2):
        nearest = np.argsort(distance[row])[: candidates.MAX_NEIGHBOURS]
        assert {(row, j) for j in nearest if distance[row, j] <= 30} <= found
    assert len(pairs) < 2 * 300 * candidates.MAX_NEIGHBOURS


def test_one_far_object_does_not_cost_memory() -> None:
    position = np.concatenate([np.random.default_rng(0).uniform(0, 50, (400, 2)), [[1e9, -1e9]]])
    frame = np.append(np.repeat([0, 1], 200), 1)
    assert candidate_pairs(position, frame, 2, 5.0).distance_px.max() <= 5
