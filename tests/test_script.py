from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_origin

import pandas as pd
import pytest
from pydantic.fields import FieldInfo

from napari_celltrack import Recipe, link_objects, open_movie, run
from napari_celltrack.errors import RecipeError
from napari_celltrack.field_facts import methods_of
from napari_celltrack.input import Crop, FrameRange, Input
from napari_celltrack.preprocess import METHODS, Gaussian, Median
from napari_celltrack.sample_data import dividing_nuclei
from napari_celltrack.script import to_script
from napari_celltrack.segment import Manual, NoSplit, Open, Regions
from napari_celltrack.settings import Settings

TABLES = ("objects", "tracks", "counts", "events", "drift")


def with_each_method(value: Settings) -> Iterator[tuple[str, Settings]]:
    """Yield copies of settings in which, in turn, each place has each method of its menu."""
    for name, field in type(value).model_fields.items():
        is_list = get_origin(field.annotation) is tuple
        for cls in methods_of(field.annotation):
            path = f"{name}.{cls.__name__}"
            yield path, value.replace(**{name: (cls(),) if is_list else cls()})
            for inner_path, inner in with_each_method(cls()):
                setting = (inner,) if is_list else inner
                yield f"{path}.{inner_path}", value.replace(**{name: setting})


def other_value(field: FieldInfo, value: Any) -> Any:
    """Return a value near the one given, as a user may choose it."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        low = [getattr(rule, "ge", getattr(rule, "gt", None)) for rule in field.metadata]
        step = 1 if isinstance(value, int) else 0.125
        return value + step if any(bound is not None for bound in low) else value - step
    return value


def tuned(value: Settings) -> Settings:
    """Return settings with every number and switch, at any depth, off its default if it may be."""
    for name, field in type(value).model_fields.items():
        setting = getattr(value, name)
        if isinstance(setting, Settings):
            other: Any = tuned(setting)
        elif isinstance(setting, tuple) and all(isinstance(part, Settings) for part in setting):
            other = tuple(tuned(part) for part in setting)
        else:
            other = other_value(field, setting)
        try:
            value = value.replace(**{name: other})
        except RecipeError:
            continue  # this setting has only one value, or not this one
    return value


RECIPES = dict(with_each_method(Recipe()))


@pytest.fixture(scope="module")
def movie_file(tmp_path_factory) -> Path:
    """Return a made movie in a file whose name needs quoting."""
    path = tmp_path_factory.mktemp("made") / "Anna's movie.tif"
    dividing_nuclei(4, (96, 112), 6, n_divisions=1).save(path)
    return path


def recipe_in(script: str) -> Recipe:
    """Return the recipe that a script makes, without running it."""
    names: dict[str, Any] = {}
    exec(script.split("\nmovie = ", maxsplit=1)[0], names)
    return names["recipe"]


@pytest.mark.parametrize("name", RECIPES)
def test_script_gives_the_tables_of_the_engine(
    name: str, movie_file: Path, tmp_path: Path, monkeypatch, capsys
) -> None:
    recipe = RECIPES[name]
    script = to_script(recipe, movie_file)
    assert recipe_in(script) == recipe
    monkeypatch.chdir(tmp_path)
    exec(script, {})
    assert capsys.readouterr().out.count("cells\n") == 4
    found = list(run(movie := open_movie(movie_file), recipe))
    wanted = link_objects(
        movie,
        recipe,
        [frame.objects for frame in found],
        [frame.overlaps for frame in found],
        {frame.frame: frame.shift_px for frame in found},
    )
    for table in TABLES:
        written = (tmp_path / f"{table}.csv").read_text(encoding="utf-8")
        assert written == getattr(wanted, table).to_csv(index=False)
    assert len(pd.read_csv(tmp_path / "counts.csv")) == 4


@pytest.mark.parametrize("name", RECIPES)
def test_every_setting_that_is_no_default_is_in_the_script(name: str) -> None:
    recipe = tuned(RECIPES[name])
    assert isinstance(recipe, Recipe)
    assert recipe != RECIPES[name]
    script = to_script(recipe)
    assert recipe_in(script) == recipe
    assert max(map(len, script.splitlines())) <= 100


def test_many_steps_are_imported_on_lines_of_their_own() -> None:
    recipe = Recipe(preprocess=tuple(cls() for cls in METHODS))
    script = to_script(recipe)
    assert recipe_in(script) == recipe
    assert "from napari_celltrack.preprocess import (\n" in script
    assert max(map(len, script.splitlines())) <= 100


def test_without_a_movie_there_is_one_to_name() -> None:
    assert 'open_movie("movie.tif")  # your file' in to_script(Recipe())


def test_defaults_are_left_out() -> None:
    assert "recipe = Recipe()\n" in to_script(Recipe())
    script = to_script(Recipe(segment=Regions(split=NoSplit())))
    assert "recipe = Recipe(segment=Regions(split=NoSplit()))\n" in script
    assert "from napari_celltrack import Recipe, link_objects, open_movie, run\n" in script
    assert "from napari_celltrack.segment import NoSplit, Regions\n" in script


def test_looks_as_if_a_person_had_written_it() -> None:
    recipe = Recipe(
        input=Input(
            axes="TYX",
            channel="red",
            frames=FrameRange(stop=8),
            crop=Crop(x_stop_px=300),
        ),
        preprocess=(Median(), Gaussian(sigma_px=2.5)),
        segment=Regions(threshold=Manual(value=300.0), morphology=(Open(radius_px=4),)),
    )
    script = to_script(recipe, r"C:\data\a.tif")
    assert (
        """
recipe = Recipe(
    input=Input(
        axes="TYX",
        channel="red",
        crop=Crop(x_stop_px=300),
        frames=FrameRange(stop=8),
    ),
    preprocess=(Median(), Gaussian(sigma_px=2.5)),
    segment=Regions(threshold=Manual(value=300.0), morphology=(Open(radius_px=4),)),
)

movie = open_movie("C:\\\\data\\\\a.tif", axes="TYX")
"""
        in script
    )
    assert recipe_in(script) == recipe
