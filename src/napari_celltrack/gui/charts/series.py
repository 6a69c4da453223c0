"""What a small chart can show: lines, bars, points and bands, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from napari_celltrack.gui.theme import Ink

Floats: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ChartLine:
    """A curve.

    Parameters
    ----------
    x, y : ndarray of float64, shape (N,)
        NaN leaves a gap.
    ink : str
        Its colour, by what it says.
    dotted : bool
        Whether it is stale.
    width_px : float
        Its width.
    """

    x: Floats
    y: Floats
    ink: Ink = "text"
    dotted: bool = False
    width_px: float = 1.2

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, eq=False)
class ChartPoints:
    """Dots.

    Parameters
    ----------
    x, y : ndarray of float64, shape (N,)
        Where they are.
    ink : str
        Their colour, by what it says.
    size_px : float
        Their diameter.
    """

    x: Floats
    y: Floats
    ink: Ink = "text"
    size_px: float = 4.0

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, eq=False)
class ChartBars:
    """Bars that stand on the axis.

    Parameters
    ----------
    x, height : ndarray of float64, shape (N,)
        Middle and height of each.
    ink : str
        Their colour, by what it says.
    width : float
        Width of each, in data units.
    """

    x: Floats
    height: Floats
    ink: Ink = "fill"
    width: float = 1.0

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, eq=False)
class ChartBand:
    """A shaded area over the whole height, e.g. from one value to another.

    Parameters
    ----------
    left, right : float
        Its ends.
    ink : str
        Its colour, by what it says.
    """

    left: float
    right: float
    ink: Ink = "band"

    def __len__(self) -> int:
        return 1


Series: TypeAlias = ChartLine | ChartPoints | ChartBars | ChartBand


def curve(x: Any, y: Any, stale: Any = None) -> tuple[Series, ...]:
    """Return a curve, solid where it is current and dotted where it is stale.

    A stretch between two points is solid when both of them are current; a point alone, which has
    no stretch, is a dot.

    Parameters
    ----------
    x, y : array-like of float, shape (N,)
        In the order of `x`; NaN leaves a gap.
    stale : array-like of bool, shape (N,), optional
        Which points are stale; none by default.

    Returns
    -------
    tuple of ChartLine and ChartPoints
        Some of them may be empty.
    """
    x_, y_ = np.asarray(x, np.float64), np.asarray(y, np.float64)
    old = np.zeros(x_.shape, bool) if stale is None else np.asarray(stale, bool)
    beside_old = old.copy()
    beside_old[1:] |= old[:-1]
    beside_old[:-1] |= old[1:]
    seen = np.isfinite(y_)
    has_neighbour = np.zeros(x_.shape, bool)
    has_neighbour[1:] |= seen[:-1]
    has_neighbour[:-1] |= seen[1:]
    parts: list[Series] = []
    if (old & seen).any():
        dotted = np.where(beside_old, y_, np.nan)
        parts.append(ChartLine(x_, dotted, "hint", dotted=True))
    if (~old & seen).any():
        parts.append(ChartLine(x_, np.where(old, np.nan, y_)))
    # A current point between two stale ones has no solid stretch either.
    alone = seen & ~old & ~_beside(~old & seen)
    alone_old = seen & old & ~has_neighbour
    parts.append(ChartPoints(x_[alone], y_[alone]))
    parts.append(ChartPoints(x_[alone_old], y_[alone_old], "hint"))
    return tuple(parts)


def _beside(chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return which points have a chosen one next to them."""
    beside = np.zeros(chosen.shape, bool)
    beside[1:] |= chosen[:-1]
    beside[:-1] |= chosen[1:]
    return beside
