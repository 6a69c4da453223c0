"""A session follows its viewer and finds cells in the background."""

from __future__ import annotations

import gc
import weakref

import dask.array as da
import numpy as np
import pytest
from napari.components import ViewerModel

from napari_celltrack.engine import cell_source, segment_frame
from napari_celltrack.gui.layers import movie_layers
from napari_celltrack.gui.session import session_of
from napari_celltrack.measure import ObjectFilter
from napari_celltrack.recipe import Input


@pytest.fixture
def model(qtbot, lane_threads, recipe):
    """Return a viewer without a window."""
    model = ViewerModel()
    session_of(model).set_recipe(recipe)
    yield model
    session_of(model).open_layer(None)
    qtbot.waitUntil(lambda: not lane_threads(), timeout=60_000)


@pytest.fixture
def looking(model):
    """Return the session of the viewer, with somebody looking, and what was told."""
    session = session_of(model)
    told = {"found": [], "failed": []}
    session.watch("cells")
    session.frame_found.connect(told["found"].append)
    session.failed.connect(told["failed"].append)
    session.told = told
    return session


def settle(session, qtbot) -> None:
    qtbot.waitUntil(lambda: not session.preview_lane.busy, timeout=60_000)
    qtbot.wait(20)


def has_colours(cells) -> bool:
    """Tell whether cells are seen in the thumbnail of a layer."""
    return bool(cells.thumbnail[..., :3].any())


def test_a_viewer_has_one_session_and_another_viewer_another(model):
    assert session_of(model) is session_of(model)
    assert session_of(ViewerModel()) is not session_of(model)


def test_the_layer_holds_what_the_engine_finds(model, looking, qtbot, scene, cells_of_frame):
    image = model.add_image(scene)
    looking.open_layer(image)
    for frame, n_cells in enumerate(cells_of_frame):
        model.dims.set_current_step(0, frame)
        qtbot.waitUntil(
            lambda frame=frame: looking.found is not None and looking.found.frame == frame
        )
        assert looking.found.n_cells == n_cells
        qtbot.waitUntil(lambda n=n_cells: has_colours(movie_layers.cells_layer(model)) == (n > 0))
    cells = movie_layers.cells_layer(model)
    for frame in range(len(scene)):
        expected = segment_frame(looking.movie, looking.recipe, frame)
        np.testing.assert_array_equal(cells.data[frame], expected)


def test_without_anybody_looking_nothing_is_computed(model, qtbot, scene):
    session = session_of(model)
    session.open_layer(model.add_image(scene))
    settle(session, qtbot)
    assert session.found is None
    assert len(model.layers) == 1


def test_who_begins_to_look_sees_what_there_is(model, qtbot, scene, cells_of_frame):
    session = session_of(model)
    session.open_layer(model.add_image(scene))
    with session.watch("cells"):
        qtbot.waitUntil(lambda: session.found is not None, timeout=10_000)
        assert session.found.n_cells == cells_of_frame[session.frame]
        settle(session, qtbot)
    session.update(objects=ObjectFilter(min_area_px2=99))
    settle(session, qtbot)
    assert session.found.recipe != session.recipe


def test_cells_are_found_until_the_last_one_looks_no_more(model, qtbot, scene):
    session = session_of(model)
    first, second = session.watch("cells"), session.watch("tracks")
    session.open_layer(model.add_image(scene))
    settle(session, qtbot)
    for watch, area in ((first, 77), (second, 88)):
        watch.end()
        watch.end()
        session.update(objects=ObjectFilter(min_area_px2=area))
        settle(session, qtbot)
        assert session.found.recipe.objects.min_area_px2 == 77


def test_what_comes_after_the_end_is_not_drawn(model, qtbot, scene):
    session = session_of(model)
    watch = session.watch("cells")
    session.open_layer(model.add_image(scene))
    assert session.preview_lane.busy
    watch.end()
    settle(session, qtbot)
    assert session.found is None
    assert movie_layers.cells_layer(model) is None


