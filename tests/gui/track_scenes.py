"""Opening the dock *Track cells* over a movie, and reading what it shows."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QTableView

from napari_celltrack.gui.docks.track.track_cells import TrackCells
from napari_celltrack.gui.session import session_of
from napari_celltrack.tables import FRAME, TRACK_ID, Y_PX


def wait_for_tracks(qtbot, session, *, whole: bool = False) -> None:
    """Wait until there are tracks found with the settings now, of all frames if asked for."""

    def are_there() -> bool:
        followed = session.followed
        return followed is not None and session.is_followed_now and (followed.is_whole or not whole)

    qtbot.waitUntil(are_there, timeout=60_000)


def open_movie_in(viewer, qtbot, pixels, open_track) -> TrackCells:
    """Open a movie, the dock, and follow all frames."""
    session = session_of(viewer)
    session.open_layer(viewer.add_image(pixels, name="movie"))
    session.preview_frames = len(pixels)
    dock = open_track()
    wait_for_tracks(qtbot, session, whole=True)
    return dock


def part(dock: TrackCells, kind: type, name: str):
    found = dock.findChild(kind, name)
    assert found is not None, f"{name} is not in the dock"
    return found


def listed(dock: TrackCells) -> list[tuple[str, ...]]:
    model = part(dock, QTableView, "track_event_table").model()
    return [
        tuple(
            model.data(model.index(row, column), Qt.ItemDataRole.DisplayRole)
            for column in (0, 1, 2)
        )
        for row in range(model.rowCount())
    ]


def choose(dock: TrackCells, words: str) -> int:
    """Choose the first event whose reason has these words."""
    row = next(index for index, event in enumerate(listed(dock)) if words in event[2])
    part(dock, QTableView, "track_event_table").selectRow(row)
    return row


def circle_radius(viewer) -> float:
    ends = viewer.layers["search"].data[:, 0]
    return float(np.linalg.norm(ends - ends.mean(axis=0), axis=1).mean())


def track_at(dock: TrackCells, frame: int, y: float) -> int:
    objects = dock.session.followed.tables.objects
    in_frame = objects[objects[FRAME] == frame]
    return int(in_frame[TRACK_ID].to_numpy()[np.argmin(np.abs(in_frame[Y_PX] - y))])
