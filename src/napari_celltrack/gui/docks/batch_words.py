"""Numbers of a batch in words that fit a dock. Knows no Qt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from napari_celltrack.batch import Item


def count_in_words(n: int, noun: str) -> str:
    """Return a number with its noun, which has an s unless it is one."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def conditions_in_words(items: Sequence[Item]) -> list[str]:
    """Return how many values each condition has, e.g. ``["2 conditions", "4 wells"]``."""
    values: dict[str, set[str]] = {}
    for item in items:
        for column, value in item.conditions:
            values.setdefault(column, set()).add(value)
    return [count_in_words(len(found), column) for column, found in values.items()]


def together(parts: Iterable[str]) -> str:
    """Put what there is side by side; where there is little room it breaks between two parts."""
    return " · ".join(part.replace(" ", "\N{NO-BREAK SPACE}") for part in parts if part)
