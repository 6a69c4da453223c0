"""The settings of this window, as they hold for files: a layer is one channel, a file has all."""

from __future__ import annotations

from napari_celltrack.gui.session import Session
from napari_celltrack.gui.show_movie import FILE_CHANNELS
from napari_celltrack.recipe import Recipe, TunedOn


def recipe_for_files(session: Session) -> Recipe:
    """Return the recipe of a session, to be run on files such as the one its layer came from.

    Parameters
    ----------
    session : Session

    Returns
    -------
    Recipe
        With what it was tuned on, if there is a movie, and with the channel that the layer shows
        where the file has several and each became a layer.
    """
    recipe, movie, layer = session.recipe, session.movie, session.layer
    if movie is None or layer is None:
        return recipe
    tuned_on = TunedOn.of(recipe.input.calibrated(movie))
    channel, names = layer.metadata.get(FILE_CHANNELS, (0, ()))
    if len(names) > 1 and len(movie.channels) == 1:
        tuned_on = tuned_on.replace(n_channels=len(names))
        name = names[channel]
        recipe = recipe.replace(
            input=recipe.input.replace(channel=channel if name == str(channel) else name)
        )
    return recipe.replace(tuned_on=tuned_on)


def recipe_for_window(recipe: Recipe, session: Session) -> Recipe:
    """Return the recipe of files as it holds for the layer of a session, which is one channel.

    Parameters
    ----------
    recipe : Recipe
        Of a file; see :func:`recipe_for_files`.
    session : Session

    Returns
    -------
    Recipe
        With the channel of the layer where the file has several and each became a layer: which of
        them the cells are found in is what the user has chosen by the layer.
    """
    movie, layer = session.movie, session.layer
    if movie is None or layer is None or len(movie.channels) > 1:
        return recipe
    if len(layer.metadata.get(FILE_CHANNELS, (0, ()))[1]) < 2:
        return recipe
    return recipe.replace(input=recipe.input.replace(channel=0))
