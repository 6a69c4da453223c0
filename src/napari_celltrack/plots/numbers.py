"""Numbers: the data for all plots of a movie, with the tables that several plots share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd

from napari_celltrack.analysis import Traces, steps
from napari_celltrack.analysis.peaks import peaks
from napari_celltrack.analysis.traces import traces


@dataclass(frozen=True, eq=False)
class Numbers:
    """The data for all plots of a movie.

    Parameters
    ----------
    objects, tracks, counts : DataFrame
        As of :mod:`napari_celltrack.tables`.
    drift : DataFrame or None
        Subtracted from motion.
    pixel_size_um : (float, float) or None
        Height and width of a pixel.
    frame_interval_s : float or None
        Time between frames.
    traces : Traces
        How brightness over time becomes dF/F.
    channel : str
        Channel whose brightness is drawn if none is chosen.
    """

    objects: pd.DataFrame
    tracks: pd.DataFrame
    counts: pd.DataFrame
    drift: pd.DataFrame | None
    pixel_size_um: tuple[float, float] | None
    frame_interval_s: float | None
    traces: Traces
    channel: str
    _made: dict[str, pd.DataFrame] = field(default_factory=dict, init=False, repr=False)

    def steps(self) -> pd.DataFrame:
        """Return the steps of all tracks; see :func:`napari_celltrack.analysis.steps`."""
        size_um, interval_s = self.pixel_size_um, self.frame_interval_s
        return self._once("steps", lambda: steps(self.objects, size_um, interval_s, self.drift))

    def dff(self, column: str) -> pd.DataFrame:
        """Return dF/F of a column of the table of cells.

        Raises
        ------
        RecipeError
            As of :func:`napari_celltrack.analysis.traces.traces`.
        """
        return self._once(
            f"dff of {column}",
            lambda: traces(self.objects, column, self.traces, self.frame_interval_s),
        )

    def peaks(self, column: str) -> pd.DataFrame:
        """Return the peaks of dF/F of a column; raises what :meth:`dff` raises."""
        return self._once(f"peaks of {column}", lambda: peaks(self.dff(column), self.traces.peaks))

    def _once(self, name: str, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """Make a table at the first request; each caller gets a shallow copy."""
        if name not in self._made:
            self._made[name] = make()
        table: pd.DataFrame = self._made[name].copy(deep=False)
        return table
