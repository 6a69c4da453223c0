"""One identity of channels and axes: what the window uses is what a run reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from napari.components import ViewerModel

from napari_celltrack import Recipe, open_movie, run
from napari_celltrack.batch import RunOptions, find_inputs, run_files
from napari_celltrack.gui.file_recipe import path_for_files, recipe_for_files, recipe_for_window
from napari_celltrack.gui.found_movies import find_movies
from napari_celltrack.gui.layers.movie_layers import axes_choices
from napari_celltrack.gui.session import session_of
from napari_celltrack.gui.show_movie import add_found, add_movie
from napari_celltrack.movie import movie_from_array
from napari_celltrack.script import to_script
from napari_celltrack.tables import FRAME, LABEL

NAMES = ["DAPI", "GFP", "RFP"]


@pytest.fixture
def model(lane_threads, qtbot):
    model = ViewerModel()
    yield model
    session_of(model).open_layer(None)
    qtbot.waitUntil(lambda: not lane_threads(), timeout=60_000)


@pytest.fixture
def three_channels(tmp_path: Path, scene) -> Path:
    """Return a file whose channels hold the scene, moved and darker from one to the next."""
    path = tmp_path / "three.ome.tif"
    shifted = [np.roll(scene, 2 * channel, axis=2) + 20 * channel for channel in range(3)]
    tifffile.imwrite(
        path,
        np.stack(shifted, axis=1).astype(np.uint16),
        photometric="minisblack",
        metadata={"axes": "TCYX", "Channel": {"Name": NAMES}},
    )
    return path


def open_file(model, path: Path, how: str):
    """Open a file as ours does, or napari's reader, or one that makes a layer a channel."""
    if how == "ours":
        return add_found(model, find_movies(path)[0])
    if how == "napari":
        return model.open(path, plugin="napari")
    pixels = tifffile.imread(path)
    layers = [model.add_image(pixels[:, channel].copy()) for channel in range(3)]
    for layer in layers:
        layer._set_source(layer.source.model_copy(update={"path": str(path)}))
    return layers


def rows_of_window(session) -> pd.DataFrame:
    """Return what the engine makes of the movie and the recipe of the window."""
    found = list(run(session.movie, session.recipe))
    return pd.concat([each.objects for each in found], ignore_index=True)


@pytest.mark.parametrize("how", ["ours", "napari", "split"])
@pytest.mark.parametrize("channel", [0, 1, 2])
def test_window_batch_and_script_agree_column_by_column(
    model, recipe, three_channels, tmp_path, *, how, channel
) -> None:
    session = session_of(model)
    session.set_recipe(recipe)
    layers = open_file(model, three_channels, how)
    if how == "napari":
        session.open_layer(layers[0])
        session.update(input=session.recipe.input.replace(channel=NAMES[channel]))
    else:
        session.open_layer(layers[channel])
    window = rows_of_window(session)
    assert {f"{name}_mean" for name in NAMES} <= set(window.columns)
    saved = recipe_for_files(session)
    assert saved.input.channel == NAMES[channel]
    assert saved.tuned_on.differences(open_movie(three_channels)) == []
    saved.save(tmp_path / "r.yaml")

    (done,) = list(
        run_files(
            Recipe.load(tmp_path / "r.yaml"),
            find_inputs([three_channels]),
            tmp_path / "out",
            RunOptions(),
        )
    )[-1:]
    assert done is not None
    batch = pd.read_csv(tmp_path / "out" / "three.ome" / "objects.csv")
    script = to_script(saved.replace(tuned_on=None), path_for_files(session))
    assert str(three_channels) in script
    names: dict[str, object] = {}
    exec(script.split("objects, overlaps")[0], names)
    found = list(run(names["movie"], names["recipe"]))
    by_script = pd.concat([each.objects for each in found], ignore_index=True)
    for other in (batch, by_script):
        pairs = window.sort_values([FRAME, LABEL]), other.sort_values([FRAME, LABEL])
        measured = [name for name in window if name.endswith(("_mean", "_px", "_px2"))]
        measured = [name for name in measured if not name.startswith("link_")]
        pd.testing.assert_frame_equal(
            *(each[[FRAME, LABEL, *measured]].reset_index(drop=True) for each in pairs),
            rtol=1e-5,
        )


