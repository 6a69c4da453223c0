from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from napari_celltrack import open_movie
from napari_celltrack.analysis import F1, detection_f1
from napari_celltrack.engine import segment_frame
from napari_celltrack.errors import CelltrackError
from napari_celltrack.recipe import Recipe
from napari_celltrack.sample_data import (
    MadeMovie,
    calcium_movie,
    dividing_nuclei,
    failure_school,
    moving_cells,
    touching_nuclei,
)
from napari_celltrack.tables import FRAME, KIND, TRACK_ID, X_PX, Y_PX

SMALL = (64, 72)


def test_same_seed_same_movie_and_truth_fits_it() -> None:
    made, again = (dividing_nuclei(8, (128, 160), 8, n_divisions=2, seed=3) for _ in range(2))
    np.testing.assert_array_equal(made.frames, again.frames)
    assert (made.frames != dividing_nuclei(8, (128, 160), 8, n_divisions=2, seed=4).frames).any()
    assert len(np.unique(made.labels[0])) == 1 + 8
    assert len(np.unique(made.labels[-1])) == 1 + 10
    # Two daughters a mother, and no mother beside her daughters.
    assert sorted(np.unique(list(made.parents.values()), return_counts=True)[1]) == [2, 2]
    for daughter, mother in made.parents.items():
        for frame in made.labels:
            assert not ((frame == daughter).any() and (frame == mother).any())
    # Cells are brighter than what is between them.
    assert made.frames[made.labels > 0].mean() > 2 * made.frames[made.labels == 0].mean()


def test_without_cells() -> None:
    made = dividing_nuclei(2, (40, 40), 0, n_divisions=0)
    assert made.labels.max() == 0
    assert made.movie().n_frames == 2
    assert moving_cells(2, (40, 40), 0).labels.max() == 0
    assert calcium_movie(2, (40, 40), 0).labels.max() == 0
    assert touching_nuclei((40, 40), 0).labels.max() == 0


def test_one_frame_is_a_still_without_a_frame_interval() -> None:
    movie = dividing_nuclei(1, SMALL, 2, n_divisions=0).movie()
    assert (movie.axes, movie.frame_interval_s) == ("YX", None)
    assert calcium_movie(1, SMALL, 2).movie().axes == "CYX"
    assert moving_cells(1, SMALL, 2).positions[FRAME].tolist() == [0, 0]


@pytest.mark.parametrize(
    "make",
    [
        lambda seed: moving_cells(3, SMALL, 4, seed=seed),
        lambda seed: calcium_movie(3, SMALL, 3, seed=seed),
        lambda seed: calcium_movie(3, SMALL, 3, moving=True, seed=seed),
        lambda seed: touching_nuclei((128, 128), 8, seed=seed),
        failure_school,
    ],
)
def test_all_are_seeded_16_bit_calibrated_and_survive_a_file(make, tmp_path: Path) -> None:
    made: MadeMovie = make(3)
    np.testing.assert_array_equal(made.frames, make(3).frames)
    assert (made.frames != make(4).frames).any()
    assert made.frames.dtype == np.uint16
    assert made.labels.dtype == np.int32
    made.save(tmp_path / made.name)
    movie, read = made.movie(), open_movie(tmp_path / made.name)
    assert read.pixel_size_um == pytest.approx(movie.pixel_size_um)
    assert len(read.channels) == len(movie.channels)
    for channel in range(len(movie.channels)):
        last = movie.n_frames - 1
        np.testing.assert_array_equal(read.plane(last, 0, channel), movie.plane(last, 0, channel))


@pytest.mark.parametrize(("speed", "diffusion"), [(0.0, 0.7), (2.0, 0.7), (2.0, 0.0)])
def test_paths_have_the_speed_and_diffusion_asked_for(speed: float, diffusion: float) -> None:
    made = moving_cells(
        101, SMALL, 200, speed_px_per_frame=speed, diffusion_px2_per_frame=diffusion, seed=1
    )
    paths = made.positions[[Y_PX, X_PX]].to_numpy().reshape(101, 200, 2)
    steps = np.diff(paths, axis=0)
    # Along one axis the variance of a step is 2 D: 20,000 steps tell it to about 1 %.
    own = steps - steps.mean(axis=0)
    assert own.var(axis=0, ddof=1).mean() / 2 == pytest.approx(diffusion, rel=0.03, abs=1e-9)
    # And the mean squared displacement is 4 D n + (v n)².
    for n in (1, 5):
        msd = ((paths[n:] - paths[:-n]) ** 2).sum(axis=-1).mean()
        assert msd == pytest.approx(4 * diffusion * n + (speed * n) ** 2, rel=0.05)
    along = made.motion["direction_deg"].to_numpy()
    if speed:
        mean_y, mean_x = steps.mean(axis=0).T
        off = np.degrees(np.arctan2(mean_y, mean_x)) - along
        assert np.abs((off + 180) % 360 - 180).mean() < 4


def test_units_of_motion_and_the_way_that_is_named() -> None:
    made = moving_cells(
        5,
        SMALL,
        3,
        speed_px_per_frame=4,
        direction_deg=90,
        diffusion_px2_per_frame=0,
        pixel_size_um=0.5,
        frame_interval_s=10,
    )
    assert made.motion["speed_um_per_s"].tolist() == [0.2] * 3
    rows = made.positions[made.positions[TRACK_ID] == 2]
    assert np.diff(rows[Y_PX]) == pytest.approx([4] * 4)  # 90 is down
    assert np.diff(rows[X_PX]) == pytest.approx([0] * 4)
    assert np.diff(rows["y_um"]) == pytest.approx([2] * 4)
    assert np.diff(rows["time_s"]) == pytest.approx([10] * 4)


