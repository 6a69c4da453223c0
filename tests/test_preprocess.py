"""Preprocessing: known answers, the plain reference of each method, and rules for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray
from pydantic import TypeAdapter
from scipy import ndimage
from skimage import exposure, filters, measure, morphology, restoration

from napari_celltrack.errors import RecipeError
from napari_celltrack.preprocess import (
    METHODS,
    Clahe,
    DifferenceOfGaussians,
    Gaussian,
    GaussianBackground,
    Invert,
    Median,
    Normalize,
    PreprocessStep,
    ReferenceStep,
    RollingBall,
    Texture,
    WhiteTophat,
)
from napari_celltrack.settings import Settings, parse

Plane = NDArray[Any]

#: Each method that looks at one plane only, as it comes and at the ends of its sliders.
EVERY_METHOD = [
    *(method() for method in METHODS if not issubclass(method, ReferenceStep)),
    Gaussian(sigma_px=0.1),
    Gaussian(sigma_px=50),
    DifferenceOfGaussians(small_sigma_px=0.1, large_sigma_px=50),
    *(Median(size_px=size) for size in (1, 2, 4, 5, 7, 8, 31)),
    WhiteTophat(radius_px=1),
    WhiteTophat(radius_px=200),
    *(RollingBall(radius_px=radius) for radius in (1, 2.5, 20, 500)),
    GaussianBackground(sigma_px=1),
    GaussianBackground(sigma_px=500),
    Normalize(low_percent=0, high_percent=100, clip=True),
    Clahe(window_px=8, clip_limit=20),
    Texture(radius_px=1),
    Texture(radius_px=100),
]

REAL_FRAMES = ["bbbc039", "ctc_sim_nuclei", "lesson4"]


@pytest.fixture(params=REAL_FRAMES)
def frame(request: pytest.FixtureRequest, shared_data: Path) -> Plane:
    """A real frame: two of uint16, one of uint8."""
    if request.param == "lesson4":
        return lesson_frame(shared_data, "f1")
    folder = {"bbbc039": "images", "ctc_sim_nuclei": "01"}[request.param]
    return np.asarray(tifffile.imread(min((shared_data / request.param / folder).glob("*.tif"))))


def lesson_frame(shared_data: Path, name: str) -> Plane:
    """The red channel of a frame of the lesson, a view that is not contiguous."""
    return np.asarray(tifffile.imread(shared_data / "lesson4" / f"{name}.tif"))[..., 0]


def noisy_cells(dtype: type, shape: tuple[int, int] = (90, 110)) -> Plane:
    """Bright disks, a slope and noise."""
    rng = np.random.default_rng(1)
    y, x = np.indices(shape)
    scene = 20 + 0.3 * x + 4 * rng.standard_normal(shape)
    for cy, cx in ((20, 25), (50, 80), (70, 30)):
        scene += 100 * ((y - cy) ** 2 + (x - cx) ** 2 < 64)
    scene = scene.clip(0, 255)
    return np.asarray(scene * (1 if dtype is np.uint8 else 11.3)).astype(dtype)


def largest(image: Plane) -> float:
    return float(np.abs(image).max())


def span(image: Plane) -> float:
    return float(image.max()) - float(image.min())


# --- each method has a known answer ------------------------------------------------------------


def test_gaussian_spreads_a_point_and_keeps_its_sum() -> None:
    point = np.zeros((41, 41), np.uint16)
    point[20, 20] = 1000
    blurred = Gaussian(sigma_px=2)(point)
    assert blurred.sum() == pytest.approx(1000, rel=1e-5)
    assert blurred[20, 20] == pytest.approx(1000 / (2 * np.pi * 4), rel=0.01)
    assert_allclose(blurred, blurred.T, rtol=1e-6)


def test_median_takes_out_specks_and_keeps_an_edge() -> None:
    edge = np.zeros((20, 20), np.uint8)
    edge[:, 10:] = 200
    specked = edge.copy()
    specked[5, 3], specked[12, 15] = 255, 0
    assert_array_equal(Median(size_px=3)(specked), edge)


def test_median_of_even_size_takes_the_upper_middle_value_up_and_left() -> None:
    image = np.array([[1, 2], [3, 4]], np.uint8)
    # Windows, mirrored: 1111, 1122, 1133, 1234; the third smallest of each.
    assert_array_equal(Median(size_px=2)(image), [[1, 2], [3, 3]])


def test_difference_of_gaussians_is_zero_on_flat_ground_and_peaks_on_a_blob() -> None:
    image = np.full((61, 61), 500, np.uint16)
    assert_allclose(DifferenceOfGaussians()(image), 0, atol=1e-3)
    image[28:33, 28:33] = 900
    filtered = DifferenceOfGaussians(small_sigma_px=1, large_sigma_px=8)(image)
    assert np.unravel_index(filtered.argmax(), filtered.shape) == (30, 30)
    assert filtered.min() < 0


def test_difference_of_gaussians_refuses_sigmas_in_the_wrong_order() -> None:
    with pytest.raises(RecipeError, match=r"large sigma \(2 px\) must be larger than"):
        parse(DifferenceOfGaussians, {"small_sigma_px": 2, "large_sigma_px": 2})


def test_white_tophat_keeps_what_is_narrower_than_the_disk() -> None:
    image = np.full((80, 80), 100, np.uint16)
    image[10:15, 10:15] = 300  # narrow
    image[30:70, 30:70] = 300  # wide
    kept = WhiteTophat(radius_px=8)(image)
    assert np.all(kept[10:15, 10:15] == 200)
    assert np.all(kept[45:55, 45:55] == 0)


@pytest.mark.parametrize("radius_px", [10, 30, 100])
def test_rolling_ball_leaves_cells_and_takes_flat_ground(radius_px: float) -> None:
    image = np.full((160, 160), 1000, np.uint16)
    image[70:76, 70:76] = 1500
    left = RollingBall(radius_px=radius_px)(image)
    assert_allclose(left[70:76, 70:76], 500, atol=5)
    assert_array_equal(left[:40], 0)


def test_gaussian_background_takes_a_slope_and_keeps_both_signs() -> None:
    noise = np.random.default_rng(0).normal(0, 5, (200, 200))
    slope = np.linspace(100, 300, 200)
    left = GaussianBackground(sigma_px=20)((slope + noise).astype(np.float32))
    inner = left[:, 60:140]
    assert abs(inner.mean()) < 0.5
    assert 0.4 < (inner < 0).mean() < 0.6


def test_normalize_maps_percentiles_to_0_and_1() -> None:
    image = np.arange(101, dtype=np.uint8).reshape(1, 101)
    stretched = Normalize(low_percent=10, high_percent=90)(image)
    assert stretched[0, 10] == 0
    assert stretched[0, 90] == 1
    assert stretched[0, 100] == pytest.approx(1.125)
    clipped = Normalize(low_percent=10, high_percent=90, clip=True)(image)
    assert (clipped.min(), clipped.max()) == (0, 1)


def test_normalize_keeps_one_cell_on_a_black_plane() -> None:
    image = np.zeros((100, 100), np.uint16)
    image[4, 4] = 700
    stretched = Normalize(low_percent=1, high_percent=99)(image)
    assert stretched[4, 4] == 1
    assert stretched.sum() == 1


def test_normalize_refuses_percentiles_in_the_wrong_order() -> None:
    with pytest.raises(RecipeError, match="high percentile"):
        parse(Normalize, {"low_percent": 60, "high_percent": 40})


def test_clahe_lifts_a_dim_cell_beside_a_bright_half() -> None:
    image = np.random.default_rng(2).integers(100, 110, (128, 128)).astype(np.uint16)
    image[:, 64:] += 3000
    image[20:44, 20:44] += 30
    ground, cell = np.s_[48:60, 4:16], np.s_[24:40, 24:40]
    before = Normalize(low_percent=0, high_percent=100)(image)
    after = Clahe(window_px=32, clip_limit=10)(image)
    contrast_before = before[cell].mean() - before[ground].mean()
    assert after[cell].mean() - after[ground].mean() > 5 * contrast_before


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("radius_px", [1, 5, 100])
def test_texture_is_the_local_standard_deviation(dtype, radius_px) -> None:
    # Several strips, so that their seams are compared too.
    image = np.random.default_rng(0).normal(100, 20, (600, 700)).clip(0, 255).astype(dtype)
    window = {"size": 2 * radius_px + 1, "mode": "reflect"}
    mean = ndimage.uniform_filter(image.astype(np.float64), **window)
    mean_square = ndimage.uniform_filter(image.astype(np.float64) ** 2, **window)
    expected = np.sqrt(mean_square - mean**2)
    assert_allclose(Texture(radius_px=radius_px)(image), expected, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_texture_of_large_constants_is_exactly_zero(dtype) -> None:
    largest = {np.uint16: 65_535, np.float32: 3.3e6}[dtype]
    image = np.full((300, 200), largest, dtype)
    image[:, 100:] = 0.9 * largest
    image[200:] = 7
    spread = Texture(radius_px=5)(image)
    flat = ndimage.maximum_filter(image, 11) == ndimage.minimum_filter(image, 11)
    assert 0.5 < flat.mean() < 0.95
    assert not spread[flat].any()
    assert spread[~flat].all()


def test_texture_shows_cells_that_are_no_brighter_than_the_ground() -> None:
    random = np.random.default_rng(1)
    image = random.normal(100, 1, (128, 128))
    cells = np.zeros(image.shape, bool)
    for y, x in ((30, 30), (30, 90), (90, 60)):
        rows, columns = np.ogrid[:128, :128]
        cells |= (rows - y) ** 2 + (columns - x) ** 2 <= 15**2
    image[cells] += random.normal(0, 8, int(cells.sum()))
    image = image.astype(np.float32)
    assert abs(image[cells].mean() - image[~cells].mean()) < 1
    spread = Texture(radius_px=4)(image)
    found, n_found = ndimage.label(spread > filters.threshold_otsu(spread))
    assert n_found == 3
    assert (found > 0)[ndimage.binary_erosion(cells, iterations=2)].all()


def test_clahe_is_the_same_for_8_bit_and_16_bit_copies() -> None:
    image = noisy_cells(np.uint8)
    assert_array_equal(Clahe()(image), Clahe()(image.astype(np.uint16)))


@pytest.mark.parametrize(
    ("dtype", "values", "inverted"),
    [
        (np.uint8, [0, 5, 255], [255, 250, 0]),
        (np.uint16, [0, 5, 255], [65535, 65530, 65280]),
        (np.float32, [-1, 0, 3], [3, 2, -1]),
    ],
)
def test_invert(dtype: type, values: list[int], inverted: list[int]) -> None:
    assert_array_equal(Invert()(np.array([values], dtype)), np.array([inverted], np.float32))


# --- each method agrees with its plain reference on real frames --------------------------------


@pytest.mark.parametrize("sigma_px", [0.5, 1, 2.3, 10])
def test_gaussian_is_that_of_scipy(frame: Plane, sigma_px: float) -> None:
    # Both sum in floating point, in another order: float32 rounding of the largest value.
    expected = ndimage.gaussian_filter(frame.astype(np.float64), sigma_px)
    assert_allclose(Gaussian(sigma_px=sigma_px)(frame), expected, atol=1e-6 * largest(frame))
    by_skimage = filters.gaussian(frame, sigma_px, mode="reflect", preserve_range=True)
    assert_allclose(Gaussian(sigma_px=sigma_px)(frame), by_skimage, atol=1e-6 * largest(frame))


def test_difference_of_gaussians_is_that_of_skimage(frame: Plane) -> None:
    expected = filters.difference_of_gaussians(frame.astype(np.float64), 1, 10, mode="reflect")
    actual = DifferenceOfGaussians(small_sigma_px=1, large_sigma_px=10)(frame)
    assert_allclose(actual, expected, atol=2e-6 * largest(frame))  # two blurs, twice the rounding


@pytest.mark.parametrize("size_px", [2, 3, 4, 5, 7, 8, 16, 21])
def test_median_is_exactly_that_of_scipy(frame: Plane, size_px: int) -> None:
    part = frame[:200, :230]
    expected = ndimage.median_filter(part, size_px)
    actual = Median(size_px=size_px)(part)
    assert actual.dtype == frame.dtype
    assert_array_equal(actual, expected)


@pytest.mark.parametrize("radius_px", [1, 4, 15])
def test_white_tophat_is_exactly_that_of_skimage(frame: Plane, radius_px: int) -> None:
    # The undecomposed disk: the opening is then exact and nothing wraps round.
    expected = morphology.white_tophat(frame, morphology.disk(radius_px))
    assert_array_equal(WhiteTophat(radius_px=radius_px)(frame), expected)


@pytest.mark.parametrize("radius_px", [3, 7.5, 10])
def test_small_rolling_ball_is_exactly_that_of_skimage(frame: Plane, radius_px: float) -> None:
    part = frame.astype(np.float32)
    expected = part - restoration.rolling_ball(part, radius=radius_px)
    assert_array_equal(RollingBall(radius_px=radius_px)(frame), expected)


@pytest.mark.parametrize("radius_px", [20, 40])
def test_large_rolling_ball_is_close_to_that_of_skimage(frame: Plane, radius_px: float) -> None:
    # Shrinking sees the landscape in blocks: off beside steep edges, which are few.
    part = frame[:256, :256].astype(np.float32)
    expected = part - restoration.rolling_ball(part, radius=radius_px)
    error = np.abs(RollingBall(radius_px=radius_px)(part) - expected)
    assert error.mean() < 0.002 * span(part)
    assert (error > 0.02 * span(part)).mean() < 0.001


@pytest.mark.parametrize("sigma_px", [4, 10, 33, 100])
def test_gaussian_background_is_close_to_that_of_scipy(frame: Plane, sigma_px: float) -> None:
    # The blur is made on a shrunk image; the class promises these two figures.
    expected = frame - ndimage.gaussian_filter(frame.astype(np.float64), sigma_px)
    error = np.abs(GaussianBackground(sigma_px=sigma_px)(frame) - expected)
    assert error.mean() < 0.0002 * span(frame)
    assert error.max() < 0.002 * span(frame)


def test_normalize_is_that_of_numpy(frame: Plane) -> None:
    low, high = np.percentile(frame, (1, 99.8))
    expected = (frame - low) / (high - low)
    for image in (frame, frame.astype(np.float32)):
        # Once subtracted and once divided in float32, seen from the largest value.
        assert_allclose(Normalize()(image), expected, atol=3e-7 * largest(expected), rtol=3e-6)


def test_clahe_resembles_that_of_skimage(frame: Plane) -> None:
    # OpenCV hands out clipped counts once, scikit-image again and again: alike, not equal.
    stretched = Normalize(low_percent=0.1, high_percent=99.9, clip=True)(frame)
    expected = exposure.equalize_adapthist(stretched, 64, clip_limit=2 / 256, nbins=256)
    actual = Clahe(window_px=64, clip_limit=2)(frame)
    assert np.corrcoef(actual.ravel(), expected.ravel())[0, 1] > 0.97
    assert np.abs(actual - expected).mean() < 0.06


def test_published_counts_of_the_lesson(shared_data: Path) -> None:
    """Median 2 x 2, Otsu, opening with a disk of 3, 8-connected parts."""
    counts = []
    for name in ("f1", "f20", "f32", "f40", "f8"):
        smooth = Median(size_px=2)(lesson_frame(shared_data, name))
        bright = smooth > filters.threshold_otsu(smooth)
        opened = morphology.opening(bright, morphology.disk(3))
        counts.append(int(measure.label(opened, connectivity=2).max()))
    assert counts == [20, 22, 20, 23, 21]


# --- the same on made images, so that it is checked everywhere ---------------------------------


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("size_px", range(1, 13))
def test_median_of_made_cells_is_exactly_that_of_scipy(dtype: type, size_px: int) -> None:
    image = noisy_cells(dtype)
    assert_array_equal(Median(size_px=size_px)(image), ndimage.median_filter(image, size_px))


@pytest.mark.parametrize("size_px", [7, 15, 20])
def test_median_across_tiles_and_all_16_bits(size_px: int) -> None:
    rng = np.random.default_rng(3)
    image = rng.integers(0, 300, (40, 1100)).astype(np.uint16)
    image[:, ::3] += rng.integers(0, 65000, (40, 367)).astype(np.uint16)
    image[0, :2] = 0, 65535
    assert_array_equal(Median(size_px=size_px)(image), ndimage.median_filter(image, size_px))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("radius_px", [1, 2, 9, 60])
def test_white_tophat_of_made_cells_is_exactly_that_of_opencv(dtype: type, radius_px: int) -> None:
    # OpenCV's default border never wins, which is what "nothing counts outside" means.
    image = noisy_cells(dtype, (300, 70))
    expected = cv2.morphologyEx(image, cv2.MORPH_TOPHAT, morphology.disk(radius_px))
    assert_array_equal(WhiteTophat(radius_px=radius_px)(image), expected)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 3)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_tiny_images_agree_with_the_references_too(shape: tuple[int, int], dtype: type) -> None:
    image = noisy_cells(dtype, shape)
    blurred = ndimage.gaussian_filter(image.astype(np.float64), 7)
    assert_allclose(Gaussian(sigma_px=7)(image), blurred, rtol=1e-5)
    for size in (2, 5, 7, 12):
        assert_array_equal(Median(size_px=size)(image), ndimage.median_filter(image, size))
    plane = image.astype(np.float32)
    ball = plane - restoration.rolling_ball(plane, radius=8)
    assert_array_equal(RollingBall(radius_px=8)(image), ball)


# --- rules that every method keeps -------------------------------------------------------------

planes = st.sampled_from([np.uint8, np.uint16, np.float32]).flatmap(
    lambda dtype: hnp.arrays(
        dtype,
        hnp.array_shapes(min_dims=2, max_dims=2, max_side=40),
        elements=None if dtype is not np.float32 else st.floats(-(2.0**20), 2.0**20, width=32),
    )
)


def check_rules(method: Any, image: Plane) -> Plane:
    before = image.copy()
    result = np.asarray(method(image))
    assert result.shape == image.shape
    assert result.dtype == (image.dtype if isinstance(method, Median) else np.float32)
    assert_array_equal(image, before)
    assert not np.shares_memory(result, image)
    assert np.isfinite(result).all()
    return result


@given(image=planes, method=st.sampled_from(EVERY_METHOD))
@hypothesis_settings(max_examples=300, deadline=None)
def test_rules_hold_for_any_image(image: Plane, method: Any) -> None:
    check_rules(method, image)


@pytest.mark.parametrize("method", EVERY_METHOD, ids=str)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_views_read_only_planes_and_copies_give_the_same(method: Any, dtype: type) -> None:
    whole = noisy_cells(dtype)
    whole.flags.writeable = False
    for view in (whole[::-1, ::2], whole.T, np.dstack([whole] * 3)[..., 1]):
        assert_array_equal(method(view), check_rules(method, np.array(view, order="C")))


@pytest.mark.parametrize("method", EVERY_METHOD, ids=str)
@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (3, 2)])
def test_tiny_images_do_not_crash(method: Any, shape: tuple[int, int]) -> None:
    for dtype in (np.uint8, np.uint16, np.float32):
        check_rules(method, noisy_cells(dtype, shape))


@pytest.mark.parametrize("method", EVERY_METHOD, ids=str)
@pytest.mark.parametrize("value", [0, 200])
def test_constant_images_stay_constant(method: Any, value: int) -> None:
    for dtype in (np.uint8, np.uint16, np.float32):
        result = check_rules(method, np.full((30, 40), value, dtype))
        assert span(result) <= 1e-5 * value
        if not isinstance(method, Median | Gaussian | Invert):
            assert_allclose(result, 0, atol=1e-5 * value)


@pytest.fixture
def opencv_threads() -> Iterator[None]:
    threads = cv2.getNumThreads()
    yield
    cv2.setNumThreads(threads)


@pytest.mark.usefixtures("opencv_threads")
@pytest.mark.parametrize("method", EVERY_METHOD, ids=str)
def test_bytes_do_not_depend_on_threads(method: Any) -> None:
    image = noisy_cells(np.uint16, (300, 310))
    cv2.setNumThreads(1)
    alone = method(image)
    cv2.setNumThreads(4)
    assert_array_equal(method(image), alone)
    assert cv2.getNumThreads() == 4  # and the method leaves the setting alone


# --- the menu ----------------------------------------------------------------------------------


def test_the_union_finds_each_method_by_its_name() -> None:
    steps: TypeAdapter[Any] = TypeAdapter(PreprocessStep)
    for cls in METHODS:
        step = cls()
        assert steps.validate_python(step.model_dump()) == step
    assert len({cls.model_fields["method"].default for cls in METHODS}) == len(METHODS)


@pytest.mark.parametrize("cls", METHODS)
def test_every_parameter_has_words_and_bounds(cls: type[Settings]) -> None:
    names = list(cls.model_fields)
    assert names[0] == "method"
    properties = cls.model_json_schema()["properties"]
    for name in names[1:]:
        assert cls.model_fields[name].title
        assert cls.model_fields[name].description
        assert properties[name]["type"] == "boolean" or {"minimum", "maximum"} <= set(
            properties[name]
        )
