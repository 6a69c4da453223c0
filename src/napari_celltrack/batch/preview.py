"""A small picture of a frame with the outlines of its cells, to see at a glance what was found."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from napari_celltrack.arrays.sampling import sample_step
from napari_celltrack.errors import ResultError
from napari_celltrack.movie import Movie, Plane
from napari_celltrack.recipe import Recipe

Picture = npt.NDArray[np.uint8]

#: Width and height that a picture stays within, and how many times a small one is enlarged.
MAX_PX, _MAX_ENLARGED = 480, 4
#: Grey values below and above these percentiles are black and white: a few hot pixels must not
#: make the cells dark.
_PERCENTILES = (0.5, 99.5)
#: Colours of outlines, (red, green, blue), by label in turn: of neighbours that touch, as their
#: labels follow raster order, most differ. All are bright, as they lie on grey.
_COLOURS = np.array(
    [(255, 212, 0), (0, 229, 255), (255, 105, 180), (124, 252, 80), (255, 150, 50)], np.uint8
)
#: A scale bar is about this share of the picture's width.
_BAR_SHARE = 0.22


def outline_png(movie: Movie, recipe: Recipe, frame: int, labels: npt.NDArray[np.int32]) -> bytes:
    """Draw the outlines of the cells of a frame on its image.

    Parameters
    ----------
    movie : Movie
        The input.
    recipe : Recipe
        Its `input` says which channel, planes and part of the image are shown.
    frame : int
        True index.
    labels : ndarray, shape (Y, X), int32
        The cells, in an image as large as the movie's.

    Returns
    -------
    bytes
        A PNG, RGB, at most :data:`MAX_PX` wide and high: the image from its 0.5th to its 99.5th
        percentile, an outline a cell, and a bar with its length where the pixel size is known.

    Raises
    ------
    MovieError, RecipeError
        If the frame cannot be read, or the movie has not what is asked for.
    ResultError
        If the labels are not of the movie's size, or there is nothing to draw.
    """
    image = recipe.input(movie, frame)
    of_cells = np.asarray(labels)[recipe.input.slices_in(movie)]
    if of_cells.shape != image.shape or not image.size:
        raise ResultError(
            f"Outlines of {movie.name} cannot be drawn: labels are {of_cells.shape} and the image "
            f"is {image.shape}; run the recipe again."
        )
    scale = _scale(image.shape)
    picture = np.repeat(_resized(stretched(image), scale)[..., None], 3, axis=2)
    height, width = picture.shape[:2]
    nearest = cv2.INTER_NEAREST_EXACT
    cells = cv2.resize(of_cells.astype(np.int32), (width, height), interpolation=nearest).astype(
        np.int32
    )
    is_outline = _outlines(cells)
    picture[is_outline] = _COLOURS[cells[is_outline] % len(_COLOURS)]
    size_um = recipe.input.calibrated(movie).pixel_size_um
    if size_um is not None:
        _put_scale_bar(picture, size_um[1] * image.shape[1] / width)
    # Outlines are lines: PNG keeps them, JPEG would not.
    done, encoded = cv2.imencode(".png", picture[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not done:
        raise ResultError(f"Outlines of {movie.name} cannot be drawn; run the recipe again.")
    return encoded.tobytes()


def stretched(image: Plane) -> Picture:
    """Return an image in 8 bit, from its 0.5th percentile, black, to its 99.5th, white.

    Parameters
    ----------
    image : ndarray, shape (Y, X), uint8, uint16 or float32
        Finite.

    Returns
    -------
    ndarray, shape (Y, X), uint8
        Black where all values are the same.
    """
    step = sample_step(image.size)
    sample = image[::step, ::step].astype(np.float64)
    low, high = np.percentile(sample, _PERCENTILES)
    if not high > low:
        # Few bright pixels on an even ground are what there is to see.
        low, high = float(sample.min()), float(sample.max())
    if not high > low:
        return np.zeros(image.shape, np.uint8)
    grey = np.subtract(image, np.float32(low), dtype=np.float32)
    # In two steps: the range of 32-bit values can be too wide or too narrow for one factor.
    grey /= np.float32(high - low)
    # In place, as frames are worked on meanwhile.
    np.clip(grey, 0, 1, out=grey)
    grey *= np.float32(255)
    return np.asarray(grey.astype(np.uint8))


def round_length(longest: float) -> float:
    """Return the largest of 1, 2, 5, 10, 20, … (and 0.5, 0.2, …) that is not above a length."""
    power = 10.0 ** np.floor(np.log10(longest))
    fitting = [step * power for step in (1, 2, 5) if step * power <= longest * (1 + 1e-9)]
    return float(fitting[-1]) if fitting else float(power)


def _scale(shape: tuple[int, ...]) -> float:
    """Return how much smaller, or by a whole number larger, a picture is than its image."""
    scale = MAX_PX / max(shape)
    return scale if scale < 1 else float(min(int(scale), _MAX_ENLARGED))


def _resized(grey: Picture, scale: float) -> Picture:
    height, width = (max(1, round(length * scale)) for length in grey.shape)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(grey, (width, height), interpolation=how), np.uint8)


def _outlines(cells: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
    """Return the pixels of cells that touch, by a side, what is not that cell."""
    is_outline = np.zeros(cells.shape, bool)
    across, down = cells[:, 1:] != cells[:, :-1], cells[1:] != cells[:-1]
    is_outline[:, 1:] |= across
    is_outline[:, :-1] |= across
    is_outline[1:] |= down
    is_outline[:-1] |= down
    return is_outline & (cells > 0)


def _put_scale_bar(picture: Picture, pixel_um: float) -> None:
    """Draw a bar and its length into the lower right corner, white on a dark ground."""
    height, width = picture.shape[:2]
    length_um = round_length(_BAR_SHARE * width * pixel_um)
    bar = round(length_um / pixel_um)
    words = _written(f"{length_um:g} µm")
    box_width, box_height = max(bar, words.shape[1]) + 12, words.shape[0] + 16
    if box_width > width or box_height > height:
        return
    box = picture[height - box_height :, width - box_width :]
    box[:] = box // 4
    box[-7:-4, (box_width - bar) // 2 : (box_width - bar) // 2 + bar] = 255
    left = (box_width - words.shape[1]) // 2
    under = box[4 : 4 + words.shape[0], left : left + words.shape[1]]
    np.maximum(under, words[..., None], out=under)


def _written(text: str) -> Picture:
    """Return words as white on black; OpenCV's own letters know no µ."""
    import matplotlib
    from matplotlib.ft2font import FT2Font

    font = FT2Font(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"))
    font.set_size(9, 100)
    font.set_text(text)
    font.draw_glyphs_to_bitmap()
    return np.asarray(font.get_image(), np.uint8)
