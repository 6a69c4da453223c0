"""Opening the dock *Measure & plots* over a movie, and what the engine says of it."""

from __future__ import annotations

from napari_celltrack.engine import link_objects, run
from napari_celltrack.gui.docks.measure.measure_plots import MeasurePlots
from napari_celltrack.gui.session import session_of
from napari_celltrack.tables import Tables


def wait_for_numbers(qtbot, session, n_frames: int | None = None) -> None:
    """Wait until the tracks of a number of frames, or of all, are those of the settings now."""

    def are_there() -> bool:
        followed = session.followed
        if followed is None or not session.is_followed_now:
            return False
        return followed.is_whole if n_frames is None else len(followed.frames) == n_frames

    qtbot.waitUntil(are_there, timeout=60_000)


def open_measure_in(viewer, qtbot, pixels, name: str = "movie") -> MeasurePlots:
    """Open a movie and the dock, and follow all frames."""
    session = session_of(viewer)
    session.open_layer(viewer.add_image(pixels, name=name))
    session.preview_frames = len(pixels)
    dock = MeasurePlots(viewer)
    viewer.window.add_dock_widget(dock, name="Measure")
    wait_for_numbers(qtbot, session)
    return dock


def engine_tables(session, others=None) -> Tables:
    """Return the tables of all frames as the command line makes them."""
    found = list(run(session.movie, session.recipe, others=others))
    shifts_px = {each.frame: each.shift_px for each in found}
    return link_objects(
        session.movie, session.recipe, [each.objects for each in found], shifts_px=shifts_px
    )
