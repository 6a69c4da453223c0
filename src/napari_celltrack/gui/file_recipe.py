"""The settings of this window, as they hold for files: whatever it used is in the recipe."""

from __future__ import annotations

from typing import Any

from napari_celltrack.errors import CelltrackError
from napari_celltrack.gui.file_channels import axes_in_layer
from napari_celltrack.gui.layers.layer_file import LayerFile, file_of
from napari_celltrack.gui.session import Session
from napari_celltrack.movie import Movie
from napari_celltrack.recipe import Input, Recipe, TunedOn


def recipe_for_files(session: Session) -> Recipe:
    """Return the recipe of a session, to be run on files such as the one its layer came from.

    Parameters
    ----------
    session : Session

    Returns
    -------
    Recipe
        With what it was tuned on, if there is a movie; with the channel by its name, and with axes
        and calibration where the window has others than the file says.
    """
    recipe, movie, layer = session.recipe, session.movie, session.layer
    if movie is None or layer is None:
        return recipe
    file = file_of(layer)
    tuned_on = TunedOn.of(recipe.input.calibrated(movie))
    if file.movie is not None:
        axes = file.axes_in_file(movie.axes)
        tuned_on = tuned_on.replace(axes=TunedOn.of(file.read_as(movie.axes) or movie).axes)
        own = {"axes": axes} if axes and _is_read_otherwise(recipe.input, movie, file) else {}
        recipe = recipe.replace(
            input=recipe.input.replace(
                **_named(recipe.input, movie), **own, **_sizes(recipe.input, movie, file)
            )
        )
    return recipe.replace(tuned_on=tuned_on)


def recipe_for_window(recipe: Recipe, session: Session) -> Recipe:
    """Return the recipe of files as it holds for the layer of a session.

    Parameters
    ----------
    recipe : Recipe
        Of a file; see :func:`recipe_for_files`.
    session : Session

    Returns
    -------
    Recipe
        With the axes of the layer, which has no dimension of channels where each is a layer.
    """
    axes, layer = recipe.input.axes, session.layer
    if axes is None or layer is None:
        return recipe
    axes = file_of(layer).axes_in_layer(axes) or axes_in_layer(layer, axes)
    return recipe.replace(input=recipe.input.replace(axes=axes))


def path_for_files(session: Session) -> str | None:
    """Return where the movie of a session can be opened; None if it is an array, or of parts."""
    layer = session.layer
    file = LayerFile() if layer is None else file_of(layer)
    if file.movie is None or (file.found is not None and file.found.item.parts):
        return None
    return file.movie.path or None


def _is_read_otherwise(input_: Input, movie: Movie, file: LayerFile) -> bool:
    """Whether the axes of a layer are not those that a run would take from its file."""
    return input_.axes is not None or movie.axes != file.axes


def _named(input_: Input, movie: Movie) -> dict[str, Any]:
    if input_.channel is None:
        return {}
    try:
        channel = movie.channel_index(input_.channel)
    except CelltrackError:
        return {}
    return {"channel": movie.channel_name(channel)}


def _sizes(input_: Input, movie: Movie, file: LayerFile) -> dict[str, Any]:
    """Return the sizes that a person gave to the layer, where its file has others."""
    told, sizes = file.read_as(movie.axes), {}
    own_um, own_s = movie.pixel_size_um, movie.frame_interval_s
    if told is None:
        return {}
    # A recipe has one size for both sides of a pixel.
    if (
        input_.pixel_size_um is None
        and own_um
        and own_um[0] == own_um[1]
        and own_um != told.pixel_size_um
    ):
        sizes["pixel_size_um"] = own_um[0]
    if input_.frame_interval_s is None and own_s and own_s != told.frame_interval_s:
        sizes["frame_interval_s"] = own_s
    return sizes
