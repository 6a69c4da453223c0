"""One recipe, one answer: what the dock shows is what the command line writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_celltrack.batch import find_inputs, run_files
from napari_celltrack.recipe import Recipe
from napari_celltrack.sample_data import dividing_nuclei

OTSU = """
version: 1
preprocess: [{method: gaussian, sigma_px: 1.5}]
segment:
  method: regions
  threshold: {method: otsu, factor: 0.9}
  split: {method: watershed_intensity}
objects: {min_area_px2: 40, exclude_border: true}
"""


@pytest.mark.parametrize(
    "recipe", [Recipe(), Recipe.from_yaml(OTSU)], ids=["default", "otsu with splitting"]
)
def test_layer_equals_file(viewer, open_count, qtbot, tmp_path: Path, recipe: Recipe) -> None:
    from napari_celltrack.gui.layers.movie_layers import cells_layer
    from napari_celltrack.gui.session import session_of
    from napari_celltrack.gui.show_movie import add_movie
    from napari_celltrack.readers import open_movie

    dividing_nuclei(4, (160, 200), 14, n_divisions=1).save(tmp_path / "movie.tif")
    list(run_files(recipe, find_inputs([tmp_path / "movie.tif"]), tmp_path / "out"))
    written = tifffile.imread(tmp_path / "out" / "movie" / "labels.tif")

    session = session_of(viewer)
    session.set_recipe(recipe)
    add_movie(viewer, open_movie(tmp_path / "movie.tif"))
    open_count()
    for frame in (3, 0, 1, 2):
        viewer.dims.set_current_step(0, frame)
        qtbot.waitUntil(lambda frame=frame: session.found.frame == frame, timeout=60_000)
    shown = np.asarray(cells_layer(viewer).data)
    assert written.max() > 5
    np.testing.assert_array_equal(shown, written)
