"""What a recipe says of the channel and axes of a file, beside layers that show a channel each."""

from __future__ import annotations

from napari.layers import Image

from napari_celltrack.errors import CelltrackError
from napari_celltrack.gui.layers.layer_file import file_of
from napari_celltrack.recipe import Recipe


def is_one_of_several(layer: Image | None) -> bool:
    """Whether a layer shows one of several channels of a file."""
    return layer is not None and file_of(layer).channel is not None


def recipe_in(layer: Image | None, before: Image | None, recipe: Recipe) -> Recipe:
    """Return a recipe by which cells are looked for in the channel that a layer shows.

    Parameters
    ----------
    layer : Image or None
        The layer.
    before : Image or None
        The one before it: a channel that was chosen by that layer has no meaning in a layer that
        has no channels.
    recipe : Recipe
        Its channel stays where it is the same, and where a layer shows several.
    """
    if is_one_of_several(layer):
        return (
            recipe
            if _channel_in(layer, recipe) == file_of(layer).channel
            else _with_channel(recipe, file_of(layer).channel_name)
        )
    if layer is None or not is_one_of_several(before):
        return recipe
    return recipe_of(layer, recipe)


def recipe_of(layer: Image | None, recipe: Recipe) -> Recipe:
    """Return the recipe of another movie as it holds here: without a channel that is gone."""
    movie = None if layer is None else file_of(layer).movie
    if movie is None or _channel_in(layer, recipe) is not None:
        return recipe
    return without_channel(recipe)


def without_channel(recipe: Recipe) -> Recipe:
    """Return a recipe that leaves it open which channel shows the cells."""
    return _with_channel(recipe, None)


def does_name_channel(layer: Image, recipe: Recipe) -> bool:
    """Whether a recipe names a channel of the file of a layer, and not by its index."""
    is_name = isinstance(recipe.input.channel, str)
    return is_name and is_one_of_several(layer) and _channel_in(layer, recipe) is not None


def axes_in_layer(layer: Image, axes: str | None) -> str | None:
    """Return the axes of a recipe as those of a layer, which has fewer dimensions than its file."""
    if axes is None or len(axes) == layer.ndim + layer.rgb:
        return axes
    return file_of(layer).axes_in_layer(axes) or axes


def _channel_in(layer: Image | None, recipe: Recipe) -> int | None:
    movie, channel = None if layer is None else file_of(layer).movie, recipe.input.channel
    try:
        return None if movie is None or channel is None else movie.channel_index(channel)
    except CelltrackError:
        return None


def _with_channel(recipe: Recipe, channel: int | str | None) -> Recipe:
    return recipe.replace(input=recipe.input.replace(channel=channel))
