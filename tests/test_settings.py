from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import Field

from napari_celltrack.errors import RecipeError
from napari_celltrack.settings import Settings, parse, unit_of


class Small(Settings):
    method: Literal["small"] = "small"
    size_px: float = Field(1.0, ge=0, le=5)


class Large(Settings):
    method: Literal["large"] = "large"
    size_px: float = Field(10.0, ge=5)


class Menu(Settings):
    steps: tuple[Annotated[Small | Large, Field(discriminator="method")], ...] = ()


def test_replace_validates() -> None:
    assert Small().replace(size_px=2).size_px == 2
    with pytest.raises(
        RecipeError, match=r"^size_px: input should be less than or equal to 5, not"
    ):
        Small().replace(size_px=6)
    with pytest.raises(RecipeError, match=r"^sise_px: is not a known setting"):
        Small().replace(sise_px=6)


def test_settings_are_frozen_and_comparable() -> None:
    with pytest.raises(Exception, match="frozen"):
        Small().size_px = 3  # type: ignore[misc]
    assert Small(size_px=2) == Small().replace(size_px=2)
    assert hash(Small()) == hash(Small())


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), "x", None])
def test_nan_infinity_and_text_are_refused(bad: object) -> None:
    with pytest.raises(RecipeError, match=r"^size_px: "):
        Small().replace(size_px=bad)


def test_path_of_a_mistake_has_no_method_names_in_it() -> None:
    with pytest.raises(RecipeError) as caught:
        parse(Menu, {"steps": [{"method": "small"}, {"method": "large", "size_px": 1, "x": 0}]})
    assert str(caught.value).startswith("steps[1].size_px: input should be greater than")
    assert "; steps[1].x: is not a known setting" in str(caught.value)


def test_unknown_method_names_the_known_ones() -> None:
    with pytest.raises(
        RecipeError, match=r"steps\[0\]: unknown method 'huge', use one of 'small', 'large'"
    ):
        parse(Menu, {"steps": [{"method": "huge"}]})
    with pytest.raises(RecipeError, match=r"steps\[0\]: needs a 'method'"):
        parse(Menu, {"steps": [{"size_px": 1}]})


def test_unit_is_the_ending_of_the_name() -> None:
    assert unit_of("min_area_px2") == "px²"
    assert unit_of("sigma_px") == "px"
    assert unit_of("frame_interval_s") == "s"
    assert unit_of("axes") == ""
