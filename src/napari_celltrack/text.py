"""Words for people: names that can be shown anywhere, bytes and durations as one says them."""

from __future__ import annotations

import re

_UNITS = ("kB", "MB", "GB", "TB")
#: What a name must not bring into a table or onto a terminal: control characters, ends of lines,
#: marks that turn the direction of reading round, and bytes that are no characters.
_UNREADABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
#: How a formula begins, in letters of Chinese and Japanese too; after the apostrophes of others.
_FORMULA = re.compile("'*\\s*[=+@\uff1d\uff0b\uff20\uff0d-]")
_NUMBER = re.compile(r"[-+]?([0-9]+([.,][0-9]*)?|[.,][0-9]+)([eE][-+]?[0-9]+)?")


def readable(text: str) -> str:
    """Return a name, or a sentence with names in it, as text that can be shown and stored anywhere.

    Parameters
    ----------
    text : str
        Such as the name of a file, with the bytes that are no UTF-8 as Python has them.

    Returns
    -------
    str
        With ``%F6`` in place of such a byte, and of each character that cannot be seen. What is
        readable already stays as it is.
    """
    return _UNREADABLE.sub(_as_percent, text)


def cell_text(text: str) -> str:
    """Return text as a cell of a table that no spreadsheet takes for a formula.

    An apostrophe goes before what begins like one; numbers with a sign stay as they are.
    :func:`from_cell_text` takes it away again.
    """
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def from_cell_text(text: str) -> str:
    """Return the text of which :func:`cell_text` has made a cell."""
    return text[1:] if text.startswith("'") and cell_text(text[1:]) == text else text


def _as_percent(found: re.Match[str]) -> str:
    number = ord(found.group())
    is_byte = 0xDC80 <= number <= 0xDCFF  # as os.fsdecode writes it
    return f"%{number - 0xDC00 if is_byte else number:02X}"


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


def mean_text(mean: float) -> str:
    """Say a mean of counts: ``4.5``, ``8``, ``0.04``, ``1,235``; never 0 where there was something.

    Parameters
    ----------
    mean : float
        From 0.

    Returns
    -------
    str
        With two digits at least, and a decimal below a hundred.
    """
    if mean >= 99.95:
        return f"{mean:,.0f}"
    return f"{mean:.2g}" if mean < 0.95 else f"{mean:.1f}".removesuffix(".0")


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
