from __future__ import annotations

import numpy as np
import pytest

from napari_celltrack.analysis import TrackFilter, count_table, track_table
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
