"""The tables of docs/performance.md, written between their markers."""

from __future__ import annotations

import re
from pathlib import Path

from growth import GROWTH_COLUMNS, growth_lines
from rows import COLUMNS, Row, as_markdown

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"


def replaced(page: str, name: str, text: str) -> str:
    """Return a page with what stands between the markers of a name replaced.

    Raises
    ------
    ValueError
        If the page has no such markers.
    """
    begin, end = f"<!-- bench: {name} -->", f"<!-- end: {name} -->"
    found, n_found = re.subn(
        f"{re.escape(begin)}.*?{re.escape(end)}",
        lambda _: f"{begin}\n{text}\n{end}",
        page,
        flags=re.DOTALL,
    )
    if n_found != 1:
        raise ValueError(f"the page has {n_found} places for {name!r}")
    return found


def table_of(name: str, rows: list[Row]) -> str:
    """Return the table of a group as Markdown."""
    if name == "growth":
        return as_markdown(GROWTH_COLUMNS, growth_lines(rows))
    return as_markdown(COLUMNS, (row.cells for row in rows))


def write(machine: str, groups: dict[str, list[Row]], page: Path = PAGE) -> None:
    """Write the tables of the groups that were run, and the machine that they were run on."""
    text = page.read_text()
    text = replaced(text, "machine", f"{machine}.")
    for name, rows in groups.items():
        text = replaced(text, name, table_of(name, rows))
    page.write_text(text)
