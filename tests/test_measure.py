from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from skimage.measure import label as skimage_label
from skimage.measure import regionprops

from napari_celltrack.errors import RecipeError
from napari_celltrack.measure import (
    Measure,
    ObjectFilter,
    areas_px2,
    centroids_px,
    perimeters_px,
    roundness,
)
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
    found = Measure()(labels, image)
    np.testing.assert_allclose(found["mean"], [r.intensity_mean for r in regions], rtol=1e-12)
    np.testing.assert_array_equal(found["max"], [r.intensity_max for r in regions])
    np.testing.assert_allclose(found["total"], [r.image_intensity.sum() for r in regions])


@pytest.mark.parametrize("seed", range(3))
def test_equals_regionprops_on_touching_ragged_labels(seed: int) -> None:
    labels = random_labels(seed)
    image = np.random.default_rng(seed).integers(0, 60_000, labels.shape).astype(np.uint16)
    assert_equals_regionprops(labels, image)


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


def test_nothing_to_measure() -> None:
    labels = np.zeros((5, 7), np.int32)
    assert areas_px2(labels).shape == roundness(labels).shape == (0,)
    assert centroids_px(labels).shape == (0, 2)
    assert all(len(values) == 0 for values in Measure()(labels, labels).values())


def test_nan_pixel_makes_only_its_cell_nan() -> None:
    labels = np.array([[1, 1, 0, 2, 2]], np.int32)
    image = np.array([[1, np.nan, 5, 3, 4]], np.float32)
    mean = Measure(statistics=("mean",))(labels, image)["mean"]
    assert np.isnan(mean[0])
    assert mean[1] == 3.5


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
