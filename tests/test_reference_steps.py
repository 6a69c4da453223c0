"""Bleaching and drift: steps that compare each frame with the first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage
from skimage.registration import phase_cross_correlation

from napari_celltrack import engine
from napari_celltrack.engine.cache import StageCache
from napari_celltrack.input import FrameRange, Input
from napari_celltrack.link import Assignment, Nearest
from napari_celltrack.measure import ObjectFilter
from napari_celltrack.preprocess import (
    BleachCorrection,
    DriftCorrection,
    Gaussian,
    Invert,
    ReferenceStep,
    phase_shift_px,
    stabilised,
)
from napari_celltrack.recipe import Recipe
from napari_celltrack.segment import NoSplit, Otsu, Regions
from scenes import disk, movie_of, moving_disks

BOTH = [BleachCorrection(), DriftCorrection()]

#: Otsu's threshold, connected parts and nearest centroids: the answer can be worked out by hand.
PLAIN = Recipe(
    segment=Regions(threshold=Otsu(), morphology=(), split=NoSplit()),
    objects=ObjectFilter(min_area_px2=1),
    link=Nearest(max_distance_px=4),
)


def field(seed: int = 0, shape: tuple[int, int] = (200, 240)) -> np.ndarray:
    """Return soft cells all over a field that is larger than the images cut from it."""
    rng = np.random.default_rng(seed)
    image = np.zeros(shape)
    for y, x in zip(rng.uniform(0, shape[0], 60), rng.uniform(0, shape[1], 60), strict=True):
        image[disk(shape, y, x, rng.uniform(4, 8))] += 100
    return ndimage.gaussian_filter(image, 1.5)


def seen(scene: np.ndarray, y: float, x: float, noise: float = 5, seed: int = 1) -> np.ndarray:
    """Return what a camera sees whose field has moved so that the content moved by (y, x)."""
    moved = ndimage.shift(scene, (y, x), order=3)[40:-40, 40:-40]
    grain = np.random.default_rng(seed).normal(100, noise, moved.shape)
    return np.asarray((moved + grain).clip(0, 65535).astype(np.uint16))


# --- bleaching ---------------------------------------------------------------------------------


def test_a_bleached_frame_gets_the_brightness_of_the_first() -> None:
    scene = field()
    first, faded = 50 + 10 * scene, 50 + 4 * scene
    corrected = BleachCorrection(background_percent=0)(faded, first)
    assert_allclose(corrected, first, rtol=1e-4)


def test_noise_is_not_taken_for_background() -> None:
    # The true factor is 2; the darkest tenth of single noisy pixels would make it about 1.7.
    scene = field()
    rng = np.random.default_rng(2)
    first = 100 + scene + rng.normal(0, 10, scene.shape)
    faded = 100 + scene / 2 + rng.normal(0, 10, scene.shape)
    corrected = BleachCorrection()(faded, first)
    assert corrected.mean() == pytest.approx(first.mean(), rel=0.001)
    cells = scene > 50
    assert corrected[cells].mean() == pytest.approx(first[cells].mean(), rel=0.05)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_an_empty_frame_stays_as_it_is(dtype: type) -> None:
    first, empty = field().astype(dtype), np.full((200, 240), 7, dtype)
    assert_array_equal(BleachCorrection()(empty, first), empty)
    assert_array_equal(BleachCorrection()(first, empty), first)


def test_no_frame_is_multiplied_by_more_than_asked_for() -> None:
    scene = field()
    corrected = BleachCorrection(max_factor=3, background_percent=0)(scene / 100, scene)
    assert corrected.max() == pytest.approx(3 * scene.max() / 100, rel=1e-3)


# --- drift -------------------------------------------------------------------------------------


@pytest.mark.parametrize("shift", [(0, 0), (5, -8), (-17, 22), (3.4, -0.7)])
def test_shift_of_a_noisy_frame(shift: tuple[float, float]) -> None:
    first, now = seen(field(), 0, 0), seen(field(), *shift, seed=2)
    found = DriftCorrection().shift_px(now, first)
    assert_allclose(found, shift, atol=0.15)
    # The reference moves the image back, so its sign is the other one; it is no better here.
    theirs, *_ = phase_cross_correlation(first, now, upsample_factor=20, normalization=None)
    assert_allclose(-theirs, shift, atol=1)


@pytest.mark.parametrize("how", ["black", "constant", "noise", "another field", "black first"])
def test_shift_is_0_where_the_correlation_means_nothing(how: str) -> None:
    first, noise = seen(field(), 0, 0), np.random.default_rng(5).normal(100, 5, (120, 160))
    now = {
        "black": np.zeros_like(first),
        "constant": np.full_like(first, 77),
        "noise": noise.astype(np.uint16),
        "another field": seen(field(9), 0, 0, seed=9),
        "black first": first,
    }[how]
    reference = np.zeros_like(first) if how == "black first" else first
    assert DriftCorrection().shift_px(now, reference) == (0, 0)


def test_shift_beyond_the_limit_is_not_believed() -> None:
    first, now = seen(field(), 0, 0), seen(field(), 20, 0, seed=2)
    assert DriftCorrection(max_shift_px=30).shift_px(now, first)[0] == pytest.approx(20, abs=0.15)
    assert DriftCorrection(max_shift_px=10).shift_px(now, first) == (0, 0)


@pytest.mark.parametrize("factor", [1e-12, 1e12])
def test_shift_does_not_depend_on_the_unit_of_brightness(factor: float) -> None:
    first, now = (seen(field(), *at).astype(np.float32) for at in ((0, 0), (5, -8)))
    found = phase_shift_px(now * np.float32(factor), first * np.float32(factor), 50)
    assert_allclose(found, (5, -8), atol=0.15)


def test_large_images_are_compared_shrunk_but_to_parts_of_a_pixel() -> None:
    scene = ndimage.zoom(field(shape=(260, 260)), 8, order=1)
    first, now = scene[100:1700, 100:1700], scene[113:1713, 79:1679]
    assert_allclose(phase_shift_px(now, first, 100), (-13, 21), atol=0.3)


def test_real_nuclei_moved_by_a_known_shift(shared_data: Path) -> None:
    image = tifffile.imread(min((shared_data / "bbbc039" / "images").glob("*.tif")))
    first, now = image[40:480, 40:600], image[33:473, 52:612]
    assert_allclose(phase_shift_px(now, first, 50), (7, -12), atol=0.1)


def test_stabilised_lies_on_the_first() -> None:
    scene = field().astype(np.float32)
    first, now = scene[40:-40, 40:-40], scene[35:-45, 52:-28]
    back = DriftCorrection()(now, first)
    assert_allclose(back[20:-20, 20:-20], first[20:-20, 20:-20], atol=2)
    whole = stabilised(now.astype(np.uint8), (5.0, -12.0))
    assert whole.dtype == np.uint8
    assert_array_equal(whole[:-5, 12:], now.astype(np.uint8)[5:, :-12])


# --- rules of both -----------------------------------------------------------------------------


@pytest.mark.parametrize("step", BOTH, ids=lambda step: step.method)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (3, 2), (90, 70)])
def test_nothing_crashes_or_is_written_to(
    step: ReferenceStep, dtype: type, shape: tuple[int, int]
) -> None:
    rng = np.random.default_rng(0)
    image, reference = (rng.integers(0, 200, shape).astype(dtype) for _ in range(2))
    before = image.copy(), reference.copy()
    image.flags.writeable = reference.flags.writeable = False
    result = step(image, reference)
    assert result.shape == shape
    assert np.isfinite(result).all()
    assert not np.shares_memory(result, image)
    assert_array_equal(image, before[0])
    assert_array_equal(reference, before[1])


# --- in the engine -----------------------------------------------------------------------------


def drifting() -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Return 6 frames of standing cells under a stage that jumps, and its place in each."""
    places = [(0, 0), (2, 1), (3, 4), (15, -18), (14, -20), (15, -21)]
    return np.stack([seen(field(), *at, seed=i) for i, at in enumerate(places)]), places


