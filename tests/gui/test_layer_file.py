"""A layer that another reader made of a file is read as our own reader would read the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from napari.components import ViewerModel

from napari_celltrack import open_movie
from napari_celltrack.gui.layers.layer_file import forget_file
from napari_celltrack.gui.layers.movie_layers import cells_layer, guess_axes, movie_from_layer
from napari_celltrack.gui.session import session_of
from napari_celltrack.movie import Movie

RANDOM = np.random.default_rng(0)
#: What a file holds, by name: shape, how it is written.
OME = {"ome": True, "photometric": "minisblack"}
KINDS = {
    "ome TYX": (
        (5, 20, 30),
        OME,
        {
            "axes": "TYX",
            "PhysicalSizeX": 0.3,
            "PhysicalSizeXUnit": "µm",
            "PhysicalSizeY": 0.3,
            "PhysicalSizeYUnit": "µm",
            "TimeIncrement": 60,
            "TimeIncrementUnit": "s",
        },
    ),
    "imagej ZYX": (
        (6, 20, 30),
        {"imagej": True, "resolution": (2, 2)},
        {"axes": "ZYX", "unit": "um", "spacing": 1.5},
    ),
    "imagej TZCYX": ((3, 4, 2, 20, 30), {"imagej": True}, {"axes": "TZCYX"}),
    "ome TCZYX": (
        (3, 2, 4, 20, 30),
        OME,
        {"axes": "TCZYX", "Channel": {"Name": ["GFP", "RFP"]}},
    ),
    "one time": ((1, 2, 1, 20, 30), OME, {"axes": "TCZYX"}),
    "plain": ((6, 20, 30), {"photometric": "minisblack"}, None),
    "one plane": ((20, 30), {"imagej": True, "resolution": (2, 2)}, {"unit": "um"}),
}
FACTS = ("n_frames", "n_z", "channels", "pixel_size_um", "z_step_um", "frame_interval_s", "notes")


def facts(movie: Movie) -> dict[str, object]:
    return {name: getattr(movie, name) for name in FACTS}


def written(folder: Path, kind: str) -> Path:
    shape, how, metadata = KINDS[kind]
    path = folder / ("a.ome.tif" if "ome" in how else "a.tif")
    pixels = RANDOM.integers(0, 4000, shape).astype(np.uint16)
    tifffile.imwrite(path, pixels, metadata=metadata, **how)
    return path


@pytest.fixture
def model() -> ViewerModel:
    return ViewerModel()


@pytest.fixture
def looking(model, recipe, qtbot, lane_threads):
    """Return a model and its session, of which somebody looks at the cells."""
    session = session_of(model)
    session.set_recipe(recipe)
    watch = session.watch("cells")
    yield model, session
    watch.end()
    session.open_layer(None)
    qtbot.waitUntil(lambda: not lane_threads(), timeout=60_000)


def dropped(model: ViewerModel, path: Path):
    (layer,) = model.open(path, plugin="napari")
    assert layer.source.reader_plugin == "napari"
    return layer


@pytest.mark.parametrize("kind", KINDS)
def test_what_napari_reads_is_what_the_file_says(model, tmp_path, kind) -> None:
    path = written(tmp_path, kind)
    ours, shown = open_movie(path), movie_from_layer(dropped(model, path))
    assert facts(shown) == facts(ours)
    assert shown.path == str(path)
    for frame, z, channel in np.ndindex(ours.n_frames, ours.n_z, len(ours.channels)):
        np.testing.assert_array_equal(shown.plane(frame, z, channel), ours.plane(frame, z, channel))


@pytest.mark.parametrize("axes", ["TYX", "CYX", "ZYX"])
def test_axes_that_the_user_chooses_are_those_of_the_file_read_so(model, tmp_path, axes) -> None:
    path = written(tmp_path, "imagej ZYX")
    shown = movie_from_layer(dropped(model, path), axes)
    assert facts(shown) == facts(open_movie(path, axes=axes))
    assert shown.axes == axes


def test_what_a_layer_says_itself_comes_first(model, tmp_path) -> None:
    layer = dropped(model, written(tmp_path, "ome TYX"))
    layer.axis_labels = ("z", "y", "x")
    layer.units = ("um", "um", "um")
    layer.scale = (2, 0.25, 0.25)
    movie = movie_from_layer(layer)
    assert (movie.axes, movie.z_step_um, movie.pixel_size_um) == ("ZYX", 2, (0.25, 0.25))


@pytest.mark.parametrize("how", ["cropped", "edited", "stacked", "other"])
def test_what_is_not_in_the_file_is_taken_as_it_is_and_said(model, tmp_path, how) -> None:
    path = written(tmp_path, "imagej ZYX")
    if how == "stacked":
        (layer,) = model.open([path, path], plugin="napari", stack=True)
    else:
        layer = dropped(model, path)
        if how == "cropped":
            layer.data = layer.data[:, 2:]
        elif how == "edited":
            layer.data[:, 3] += 1
        else:
            layer.data = layer.data + 1
    movie = movie_from_layer(layer)
    assert (movie.pixel_size_um, movie.path) == (None, "")
    assert guess_axes(layer)[0] == "T"
    (note,) = movie.notes
    assert note.startswith("a is not as a.tif is read")


def test_pixels_that_are_edited_later_are_noticed(model, tmp_path) -> None:
    layer = dropped(model, written(tmp_path, "ome TYX"))
    assert movie_from_layer(layer).pixel_size_um == (0.3, 0.3)
    layer.data[0] += 1
    forget_file(layer)
    assert movie_from_layer(layer).pixel_size_um is None


def test_a_file_that_is_gone_or_no_image_of_ours_says_nothing(model, tmp_path) -> None:
    path = written(tmp_path, "imagej ZYX")
    layer = dropped(model, path)
    path.unlink()
    assert movie_from_layer(layer).notes == ()
    np.save(tmp_path / "a.npy", np.zeros((3, 8, 9)))
    assert movie_from_layer(dropped(model, tmp_path / "a.npy")).notes == ()


def test_the_newest_movie_is_the_one_in_use(model, tmp_path, qtbot) -> None:
    session = session_of(model)
    first = dropped(model, written(tmp_path, "plain"))
    session.open_layer(first)
    (tmp_path / "b").mkdir()
    second = dropped(model, written(tmp_path / "b", "ome TYX"))
    qtbot.waitUntil(lambda: session.layer is second)
    # An array that somebody adds, as a filter does, is no movie that was opened.
    model.add_image(np.zeros((5, 20, 30)))
    qtbot.wait(50)
    assert session.layer is second
    session.open_layer(None)


def test_cells_lie_over_the_movie_that_was_opened_last(looking, scene, qtbot) -> None:
    model, session = looking
    session.open_layer(model.add_image(scene))
    qtbot.waitUntil(lambda: cells_layer(model) is not None)
    second = model.add_image(scene)
    session.open_layer(second)
    assert list(model.layers)[-2:] == [second, cells_layer(model)]
