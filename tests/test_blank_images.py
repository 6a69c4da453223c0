"""Images without anything in them: rounding is no signal, whatever steps and method are taken."""

from __future__ import annotations

import warnings
from itertools import product

import numpy as np
import pytest
import tifffile

from command import celltrack
from napari_celltrack.arrays.rounding import difference, is_blank
from napari_celltrack.engine import preprocess_frame, segment_frame, segment_prepared
from napari_celltrack.errors import MovieError
from napari_celltrack.input import as_grey
from napari_celltrack.preprocess import METHODS, DriftCorrection
from napari_celltrack.recipe import Recipe
from napari_celltrack.segment import (
    Contrast,
    DogBlobs,
    Li,
    LocalGaussian,
    LocalMean,
    LogBlobs,
    Otsu,
    Regions,
    Triangle,
    Yen,
)
from scenes import disk, movie_of, moving_disks

SHAPE = (44, 56)
SEGMENTERS = [
    *(Regions(threshold=t()) for t in (Contrast, Otsu, Li, Triangle, Yen, LocalMean)),
    Regions(threshold=LocalGaussian()),
    LogBlobs(max_diameter_px=14),
    DogBlobs(max_diameter_px=14),
]
STEPS = [method() for method in METHODS if method is not DriftCorrection]
#: No step, each step, and each step after each other.
CHAINS = [(), *((step,) for step in STEPS), *product(STEPS, STEPS)]


def blank_frames(value, dtype):
    """Return a constant frame, one of another value, and two with a dead and a hot pixel."""
    frames = np.full((4, *SHAPE), value, dtype)
    frames[1] = frames[1] + np.asarray(1 if value == 0 else value / 4, dtype)
    frames[2, 17, 31] = 0
    frames[3, 17, 31] = 3 * frames[3, 0, 0] if frames.dtype.kind == "f" else np.iinfo(dtype).max
    return frames


VALUES = [
    *((value, np.uint8) for value in (0, 1, 100, 204)),
    *((value, np.uint16) for value in (1, 1000, 52428)),
    *((value, np.float32) for value in (0.1, -0.1, 1, 1e9, -3e5, 1e-9, 4e18, 1e25)),
]


def cells_of(frames, chains):
    """Yield steps, method and cells of each frame, for all methods."""
    movie = movie_of(frames)
    for steps, frame in product(chains, range(movie.n_frames)):
        recipe = Recipe(preprocess=steps)
        image = preprocess_frame(movie, recipe, frame)
        for method in SEGMENTERS:
            cells = segment_prepared(movie, recipe.replace(segment=method), image)
            yield steps, method, frame, cells


@pytest.mark.parametrize(("value", "dtype"), [(100, np.uint8), (-0.1, np.float32)])
def test_rounding_gives_no_cells_after_any_two_steps(value, dtype):
    for steps, method, frame, cells in cells_of(blank_frames(value, dtype)[::2], CHAINS):
        assert not cells.any(), (steps, method, frame)


@pytest.mark.parametrize(("value", "dtype"), VALUES)
def test_rounding_gives_no_cells_at_any_value(value, dtype):
    chains = CHAINS[: len(STEPS) + 1]
    for steps, method, frame, cells in cells_of(blank_frames(value, dtype), chains):
        assert not cells.any(), (steps, method, frame)


def test_values_that_differ_by_rounding_only_are_blank():
    rng = np.random.default_rng(0)
    for value in (0.1, 1e9, -7.0):
        image = np.float32(value) * (1 + rng.uniform(-2e-7, 2e-7, SHAPE)).astype(np.float32)
        assert image.min() < image.max()
        assert is_blank(image)
        for _, method, _, cells in cells_of(image, CHAINS[: len(STEPS) + 1]):
            assert not cells.any(), method


def test_a_dim_cell_is_no_rounding():
    for value, dtype in ((100, np.uint8), (60000, np.uint16), (1e5, np.float32)):
        image = np.full(SHAPE, value, dtype)
        image[disk(SHAPE, 20, 25, 6)] += np.asarray(1, dtype)
        assert not is_blank(image)
        assert Regions()(image).max() == 1


def test_a_difference_keeps_all_but_rounding():
    image = np.array([[1.0, 1.0000001, 1.001]], np.float32)
    np.testing.assert_array_equal(difference(image, np.ones_like(image)) > 0, [[0, 0, 1]])
    whole = np.array([[65535, 65534]], np.uint16)
    np.testing.assert_array_equal(difference(whole, whole[:, ::-1]), [[1, -1]])


# --- very large, very small and missing values -------------------------------------------------


@pytest.mark.parametrize("unit", [1e-30, 1e-20, 1e-9, 1e15, 4e16, 1e19, 1e27])
def test_cells_are_found_in_any_unit(unit):
    frame = moving_disks()[0] * unit
    for method in SEGMENTERS:
        expected = segment_frame(movie_of(moving_disks()[0].astype(np.float32)), _with(method), 0)
        assert segment_frame(movie_of(frame), _with(method), 0).max() == expected.max(), method


def _with(method):
    return Recipe(segment=method)


def test_values_beyond_float32_are_said():
    frame = moving_disks()[0].astype(np.float64)
    for unit in (1e35, 1e100, -1e100):
        with pytest.raises(MovieError, match="divide them"):
            as_grey(frame * unit)
    frame[0, 0] = np.inf  # has no value, and is no large one
    assert as_grey(frame)[0, 0] == frame[1, 1]


def test_pixels_without_a_value_print_no_warning(tmp_path):
    frames = moving_disks().astype(np.float32)
    frames[:, 12, 10:40] = np.inf
    frames[:, 13, 10:40] = -np.inf
    frames[:, 30, 20] = np.nan
    frames[1] = np.nan
    tifffile.imwrite(
        tmp_path / "odd.tif", np.stack([frames, -frames], 1), metadata={"axes": "TZYX"}
    )
    for how in ("max", "mean"):
        recipe = tmp_path / f"{how}.yaml"
        recipe.write_text(
            f"version: 1\ninput: {{project_z: {how}}}\nmeasure: {{ring: {{}},"
            " statistics: [mean, median, total, min, max, sd]}\n"
        )
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            done = celltrack("run", recipe, tmp_path / "odd.tif", "--out", tmp_path / how)
        assert "Warning" not in done.stderr
