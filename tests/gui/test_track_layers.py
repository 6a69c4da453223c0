"""The layers of tracks, against the tables they are made of."""

from __future__ import annotations

import dataclasses
import warnings

import numpy as np
import pandas as pd
import pytest
from napari.layers import Points, Tracks

from napari_celltrack.engine import link_objects
from napari_celltrack.gui.layers import track_layers
from napari_celltrack.gui.layers.movie_layers import movie_from_layer
from napari_celltrack.gui.layers.track_layers import draw_tracks, drawing_tracks, show_tracks
from napari_celltrack.gui.layers.track_rows import CONFIDENCE, STEP, rows_to_show
from napari_celltrack.gui.layers.track_vectors import (
    hide_search,
    remove_search,
    show_compared,
    show_search,
)
from napari_celltrack.link import Assignment
from napari_celltrack.recipe import Recipe
from napari_celltrack.tables import (
    AREA_PX2,
    FRAME,
    LABEL,
    LINK_MARGIN,
    OBJECT_COLUMNS,
    TRACK_ID,
    X_PX,
    Y_PX,
    Tables,
    as_table,
)

#: A cell that is missing in frame 2, one that divides in frame 3, and one that stands still.
SIGHTS = (
    [(t, 10.0, 10.0 + t) for t in (0, 1, 3, 4)]
    + [(t, 30.0, 30.0) for t in (0, 1, 2)]
    + [(t, 30.0 + side * (4 + t - 3), 30.0) for t in (3, 4) for side in (-1, 1)]
    + [(t, 60.0, 60.0) for t in range(5)]
)


def tables_of(detections: list[tuple], image, recipe: Recipe | None = None) -> Tables:
    """Return the tables of cells (frame, y, x), linked by the engine."""
    movie = movie_from_layer(image)
    by_frame = []
    for frame in range(movie.n_frames):
        places = np.array([at[1:] for at in detections if at[0] == frame], float).reshape(-1, 2)
        columns = {name: np.zeros(len(places)) for name in OBJECT_COLUMNS}
        columns |= {FRAME: np.full(len(places), frame), LABEL: 1 + np.arange(len(places))}
        columns |= {Y_PX: places[:, 0], X_PX: places[:, 1], AREA_PX2: np.full(len(places), 20)}
        by_frame.append(
            as_table({**columns, "green_mean": places[:, 1]}, OBJECT_COLUMNS, ["green_mean"])
        )
    linker = Assignment(max_distance_px=8, max_gap_frames=1, max_division_distance_px=10)
    return link_objects(movie, recipe or Recipe(link=linker), by_frame)


@pytest.fixture
def image(viewer):
    return viewer.add_image(np.zeros((5, 80, 80), np.uint8), name="movie")


@pytest.fixture
def tables(image) -> Tables:
    return tables_of(SIGHTS, image)


def rows_of(objects: pd.DataFrame) -> np.ndarray:
    followed = objects[objects[TRACK_ID] > 0].sort_values([TRACK_ID, FRAME])
    return followed[[TRACK_ID, FRAME, Y_PX, X_PX]].to_numpy(float)


def names(viewer) -> list[str]:
    return [layer.name for layer in viewer.layers]


def test_the_layer_has_the_rows_and_the_divisions_of_the_tables(viewer, image, tables) -> None:
    layer = show_tracks(viewer, image, movie_from_layer(image), tables)
    assert isinstance(layer, Tracks)
    np.testing.assert_array_equal(layer.data, rows_of(tables.objects))
    born = tables.tracks[tables.tracks["parent_id"] > 0]
    assert len(born) == 2
    assert layer.graph == {row.track_id: [row.parent_id] for row in born.itertuples()}


def test_a_gap_has_no_detection_where_the_track_goes_on(viewer, image, tables) -> None:
    layer = show_tracks(viewer, image, movie_from_layer(image), tables)
    seen = viewer.layers["detections"]
    assert isinstance(seen, Points)
    top = layer.data[layer.data[:, 2] == 10]
    assert len(set(top[:, 0])) == 1, "the gap was not bridged"
    assert sorted(seen.data[seen.data[:, 1] == 10][:, 0]) == [0, 1, 3, 4]


def test_new_layers_are_put_in_and_drawn_one_a_step(viewer, image, tables) -> None:
    shown = rows_to_show(tables, movie_from_layer(image), 0)
    said = []
    viewer.layers.selection.events.changed.connect(said.append)
    seen = [
        {layer.name: layer.visible for layer in viewer.layers if layer is not image}
        for _ in drawing_tracks(viewer, image, shown)
    ]
    assert seen == [
        {"detections": False},
        {"detections": True},
        {"detections": True, "tracks": False},
        {"detections": True, "tracks": True},
    ]
    # The user was busy with the image all the time.
    assert viewer.layers.selection.active is image and not said
    viewer.layers["tracks"].visible = False
    draw_tracks(viewer, image, shown)
    assert not viewer.layers["tracks"].visible


