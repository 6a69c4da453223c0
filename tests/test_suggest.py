"""Suggested settings: scenes where the right way to find cells is known, and real truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy import ndimage

from napari_celltrack.analysis import detection_f1
from napari_celltrack.analysis.plausibility import plausibility
from napari_celltrack.engine import segment_frame
from napari_celltrack.engine.suggest import suggest
from napari_celltrack.input import Crop, Input
from napari_celltrack.link import Nearest
from napari_celltrack.measure import ObjectFilter
from napari_celltrack.movie import Movie
from napari_celltrack.preprocess import Invert
from napari_celltrack.readers import open_movie
from napari_celltrack.recipe import Recipe
from napari_celltrack.segment import Manual, Regions
from scenes import disk, movie_of

BRIGHT = [(60, 60), (60, 180), (180, 60), (180, 180)]
DIM = [(120, 30), (120, 120), (30, 120), (210, 120), (120, 210)]


def scene(radius: float = 12, dim: float = 40) -> tuple[np.ndarray, np.ndarray]:
    """Return bright and dim disks on noisy ground, and their labels."""
    truth = np.zeros((240, 240), np.int32)
    image = np.zeros(truth.shape)
    for label, place in enumerate(BRIGHT + DIM, start=1):
        mask = disk(truth.shape, *place, radius)
        truth[mask], image[mask] = label, 1000 if place in BRIGHT else dim
    image = ndimage.gaussian_filter(image, 1) + np.random.default_rng(0).normal(100, 4, image.shape)
    return image.clip(0).astype(np.uint16), truth


def f1(movie: Movie, recipe: Recipe, truth: np.ndarray, frame: int = 0) -> float:
    labels = np.asarray(segment_frame(movie, recipe, frame), np.int32)
    return detection_f1(labels, truth.astype(np.int32)).value


# --- from the image alone ----------------------------------------------------------------------


def test_standard_settings_are_kept_where_they_fit() -> None:
    image, _ = scene(dim=600)
    advice = suggest(movie_of(image), Recipe(), 0)
    assert advice.recipe == Recipe()
    assert advice.n_cells == len(BRIGHT + DIM)
    assert advice.cell_diameter_px == pytest.approx(24, abs=1.5)
    assert advice.sentence == "The standard settings fit: 9 cells of about 24 px."


def test_what_the_recipe_says_of_finding_cells_does_not_matter() -> None:
    image, _ = scene(dim=600)
    tuned = Recipe(
        segment=Regions(threshold=Manual()),
        objects=ObjectFilter(min_area_px2=7, max_area_px2=9),
        link=Nearest(max_distance_px=77),
    )
    changed = suggest(movie_of(image), tuned, 0).recipe
    assert changed == tuned.replace(segment=Recipe().segment, objects=Recipe().objects)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "uint16", "float32"])
def test_an_empty_frame_gives_a_sentence_and_leaves_the_recipe(dtype: str) -> None:
    recipe = Recipe(preprocess=(Invert(enabled=False),))
    for image in (np.zeros((80, 90), dtype), np.ones((1, 1), dtype)):
        advice = suggest(movie_of(image), recipe, 0)
        assert advice.recipe == recipe
        assert advice.cell_diameter_px is None
        assert "Nothing stands out of the noise in frame 0" in advice.sentence


def test_noise_gives_a_sentence_too() -> None:
    noise = np.random.default_rng(0).normal(1000, 50, (200, 200)).astype(np.uint16)
    advice = suggest(movie_of(noise), Recipe(), 0)
    assert advice.recipe == Recipe()
    assert "nothing is suggested" in advice.sentence


def test_cells_far_larger_than_usual_get_settings_of_their_size() -> None:
    # Wider than half the window that the standard settings seek the background in.
    truth = np.zeros((700, 700), np.int32)
    for label, place in enumerate([(180, 180), (180, 520), (520, 180), (520, 520)], start=1):
        truth[disk(truth.shape, *place, 120)] = label
    grain = np.random.default_rng(0).normal(100, 5, truth.shape)
    image = (ndimage.gaussian_filter(300.0 * (truth > 0), 3) + grain).astype(np.uint16)
    movie = movie_of(image)
    advice = suggest(movie, Recipe(), 0)
    assert f1(movie, Recipe(), truth) < 1
    assert f1(movie, advice.recipe, truth) == 1
    assert advice.cell_diameter_px == pytest.approx(240, rel=0.05)
    assert advice.recipe.objects.min_area_px2 > 1000


def test_a_way_must_hold_for_the_whole_movie(shared_data: Path) -> None:
    # In the first frame the standard settings find every nucleus, later they break them up.
    movie = open_movie(shared_data / "ctc_sim_nuclei" / "01")
    advice = suggest(movie, Recipe(), 0)
    found, standard = [], []
    for frame in (0, 4, 9):
        truth = tifffile.imread(
            shared_data / "ctc_sim_nuclei" / "01_GT" / "TRA" / f"man_track{frame:03}.tif"
        )
        found.append(f1(movie, advice.recipe, truth, frame))
        standard.append(f1(movie, Recipe(), truth, frame))
    assert min(found) == 1
    assert np.mean(standard) < 0.6
    assert advice.scores["triangle"] > advice.scores["standard"]


@pytest.mark.parametrize("name", ["IXMtest_B19", "IXMtest_G22"])
def test_good_standard_settings_are_not_made_worse(shared_data: Path, name: str) -> None:
    image = next((shared_data / "bbbc039" / "images").glob(f"{name}*"))
    truth = tifffile.imread(shared_data / "bbbc039" / "labels" / image.name)
    movie = open_movie(image)
    suggested = f1(movie, suggest(movie, Recipe(), 0).recipe, truth)
    assert suggested >= f1(movie, Recipe(), truth) - 0.01


# --- from clicks -------------------------------------------------------------------------------


def test_clicks_on_dim_cells_find_them() -> None:
    image, truth = scene()
    movie = movie_of(image)
    assert segment_frame(movie, Recipe(), 0).max() == len(BRIGHT)
    advice = suggest(movie, Recipe(), 0, clicks_px=[*DIM[:2], BRIGHT[0]])
    assert f1(movie, advice.recipe, truth) == 1
    assert "3 of 3 clicks each in a cell of its own" in advice.sentence
    # Cells like those under the clicks are let through, specks are not.
    assert 50 < advice.recipe.objects.min_area_px2 < 300


def test_clicks_are_in_the_coordinates_of_the_whole_image() -> None:
    image, _ = scene()
    wide = np.pad(image, ((50, 0), (70, 0)), mode="reflect")
    recipe = Recipe(input=Input(crop=Crop(y_start_px=50, x_start_px=70)))
    clicks = [(y + 50, x + 70) for y, x in DIM]
    advice = suggest(movie_of(wide), recipe, 0, clicks_px=clicks)
    assert "5 of 5 clicks" in advice.sentence


def test_clicks_outside_the_image_hit_nothing() -> None:
    image, _ = scene(dim=600)
    advice = suggest(movie_of(image), Recipe(), 0, clicks_px=[(-5, 3), (999, 10), BRIGHT[0]])
    assert "1 of 3 clicks" in advice.sentence


def test_a_large_image_is_tried_where_the_clicks_are() -> None:
    image, _ = scene()
    large = np.random.default_rng(1).normal(100, 4, (1500, 1500)).clip(0).astype(np.uint16)
    large[1240:1480, 1240:1480] = image
    clicks = [(y + 1240, x + 1240) for y, x in DIM]
    advice = suggest(movie_of(large), Recipe(), 0, clicks_px=clicks)
    assert "5 of 5 clicks" in advice.sentence
    assert "9 cells" in advice.sentence


# --- what cells look like ----------------------------------------------------------------------


def test_true_cells_look_more_like_cells_than_any_distortion() -> None:
    image, truth = scene(dim=600)
    cells = plausibility(image, truth, 24)
    assert cells.n_cells == 9
    assert cells.diameter_px == pytest.approx(24, abs=0.5)
    assert cells.solidity > 0.95
    assert (cells.whole, cells.stands_out) == (1, 1)
    grown = ndimage.grey_dilation(truth, size=(9, 9))
    missed = np.where(truth > 4, 0, truth)
    split = truth + 9 * ((truth > 0) & (np.indices(truth.shape)[0] % 24 < 4))
    split = np.searchsorted(np.unique(split), split).astype(np.int32)
    for worse in (grown, missed, split):
        assert plausibility(image, worse, 24).score < 0.85 * cells.score


def test_specks_of_noise_do_not_stand_out() -> None:
    noise = np.random.default_rng(0).normal(100, 10, (200, 200))
    labels, n_specks = ndimage.label(ndimage.gaussian_filter(noise, 1) > 107)
    looks = plausibility(noise.astype(np.float32), labels.astype(np.int32), 4)
    assert n_specks > 50
    assert looks.stands_out < 0.05


def test_no_cells_score_nothing() -> None:
    image, _ = scene()
    assert plausibility(image, np.zeros(image.shape, np.int32), 24).score == 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (4, 4)])
def test_tiny_images_do_not_crash(shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 255, shape).astype(np.uint8)
    suggest(movie_of(image), Recipe(), 0)
    whole = plausibility(image, np.ones(shape, np.int32), 3)
    assert 0 <= whole.score <= 1
