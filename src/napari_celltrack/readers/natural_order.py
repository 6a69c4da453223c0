"""Names in natural order, t2 before t10, and which numbers are missing among them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias, TypeVar

#: A number with or without decimals; 1.2.3 is no number, but three.
_NUMBER = re.compile(r"(?<![0-9]\.)([0-9]+\.[0-9]+)(?![0-9.]*\.[0-9]|[0-9])|([0-9]+)")
_HAS_DECIMALS = re.compile(r"[0-9]\.[0-9]")
_WHOLE = re.compile(r"[0-9]+")
_SIGNS = ("-", "+")
#: No name has more of them; a record that is damaged may.
_MOST_DIGITS = 1000
#: As many missing numbers are named.
_MOST_NAMED = 5

Number: TypeAlias = int | Fraction
NameT = TypeVar("NameT", str, Path)


def natural_key(name: str) -> tuple[tuple[str | Number, ...], str]:
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
    return tuple(_pieces(name)), name


def natural_sorted(names: Iterable[NameT]) -> list[NameT]:
    """Return names in natural order, with signs where the names together show that there are some.

    Alone, a hyphen before a number joins words: run-2 comes before run-10. Beside z0 or z+5,
    though, z-5 is a negative number.

    Parameters
    ----------
    names : iterable of str or Path
        File names or paths.

    Examples
    --------
    >>> natural_sorted(["z5", "z0", "z-10", "z-5"])
    ['z-10', 'z-5', 'z0', 'z5']
    """
    names = list(names)
    words = [str(name) for name in names]
    cut = _cut(words)
    before: dict[int, set[str]] = {}
    for pieces in cut:
        for i in range(0, len(pieces) - 1, 2):
            before.setdefault(i, set()).add(str(pieces[i]))
    signed = {
        (i, text[:-1])
        for i, texts in before.items()
        for text in texts
        if text.endswith(_SIGNS) and {text[:-1], text[:-1] + "-", text[:-1] + "+"} & texts - {text}
    }
    keys = [(_with_signs(p, signed), text) for p, text in zip(cut, words, strict=True)]
    order = sorted(range(len(names)), key=keys.__getitem__)
    return [names[i] for i in order]


def missing_numbers(names: Sequence[str]) -> str:
    """Say which numbers are missing in a numbered series of names; empty if none is.

    Only a whole number that alone tells the names apart counts, in steps of which the smallest
    fits into all others: doses, time stamps and two numbers at once do not.

    Parameters
    ----------
    names : sequence of str
        File names in natural order.
    """
    cut = _cut(names)
    if len(cut) < 3 or len({len(pieces) for pieces in cut}) > 1:
        return ""
    differ = [i for i, column in enumerate(zip(*cut, strict=True)) if len(set(column)) > 1]
    if len(differ) != 1 or differ[0] % 2 == 0:
        return ""
    numbers = [number for pieces in cut if isinstance(number := pieces[differ[0]], int)]
    step = min((after - before for before, after in pairwise(numbers)), default=0)
    if len(numbers) < len(cut) or step <= 0 or any((n - numbers[0]) % step for n in numbers):
        return ""
    pairs = list(pairwise(numbers))
    holes = [(one + step, other - step) for one, other in pairs if other - one > step]
    if not holes:
        return ""
    n_missing = sum((last - first) // step + 1 for first, last in holes)
    told = [str(a) if a == b else f"{a} to {b}" for a, b in holes[:_MOST_NAMED]]
    more = " and others" if len(holes) > _MOST_NAMED else ""
    what = "number" if n_missing == 1 else "numbers"
    return f"{what} {', '.join(told)}{more} {'is' if n_missing == 1 else 'are'} missing"


def _cut(names: Sequence[str]) -> list[list[str | Number]]:
    """Cut names that belong together; 3.10 after 3.9 is no number with decimals."""
    ends = {
        found[1].partition(".")[2]
        for name in names
        if _HAS_DECIMALS.search(name)
        for found in _NUMBER.finditer(name)
        if found[1]
    }
    counts = len({len(end) for end in ends}) > 1 and any(
        len(end) > 1 and end.endswith("0") for end in ends
    )
    return [_pieces(name, _WHOLE if counts or not ends else _NUMBER) for name in names]


def _pieces(name: str, number: re.Pattern[str] = _NUMBER) -> list[str | Number]:
    """Cut a name into text and numbers, in turns, so that a text is never compared with one."""
    pieces: list[str | Number] = []
    end, folded = 0, name.casefold()
    for found in number.finditer(folded):
        text = found.group()[:_MOST_DIGITS]
        pieces += folded[end : found.start()], Fraction(text) if "." in text else int(text)
        end = found.end()
    pieces.append(folded[end:])
    return pieces


def _with_signs(
    pieces: Sequence[str | Number], signed: set[tuple[int, str]]
) -> tuple[str | Number, ...]:
    """Return pieces with the signs in their numbers, after the texts that have some."""
    key = list(pieces)
    if not signed:
        return tuple(key)
    for i in range(0, len(pieces) - 1, 2):
        text, number = str(pieces[i]), Fraction(pieces[i + 1])
        bare = text[:-1] if text.endswith(_SIGNS) else text
        if (i, bare) in signed:
            key[i : i + 2] = bare, -number if text.endswith("-") else number
    return tuple(key)
