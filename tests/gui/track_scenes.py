"""Opening the dock *Track cells* over a movie."""

from __future__ import annotations

from napari_celltrack.gui.docks.track_widget import TrackCells
from napari_celltrack.gui.session import session_of


def wait_for_tracks(qtbot, session, *, whole: bool = False) -> None:
    """Wait until there are tracks found with the settings now, of all frames if asked for."""

    def are_there() -> bool:
        followed = session.followed
        return followed is not None and session.is_followed_now and (followed.is_whole or not whole)

    qtbot.waitUntil(are_there, timeout=20_000)


def open_movie_in(viewer, qtbot, pixels, open_track) -> TrackCells:
    """Open a movie, the dock, and follow all frames."""
    session = session_of(viewer)
    session.open_layer(viewer.add_image(pixels, name="movie"))
    session.preview_frames = len(pixels)
    dock = open_track()
    wait_for_tracks(qtbot, session, whole=True)
    return dock