def test_the_channel_of_the_recipe_and_the_layer_follow_each_other(model, three_channels) -> None:
    session = session_of(model)
    layers = open_file(model, three_channels, "ours")
    session.open_layer(layers[0])
    assert not session.can_undo
    session.update(input=session.recipe.input.replace(channel="RFP"))
    assert session.layer is layers[2]
    session.open_layer(layers[1])
    assert session.recipe.input.channel == "GFP"
    # Changes of one field that follow at once are one.
    session.undo()
    assert session.layer is layers[0]
    # A channel that is not there is an error that the docks say, and no other layer.
    session.update(input=session.recipe.input.replace(channel="Cy5"))
    assert session.layer is layers[0]
    # A movie without channels is looked at as it is.
    one = add_movie(model, movie_from_array(np.zeros((2, 32, 32), np.uint16), "TYX"))[0]
    session.undo()
    session.open_layer(layers[2])
    session.open_layer(one)
    assert session.recipe.input.channel is None
    session.undo()
    assert session.recipe.input.channel is None


def test_a_recipe_that_names_a_channel_keeps_it_when_a_movie_is_opened(
    model, three_channels, qtbot
) -> None:
    session = session_of(model)
    session.update(input=session.recipe.input.replace(channel="gfp"))
    layers = open_file(model, three_channels, "ours")
    session.take_movie(layers[0])
    assert session.layer is layers[1]
    assert session.recipe.input.channel == "gfp"


def test_frames_of_one_channel_are_no_channels(model, recipe, three_channels) -> None:
    session = session_of(model)
    session.set_recipe(recipe)
    (_, layer, _) = open_file(model, three_channels, "ours")
    assert axes_choices(layer) == ["TYX", "ZYX"]
    session.open_layer(layer)
    # Only a recipe can say so: the pixels of the layer are read like that, and no others.
    session.update(input=session.recipe.input.replace(axes="CYX", channel=0))
    assert (session.movie.n_frames, len(session.movie.channels)) == (1, 5)
    assert len(rows_of_window(session)) > 0


def test_layers_of_one_file_are_its_channels_and_no_other_images(model, three_channels) -> None:
    session = session_of(model)
    layers = open_file(model, three_channels, "ours")
    session.open_layer(layers[0])
    with pytest.raises(Exception, match="is a channel of this movie"):
        session.others.use([layers[1]])


def test_the_ticks_of_channels_are_in_the_recipe(model, recipe, three_channels) -> None:
    session = session_of(model)
    session.set_recipe(recipe)
    session.open_layer(open_file(model, three_channels, "ours")[1])
    session.update(measure=session.recipe.measure.replace(channels=("RFP",)))
    window = rows_of_window(session)
    assert [name for name in window if name.endswith("_mean")] == ["RFP_mean"]
    saved = recipe_for_files(session)
    found = list(run(open_movie(three_channels), saved))
    assert list(found[0].objects) == list(window)


#: How a file of six planes is tagged, what the user chooses, what a run has to read.
STACKS = [
    ("ZYX", None, "ZYX"),
    ("ZYX", "TYX", "TYX"),
    ("TYX", None, "TYX"),
    ("TYX", "ZYX", "ZYX"),
    (None, None, "TYX"),
    (None, "CYX", "CYX"),
    (None, "ZYX", "ZYX"),
]


