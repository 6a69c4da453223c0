"""The radius advisor in the background, asked anew only when the cells are others."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Iterator
from functools import partial

import numpy as np
import pandas as pd
from psygnal import Signal

from napari_celltrack.analysis import RadiusAdvice, advise_radius
from napari_celltrack.gui.found_cells import Followed
from napari_celltrack.gui.lane import Lane
from napari_celltrack.tables import FRAME, X_PX, Y_PX

_log = logging.getLogger(__name__)


class TrackAdvice:
    """Asks the radius advisor about the cells of a range of frames."""

    #: The advice, or None where there is none.
    found = Signal(object)

    def __init__(self) -> None:
        self._lane = Lane("celltrack advice")
        self._asked: Hashable = None

    def ask(self, followed: Followed) -> None:
        """Have the radius judged, unless it was for the same cells: the radius changes nothing."""
        objects = followed.tables.objects
        asked = (
            followed.movie.fingerprint,
            followed.frames,
            len(objects),
            float(objects[Y_PX].sum()),
            float(objects[X_PX].sum()),
        )
        if asked == self._asked:
            return
        self._asked = asked
        self._lane.submit(partial(_advise, objects, followed.frames), self.found.emit, self._fail)

    def forget(self) -> None:
        """Let the last answer go: the movie is another."""
        self._lane.cancel()
        self._asked = None

    def _fail(self, error: Exception) -> None:
        # The tracks are there without advice, so this stops nobody.
        _log.error("the search radius could not be judged", exc_info=error)
        self.found.emit(None)


def _advise(objects: pd.DataFrame, frames: range) -> Iterator[RadiusAdvice]:
    """Judge the radius; runs on a lane."""
    index_of = {frame: index for index, frame in enumerate(frames)}
    in_steps = objects[[Y_PX, X_PX]].assign(
        **{FRAME: objects[FRAME].map(index_of).to_numpy(np.int64)}
    )
    yield advise_radius(in_steps, len(frames))
