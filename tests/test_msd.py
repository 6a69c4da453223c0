from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import trackpy

from napari_celltrack.analysis import ensemble_msd, fit_msd
from napari_celltrack.analysis.msd import msd
from scenes import objects_at

MSD = "msd_px2"


def walks(n_tracks: int, n_frames: int, diffusion: float, seed: int = 0) -> pd.DataFrame:
    """Return random walks of a known diffusion coefficient in px² a frame."""
    step = np.random.default_rng(seed).normal(0, np.sqrt(2 * diffusion), (n_frames, n_tracks, 2))
    places = np.cumsum(step, axis=0) + 300
    return objects_at(places.tolist()).assign(
        track_id=np.tile(np.arange(1, n_tracks + 1), n_frames)
    )


def as_trackpy(objects: pd.DataFrame) -> pd.DataFrame:
    return objects.rename(columns={"y_px": "y", "x_px": "x", "track_id": "particle"})


def with_gaps(objects: pd.DataFrame) -> pd.DataFrame:
    keep = np.random.default_rng(1).random(len(objects)) > 0.2
    return objects[keep | (objects["track_id"] == 1)].sample(frac=1, random_state=2)


def test_straight_way_worked_by_hand() -> None:
    objects = objects_at([[(0, 0)], [(3, 4)], [(6, 8)], [(6, 8)]]).assign(track_id=5)
    curve = msd(objects, pixel_size_um=(0.5, 2.0), frame_interval_s=3.0)
    assert curve["track_id"].tolist() == [5, 5, 5]
    assert curve["lag_frames"].tolist() == [1, 2, 3]
    assert curve["lag_s"].tolist() == [3, 6, 9]
    assert curve[MSD].tolist() == pytest.approx([50 / 3, (100 + 25) / 2, 100])
    assert curve["msd_um2"].tolist()[2] == pytest.approx(9 + 256)
    assert curve["n_steps"].tolist() == [3, 2, 1]


@pytest.mark.parametrize("max_lag", [5, 100])
@pytest.mark.parametrize("gaps", [False, True])
def test_equals_trackpy(max_lag: int, gaps: bool) -> None:
    objects = walks(12, 40, 1.5)
    objects = objects[(objects["track_id"] != 3) | (objects["frame"] > 30)]
    objects = with_gaps(objects) if gaps else objects
    curves = msd(objects, max_lag, (0.5, 0.5), 2.0)
    # trackpy wants the frames of a track in order, and one size for both axes.
    ordered = as_trackpy(objects).sort_values(["particle", "frame"])
    expected = trackpy.imsd(ordered, 0.5, 0.5, max_lagtime=max_lag)
    mine = curves.pivot(index="lag_s", columns="track_id", values="msd_um2")
    np.testing.assert_allclose(mine.to_numpy(), expected.to_numpy(), rtol=1e-7)
    np.testing.assert_allclose(mine.index, expected.index)
    together = trackpy.emsd(ordered, 0.5, 0.5, max_lagtime=max_lag, detail=True)
    ensemble = ensemble_msd(curves)
    np.testing.assert_allclose(ensemble["msd_um2"], together["msd"], rtol=1e-7)
    np.testing.assert_allclose(ensemble["n_independent"], together["N"], rtol=1e-7)
    np.testing.assert_allclose(ensemble["lag_s"], together["lagt"])


def test_every_second_frame_has_lags_of_two() -> None:
    objects = walks(4, 30, 1.0)
    half = objects[objects["frame"] % 2 == 0]
    curve = msd(half, max_lag_frames=7)
    assert sorted(curve["lag_frames"].unique()) == [2, 4, 6]
    assert (curve["n_steps"] > 0).all()


@pytest.mark.parametrize("n_frames", [0, 1])
def test_too_short_for_a_curve_or_a_fit(n_frames: int) -> None:
    objects = walks(3, 5, 1.0)
    curve = ensemble_msd(msd(objects[objects["frame"] < n_frames]))
    assert len(curve) == 0
    fit = fit_msd(curve)
    assert (fit.diffusion_px2_per_frame, fit.alpha, fit.n_lags) == (None, None, 0)
    assert "too short for a fit: it takes 3 lags and there are 0" in fit.sentence


def test_random_directed_and_resting_motion() -> None:
    fit = fit_msd(
        ensemble_msd(msd(walks(200, 60, 2.0), pixel_size_um=(0.5, 0.5), frame_interval_s=4))
    )
    assert fit.diffusion_px2_per_frame == pytest.approx(2, rel=0.1)
    assert fit.diffusion_um2_per_s == pytest.approx(2 * 0.25 / 4, rel=0.1)
    assert fit.alpha == pytest.approx(1, abs=0.05)
    assert fit.sentence.endswith("is that of random motion.")
    assert "µm²/s" in fit.sentence

    straight = objects_at([[(0, 2.0 * t)] for t in range(20)]).assign(track_id=1)
    fit = fit_msd(msd(straight))
    assert fit.alpha == pytest.approx(2)
    assert fit.diffusion_um2_per_s is None
    assert "directed" in fit.sentence

    still = fit_msd(msd(straight.assign(x_px=0.0)))
    assert still.diffusion_px2_per_frame is None
    assert still.sentence.endswith("these cells stay where they are.")


def test_error_of_position_is_the_offset_and_not_diffusion() -> None:
    objects = walks(300, 60, 0.5, seed=3)
    noise = np.random.default_rng(4).normal(0, 1.0, (len(objects), 2))
    objects[["y_px", "x_px"]] += noise
    fit = fit_msd(ensemble_msd(msd(objects)))
    assert fit.diffusion_px2_per_frame == pytest.approx(0.5, rel=0.1)
    assert fit.offset_px2 == pytest.approx(4, rel=0.1)


def test_drift_is_taken_out() -> None:
    objects = walks(100, 40, 1.0)
    moved = objects.assign(x_px=objects["x_px"] + 3 * objects["frame"])
    drift = pd.DataFrame({"frame": range(40), "drift_y_px": 0.0, "drift_x_px": 3.0 * np.arange(40)})
    np.testing.assert_allclose(msd(moved, drift=drift)[MSD], msd(objects)[MSD])
    assert fit_msd(ensemble_msd(msd(moved))).alpha > 1.3
