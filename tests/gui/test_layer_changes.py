"""Movies are read from layers, and cells written to them."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
from napari.components import ViewerModel

from napari_celltrack.errors import MovieError
from napari_celltrack.gui.layers import movie_layers


@pytest.fixture
def model():
    """Return a viewer without a window."""
    return ViewerModel()


# Reading a layer


@pytest.mark.parametrize(
    ("shape", "axes", "n_frames", "n_channels"),
    [
        ((8, 9), "YX", 1, 1),
        ((5, 8, 9), "TYX", 5, 1),
        ((5, 2, 8, 9), "TZYX", 5, 1),
        ((8, 9, 3), "YXC", 1, 3),
        ((5, 8, 9, 4), "TYXC", 5, 4),
    ],
)
def test_axes_are_guessed(model, shape, axes, n_frames, n_channels):
    image = model.add_image(np.zeros(shape, np.uint8), rgb=axes.endswith("C"))
    movie = movie_layers.movie_from_layer(image)
    assert movie.axes == axes
    assert (movie.n_frames, len(movie.channels)) == (n_frames, n_channels)
    assert movie.shape == (8, 9)


def test_axes_that_the_layer_names_are_taken(model):
    image = model.add_image(np.zeros((2, 5, 8, 9)), axis_labels=("channel", "time", "y", "x"))
    assert movie_layers.movie_from_layer(image).axes == "CTYX"


def test_axes_that_do_not_fit_a_layer_are_refused(model):
    with pytest.raises(MovieError, match="do not fit"):
        movie_layers.movie_from_layer(model.add_image(np.zeros((5, 8, 9))), "YX")


def test_a_scale_without_physical_units_is_no_calibration(model):
    movie = movie_layers.movie_from_layer(model.add_image(np.zeros((5, 8, 9)), scale=(2, 0.5, 0.5)))
    assert movie.pixel_size_um is None
    assert movie.frame_interval_s is None


def test_units_are_converted(model):
    image = model.add_image(
        np.zeros((5, 4, 8, 9)), scale=(2, 3, 500, 250), units=("min", "um", "nm", "nm")
    )
    movie = movie_layers.movie_from_layer(image)
    assert movie.pixel_size_um == pytest.approx((0.5, 0.25))
    assert movie.z_step_um == pytest.approx(3)
    assert movie.frame_interval_s == pytest.approx(120)


def test_the_frame_in_view_counts_scale_offset_and_units(model):
    image = model.add_image(
        np.zeros((5, 8, 9)), scale=(2, 1, 1), translate=(10, 0, 0), units=("s", "um", "um")
    )
    movie = movie_layers.movie_from_layer(image)
    for frame in range(5):
        model.dims.set_point(0, 10 + 2 * frame)
        assert movie_layers.frame_in_view(model, image, movie) == frame


def test_the_frame_in_view_of_a_layer_with_fewer_dimensions(model):
    model.add_image(np.zeros((3, 5, 8, 9)))
    image = model.add_image(np.zeros((5, 8, 9)))
    movie = movie_layers.movie_from_layer(image)
    model.dims.set_current_step(1, 4)
    assert movie_layers.frame_in_view(model, image, movie) == 4


def test_only_images_of_numbers_are_offered(model):
    model.add_points(np.zeros((2, 2)))
    model.add_labels(np.zeros((8, 9), int))
    model.add_image(np.zeros((2, 2, 2, 2, 8, 9)))
    good = model.add_image(np.zeros((8, 9), bool))
    assert movie_layers.image_layers(model) == [good]


# Writing a layer


@pytest.mark.parametrize(
    ("shape", "rgb", "axes"),
    [
        ((8, 9), False, "YX"),
        ((5, 8, 9), False, "TYX"),
        ((5, 2, 8, 9), False, "TZYX"),
        ((5, 2, 8, 9), False, "TCYX"),
        ((2, 5, 8, 9), False, "CTYX"),
        ((2, 8, 9), False, "CYX"),
        ((8, 9, 3), True, "YXC"),
        ((5, 8, 9, 3), True, "TYXC"),
    ],
)
def test_cells_lie_over_all_dimensions_of_the_image(model, shape, rgb, axes):
    image = model.add_image(np.zeros(shape, np.uint8), rgb=rgb)
    movie = movie_layers.movie_from_layer(image, axes)
    frame = movie.n_frames - 1
    found = np.arange(72, dtype=np.int32).reshape(8, 9)
    for _ in range(2):
        cells = movie_layers.show_labels(model, image, movie, frame, found)
    assert cells.data.shape == (shape[:-1] if rgb else shape)
    assert cells.data.dtype == np.int32
    rows = axes.removesuffix("C") if rgb else axes
    shown = cells.data[tuple({"T": frame}.get(axis, slice(None)) for axis in rows)]
    np.testing.assert_array_equal(shown, np.broadcast_to(found, shown.shape))
    assert len(model.layers) == 2


def test_a_long_movie_takes_no_memory_for_what_was_not_found(model, monkeypatch):
    monkeypatch.setattr(movie_layers, "_MAX_PLAIN_BYTES", 1000)
    image = model.add_image(da.zeros((1000, 8, 9), chunks=(1, 8, 9)))
    movie = movie_layers.movie_from_layer(image)
    found = np.arange(72, dtype=np.int32).reshape(8, 9)
    cells = movie_layers.show_labels(model, image, movie, 500, found)
    assert type(cells.data).__module__.startswith("zarr")
    movie_layers.show_labels(model, image, movie, 501, found)
    np.testing.assert_array_equal(cells.data[500], found)
    np.testing.assert_array_equal(cells.data[501], found)
    assert not np.asarray(cells.data[499]).any()


def test_the_selection_of_the_user_stays(model):
    image = model.add_image(np.zeros((5, 8, 9)))
    movie = movie_layers.movie_from_layer(image)
    movie_layers.show_labels(model, image, movie, 0, np.zeros((8, 9), np.int32))
    assert model.layers.selection.active is image
    assert set(model.layers.selection) == {image}


def test_another_image_gets_a_new_layer_of_cells(model):
    found = np.ones((8, 9), np.int32)
    for shape in ((5, 8, 9), (8, 9)):
        image = model.add_image(np.zeros(shape))
        movie = movie_layers.movie_from_layer(image)
        cells = movie_layers.show_labels(model, image, movie, 0, found)
    assert cells.data.shape == (8, 9)
    assert [layer.name for layer in model.layers].count("cells") == 1
