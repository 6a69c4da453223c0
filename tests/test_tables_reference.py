from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from napari_celltrack import movie_from_array, tables
from napari_celltrack.engine import link_objects, run
from napari_celltrack.export.tables_csv import FILE, named_tables
from napari_celltrack.measure import Measure, Ring
from napari_celltrack.measure.pixels import Statistic
from napari_celltrack.recipe import Recipe
from napari_celltrack.tables_reference import tables_page


def test_page_is_up_to_date() -> None:
    page = Path(__file__).parents[1] / "docs" / "tables.md"
    assert page.read_text(encoding="utf-8") == tables_page(), (
        "run: python -m napari_celltrack.tables_reference > docs/tables.md"
    )


def test_every_column_that_is_declared_has_a_meaning() -> None:
    declared = {
        name
        for key, columns in vars(tables).items()
        if key.endswith("_COLUMNS")
        for name in columns
    }
    constants = {
        value for key, value in vars(tables).items() if key.isupper() and isinstance(value, str)
    }
    assert set(tables.MEANINGS) == constants
    assert declared <= constants
    assert all(text.endswith(".") for text in tables.MEANINGS.values())


def test_every_column_of_a_result_stands_in_the_page() -> None:
    """A column that a run writes and the page does not know would be without a meaning."""
    frames = np.random.default_rng(0).normal(100, 3, (3, 64, 64))
    frames[:, 20:30, 20:30] += 400
    movie = movie_from_array(frames.astype(np.uint16), "TYX", name="m")
    measure = Measure(statistics=get_args(Statistic), ring=Ring())
    recipe = Recipe(measure=measure)
    found = [frame.objects for frame in run(movie, recipe)]
    result = named_tables(link_objects(movie, recipe, found), movie.name)
    page = tables_page()
    for name, table in result.items():
        section = page.split(f"## {name}\n")[1].split("\n## ")[0]
        for column in table:
            written = column.replace("ch0_", "<channel>_") if column.startswith("ch0_") else column
            assert f"`{written}`" in section, (name, column)
    assert FILE in result["objects"]


@pytest.mark.parametrize(
    ("column", "unit"), [("speed_um_per_s", "µm/s"), ("max_speed_px_per_frame", "px/frame")]
)
def test_a_speed_has_its_whole_unit(column: str, unit: str) -> None:
    assert f"| `{column}` | {unit} |" in tables_page()
