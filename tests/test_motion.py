from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_celltrack import engine
from napari_celltrack.analysis import common_motion, drift_warning, jumps_in_words, steps
from napari_celltrack.analysis.motion import with_gaps_filled
from napari_celltrack.readers import open_movie
from napari_celltrack.recipe import Recipe
from scenes import objects_at

EXAMPLES = Path(__file__).parents[1] / "examples"


def one_cell() -> pd.DataFrame:
    """Return a cell that goes 3 right, 4 down, is gone for a frame, 8 left, and stays."""
    places = [[(0, 0)], [(0, 3)], [(4, 3)], [], [(4, -5)], [(4, -5)]]
    return objects_at(places).assign(track_id=1)


def test_steps_of_a_known_way() -> None:
    found = steps(one_cell(), (0.5, 0.5), 10.0)
    nan = np.nan
    assert found["frame"].tolist() == [0, 1, 2, 4, 5]
    np.testing.assert_array_equal(found["step_px"], [nan, 3, 4, 8, 0])
    np.testing.assert_array_equal(found["step_um"], [nan, 1.5, 2, 4, 0])
    np.testing.assert_array_equal(found["cumulative_path_px"], [0, 3, 7, 15, 15])
    np.testing.assert_array_equal(found["cumulative_path_um"], [0, 1.5, 3.5, 7.5, 7.5])
    np.testing.assert_allclose(
        found["net_displacement_px"], [0, 3, 5, np.hypot(4, 5), np.hypot(4, 5)]
    )
    np.testing.assert_array_equal(found["speed_px_per_frame"], [nan, 3, 4, 4, 0])
    np.testing.assert_allclose(found["speed_um_per_s"], [nan, 0.15, 0.2, 0.2, 0])
    np.testing.assert_allclose(found["direction_rad"], [nan, 0, np.pi / 2, np.pi, nan])
    np.testing.assert_allclose(found["turning_angle_rad"], [nan, nan, np.pi / 2, nan, nan])
    assert found["across_gap"].tolist() == [False, False, False, True, False]
    assert found["time_s"].tolist() == [0, 10, 20, 40, 50]


def test_turning_is_between_minus_pi_and_pi_and_tracks_do_not_mix() -> None:
    objects = objects_at([[(0, 0), (50, 50)], [(1, -1), (50, 51)], [(0, -2), (50, 50)]])
    found = steps(objects.assign(track_id=[1, 2] * 3))
    turning = found["turning_angle_rad"].to_numpy()
    assert turning[2] == pytest.approx(np.pi / 2)  # from 135° to -135°, not by 270°
    assert abs(turning[5]) == pytest.approx(np.pi)
    assert np.isnan(turning[[0, 1, 3, 4]]).all()
    assert found["step_um"].isna().all()
    assert found["cumulative_path_um"].isna().all()


@pytest.mark.parametrize("n_rows", [0, 1])
def test_nothing_to_follow(n_rows: int) -> None:
    objects = one_cell().iloc[:n_rows]
    assert len(steps(objects)) == n_rows
    assert len(common_motion(objects)) == n_rows
    assert len(with_gaps_filled(objects)) == n_rows
    assert drift_warning(objects) == ""


def test_cells_without_a_track_and_every_second_frame() -> None:
    objects = one_cell().iloc[[0, 2, 3]].assign(track_id=[1, 1, 1])
    found = steps(pd.concat([objects, objects_at([[(9, 9)]]).assign(track_id=0)]))
    assert not found["across_gap"].any()  # frames 0, 2, 4 were worked on
    assert found["speed_px_per_frame"].tolist()[1:] == [2.5, 4]


def drifting(own_px: float, seed: int = 0) -> pd.DataFrame:
    """Return 40 cells that wander by themselves while the field goes 2 px down and 1 left."""
    random = np.random.default_rng(seed)
    place = random.uniform(0, 500, (40, 2))
    frames = []
    for t in range(20):
        frames.append([(y + 2 * t, x - t) for y, x in place])
        place = place + random.normal(0, own_px, place.shape)
    return objects_at(frames).assign(track_id=np.tile(np.arange(1, 41), 20))


