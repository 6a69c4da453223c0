"""Headers of the items of a run: how large each is, without reading its pixels."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from napari_celltrack.batch.inputs import Item, open_item, open_others
from napari_celltrack.batch.rescale import rescaled
from napari_celltrack.batch.run_options import DEFAULTS, RunOptions
from napari_celltrack.engine.measuring import measured_channels
from napari_celltrack.errors import CelltrackError
from napari_celltrack.movie import Movie
from napari_celltrack.readers.opening import read_file
from napari_celltrack.readers.stored import movie_of
from napari_celltrack.recipe import Recipe

#: Headers read at once: a share on the network answers late, but answers many.
_N_THREADS = 8
#: Recent frames that a video keeps, in the decoder's own memory, and what it works with besides.
_VIDEO_BYTES, _VIDEO_BYTES_A_PIXEL = 64 << 20, 24
_VIDEO_SUFFIXES = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".gif")


@dataclass(frozen=True)
class ItemHeader:
    """What is known of an item before it is run.

    Parameters
    ----------
    item : Item
        The movie.
    recipe : Recipe
        Its settings.
    n_frames : int
        Frames that the recipe works on.
    n_pixels : int
        Of one plane.
    all_bytes : int
        All its pixels in memory: frames, planes, channels, as they are stored.
    decoder_bytes : int
        What a decoder holds of it while it is open, beside the frames it gives.
    """

    item: Item
    recipe: Recipe
    n_frames: int
    n_pixels: int
    all_bytes: int
    decoder_bytes: int = 0


def read_headers(
    recipe: Recipe,
    items: Sequence[Item],
    options: RunOptions = DEFAULTS,
) -> tuple[list[ItemHeader], list[str]]:
    """Read the headers of items.

    Parameters
    ----------
    recipe : Recipe
        Its `input` and `measure` tell what of a movie is used.
    items : sequence of Item
        The movies.
    options : RunOptions, optional
        Its `overrides` and `rescale` change the recipe for some of them.

    Returns
    -------
    headers : list of ItemHeader
        Of the items that can be run.
    reasons : list of str
        A sentence for each of the others.
    """
    with ThreadPoolExecutor(_N_THREADS) as pool:
        found = list(pool.map(lambda item: _header(recipe, item, options), items))
    headers = [header for header in found if isinstance(header, ItemHeader)]
    return headers, [reason for reason in found if isinstance(reason, str)]


def _header(recipe: Recipe, item: Item, options: RunOptions) -> ItemHeader | str:
    """Return the header of an item, or why it has none."""
    try:
        recipe = options.overrides.recipe_for(recipe, item) if options.overrides else recipe
        movie = _open(recipe, item)
        if options.rescale:
            recipe = rescaled(recipe, movie)
        for other in open_others(item).values():
            other.close()
        n_frames = len(recipe.input.frames_of(movie))
        recipe.input.slices_in(movie)
        if recipe.input.channel is not None:
            movie.channel_index(recipe.input.channel)
        measured_channels(movie, recipe)
    except CelltrackError as error:
        return str(error)
    except OSError as error:
        return f"{item.file} cannot be read ({error.strerror or error}); check the disk."
    except MemoryError:
        return f"{item.file} does not fit into memory; crop it."
    n_pixels = movie.height_px * movie.width_px
    is_video = item.path.lower().endswith(_VIDEO_SUFFIXES)
    return ItemHeader(
        item=item,
        recipe=recipe,
        n_frames=n_frames,
        n_pixels=n_pixels,
        all_bytes=all_bytes(movie),
        decoder_bytes=min(_VIDEO_BYTES, movie.n_frames * 2 * n_pixels)
        + _VIDEO_BYTES_A_PIXEL * n_pixels
        if is_video
        else 0,
    )


def all_bytes(movie: Movie) -> int:
    """Return the bytes of all pixels of a movie, as an exact integer."""
    n_planes = movie.n_frames * movie.n_z * len(movie.channels)
    return n_planes * movie.height_px * movie.width_px * movie.dtype.itemsize


def _open(recipe: Recipe, item: Item) -> Movie:
    """Open an item without reading it through: a plan needs no fingerprint of one file."""
    path, axes = Path(item.path).expanduser(), recipe.input.axes
    if item.parts or not path.is_file():
        movie = open_item(item, recipe)
        movie.close()
        return movie
    stored = read_file(path)
    stored.chunks.close()
    return movie_of(stored, name=path.name, path=str(path), fingerprint="", axes=axes)