def test_sights_that_are_shown_all_stay_when_few_tracks_are_asked_for(
    viewer, image, tables
) -> None:
    movie = movie_from_layer(image)
    show_tracks(viewer, image, movie, tables, max_rows=None)
    before = viewer.layers["detections"].data
    layer = show_tracks(viewer, image, movie, tables, max_rows=4)
    assert len(layer.data) < len(before)
    assert viewer.layers["detections"].data is before
    rows = track_layers.describe_detections(viewer, tables.objects).features
    np.testing.assert_array_equal(rows[[FRAME, Y_PX, X_PX]], before)
    moved = dataclasses.replace(
        tables, objects=tables.objects.assign(**{Y_PX: tables.objects[Y_PX] + 1})
    )
    layer = show_tracks(viewer, image, movie, moved, max_rows=4)
    now = viewer.layers["detections"].data
    assert {tuple(row) for row in now} == {tuple(row) for row in layer.data[:, 1:]}


def test_features_are_numbers_without_holes(viewer, image, tables) -> None:
    features = show_tracks(viewer, image, movie_from_layer(image), tables).features
    assert list(features)[:3] == [TRACK_ID, STEP, CONFIDENCE]
    assert {AREA_PX2, "green_mean"} <= set(features)
    assert np.isfinite(features.to_numpy(float)).all()
    assert features[CONFIDENCE].between(0, 5).all()
    assert tables.objects[LINK_MARGIN].isna().any(), "the scene should have first detections"


def test_confidence_of_a_link_is_its_margin(viewer, image, tables) -> None:
    layer = show_tracks(viewer, image, movie_from_layer(image), tables)
    linked = tables.objects.sort_values([TRACK_ID, FRAME])[LINK_MARGIN].to_numpy()
    known = np.isfinite(linked)
    shown = layer.features[CONFIDENCE].to_numpy()
    np.testing.assert_allclose(shown[known], np.clip(linked[known], 0, 5))


def test_new_tracks_keep_the_layer_and_the_looks_of_the_user(viewer, image, tables) -> None:
    movie = movie_from_layer(image)
    layer = show_tracks(viewer, image, movie, tables)
    layer.tail_length, layer.color_by, layer.visible = 7, CONFIDENCE, False
    viewer.layers["detections"].face_color = "red"
    fewer = tables_of([at for at in SIGHTS if at[0] != 4], image)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert show_tracks(viewer, image, movie, fewer) is layer
    assert (layer.tail_length, layer.color_by, layer.visible) == (7, CONFIDENCE, False)
    np.testing.assert_array_equal(layer.data, rows_of(fewer.objects))
    dots = viewer.layers["detections"]
    assert len(dots.data) == len(fewer.objects)
    np.testing.assert_array_equal(np.unique(dots.face_color, axis=0), [[1, 0, 0, 1]])


@pytest.mark.parametrize("detections", [[], [(0, 10.0, 10.0)], [(4, 10.0, 10.0), (4, 30.0, 30.0)]])
def test_few_cells_are_shown_and_none_take_the_layers_away(
    viewer, image, tables, detections
) -> None:
    movie = movie_from_layer(image)
    show_tracks(viewer, image, movie, tables)
    few = tables_of(detections, image)
    layer = show_tracks(viewer, image, movie, few)
    assert (layer is None) == (not detections)
    assert ("tracks" in names(viewer)) == bool(detections)
    assert ("detections" in names(viewer)) == bool(detections)


def test_one_image_has_no_tracks(viewer) -> None:
    still = viewer.add_image(np.zeros((80, 80), np.uint8))
    tables = tables_of([(0, 10.0, 10.0)], still)
    assert show_tracks(viewer, still, movie_from_layer(still), tables) is None
    assert names(viewer) == [still.name]


def test_layers_of_the_user_with_our_names_are_left_alone(viewer, image, tables) -> None:
    theirs = viewer.add_tracks(np.array([[1, 0, 5, 5], [1, 1, 6, 6]]), name="tracks")
    movie = movie_from_layer(image)
    ours = show_tracks(viewer, image, movie, tables)
    assert ours is not theirs
    track_layers.remove_tracks(viewer)
    assert names(viewer) == ["movie", "tracks"]
    np.testing.assert_array_equal(theirs.data, [[1, 0, 5, 5], [1, 1, 6, 6]])


def test_the_layer_that_the_user_deleted_is_made_anew(viewer, image, tables) -> None:
    movie = movie_from_layer(image)
    viewer.layers.remove(show_tracks(viewer, image, movie, tables))
    assert show_tracks(viewer, image, movie, tables) in viewer.layers


