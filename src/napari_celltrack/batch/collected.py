"""Tables of the frames of a movie, kept small while they wait to be put together."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

_TABLES_A_CHUNK = 128


class Collected:
    """Small tables put together as they come, and let go of as they are taken.

    The objects of a long movie are most of what a run holds: thousands of small tables would
    scatter over the memory, and must not be there beside the table they become.
    """

    def __init__(self) -> None:
        self._small: list[pd.DataFrame] = []
        self._large: list[pd.DataFrame] = []

    def add(self, table: pd.DataFrame | None) -> None:
        """Put a table behind those that are there; None is no table."""
        if table is None:
            return
        self._small.append(table)
        if len(self._small) == _TABLES_A_CHUNK:
            self._put_together()

    def __iter__(self) -> Iterator[pd.DataFrame]:
        """Give the tables in order, and let go of each."""
        if self._small:
            self._put_together()
        self._large.reverse()
        while self._large:
            yield self._large.pop()

    def _put_together(self) -> None:
        self._large.append(pd.concat(self._small, ignore_index=True))
        self._small.clear()
