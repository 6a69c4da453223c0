"""A layer is one channel, a file has all: the recipe says the channel of the file."""

from __future__ import annotations

import numpy as np
from napari.components import ViewerModel

from napari_celltrack.gui.file_recipe import recipe_for_files, recipe_for_window
from napari_celltrack.gui.session import session_of
from napari_celltrack.gui.show_movie import add_movie
from napari_celltrack.movie import movie_from_array


def test_the_channel_of_a_layer_is_that_of_the_file_in_a_saved_recipe() -> None:
    pixels = np.zeros((2, 2, 32, 32), np.uint16)
    movie = movie_from_array(pixels, "TCYX", channels=("green", "red"))
    viewer = ViewerModel()
    session = session_of(viewer)
    session.open_layer(add_movie(viewer, movie)[1])
    saved = recipe_for_files(session)
    assert saved.input.channel == "red"
    assert saved.tuned_on.n_channels == 2
    assert recipe_for_window(saved, session).input.channel == 0
    one = add_movie(viewer, movie_from_array(pixels[:, 0], "TYX"))[0]
    session.open_layer(one)
    assert recipe_for_files(session).input == session.recipe.input
    session.open_layer(None)
