"""How sparsely an image may be sampled to estimate its overall brightness or noise."""

from __future__ import annotations

from math import sqrt

#: This many pixels give the median of a hundred times as many within 0.5 % of their spread.
_ENOUGH_PX = 60_000


def sample_step(n_pixels: int) -> int:
    """Return the step along Y and X that takes about 60,000 pixels of an image.

    Parameters
    ----------
    n_pixels : int
        Number of pixels of the whole image.

    Returns
    -------
    int
        1 for a small image.
    """
    return max(1, int(sqrt(n_pixels / _ENOUGH_PX)))
