from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from napari_celltrack.field_facts import in_words, methods_of, summary_of
from napari_celltrack.recipe import Recipe
from napari_celltrack.reference import annotated_yaml, reference_page
from napari_celltrack.settings import Settings


def every_class(cls: type[Settings] = Recipe) -> Iterator[type[Settings]]:
    yield cls
    for field in cls.model_fields.values():
        for inner in methods_of(field.annotation):
            yield from every_class(inner)


CLASSES = sorted(set(every_class()), key=lambda cls: cls.__name__)


def test_commented_recipe_is_the_recipe() -> None:
    text = annotated_yaml(Recipe())
    assert Recipe.from_yaml(text) == Recipe()
    assert yaml.safe_load(text) == yaml.safe_load(Recipe().to_yaml())
    assert "  # Smallest area of a cell. Raise it until specks of noise are gone." in text


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_setting_says_what_it_does(cls: type[Settings]) -> None:
    assert summary_of(cls).endswith((".", ":")), cls
    for name, field in cls.model_fields.items():
        if name == "method":
            continue
        assert field.title, (cls, name)
        assert field.description, (cls, name)
        assert field.description.endswith("."), (cls, name)


#: Said before, and not understood.
UNPLAIN = (
    "parted", "part cells", "looked for", "calm", "taken off", "take a rim off", "thrown about",
    "glare", "lopsided", "heed", "fall apart", "sought", "a file a table", "a filter a size",
)  # fmt: skip


def test_settings_are_explained_in_plain_words() -> None:
    page = reference_page().lower()
    assert [words for words in UNPLAIN if words in page] == []


def test_choices_are_spelled_out() -> None:
    assert [in_words(each) for each in ("min", "max", "sd", "nearest_velocity")] == [
        "Minimum",
        "Maximum",
        "Standard deviation",
        "Nearest velocity",
    ]


def test_page_says_every_default_in_words() -> None:
    page = reference_page()
    assert "Undefined" not in page
    assert "| `threshold` | Threshold | contrast |" in page


def test_page_is_up_to_date() -> None:
    page = Path(__file__).parents[1] / "docs" / "reference.md"
    assert page.read_text(encoding="utf-8") == reference_page(), (
        "run: python -m napari_celltrack.reference > docs/reference.md"
    )
