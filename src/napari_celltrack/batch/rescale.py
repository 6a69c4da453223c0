"""Lengths of a recipe for a movie with pixels of another size than it was tuned on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic.fields import FieldInfo

from napari_celltrack.analysis.track_filter import Limit
from napari_celltrack.errors import MovieError, RecipeError
from napari_celltrack.input import Crop
from napari_celltrack.movie import Movie
from napari_celltrack.recipe import Recipe
from napari_celltrack.settings import Settings, parse

#: The power of a length in px that a name ends in, also of a column such as ``speed_px_per_frame``.
_POWER = re.compile(r"_px([23]?)(?:_per_frame)?$")
#: Rounding in files explains this much.
_SAME = 0.01


def rescaled(recipe: Recipe, movie: Movie) -> Recipe:
    """Return the recipe with its lengths and areas in pixels adapted to a movie.

    A cell of 20 px is one of 10 px where pixels are twice as large. Adapted are all settings in
    px and px²; whole numbers are rounded, and what would leave its range is kept at its end. The
    crop is not: it is a place in an image and no size. Numbers of frames, and grey values, stay.

    Parameters
    ----------
    recipe : Recipe
        With `tuned_on`.
    movie : Movie
        With a pixel size, of its own or by the recipe.

    Returns
    -------
    Recipe
        With the pixel size of the movie in `tuned_on`; the same recipe where pixels are as large.

    Raises
    ------
    RecipeError
        If the recipe does not say what it was tuned on.
    MovieError
        If the movie has no pixel size, or its pixels are of another shape.
    """
    return _rescaled(recipe, movie).recipe


def rescale_notes(recipe: Recipe, movie: Movie) -> tuple[str, ...]:
    """Say what :func:`rescaled` changes for a movie, and what it cannot adapt; a sentence each.

    Raises
    ------
    RecipeError, MovieError
        As :func:`rescaled`.
    """
    return tuple(_rescaled(recipe, movie).notes)


@dataclass
class _Rescaled:
    recipe: Recipe
    notes: list[str] = field(default_factory=list)


def _rescaled(recipe: Recipe, movie: Movie) -> _Rescaled:
    movie = recipe.input.calibrated(movie)
    factor = _factor(recipe, movie)
    tuned_on = recipe.tuned_on
    assert tuned_on is not None  # _factor refuses it
    found = _Rescaled(recipe)
    if factor != 1:
        scale = _Scale(factor)
        values = {name: scale(getattr(recipe, name), name) for name in Recipe.model_fields}
        values["tuned_on"] = tuned_on.replace(pixel_size_um=movie.pixel_size_um)
        found.recipe = parse(Recipe, values)
        found.notes.append(
            f"Lengths in pixels are multiplied by {factor:.3g} for {movie.name}, as its pixels "
            "have another size than those the recipe was tuned on."
        )
        found.notes += scale.notes
        if recipe.input.crop is not None:
            found.notes.append(
                f"The crop is kept as it is; check that it is in the right place in {movie.name}."
            )
    return found


def _factor(recipe: Recipe, movie: Movie) -> float:
    """Return how many pixels of the movie are as long as one that the recipe was tuned on."""
    before = recipe.tuned_on.pixel_size_um if recipe.tuned_on else None
    now = movie.pixel_size_um
    if before is None:
        raise RecipeError(
            "The recipe does not say how large the pixels were that it was tuned on, so its "
            "lengths cannot be adapted; save it anew with a calibrated movie open, or run without "
            "rescaling."
        )
    if now is None:
        raise MovieError(
            f"{movie.name} does not say how large its pixels are, so lengths cannot be adapted to "
            "it; set input.pixel_size_um for it, or run without rescaling."
        )
    along_y, along_x = before[0] / now[0], before[1] / now[1]
    if abs(along_y - along_x) > _SAME * along_y:
        raise MovieError(
            f"Pixels of {movie.name} are {now[0]:.4g} x {now[1]:.4g} µm (height x width) and were "
            f"{before[0]:.4g} x {before[1]:.4g} µm where the recipe was tuned, which is another "
            "shape and not only another size; check the calibration, or run without rescaling."
        )
    factor = (along_y * along_x) ** 0.5
    return 1.0 if abs(factor - 1) <= _SAME else factor


@dataclass
class _Scale:
    """Scales all lengths of nested settings, and notes what could not be scaled fully."""

    factor: float
    notes: list[str] = field(default_factory=list)

    def __call__(self, value: Any, path: str) -> Any:
        """Return settings, or a sequence of them, with their lengths scaled."""
        if isinstance(value, tuple):
            return tuple(self(entry, f"{path}[{i}]") for i, entry in enumerate(value))
        if isinstance(value, Crop) or not isinstance(value, Settings):
            return value
        return parse(type(value), dict(self._scaled_fields(value, path)))

    def _scaled_fields(self, settings: Settings, path: str) -> Iterator[tuple[str, Any]]:
        # The column that a limit is for says the unit of its numbers.
        of_column = _power(settings.column) if isinstance(settings, Limit) else 0
        for name, info in type(settings).model_fields.items():
            value, at = getattr(settings, name), f"{path}.{name}"
            power = of_column if name in ("min", "max") and of_column else _power(name)
            if power and isinstance(value, int | float):
                yield name, self._length(value, power, info, at)
            else:
                yield name, self(value, at)

    def _length(self, value: float, power: int, info: FieldInfo, path: str) -> float:
        scaled = value * self.factor**power
        wanted = round(scaled) if isinstance(value, int) else scaled
        low, high = _range(info)
        within = max(wanted, low) if low is not None else wanted
        within = min(within, high) if high is not None else within
        if within != wanted:
            self.notes.append(f"{path} would be {scaled:.3g} and is kept at {within:.4g}.")
        elif within and abs(within - scaled) > 0.25 * scaled:
            self.notes.append(
                f"{path} would be {scaled:.3g} and is rounded to {within}, which changes it much."
            )
        return within


def _power(name: str) -> int:
    found = _POWER.search(name)
    return int(found[1] or 1) if found else 0


def _range(info: FieldInfo) -> tuple[float | None, float | None]:
    """Return the smallest and largest value that a field takes; open ends are no ends."""
    low = next((bound.ge for bound in info.metadata if hasattr(bound, "ge")), None)
    high = next((bound.le for bound in info.metadata if hasattr(bound, "le")), None)
    return low, high
