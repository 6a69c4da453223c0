from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_celltrack.analysis import Limit, TrackFilter, count_table, track_table
from napari_celltrack.errors import RecipeError
from scenes import objects_at


def test_path_displacement_speed_and_family() -> None:
    objects = objects_at([[(0, 0)], [(3, 4)], [(3, 0), (9, 9)], [(0, 0)]])
    objects["track_id"] = [1, 1, 1, 2, 3]
    tracks = track_table(objects, {2: 1, 3: 2}, (1.0, 0.5), 2.0)
    first = tracks.iloc[0]
    assert (first.path_px, first.displacement_px, first.n_frames) == (9, 3, 3)
    assert first.speed_px_per_frame == 4.5
    assert first.path_um == pytest.approx(np.hypot(3, 2) + 2)
    assert first.speed_um_per_s == pytest.approx((np.hypot(3, 2) + 2) / 4)
    assert tracks["parent_id"].tolist() == [0, 1, 2]
    assert tracks["lineage_id"].tolist() == [1, 1, 1]
    assert tracks["path_px"].tolist() == [9, 0, 0]
    assert tracks["speed_px_per_frame"].isna().tolist() == [False, True, True]


def test_gap_counts_as_time_but_not_as_sight() -> None:
    objects = objects_at([[(0, 0)], [], [(0, 8)]])
    objects["track_id"] = 1
    track = track_table(objects, {}).iloc[0]
    assert (track.n_frames, track.start_frame, track.end_frame) == (2, 0, 2)
    assert track.speed_px_per_frame == 4


def test_counts_name_empty_frames() -> None:
    counts = count_table(objects_at([[(0, 0)], [], [(0, 8), (1, 1)]]), range(4), 0.5)
    assert counts["n_cells"].tolist() == [1, 0, 2, 0]
    assert counts["time_s"].tolist() == [0, 0.5, 1, 1.5]


def test_daughter_of_a_track_left_out_has_no_mother() -> None:
    objects = objects_at([[(0, 0)], [(0, 1)], [(0, 2)]])
    objects["track_id"] = [1, 2, 2]
    kept = TrackFilter(min_length_frames=2)(track_table(objects, {2: 1}))
    assert kept[["track_id", "parent_id", "lineage_id"]].to_numpy().tolist() == [[2, 0, 1]]


def walk() -> pd.DataFrame:
    """Return the tracks of a cell that goes 3 right, 4 down, waits for two frames and jumps."""
    objects = objects_at([[(0, 0)], [(0, 3)], [(4, 3)], [], [(4, 23)]])
    return objects.assign(track_id=1)


def test_extreme_speed_and_turning_leave_gaps_out() -> None:
    track = track_table(walk(), {}, (0.5, 0.5), 10.0).iloc[0]
    assert track.max_speed_px_per_frame == 4
    assert track.max_speed_um_per_s == pytest.approx(0.2)
    assert track.mean_turning_angle_rad == pytest.approx(np.pi / 2)
    assert track.straightness == pytest.approx(np.hypot(4, 23) / 27)
    assert (track.duration_frames, track.duration_s) == (4, 40)


def test_cell_that_never_moves_has_no_straightness() -> None:
    track = track_table(objects_at([[(5, 5)]] * 3).assign(track_id=1), {}).iloc[0]
    assert (track.path_px, track.max_speed_px_per_frame) == (0, 0)
    assert np.isnan([track.straightness, track.mean_turning_angle_rad, track.duration_s]).all()


def test_drift_and_invented_rows_are_left_out_where_asked() -> None:
    objects = objects_at([[(t, 2.0 * t)] for t in range(5)]).assign(track_id=1)
    drift = pd.DataFrame(
        {"frame": range(5), "drift_y_px": np.arange(5.0), "drift_x_px": np.arange(5.0)}
    )
    track = track_table(objects, {}, drift=drift).iloc[0]
    assert (track.path_px, track.speed_px_per_frame, track.straightness) == (4, 1, 1)
    objects["is_interpolated"] = [False, True, True, True, False]
    assert track_table(objects, {}).iloc[0].n_frames == 2


def test_filter_by_any_column() -> None:
    objects = pd.concat(
        [
            objects_at([[(0, 0)], [(0, 2)], [(0, 4)]]).assign(track_id=1),
            objects_at([[(9, 0)], [(9, 9)], [(9, 0)]]).assign(track_id=2),
            objects_at([[(20, 0)]]).assign(track_id=3),
        ]
    )
    tracks = track_table(objects, {3: 2})

    def kept(*limits: Limit) -> list[int]:
        return TrackFilter(limits=limits)(tracks)["track_id"].tolist()

    assert kept() == [1, 2, 3]
    assert kept(Limit(column="displacement_px", min=4)) == [1]
    assert kept(Limit(column="path_px", max=4)) == [1, 3]
    assert kept(Limit(column="speed_px_per_frame", max=100)) == [1, 2]
    assert kept(Limit(column="path_px", min=1), Limit(column="path_px", max=4)) == [1]


def test_limit_that_cannot_be() -> None:
    tracks = track_table(walk(), {})
    with pytest.raises(
        RecipeError, match=r"limits\[0\].*'sped'; choose one of track_id, .*path_px"
    ):
        TrackFilter(limits=(Limit(column="sped", min=1),))(tracks)
    with pytest.raises(RecipeError, match="max must not be below min"):
        Limit().replace(min=3, max=2)
