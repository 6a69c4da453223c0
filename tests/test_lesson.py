"""The lesson that the project grew from: published counts, and nine nuclei followed by eye."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_celltrack.batch import find_inputs, run_files
from napari_celltrack.recipe import Recipe

EXAMPLES = Path(__file__).parents[1] / "examples" / "lesson4"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("otsu_open", {"f1": 20, "f20": 22, "f32": 20, "f40": 23, "f8": 21}),
        ("otsu_minus20_erode", {"f1": 20, "f20": 22, "f32": 21, "f40": 21, "f8": 22}),
    ],
)
def test_published_counts(
    shared_data: Path, tmp_path: Path, name: str, expected: dict[str, int]
) -> None:
    recipe = Recipe.load(EXAMPLES / f"{name}.yaml")
    list(run_files(recipe, find_inputs([shared_data / "lesson4"], pattern="f*.tif"), tmp_path))
    table = pd.read_csv(tmp_path / "summary.csv")
    assert table["file"].tolist() == ["f1.tif", "f8.tif", "f20.tif", "f32.tif", "f40.tif"]
    assert dict(zip(table["file"].str[:-4], table["n_cells"], strict=True)) == expected


def test_nine_nuclei_are_followed_through_the_video(shared_data: Path, tmp_path: Path) -> None:
    recipe = Recipe.load(EXAMPLES / "video.yaml")
    list(run_files(recipe, find_inputs([shared_data / "lesson4" / "CellVideo.mp4"]), tmp_path))
    objects = pd.read_csv(tmp_path / "CellVideo" / "objects.csv")
    assert sorted(objects["frame"].unique()) == list(range(44))
    truth = pd.read_csv(shared_data / "lesson4" / "truth" / "cellvideo_tracks_9_nuclei.csv")
    pairs = truth.merge(objects, on="frame", suffixes=("_true", ""))
    pairs["apart_px"] = np.hypot(pairs["y_px"] - pairs["y"], pairs["x_px"] - pairs["x"])
    nearest = pairs.loc[pairs.groupby(["track_id_true", "frame"])["apart_px"].idxmin()]
    assert nearest.groupby("track_id_true").size().tolist() == [44] * 9
    assert nearest["apart_px"].max() < 5
    assert nearest.groupby("track_id_true")["track_id"].nunique().tolist() == [1] * 9
    # The three mitoses, seen by eye in frames 3, 19 and 27, and nothing else that divides.
    tracks = pd.read_csv(tmp_path / "CellVideo" / "tracks.csv")
    daughters = tracks[tracks["parent_id"] > 0]
    assert daughters["start_frame"].tolist() == [3, 3, 19, 19, 27, 27]
    assert daughters.groupby("parent_id").size().tolist() == [2, 2, 2]
