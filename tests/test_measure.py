from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy import ndimage
from skimage.measure import label as skimage_label
from skimage.measure import regionprops

from napari_celltrack.errors import RecipeError
from napari_celltrack.measure import (
    Measure,
    ObjectFilter,
    Ring,
    areas_px2,
    centroids_px,
    ellipses,
    perimeters_px,
    roundness,
)
from napari_celltrack.measure.intensity import STATISTICS
from napari_celltrack.measure.shape import on_border
from scenes import disk


def random_labels(seed: int) -> np.ndarray:
    """Return labels that touch each other, the border, and have holes and specks."""
    random = np.random.default_rng(seed)
    blocks = np.kron(random.integers(0, 4, (12, 15)), np.ones((5, 5), int))
    noise = random.random(blocks.shape) < 0.05
    return skimage_label(np.where(noise, 0, blocks), connectivity=1).astype(np.int32)


def assert_equals_regionprops(labels: np.ndarray, image: np.ndarray) -> None:
    regions = regionprops(labels, image)
    np.testing.assert_array_equal(areas_px2(labels), [r.area for r in regions])
    np.testing.assert_allclose(centroids_px(labels), [r.centroid for r in regions], atol=1e-9)
    np.testing.assert_allclose(perimeters_px(labels), [r.perimeter for r in regions], atol=1e-9)
    eccentricity, orientation = ellipses(labels)
    np.testing.assert_allclose(eccentricity, [r.eccentricity for r in regions], atol=1e-7)
    # The angle of a shape as long as wide means nothing, and regionprops' is chance there; and
    # -pi/2 and pi/2 are one direction.
    apart = orientation - np.array([r.orientation for r in regions])
    assert np.abs(np.sin(apart[eccentricity > 1e-3])).max() < 1e-9
    found = Measure(statistics=("mean", "median", "total", "min", "max", "sd"))(labels, image)
    np.testing.assert_allclose(found["sd"], [r.image_intensity[r.image].std() for r in regions])
    median = [np.median(r.image_intensity[r.image]) for r in regions]
    np.testing.assert_array_equal(found["median"], median)
    np.testing.assert_array_equal(found["min"], [r.intensity_min for r in regions])
    np.testing.assert_allclose(found["mean"], [r.intensity_mean for r in regions], rtol=1e-12)
    np.testing.assert_array_equal(found["max"], [r.intensity_max for r in regions])
    np.testing.assert_allclose(found["total"], [r.image_intensity.sum() for r in regions])


@pytest.mark.parametrize("seed", range(3))
def test_equals_regionprops_on_touching_ragged_labels(seed: int) -> None:
    labels = random_labels(seed)
    image = np.random.default_rng(seed).integers(0, 60_000, labels.shape).astype(np.uint16)
    assert_equals_regionprops(labels, image)
    assert_equals_regionprops(labels, image / 7.0 - 1000)


def test_equals_regionprops_on_real_nuclei(shared_data: Path) -> None:
    for path in sorted((shared_data / "bbbc039" / "labels").glob("*.tif"))[:3]:
        labels = skimage_label(tifffile.imread(path)).astype(np.int32)
        image = tifffile.imread(shared_data / "bbbc039" / "images" / path.name)
        assert_equals_regionprops(labels, image)


def test_roundness_of_disk_bar_and_pixel() -> None:
    labels = np.zeros((60, 60), np.int32)
    labels[disk(labels.shape, 20, 20, 12)] = 1
    labels[45:48, 5:55] = 2
    labels[58, 58] = 3
    disk_, bar, pixel = roundness(labels)
    assert disk_ > 0.9
    assert bar == pytest.approx(4 * np.pi * 150 / (2 * (49 + 2)) ** 2, rel=0.02)
    assert pixel == 1


