"""A movie opens on the channel with its cells, and it is said that nobody chose it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from count_scenes import settle

from napari_celltrack import Recipe
from napari_celltrack.gui.file_recipe import recipe_for_files
from napari_celltrack.gui.session import session_of
from napari_celltrack.gui.show_movie import add_movie
from napari_celltrack.input import Input
from napari_celltrack.movie import movie_from_array
from napari_celltrack.readers import open_movie


def colours(scene, at: int) -> np.ndarray:
    """Return the scene in one colour of a picture; the other two are black."""
    pixels = np.zeros((*scene.shape, 3), np.uint8)
    pixels[..., at] = np.minimum(scene, 255)
    return pixels


@pytest.fixture
def in_green(tmp_path: Path, scene) -> Path:
    path = tmp_path / "green.tif"
    pixels = colours(scene, 1)
    tifffile.imwrite(path, pixels, photometric="rgb", imagej=True, metadata={"axes": "TYXS"})
    return path


def foot(dock) -> str:
    return dock.in_words().sentence


def test_a_picture_opens_on_the_colour_with_cells(
    viewer, open_count, in_green, qtbot, cells_of_frame
) -> None:
    add_movie(viewer, open_movie(in_green))
    dock = open_count()
    settle(qtbot)
    session = session_of(viewer)
    assert session.recipe.input.channel == "green"
    assert session.found.n_cells == cells_of_frame[session.frame]
    assert "looked for in green" in foot(dock) and "another under Channel" in foot(dock)
    assert recipe_for_files(session).input.channel == "green"
    # Nobody chose it, so it is nothing to take back: the settings of the scene are.
    session.undo()
    settle(qtbot)
    assert session.recipe == Recipe(input=Input(channel="green"))
    assert not session.can_undo
    session.redo()
    settle(qtbot)
    # What a person chooses is no assumption, and an empty channel is called so.
    session.update(input=session.recipe.input.replace(channel="red"))
    settle(qtbot)
    assert "looked for in" not in foot(dock)
    assert "0 cells" in foot(dock) and "channel red is empty" in foot(dock)
    assert "choose another one" in foot(dock)
    assert "lower threshold" not in foot(dock)
    # Taking it back leads to the guess again, and so does a reset.
    session.undo()
    settle(qtbot)
    assert session.recipe.input.channel == "green"
    session.update(input=session.recipe.input.replace(channel="blue"))
    session.set_recipe(Recipe())
    settle(qtbot)
    assert session.recipe.input.channel == "green"
    assert "looked for in green" in foot(dock)


def test_a_movie_of_layers_opens_on_the_layer_with_cells(viewer, open_count, scene, qtbot) -> None:
    pixels = np.stack([np.zeros_like(scene), scene, np.zeros_like(scene)], axis=1)
    names = ["DAPI", "GFP", "RFP"]
    movie = movie_from_array(pixels.astype(np.uint16), "TCYX", channels=names)
    layers = add_movie(viewer, movie)
    open_count()
    settle(qtbot)
    session = session_of(viewer)
    assert session.layer is layers[1]
    assert session.recipe.input.channel == "GFP"
    session.open_layer(layers[2])
    settle(qtbot)
    assert (session.recipe.input.channel, session.assumed_channel) == ("RFP", "")


def test_a_guess_holds_for_its_movie_and_a_choice_for_all(viewer, open_count, scene, qtbot) -> None:
    open_count()
    session = session_of(viewer)
    for at, name in ((1, "green"), (0, "red")):
        add_movie(viewer, movie_from_array(colours(scene, at), "TYXC"))
        settle(qtbot)
        assert session.recipe.input.channel == name
    # A recipe of a file says it.
    session.take_recipe(Recipe(input=Input(channel="red")))
    add_movie(viewer, movie_from_array(colours(scene, 2), "TYXC"))
    settle(qtbot)
    assert (session.recipe.input.channel, session.assumed_channel) == ("red", "")
