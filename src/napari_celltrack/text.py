"""Bytes and durations in words, rounded as an estimate deserves."""

from __future__ import annotations

_UNITS = ("kB", "MB", "GB", "TB")


def bytes_text(n_bytes: float) -> str:
    """Say how many bytes: ``8 MB``, ``0.4 GB``, ``23 GB``; units are powers of 1000, as of disks.

    Parameters
    ----------
    n_bytes : float
        From 0.

    Returns
    -------
    str
        With one decimal below ten. From a tenth of a unit on that unit is used, so that the
        numbers of a column mostly share one.
    """
    value, unit = n_bytes / 1000, "kB"
    if value < 0.1:
        return f"{n_bytes:.0f} bytes"
    for larger in _UNITS[1:]:
        # 99.6 would be rounded to 100, which reads better in the larger unit.
        if value < 99.5:
            break
        value, unit = value / 1000, larger
    number = f"{value:.1f}".removesuffix(".0") if value < 9.95 else f"{value:.0f}"
    return f"{number} {unit}"


def duration_text(seconds: float) -> str:
    """Say how long: ``under 10 s``, ``40 s``, ``6 min``, ``25 min``, ``2.5 h``, ``3 days``.

    Parameters
    ----------
    seconds : float
        From 0.

    Returns
    -------
    str
        With one or two digits: no estimate of a run is better than that.
    """
    if seconds < 10:
        return "under 10 s"
    if seconds < 90:
        return f"{10 * round(seconds / 10)} s"
    minutes = seconds / 60
    if minutes < 90:
        return f"{round(minutes) if minutes < 20 else 5 * round(minutes / 5)} min"
    hours = minutes / 60
    if hours < 36:
        return f"{round(2 * hours) / 2 if hours < 9.75 else round(hours):g} h"
    days = round(hours / 24)
    return f"{days} {plural(days, 'day')}"


def plural(n: float, one: str, several: str = "") -> str:
    """Return the word for one thing, or that for another number of them.

    Parameters
    ----------
    n : float
        How many.
    one, several : str
        E.g. ``"cell"``, or ``"is"`` and ``"are"``; the second is the first with an s if left out.

    Returns
    -------
    str
        Without the number.
    """
    return one if n == 1 else several or f"{one}s"