@pytest.mark.parametrize("how", ["ours", "napari"])
@pytest.mark.parametrize(("tagged", "chosen", "read"), STACKS)
def test_a_run_reads_the_axes_of_the_window(model, tmp_path, *, tagged, chosen, read, how) -> None:
    path = tmp_path / "a.tif"
    pixels = np.random.default_rng(0).integers(0, 999, (6, 20, 30)).astype(np.uint16)
    kind = {"imagej": True, "metadata": {"axes": tagged}} if tagged else {"photometric": 1}
    tifffile.imwrite(path, pixels, **kind)
    session = session_of(model)
    session.open_layer(open_file(model, path, how)[0])
    if chosen:
        session.update(input=session.recipe.input.replace(axes=chosen))
    saved = recipe_for_files(session)
    movie, shown = open_movie(path, axes=saved.input.axes), session.movie
    assert movie.axes == shown.axes == read
    assert (movie.n_frames, movie.n_z, movie.channels) == (
        shown.n_frames,
        shown.n_z,
        shown.channels,
    )
    assert saved.tuned_on.differences(movie) == []
    other = open_movie(path, axes="TYX" if read == "ZYX" else "ZYX")
    assert any("is read as" in each for each in saved.tuned_on.differences(other))
    assert recipe_for_window(saved, session).input.axes == session.recipe.input.axes


@pytest.mark.parametrize("axes", ["TZCYX", "TCZYX"])
def test_axes_of_a_layer_that_is_a_channel_are_those_of_its_file(model, tmp_path, axes) -> None:
    path = tmp_path / "a.ome.tif"
    shape = {"T": 3, "Z": 4, "C": 2, "Y": 20, "X": 30}
    pixels = np.random.default_rng(0).integers(0, 999, [shape[axis] for axis in axes])
    tifffile.imwrite(
        path, pixels.astype(np.uint16), photometric="minisblack", ome=True, metadata={"axes": axes}
    )
    session = session_of(model)
    session.open_layer(open_file(model, path, "ours")[1])
    assert recipe_for_files(session).input.axes is None
    session.update(input=session.recipe.input.replace(axes="ZTYX"))
    saved = recipe_for_files(session)
    assert saved.input.axes == axes.replace("T", "z").replace("Z", "T").upper()
    movie = open_movie(path, axes=saved.input.axes)
    assert (movie.n_frames, movie.n_z) == (session.movie.n_frames, session.movie.n_z) == (4, 3)
    np.testing.assert_array_equal(movie.plane(1, 2, 1), session.movie.plane(1, 2, 1))
    # A recipe of files comes back as the layer has its dimensions, loaded before or after.
    assert recipe_for_window(saved, session).input.axes == "ZTYX"
    session.set_recipe(saved)
    assert session.movie.n_frames == 4


def test_calibration_of_the_layer_goes_with_the_recipe(model, tmp_path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.zeros((4, 20, 30), np.uint16), imagej=True, metadata={"axes": "TYX"})
    session = session_of(model)
    (layer,) = open_file(model, path, "napari")
    session.open_layer(layer)
    assert recipe_for_files(session).input == session.recipe.input
    layer.units, layer.scale = ("s", "um", "um"), (30, 0.5, 0.5)
    saved = recipe_for_files(session)
    assert (saved.input.pixel_size_um, saved.input.frame_interval_s) == (0.5, 30)
    # What the user typed into the dock comes before what the layer says.
    session.update(input=session.recipe.input.replace(pixel_size_um=0.25))
    saved = recipe_for_files(session)
    assert saved.input.pixel_size_um == 0.25
    assert saved.tuned_on.pixel_size_um == (0.25, 0.25)


def test_an_array_has_no_file_and_says_how_it_was_read(model) -> None:
    session = session_of(model)
    session.open_layer(model.add_image(np.zeros((6, 20, 30), np.uint16)))
    saved = recipe_for_files(session)
    assert saved.input == session.recipe.input
    assert saved.tuned_on.axes == "TYX"
    assert path_for_files(session) is None
    stack = movie_from_array(np.zeros((6, 20, 30), np.uint16), "ZYX")
    assert any("is read as ZYX" in each for each in saved.tuned_on.differences(stack))
    # The sample of two channels has names and no file either.
    pixels = np.zeros((2, 2, 32, 32), np.uint16)
    layers = add_movie(model, movie_from_array(pixels, "TCYX", channels=("green", "red")))
    session.open_layer(layers[1])
    saved = recipe_for_files(session)
    assert (saved.input.channel, saved.tuned_on.n_channels) == ("red", 2)
