"""fitted_recipe: the settings of one item, and whatever its user should know of how it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from napari_celltrack.batch.inputs import Item
from napari_celltrack.batch.rescale import rescale_notes, rescaled
from napari_celltrack.batch.run_options import RunOptions
from napari_celltrack.engine import guess_channel
from napari_celltrack.errors import MovieError
from napari_celltrack.movie import Movie
from napari_celltrack.recipe import Recipe


def fitted_recipe(
    recipe: Recipe, item: Item, movie: Movie, others: Mapping[str, Movie], options: RunOptions
) -> tuple[Recipe, tuple[str, ...]]:
    """Return the settings of one item, and what was assumed or left out when it was read.

    Parameters
    ----------
    recipe : Recipe
        Its settings, before they are adapted to it.
    item : Item
        What the movie is called.
    movie : Movie
        The item, opened with the axes of the recipe.
    others : mapping of str to Movie
        Other files that are measured with it.
    options : RunOptions
        With `rescale`, lengths are adapted to the pixel size; with `strict`, nothing is assumed.

    Returns
    -------
    recipe : Recipe
        Adapted, if that is asked for, and with the channel that cells are looked for in.
    warnings : tuple of str
        Sentences.

    Raises
    ------
    RecipeError, MovieError
        If the recipe cannot be adapted, or something was assumed in a strict run.
    """
    warnings = [_sentence(note) for note in movie.notes]
    warnings += [f"{other.name}: {note}." for other in others.values() for note in other.notes]
    asked_for: tuple[str, ...] = ()
    if options.rescale:
        asked_for = rescale_notes(recipe, movie)
        recipe = rescaled(recipe, movie)
    if recipe.tuned_on is not None:
        called = replace(recipe.input.calibrated(movie), name=item.file)
        warnings += recipe.tuned_on.differences(called)
    is_open = recipe.input.channel is None and len(movie.channels) > 1
    if is_open and options.cells_from == "image":
        guess = guess_channel(movie, recipe.input)
        recipe = recipe.replace(input=recipe.input.replace(channel=guess.channel))
        if guess.sentence:
            warnings.append(f"{guess.sentence}; set input.channel if it is another.")
    if options.strict and warnings:
        raise MovieError(
            f"{item.file} has warnings, and the run is strict: {' '.join(warnings)} Settle them in "
            "the recipe or in the file, or run without strict."
        )
    return recipe, (*warnings, *asked_for)


def _sentence(note: str) -> str:
    """Make a sentence of what a reader notes; the name of a file keeps its letters."""
    first, *_ = note.split()
    return f"{note[0].upper() if first.isalpha() else note[0]}{note[1:]}."
