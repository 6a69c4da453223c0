"""Numbers of a batch in words that fit a dock. Knows no Qt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from napari_celltrack.batch import Item
from napari_celltrack.batch.plan import Plan


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


def unused_in_words(patterns: Sequence[str]) -> str:
    """Say which patterns of the overrides change nothing; empty where all do."""
    if not patterns:
        return ""
    names = ", ".join(patterns[:3]) + (", …" if len(patterns) > 3 else "")
    return f"Overrides: no file fits {names}."


def unreadable_in_words(plan: Plan) -> str:
    """Say which files will fail; empty where none is known to."""
    n, why = plan.n_unreadable, plan.unreadable_why
    return why if n < 2 else f"{n:,} files cannot be run; the first: {why}"


def end_in_words(n_done: int, n_files: int, n_kept: int, n_failed: int) -> str:
    """Say how a run ended."""
    kept = f" ({n_kept:,} from before)" if n_kept else ""
    failed = f", {n_failed:,} failed" if n_failed else ""
    again = f" Start tries {'it' if n_failed == 1 else 'them'} again." if n_failed else ""
    return f"{n_done:,} of {count_in_words(n_files, 'file')} done{kept}{failed}.{again}"
