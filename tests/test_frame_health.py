"""Frame health: a made movie with known bad frames, and frames that must not be called bad."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from napari_celltrack.analysis.frame_health import (
    FrameHealth,
    frame_health,
    health_of,
    judge,
    summarise,
)
from napari_celltrack.input import Crop, FrameRange, Input
from napari_celltrack.readers import open_movie
from scenes import disk, movie_of

N_FRAMES = 32
BLURRED, BLACK, SATURATED, JUMP, DIMMED = 7, 12, 20, 25, 29


def cells(y: float, x: float) -> np.ndarray:
    rng = np.random.default_rng(3)
    scene = np.zeros((300, 300))
    for at in rng.uniform(0, 300, (60, 2)):
        scene[disk(scene.shape, *at, 7)] = 400
    return ndimage.shift(ndimage.gaussian_filter(scene, 1), (y, x))[50:-50, 50:-50]


@cache
def made_movie() -> np.ndarray:
    """Cells that stand still, of a 12-bit camera; five things go wrong, one after the other."""
    rng = np.random.default_rng(0)
    frames = []
    for t in range(N_FRAMES):
        image = cells(12, -16) if t >= JUMP else cells(0, 0)
        image = ndimage.gaussian_filter(image, 6) if t == BLURRED else image
        image = image * {SATURATED: 12, BLACK: 0}.get(t, 1) * (0.4 if t >= DIMMED else 1)
        frames.append(image + rng.normal(100, 8, image.shape))
    movie = np.stack(frames).clip(0, 4095).astype(np.uint16)
    movie.flags.writeable = False  # tests share it
    return movie


def problems(movie: np.ndarray) -> dict[int, str]:
    table = judge(list(frame_health(movie_of(movie), Input())))
    return dict(table.loc[table["problem"] != "", ["frame", "problem"]].to_numpy().tolist())


def test_every_bad_frame_is_found_and_no_other() -> None:
    found = problems(made_movie())
    assert sorted(found) == [BLURRED, BLACK, SATURATED, JUMP, DIMMED]
    assert found[BLURRED] == "out of focus"
    assert found[BLACK] == "empty"
    assert found[SATURATED].startswith("saturated: ")
    assert found[JUMP] == "the stage jumped by 20 px"
    assert found[DIMMED] == "sudden change of brightness"


def test_the_summary_names_what_there_is() -> None:
    table = judge(list(frame_health(movie_of(made_movie()), Input())))
    assert summarise(table) == (
        "Saturated: 1 frame. Out of focus: 1 frame. Stage jumped: 1 frame. Sudden change of "
        "brightness: 2 frames. Drift: 20 px over the movie. Empty: 1 frame."
    )
    good = judge(list(frame_health(movie_of(made_movie()), Input(), range(7))))
    assert summarise(good) == "No drift. No empty frames."
    assert summarise(judge([])) == "No frames were looked at."


def test_numbers_of_a_plain_image() -> None:
    image = np.full((100, 100), 50, np.uint8)
    image[20:40, 20:40] = 255
    health = health_of(image, 4)
    assert health.frame == 4
    assert health.mean == pytest.approx(50 + 0.04 * 205)
    assert health.background == 50
    assert health.saturated_percent == pytest.approx(4)
    assert not health.is_empty


def test_focus_falls_with_blur_and_not_with_brightness() -> None:
    sharp = cells(0, 0)
    focus = [health_of(ndimage.gaussian_filter(sharp, s)).focus for s in (0, 1, 2, 4)]
    assert focus == sorted(focus, reverse=True)
    assert focus[3] < focus[0] / 4
    assert health_of(3 * sharp + 500).focus == pytest.approx(health_of(sharp).focus, rel=1e-3)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "uint16", "float32", "float64"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (30, 1), (40, 50)])
def test_constant_frames_are_empty_in_every_dtype(dtype: str, shape: tuple[int, int]) -> None:
    for value in (0, 1):
        health = health_of(np.full(shape, value, dtype))
        assert health.is_empty
        assert (health.focus, health.saturated_percent) == (0, 0)


@pytest.mark.parametrize("level", [0, 100, 30_000])
def test_noise_and_hot_pixels_are_empty_and_one_dim_cell_is_not(level: int) -> None:
    rng = np.random.default_rng(1)
    image = rng.normal(level, 10, (700, 700))
    image[::97, ::97] = 60_000
    assert health_of(image.clip(0).astype(np.uint16)).is_empty
    image[disk(image.shape, 400, 300, 9)] += 40
    assert not health_of(image.clip(0).astype(np.uint16)).is_empty


def test_nan_is_not_contagious() -> None:
    image = cells(0, 0)
    image[3:5] = np.nan
    health = health_of(image)
    assert np.isfinite([health.mean, health.focus, health.background]).all()


def test_large_frames_are_shrunk_and_steps_are_in_pixels_of_the_file() -> None:
    large = np.kron(cells(0, 0), np.ones((8, 8)))
    movie = movie_of(np.stack([large[100:-100, 100:-100], large[60:-140, 132:-68]]))
    _, moved = frame_health(movie, Input())
    assert (moved.step_y_px, moved.step_x_px) == pytest.approx((40, -32), abs=1.5)


def test_frames_crop_and_flattened_time() -> None:
    movie = movie_of(made_movie())
    part = Input(
        crop=Crop(y_start_px=20, x_stop_px=150),
        frames=FrameRange(start=3, step=2),
        project_t="max",
    )
    rows = list(frame_health(movie, part))
    assert [row.frame for row in rows] == list(range(3, N_FRAMES, 2))
    assert rows[0].mean == pytest.approx(made_movie()[3, 20:, :150].mean())


def test_a_good_real_movie_has_no_bad_frames(shared_data: Path) -> None:
    movie = open_movie(shared_data / "ctc_sim_nuclei" / "01")
    table = judge(list(frame_health(movie, Input())))
    assert table["problem"].eq("").all()


def test_one_frame_and_a_movie_of_empty_frames() -> None:
    one = judge(list(frame_health(movie_of(made_movie()[:1]), Input())))
    assert one["problem"].tolist() == [""]
    assert summarise(one) == "No empty frames."
    dark = judge(list(frame_health(movie_of(np.zeros((3, 20, 20), np.uint8)), Input())))
    assert dark["problem"].tolist() == ["empty"] * 3
    assert summarise(dark) == "No drift. Empty: 3 frames."


def test_a_movie_that_is_saturated_throughout_is_said_once_and_its_worst_frame_is_red():
    rows = [FrameHealth(t, 50.0, 1.0, saturated_percent=0.5, focus=0.3) for t in range(10)]
    rows[4] = replace(rows[4], saturated_percent=9.0)
    judged = judge(rows)
    assert judged["problem"].str.contains("saturated").tolist() == [t == 4 for t in range(10)]
    assert "Saturated: 10 frames." in summarise(judged)
