"""The table of cells in napari's own features table, linked to the picked track."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
import pandas as pd
from napari.layers import Points
from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QWidget

from napari_celltrack.gui.layers import track_layers
from napari_celltrack.gui.session import Session
from napari_celltrack.gui.when_destroyed import when_destroyed
from napari_celltrack.tables import FRAME, TRACK_ID, X_PX, Y_PX, Tables

#: napari's own widget, as its plugins menu knows it.
_WIDGET = ("napari", "Features table widget")


class CellTable(QObject):
    """Opens napari's features table over the cells, a row a cell and frame.

    Rows that are selected select their tracks, and the tracks that stand out select their rows.

    Parameters
    ----------
    session : Session
    viewer : ViewerModel
        Held weakly.
    parent : QWidget
        Lives as long as this.
    """

    #: Why there is no table, in a sentence; and that it is a problem.
    told = Signal(str, bool)

    def __init__(self, session: Session, viewer: Any, parent: QWidget) -> None:
        super().__init__(parent)
        self._session = session
        self._viewer = weakref.ref(viewer)
        self._layer: weakref.ref[Points] | None = None
        self._tables: Tables | None = None
        self._is_selecting = False
        self._is_open = False
        weak = weakref.WeakMethod(self._watch)

        def stop() -> None:
            if (watch := weak()) is not None:
                watch(None)

        when_destroyed(parent, stop)

    def open(self) -> None:
        """Open the table, or bring it up."""
        viewer, followed = self._viewer(), self._session.followed
        layer = None if viewer is None else track_layers.detections_layer(viewer)
        if viewer is None or layer is None or followed is None:
            self.told.emit("There are no followed cells to list; find and track them first.", True)
            return
        self._is_open = True
        self.show_tables(followed.tables)
        viewer.layers.selection.active = layer
        try:
            viewer.window.add_plugin_dock_widget(*_WIDGET)
        except (KeyError, ValueError):
            # Only its newer versions have it.
            self.told.emit(
                "This version of napari has no features table; update napari, or save the tables.",
                True,
            )

    def show_tables(self, tables: Tables) -> None:
        """Give the table the cells as they are now, if it was opened."""
        viewer = self._viewer()
        if viewer is None or not self._is_open:
            return
        self._tables = tables
        layer = track_layers.describe_detections(viewer, tables.objects)
        if layer is not (self._layer() if self._layer else None):
            self._watch(layer)
        self.select(self._session.selected)

    def select(self, track_ids: tuple[int, ...]) -> None:
        """Select the rows of some tracks."""
        layer = self._layer() if self._layer else None
        if layer is None or self._is_selecting:
            return
        is_wanted = self._rows(layer)[TRACK_ID].isin(track_ids)
        self._is_selecting = True
        layer.selected_data = set(np.flatnonzero(is_wanted).tolist())
        self._is_selecting = False

    def _watch(self, layer: Points | None) -> None:
        before = self._layer() if self._layer else None
        if before is not None:
            before.selected_data.events.items_changed.disconnect(self._on_selected)
        self._layer = None if layer is None else weakref.ref(layer)
        if layer is not None:
            layer.selected_data.events.items_changed.connect(self._on_selected)

    def _on_selected(self, *_: Any) -> None:
        layer = self._layer() if self._layer else None
        if layer is None or self._is_selecting or not layer.selected_data:
            return
        rows = self._rows(layer)
        chosen = rows.iloc[sorted(at for at in layer.selected_data if at < len(rows))]
        self._is_selecting = True
        self._session.select(int(track) for track in chosen[TRACK_ID].unique())
        if len(chosen) == 1:
            cell = chosen.iloc[0]
            self._session.go_to(int(cell[FRAME]), float(cell[Y_PX]), float(cell[X_PX]))
        self._is_selecting = False

    @staticmethod
    def _rows(layer: Points) -> pd.DataFrame:
        return pd.DataFrame(layer.features)