def test_ellipse_of_bars_square_and_pixel() -> None:
    labels = np.zeros((40, 40), np.int32)
    labels[2:22, 2:5] = 1  # down
    labels[30:33, 2:22] = 2  # right
    labels[10:15, 20:25] = 3
    labels[35, 35] = 4
    for k in range(10):
        labels[5 + k, 28 + k] = 5  # down right
    eccentricity, orientation = ellipses(labels)
    # The variance of n places in a row is (n² - 1) / 12.
    assert eccentricity[:2] == pytest.approx(np.sqrt(1 - 8 / 399))
    np.testing.assert_allclose(eccentricity[2:], [0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(np.abs(orientation[[0, 1, 4]]), [0, np.pi / 2, np.pi / 4])
    assert orientation[4] > 0


def test_nothing_to_measure() -> None:
    labels = np.zeros((5, 7), np.int32)
    assert areas_px2(labels).shape == roundness(labels).shape == (0,)
    assert centroids_px(labels).shape == (0, 2)
    assert ellipses(labels)[0].shape == ellipses(labels)[1].shape == (0,)
    assert len(Ring().pixels(labels).at) == 0
    with_ring = Measure(ring=Ring(), statistics=("median", "sd", "min"))(labels, labels)
    assert {name: len(values) for name, values in with_ring.items()} == dict.fromkeys(
        ("median", "sd", "min", "background", "net", "contrast"), 0
    )
    assert all(len(values) == 0 for values in Measure()(labels, labels).values())


def test_nan_pixel_makes_only_its_cell_nan() -> None:
    labels = np.array([[1, 1, 0, 2, 2]], np.int32)
    image = np.array([[1, np.nan, 5, 3, 4]], np.float32)
    mean = Measure(statistics=("mean",))(labels, image)["mean"]
    assert np.isnan(mean[0])
    assert mean[1] == 3.5


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_pixels_that_are_no_number_are_nothing_to_be_warned_of(bad: float) -> None:
    labels = np.repeat(np.arange(5, dtype=np.int32)[:, None], 2, axis=1)
    image = np.arange(10, dtype=np.float32).reshape(5, 2)
    image[2, 0] = image[3, 1] = bad
    image[3, 0] = -bad
    for values in Measure(statistics=STATISTICS)(labels, image).values():
        assert np.isfinite(values[[0, 3]]).all()
        assert not np.isfinite(values[2])


def test_filter_keeps_by_area_roundness_and_border_and_renumbers() -> None:
    labels = np.zeros((40, 60), np.int32)
    labels[0:4, 0:4] = 1  # at the border, 16 px
    labels[disk(labels.shape, 20, 15, 7)] = 2
    labels[10:12, 25:55] = 3  # long, 60 px
    labels[30, 30] = 4
    assert on_border(labels).tolist() == [True, False, False, False]

    def kept(**settings: object) -> list[int]:
        result = ObjectFilter(**{"min_area_px2": 0, **settings})(labels)
        assert np.unique(result[result > 0]).tolist() == list(range(1, result.max() + 1))
        return [int(labels[result == i][0]) for i in range(1, result.max() + 1)]

    assert kept() == [1, 2, 3, 4]
    assert kept(min_area_px2=2) == [1, 2, 3]
    assert kept(min_area_px2=16, max_area_px2=60) == [1, 3]
    assert kept(min_area_px2=2, min_roundness=0.7) == [1, 2]
    assert kept(exclude_border=True) == [2, 3, 4]
    assert kept(min_area_px2=10_000) == []


def test_filter_refuses_an_empty_range() -> None:
    with pytest.raises(RecipeError, match="max_area_px2 must not be below min_area_px2"):
        ObjectFilter().replace(min_area_px2=50, max_area_px2=40)


@pytest.mark.parametrize(("gap_px", "width_px"), [(0, 1), (2, 5), (3, 12)])
@pytest.mark.parametrize("seed", range(2))
def test_ring_is_what_lies_nearest_within_its_distances(
    gap_px: int, width_px: int, seed: int
) -> None:
    labels = random_labels(seed)
    labels[np.random.default_rng(seed).random(labels.shape) < 0.7] = 0
    labels[20:45] = 0
    labels = skimage_label(labels, connectivity=1).astype(np.int32)
    distance = ndimage.distance_transform_edt(labels == 0)
    ring = Ring(gap_px=gap_px, width_px=width_px).pixels(labels)
    owner = np.zeros(labels.size, np.int32)
    owner[ring.at] = ring.ids
    owner = owner.reshape(labels.shape)
    np.testing.assert_array_equal(owner > 0, (distance > gap_px) & (distance <= gap_px + width_px))
    for cell in np.unique(ring.ids)[:40]:
        own = ndimage.distance_transform_edt(labels != cell)
        np.testing.assert_array_equal(own[owner == cell], distance[owner == cell])


def test_background_net_and_contrast_of_cells_on_a_known_ground() -> None:
    labels = np.zeros((60, 120), np.int32)
    labels[disk(labels.shape, 30, 25, 8)] = 1
    labels[disk(labels.shape, 30, 85, 8)] = 2
    image = np.where(np.arange(120) < 55, 40, 10) + np.zeros((60, 1), int)
    image[labels == 1], image[labels == 2] = 120, 30
    image[30, 37] = 60_000  # a speck in the ring of the first
    found = Measure(ring=Ring())(labels, image.astype(np.uint16))
    assert found["background"].tolist() == [40, 10]
    assert found["net"].tolist() == [80, 20]
    assert found["contrast"].tolist() == [0.5, 0.5]
    mean = Measure(ring=Ring(statistic="mean"))(labels, image.astype(np.uint16))["background"]
    assert mean[0] > 100
    assert mean[1] == 10


def test_cell_without_room_for_a_ring_has_no_background() -> None:
    labels = np.ones((20, 20), np.int32)
    labels[8:12, 8:12] = 2
    ring = Ring(gap_px=0).pixels(labels)
    assert ring.n_pixels.tolist() == [0, 0]
    found = Measure(ring=Ring(gap_px=0))(labels, np.full((20, 20), 7, np.uint8))
    for name in ("background", "net", "contrast"):
        assert np.isnan(found[name]).all()
    assert found["mean"].tolist() == [7, 7]


def test_nan_in_the_ring_is_left_out_and_dark_ground_has_no_contrast() -> None:
    labels = np.zeros((30, 30), np.int32)
    labels[12:18, 12:18] = 1
    image = np.where(labels > 0, -5.0, 2.0).astype(np.float32)
    image[9] = np.nan
    found = Measure(ring=Ring())(labels, image)
    assert found["background"].tolist() == [2]
    assert np.isnan(found["contrast"]).all()
