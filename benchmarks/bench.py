"""Everything that the speed of this project is held against, in one table.

Makes its own data with truth, runs this project and its peers in turn in one process (or each in
a process of its own, where memory or the start is measured), and prints what was measured, beside
what was aimed at. Only ratios mean something on another machine.

    python benchmarks/bench.py [--only NAME ...] [--quick]
    python benchmarks/bench.py --save FILE.json       # add to a table of measured values
    python benchmarks/bench.py --compare FILE.json    # say what got slower by more than a third
    python benchmarks/bench.py --markdown             # write the tables of docs/performance.md
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from rich.console import Console

import performance_page
import rows
from accuracy import SHARED_DATA
from accuracy_rows import accuracy_rows
from counting_rows import count_rows, preview_rows
from folder_rows import folder_rows, memory_rows
from growth import as_growth_table, growth_rows
from linking_rows import link_rows
from machine import describe_machine
from rows import Row
from start_rows import start_rows
from window_rows import window_rows

HERE = Path(__file__).parent
TABLE = HERE / "table.json"


def groups_of(arguments: argparse.Namespace) -> dict[str, Callable[[], Iterable[Row]]]:
    """Return what is measured, by the names of ``--only``, in the order of the table."""
    is_quick = arguments.quick
    side_px = 512 if is_quick else 2048
    lengths = tuple(arguments.frames or ((5, 20) if is_quick else (10, 30, 90)))
    return {
        "count": lambda: count_rows(is_quick),
        "preview": lambda: preview_rows(is_quick),
        "link": lambda: link_rows(is_quick),
        "folder": lambda: folder_rows(is_quick),
        "memory": lambda: memory_rows(lengths, side_px),
        "start": lambda: start_rows(is_quick),
        "window": lambda: window_rows(is_quick),
        "accuracy": lambda: accuracy_rows(arguments.data),
        "growth": lambda: growth_rows(is_quick),
    }


def show(console: Console, name: str, found: list[Row], seconds: float) -> None:
    """Print the table of one group."""
    if name == "growth":
        console.print(as_growth_table(found))
    else:
        console.print(rows.as_table(found, name))
    console.print(f"[dim]{name} took {seconds:.0f} s[/]\n")


def main() -> int:
    """Measure, print, save, compare; return 1 when something got slower."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="NAME", help="only these groups")
    parser.add_argument("--skip", nargs="+", metavar="NAME", default=[], help="not these groups")
    parser.add_argument("--quick", action="store_true", help="small data, few rounds: a rehearsal")
    parser.add_argument("--frames", type=int, nargs="+", help="lengths of the movies for memory")
    parser.add_argument("--data", type=Path, default=SHARED_DATA, help="folder of real images")
    parser.add_argument("--save", type=Path, metavar="FILE", help="write the figures as JSON")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="with figures saved before")
    parser.add_argument(
        "--markdown", action="store_true", help="write the tables of docs/performance.md"
    )
    arguments = parser.parse_args()
    groups = groups_of(arguments)
    unknown = {*(arguments.only or ()), *arguments.skip} - set(groups)
    if unknown:
        parser.error(f"{', '.join(sorted(unknown))}: choose from {', '.join(groups)}")
    if arguments.compare and not arguments.compare.exists():
        parser.error(f"{arguments.compare} is not there; write it with --save")
    before = rows.load(arguments.compare) if arguments.compare else None
    wanted = [name for name in arguments.only or groups if name not in arguments.skip]
    machine = describe_machine()
    console = Console(width=None if sys.stdout.isatty() else 170)
    console.print(machine, highlight=False)
    measured: dict[str, list[Row]] = {}
    for name in wanted:
        started = time.perf_counter()
        measured[name] = list(groups[name]())
        show(console, name, measured[name], time.perf_counter() - started)
        # After each group, so that an end with Ctrl+C loses only one.
        if arguments.save:
            rows.save(arguments.save, machine, {name: measured[name]})
        if arguments.markdown:
            performance_page.write(machine, {name: measured[name]})
    if before is None:
        return 0
    worse = rows.what_got_worse(before, measured)
    if worse:
        # Once more: what is slower twice is no chance.
        suspects = {each.group: list(groups[each.group]()) for each in worse}
        again = {(each.group, each.what) for each in rows.what_got_worse(before, suspects)}
        worse = [each for each in worse if (each.group, each.what) in again]
    for each in worse:
        console.print(f"[red]{each.sentence}[/]", highlight=False)
    n_rows = rows.n_compared(before, measured)
    console.print(f"{n_rows} rows compared: {len(worse) or 'none'} worse.")
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
