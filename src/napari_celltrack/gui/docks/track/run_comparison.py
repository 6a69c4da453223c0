"""Comparing the tracks now with those of a run that was kept: what the panel shows."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import partial

import pandas as pd
from qtpy.QtCore import QObject

from napari_celltrack.analysis.link_difference import LinkDifference, compare_links
from napari_celltrack.field_facts import title_of
from napari_celltrack.gui.docks.dock import Dock
from napari_celltrack.gui.docks.track.compare_panel import ComparePanel
from napari_celltrack.gui.lane import Lane
from napari_celltrack.gui.layers import track_vectors
from napari_celltrack.gui.session import Followed, Session
from napari_celltrack.tables import FRAME, X_PX, Y_PX, Tables

_log = logging.getLogger(__name__)

#: Width of the view that a link is shown in, in search radii, and at least in px.
_VIEW_RADII, _VIEW_PX = 8.0, 80.0


class RunComparison(QObject):
    """Keeps one run as A, and shows what the tracks now have or lack beside it.

    Parameters
    ----------
    session : Session
    dock : Dock
        Where the panel is shown.
    """

    def __init__(self, session: Session, dock: Dock) -> None:
        super().__init__(dock)
        self.panel = ComparePanel(dock.prefix)
        self._session = session
        self._dock = dock
        self._kept: Followed | None = None
        self._lane = Lane("celltrack compare")
        self.panel.keep.connect(self._keep)
        self.panel.forget.connect(self.forget)
        self.panel.chosen.connect(self._go_to)

    def compare(self, followed: Followed) -> None:
        """Compare with the run that was kept, in the background."""
        kept = self._kept
        if kept is None or followed is kept:
            return
        if not set(kept.frames) & set(followed.frames):
            self._hide_links()
            self.panel.setProblem("A has other frames; go back to them, or track all frames.")
            return
        self._lane.submit(partial(_compare, kept.tables, followed.tables), self._show, self._fail)

    def forget(self) -> None:
        """Let the run that was kept go."""
        self._lane.cancel()
        self._kept = None
        self.panel.setKept("")
        self._hide_links()

    def _keep(self) -> None:
        followed = self._session.followed
        if followed is None:
            return
        self.forget()
        self._kept = followed
        link, n_tracks = followed.recipe.link, len(followed.tables.tracks)
        how = f"{title_of(type(link))}, {link.max_distance_px:g} px, {n_tracks:,} tracks"
        self.panel.setKept(f"A: {how}")

    def _show(self, found: LinkDifference) -> None:
        viewer, image, movie = self._dock.viewer, self._session.layer, self._session.movie
        if self._kept is None or viewer is None or image is None or movie is None:
            return
        self.panel.setDifference(found)
        track_vectors.show_compared(viewer, image, movie, found.only_a, found.only_b)

    def _fail(self, error: Exception) -> None:
        _log.error("runs could not be compared", exc_info=error)
        self.panel.setProblem(f"They cannot be compared ({type(error).__name__}: {error}).")

    def _hide_links(self) -> None:
        if (viewer := self._dock.viewer) is not None:
            track_vectors.hide_compared(viewer)

    def _go_to(self, link: pd.Series) -> None:
        radius = self._session.recipe.link.max_distance_px
        width = max(_VIEW_RADII * radius, _VIEW_PX)
        self._session.go_to(int(link[FRAME]), link[Y_PX], link[X_PX], width)


def _compare(a: Tables, b: Tables) -> Iterator[LinkDifference]:
    """Compare two runs; runs on a lane."""
    yield compare_links(a, b)
