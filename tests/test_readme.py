"""What the README shows is what happens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from napari_celltrack.recipe import Recipe
from napari_celltrack.sample_data import dividing_nuclei

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = blocks("python")
    monkeypatch.chdir(tmp_path)
    dividing_nuclei(4, (256, 256), 20, n_divisions=0).save(tmp_path / "movie.tif")
    names: dict[str, object] = {}
    exec(code, names)
    assert len(names["tracks"]) == 20  # type: ignore[arg-type]


def test_recipe_is_valid() -> None:
    (text,) = blocks("yaml")
    assert Recipe.from_yaml(text).input.channel == "red"


def test_pictures_and_pages_exist() -> None:
    for target in re.findall(r"\]\((?!http)([^)]+)\)", README):
        assert (Path(__file__).parents[1] / target).exists(), target
