from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_celltrack import engine
from napari_celltrack.analysis.peaks import peaks
from napari_celltrack.analysis.traces import traces
from napari_celltrack.engine import CellSource
from napari_celltrack.engine.measuring import measure_frame
from napari_celltrack.errors import MovieError
from napari_celltrack.input import FrameRange, Input
from napari_celltrack.link import link_by_label
from napari_celltrack.measure import Measure, Ring
from napari_celltrack.movie import Movie, movie_from_array
from napari_celltrack.recipe import Recipe
from napari_celltrack.sample_data import calcium_movie
from napari_celltrack.segment import NoSplit, Otsu, Regions
from scenes import disk, movie_of

EXAMPLES = Path(__file__).parents[1] / "examples" / "calcium"
PLACES = ((16, 20, 6), (40, 40, 8), (30, 75, 10))


def labelled() -> np.ndarray:
    labels = np.zeros((64, 96), np.int32)
    for k, (y, x, radius) in enumerate(PLACES):
        labels[disk(labels.shape, y, x, radius)] = k + 1
    return labels


def calcium(n_frames: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Return a movie (T, C, Y, X) of still cells, green structure and red activity, and the truth.

    Each green frame shows all but one of the cells, so that only all frames together show them.
    """
    labels = labelled()
    truth = 50 + 10 * np.arange(1, 4)[None] * (1 + np.arange(n_frames)[:, None] % 4)
    movie = np.zeros((n_frames, 2, 64, 96), np.uint16)
    movie[:, 0] = np.where(labels > 0, 1000, 100)
    for t in range(n_frames):
        movie[t, 0][labels == t % 3 + 1] = 100
        movie[t, 1] = np.concatenate([[20], truth[t]])[labels]
    return movie, truth


def numbers(values: Sequence[float]) -> list[float]:
    return [float(value) for value in values]


def still(**changes: object) -> Recipe:
    """Return a recipe that finds cells in the brightest of all frames, as they are."""
    return Recipe(
        input=Input(channel=0, project_t="max", **changes),
        segment=Regions(threshold=Otsu(), morphology=(), split=NoSplit()),
        measure=Measure(ring=Ring()),
    )


def test_cells_found_once_are_measured_in_every_frame() -> None:
    array, truth = calcium()
    movie = movie_from_array(array, "TCYX", frame_interval_s=0.5)
    recipe = still()
    found = list(engine.run(movie, recipe))
    assert [result.frame for result in found] == list(range(8))
    for result in found:
        np.testing.assert_array_equal(result.labels > 0, labelled() > 0)
    tables = engine.link_objects(movie, recipe, [result.objects for result in found])
    objects = tables.objects
    assert len(objects) == 24
    assert objects["track_id"].tolist() == objects["label"].tolist()
    traces = objects.pivot(index="frame", columns="x_px", values="ch1_mean")
    np.testing.assert_array_equal(traces.to_numpy(), truth)
    assert (objects["ch1_background"] == 20).all()
    assert objects.groupby("frame")["time_s"].first().tolist() == [0.5 * t for t in range(8)]
    assert tables.tracks["n_frames"].tolist() == [8, 8, 8]
    assert (tables.tracks["path_px"] == 0).all()


def test_frame_range_and_the_flattened_image_measured_once() -> None:
    array, truth = calcium()
    movie = movie_of(array, "TCYX")
    part = still(frames=FrameRange(start=1, stop=7, step=2))
    assert list(part.input.frames_of(movie)) == [1, 3, 5]
    found = [result.objects for result in engine.run(movie, part)]
    assert [objects["frame"].iloc[0] for objects in found] == [1, 3, 5]
    assert numbers(found[1].sort_values("x_px")["ch1_mean"]) == numbers(truth[3])

    once = list(engine.run(movie, still(measure_each_frame=False)))
    assert [result.frame for result in once] == [0]
    assert numbers(once[0].objects.sort_values("x_px")["ch1_mean"]) == numbers(truth.max(axis=0))


class Recorded:
    """Planes of an array, and which were read."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array
        self.read: list[tuple[int, int]] = []

    def read_plane(self, frame: int, z: int, channel: int) -> np.ndarray:
        self.read.append((frame, channel))
        return self.array[frame, channel]

    def close(self) -> None:
        """Nothing is held."""


def test_a_frame_is_measured_from_its_own_plane_alone() -> None:
    array, _ = calcium()
    source = Recorded(array)
    movie = Movie(
        source, "made", n_frames=8, height_px=64, width_px=96, dtype=array.dtype,
        fingerprint="made", channels=("green", "red"),
    )  # fmt: skip
    recipe = still().replace(measure=Measure(channels=("red",)))
    measure_frame(movie, recipe, 5, labelled())
    assert source.read == [(5, 1)]


def test_still_cells_are_linked_by_their_label() -> None:
    array, _ = calcium(3)
    movie = movie_of(array, "TCYX")
    objects = [measure_frame(movie, still(), frame, labelled()) for frame in (0, 2)]
    linking = link_by_label(pd.concat(objects, ignore_index=True))
    assert linking.track_id.tolist() == [1, 2, 3, 1, 2, 3]
    assert np.isnan(linking.distance_px).tolist() == [True] * 3 + [False] * 3
    assert linking.parents == {}
    assert len(link_by_label(objects[0].iloc[:0]).track_id) == 0


def test_other_files_of_the_same_frames_are_measured_under_the_same_labels() -> None:
    array, truth = calcium()
    green = movie_of(array[:, 0])
    recipe = Recipe(measure=Measure(ring=Ring(), statistics=("mean", "sd")))
    others = {"red": movie_of(array[:, 1]), "both": movie_of(array, "TCYX")}
    objects = measure_frame(green, recipe, 2, labelled(), others)
    assert numbers(objects["red_mean"]) == numbers(truth[2])
    assert numbers(objects["both_1_mean"]) == numbers(truth[2])
    assert numbers(objects["both_0_mean"]) == numbers(objects["ch0_mean"])
    assert numbers(objects["red_background"]) == [20, 20, 20]
    assert numbers(objects["red_net"]) == numbers(truth[2] - 20)
    np.testing.assert_allclose(objects["red_contrast"], (truth[2] - 20) / (truth[2] + 20))
    assert (objects["ring_px2"] > 200).all()
    assert (objects["red_sd"] == 0).all()


def test_images_are_measured_under_given_label_images() -> None:
    array, truth = calcium(3)
    labels = movie_of(np.stack([labelled() * 5] * 3))
    red = movie_of(array[:, 1])
    found = list(CellSource.of_labels(labels, Recipe(), {"red": red}).run())
    assert found[1].objects["label"].tolist() == [5, 10, 15]
    assert numbers(found[1].objects["red_mean"]) == numbers(truth[1])


def test_files_that_do_not_belong_together_are_refused() -> None:
    array, _ = calcium()
    green = movie_of(array[:, 0])

    def measure(name: str, other: np.ndarray) -> None:
        measure_frame(green, Recipe(), 0, labelled(), {name: movie_of(other)})

    with pytest.raises(
        MovieError, match=r"is 64 x 95 px and .* 64 x 96; choose a file of the same"
    ):
        measure("red", array[:, 1, :, :-1])
    with pytest.raises(
        MovieError, match=r"has 7 frames and .* 8; choose a file of the same frames"
    ):
        measure("red", array[:7, 1])
    with pytest.raises(MovieError, match=r"'0' cannot name .* choose another name"):
        measure("0", array[:, 1])


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "int32"])
def test_an_empty_frame_has_all_columns(dtype: str) -> None:
    movie = movie_of(np.zeros((1, 8, 9), dtype))
    measure = Measure(ring=Ring(), statistics=("mean", "median", "total", "min", "max", "sd"))
    empty = measure_frame(movie, Recipe(measure=measure), 0, np.zeros((8, 9), np.int32))
    assert len(empty) == 0
    assert {"eccentricity", "orientation_rad", "perimeter_px", "ring_px2"} <= set(empty.columns)
    assert {"ch0_median", "ch0_sd", "ch0_background", "ch0_net"} <= set(empty.columns)


