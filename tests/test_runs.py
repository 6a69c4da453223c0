"""Runs of labels, and what is computed from them, against the same with single pixels."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage as ndi

from napari_celltrack.runs import runs_of
from napari_celltrack.segment.distance import distance_to_edge
from napari_celltrack.segment.label import label_parts
from napari_celltrack.segment.mosaic import Boxes, mosaic_of

SHAPE = (61, 83)


def labels(kind: str) -> np.ndarray:
    random = np.random.default_rng(0)
    if kind == "random":
        return random.integers(0, 4, SHAPE).astype(np.int32)
    if kind == "empty":
        return np.zeros(SHAPE, np.int32)
    if kind == "full":
        return np.full(SHAPE, 1, np.int32)
    smooth = ndi.gaussian_filter(random.random(SHAPE), 3)
    return label_parts(smooth > np.quantile(smooth, 1 - float(kind)))


KINDS = ["random", "empty", "full", "0.1", "0.4", "0.9"]


@pytest.mark.parametrize("kind", KINDS)
def test_runs_hold_every_pixel_once(kind):
    image = labels(kind)
    runs = runs_of(image)
    everywhere = runs.pixels(np.ones(runs.ids.size, bool))
    assert everywhere.tolist() == np.flatnonzero(image).tolist()
    assert (runs.painted(runs.ids) == image).all()
    assert runs.n == image.max()
    assert runs.sums(runs.length).tolist() == [0, *np.bincount(image.ravel())[1:]]
    twos = runs.pixels(runs.ids == 2)
    assert twos.tolist() == np.flatnonzero(image == 2).tolist()


def test_an_image_without_pixels_has_no_runs():
    assert runs_of(np.zeros((0, 0), np.int32)).ids.size == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_mosaic_keeps_shapes_and_sets_them_apart(kind):
    image = label_parts(labels(kind) > 0)
    runs = runs_of(image)
    mosaic = mosaic_of(runs, Boxes(runs))
    assert mosaic.here.tolist() == np.flatnonzero(image).tolist()
    assert np.unique(mosaic.there).size == mosaic.there.size
    parts = mosaic.cut_from(image)
    # Named by the same parts again, so none of them touches another one, and none the border.
    again = label_parts(parts > 0)
    assert again.max() == image.max()
    assert not parts[[0, -1]].any()
    assert not parts[:, [0, -1]].any()
    for number, box in enumerate(ndi.find_objects(image), 1):
        copy = ndi.find_objects(parts)[number - 1]
        assert ((parts[copy] == number) == (image[box] == number)).all()


def test_only_few_parts_are_packed():
    for kind, is_packed in (("0.1", True), ("0.9", False)):
        runs = runs_of(labels(kind))
        assert mosaic_of(runs, Boxes(runs)).is_packed == is_packed


# Sparse parts are packed, dense ones are not; at the border nothing is outside. Where all is
# inside there is no distance.
@pytest.mark.parametrize("kind", ["empty", "0.1", "0.2", "0.4", "0.9"])
@pytest.mark.parametrize("connectivity", [4, 8])
def test_distance_equals_scipy(kind, connectivity):
    parts = label_parts(labels(kind) > 0, connectivity)
    if kind != "empty":
        assert parts[[0, -1]].any()
        assert parts[:, [0, -1]].any()
    reference = ndi.distance_transform_edt(parts > 0)[parts > 0]
    runs = runs_of(parts)
    boxes = Boxes(runs)
    found = distance_to_edge(parts, runs, boxes, mosaic_of(runs, boxes))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, reference, atol=1e-5)
