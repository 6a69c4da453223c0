"""Show a movie that was read by our readers: lazily, at its place in the world."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from napari.components import ViewerModel
from napari.layers import Image

from napari_celltrack.gui.contrast import contrast_of
from napari_celltrack.gui.found_movies import FOUND, FoundMovie
from napari_celltrack.gui.movie_array import MovieArray
from napari_celltrack.movie import RGB_CHANNELS, Movie

#: Data, options and type of a layer, as readers and samples give them to napari.
LayerTuple = tuple[Any, dict[str, Any], str]


#: Colours of channels whose file gives them none, in this order.
_COLOURS = ("cyan", "magenta", "yellow", "green", "red", "blue")
#: Names of channels that are colours.
_PURE = ("red", "green", "blue", "gray")
#: Names of napari for colours of files.
_NAMED = {
    "#ff0000": "red",
    "#00ff00": "green",
    "#0000ff": "blue",
    "#00ffff": "cyan",
    "#ff00ff": "magenta",
    "#ffff00": "yellow",
}


def add_movie(viewer: ViewerModel, movie: Movie) -> list[Image]:
    """Add a movie to a viewer: one layer for a picture in colours, else one a channel.

    Parameters
    ----------
    viewer : ViewerModel
        Where to add it.
    movie : Movie
        Read as the viewer asks for frames.

    Returns
    -------
    list of Image
        With units of length and time where the movie is calibrated, in pixels otherwise.
    """
    return add_layers(viewer, movie_layers(movie))


def add_found(viewer: ViewerModel, found: FoundMovie) -> list[Image]:
    """Open a movie that was found in a file or a folder, and add it to a viewer.

    Parameters
    ----------
    viewer : ViewerModel
        Where to add it.
    found : FoundMovie
        One of several, maybe; its layers know of it.

    Returns
    -------
    list of Image

    Raises
    ------
    MovieError
        If it cannot be read.
    """
    return add_layers(viewer, movie_layers(found.open(), found))


def add_layers(viewer: ViewerModel, layers: Iterable[LayerTuple]) -> list[Image]:
    """Add layers of images to a viewer."""
    return [viewer.add_image(data, **options) for data, options, _ in layers]


def movie_layers(movie: Movie, found: FoundMovie | None = None) -> list[LayerTuple]:
    """Return what :func:`add_movie` adds, in the form that readers and samples give to napari.

    Parameters
    ----------
    movie : Movie
        Read as the viewer asks for frames.
    found : FoundMovie, optional
        Where it was found.

    Returns
    -------
    list of (MovieArray, dict, "image")
        Data ([T,] [Z,] Y, X[, 3]), the options of the layer, its type.
    """
    name = found.item.name if found else Path(movie.name).stem or movie.name
    metadata = {FOUND: found} if found else {}
    place = place_of(movie)
    if movie.channels == RGB_CHANNELS[: len(movie.channels)] and len(movie.channels) >= 3:
        options = {"name": name, "rgb": True, "metadata": metadata, **place}
        return [(MovieArray(movie, range(3)), options, "image")]
    layers: list[LayerTuple] = []
    for index, channel in enumerate(movie.channels):
        own = name if len(movie.channels) == 1 else f"{name} {channel}"
        data = MovieArray(movie, index)
        options = {"name": own, "metadata": dict(metadata), **place, **contrast_of(data)}
        if len(movie.channels) > 1:
            options |= _look(movie, index)
        layers.append((data, options, "image"))
    return layers


def _look(movie: Movie, channel: int) -> dict[str, Any]:
    """Return the colour of a channel, as its file says or one of a set that tells them apart.

    The first covers what lies below, and the others are added to its light.
    """
    said = movie.colours[channel] if movie.colours else ""
    name = movie.channels[channel].lower()
    colour = said or (name if name in _PURE else _COLOURS[channel % len(_COLOURS)])
    # napari has colormaps of these names.
    shown = _NAMED.get(colour, colour)
    return {"colormap": shown, "blending": "additive" if channel else "translucent_no_depth"}


def place_of(movie: Movie) -> dict[str, Any]:
    """Return ``scale``, ``units`` and, where they are known, ``axis_labels`` of a movie's layer."""
    height_um, width_um = movie.pixel_size_um or (1.0, 1.0)
    length = "um" if movie.pixel_size_um else "pixel"
    interval_s, z_step_um = movie.frame_interval_s, movie.z_step_um
    steps = [
        (movie.n_frames > 1, interval_s or 1.0, "s" if interval_s else "pixel"),
        (movie.n_z > 1, z_step_um or 1.0, "um" if z_step_um else "pixel"),
        (True, height_um, length),
        (True, width_um, length),
    ]
    place: dict[str, Any] = {
        "scale": [step for present, step, _ in steps if present],
        "units": [unit for present, _, unit in steps if present],
    }
    if not movie.axes_note:
        named = zip("TZYX", steps, strict=True)
        place["axis_labels"] = [axis for axis, (present, *_) in named if present]
    return place
