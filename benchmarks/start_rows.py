"""How long it takes until something is there: importing the package, and the command line."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

from rows import Row, at_most, row_of_times
from timing import call

_IMPORT = """
import json, sys, time
started = time.perf_counter()
__import__(sys.argv[1])
taken = time.perf_counter() - started
qt = [name for name in ("PyQt6", "PySide6", "PyQt5", "PySide2", "qtpy", "napari")
      if name in sys.modules]
print(json.dumps([taken, qt]))
"""
_VERSION = [sys.executable, "-m", "napari_celltrack", "--version"]


def start_rows(is_quick: bool) -> Iterator[Row]:
    """Start the package and the command, each in processes of their own, in turn."""
    rounds = 3 if is_quick else 7
    names = ("napari_celltrack", "napari_celltrack.engine", "numpy")
    taken: dict[str, list[float]] = {name: [] for name in (*names, "version", "python")}
    qt: dict[str, list[str]] = {}
    for _ in range(rounds):
        for name in names:
            (seconds, qt[name]), _, _ = call(_IMPORT, name)
            taken[name].append(seconds)
        taken["version"].append(_seconds_of_process(_VERSION))
        taken["python"].append(_seconds_of_process([sys.executable, "-c", "pass"]))
    median = {name: statistics.median(found) for name, found in taken.items()}
    for name, words in (
        ("napari_celltrack", "import napari_celltrack"),
        ("napari_celltrack.engine", "import the engine with all its methods"),
    ):
        loaded = qt[name]
        yield row_of_times(
            words,
            median[name],
            "import numpy",
            median["numpy"],
            agreement=f"loads {', '.join(loaded)}" if loaded else "no Qt, no napari",
            target=None
            if name.endswith("engine")
            else at_most(float("inf") if loaded else median[name], 0.5, 0.2, " s, no Qt"),
        )
    yield row_of_times(
        "celltrack --version, the whole process",
        median["version"],
        "python -c pass",
        median["python"],
    )


def _seconds_of_process(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started