def test_many_changes_end_with_the_last(model, looking, qtbot, scene):
    looking.open_layer(model.add_image(scene))
    for area in range(1, 150):
        looking.update(objects=ObjectFilter(min_area_px2=area))
    settle(looking, qtbot)
    assert looking.found.recipe.objects.min_area_px2 == 149
    assert len(looking.told["found"]) < 149
    expected = segment_frame(looking.movie, looking.recipe, looking.frame)
    np.testing.assert_array_equal(movie_layers.cells_layer(model).data[looking.frame], expected)


def test_what_is_shown_is_not_computed_again(model, looking, qtbot, scene):
    looking.open_layer(model.add_image(scene))
    settle(looking, qtbot)
    n_found = len(looking.told["found"])
    looking.request_preview()
    settle(looking, qtbot)
    assert len(looking.told["found"]) == n_found


def test_live_off_waits(model, looking, qtbot, scene):
    looking.open_layer(model.add_image(scene))
    settle(looking, qtbot)
    looking.set_live(False)
    looking.update(objects=ObjectFilter(min_area_px2=77))
    settle(looking, qtbot)
    assert looking.found.recipe.objects.min_area_px2 != 77
    looking.set_live(True)
    settle(looking, qtbot)
    assert looking.found.recipe.objects.min_area_px2 == 77


def test_an_image_edited_in_place_is_looked_at_again(model, looking, qtbot, scene, cells_of_frame):
    image = model.add_image(scene)
    model.dims.set_current_step(0, 0)
    looking.open_layer(image)
    settle(looking, qtbot)
    assert looking.found.n_cells == cells_of_frame[0]
    image.data[0] = image.data[1]
    image.refresh()
    settle(looking, qtbot)
    assert looking.found.n_cells == cells_of_frame[1]


def test_replaced_data_is_looked_at_again(model, looking, qtbot, scene, cells_of_frame):
    image = model.add_image(scene)
    model.dims.set_current_step(0, 0)
    looking.open_layer(image)
    settle(looking, qtbot)
    image.data = scene[::-1].copy()
    settle(looking, qtbot)
    assert looking.found.n_cells == cells_of_frame[-1]


def test_moving_the_slider_keeps_what_is_known(model, looking, qtbot, scene):
    looking.open_layer(model.add_image(scene))
    settle(looking, qtbot)
    fingerprint = looking.movie.fingerprint
    for frame in (0, 1, 2, 1, 0):
        model.dims.set_current_step(0, frame)
        settle(looking, qtbot)
    assert looking.movie.fingerprint == fingerprint


def test_a_lazy_layer_stays_lazy(model, looking, qtbot, scene, cells_of_frame):
    read = []

    def block(block_info=None):
        frame = block_info[None]["array-location"][0][0]
        read.append(frame)
        return scene[frame : frame + 1]

    lazy = da.map_blocks(block, chunks=((1,) * 5, (96,), (96,)), dtype=np.uint16)
    image = model.add_image(lazy, contrast_limits=(0, 1000))
    model.dims.set_current_step(0, 3)
    settle(looking, qtbot)
    read.clear()
    looking.preview_frames = 1
    looking.open_layer(image)
    settle(looking, qtbot)
    assert set(read) <= {3}
    assert looking.found.n_cells == cells_of_frame[3]


def test_an_expected_failure_is_a_sentence_and_the_old_result_stays(model, looking, qtbot, scene):
    looking.open_layer(model.add_image(scene, name="nuclei"))
    settle(looking, qtbot)
    before = looking.found
    looking.update(input=Input(channel="green"))
    settle(looking, qtbot)
    assert "nuclei has no channel 'green'" in looking.told["failed"][-1]
    assert looking.found is before
    looking.set_recipe(before.recipe)
    settle(looking, qtbot)
    assert looking.problem == ""


