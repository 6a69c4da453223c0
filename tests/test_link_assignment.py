"""Assignment: scenes with known answers."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from napari_celltrack.link import Assignment, Linking, Nearest
from napari_celltrack.tables import AREA_PX2, LABEL
from scenes import objects_at


def linked(movie: list, **options: object) -> Linking:
    return Assignment(**options)(objects_at(movie), len(movie))


def test_best_in_sum_beats_closest_first() -> None:
    # Greedy takes 6 -> 10 and is left with nothing near for 12; the best sum shifts both by 6.
    movie = [[(0, 4), (0, 12)], [(0, 10), (0, 18)]]
    table = objects_at(movie)
    assert Nearest(max_distance_px=10)(table, 2).track_id.tolist() == [1, 2, 2, 3]
    assert linked(movie, max_distance_px=10).track_id.tolist() == [1, 2, 1, 2]


def test_gap_is_bridged_up_to_its_limits() -> None:
    movie = [[(5, 5)], [(5, 8)], [], [], [(5, 17)]]
    assert linked(movie, max_gap_frames=1).track_id.tolist() == [1, 1, 2]
    assert linked(movie, max_gap_frames=2).track_id.tolist() == [1, 1, 1]
    near = linked(movie, max_gap_frames=2, max_gap_distance_px=8.9)
    assert near.track_id.tolist() == [1, 1, 2]


@pytest.mark.parametrize("radius", [8, 20], ids=["mother is lost", "mother goes on as one"])
def test_division_ends_the_mother(radius: float) -> None:
    movie = [[(50, 50)], [(50, 51)], [(44, 50), (56, 52)], [(42, 50), (58, 52)]]
    linking = linked(movie, max_distance_px=radius)
    assert linking.track_id.tolist() == [1, 1, 2, 3, 2, 3]
    assert linking.parents == {2: 1, 3: 1}
    assert linking.distance_px[2] == pytest.approx(np.hypot(6, 1))
    assert linked(movie, max_distance_px=radius, divisions=False).parents == {}


def test_a_cell_that_comes_in_beside_is_no_daughter() -> None:
    assert linked([[(50, 50)], [(50, 51)], [(50, 52), (50, 66)]]).parents == {}
    lopsided = [[(50, 50)], [(50, 51)], [(50, 44), (50, 66)]]
    assert linked(lopsided).parents == {2: 1, 3: 1}
    assert linked(lopsided, max_division_asymmetry=0.3).parents == {}


def test_daughters_are_smaller_and_alike() -> None:
    movie = [[(50, 50)], [(44, 50), (56, 50)]]
    table = objects_at(movie)

    def parents(*areas: float) -> dict[int, int]:
        return dict(Assignment()(table.assign(**{AREA_PX2: areas}), 2).parents)

    assert parents(100, 55, 50) == {2: 1, 3: 1}
    assert parents(100, 100, 50) == {}
    assert parents(100, 80, 20) == {}
    assert parents(7, 7, 7) == {2: 1, 3: 1}, "equal markers say nothing"


def crossing(n_frames: int = 12) -> tuple[pd.DataFrame, list[int]]:
    """Two rows of cells that move through each other, 6 px a frame, past each other at 4 px."""
    movie, truth = [], []
    for t in range(n_frames):
        right = [(40.0 * k, 6.0 * t) for k in range(12)]
        left = [(40.0 * k + 4, 66 - 6.0 * t + 3) for k in range(12)]
        movie.append(right + left)
        truth += list(range(24))
    return objects_at(movie), truth


def test_motion_tells_crossing_cells_apart() -> None:
    table, truth = crossing()
    options = {"max_distance_px": 15, "divisions": False}
    frame = pd.Series(truth)

    def n_right(linking: Linking) -> int:
        return int((frame.groupby(linking.track_id).nunique() == 1).sum())

    assert n_right(Assignment(**options)(table, 12)) == 24
    assert n_right(Assignment(**options, predict_motion=False)(table, 12)) < 24


def test_common_drift_is_taken_out() -> None:
    random = np.random.default_rng(0)
    start = random.uniform(0, 300, (40, 2))
    drift = np.cumsum([(0, 0), (0, 9), (-8, 0), (9, 9), (0, 0)], axis=0)
    movie = [(start + d + random.normal(0, 0.5, start.shape)).tolist() for d in drift]
    linking = linked(movie, max_distance_px=15)
    np.testing.assert_allclose(linking.drift_px, drift, atol=0.6)
    assert np.nanmedian(linking.distance_px) < 2
    still = linked([start.tolist()] * 3, max_distance_px=15)
    assert not still.drift_px.any()


def test_looks_decide_where_they_have_weight() -> None:
    # Two cells, one large and bright, at the same distances from two places.
    movie = [[(0, 0), (0, 10)], [(5, 5.1), (-5, 4.9)]]
    far = [(200.0 + 40 * k, 200.0) for k in range(30)]
    random = np.random.default_rng(0)
    table = objects_at([frame + far for frame in movie])
    size = np.array([300, 100, *[150] * 30, 100, 300, *[150] * 30])
    table["area_px2"] = size * random.normal(1, 0.05, len(size))
    table["red_mean"] = table.area_px2 / 3
    table[LABEL] = np.tile(np.arange(1, 33), 2)
    places = table[["y_px", "x_px"]].to_numpy()
    table[["y_px", "x_px"]] = places + random.normal(0, 0.3, places.shape)
    overlaps = pd.DataFrame(
        {
            "frame": 1,
            "label_before": [1, 2, *range(3, 33)],
            "label": [2, 1, *range(3, 33)],
            "overlap_px": 50 + np.arange(32),
        }
    )
    for options in ({"area_weight": 1}, {"intensity_weight": 1}, {"overlap_weight": 3}):
        linker = Assignment(divisions=False, **options)
        assert linker.needs_overlaps == ("overlap_weight" in options)
        ids = linker(table, 2, overlaps).track_id
        large, small = ids[0], ids[1]
        assert (ids[table.index[table.frame == 1][1]], ids[32]) == (large, small)


def test_margin_is_small_where_a_swap_is_nearly_as_good() -> None:
    # Two cells swap or not; one far away is clear.
    movie = [[(0, 0), (0, 6), (90, 90)], [(3, 0.2), (3, 5.8), (91, 90)]]
    margin = linked(movie, divisions=False).margin[3:]
    assert margin[2] > 2 * max(margin[:2])
    assert (margin > 0).all()


def markers(folder: Path) -> tuple[pd.DataFrame, dict[int, int]]:
    """Return the true markers of a challenge movie, and who is whose mother."""
    rows = []
    for frame, file in enumerate(sorted((folder / "01_GT" / "TRA").glob("man_track*.tif"))):
        labels = tifffile.imread(file)
        for label in np.unique(labels[labels > 0]):
            ys, xs = np.nonzero(labels == label)
            rows.append((frame, label, ys.mean(), xs.mean(), len(ys)))
    spans = np.loadtxt(folder / "01_GT" / "TRA" / "man_track.txt", int, ndmin=2)
    table = pd.DataFrame(rows, columns=["frame", "label", "y_px", "x_px", "area_px2"])
    return table, {int(row[0]): int(row[3]) for row in spans if row[3]}


def edges(ids: np.ndarray, parents: dict[int, int], frame: np.ndarray) -> set[tuple[int, int]]:
    """Return pairs of rows that are linked, from mothers to daughters included."""
    rows = {track: np.flatnonzero(ids == track) for track in set(ids.tolist())}
    found = {pair for track in rows.values() for pair in pairwise(track)}
    return found | {(rows[mother][-1], rows[child][0]) for child, mother in parents.items()}


def test_simulated_nuclei_are_linked_without_an_error(shared_data: Path) -> None:
    table, mothers = markers(shared_data / "ctc_sim_nuclei")
    linking = Assignment()(table, 10)
    true = edges(table.label.to_numpy(), mothers, table.frame.to_numpy())
    assert edges(linking.track_id, dict(linking.parents), table.frame.to_numpy()) == true
    assert len(set(linking.parents.values())) == 6


def test_noisy_dots_are_linked_better_than_by_nearest(shared_data: Path) -> None:
    table, mothers = markers(shared_data / "ctc_noisy_dots")
    true = edges(table.label.to_numpy(), mothers, table.frame.to_numpy())

    def f1(linking: Linking) -> float:
        found = edges(linking.track_id, dict(linking.parents), table.frame.to_numpy())
        return 2 * len(found & true) / (len(found) + len(true))

    assert f1(Assignment()(table, 40)) >= 0.945
    assert f1(Nearest(max_distance_px=12)(table, 40)) < 0.93


def jumped(
    n_cells: int, jump: tuple[float, float], seed: int = 0
) -> list[list[tuple[float, float]]]:
    """Six frames of cells that wander; between the third and the fourth the stage jumps."""
    random = np.random.default_rng(0)
    place = random.uniform(0, 400, (n_cells, 2))
    movie = []
    for t in range(6):
        place = place + random.normal(0, 1, place.shape) + (jump if t == 3 else (0, 0))
        movie.append([tuple(one) for one in place.tolist()])
    return movie


@pytest.mark.parametrize("jump", [(45, 38), (-90, 0), (0, 130)])
@pytest.mark.parametrize("n_cells", [10, 16, 60, 400])
def test_a_jump_of_the_stage_loses_no_cell(n_cells: int, jump: tuple[float, float]) -> None:
    linking = linked(jumped(n_cells, jump), max_distance_px=12, divisions=False)
    assert len(set(linking.track_id.tolist())) == n_cells
    assert linking.drift_px is not None
    np.testing.assert_allclose(linking.drift_px[3] - linking.drift_px[2], jump, atol=2.5)
    off = linked(jumped(n_cells, jump), max_distance_px=12, divisions=False, remove_drift=False)
    assert len(set(off.track_id.tolist())) > n_cells


def test_a_jump_is_found_though_cells_leave_and_come() -> None:
    movie = jumped(100, (0, 150))
    seen = [[p for p in frame if 0 <= p[0] < 400 and 0 <= p[1] < 400] for frame in movie[:3]]
    seen += [[p for p in frame if 0 <= p[0] < 400 and 150 <= p[1] < 400] for frame in movie[3:]]
    linking = linked(seen, max_distance_px=12, divisions=False)
    assert linking.drift_px is not None
    np.testing.assert_allclose(linking.drift_px[3] - linking.drift_px[2], (0, 150), atol=2.5)


def test_cells_that_do_not_share_a_jump_are_not_given_one() -> None:
    """Frames that have nothing to do with each other, at any density, and a grid that stays."""
    for seed in range(60):
        random = np.random.default_rng(seed)
        movie = [random.uniform(0, 300, (random.integers(10, 120), 2)).tolist() for _ in range(3)]
        drift_px = linked(movie, max_distance_px=5 + seed % 20).drift_px
        assert drift_px is None or np.abs(drift_px).max() <= 5 + seed % 20
    grid = [(20.0 * y, 20.0 * x) for y in range(8) for x in range(8)]
    assert not linked([grid, grid[:20], grid], max_distance_px=6).drift_px.any()
