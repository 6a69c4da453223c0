"""How sparsely an image may be looked at to learn about its brightness or noise as a whole."""

from __future__ import annotations

from math import sqrt

#: So many pixels tell the median of a hundred times as many to half a percent of their spread.
_ENOUGH_PX = 60_000


def sample_step(n_pixels: int) -> int:
    """Return the step along Y and X at which about 60,000 pixels of an image are met.

    Parameters
    ----------
    n_pixels : int
        Of the whole image.

    Returns
    -------
    int
        1 for a small image.
    """
    return max(1, int(sqrt(n_pixels / _ENOUGH_PX)))
