from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from skimage.measure import label as skimage_label

from napari_celltrack import engine
from napari_celltrack.engine.cache import StageCache
from napari_celltrack.errors import MovieError, RecipeError
from napari_celltrack.link import Assignment, Nearest
from napari_celltrack.measure import ObjectFilter
from napari_celltrack.movie import movie_from_array
from napari_celltrack.recipe import Crop, FrameRange, Input, Recipe
from napari_celltrack.segment import Manual, NoSplit, Otsu, Regions, WatershedDistance
from napari_celltrack.tables import Tables
from scenes import disk, movie_of, moving_disks, three_disks

#: Otsu's threshold, connected parts and nearest centroids: the answer can be worked out by hand.
PLAIN = Recipe(
    preprocess=(),
    segment=Regions(threshold=Otsu(), morphology=(), split=NoSplit()),
    objects=ObjectFilter(min_area_px2=1),
    link=Nearest(),
)


def run_all(movie: engine.Movie, recipe: Recipe, **options: object) -> Tables:
    frames = list(engine.run(movie, recipe, **options))  # type: ignore[arg-type]
    return engine.link_objects(movie, recipe, [frame.objects for frame in frames])


def test_three_disks_are_three_cells() -> None:
    image = three_disks()
    labels = engine.segment_frame(movie_of(image), PLAIN, 0)
    assert labels.dtype == np.int32
    np.testing.assert_array_equal(labels, skimage_label(image > 50))


def test_tables_of_moving_disks() -> None:
    movie = movie_of(moving_disks(), pixel_size_um=(0.5, 0.25), frame_interval_s=60.0)
    result = run_all(movie, PLAIN)
    assert result.counts["n_cells"].tolist() == [3, 3, 3, 2, 3, 3]
    assert result.counts["time_s"].tolist() == [0, 60, 120, 180, 240, 300]
    # The middle disk is missing once, so it is two tracks without gap closing.
    assert result.tracks["n_frames"].tolist() == [6, 3, 6, 2]
    top = result.tracks.iloc[0]
    assert (top.start_frame, top.end_frame) == (0, 5)
    assert top.path_px == pytest.approx(15)
    assert top.displacement_um == pytest.approx(15 * 0.25)
    assert top.speed_um_per_s == pytest.approx(3 * 0.25 / 60)
    first = result.objects.iloc[0]
    assert (first.y_px, first.x_px) == (12, 15)
    assert (first.y_um, first.x_um) == (6, 3.75)
    assert first.area_um2 == pytest.approx(first.area_px2 * 0.125)
    assert (first.ch0_mean, first.ch0_max, first.ch0_total) == (200, 200, 200 * first.area_px2)


def test_gap_is_bridged_when_asked() -> None:
    recipe = PLAIN.replace(link=PLAIN.link.replace(max_gap_frames=1))
    tracks = run_all(movie_of(moving_disks()), recipe).tracks
    assert tracks["n_frames"].tolist() == [6, 5, 6]
    assert tracks["path_px"].tolist() == pytest.approx([15, 15, 15])


def test_calibration_is_never_invented() -> None:
    result = run_all(movie_of(moving_disks()), PLAIN)
    for table, columns in (
        (result.objects, ["y_um", "x_um", "area_um2", "time_s"]),
        (result.tracks, ["path_um", "displacement_um", "speed_um_per_s"]),
        (result.counts, ["time_s"]),
    ):
        assert table[columns].isna().all(axis=None)
    known = PLAIN.replace(input=Input(pixel_size_um=0.5, frame_interval_s=10))
    assert run_all(movie_of(moving_disks()), known).objects["time_s"].max() == 50


@pytest.mark.parametrize("n_threads", [2, 3, 8])
def test_result_does_not_depend_on_threads(n_threads: int) -> None:
    movie = movie_of(moving_disks(9))
    one, many = run_all(movie, PLAIN), run_all(movie, PLAIN, n_threads=n_threads)
    for name in ("objects", "tracks", "counts"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(many, name), check_exact=True)


def test_stopping_early_leaves_the_rest_unread() -> None:
    read = []

    class Counted(np.ndarray):
        def __getitem__(self, key: object) -> object:
            read.append(key)
            return super().__getitem__(key)  # type: ignore[index]

    movie = movie_of(moving_disks(50).view(Counted))
    for n_threads in (1, 2):
        read.clear()
        frames = engine.run(movie, PLAIN, n_threads=n_threads)
        assert next(frames).frame == 0
        frames.close()
        # Two reads a frame, for cells and for measuring, and no more frames ahead than threads.
        assert len(read) <= 2 * (n_threads + 1)


