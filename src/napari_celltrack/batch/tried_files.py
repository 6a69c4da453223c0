"""A few files of a batch, tried on one frame each before the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from napari_celltrack.batch.inputs import Item, open_item
from napari_celltrack.batch.preview import outline_png
from napari_celltrack.engine import segment_frame, with_channel
from napari_celltrack.errors import CelltrackError
from napari_celltrack.recipe import Recipe
from napari_celltrack.text import plural

#: Files that are tried at most.
N_TRIED = 3


@dataclass(frozen=True)
class TriedFile:
    """What was found in the middle frame of a file, or why nothing could be.

    Parameters
    ----------
    item : Item
        The file.
    picture : bytes
        The frame with outlines, as PNG.
    words : str
        How many cells there are.
    problem : str
        Why there is no picture; empty where there is one.
    """

    item: Item
    picture: bytes = b""
    words: str = ""
    problem: str = ""


def few_of(items: Sequence[Item]) -> list[Item]:
    """Return the first, the middle and the last item, each once."""
    places = dict.fromkeys((0, len(items) // 2, len(items) - 1))
    return [items[place] for place in places if 0 <= place < len(items)]


def try_files(items: Sequence[Item], recipe_of: Callable[[Item], Recipe]) -> Iterator[TriedFile]:
    """Find the cells of the middle frame of each item; what is wrong with one stays with it."""
    for item in items:
        try:
            recipe = recipe_of(item)
            movie = open_item(item, recipe)
        except CelltrackError as error:
            yield TriedFile(item, problem=str(error))
            continue
        try:
            recipe = with_channel(movie, recipe)
            frames = recipe.input.frames_of(movie)
            frame = frames[len(frames) // 2]
            labels = segment_frame(movie, recipe, frame)
            n_cells = int(labels.max(initial=0))
            place = f" in frame {frame}" if movie.n_frames > 1 else ""
            words = f"{n_cells:,} {plural(n_cells, 'cell')}{place}"
            yield TriedFile(item, outline_png(movie, recipe, frame, labels), words)
        except CelltrackError as error:
            yield TriedFile(item, problem=str(error))
        finally:
            movie.close()