def test_common_motion_is_found_taken_out_and_both_are_kept() -> None:
    objects = drifting(own_px=0.5)
    drift = common_motion(objects)
    assert drift["frame"].tolist() == list(range(20))
    np.testing.assert_allclose(drift["drift_y_px"], 2 * np.arange(20), atol=1)
    np.testing.assert_allclose(drift["drift_x_px"], -np.arange(20), atol=1)
    found = steps(objects, drift=drift)
    assert found["step_px"].mean() == pytest.approx(0.5 * np.sqrt(np.pi / 2), rel=0.05)
    assert found["step_in_image_px"].mean() == pytest.approx(np.sqrt(5), rel=0.06)
    pd.testing.assert_series_equal(
        found["step_in_image_px"], steps(objects)["step_px"], check_names=False
    )


def test_drift_is_warned_of_only_where_it_matters() -> None:
    sentence = drift_warning(drifting(own_px=0.5))
    assert sentence.startswith("All cells move together by 2.2 px per frame, ")
    assert sentence.endswith("subtract the drift before comparing speeds.")
    assert drift_warning(drifting(own_px=20)) == ""
    known = pd.DataFrame(
        {"frame": range(20), "drift_y_px": 2.0 * np.arange(20), "drift_x_px": -1.0 * np.arange(20)}
    )
    assert drift_warning(drifting(own_px=0.5), known) == sentence


def test_gap_rows_are_marked_and_left_out_unless_asked_for() -> None:
    objects = one_cell().assign(label=7, ch0_mean=5.0, track_id=3)
    filled = with_gaps_filled(objects)
    assert filled["frame"].tolist() == [0, 1, 2, 3, 4, 5]
    row = filled[filled["is_interpolated"]].iloc[0]
    assert (row.frame, row.y_px, row.x_px, row.track_id, row.label) == (3, 4, -1, 3, 0)
    assert np.isnan(row.ch0_mean)
    assert filled["label"].dtype == np.int64
    pd.testing.assert_frame_equal(steps(filled), steps(objects))
    together = steps(filled, interpolated=True)
    assert together["step_px"].tolist()[1:] == [3, 4, 4, 4, 0]


def test_steps_of_the_lesson_nuclei_are_those_followed_by_eye(shared_data: Path) -> None:
    movie = open_movie(shared_data / "lesson4" / "CellVideo.mp4")
    recipe = Recipe.load(EXAMPLES / "lesson4" / "video.yaml")
    found = list(engine.run(movie, recipe))
    overlaps = [result.overlaps for result in found]
    objects = engine.link_objects(movie, recipe, [r.objects for r in found], overlaps).objects
    truth = pd.read_csv(shared_data / "lesson4" / "truth" / "cellvideo_tracks_9_nuclei.csv")
    mine = steps(objects).set_index(["track_id", "frame"])["step_px"]
    apart = []
    for _, track in truth.groupby("track_id"):
        by_eye = np.hypot(np.diff(track["y"]), np.diff(track["x"]))
        start = objects[objects["frame"] == 0]
        off = np.hypot(start["y_px"] - track["y"].iloc[0], start["x_px"] - track["x"].iloc[0])
        track_id = start.loc[off.idxmin(), "track_id"]
        apart.append(np.abs(mine[track_id].to_numpy()[1:] - by_eye))
    assert np.concatenate(apart).shape == (9 * 43,)
    assert np.concatenate(apart).mean() < 1


def test_a_jump_is_said_with_its_size_and_place() -> None:
    columns = {"frame": [0, 2, 4, 6], "drift_y_px": [0, 1, 31, 31.0], "drift_x_px": [0, 0, 40, 41]}
    drift = pd.DataFrame(columns)
    assert jumps_in_words(drift, 15) == (
        "All cells moved together by 50 px between frames 2 and 4; this was taken out before "
        "linking."
    )
    assert not jumps_in_words(drift, 60)
    assert not jumps_in_words(drift[:1], 1)
    assert not jumps_in_words(drift[:0], 1)
