from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_celltrack.errors import RecipeError
from napari_celltrack.preprocess import Gaussian, Median
from napari_celltrack.recipe import STAGES, Crop, FrameRange, Input, Recipe, TunedOn
from scenes import movie_of


def test_yaml_round_trip(tmp_path: Path) -> None:
    recipe = Recipe(
        input=Input(channel="red", crop=Crop(y_stop_px=40), frames=FrameRange(start=2, step=3)),
        preprocess=(Median(size_px=2), Gaussian(sigma_px=2.5)),
    )
    recipe.save(tmp_path / "recipe.yaml")
    assert Recipe.load(tmp_path / "recipe.yaml") == recipe


def test_what_is_left_out_takes_its_default() -> None:
    assert Recipe.from_yaml("version: 1") == Recipe()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("version: 1\npreproces: []", "recipe: preproces: is not a known setting"),
        ("version: 2", "recipe: version: input should be 1, not 2"),
        ("input: {}", "recipe has no version; add the line 'version: 1'."),
        ("[1, 2]", "recipe is not a recipe; it should start with"),
        ("version: 1\n\tinput: {}", "recipe is not valid YAML: .* in line 2"),
        (
            "version: 1\npreprocess: [{method: gaussian}, {method: gaussian, sigma_px: -1}]",
            r"preprocess\[1\]\.sigma_px: input should be greater than .*, not -1",
        ),
        (
            "version: 1\nsegment: {method: regions, threshold: {method: otsu, ofset: 3}}",
            r"segment\.threshold\.ofset: is not a known setting",
        ),
        (
            "version: 1\nsegment: {method: regions, threshold: {method: best}}",
            r"segment\.threshold: unknown method 'best', use one of ",
        ),
        ("version: 1\ninput: {axes: TY}", r"input\.axes: axes must be different letters of TCZYX"),
        ("version: 1\ninput: {crop: {x_start_px: 9, x_stop_px: 9}}", "x_stop_px must be above"),
        ("version: 1\ninput: {frames: {start: 5, stop: 2}}", "stop must be above start"),
        ("version: 1\nlink: {method: nearest, max_distance_px: .nan}", r"link\.max_distance_px: "),
    ],
)
def test_mistakes_are_said_in_words_with_the_path(text: str, sentence: str) -> None:
    with pytest.raises(RecipeError, match=sentence) as caught:
        Recipe.from_yaml(text)
    assert "\n" not in str(caught.value)


def test_all_mistakes_are_named_at_once() -> None:
    with pytest.raises(RecipeError, match=r"input\.chanel.*objects\.min_area_px2"):
        Recipe.from_yaml("version: 1\ninput: {chanel: 1}\nobjects: {min_area_px2: -4}")


def test_file_that_is_no_recipe(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"cannot be read .*; check the path"):
        Recipe.load(tmp_path / "missing.yaml")
    (tmp_path / "image.yaml").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(RecipeError, match="is not a text file"):
        Recipe.load(tmp_path / "image.yaml")
    with pytest.raises(RecipeError, match="cannot be written"):
        Recipe().save(tmp_path / "no" / "folder.yaml")


def test_key_of_a_stage_holds_what_comes_before_and_nothing_after() -> None:
    recipe = Recipe()
    changed = {
        "input": recipe.replace(input=Input(channel=1)),
        "preprocess": recipe.replace(preprocess=(Median(),)),
        "objects": recipe.replace(objects=recipe.objects.replace(min_area_px2=77)),
        "link": recipe.replace(link=recipe.link.replace(max_distance_px=3)),
    }
    for name, other in changed.items():
        for stage in STAGES:
            is_same = recipe.upto(stage) == other.upto(stage)
            assert is_same == (STAGES.index(stage) < STAGES.index(name)), (name, stage)
    assert all(recipe.upto(s) == recipe.replace(export=()).upto(s) for s in STAGES)


def test_recipe_remembers_what_it_was_tuned_on_and_says_what_differs() -> None:
    pixels = np.zeros((3, 2, 8, 8), np.uint16)
    movie = movie_of(pixels, "TCYX", pixel_size_um=(0.5, 0.5), frame_interval_s=30.0)
    recipe = Recipe(tuned_on=TunedOn.of(movie))
    assert Recipe.from_yaml(recipe.to_yaml()) == recipe
    assert recipe.tuned_on is not None
    assert recipe.tuned_on.differences(movie) == []
    assert recipe.upto("tracks") == Recipe().upto("tracks")
    near = movie_of(pixels, "TCYX", pixel_size_um=(0.501, 0.5))
    assert recipe.tuned_on.differences(near) == []
    other = movie_of(
        pixels[:, 0].astype(np.uint8), pixel_size_um=(0.25, 0.25), frame_interval_s=60.0
    )
    size, interval, dtype, channels = recipe.tuned_on.differences(other)
    assert "0.25 µm and was 0.5 µm" in size
    assert "every 60 s" in interval
    assert "uint8 and the recipe was tuned on uint16" in dtype
    assert "1 channels" in channels


def test_limits_baseline_and_ring_are_read_from_yaml() -> None:
    recipe = Recipe.from_yaml(
        """version: 1
measure: {ring: {gap_px: 1, width_px: 4}}
tracks: {limits: [{column: path_px, min: 5}]}
traces: {baseline: {method: maximin, window_frames: 30}, bleaching: exponential}
motion: {subtract_drift: true}
"""
    )
    assert recipe.measure.ring is not None
    assert recipe.measure.ring.width_px == 4
    assert recipe.tracks.limits[0].min == 5
    assert recipe.traces.baseline.method == "maximin"
    assert recipe.motion.subtract_drift
    assert Recipe.from_yaml(recipe.to_yaml()) == recipe
    with pytest.raises(RecipeError, match=r"traces\.baseline: unknown method 'best'"):
        Recipe.from_yaml("version: 1\ntraces: {baseline: {method: best}}")
