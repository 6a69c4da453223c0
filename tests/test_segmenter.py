"""What methods that find cells can do, asked without knowing their classes."""

from __future__ import annotations

import numpy as np
import pytest

from napari_celltrack.field_facts import methods_of
from napari_celltrack.recipe import Recipe
from napari_celltrack.segment import (
    Contrast,
    CutsParts,
    DogBlobs,
    HasLevel,
    HasThreshold,
    LocalGaussian,
    LocalMean,
    LogBlobs,
    Manual,
    NoSplit,
    Regions,
    WatershedIntensity,
    histogram,
)
from scenes import three_disks

THRESHOLDS = methods_of(Regions.model_fields["threshold"].annotation)
SEGMENTERS = methods_of(Recipe.model_fields["segment"].annotation)


def test_methods_have_what_they_can_do() -> None:
    assert {cls for cls in SEGMENTERS if isinstance(cls(), CutsParts)} == {Regions}
    assert {cls for cls in SEGMENTERS if isinstance(cls(), HasThreshold)} == {Regions}
    assert {LogBlobs, DogBlobs, Regions} == set(SEGMENTERS)
    without = {cls for cls in THRESHOLDS if not isinstance(cls(), HasLevel)}
    assert without == {Contrast, LocalMean, LocalGaussian}


@pytest.mark.parametrize("split", [NoSplit(), Regions().split, WatershedIntensity()])
def test_parts_and_their_cut_are_the_method(split: object) -> None:
    image = three_disks()
    method = Regions(split=split)
    assert method.cuts_parts == (not isinstance(split, NoSplit))
    assert not method.without_cut().cuts_parts
    parts = method.without_cut()(image)
    np.testing.assert_array_equal(method.cut(parts, image), method(image))


@pytest.mark.parametrize("cls", THRESHOLDS)
def test_a_threshold_that_was_moved_cuts_at_the_level(cls: type) -> None:
    image = np.random.default_rng(0).normal(100, 20, (40, 40)).astype(np.float32)
    threshold = cls()
    if not isinstance(threshold, HasLevel):
        return
    automatic = threshold.level_of(histogram(image))
    assert automatic == (None if cls is Manual else threshold.automatic_level(image))
    moved = threshold.with_level(90.0, automatic)
    assert moved.level(image) == pytest.approx(90.0)
    assert moved.level_in_use(automatic) == pytest.approx(90.0)
    assert threshold.level_in_use(automatic) == pytest.approx(threshold.level(image))


@pytest.mark.parametrize("cls", THRESHOLDS)
def test_a_level_that_is_not_known_yet_is_not_moved(cls: type) -> None:
    threshold = cls()
    if isinstance(threshold, HasLevel) and cls is not Manual:
        assert threshold.level_in_use(None) is None
        assert threshold.with_level(90.0, None) == threshold