def test_axes_that_do_not_fit_are_a_sentence(model, looking, qtbot, scene):
    looking.open_layer(model.add_image(scene))
    settle(looking, qtbot)
    looking.update(input=Input(axes="TCYX"))
    assert looking.movie is None
    assert "do not fit" in looking.problem
    looking.update(input=Input(axes="CYX"))
    settle(looking, qtbot)
    assert looking.movie.n_frames == 1
    assert looking.problem == ""


def test_an_unexpected_failure_is_reported_and_survived(model, looking, qtbot, scene, monkeypatch):
    from napari.utils.notifications import notification_manager

    def broken(*_):
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr(cell_source, "segment_frame", broken)
    looking.open_layer(model.add_image(scene))
    settle(looking, qtbot)
    assert "by nothing" in looking.problem
    assert isinstance(notification_manager.records[-1].exception, ZeroDivisionError)
    monkeypatch.undo()
    looking.request_preview()
    settle(looking, qtbot)
    assert looking.found is not None
    assert looking.problem == ""


def test_a_layer_deleted_while_it_is_worked_on(model, looking, qtbot, scene):
    image = model.add_image(scene)
    looking.open_layer(image)
    model.layers.remove(image)
    settle(looking, qtbot)
    assert looking.movie is None
    assert looking.found is None
    assert list(model.layers) == []


def test_our_layer_comes_back_when_the_user_deleted_it(model, looking, qtbot, scene):
    looking.open_layer(model.add_image(scene))
    settle(looking, qtbot)
    model.layers.remove(movie_layers.cells_layer(model))
    looking.update(objects=ObjectFilter(min_area_px2=31))
    settle(looking, qtbot)
    assert movie_layers.cells_layer(model) is not None


def test_a_layer_of_the_user_is_never_touched(model, looking, qtbot, scene):
    mine = model.add_labels(np.full(scene.shape, 7), name="cells")
    looking.open_layer(model.add_image(scene))
    settle(looking, qtbot)
    copy = movie_layers.cells_layer(model)
    assert copy is not mine
    duplicate = model.add_labels(copy.data.copy(), metadata=copy.metadata, name="kept")
    model.layers.remove(copy)
    kept = duplicate.data.copy()
    looking.update(objects=ObjectFilter(min_area_px2=100_000))
    settle(looking, qtbot)
    assert (mine.data == 7).all()
    np.testing.assert_array_equal(duplicate.data, kept)


def test_the_cells_follow_the_place_of_the_image(model, looking, qtbot, scene):
    image = model.add_image(scene, scale=(1, 0.5, 0.5), translate=(0, 10, 20))
    looking.open_layer(image)
    settle(looking, qtbot)
    image.translate = (0, 1, 2)
    image.scale = (1, 2, 2)
    settle(looking, qtbot)
    cells = movie_layers.cells_layer(model)
    np.testing.assert_array_equal(cells.scale, (1, 2, 2))
    np.testing.assert_array_equal(cells.translate, (0, 1, 2))
    assert cells.extent.world.tolist() == image.extent.world.tolist()


def test_calibration_changes_no_pixels(model, looking, qtbot, scene):
    image = model.add_image(scene)
    looking.open_layer(image)
    settle(looking, qtbot)
    fingerprint = looking.movie.fingerprint
    image.scale = (1, 0.5, 0.5)
    image.units = ("s", "um", "um")
    settle(looking, qtbot)
    assert looking.movie.pixel_size_um == (0.5, 0.5)
    assert looking.movie.fingerprint == fingerprint


def test_a_session_does_not_keep_its_viewer(qtbot):
    def forgotten() -> weakref.ref:
        model = ViewerModel()
        session_of(model).open_layer(model.add_image(np.zeros((3, 8, 8))))
        return weakref.ref(model)

    ghost = forgotten()
    gc.collect()
    assert ghost() is None
