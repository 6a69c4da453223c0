"""Which events the user has reviewed, and which were dismissed.

Each change of a setting makes new tracks with other ids. So an event is the same if its kind and
frame are the same and its place is almost the same.
"""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_celltrack.tables import FRAME, KIND, X_PX, Y_PX

#: Column of a table of reviewed events: the event is no mistake.
IS_FINE = "is_fine"

_Place = tuple[Hashable, str, int, float, float]

#: Places closer than this are the same, as masks change a little with the settings.
_NEAR_PX = 3.0


class Reviewed:
    """Remembers events by movie, kind, frame and place.

    `movie` identifies a movie, e.g. by its fingerprint; `event` is a row of an event table.
    """

    def __init__(self) -> None:
        self._seen: set[_Place] = set()
        self._dismissed: set[_Place] = set()

    @property
    def movies(self) -> list[Hashable]:
        """The movies of which something was reviewed, in the order of their first places."""
        return list(dict.fromkeys(place[0] for place in (*self._dismissed, *self._seen)))

    @property
    def dismissed(self) -> frozenset[Hashable]:
        """The events of all movies that are no mistakes; two sets can be compared."""
        return frozenset(self._dismissed)

    def table(self, movie: Hashable) -> pd.DataFrame:
        """Return what was reviewed of a movie: `kind`, `frame`, `y_px`, `x_px`, `is_fine`."""
        rows = sorted(
            (*place[1:], place in self._dismissed)
            for place in self._seen | self._dismissed
            if place[0] == movie
        )
        table: pd.DataFrame = pd.DataFrame(rows, columns=[KIND, FRAME, Y_PX, X_PX, IS_FINE])
        return table

    def add(self, movie: Hashable, table: pd.DataFrame) -> None:
        """Remember what :meth:`table` has returned, for a movie."""
        for _, event in table.iterrows():
            (self.dismiss if event[IS_FINE] else self.see)(movie, event)

    def see(self, movie: Hashable, event: pd.Series) -> None:
        """Remember that an event was reviewed."""
        self._seen.add(_place(movie, event))

    def dismiss(self, movie: Hashable, event: pd.Series) -> None:
        """Remember that an event is no mistake."""
        self._dismissed.add(_place(movie, event))

    def restore(self, movie: Hashable, event: pd.Series) -> None:
        """Forget that an event was dismissed."""
        one = pd.DataFrame([event])
        self._dismissed = {
            place for place in self._dismissed if not _are_at({place}, movie, one).any()
        }

    def are_seen(self, movie: Hashable, events: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """Return which events of a table were reviewed, shape (n_events,)."""
        return _are_at(self._seen, movie, events)

    def are_dismissed(self, movie: Hashable, events: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """Return which events of a table were dismissed, shape (n_events,)."""
        return _are_at(self._dismissed, movie, events)


def _place(movie: Hashable, event: pd.Series) -> _Place:
    return movie, str(event[KIND]), int(event[FRAME]), float(event[Y_PX]), float(event[X_PX])


def _are_at(places: set[_Place], movie: Hashable, events: pd.DataFrame) -> npt.NDArray[np.bool_]:
    found = np.zeros(len(events), bool)
    of_movie = [place for place in places if place[0] == movie]
    if not of_movie or events.empty:
        return found
    kind, frame = events[KIND].to_numpy(), events[FRAME].to_numpy()
    at = events[[Y_PX, X_PX]].to_numpy(np.float64)
    for _, its_kind, its_frame, y, x in of_movie:
        near = np.abs(at - (y, x)).max(axis=1) <= _NEAR_PX
        found |= (kind == its_kind) & (frame == its_frame) & near
    return found
