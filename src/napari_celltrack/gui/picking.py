"""Picking a cell by a click into the picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from napari.components import ViewerModel
from napari.layers import Image

from napari_celltrack.gui.view import camera_of
from napari_celltrack.tables import AREA_PX2, FRAME, TRACK_ID, X_PX, Y_PX

#: A click this far beside a cell, in px, still means it.
_BESIDE_PX = 3.0
#: Between press and release a hand moves by this much, in px of the screen.
_STILL_PX = 4.0


class Picking:
    """Calls a function with the place of each click into the picture.

    A click that paints, erases or moves something does not count.

    Parameters
    ----------
    viewer : ViewerModel
    clicked : callable
        Called with the world position of a click.
    """

    def __init__(self, viewer: ViewerModel, clicked: Callable[[Any], None]) -> None:
        self._callbacks = viewer.mouse_drag_callbacks
        self._clicked = clicked
        self._callbacks.append(self._on_press)

    def stop(self, *_: Any) -> None:
        """Take no more clicks."""
        if self._on_press in self._callbacks:
            self._callbacks.remove(self._on_press)

    def _on_press(self, viewer: ViewerModel, event: Any) -> Iterator[None]:
        active = viewer.layers.selection.active
        is_tool = active is not None and str(getattr(active, "mode", "pan_zoom")) != "pan_zoom"
        if is_tool or event.button != 1 or viewer.dims.ndisplay != 2:
            return
        began = np.asarray(event.pos, float)
        yield
        while event.type == "mouse_move":
            yield
        if np.abs(np.asarray(event.pos, float) - began).max() <= _STILL_PX:
            self._clicked(event.position)


def place_in(image: Image, world: Any) -> tuple[float, float]:
    """Return where in an image, (y, x) in px, a position of the viewer is."""
    place = image.world_to_data(np.asarray(world, float)[-image.ndim :])
    return float(place[-2]), float(place[-1])


def centre_of_view(viewer: ViewerModel, image: Image) -> tuple[float, float]:
    """Return the place of an image, (y, x) in px, in the middle of the canvas."""
    world = np.array(viewer.dims.point, float)
    world[-2:] = camera_of(viewer).center[-2:]
    return place_in(image, world)


def cell_at(objects: pd.DataFrame, frame: int, place_px: tuple[float, float]) -> pd.Series | None:
    """Return the cell of a frame that lies at a place, or None.

    Parameters
    ----------
    objects : DataFrame
        The object table.
    frame : int
        True index.
    place_px : (float, float)
        Row and column.
    """
    nearest = nearest_cell(objects, frame, place_px)
    if nearest is None:
        return None
    away = float(np.hypot(nearest[Y_PX] - place_px[0], nearest[X_PX] - place_px[1]))
    # An elongated cell reaches farther than a disk of its area.
    reach = 1.5 * np.sqrt(nearest[AREA_PX2] / np.pi) + _BESIDE_PX
    return nearest if away <= reach else None


def track_at(
    objects: pd.DataFrame, frames: tuple[int, int], place_px: tuple[float, float], reach_px: float
) -> int:
    """Return the id of the track whose way leads past a place, or 0.

    Parameters
    ----------
    objects : DataFrame
        The object table.
    frames : (int, int)
        First and last frame of the ways that count.
    place_px : (float, float)
        Row and column.
    reach_px : float
        Farthest from the place.
    """
    when = objects[FRAME].to_numpy(np.int64)
    shown = (when >= frames[0]) & (when <= frames[1]) & (objects[TRACK_ID].to_numpy() > 0)
    rows = objects.loc[shown, [TRACK_ID, FRAME, Y_PX, X_PX]].to_numpy(np.float64)
    if not len(rows):
        return 0
    rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
    owner, start = rows[:, 0], rows[:, 2:] - place_px
    # Each detection and the way to the next of the same track; a last one is a way of length 0.
    way = np.zeros_like(start)
    way[:-1] = np.where((owner[1:] == owner[:-1])[:, None], np.diff(start, axis=0), 0)
    length2 = np.maximum((way**2).sum(axis=1), 1e-12)
    share = np.clip(-(start * way).sum(axis=1) / length2, 0, 1)
    away = np.hypot(*(start + share[:, None] * way).T)
    nearest = int(np.argmin(away))
    return int(owner[nearest]) if away[nearest] <= reach_px else 0


def nearest_cell(
    objects: pd.DataFrame, frame: int, place_px: tuple[float, float]
) -> pd.Series | None:
    """Return the cell of a frame nearest to a place, or None in an empty frame."""
    in_frame = objects[objects[FRAME] == frame]
    if in_frame.empty:
        return None
    return in_frame.iloc[int(np.argmin(distances(in_frame, place_px)))]


def distances(cells: pd.DataFrame, place_px: tuple[float, float]) -> npt.NDArray[np.float64]:
    """Return how far cells are from a place, in px."""
    away: npt.NDArray[np.float64] = np.hypot(
        cells[Y_PX].to_numpy(np.float64) - place_px[0],
        cells[X_PX].to_numpy(np.float64) - place_px[1],
    )
    return away