def test_linking_is_told_of_the_shift_and_positions_stay_in_the_image() -> None:
    frames, places = drifting()
    movie = movie_of(frames)
    recipe = PLAIN.replace(preprocess=(DriftCorrection(),), link=Assignment(max_distance_px=4))
    found = list(engine.run(movie, recipe))
    assert_allclose([result.shift_px for result in found], places, atol=0.15)
    objects, shifts = [r.objects for r in found], {r.frame: r.shift_px for r in found}
    beside = engine.link_objects(movie, recipe, objects, shifts_px=shifts)
    plain = engine.link_objects(movie, recipe, objects)
    assert beside.tracks["n_frames"].eq(6).sum() == 10
    assert plain.tracks["n_frames"].eq(6).sum() == 0
    assert_allclose(beside.drift[["drift_y_px", "drift_x_px"]], places, atol=0.5)
    columns = ["frame", "label", "y_px", "x_px", "area_px2"]
    assert_array_equal(beside.objects[columns], plain.objects[columns])
    whole = beside.tracks.loc[beside.tracks["n_frames"] == 6, "track_id"]
    steps = beside.objects.loc[beside.objects["track_id"].isin(whole), "link_distance_px"]
    assert steps.median() < 1


def test_labels_are_those_without_drift_correction() -> None:
    movie = movie_of(drifting()[0])
    with_step = PLAIN.replace(preprocess=(DriftCorrection(),))
    for frame in (0, 4):
        labels = engine.segment_frame(movie, with_step, frame)
        assert_array_equal(labels, engine.segment_frame(movie, PLAIN, frame))


