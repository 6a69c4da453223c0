"""The channel with the cells, where a recipe names none."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import tifffile

from command import celltrack
from napari_celltrack import Recipe, engine
from napari_celltrack.engine import guess_channel, segment_frame, with_channel
from napari_celltrack.input import Input
from napari_celltrack.sample_data import moving_cells
from scenes import movie_of


@pytest.fixture(scope="module")
def cells() -> np.ndarray:
    """Return 3 frames of nuclei on a noisy ground, uint8, shape (3, 160, 160)."""
    made = moving_cells(3, (160, 160), 8).movie()
    frames = np.stack([made.plane(frame) for frame in range(3)]).astype(float)
    return (200 * (frames - frames.min()) / np.ptp(frames) + 10).astype(np.uint8)


def texture(like: np.ndarray) -> np.ndarray:
    """Return noise that is smooth over a few pixels, as bright as the cells."""
    noise = np.random.default_rng(0).normal(100, 30, like.shape)
    return np.clip(noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("at", [0, 1, 2])
def test_cells_are_found_whichever_colour_shows_them(cells, at) -> None:
    colours = np.zeros((*cells.shape, 3), np.uint8)
    colours[..., at] = cells
    movie = movie_of(colours, "TYXC")
    guess = guess_channel(movie, Input())
    assert guess.channel == ("red", "green", "blue")[at]
    assert guess.sentence.startswith(f"Cells are looked for in {guess.channel}, in which most")
    found = segment_frame(movie, Recipe(), 1)
    np.testing.assert_array_equal(found, segment_frame(movie_of(cells), Recipe(), 1))
    assert found.max() >= 7


def test_nuclei_come_before_noise_and_texture_that_are_as_bright(cells) -> None:
    movie = movie_of(np.stack([texture(cells), cells], axis=1), "TCYX")
    assert guess_channel(movie, Input()).channel == 1
    # A channel without a name is called by its number.
    assert "in channel 1, in which" in guess_channel(movie, Input()).sentence


def test_a_channel_that_goes_dark_comes_after_one_that_stays(cells) -> None:
    fading = cells * np.array([1, 0, 0], np.uint8)[:, None, None]
    movie = movie_of(np.stack([fading, cells], axis=1), "TCYX")
    assert guess_channel(movie, Input()).channel == 1
    # Of the first frame alone both are as good, and the first is taken.
    alone = Input.model_validate({"frames": {"stop": 1}})
    assert guess_channel(movie, alone).channel == 0


def test_a_named_channel_is_never_changed(cells) -> None:
    movie = movie_of(np.stack([np.zeros_like(cells), cells], axis=1), "TCYX")
    named = Recipe(input=Input(channel=0))
    assert with_channel(movie, named) is named
    assert segment_frame(movie, named, 0).max() == 0


def test_grey_in_three_colours_and_one_channel_are_no_choice(cells) -> None:
    grey = np.repeat(cells[..., None], 3, axis=-1)
    guess = guess_channel(movie_of(grey, "TYXC"), Input())
    assert (guess.channel, guess.sentence) == ("red", "")
    alone = guess_channel(movie_of(cells), Input())
    assert (alone.channel, alone.sentence) == (0, "")


def test_opacity_is_no_channel_of_cells(cells) -> None:
    pixels = np.zeros((*cells.shape, 4), np.uint8)
    pixels[..., 3] = cells
    guess = guess_channel(movie_of(pixels, "TYXC"), Input())
    assert guess.channel == "red"


def test_nothing_anywhere_is_said(cells) -> None:
    dark = np.zeros((*cells.shape, 3), np.uint8)
    dark[0, 0, 0, 1] = 3
    guess = guess_channel(movie_of(dark, "TYXC"), Input())
    assert guess.channel == "red"
    assert "all channels are empty" in guess.sentence


@pytest.mark.parametrize("strategy", ["vertical", "horizontal"])
def test_a_run_says_which_channel_it_took_and_writes_it_down(cells, strategy, tmp_path) -> None:
    colours = np.zeros((*cells.shape, 3), np.uint8)
    colours[..., 2] = cells
    path, out = tmp_path / "a.tif", tmp_path / "out"
    tifffile.imwrite(path, colours, photometric="rgb", imagej=True, metadata={"axes": "TYXS"})
    (tmp_path / "r.yaml").write_text("version: 1\n")
    command = ("run", tmp_path / "r.yaml", path, "-o", out, "--strategy", strategy)
    celltrack(*command)
    (row,) = csv.DictReader((out / "summary.csv").open(encoding="utf-8"))
    assert "looked for in blue" in row["warnings"] and "set input.channel" in row["warnings"]
    made_with = Recipe.load(out / row["folder"] / "recipe.yaml")
    assert made_with.input.channel == "blue"
    # The same run again keeps it, and that is known before.
    assert "1 of 1 done with these settings" in celltrack(*command).stderr
    strict = ("run", tmp_path / "r.yaml", path, "-o", tmp_path / "strict", "--strict")
    assert "has warnings" in celltrack(*strict, "--strategy", strategy, code=1).stdout
    # What the recipe says is not assumed.
    made_with.save(tmp_path / "named.yaml")
    named = ("run", tmp_path / "named.yaml", path, "-o", tmp_path / "named", "--strict")
    celltrack(*named, "--strategy", strategy)
    frames = list(engine.run(movie_of(cells), Recipe()))
    n_cells = sum(len(frame.objects) for frame in frames)
    for results in (out, tmp_path / "named"):
        rows = list(csv.DictReader((results / "a" / "objects.csv").open(encoding="utf-8")))
        assert len(rows) == n_cells


def test_real_movies_open_on_their_cells(shared_data: Path) -> None:
    from napari_celltrack.readers import open_movie

    for place, channel in {
        "lesson4/f1.tif": "red",
        "lesson4/CellVideo.mp4": "red",
        "drosophila_rgb/DrosophilaEmbryo_GFPHistone_0006.tif": "green",
        "two_channel_reporter/bintu_s41_t061-t120_y288-512_x0-288_TCYX.tif": 1,
        "formats/xyc_8bit__cyto_nuclei.tif": 1,
    }.items():
        assert guess_channel(open_movie(shared_data / place), Input()).channel == channel
