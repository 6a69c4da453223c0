"""A plot that is wanted, drawn for the screen, a file or the clipboard."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg

from napari_celltrack.export import save_table
from napari_celltrack.plots import DRAWING, Plot, StyleName, save_plot
from napari_celltrack.plots.fit import fit_label
from napari_celltrack.plots.kinds import KINDS
from napari_celltrack.results.result import Result

#: Of the screen; a plot is so many inches wide that its words have the size of a dock's.
_DPI = 100
#: Of a picture on the clipboard.
_COPY_DPI = 200


@dataclass(frozen=True, eq=False)
class PlotJob:
    """A plot that is wanted.

    Parameters
    ----------
    result : Result
        Of what; its drift is not known yet.
    drift : DataFrame or None
        What was taken out before linking.
    kind : str
        One of :data:`~napari_celltrack.plots.kinds.KINDS`.
    column : str or None
        What is drawn of the tables; None for the usual.
    style : {"dark", "light", "print"}
        Colours.
    selected : tuple of int
        Tracks that stand out.
    """

    result: Result
    drift: pd.DataFrame | None
    kind: str
    column: str | None
    style: StyleName
    selected: tuple[int, ...] = ()

    def draw(self, width_px: int, height_px: int, ratio: float) -> Plot:
        """Draw for the screen.

        Parameters
        ----------
        width_px, height_px : int
            In px of the window.
        ratio : float
            Px of the screen in one of the window.

        Returns
        -------
        Plot
            On an Agg canvas, drawn.
        """
        with DRAWING:
            plot = self._made()
            plot.figure.set_size_inches(width_px / _DPI, height_px / _DPI)
            plot.figure.set_dpi(_DPI * ratio)
            canvas: Any = FigureCanvasAgg(plot.figure)
            fit_label(plot.ax, canvas.get_renderer())
            canvas.draw()
        return plot

    def save(self, path: str) -> Path:
        """Write a file; return its path."""
        with DRAWING:
            save_plot(self._made(), path)
        return Path(path)

    def save_numbers(self, path: str) -> Path:
        """Write the table that is drawn as CSV or Parquet; return its path."""
        save_table(KINDS[self.kind].rows(self._numbers(), self.column), Path(path))
        return Path(path)

    def picture(self) -> npt.NDArray[np.uint8]:
        """Draw for the clipboard: an array (y, x, 4), uint8."""
        with DRAWING:
            plot = self._made()
            plot.figure.set_dpi(_COPY_DPI)
            canvas: Any = FigureCanvasAgg(plot.figure)
            canvas.draw()
        return np.array(canvas.buffer_rgba())

    def _made(self) -> Plot:
        return KINDS[self.kind].draw(self._numbers(), self.column, self.style, self.selected)

    def _numbers(self) -> Result:
        result = self.result
        drift = result.recipe.motion.drift_of(result.objects, self.drift)
        return replace(result, drift=drift)
