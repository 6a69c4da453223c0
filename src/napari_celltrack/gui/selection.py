"""Selected tracks: which a click means, and how the picture shows them."""

from __future__ import annotations

from collections.abc import Iterable

from napari.components import ViewerModel
from napari.layers import Image

from napari_celltrack.gui.found_cells import Followed
from napari_celltrack.gui.layers import track_layers
from napari_celltrack.gui.layers.selected_layer import show_selected
from napari_celltrack.gui.picking import cell_at, place_in, track_at
from napari_celltrack.gui.view import camera_of
from napari_celltrack.movie import Movie
from napari_celltrack.tables import TRACK_ID

#: Farthest from a drawn track that a click still means it, in px of the screen.
_BESIDE_TRACK_PX = 5.0


def as_selection(track_ids: Iterable[int]) -> tuple[int, ...]:
    """Return ids sorted, each once, without 0, which is no track."""
    return tuple(sorted({int(track_id) for track_id in track_ids} - {0}))


def track_under(
    viewer: ViewerModel, image: Image, followed: Followed, frame: int, world: object
) -> int:
    """Return the track of the cell at a place of the viewer, or else that drawn there, or 0.

    Parameters
    ----------
    viewer : ViewerModel
        Its layer of tracks says how much of them is drawn.
    image : Image
        The layer that the movie was made from.
    followed : Followed
        What is shown.
    frame : int
        The one in view.
    world : array-like of float
        Position as of napari's mouse events.
    """
    objects, place = followed.tables.objects, place_in(image, world)
    cell = cell_at(objects, frame, place)
    if cell is not None and cell[TRACK_ID] > 0:
        return int(cell[TRACK_ID])
    layer = track_layers.tracks_layer(viewer)
    if layer is None or not layer.visible:
        return 0
    reach_px = _BESIDE_TRACK_PX / (camera_of(viewer).zoom * abs(float(image.scale[-1])))
    shown = (frame - layer.tail_length, frame + layer.head_length)
    return track_at(objects, shown, place, reach_px)


def mark_selected(
    viewer: ViewerModel | None,
    image: Image | None,
    movie: Movie | None,
    followed: Followed | None,
    selected: tuple[int, ...],
) -> None:
    """Show in the picture which tracks are selected; nothing where there is no picture."""
    if viewer is None or image is None or movie is None:
        return
    objects = None if followed is None else followed.tables.objects
    show_selected(viewer, image, movie, objects, selected)
