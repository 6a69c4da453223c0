"""The examples of docs/extending.md, all in one copy of the package, do what the page says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "napari_celltrack"
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
#: Each example: its language, what stands in its first line, and the rest.
BLOCKS = re.findall(r"```(python|diff)\n# ([^\n]+)\n(.*?)```", PAGE, flags=re.DOTALL)
TRIES = [text for _, first, text in BLOCKS if first == "try it"]


def change(text: str, diff: str) -> str:
    """Apply the hunks of a diff without line numbers; what they replace must be there once."""
    for hunk in re.split(r"^@@\n", diff, flags=re.MULTILINE):
        lines = hunk.splitlines(keepends=True)
        assert all(line[0] in " +-" for line in lines), hunk
        before = "".join(line[1:] for line in lines if line[0] != "+")
        after = "".join(line[1:] for line in lines if line[0] != "-")
        assert text.count(before) == 1, f"stands {text.count(before)} times:\n{before}"
        text = text.replace(before, after)
    return text


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the package, with all that the page adds to it."""
    root = tmp_path_factory.mktemp("extended")
    shutil.copy(ROOT / "pyproject.toml", root)
    source = root / "src"
    package = source / "napari_celltrack"
    # What Python compiled comes along: only what the page changes is compiled again.
    shutil.copytree(PACKAGE, package)
    for language, first, text in BLOCKS:
        path = package / first
        if first == "try it":
            continue
        if language == "diff":
            path.write_text(change(path.read_text(encoding="utf-8"), text), encoding="utf-8")
        else:
            assert not path.exists(), path
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return source


def test_every_example_is_tried() -> None:
    assert len(TRIES) == PAGE.count("\n## ") == 7
    assert PAGE.count("```") == 2 * len(BLOCKS)


def test_examples_do_what_they_say(source: Path, tmp_path: Path) -> None:
    # One process for all: each start of Python with these libraries takes a second.
    script = tmp_path / "tries.py"
    script.write_text("\n".join(TRIES) + "\nprint(napari_celltrack.__file__)\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(source), "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.splitlines()[-1]).is_relative_to(source)


def test_examples_are_as_tidy_as_the_package(source: Path) -> None:
    ruff = shutil.which("ruff", path=Path(sys.executable).parent)
    assert ruff is not None
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [ruff, *command, "."],
            cwd=source.parent,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