@pytest.mark.parametrize("name", ["still", "moving"])
def test_examples_give_back_the_traces_of_a_made_movie(name: str) -> None:
    random = np.random.default_rng(0)
    dff = np.zeros((60, 10))
    for cell in range(10):
        at = random.integers(12, 40)
        dff[at:, cell] = random.uniform(0.5, 2) * np.exp(-np.arange(60 - at) / 5)
    made = calcium_movie(60, (200, 200), 10, dff=dff, moving=name == "moving", seed=2)
    movie = made.movie()
    recipe = Recipe.load(EXAMPLES / f"{name}.yaml")
    found = list(engine.run(movie, recipe))
    overlaps = [result.overlaps for result in found]
    objects = engine.link_objects(movie, recipe, [r.objects for r in found], overlaps).objects
    assert len(objects) == 600
    first = objects[objects["frame"] == 0]
    at = (first[axis].round().astype(int) for axis in ("y_px", "x_px"))
    true_id = dict(zip(first["track_id"], made.labels[(0, *at)], strict=True))
    assert sorted(true_id.values()) == list(range(1, 11))
    for track_id, trace in traces(objects, "red_mean", recipe.traces, 1.0).groupby("track_id"):
        truth = dff[:, true_id[track_id] - 1]
        assert np.corrcoef(trace["dff"], truth)[0, 1] > 0.98
        assert np.polyfit(truth, trace["dff"], 1)[0] == pytest.approx(1, abs=0.05)
        event = peaks(trace, recipe.traces.peaks)
        assert len(event) == 1
        assert abs(event["frame"].iloc[0] - truth.argmax()) <= 1
