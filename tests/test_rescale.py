"""Lengths of a recipe for a movie with pixels of another size."""

from __future__ import annotations

import numpy as np
import pytest

from napari_celltrack.analysis.track_filter import Limit, TrackFilter
from napari_celltrack.batch.rescale import rescale_notes, rescaled
from napari_celltrack.engine import link_objects, run
from napari_celltrack.errors import MovieError, RecipeError
from napari_celltrack.link import Assignment
from napari_celltrack.measure import ObjectFilter
from napari_celltrack.movie import Movie
from napari_celltrack.preprocess import Gaussian, Median
from napari_celltrack.recipe import Crop, Input, Recipe, TunedOn
from napari_celltrack.segment import Erode, LogBlobs, Manual, NoSplit, Regions
from scenes import movie_of, moving_disks


def movie(pixel_size_um: tuple[float, float] | None, interval_s: float | None = None) -> Movie:
    array = np.zeros((4, 8, 8), np.uint8)
    return movie_of(array, name="m", pixel_size_um=pixel_size_um, frame_interval_s=interval_s)


TUNED_ON = TunedOn(pixel_size_um=(1.0, 1.0), frame_interval_s=60, dtype="uint8")


def test_lengths_and_areas_follow_the_pixel_size() -> None:
    recipe = Recipe(
        preprocess=(Median(size_px=3), Gaussian(sigma_px=2)),
        segment=Regions(morphology=(Erode(radius_px=3),)),
        objects=ObjectFilter(min_area_px2=50),
        link=Assignment(max_distance_px=20, max_gap_frames=3, unlinked_cost=1.2),
        tracks=TrackFilter(
            min_length_frames=3,
            limits=(
                Limit(column="displacement_px", min=4),
                Limit(column="speed_px_per_frame", max=6),
                Limit(column="speed_um_per_s", min=5),
            ),
        ),
        tuned_on=TUNED_ON,
    )
    changed = rescaled(recipe, movie((0.5, 0.5)))
    assert changed.preprocess == (Median(size_px=6), Gaussian(sigma_px=4))
    assert changed.segment.morphology == (Erode(radius_px=6),)  # type: ignore[union-attr]
    assert changed.objects.min_area_px2 == 200
    assert changed.link == Assignment(
        max_distance_px=40, max_gap_frames=3, unlinked_cost=1.2, max_division_distance_px=80
    )
    assert changed.tracks.min_length_frames == 3
    first, second, third = changed.tracks.limits
    assert (first.min, second.max, third.min) == (8, 12, 5)
    assert changed.tuned_on == TUNED_ON.replace(pixel_size_um=(0.5, 0.5))
    back = rescaled(changed, movie((1.0, 1.0)))
    assert back == recipe


def test_result_in_um_is_the_same_at_another_magnification() -> None:
    small = moving_disks()
    large = np.kron(small, np.ones((1, 3, 3), np.uint16))
    recipe = Recipe(
        segment=Regions(threshold=Manual(value=100), split=NoSplit()),
        objects=ObjectFilter(min_area_px2=60),
        link=Assignment(max_distance_px=4, divisions=False),
        tuned_on=TUNED_ON,
    )
    known = run_tracks(recipe, movie_of(small, pixel_size_um=(1.0, 1.0)))
    other = movie_of(large, pixel_size_um=(1 / 3, 1 / 3))
    # Steps of 9 px are beyond 4 px: without rescaling nothing is linked.
    assert run_tracks(recipe, other) != known
    assert run_tracks(rescaled(recipe, other), other) == known


def run_tracks(recipe: Recipe, movie: Movie) -> list[tuple[int, float]]:
    results = list(run(movie, recipe))
    tables = link_objects(movie, recipe, [r.objects for r in results], [], {})
    tracks = tables.tracks
    return list(zip(tracks["n_frames"], tracks["displacement_um"].round(6), strict=True))


def test_what_cannot_be_adapted_is_told() -> None:
    recipe = Recipe(
        input=Input(crop=Crop(y_stop_px=4)),
        preprocess=(Median(size_px=2),),
        segment=LogBlobs(min_diameter_px=4, max_diameter_px=12),
        tuned_on=TUNED_ON,
    )
    coarse = movie((4.0, 4.0), 30)
    changed = rescaled(recipe, coarse)
    assert changed.input.crop == recipe.input.crop
    assert changed.preprocess == (Median(size_px=1),)
    assert changed.segment == LogBlobs(min_diameter_px=1.5, max_diameter_px=3)
    scaled, *bounds, crop = rescale_notes(recipe, coarse)
    assert "by 0.25 for m" in scaled
    assert bounds == [
        "preprocess[0].size_px would be 0.5 and is kept at 1.",
        "segment.min_diameter_px would be 1 and is kept at 1.5.",
    ]
    assert "crop is kept" in crop
    assert rescale_notes(recipe, movie((1.004, 1.004), 60)) == ()
    assert rescaled(recipe, movie((1.004, 1.004))) is recipe


def test_pixel_size_of_the_recipe_counts() -> None:
    recipe = Recipe(input=Input(pixel_size_um=2), tuned_on=TUNED_ON)
    assert rescaled(recipe, movie(None)).link.max_distance_px == 10  # type: ignore[union-attr]


def test_unknown_sizes_and_other_shapes_are_refused() -> None:
    with pytest.raises(RecipeError, match="does not say how large the pixels were"):
        rescaled(Recipe(), movie((1.0, 1.0)))
    with pytest.raises(RecipeError, match="does not say how large the pixels were"):
        rescaled(Recipe(tuned_on=TUNED_ON.replace(pixel_size_um=None)), movie((1.0, 1.0)))
    with pytest.raises(MovieError, match="m does not say how large its pixels are"):
        rescaled(Recipe(tuned_on=TUNED_ON), movie(None))
    with pytest.raises(MovieError, match=r"Pixels of m are 1 x 2 µm .* another shape"):
        rescaled(Recipe(tuned_on=TUNED_ON), movie((1.0, 2.0)))