@pytest.mark.parametrize(
    ("axes", "shape", "columns"),
    [
        ("TYX", (5, 80, 80), [FRAME]),
        ("TCYX", (5, 2, 80, 80), [FRAME, 0]),
        ("TZYX", (5, 3, 80, 80), [FRAME, 0]),
        ("CTYX", (2, 5, 80, 80), [FRAME]),
        ("TCZYX", (5, 2, 3, 80, 80), [FRAME, 0, 0]),
        ("TZCYX", (5, 3, 2, 80, 80), [FRAME, 0, 0]),
        ("CTZYX", (2, 5, 3, 80, 80), [FRAME, 0]),
        ("ZTCYX", (3, 5, 2, 80, 80), [FRAME, 0]),
        ("CZTYX", (2, 3, 5, 80, 80), [FRAME]),
    ],
)
def test_tracks_lie_over_the_cells_whatever_the_dimensions(viewer, axes, shape, columns) -> None:
    image = viewer.add_image(np.zeros(shape, np.uint8), scale=[1] * (len(shape) - 2) + [0.5, 0.5])
    image.translate = [0] * (len(shape) - 2) + [7, 9]
    plain = viewer.add_image(np.zeros((5, 80, 80), np.uint8))
    tables = tables_of(SIGHTS, plain)
    layer = show_tracks(viewer, image, movie_from_layer(image, axes), tables)
    assert layer.data.shape[1] == 1 + len(columns) + 2
    np.testing.assert_array_equal(layer.data[:, 1], rows_of(tables.objects)[:, 1])
    for each in (layer, viewer.layers["detections"]):
        at = [0.0] * each.ndim
        at[-2:] = 10, 12
        in_image = [0.0] * image.ndim
        in_image[-2:] = 10, 12
        np.testing.assert_allclose(each.data_to_world(at)[-2:], image.data_to_world(in_image)[-2:])
    # The slider of the image's time is that of the tracks, and they take in other rows as well.
    viewer.dims.set_current_step(axes.index("T"), 3)
    assert layer.current_time == 3
    again = show_tracks(viewer, image, movie_from_layer(image, axes), tables, max_rows=8)
    assert again is layer
    assert set(layer.data[:, 1]) == {3}


def test_tracks_follow_an_image_that_was_moved(viewer, image, tables) -> None:
    layer = show_tracks(viewer, image, movie_from_layer(image), tables)
    search = show_search(viewer, image, (10, 10), 5)
    image.translate, image.scale = (0, 3, 4), (1, 2, 2)
    track_layers.move_tracks(viewer, image)
    for each in (layer, search):
        np.testing.assert_array_equal(each.translate[-2:], (3, 4))
        np.testing.assert_array_equal(each.scale[-2:], (2, 2))


def test_too_many_rows_are_shown_round_the_frame_in_view_first(viewer, image, tables) -> None:
    movie = movie_from_layer(image)
    viewer.dims.set_current_step(0, 4)
    layer = show_tracks(viewer, image, movie, tables, max_rows=8)
    assert sorted(set(layer.data[:, 1])) == [3, 4]
    # Both ends of a division must be there, or napari would refuse the graph.
    assert layer.graph == {}
    show_tracks(viewer, image, movie, tables, max_rows=None)
    assert len(layer.data) == len(tables.objects)
    assert len(layer.graph) == 2


def test_the_circle_has_the_radius_and_the_lines_lead_to_the_candidates(viewer, image) -> None:
    layer = show_search(viewer, image, (40, 30), 12, candidates=[(44, 33), (40, 41)])
    circle, lines = layer.data[:-2], layer.data[-2:]
    away = np.linalg.norm(circle[:, 0] - (40, 30), axis=1)
    np.testing.assert_allclose(away, 12)
    np.testing.assert_array_equal(lines.sum(axis=1), [(44, 33), (40, 41)])
    again = show_search(viewer, image, (20, 20), 5)
    assert again is layer
    np.testing.assert_allclose(np.linalg.norm(layer.data[:, 0] - (20, 20), axis=1), 5)
    assert viewer.layers.selection.active is image
    hide_search(viewer)
    assert len(layer.data) == 0
    remove_search(viewer)
    assert names(viewer) == ["movie"]


def test_compared_links_are_red_and_blue_in_the_frame_they_lead_to(viewer, image) -> None:
    columns = ["frame", "y_px", "x_px", "y_before_px", "x_before_px"]
    only_a = pd.DataFrame([(2, 10, 10, 8, 9)], columns=columns)
    only_b = pd.DataFrame([(3, 5, 5, 6, 7), (4, 1, 1, 0, 0)], columns=columns)
    movie = movie_from_layer(image)
    layer = show_compared(viewer, image, movie, only_a, only_b)
    np.testing.assert_array_equal(layer.data[:, 0], [(2, 8, 9), (3, 6, 7), (4, 0, 0)])
    np.testing.assert_array_equal(layer.data[:, 1], [(0, 2, 1), (0, -1, -2), (0, 1, 1)])
    reds, blues = layer.edge_color[:, 0], layer.edge_color[:, 2]
    assert (reds > blues).tolist() == [True, False, False]
    assert show_compared(viewer, image, movie, only_a[:0], only_b[:0]) is None
    assert names(viewer) == ["movie"]
