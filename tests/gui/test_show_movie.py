from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_celltrack.gui.show_movie import add_movie
from napari_celltrack.movie import movie_from_array

RANDOM = np.random.default_rng(0)


def test_calibrated_stack_keeps_pixels_and_place(viewer) -> None:
    stack = RANDOM.integers(0, 999, (3, 2, 8, 9)).astype(np.uint16)
    movie = movie_from_array(
        stack, "TZYX", name="a.tif", pixel_size_um=(0.5, 0.25), z_step_um=2, frame_interval_s=60
    )
    (layer,) = add_movie(viewer, movie)
    np.testing.assert_array_equal(np.asarray(layer.data), stack)
    assert layer.name == "a"
    assert layer.scale.tolist() == [60, 2, 0.5, 0.25]
    assert [str(unit) for unit in layer.units] == [
        "second",
        "micrometer",
        "micrometer",
        "micrometer",
    ]


def test_unknown_calibration_stays_pixels(viewer) -> None:
    (layer,) = add_movie(viewer, movie_from_array(np.zeros((8, 9), np.uint8), "YX"))
    assert layer.scale.tolist() == [1, 1]
    assert {str(unit) for unit in layer.units} == {"pixel"}


@pytest.mark.parametrize("axes", ["TYXC", "YXC"])
def test_colours_are_one_layer(viewer, axes: str) -> None:
    pixels = RANDOM.integers(0, 255, (4, 8, 9, 3)[4 - len(axes) :]).astype(np.uint8)
    (layer,) = add_movie(viewer, movie_from_array(pixels, axes))
    assert layer.rgb
    np.testing.assert_array_equal(np.asarray(layer.data), pixels)


def test_channels_are_a_layer_each(viewer) -> None:
    pixels = RANDOM.integers(0, 255, (2, 3, 8, 9)).astype(np.uint8)
    movie = movie_from_array(pixels, "CTYX", name="b.tif", channels=["YFP", "RFP"])
    layers = add_movie(viewer, movie)
    assert [layer.name for layer in layers] == ["b YFP", "b RFP"]
    np.testing.assert_array_equal(np.asarray(layers[1].data), pixels[1])


def test_channels_are_shown_in_their_colours_and_their_light_is_added(viewer) -> None:
    pixels = np.zeros((3, 8, 9), np.uint8)
    movie = movie_from_array(pixels, "CYX", channels=["DAPI", "GFP", "RFP"])
    layers = add_movie(viewer, replace(movie, colours=("#0000ff", "#00ff80", "")))
    # A colour that napari has no name for is a colormap from black to it.
    assert layers[0].colormap.name == "blue"
    np.testing.assert_allclose(layers[1].colormap.colors[-1], (0, 1, 128 / 255, 1), atol=0.01)
    assert layers[2].colormap.name == "yellow"
    assert [layer.blending for layer in layers[1:]] == ["additive", "additive"]
    usual = add_movie(viewer, movie)
    assert [layer.colormap.name for layer in usual] == ["cyan", "magenta", "yellow"]
    (alone,) = add_movie(viewer, movie_from_array(pixels[0], "YX"))
    assert (alone.colormap.name, alone.blending) == ("gray", "translucent_no_depth")


@pytest.mark.parametrize("axes", ["YX", "TYX", "TZYX"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_hot_pixel_leaves_no_black_picture(viewer, axes: str, dtype: type) -> None:
    pixels = RANDOM.normal(20, 3, (2, 2, 64, 64)[4 - len(axes) :]).astype(dtype)
    pixels[..., 20:30, 20:30] += 20
    pixels[..., 5, 5] = 250 if dtype == np.uint8 else 65535
    (layer,) = add_movie(viewer, movie_from_array(pixels, axes))
    low, high = layer.contrast_limits
    # The cells are bright, and the ground is dark.
    assert (40 - low) / (high - low) > 0.7
    assert 0 <= (20 - low) / (high - low) < 0.5


def test_a_movie_without_hot_pixels_is_shown_as_napari_does_it(viewer) -> None:
    pixels = RANDOM.normal(200, 30, (3, 64, 64))
    pixels[:, 20:23, 20:23] = 4000  # a small cell is no hot pixel
    pixels = pixels.astype(np.uint16)
    (layer,) = add_movie(viewer, movie_from_array(pixels, "TYX"))
    assert tuple(layer.contrast_limits) == (pixels.min(), pixels.max())


@pytest.mark.parametrize("pixels", [np.full((8, 9), 7.0), np.full((8, 9), np.nan)])
def test_a_picture_of_one_grey_is_left_to_napari(viewer, pixels: np.ndarray) -> None:
    (layer,) = add_movie(viewer, movie_from_array(pixels.astype(np.float32), "YX"))
    assert layer.contrast_limits[0] < layer.contrast_limits[1]


def test_a_mask_has_a_contrast(viewer) -> None:
    (layer,) = add_movie(viewer, movie_from_array(RANDOM.random((3, 8, 9)) > 0.5, "TYX"))
    assert layer.contrast_limits[0] < layer.contrast_limits[1]
