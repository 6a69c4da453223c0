"""Natural order of file names: t2 before t10."""

from __future__ import annotations

import re

_DIGITS = re.compile(r"(\d+)")


def natural_key(name: str) -> tuple[tuple[str | int, ...], str]:
    """Return a sort key that orders the numbers within names by their value.

    Parameters
    ----------
    name : str
        A file name or path.

    Returns
    -------
    tuple
        To be used as ``sorted(names, key=natural_key)``; upper and lower case sort alike.

    Examples
    --------
    >>> sorted(["t10.tif", "t2.tif"], key=natural_key)
    ['t2.tif', 't10.tif']
    """
    # The split alternates text and digits, so that a text is never compared with a number.
    parts = _DIGITS.split(name.casefold())
    key = tuple(int(part) if i % 2 else part for i, part in enumerate(parts))
    return key, name