def test_overlaps_are_those_of_the_stabilised_masks() -> None:
    frames = np.zeros((2, 128, 128), np.uint16)
    rng = np.random.default_rng(0)
    cells = rng.uniform(20, 100, (25, 2))
    for t, jump in enumerate((0, 20)):
        for y, x in rng.permutation(cells):
            frames[t][disk((128, 128), y, x + jump, 4)] = 200
    movie = movie_of(frames)
    recipe = PLAIN.replace(preprocess=(DriftCorrection(),), link=Assignment(overlap_weight=1.0))
    found = list(engine.run(movie, recipe))
    assert found[1].shift_px == pytest.approx((0, 20), abs=0.1)
    shared = found[1].overlaps
    assert shared is not None
    # What stays in the field lies on itself, and nothing lies on anything else.
    inside = found[0].labels[:, :-20]
    assert shared["overlap_px"].sum() == np.count_nonzero(inside)


@pytest.mark.parametrize("cache", [None, StageCache()], ids=["uncached", "cached"])
def test_prepared_image_is_bright_and_still(cache: StageCache | None) -> None:
    scene = field()
    frames = [seen(scene / (1 + t), 6 * t, -4 * t, noise=0) for t in range(3)]
    movie = movie_of(np.stack(frames))
    recipe = Recipe(
        preprocess=(Gaussian(sigma_px=1), BleachCorrection(), DriftCorrection(), Invert())
    )
    first, last = (engine.prepare_frame(movie, recipe, t, cache) for t in (0, 2))
    # Some cells have left the field, so the brightness is that of the first but for 5 %.
    assert_allclose(last[5:-20, 20:-5], first[5:-20, 20:-5], atol=10)
    assert engine.shift_of(movie, recipe, 2, cache) == pytest.approx((12, -8), abs=0.15)
    flat = Recipe(preprocess=(Gaussian(sigma_px=1), BleachCorrection(enabled=False), Invert()))
    plain = engine.prepare_frame(movie, flat, 2, cache)
    assert_array_equal(plain, Invert()(Gaussian(sigma_px=1)(frames[2])))


def test_the_reference_is_the_first_frame_of_the_range() -> None:
    frames, places = drifting()
    recipe = PLAIN.replace(input=Input(frames=FrameRange(start=2)), preprocess=(DriftCorrection(),))
    found = [result.shift_px for result in engine.run(movie_of(frames), recipe)]
    assert_allclose(found, np.subtract(places[2:], places[2]), atol=0.15)


@pytest.mark.parametrize("n_threads", [1, 3])
def test_each_frame_is_read_once_and_the_reference_once_more_at_most(n_threads: int) -> None:
    read: list[Any] = []

    class Counted(np.ndarray):
        def __getitem__(self, key: object) -> object:
            read.append(key)
            return super().__getitem__(key)  # type: ignore[index]

    movie = movie_of(drifting()[0].view(Counted))
    recipe = PLAIN.replace(
        preprocess=(BleachCorrection(), DriftCorrection()),
        measure=PLAIN.measure.replace(channels=()),
    )
    n_frames = sum(1 for _ in engine.run(movie, recipe, n_threads=n_threads))
    assert n_frames <= len(read) <= n_frames + n_threads - 1


def test_one_image_of_all_frames_is_its_own_reference() -> None:
    movie = movie_of(drifting()[0])
    flat = PLAIN.replace(input=Input(project_t="max"))
    steps = flat.replace(preprocess=(BleachCorrection(), DriftCorrection()))
    assert_array_equal(engine.prepare_frame(movie, steps, 3), engine.prepare_frame(movie, flat, 0))
    assert engine.shift_of(movie, steps, 3) == (0, 0)


def test_a_step_that_is_off_is_skipped() -> None:
    movie = movie_of(moving_disks())
    off = PLAIN.replace(
        preprocess=(
            Invert(enabled=False),
            DriftCorrection(enabled=False),
            BleachCorrection(enabled=False),
        )
    )
    cache = StageCache()
    assert_array_equal(
        engine.segment_frame(movie, off, 4, cache), engine.segment_frame(movie, PLAIN, 4, cache)
    )
    other = off.replace(preprocess=(Gaussian(sigma_px=9, enabled=False),))
    assert_array_equal(
        engine.prepare_frame(movie, other, 4, cache), engine.prepare_frame(movie, PLAIN, 4, cache)
    )
    assert Recipe.from_yaml(off.to_yaml()) == off


def test_one_image_of_all_frames_is_segmented_once() -> None:
    movie, cache = movie_of(moving_disks()), StageCache()
    flat = PLAIN.replace(input=Input(project_t="max"))
    first = engine.segment_frame(movie, flat, 0, cache)
    n_kept = len(cache)
    assert engine.segment_frame(movie, flat, 5, cache) is first
    assert len(cache) == n_kept
