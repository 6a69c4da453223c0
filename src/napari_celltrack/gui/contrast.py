"""From which grey to which a movie is shown: most of its pixels, and not its brightest one."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_celltrack.errors import CelltrackError
from napari_celltrack.gui.movie_array import MovieArray

#: Percentiles of the grey values that are shown as black and as white.
_ENDS_PERCENT = (0.1, 99.9)
#: Pixels of a plane that are looked at, at most.
_MOST_PIXELS = 2**20


def contrast_of(data: MovieArray) -> dict[str, Any]:
    """Return the option ``contrast_limits`` of a layer, in which a hot pixel has no say.

    The first, the middle and the last plane are looked at.

    Parameters
    ----------
    data : MovieArray
        One channel of a movie.

    Returns
    -------
    dict
        Empty where nothing can be read, or all is of one grey: then napari decides.
    """
    leading = data.shape[:-2]
    places = {tuple(at) for at in zip(*((0, n // 2, n - 1) for n in leading), strict=True)} or {()}
    try:
        planes = [np.asarray(data[at]) for at in sorted(places)]
    except CelltrackError:
        return {}  # napari asks for it again, and says why
    step = max(round((planes[0].size / _MOST_PIXELS) ** 0.5), 1)
    seen = np.concatenate([plane[::step, ::step].ravel() for plane in planes]).astype(np.float64)
    seen = seen[np.isfinite(seen)]
    if not seen.size:
        return {}
    low, high = (float(end) for end in np.percentile(seen, _ENDS_PERCENT))
    return {"contrast_limits": (low, high)} if high > low else {}
