"""Recipe: one frozen value that says everything which changes the answer.

The docks, the command line and batch hold the same recipe and give it to the same engine. It is
saved as YAML that a person can read and edit.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import yaml
from pydantic import Field

from napari_celltrack.analysis import Motion, Traces, TrackFilter
from napari_celltrack.errors import RecipeError
from napari_celltrack.export import Export, LabelsTiff, TablesCsv
from napari_celltrack.input import Crop, FrameRange, Input
from napari_celltrack.link import Assignment, Linker
from napari_celltrack.measure import Measure, ObjectFilter
from napari_celltrack.movie import Movie
from napari_celltrack.preprocess import PreprocessStep
from napari_celltrack.segment import Regions, Segmenter
from napari_celltrack.settings import OneOf, Settings, parse
from napari_celltrack.whole_files import write_text
from napari_celltrack.yaml_text import parse_yaml, read_yaml_text

__all__ = ["STAGES", "Crop", "FrameRange", "Input", "Recipe", "Stage", "TunedOn"]

Stage = Literal["input", "preprocess", "segment", "objects", "measure", "link", "tracks"]

#: The stages in the order they run; the fields of a recipe in the order they are saved.
STAGES: tuple[Stage, ...] = (
    "input",
    "preprocess",
    "segment",
    "objects",
    "measure",
    "link",
    "tracks",
)


class TunedOn(Settings):
    """What the movie was like that a recipe was tuned on."""

    pixel_size_um: tuple[float, float] | None = Field(
        None, title="Pixel size", description="Height and width of a pixel in µm, if known."
    )
    frame_interval_s: float | None = Field(
        None, title="Frame interval", description="Time between frames, if known."
    )
    dtype: str = Field("", title="Data type", description="Of the pixels, e.g. uint16.")
    n_channels: int = Field(1, ge=1, title="Channels", description="How many the movie has.")
    axes: str = Field(
        "",
        title="Axes",
        description="How its dimensions were read, e.g. TYX; empty in recipes that do not say.",
    )

    @classmethod
    def of(cls, movie: Movie) -> TunedOn:
        """Return the facts to remember of a movie."""
        return cls(
            pixel_size_um=movie.pixel_size_um,
            frame_interval_s=movie.frame_interval_s,
            dtype=str(movie.dtype),
            n_channels=len(movie.channels),
            axes="".join(axis for axis in movie.axes if axis not in _short_axes(movie)),
        )

    def differences(self, movie: Movie) -> list[str]:
        """Return a sentence for each fact in which another movie differs.

        A fact that is unknown of one of the two is not compared.
        """
        now = TunedOn.of(movie)
        found = []
        sizes = (self.pixel_size_um, now.pixel_size_um)
        if sizes[0] and sizes[1] and _differ(sizes[0], sizes[1]):
            found.append(
                f"A pixel of {movie.name} is {sizes[1][0]:.4g} µm and was {sizes[0][0]:.4g} µm "
                "where the recipe was tuned; lengths in pixels mean something else here."
            )
        times = (self.frame_interval_s, now.frame_interval_s)
        if times[0] and times[1] and _differ(times[:1], times[1:]):
            found.append(
                f"{movie.name} has a frame every {times[1]:.4g} s and the recipe was tuned on one "
                f"every {times[0]:.4g} s; cells go another distance from frame to frame."
            )
        if self.dtype and self.dtype != now.dtype:
            found.append(
                f"{movie.name} is {now.dtype} and the recipe was tuned on {self.dtype}; grey "
                "values in the recipe may mean something else here."
            )
        if self.n_channels != now.n_channels:
            found.append(
                f"{movie.name} has {now.n_channels} channels and the recipe was tuned on "
                f"{self.n_channels}; check which channel holds the cells."
            )
        if self.axes and movie.n_frames * movie.n_z > 1 and ("Z" in now.axes) != ("Z" in self.axes):
            found.append(
                f"{movie.name} is read as {now.axes} and the recipe was tuned on {self.axes}; set "
                "input.axes if time and depth are mistaken for each other."
            )
        return found


class Recipe(Settings):
    """Everything that changes the answer, one field a stage.

    How a recipe is executed (threads, cache, paths) is never part of it. Lengths are in pixels.
    """

    version: Literal[1] = Field(1, title="Version", description="Version of the recipe format.")
    input: Input = Field(Input(), title="Input", description="Which pixels to look in.")
    preprocess: tuple[OneOf[PreprocessStep], ...] = Field(
        (),
        title="Preprocess",
        description="Steps from image to image, in order.",
    )
    segment: OneOf[Segmenter] = Field(
        Regions(), title="Segment", description="How cells are found in an image."
    )
    objects: ObjectFilter = Field(
        ObjectFilter(), title="Keep", description="Which of the found objects are cells."
    )
    measure: Measure = Field(
        Measure(), title="Measure", description="What is measured of each cell."
    )
    link: OneOf[Linker] = Field(
        Assignment(), title="Link", description="How cells are followed from frame to frame."
    )
    tracks: TrackFilter = Field(TrackFilter(), title="Tracks", description="Which tracks are kept.")
    motion: Motion = Field(
        Motion(), title="Motion", description="How the motion of cells is measured."
    )
    traces: Traces = Field(
        Traces(), title="Traces", description="How brightness over time becomes dF/F."
    )
    export: tuple[OneOf[Export], ...] = Field(
        (TablesCsv(), LabelsTiff()), title="Export", description="Which files a run writes."
    )
    tuned_on: TunedOn | None = Field(
        None,
        title="Tuned on",
        description=(
            "What the movie was like that these settings were chosen on, to warn where another "
            "differs; changes no result."
        ),
    )

    def upto(self, stage: Stage) -> str:
        """Return a key that is equal when all settings up to and including `stage` are.

        Parameters
        ----------
        stage : str
            One of :data:`STAGES`.

        Returns
        -------
        str
            Canonical JSON.
        """
        wanted: set[str] = set(STAGES[: STAGES.index(stage) + 1])
        return json.dumps(self.model_dump(mode="json", include=wanted), sort_keys=True)

    def to_yaml(self) -> str:
        """Return the recipe as YAML with all settings, defaults too, in the order of the stages."""
        values = self.model_dump(mode="json")
        return yaml.safe_dump(values, sort_keys=False, allow_unicode=True)

    def save(self, path: str | Path) -> None:
        """Write the recipe as YAML.

        Raises
        ------
        RecipeError
            If the file cannot be written.
        """
        try:
            write_text(Path(path), self.to_yaml())
        except OSError as error:
            raise RecipeError(
                f"{path} cannot be written ({error.strerror}); choose another place."
            ) from error

    @classmethod
    def from_yaml(cls, text: str, name: str = "recipe") -> Recipe:
        """Make a recipe from YAML; settings that are left out take their defaults.

        Parameters
        ----------
        text : str
            A mapping as YAML.
        name : str
            What to call it in messages.

        Raises
        ------
        RecipeError
            If it is not YAML, has unknown keys or values out of range; each mistake with the path
            of its field.
        """
        values = parse_yaml(text, name)
        if not isinstance(values, dict):
            raise RecipeError(f"{name} is not a recipe; it should start with 'version: 1'.")
        if "version" not in values:
            raise RecipeError(f"{name} has no version; add the line 'version: 1'.")
        try:
            return parse(cls, values)
        except RecipeError as error:
            raise RecipeError(f"{name}: {error}.") from error

    @classmethod
    def load(cls, path: str | Path) -> Recipe:
        """Read a recipe from a YAML file.

        Raises
        ------
        RecipeError
            If the file cannot be read or is not a valid recipe.
        """
        text = read_yaml_text(path, "a recipe")
        return cls.from_yaml(text, name=str(path))


def _short_axes(movie: Movie) -> set[str]:
    """Return the axes of one entry, which some files have and others leave out."""
    length = {"T": movie.n_frames, "Z": movie.n_z}
    return {axis for axis, n in length.items() if n == 1}


def _differ(before: Sequence[float | None], now: Sequence[float | None]) -> bool:
    """Tell whether numbers differ by more than 1 %; rounding in files explains less."""
    return not np.allclose(np.array(before, float), np.array(now, float), rtol=0.01, atol=0)
