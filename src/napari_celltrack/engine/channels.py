"""The channel that cells are looked for in where a recipe names none."""

from __future__ import annotations

import threading
import weakref
from dataclasses import dataclass

import numpy as np

from napari_celltrack.analysis.frame_health import health_of
from napari_celltrack.analysis.plausibility import plausibility
from napari_celltrack.engine.parts import part_to_try
from napari_celltrack.input import Input
from napari_celltrack.measure import ObjectFilter
from napari_celltrack.movie import RGB_CHANNELS, Movie, Plane
from napari_celltrack.recipe import Recipe
from napari_celltrack.segment import Regions

#: Another channel must be so many times better than one before it, as for suggested settings.
_CLEARLY_BETTER = 1.5
#: About the width of the cells that the standard settings are made for.
_STANDARD_PX = 28.0

#: What was found of a movie, by the part of it that was looked at.
_known: weakref.WeakKeyDictionary[Movie, dict[str, ChannelGuess]] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


@dataclass(frozen=True)
class ChannelGuess:
    """The channel of a movie that shows its cells, as far as that can be told from its pixels.

    Parameters
    ----------
    channel : int or str
        As a recipe names it: by index where it has no name.
    sentence : str
        What was assumed, and why, without its full stop; empty where there was nothing to choose.
    """

    channel: int | str
    sentence: str


def with_channel(movie: Movie, recipe: Recipe) -> Recipe:
    """Return a recipe that names the channel with the cells, where there are several.

    One that names any stays as it is.

    Parameters
    ----------
    movie : Movie
        The input.
    recipe : Recipe
        Of its `input` the channel, the crop, the frames and the projection over Z are used.

    Raises
    ------
    MovieError, RecipeError
        If a frame cannot be read, or the recipe does not fit the movie.
    """
    if recipe.input.channel is not None or len(movie.channels) == 1:
        return recipe
    channel = guess_channel(movie, recipe.input).channel
    return recipe.replace(input=recipe.input.replace(channel=channel))


def guess_channel(movie: Movie, input_: Input) -> ChannelGuess:
    """Find the channel in which most of the image is covered by what looks like cells.

    The standard settings find cells in the first, the middle and the last frame of each channel,
    in the part of a large image where most is seen. How much of it is covered counts by how much
    the cells look like some. The first of channels that are about as good is taken.

    Parameters
    ----------
    movie : Movie
        The input.
    input_ : Input
        Its crop, frames and projection over Z are used.

    Returns
    -------
    ChannelGuess
        The same each time, and kept for as long as the movie is.

    Raises
    ------
    MovieError, RecipeError
        If a frame cannot be read, or there is no such crop or frame.
    """
    if len(movie.channels) == 1:
        return ChannelGuess(0, "")
    key = input_.model_dump_json(include={"crop", "frames", "project_z"})
    with _lock:
        known = _known.setdefault(movie, {})
    # Two threads that ask at once both look, and find the same; other movies need not wait.
    if key not in known:
        known[key] = _guess(movie, input_)
    return known[key]


def _guess(movie: Movie, input_: Input) -> ChannelGuess:
    frames = input_.replace(project_t=None).frames_of(movie)
    places = sorted({frames[0], frames[len(frames) // 2], frames[-1]})
    channels = [
        index
        for index, name in enumerate(movie.channels)
        if not (name == RGB_CHANNELS[3] and movie.channels[:3] == RGB_CHANNELS[:3])
    ]
    covered, is_seen = np.zeros(len(channels)), np.zeros(len(channels), bool)
    are_alike = True
    for frame in places:
        first: Plane | None = None
        for row, channel in enumerate(channels):
            image = input_.replace(channel=channel, project_t=None)(movie, frame)
            are_alike = are_alike and (first is None or np.array_equal(image, first))
            first = image if first is None else first
            if health_of(image).is_empty:
                continue
            is_seen[row] = True
            covered[row] += _covered_by_cells(image)
    if are_alike:
        # A picture in grey that is stored in colours.
        return ChannelGuess(movie.channel_name(channels[0]), "")
    good = covered if covered.any() else is_seen.astype(float)
    chosen = channels[int(np.argmax(good * _CLEARLY_BETTER >= good.max()))]
    name = movie.channel_name(chosen)
    called = f"channel {name}" if isinstance(name, int) else name
    if covered.any():
        why = "in which most looks like cells"
    elif is_seen.any():
        why = "the first that is not empty, as no channel shows what looks like cells"
    else:
        why = "the first, as all channels are empty"
    return ChannelGuess(name, f"Cells are looked for in {called}, {why}")


def _covered_by_cells(image: Plane) -> float:
    """Return how much of an image is covered by cells, weighted by how much they look like some."""
    part = np.ascontiguousarray(image[part_to_try(image)])
    labels = np.asarray(ObjectFilter()(Regions()(part)), np.int32)
    looks = plausibility(part, labels, _STANDARD_PX)
    return looks.score * np.count_nonzero(labels) / labels.size
