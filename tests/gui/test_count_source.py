"""Where cells come from, in the dock: an image, labels of the user, or a brush."""

from __future__ import annotations

import numpy as np
from count_scenes import settle
from qtpy.QtWidgets import QComboBox, QLabel, QPushButton, QSpinBox, QWidget

from napari_celltrack.engine import segment_frame
from napari_celltrack.gui.layers import movie_layers
from napari_celltrack.gui.session import session_of


def text(dock, name: str) -> str:
    return dock.findChild(QLabel, name).text()


def expected(viewer) -> np.ndarray:
    session = session_of(viewer)
    return segment_frame(session.movie, session.recipe, session.frame)


def test_another_kind_of_layer_is_no_image(viewer, open_count, scene):
    viewer.add_labels(scene.astype(int))
    viewer.add_shapes([np.array([[0, 0], [0, 9], [9, 9], [9, 0]])])
    dock = open_count()
    assert dock.findChild(QComboBox, "count_layer").count() == 0
    assert "Open an image" in text(dock, "count_foot")
    assert not dock.findChild(QPushButton, "count_suggest").isEnabled()


def test_cells_of_a_labels_layer_take_the_place_of_finding_them(viewer, open_count, scene, qtbot):
    viewer.add_image(scene)
    mine = np.zeros(scene.shape, int)
    mine[:, 5:25, 5:25], mine[:, 50:70, 50:70] = 7, 3
    viewer.add_labels(mine, name="from another program")
    dock = open_count()
    menu = dock.findChild(QComboBox, "count_cells_from")
    assert [menu.itemText(i) for i in range(menu.count())] == ["the image", "from another program"]
    menu.activated.emit(1)
    settle(qtbot)
    frame = session_of(viewer).frame
    assert text(dock, "count_number") == "2"
    assert menu.currentIndex() == 1
    np.testing.assert_array_equal(movie_layers.cells_layer(viewer).data[frame], mine[frame])
    assert "from another program" in text(dock, "count_given")
    assert not dock.findChild(QComboBox, "segment.threshold.method").isEnabled()
    # The filter has its say, whoever made the cells.
    dock.findChild(QSpinBox, "objects.min_area_px2").setValue(401)
    settle(qtbot)
    assert text(dock, "count_number") == "0"
    menu.activated.emit(0)
    dock.findChild(QSpinBox, "objects.min_area_px2").setValue(30)
    settle(qtbot)
    assert dock.findChild(QComboBox, "segment.threshold.method").isEnabled()
    np.testing.assert_array_equal(movie_layers.cells_layer(viewer).data[frame], expected(viewer))


def test_labels_of_another_size_are_refused_in_words(viewer, open_count, scene, qtbot):
    viewer.add_image(scene)
    viewer.add_labels(np.ones((5, 10, 10), int), name="too small")
    dock = open_count()
    settle(qtbot)
    dock.findChild(QComboBox, "count_cells_from").activated.emit(1)
    settle(qtbot)
    assert "too small" in text(dock, "count_foot")
    assert dock.findChild(QLabel, "count_foot").property("role") == "problem"


def test_what_was_painted_is_kept_until_it_is_dropped(viewer, open_count, scene, qtbot):
    viewer.add_image(scene)
    viewer.dims.set_current_step(0, 1)
    dock = open_count()
    settle(qtbot)
    kept = dock.findChild(QWidget, "count_corrected")
    assert kept.isHidden()
    cells = movie_layers.cells_layer(viewer)
    cells.paint((1, 60, 60), 99)
    qtbot.waitUntil(lambda: not kept.isHidden(), timeout=60_000)
    assert text(dock, "count_corrected_text") == "1 frame corrected by hand is kept."
    settle(qtbot)
    assert text(dock, "count_number") == "6"
    dock.findChild(QSpinBox, "objects.min_area_px2").setValue(5000)
    settle(qtbot)
    assert 99 in cells.data[1]
    dock.findChild(QPushButton, "count_drop_corrections").click()
    settle(qtbot)
    assert kept.isHidden()
    np.testing.assert_array_equal(movie_layers.cells_layer(viewer).data[1], expected(viewer))
