"""Cells: those of one frame, with the number that each is known by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Cells:
    """The cells of one frame.

    Parameters
    ----------
    ids : ndarray, shape (Y, X), int32
        1..n, 0 is background: what is measured.
    numbers : ndarray, shape (n,), int64
        The number of each cell, ascending: what is shown, and written to the column `label`. 1..n
        where cells were found; who gave them may have numbered them in another way.
    """

    ids: Labels
    numbers: npt.NDArray[np.int64]

    @classmethod
    def found(cls, labels: Labels) -> Cells:
        """Return cells as segmentation numbers them, 1..n."""
        return cls(labels, np.arange(1, int(labels.max(initial=0)) + 1, dtype=np.int64))

    @property
    def n(self) -> int:
        """How many they are."""
        return len(self.numbers)

    @property
    def labels(self) -> Labels:
        """The cells with their own numbers, shape (Y, X), int32."""
        if self.n == 0 or self.numbers[-1] == self.n:
            return self.ids
        labels: Labels = np.concatenate([[0], self.numbers]).astype(np.int32)[self.ids]
        return labels

    def only(self, kept: Labels) -> Cells:
        """Return those of the cells that a filter has kept and numbered anew, in their order."""
        if kept is self.ids:
            return self
        numbers = np.zeros(int(kept.max(initial=0)), np.int64)
        is_kept = kept > 0
        numbers[kept[is_kept] - 1] = self.numbers[self.ids[is_kept] - 1]
        return Cells(kept, numbers)
