"""Cells of an image, given ones and corrected ones: one way from there to tables."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from napari_celltrack.engine import Cells, CellSource, FrameResult, link_objects, run
from napari_celltrack.engine.cache import StageCache
from napari_celltrack.errors import MovieError
from napari_celltrack.link import Assignment
from napari_celltrack.measure import ObjectFilter
from napari_celltrack.preprocess import DriftCorrection
from napari_celltrack.recipe import Input, Recipe
from napari_celltrack.segment import NoSplit, Otsu, Regions
from scenes import movie_of, moving_disks

#: Asks for everything that a frame may carry: measurements, a shift and overlaps.
RECIPE = Recipe(
    preprocess=(DriftCorrection(),),
    segment=Regions(threshold=Otsu(), morphology=(), split=NoSplit()),
    link=Assignment(overlap_weight=1.0),
)


def labels_of(results: list[FrameResult]) -> np.ndarray:
    return np.stack([result.labels for result in results])


def assert_same(one: list[FrameResult], other: list[FrameResult]) -> None:
    assert [result.frame for result in one] == [result.frame for result in other]
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a.labels, b.labels)
        pd.testing.assert_frame_equal(a.objects, b.objects)
        pd.testing.assert_frame_equal(a.overlaps, b.overlaps)
        assert a.shift_px == b.shift_px


@pytest.mark.parametrize("n_threads", [1, 3])
def test_equal_cells_give_equal_tables_wherever_they_come_from(n_threads: int) -> None:
    movie = movie_of(moving_disks(), frame_interval_s=2.0, pixel_size_um=(0.5, 0.5))
    image = list(run(movie, RECIPE))
    assert any(any(result.shift_px) for result in image)
    labels = labels_of(image)
    expected = link_objects(movie, RECIPE, *_tables_of(image))
    for source in (
        CellSource(movie, RECIPE),
        CellSource(movie, RECIPE, given=movie_of(labels)),
        CellSource(movie, RECIPE, given=movie_of(labels.astype(np.float32))),
        CellSource(movie, RECIPE, corrected=dict(enumerate(labels))),
        CellSource(movie, RECIPE, corrected={2: labels[2], 5: labels[5]}),
        CellSource(movie, RECIPE, given=movie_of(labels[::-1]), corrected=dict(enumerate(labels))),
    ):
        found = list(source.run(StageCache(), n_threads=n_threads))
        assert_same(found, image)
        tables = link_objects(movie, RECIPE, *_tables_of(found))
        for name in ("objects", "tracks", "counts", "events", "drift"):
            pd.testing.assert_frame_equal(getattr(tables, name), getattr(expected, name))


def _tables_of(results: list[FrameResult]) -> tuple[list, list, dict]:
    return (
        [result.objects for result in results],
        [result.overlaps for result in results],
        {result.frame: result.shift_px for result in results},
    )


def test_given_and_corrected_cells_keep_their_own_numbers() -> None:
    movie = movie_of(moving_disks())
    image = list(run(movie, RECIPE))
    numbers = np.array([0, 400, 7, 90], np.int32)[labels_of(image)]
    given = list(CellSource(movie, RECIPE, given=movie_of(numbers)).run())
    assert_same(given, list(CellSource(movie, RECIPE, corrected=dict(enumerate(numbers))).run()))
    np.testing.assert_array_equal(labels_of(given), numbers)
    assert given[0].objects["label"].tolist() == [7, 90, 400]
    assert sorted(given[1].overlaps["label"]) == sorted(given[1].overlaps["label_before"])
    # What is measured does not depend on the numbers.
    in_order = given[0].objects.iloc[[2, 0, 1]].reset_index(drop=True)
    pd.testing.assert_frame_equal(
        in_order.drop(columns="label"), image[0].objects.drop(columns="label")
    )


def test_a_filter_leaves_out_given_cells_but_none_that_a_person_corrected() -> None:
    movie = movie_of(moving_disks())
    labels = labels_of(list(run(movie, RECIPE)))
    labels[:, 0, 0] = 50  # one pixel
    given = CellSource(movie, RECIPE, given=movie_of(labels))
    assert [given.cells(frame).n for frame in (0, 3)] == [3, 2]
    corrected = replace(given, corrected={3: labels[3]})
    assert [corrected.cells(frame).n for frame in (0, 3)] == [3, 3]
    assert corrected.measure(3).objects["label"].tolist() == [1, 2, 50]


def test_one_frame_of_given_labels_serves_all() -> None:
    movie = movie_of(moving_disks())
    labels = np.zeros(movie.shape, np.int32)
    labels[:, :16], labels[:, 40:] = 9, 5
    found = list(CellSource(movie, RECIPE, given=movie_of(labels)).run())
    assert [result.objects["label"].tolist() for result in found] == [[5, 9]] * movie.n_frames
    assert found[0].objects["ch0_mean"].tolist() != found[1].objects["ch0_mean"].tolist()


def test_overlaps_are_found_where_masks_may_differ_and_the_linker_asks() -> None:
    movie = movie_of(moving_disks())
    labels = movie_of(labels_of(list(run(movie, RECIPE))))
    plain = RECIPE.replace(link=Assignment())
    still = RECIPE.replace(input=Input(project_t="max"))

    def has_overlaps(source: CellSource) -> set[bool]:
        return {result.overlaps is not None for result in source.run()}

    for make in (CellSource, CellSource.of_labels):
        assert has_overlaps(make(labels, plain)) == {False}
        assert has_overlaps(make(labels, RECIPE)) == {True}
    # Of an image, the same masks serve all frames; label images are never flattened over time.
    assert has_overlaps(CellSource(movie, still)) == {False}
    assert has_overlaps(CellSource.of_labels(labels, still)) == {True}


def test_labels_alone_have_no_drift_of_their_own() -> None:
    labels = movie_of(labels_of(list(run(movie_of(moving_disks()), RECIPE))))
    found = list(CellSource.of_labels(labels, RECIPE).run())
    assert {result.shift_px for result in found} == {(0.0, 0.0)}
    assert not [name for name in found[0].objects if name.startswith("ch")]


def test_a_source_can_be_sent_to_another_process() -> None:
    movie = movie_of(moving_disks())
    labels = labels_of(list(run(movie, RECIPE)))
    labels[4][labels[4] == 2] = 0
    source = CellSource(
        movie, RECIPE, given=movie_of(labels), corrected={4: labels[4]}, others={"too": movie}
    )
    copy = pickle.loads(pickle.dumps(source))
    found = list(copy.run())
    assert_same(found, list(source.run()))
    assert [len(result.objects) for result in found] == [3, 3, 3, 2, 2, 3]
    assert "too_mean" in found[0].objects


def test_what_is_no_correction_is_refused_by_frame() -> None:
    movie = movie_of(moving_disks())
    source = CellSource(movie, RECIPE, corrected={1: np.full(movie.shape, -1, np.int32)})
    with pytest.raises(MovieError, match="corrected in frame 1, holds negative numbers"):
        source.measure(1)


def test_cells_that_are_kept_keep_their_numbers() -> None:
    ids = np.array([[1, 1, 0], [2, 0, 3]], np.int32)
    cells = Cells(ids, np.array([4, 6, 9]))
    np.testing.assert_array_equal(cells.labels, [[4, 4, 0], [6, 0, 9]])
    kept = cells.only(ObjectFilter(min_area_px2=2)(ids))
    assert (kept.n, kept.numbers.tolist()) == (1, [4])
    np.testing.assert_array_equal(kept.labels, [[4, 4, 0], [0, 0, 0]])
    none = cells.only(np.zeros_like(ids))
    assert none.n == 0
    assert not none.labels.any()
    assert Cells.found(ids).numbers.tolist() == [1, 2, 3]
