"""The wall between the core and the window."""

from __future__ import annotations

import subprocess
import sys

BLOCKED = """
import sys
class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"napari", "qtpy", "magicgui", "superqt", "psygnal",
                                  "PyQt5", "PyQt6", "PySide2", "PySide6", "matplotlib"}:
            raise ImportError(f"{name} is blocked")
sys.meta_path.insert(0, Wall())
"""


def run_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_core_works_without_napari_and_qt() -> None:
    code = """
import numpy as np
import napari_celltrack.cli.command, napari_celltrack.batch
from napari_celltrack.engine import run, link_objects
from napari_celltrack.movie import movie_from_array
from napari_celltrack.recipe import Recipe
frames = np.zeros((2, 64, 64), np.uint16); frames[:, 20:36, 20:36] = 500
movie = movie_from_array(frames, "TYX")
print(len(link_objects(movie, Recipe(), [f.objects for f in run(movie, Recipe())]).tracks))
"""
    assert run_python(BLOCKED + code).strip() == "1"


def test_import_of_the_package_is_light() -> None:
    code = "import sys, napari_celltrack; print(*sys.modules)"
    assert not {"numpy", "cv2", "pandas", "av", "napari"} & set(run_python(code).split())