def test_a_late_setting_computes_only_what_follows() -> None:
    read = []
    cache = StageCache()
    movie = movie_of(three_disks())
    plane = movie.source.read_plane
    object.__setattr__(movie.source, "read_plane", lambda *at: read.append(at) or plane(*at))
    engine.segment_frame(movie, PLAIN, 0, cache)
    strict = PLAIN.replace(objects=ObjectFilter(min_area_px2=150))
    assert engine.segment_frame(movie, strict, 0, cache).max() == 2
    assert engine.segment_frame(movie, PLAIN, 0, cache).max() == 3
    assert len(read) == 1


def test_a_setting_of_the_cut_finds_its_parts_again() -> None:
    movie, cache = movie_of(three_disks()), StageCache()
    cuts = [PLAIN.segment.replace(split=WatershedDistance(min_distance_px=px)) for px in (2, 9)]
    kept = []
    for segment in (*cuts, PLAIN.segment):
        recipe = PLAIN.replace(segment=segment)
        found = engine.segment_frame(movie, recipe, 0, cache)
        np.testing.assert_array_equal(found, engine.segment_frame(movie, recipe, 0))
        kept.append(len(cache))
    # The parts, what is cut and the cells of it; then no parts; then only cells.
    assert kept == [kept[0], kept[0] + 2, kept[0] + 3]


def test_crop_keeps_the_coordinates_of_the_whole_image() -> None:
    movie = movie_of(three_disks())
    whole = engine.run_frame(movie, PLAIN, 0).objects
    recipe = PLAIN.replace(input=Input(crop=Crop(y_start_px=5, x_start_px=50, x_stop_px=90)))
    cropped = engine.run_frame(movie, recipe, 0)
    assert cropped.labels.shape == (64, 96)
    pd.testing.assert_series_equal(
        cropped.objects.iloc[0][["y_px", "x_px", "area_px2", "ch0_mean"]],
        whole.set_index("x_px", drop=False).loc[75.0][["y_px", "x_px", "area_px2", "ch0_mean"]],
        check_names=False,
    )
    outside = PLAIN.replace(input=Input(crop=Crop(x_start_px=96)))
    with pytest.raises(RecipeError, match=r"input\.crop\.x_start_px: array is only 96 px along x"):
        engine.segment_frame(movie, outside, 0)


def test_frame_range_keeps_the_frame_numbers_of_the_whole_movie() -> None:
    recipe = PLAIN.replace(input=Input(frames=FrameRange(start=1, stop=6, step=2)))
    result = run_all(movie_of(moving_disks()), recipe)
    assert result.counts["frame"].tolist() == [1, 3, 5]
    # Steps of 6 px, and the missing disk is missing once in three looks: that is a gap of one.
    assert result.tracks["n_frames"].tolist() == [3, 1, 3, 1]
    with pytest.raises(RecipeError, match="has 6 frames, none from 6 on"):
        recipe = PLAIN.replace(input=Input(frames=FrameRange(start=6)))
        recipe.input.frames_of(movie_of(moving_disks()))


@pytest.mark.parametrize("how", ["max", "mean"])
def test_projections(how: str) -> None:
    stack = np.random.default_rng(0).integers(0, 1000, (4, 3, 8, 9)).astype(np.uint16)
    movie = movie_of(stack, "TZYX")
    flat_z = Input(project_z=how)(movie, 2)
    np.testing.assert_allclose(flat_z, getattr(np, how)(stack[2], axis=0), rtol=1e-6)
    recipe = Recipe(input=Input(project_z=how, project_t=how, frames=FrameRange(start=1)))
    flat = recipe.input(movie, 1)
    np.testing.assert_allclose(flat, getattr(np, how)(stack[1:], axis=(0, 1)), rtol=1e-6)
    assert list(recipe.input.frames_of(movie)) == [1, 2, 3]
    once = recipe.input.replace(measure_each_frame=False)
    assert list(once.frames_of(movie)) == [1]


@pytest.mark.parametrize(
    "dtype",
    ["bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "float16", "float32"],
)
def test_every_data_type_gives_the_same_cells(dtype: str) -> None:
    image = three_disks("uint8") > 50 if dtype == "bool" else three_disks("uint8").astype(dtype)
    expected = skimage_label(three_disks() > 50)
    np.testing.assert_array_equal(engine.segment_frame(movie_of(image), PLAIN, 0), expected)


def test_nan_and_infinity_are_background() -> None:
    image = three_disks().astype(np.float32)
    image[0, :50], image[1, :50], image[2, :50] = np.nan, np.inf, -np.inf
    assert engine.segment_frame(movie_of(image), PLAIN, 0).max() == 3
    for value in (np.nan, np.inf, 0.0):
        assert engine.segment_frame(movie_of(np.full((9, 9), value)), Recipe(), 0).max() == 0


@pytest.mark.parametrize("recipe", [PLAIN, Recipe()], ids=["plain", "default"])
@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 5, 3), (3, 1, 40), (2, 64, 64)])
def test_nothing_there_is_a_result_too(recipe: Recipe, shape: tuple[int, ...]) -> None:
    result = run_all(movie_of(np.zeros(shape, np.uint16)), recipe)
    assert result.counts["n_cells"].tolist() == [0] * shape[0]
    assert len(result.objects) == len(result.tracks) == 0
    assert {"track_id", "area_px2", "ch0_mean"} <= set(result.objects.columns)


