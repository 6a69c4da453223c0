"""The table of a benchmark: its rows, how they are shown and saved, and what got slower."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from rich.table import Table

#: A row got slower when its ratio to the peer fell by more than a third of what it took.
SLOWER = 4 / 3
#: Scores are of made data, the same in each run; above this it is not the rounding of a library.
LESS_RIGHT = 0.005

Met = Literal["", "aim", "least", "missed"]


@dataclass(frozen=True)
class Target:
    """What is to be reached.

    Parameters
    ----------
    value : float
        What was measured.
    least, aim : float
        At least that, better that.
    unit : str
        E.g. ``"x"`` or ``" ms"``.
    is_more_better : bool
        Whether a value above is good.
    """

    value: float
    least: float
    aim: float
    unit: str
    is_more_better: bool

    @property
    def met(self) -> Met:
        """Say which of the two was reached; where there is but one, it is the least."""
        sign = 1 if self.is_more_better else -1
        if self.least != self.aim and sign * self.value >= sign * self.aim:
            return "aim"
        return "least" if sign * self.value >= sign * self.least else "missed"

    @property
    def words(self) -> str:
        """Return both as text."""
        least, aim = (f"{number:g}{self.unit}" for number in (self.least, self.aim))
        return least if least == aim else f"{least} / {aim}"


def at_least(value: float, least: float, aim: float | None = None, unit: str = "x") -> Target:
    """Return a target that more is better for."""
    return Target(value, least, least if aim is None else aim, unit, True)


def at_most(value: float, least: float, aim: float | None = None, unit: str = " ms") -> Target:
    """Return a target that less is better for."""
    return Target(value, least, least if aim is None else aim, unit, False)


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Parameters
    ----------
    what : str
        What is measured; the key by which rows of two runs are compared.
    ours : str
        Our figure, with its unit.
    peer : str
        What it is compared with.
    theirs : str
        The figure of the peer.
    ratio : float or None
        How many times better than the peer: the only figure that is compared between runs.
    agreement : str
        How well both agree with the truth.
    score : float or None
        Ours of these, between 0 and 1.
    target, met : str
        What is to be reached (least / aim), and which of the two was.
    """

    what: str
    ours: str
    peer: str = ""
    theirs: str = ""
    ratio: float | None = None
    agreement: str = ""
    score: float | None = None
    target: str = ""
    met: Met = ""

    @property
    def cells(self) -> tuple[str, ...]:
        """Return the texts of the line."""
        ratio = "" if self.ratio is None else as_ratio(self.ratio)
        peer = f"{self.peer}: {self.theirs}" if self.theirs else self.peer
        met = {"": "", "aim": "aim", "least": "yes", "missed": "NO"}[self.met]
        return (self.what, self.ours, peer, ratio, self.agreement, self.target, met)


COLUMNS = ("what", "ours", "peer", "ratio", "agreement", "target: least / aim", "met")
#: Which of them are numbers, set flush right.
_NUMBERS = ("ours", "ratio")


def row_of_times(
    what: str,
    ours_s: float,
    peer: str,
    theirs_s: float | None,
    *,
    agreement: str = "",
    score: float | None = None,
    target: Target | None = None,
) -> Row:
    """Return the line of two times."""
    return Row(
        what,
        as_time(ours_s),
        peer,
        "" if theirs_s is None else as_time(theirs_s),
        None if theirs_s is None else theirs_s / ours_s,
        agreement,
        score,
        "" if target is None else target.words,
        "" if target is None else target.met,
    )


def as_time(seconds: float) -> str:
    """Return a time with three figures and its unit."""
    if seconds >= 1:
        return f"{seconds:.3g} s" if seconds < 1000 else f"{seconds:.0f} s"
    return f"{1000 * seconds:.3g} ms"


def as_ratio(ratio: float) -> str:
    """Return how many times better; a ratio below a tenth as a part."""
    if ratio < 0.1:
        return f"1/{1 / ratio:.0f}"
    return f"{ratio:.0f}x" if ratio >= 100 else f"{ratio:.2g}x"


def as_table(rows: Iterable[Row], title: str) -> Table:
    """Return lines as a table for the terminal."""
    table = Table(title=title, title_justify="left")
    for column in COLUMNS:
        table.add_column(column, justify="right" if column in _NUMBERS else "left")
    colours = {"aim": "green", "least": "green", "missed": "bold red", "": ""}
    for row in rows:
        *texts, met = row.cells
        table.add_row(*texts, f"[{colours[row.met]}]{met}[/]" if met else "")
    return table


def as_markdown(columns: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return lines as a table of Markdown."""
    rules = ["---:" if column in _NUMBERS else "---" for column in columns]
    rows = [columns, rules, *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


#: Rows by the name of their group.
Groups = Mapping[str, Sequence[Row]]
#: The same as JSON, with the machine that each group was run on.
Saved = dict[str, Any]


def save(path: Path, machine: str, groups: Groups) -> None:
    """Write rows as JSON; groups that were not run now are kept as they are in the file."""
    before = load(path) if path.exists() else {"groups": {}}
    kept = {name: group for name, group in before["groups"].items() if name not in groups}
    new = {
        name: {"machine": machine, "rows": [asdict(row) for row in rows]}
        for name, rows in groups.items()
    }
    path.write_text(json.dumps({"groups": kept | new}, indent=1, ensure_ascii=False) + "\n")


def load(path: Path) -> Saved:
    """Read what :func:`save` wrote."""
    saved: Saved = json.loads(path.read_text())
    return saved


@dataclass(frozen=True)
class Worse:
    """A row that got slower or less right, and a sentence that says by how much."""

    group: str
    what: str
    sentence: str


def what_got_worse(saved: Saved, groups: Groups) -> list[Worse]:
    """Return the rows that got slower by more than a third, or less right.

    Only ratios to the peer or the floor of the same run are compared: two machines, or the same
    one at another time, take other times for both. Rows that one of the runs has not are left out.
    """
    found = []
    for name, old, row in _in_both(saved, groups):
        if old["ratio"] and row.ratio and old["ratio"] > SLOWER * row.ratio:
            sentence = (
                f"{name}: {row.what}: {old['ratio'] / row.ratio:.2f} times the cost of before, "
                f"beside {row.peer} ({as_ratio(row.ratio)}, it was {as_ratio(old['ratio'])})."
            )
            found.append(Worse(name, row.what, sentence))
        scores = old["score"], row.score
        if None not in scores and scores[0] - scores[1] > LESS_RIGHT:
            sentence = f"{name}: {row.what}: scores {scores[1]:.4f}, it was {scores[0]:.4f}."
            found.append(Worse(name, row.what, sentence))
    return found


def n_compared(saved: Saved, groups: Groups) -> int:
    """Return of how many rows both runs know a ratio or a score."""
    return sum(
        any(old[key] is not None and getattr(row, key) is not None for key in ("ratio", "score"))
        for _, old, row in _in_both(saved, groups)
    )


def _in_both(saved: Saved, groups: Groups) -> Iterator[tuple[str, dict[str, Any], Row]]:
    """Yield the group, the saved row and the new row where both measure the same thing."""
    for name, rows in groups.items():
        before = {row["what"]: row for row in saved["groups"].get(name, {"rows": []})["rows"]}
        for row in rows:
            old = before.get(row.what)
            if old is not None and old["peer"] == row.peer:
                yield name, old, row
