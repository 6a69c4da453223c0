"""The axis strip: what each dimension of an image is."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
from napari.layers import Image
from qtpy.QtWidgets import QToolButton

from napari_celltrack.gui.docks.movie.axis_strip import AxisStrip, names_axes, readings, thumbnail


def chips(strip) -> list[str]:
    return [strip._chips.itemAt(i).widget().text() for i in range(strip._chips.count())]


@pytest.fixture
def strip(qtbot):
    widget = AxisStrip("movie_axes")
    qtbot.addWidget(widget)
    return widget


@pytest.mark.parametrize(
    ("shape", "rgb", "axes", "words"),
    [
        ((44, 36, 40), False, None, ["T 44 frames", "Y 36", "X 40"]),
        ((44, 36, 40), False, "ZYX", ["Z 44 planes", "Y 36", "X 40"]),
        ((36, 40), False, None, ["Y 36", "X 40"]),
        ((1, 36, 40), False, None, ["T 1 frame", "Y 36", "X 40"]),
        ((36, 40, 3), True, None, ["Y 36", "X 40", "C 3 colours"]),
        ((5, 2, 36, 40), False, "TCYX", ["T 5 frames", "C 2 channels", "Y 36", "X 40"]),
        ((6, 3, 2, 36, 40), False, "TZCYX", ["T 6", "Z 3", "C 2", "Y 36", "X 40"]),
    ],
)
def test_a_chip_a_dimension(strip, shape, rgb, axes, words):
    strip.show_layer(Image(np.zeros(shape, np.uint8), rgb=rgb), axes)
    assert chips(strip) == words


def test_no_image_has_no_chips(strip):
    strip.show_layer(Image(np.zeros((4, 36, 40))), None)
    strip.show_layer(None, None)
    assert chips(strip) == []
    assert strip.axes() == ""


def test_a_click_offers_the_other_readings_with_a_thumbnail_each(strip, qtbot):
    strip.show_layer(Image(np.zeros((4, 36, 40), np.uint8)), None)
    with qtbot.waitExposed(strip):
        strip.show()
    strip.findChild(QToolButton, "movie_axes_T").click()
    rows = strip._popup.findChildren(QToolButton)
    assert [each.text() for each in rows] == ["T 4 frames", "Z 4 planes", "C 4 channels"]
    assert not any(each.icon().isNull() for each in rows)
    with qtbot.waitSignal(strip.chosen) as told:
        rows[1].click()
    assert told.args == ["ZYX"]


def test_only_readings_that_make_sense_are_offered():
    stack = Image(np.zeros((5, 2, 36, 40), np.uint8))
    assert readings(stack, "TCYX", 1) == ["TCYX", "TZYX", "ZTYX", "CTYX", "CZYX"]
    # A plane can be read in one way only.
    assert readings(Image(np.zeros((36, 40))), "YX", 0) == ["YX"]
    colours = Image(np.zeros((36, 40, 3), np.uint8), rgb=True)
    assert readings(colours, "YXC", 2) == ["YXC"]


def test_a_layer_that_names_its_axes_is_not_guessed(strip):
    frames = np.zeros((4, 36, 40), np.uint8)
    strip.show_layer(Image(frames), None)
    assert strip.is_guessed()
    for told in (
        Image(frames, axis_labels=("t", "y", "x")),
        Image(frames, axis_labels=("z", "y", "x")),
        Image(frames, units=("s", "um", "um")),
        Image(frames, units=("um", "um", "um")),
    ):
        strip.show_layer(told, None)
        assert names_axes(told)
        assert not strip.is_guessed()
    # There is nothing to guess of a plane.
    strip.show_layer(Image(frames[0]), None)
    assert not strip.is_guessed()


def test_a_thumbnail_shows_what_a_reading_would_show():
    """One pixel is bright in the frame in the middle, another one in the first."""
    frames = np.zeros((5, 40, 50), np.uint16)
    frames[2, 10, 20] = 1000
    frames[0, 30, 5] = 500
    layer = Image(frames)
    in_time, in_depth = thumbnail(layer, "TYX"), thumbnail(layer, "ZYX")
    assert np.argwhere(in_time).tolist() == [[10, 20]]
    assert np.argwhere(in_depth).tolist() == [[10, 20], [30, 5]]
    assert in_depth[30, 5] == 127
    assert in_time.dtype == np.uint8


@pytest.mark.parametrize("fill", [0, 7, np.nan, np.inf])
def test_a_thumbnail_of_a_flat_image_is_dark(fill):
    layer = Image(np.full((3, 20, 30), fill, np.float32), contrast_limits=(0, 1))
    assert not thumbnail(layer, "TYX").any()


def test_a_thumbnail_reads_only_the_planes_it_shows():
    read = []

    def plane(block_info):
        read.append(block_info[None]["chunk-location"][0])
        return np.zeros((1, 400, 600), np.uint8)

    chunks = ((1,) * 100, (400,), (600,))
    lazy = da.map_blocks(plane, chunks=chunks, dtype=np.uint8, meta=np.empty(0, np.uint8))
    layer = Image(lazy, contrast_limits=(0, 255))
    read.clear()
    assert max(thumbnail(layer, "TYX").shape) <= 56
    assert set(read) == {50}
    thumbnail(layer, "ZYX")
    assert len(set(read)) <= 6