def test_drawn_cells_are_where_the_table_says_and_gone_when_outside() -> None:
    made = moving_cells(40, SMALL, 3, speed_px_per_frame=3, direction_deg=0)
    for row in made.positions.itertuples():
        mask = made.labels[row.frame] == row.track_id
        if 12 < row.x_px < SMALL[1] - 12 and 12 < row.y_px < SMALL[0] - 12:
            assert ndimage.center_of_mass(mask) == pytest.approx((row.y_px, row.x_px), abs=1)
        if row.x_px > SMALL[1] + 20:
            assert not mask.any()
            assert not row.is_inside
    assert made.labels[-1].max() == 0


def _mean_traces(made, n_cells: int) -> np.ndarray:
    """Return the mean of red above the background of each true cell, (T, cells)."""
    red = made.frames[:, 1] - made.red_background
    ids = np.arange(1, n_cells + 1)
    pairs = zip(red, made.labels, strict=True)
    return np.array([ndimage.mean(frame, labels, ids) for frame, labels in pairs])


@pytest.mark.parametrize("moving", [False, True])
def test_measured_calcium_is_the_trace_asked_for(moving: bool) -> None:
    asked = np.zeros((30, 12))
    asked[10:20] = np.linspace(0.2, 2.0, 12)
    made = calcium_movie(30, (192, 192), 12, dff=asked, moving=moving, bleached=0.3, seed=2)
    assert made.channels == ("green", "red")
    assert made.traces["dff"].to_numpy().reshape(30, 12) == pytest.approx(asked)
    left = made.traces["bleaching"].to_numpy().reshape(30, 12)
    assert left[[0, -1], 0] == pytest.approx([1, 0.7])
    light = _mean_traces(made, 12) / left
    measured = light / light[:10].mean(axis=0) - 1
    # A moving cell that touches another gets some of its light.
    assert np.abs(measured - asked).mean() < (0.06 if moving else 0.02)
    expected = made.traces["red_signal"].to_numpy().reshape(30, 12)
    assert np.mean(_mean_traces(made, 12) / expected) == pytest.approx(0.9, abs=0.07)


def test_calcium_events_come_after_a_baseline_and_green_knows_nothing_of_them() -> None:
    made = calcium_movie(60, (128, 128), 8, seed=5)
    dff = made.traces["dff"].to_numpy().reshape(60, 8)
    assert not dff[:5].any()
    assert dff.max() > 0.3
    green = np.array([frame[labels > 0].mean() for frame, labels in zip(
        made.frames[:, 0], made.labels, strict=True
    )])  # fmt: skip
    assert green.std() / green.mean() < 0.02
    with pytest.raises(CelltrackError):
        calcium_movie(60, (128, 128), 8, dff=np.zeros((60, 7)))


def test_still_has_touching_nuclei_and_the_default_recipe_counts_them() -> None:
    made = touching_nuclei()
    (truth,) = made.labels
    assert len(np.unique(truth)) == 1 + 90
    assert ndimage.label(truth)[1] < 80
    score: F1 = detection_f1(segment_frame(made.movie(), Recipe(), 0), truth)
    assert score.value > 0.95


def test_failures_happen_where_the_list_says() -> None:
    made = failure_school()
    errors = made.errors.set_index(KIND)

    def place(track_id: int, frame: int) -> np.ndarray:
        mask = made.labels[frame] == track_id
        return np.array(ndimage.center_of_mass(mask)) if mask.any() else np.full(2, np.nan)

    def of(kind: str) -> tuple[int, int]:
        return int(errors.loc[kind, FRAME]), int(errors.loc[kind, TRACK_ID])

    frame, cell = of("jump")
    assert np.linalg.norm(place(cell, frame) - place(cell, frame - 1)) == pytest.approx(34, abs=3)
    frame, cell = of("gap")
    there = [(made.labels[at] == cell).any() for at in (frame - 1, frame, frame + 1)]
    assert there == [True, False, True]
    frame, cell = of("division")
    assert list(made.parents.values()) == [cell, cell]
    assert not (made.labels[frame:] == cell).any()
    assert all((made.labels[frame] == daughter).any() for daughter in made.parents)
    frame, cell = of("border")
    assert (made.labels[frame - 1, :, 0] == cell).any()
    assert not (made.labels[frame + 2 :] == cell).any()
    frame, cell = of("swap")
    other = cell + 1
    right = np.linalg.norm(place(cell, frame) - place(cell, frame - 1))
    wrong = np.linalg.norm(place(other, frame) - place(cell, frame - 1))
    assert wrong < right
    (merge, cell), (split, _) = of("merge"), of("split")
    y, x = (int(errors.loc["merge", name]) for name in (Y_PX, X_PX))
    recipe = Recipe()
    alone = {merge - 3: 2, merge: 1, split - 1: 1, split + 3: 2}
    for at, n_cells in alone.items():
        found = segment_frame(made.movie(), recipe, at)
        near = found[y - 25 : y + 26, x - 12 : x + 13]
        assert np.count_nonzero(np.unique(near)) == n_cells
    frame, _ = of("blurred frame")
    sharp = [ndimage.laplace(image.astype(float)).var() for image in made.frames]
    contrast = made.frames.astype(float).std(axis=(1, 2))
    assert contrast[frame] < 0.8 * contrast[frame - 1]
    assert sharp[frame] < sharp[frame - 1]
    frame, _ = of("empty frame")
    assert made.frames[frame].mean() == pytest.approx(100, abs=1)
    assert made.labels[frame].max() == 0
    assert made.errors[FRAME].is_monotonic_increasing