def test_every_channel_is_measured_or_those_asked_for() -> None:
    rgb = np.stack([three_disks("uint8"), three_disks("uint8") // 2, three_disks("uint8") * 0], -1)
    movie = movie_of(rgb, "YXC")
    objects = engine.run_frame(movie, PLAIN.replace(input=Input(channel="red")), 0).objects
    assert objects[["red_mean", "green_mean", "blue_mean"]].iloc[0].tolist() == [100, 50, 0]
    only = PLAIN.replace(measure=PLAIN.measure.replace(channels=("Green",), statistics=("max",)))
    names = engine.run_frame(movie, only, 0).objects.columns
    assert [name for name in names if name.endswith(("_mean", "_max", "_total"))] == ["green_max"]
    with pytest.raises(
        MovieError, match="has no channel 'far red'; choose one of red, green, blue"
    ):
        engine.segment_frame(movie, PLAIN.replace(input=Input(channel="far red")), 0)


def test_short_tracks_are_left_out_but_their_cells_stay() -> None:
    recipe = PLAIN.replace(tracks=PLAIN.tracks.replace(min_length_frames=3))
    result = run_all(movie_of(moving_disks()), recipe)
    assert result.tracks["track_id"].tolist() == [1, 2, 3]
    assert (result.objects["track_id"] == 0).sum() == 2
    assert result.counts["n_cells"].sum() == len(result.objects) == 17


def test_overlaps_are_counted_only_when_the_linker_asks() -> None:
    frames = np.zeros((3, 20, 60), np.uint16)
    for t, left in enumerate((5, 8, 30)):
        frames[t, 4:14, left : left + 10] = 100
    movie = movie_of(frames)
    assert all(result.overlaps is None for result in engine.run(movie, PLAIN))
    recipe = PLAIN.replace(link=Assignment(overlap_weight=1.0))
    for n_threads in (1, 2):
        found = list(engine.run(movie, recipe, n_threads=n_threads))
        shared = [result.overlaps.to_numpy().tolist() for result in found]
        assert shared == [[], [[1, 1, 70, 1]], []]  # 7 columns of 10 px, in frame 1
    objects, overlaps = zip(*((result.objects, result.overlaps) for result in found), strict=True)
    assert engine.link_objects(movie, recipe, objects, overlaps).tracks["n_frames"].max() >= 2


def test_events_say_why_a_track_broke() -> None:
    events = run_all(movie_of(moving_disks()), PLAIN).events
    (end,) = events[events["kind"] == "end"].itertuples()
    assert end.frame == 2
    assert end.reason == (
        "ends: missing from the mask for 1 frame after, then track 4 is 6.0 px away; gap limit 0"
    )


def test_common_drift_is_kept_in_a_table() -> None:
    random = np.random.default_rng(0)
    places = np.stack(np.meshgrid(np.arange(4), np.arange(5)), -1).reshape(-1, 2) * 40 + 30
    places = places + random.integers(-6, 7, places.shape)
    frames = np.zeros((5, 200, 260), np.uint16)
    for t in range(5):
        for y, x in places + t * np.array([2, 6]):
            frames[t][disk((200, 260), y, x, 5)] = 200
    recipe = PLAIN.replace(link=Assignment())
    drift = run_all(movie_of(frames), recipe).drift
    np.testing.assert_allclose(drift["drift_y_px"], 2 * np.arange(5), atol=0.1)
    np.testing.assert_allclose(drift["drift_x_px"], 6 * np.arange(5), atol=0.1)
    assert (run_all(movie_of(frames), PLAIN).drift[["drift_y_px", "drift_x_px"]] == 0).all(
        axis=None
    )


def test_other_files_of_the_same_frames_are_measured_under_the_same_labels():
    frames = np.full((2, 20, 20), 10, np.uint16)
    frames[:, 5:10, 5:10] = 500
    reporter = np.full((2, 20, 20), 3, np.uint16)
    reporter[1, 5:10, 5:10] = 70
    movie = movie_from_array(frames, "TYX", name="cells")
    other = movie_from_array(reporter, "TYX", name="reporter")
    recipe = Recipe(segment=Regions(threshold=Manual(value=300.0), split=NoSplit()))
    results = list(engine.run(movie, recipe, others={"reporter": other}))
    assert [float(r.objects["reporter_mean"].iloc[0]) for r in results] == [3.0, 70.0]
