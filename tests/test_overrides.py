"""Other settings for some of the files of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_celltrack.batch.inputs import Item
from napari_celltrack.batch.overrides import Overrides
from napari_celltrack.errors import RecipeError
from napari_celltrack.preprocess import Gaussian, Median
from napari_celltrack.readers.grouped import GroupFile
from napari_celltrack.recipe import Recipe
from napari_celltrack.segment import Manual, Otsu, Regions

RECIPE = Recipe(
    preprocess=(Median(size_px=2), Gaussian(sigma_px=1)),
    segment=Regions(threshold=Otsu(offset=-20)),
)


def item(path: str) -> Item:
    return Item(path, Path(path).name, Path(path).stem)


def test_changes_apply_to_matching_files_in_order() -> None:
    found = Overrides.from_yaml(
        """
        "drug_*.tif": {segment: {threshold: {offset: 5}}, objects: {min_area_px2: 50}}
        "B01/*": {segment: {threshold: {offset: 7}}}
        """,
        recipe=RECIPE,
    )
    assert found.recipe_for(RECIPE, item("A01/control.tif")) is RECIPE
    changed = found.recipe_for(RECIPE, item("A01/drug_1.TIF"))
    assert changed == RECIPE.replace(
        segment=Regions(threshold=Otsu(offset=5)),
        objects=RECIPE.objects.replace(min_area_px2=50),
    )
    both = found.recipe_for(RECIPE, item("/data/B01/drug_1.tif"))
    assert both.segment == Regions(threshold=Otsu(offset=7))
    assert both.objects.min_area_px2 == 50
    assert [entry.pattern for entry in found.matching(item("B01/drug_1.tif"))] == [
        "drug_*.tif", "B01/*",
    ]  # fmt: skip
    assert found.entries[0].settings() == [
        "segment.threshold.offset: 5", "objects.min_area_px2: 50",
    ]  # fmt: skip
    # What a finished result was made with differs, so that a second run notices.
    assert changed.to_yaml() != RECIPE.to_yaml()


def test_another_method_starts_from_its_own_defaults() -> None:
    found = Overrides.from_yaml(
        "a.tif: {segment: {threshold: {method: manual, value: 9}}, link: {method: nearest}}",
        recipe=RECIPE,
    )
    changed = found.recipe_for(RECIPE, item("a.tif"))
    assert changed.segment == Regions(threshold=Manual(value=9))
    assert changed.link == type(changed.link)()
    same = Overrides.from_yaml("a.tif: {segment: {threshold: {method: otsu}}}", recipe=RECIPE)
    assert same.recipe_for(RECIPE, item("a.tif")) == RECIPE


def test_lists_are_changed_by_place_or_replaced() -> None:
    one = Overrides.from_yaml("a.tif: {preprocess: {1: {sigma_px: 3}}}", recipe=RECIPE)
    changed = one.recipe_for(RECIPE, item("a.tif"))
    assert changed.preprocess == (Median(size_px=2), Gaussian(sigma_px=3))
    none = Overrides.from_yaml("a.tif: {preprocess: []}", recipe=RECIPE)
    assert none.recipe_for(RECIPE, item("a.tif")).preprocess == ()
    crop = Overrides.from_yaml("a.tif: {input: {crop: {y_stop_px: 9}}}", recipe=RECIPE)
    cropped = crop.recipe_for(RECIPE, item("a.tif")).input.crop
    assert cropped is not None
    assert (cropped.y_start_px, cropped.y_stop_px) == (0, 9)


def test_a_group_matches_by_its_files() -> None:
    parts = (GroupFile("/d/a_w1_t1.tif", "w1", 1), GroupFile("/d/a_w2_t1.tif", "w2", 1))
    group = Item("/d/a_w*_t*.tif", "a_w*_t*.tif", "a", parts=parts)
    for pattern, is_used in (("a_*.tif", True), ("*_w2_*.tif", True), ("b_*.tif", False)):
        found = Overrides.from_yaml(f"{pattern!r}: {{objects: {{min_area_px2: 1}}}}")
        assert bool(found.matching(group)) == is_used
        assert found.unused([group, item("c.tif")]) == (() if is_used else (pattern,))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "a*: {segment: {threshold: {ofset: 1}}}",
            r"^o: a\*: segment\.threshold\.ofset: is not a known setting",
        ),
        ("a*: {link: {max_distance_px: -1}}", r"a\*: link\.max_distance_px: .* not -1"),
        ("a*: {link: {method: best}}", "link: unknown method 'best', use one of"),
        ("a*: {preprocess: {2: {sigma_px: 3}}}", r"preprocess\[2\]: there are 2 in the recipe"),
        ("a*: {preprocess: {1: {sigma_px: x}}}", r"preprocess\[1\]\.sigma_px: "),
        ("a*: {tuned_on: null}", r"a\*: tuned_on: cannot be changed .* use one of input,"),
        ("a*: {sgment: {}}", "sgment: cannot be changed for single files"),
        ("a*: {}", r"a\* changes no setting; write what differs"),
        ("a*: 3", r"a\* changes no setting"),
        ("[1]", "has no patterns"),
        ("a*: {link: {a: 1}}\na*: {link: {a: 2}}", r"a\* stands there twice in line 2"),
        ("a*: {link: ", "not valid YAML: .* in line 1"),
        ("'{a*': {link: {}}", r"\{ has no partner"),
        ("'{well}*.tif': {link: {}}", "nothing stands between"),
        ("'{well}.tif': {link: {}}", "fields in braces mean nothing here"),
    ],
)
def test_mistakes_name_file_pattern_and_setting(text: str, sentence: str) -> None:
    with pytest.raises(RecipeError, match=sentence) as caught:
        Overrides.from_yaml(text, "o", RECIPE)
    assert "\n" not in str(caught.value)


def test_a_file_is_read_and_an_empty_one_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "overrides.yaml"
    path.write_text("# nothing yet\n")
    assert Overrides.load(path).entries == ()
    text = "µ*: {objects: {min_area_px2: 1}}\nb*: {preprocess: {0: {size_px: 3}}}\n"
    path.write_text(text, encoding="utf-8")
    found = Overrides.load(path, RECIPE)
    assert Overrides.from_yaml(found.to_yaml()).entries == found.entries
    with pytest.raises(RecipeError, match=r"missing\.yaml cannot be read"):
        Overrides.load(tmp_path / "missing.yaml")
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecipeError, match="is not a text file"):
        Overrides.load(path)
