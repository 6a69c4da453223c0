"""Runs of labels, and what is computed from them, against the same with single pixels."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage as ndi

from napari_celltrack.arrays import strips
from napari_celltrack.arrays.label_runs import label_runs_of
from napari_celltrack.segment import mosaic
from napari_celltrack.segment.distance import distance_to_edge
from napari_celltrack.segment.label import label_parts
from napari_celltrack.segment.mosaic import mosaics_of, values_in

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


@pytest.mark.parametrize("rows", [1, 7, 61])
@pytest.mark.parametrize("kind", KINDS)
def test_runs_hold_every_pixel_once(kind, rows, monkeypatch):
    monkeypatch.setattr(strips, "_STRIP_PX", rows * SHAPE[1])
    image = labels(kind)
    runs = label_runs_of(image)
    pixels = [np.arange(start, start + n) for start, n in zip(runs.start, runs.length, strict=True)]
    assert np.concatenate([[], *pixels]).tolist() == np.flatnonzero(image).tolist()
    assert (runs.painted(runs.ids) == image).all()
    assert runs.n == image.max()
    assert runs.sums(runs.length).tolist() == [0, *np.bincount(image.ravel())[1:]]
    twos = runs.of(runs.ids == 2)
    assert (twos.painted(twos.ids) == np.where(image == 2, 2, 0)).all()


def test_an_image_without_pixels_has_no_runs():
    assert label_runs_of(np.zeros((0, 0), np.int32)).ids.size == 0


@pytest.mark.parametrize("n_pixels", [1, 300, 1 << 18])
@pytest.mark.parametrize("kind", KINDS)
def test_mosaics_keep_shapes_and_set_them_apart(kind, n_pixels, monkeypatch):
    monkeypatch.setattr(mosaic, "_MOSAIC_PX", n_pixels)
    image = label_parts(labels(kind) > 0)
    mosaics = mosaics_of(label_runs_of(image))
    here = np.concatenate([[], *(found.here for found in mosaics)])
    assert np.sort(here).tolist() == np.flatnonzero(image).tolist()
    n_before = 0
    for found in mosaics:
        assert np.unique(found.there).size == found.there.size
        parts, names = found.parts(), found.filled(image.ravel()[found.here])
        # Named by the same parts again, so none of them touches another one, and none the border.
        again = label_parts(parts > 0)
        assert again.max() == parts.max() == found.runs.n
        assert not parts[[0, -1]].any()
        assert not parts[:, [0, -1]].any()
        assert (names == np.where(parts > 0, parts + n_before, 0)).all()
        boxes = ndi.find_objects(image)[n_before : n_before + found.runs.n]
        for number, box in enumerate(boxes, 1):
            copy = ndi.find_objects(parts)[number - 1]
            assert ((parts[copy] == number) == (image[box] == number + n_before)).all()
        n_before += found.runs.n
    assert n_before == image.max()


@pytest.mark.parametrize("kind", KINDS)
def test_mosaics_find_their_pixels_strip_by_strip(kind, monkeypatch):
    monkeypatch.setattr(mosaic, "_MOSAIC_PX", 300)
    monkeypatch.setattr(strips, "_STRIP_PX", 7 * SHAPE[1])
    mosaics = mosaics_of(label_runs_of(labels(kind)))
    image = np.random.default_rng(0).random(SHAPE)
    found = values_in(mosaics, lambda strip: (image[strip.rows], -image[strip.rows]), SHAPE, 0)
    assert len(found) == len(mosaics)
    for some, (values, negative) in zip(mosaics, found, strict=True):
        assert (values == image.ravel()[some.here]).all()
        assert (negative == -values).all()


def test_only_few_parts_are_packed(monkeypatch):
    monkeypatch.setattr(mosaic, "_MOSAIC_PX", 300)
    sparse, dense = (mosaics_of(label_runs_of(labels(kind))) for kind in ("0.1", "0.9"))
    assert [found.is_packed for found in sparse] == [True, True]
    assert [found.is_packed for found in dense] == [False]
    assert mosaics_of(label_runs_of(labels("empty"))) == []


# Sparse parts are packed, dense ones are not; at the border nothing is outside. Where all is
# inside there is no distance.
@pytest.mark.parametrize("kind", ["empty", "0.1", "0.2", "0.4", "0.9"])
@pytest.mark.parametrize("connectivity", [4, 8])
def test_distance_equals_scipy(kind, connectivity):
    parts = label_parts(labels(kind) > 0, connectivity)
    if kind != "empty":
        assert parts[[0, -1]].any()
        assert parts[:, [0, -1]].any()
    reference = ndi.distance_transform_edt(parts > 0)
    distance = np.zeros(SHAPE, np.float32)
    for found in mosaics_of(label_runs_of(parts)):
        distance.ravel()[found.here] = distance_to_edge(found)
    np.testing.assert_allclose(distance, reference, atol=1e-5)
