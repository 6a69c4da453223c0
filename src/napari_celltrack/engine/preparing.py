"""Preparing: the image of one frame in, the image that cells are looked for in out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from napari_celltrack.arrays.rounding import is_blank
from napari_celltrack.engine.cache import StageCache
from napari_celltrack.engine.channels import with_channel
from napari_celltrack.movie import Movie, Plane
from napari_celltrack.preprocess import DriftCorrection, ReferenceStep, stabilised
from napari_celltrack.recipe import Recipe, Stage


def cached_stage(
    movie: Movie,
    recipe: Recipe,
    name: Stage,
    frame: int,
    compute: Callable[[], Plane],
    *,
    cache: StageCache | None = None,
) -> Plane:
    """Return the result of a stage for one frame, from the cache where it is there.

    Parameters
    ----------
    movie : Movie
        The input.
    recipe : Recipe
        Its stages up to `name` are what the result depends on.
    name : str
        The stage.
    frame : int
        True index.
    compute : callable
        Makes the result, without arguments.
    cache : StageCache, optional
        Where it is looked up and kept.

    Returns
    -------
    ndarray, shape (Y, X)
        Read-only when cached.
    """
    if cache is None:
        return compute()
    key = (name, movie.fingerprint, movie.axes, recipe.upto(name), frame)
    return cache.get(key, compute)


def true_frame(movie: Movie, recipe: Recipe, frame: int) -> int:
    """Return the frame whose result is asked for: with a projection over time, always the first."""
    return recipe.input.frames_of(movie)[0] if recipe.input.project_t else frame


def preprocess_frame(
    movie: Movie, recipe: Recipe, frame: int, cache: StageCache | None = None
) -> Plane:
    """Take the image of one frame through all steps that are on.

    Drift correction does not move it: cells are found where they lie in the file.

    Parameters
    ----------
    movie : Movie
        The input.
    recipe : Recipe
        Its `input` and `preprocess` are used.
    frame : int
        True index.
    cache : StageCache, optional
        Where results of the stages are looked up and kept.

    Returns
    -------
    ndarray, shape (Y, X), uint8, uint16 or float32
        Of the crop, if the recipe has one; read-only when cached.

    Raises
    ------
    MovieError, RecipeError
        If the frame cannot be read, or the recipe does not fit the movie.
    """
    recipe = with_channel(movie, recipe)
    frame = true_frame(movie, recipe, frame)

    def read() -> Plane:
        return cached_stage(
            movie, recipe, "input", frame, lambda: recipe.input(movie, frame), cache=cache
        )

    def reference(index: int) -> Plane:
        """Return the first frame of the range, taken through the steps before this one."""
        before = recipe.replace(preprocess=recipe.preprocess[:index])
        return preprocess_frame(movie, before, recipe.input.frames_of(movie)[0], cache)

    def compute() -> Plane:
        image = read()
        if recipe.preprocess and is_blank(image):
            # Steps would make objects of its dead pixels.
            image = np.full_like(image, np.median(image))
        is_first = frame == recipe.input.frames_of(movie)[0]
        for index, step in enumerate(recipe.preprocess):
            if not step.enabled or isinstance(step, DriftCorrection):
                continue
            if isinstance(step, ReferenceStep):
                image = step(image, image if is_first else reference(index))
            else:
                image = step(image)
        return image

    return cached_stage(movie, recipe, "preprocess", frame, compute, cache=cache)


def shift_of(
    movie: Movie, recipe: Recipe, frame: int, cache: StageCache | None = None
) -> tuple[float, float]:
    """Return how far a frame has moved since the first frame of the range.

    Parameters
    ----------
    movie : Movie
        The input.
    recipe : Recipe
        Its `input` and `preprocess` are used; the first drift correction that is on counts.
    frame : int
        True index.
    cache : StageCache, optional
        Where results of the stages are looked up and kept.

    Returns
    -------
    (float, float)
        Along Y and X in px, positive down and right; (0, 0) without drift correction.
    """
    steps = recipe.preprocess
    index = next(
        (i for i, step in enumerate(steps) if isinstance(step, DriftCorrection) and step.enabled),
        None,
    )
    first = recipe.input.frames_of(movie)[0]
    frame = true_frame(movie, recipe, frame)
    if index is None or frame == first:
        return 0.0, 0.0
    step = steps[index]
    assert isinstance(step, DriftCorrection)  # for the type checker: that is how it was found

    def compute() -> Plane:
        before = recipe.replace(preprocess=steps[:index])
        image = preprocess_frame(movie, before, frame, cache)
        reference = preprocess_frame(movie, before, first, cache)
        return np.array(step.shift_px(image, reference))

    upto = recipe.replace(preprocess=steps[: index + 1]).upto("preprocess")
    key = ("shift", movie.fingerprint, movie.axes, upto, frame)
    y_px, x_px = (compute() if cache is None else cache.get(key, compute)).tolist()
    return y_px, x_px


def prepare_frame(
    movie: Movie, recipe: Recipe, frame: int, cache: StageCache | None = None
) -> Plane:
    """Return the image of one frame as it is after all steps that are on, to look at.

    It is the image that cells are looked for in, moved back by its drift where the recipe has
    drift correction.

    Parameters
    ----------
    movie : Movie
        The input.
    recipe : Recipe
        Its `input` and `preprocess` are used.
    frame : int
        True index.
    cache : StageCache, optional
        Where results of the stages are looked up and kept; what segmenting left there is used.

    Returns
    -------
    ndarray, shape (Y, X), uint8, uint16 or float32
        Of the crop, if the recipe has one; read-only when cached.

    Raises
    ------
    MovieError, RecipeError
        If the frame cannot be read, or the recipe does not fit the movie.
    """
    image = preprocess_frame(movie, recipe, frame, cache)
    return stabilised(image, shift_of(movie, recipe, frame, cache))


def needs_reference(recipe: Recipe) -> bool:
    """Tell whether a step that is on compares each frame with the first."""
    return any(step.enabled and isinstance(step, ReferenceStep) for step in recipe.preprocess)
