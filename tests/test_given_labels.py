"""Label images of other programs in place of segmentation."""

from __future__ import annotations

import numpy as np
import pytest

from ctc_scenes import frames
from napari_celltrack.engine import CellSource, for_labels, link_objects
from napari_celltrack.errors import MovieError
from napari_celltrack.measure import ObjectFilter
from napari_celltrack.recipe import Crop, FrameRange, Input, Recipe
from scenes import movie_of

ALL = Recipe(objects=ObjectFilter(min_area_px2=0))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "uint32", "uint64", "float32"])
def test_label_is_the_value_in_the_image(dtype: str) -> None:
    image = np.kron([[9, 0, 4, 200]], np.ones((4, 4))).astype(dtype)
    found = CellSource.of_labels(movie_of(image), ALL).measure(0)
    assert found.labels.dtype == np.int32
    np.testing.assert_array_equal(found.labels, image)
    assert found.objects["label"].tolist() == [4, 9, 200]
    assert found.objects["x_px"].tolist() == [9.5, 1.5, 13.5]
    assert found.objects["area_px2"].tolist() == [16] * 3
    assert not [name for name in found.objects if name.startswith("ch")]


def test_values_far_apart_and_beyond_int32() -> None:
    (image,) = frames([[7, 0, 0, 3]])
    far = image.astype(np.uint64)
    far[image == 7] = 2_000_000_000
    found = CellSource.of_labels(movie_of(far), ALL).measure(0)
    assert found.objects["label"].tolist() == [3, 2_000_000_000]
    np.testing.assert_array_equal(found.labels, far)
    beyond = far.copy()
    beyond[image == 7] = 2**63 + 5
    found = CellSource.of_labels(movie_of(beyond), ALL).measure(0)
    assert found.objects["label"].tolist() == [1, 2]
    np.testing.assert_array_equal(found.labels, frames([[2, 0, 0, 1]])[0])
    full = np.full((2, 2), 2**31 - 1, np.uint32)  # no background at all
    found = CellSource.of_labels(movie_of(full), ALL).measure(0)
    assert found.objects["label"].tolist() == [2**31 - 1]


def test_filtered_cells_vanish_and_the_others_keep_their_values() -> None:
    (image,) = frames([[5, 5, 0, 9, 0, 2, 2]])
    recipe = ALL.replace(objects=ObjectFilter(min_area_px2=20))
    found = CellSource.of_labels(movie_of(image), recipe).measure(0)
    assert found.objects["label"].tolist() == [2, 5]
    np.testing.assert_array_equal(found.labels, np.where(image == 9, 0, image))


def test_empty_frames_and_threads() -> None:
    movie = movie_of(np.stack(frames([[1, 0], [0, 0], [7, 8]] * 5)))
    one = list(CellSource.of_labels(movie, ALL).run())
    many = list(CellSource.of_labels(movie, ALL).run(n_threads=4))
    assert [len(found.objects) for found in one] == [1, 0, 2] * 5
    for a, b in zip(one, many, strict=True):
        assert a.frame == b.frame
        np.testing.assert_array_equal(a.labels, b.labels)
        assert a.objects.equals(b.objects)
    assert link_objects(movie, ALL, [found.objects for found in one]).counts["n_cells"].sum() == 15


def test_only_the_part_of_a_recipe_that_fits_is_used() -> None:
    tuned = ALL.replace(
        input=Input(
            channel="red",
            crop=Crop(x_stop_px=2),
            project_t="max",
            frames=FrameRange(start=1),
            pixel_size_um=0.5,
        )
    )
    movie = movie_of(np.stack(frames([[1, 2]] * 3)))
    found = list(CellSource.of_labels(movie, tuned).run())
    assert [frame.frame for frame in found] == [1, 2]
    assert found[0].objects["x_um"].tolist() == [0.75, 2.75]
    assert for_labels(tuned).input == Input(frames=FrameRange(start=1), pixel_size_um=0.5)
    assert for_labels(tuned).segment == tuned.segment


@pytest.mark.parametrize(
    ("array", "axes", "message"),
    [
        (np.zeros((4, 4, 3), np.uint8), "YXC", "has 3 channels and is not a label image"),
        (np.zeros((5, 4, 4), np.uint8), "ZYX", r"5 planes in Z, .* write 'input: {axes: TYX}'"),
        (np.zeros((4, 4), bool), "YX", "is a yes/no mask, in which cells have no numbers"),
        (np.full((4, 4), 0.5), "YX", "frame 0, holds numbers with fractions"),
        (np.full((4, 4), np.nan), "YX", r"frame 0, holds pixels that are no number \(NaN\)"),
        (np.full((4, 4), np.inf), "YX", "frame 0, holds pixels that are no number .* infinite"),
        (np.full((4, 4), -1), "YX", "frame 0, holds negative numbers"),
        (np.full((4, 4), -1.0), "YX", "frame 0, holds negative numbers"),
    ],
)
def test_what_is_no_label_image_is_refused(array: np.ndarray, axes: str, message: str) -> None:
    with pytest.raises(MovieError, match=message):
        list(CellSource.of_labels(movie_of(array, axes), ALL).run())
