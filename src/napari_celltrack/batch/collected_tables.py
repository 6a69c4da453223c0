"""Tables of the frames of a movie, kept small while they wait to be put together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

_TABLES_A_CHUNK = 16


class CollectedTables:
    """Small tables put together as they come, and let go of as they are taken.

    The objects of a long movie are most of what a run holds: thousands of small tables would
    scatter over the memory, and must not be there beside the table they become. Before they are
    linked, nearly half of their columns say the same of all objects; it is kept once.
    """

    def __init__(self) -> None:
        self._small: list[pd.DataFrame] = []
        self._large: list[_Narrow] = []

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
            yield self._large.pop().wide()

    def _put_together(self) -> None:
        self._large.append(_narrow(pd.concat(self._small, ignore_index=True)))
        self._small.clear()


class _Narrow(NamedTuple):
    """A table, and apart from it the first row of columns in which all rows are the same."""

    differing: pd.DataFrame
    same: pd.DataFrame
    names: list[str]

    def wide(self) -> pd.DataFrame:
        every_row = np.zeros(len(self.differing), np.intp)
        table: pd.DataFrame = pd.DataFrame(
            {
                name: self.same[name].array.take(every_row)
                if name in self.same
                else self.differing[name]
                for name in self.names
            },
            copy=False,
        )
        return table


def _narrow(table: pd.DataFrame) -> _Narrow:
    same = [name for name in table if _is_same(table[name])]
    # Copied, as a part of a table holds on to all of it.
    return _Narrow(table.drop(columns=same).copy(), table.loc[:0, same].copy(), list(table.columns))


def _is_same(column: pd.Series[Any]) -> bool:
    """Tell whether all values are the same to the bit; NaN are, 0 and -0 are not."""
    if column.dtype.kind == "f":
        values = column.to_numpy()
        column = pd.Series(values.view(f"u{values.itemsize}"))
    return bool((column == column.iloc[0]).all()) if len(column) else False
