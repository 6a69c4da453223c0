from __future__ import annotations

import gc

from qtpy.QtWidgets import QWidget

from napari_celltrack.gui.when_destroyed import when_destroyed


def test_slot_is_whole_when_the_garbage_collector_takes_the_widget_apart(qapp) -> None:
    called: list[str] = []
    widget = QWidget()
    widget.itself = widget  # a circle, as widgets with slots of their own make
    when_destroyed(widget, lambda: called.append("once"))
    del widget
    gc.collect()
    assert called == ["once"]


def test_slot_is_called_when_qt_destroys_the_widget_first(qapp, qtbot) -> None:
    called: list[str] = []
    parent = QWidget()
    child = QWidget(parent)
    when_destroyed(child, lambda: called.append("once"))
    parent.deleteLater()
    qtbot.waitUntil(lambda: called == ["once"])
    del parent, child
    gc.collect()
    assert called == ["once"]
