"""Time of work, side by side: in one process in turn, or each in a process of its own."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Work = Callable[[], object]

#: Code for the end of a process: prints its peak memory in MB. The peak of getrusage would begin
#: at that of the process that started this one, so it is the second choice.
PRINT_PEAK = """
import pathlib, resource, sys
status = pathlib.Path("/proc/self/status")
if status.exists():
    (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
    peak_mb = int(line.split()[1]) / 1024
else:
    per_mb = 1024**2 if sys.platform == "darwin" else 1024
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / per_mb
print("peak", peak_mb)
"""


def seconds_of(work: Work, least_s: float = 0.0) -> float:
    """Return how long some work takes, done again until `least_s` is over."""
    n_times, started = 0, time.perf_counter()
    while True:
        work()
        n_times += 1
        taken = time.perf_counter() - started
        if taken >= least_s:
            return taken / n_times


def medians(
    variants: Mapping[str, Work], rounds: int, slow: Mapping[str, int] | None = None
) -> dict[str, float]:
    """Return the median seconds of each variant, all of them in turn in each round.

    Parameters
    ----------
    variants : mapping of str to callable
        What is compared.
    rounds : int
        How often; before them each is done once and not counted.
    slow : mapping of str to int, optional
        Variants that are too slow for that, and how often they are done: without a rehearsal.
    """
    slow = {} if slow is None else slow
    for name, work in variants.items():
        if name not in slow:
            work()
    taken: dict[str, list[float]] = {name: [] for name in variants}
    for number in range(rounds):
        for name, work in variants.items():
            if number < slow.get(name, rounds):
                # What takes no time is repeated, or the clock is all that is measured.
                taken[name].append(seconds_of(work, 0.02))
    return {name: statistics.median(found) for name, found in taken.items()}


def call(code: str, *arguments: object, folder: Path | None = None) -> tuple[Any, float, float]:
    """Run code in a process of its own.

    Parameters
    ----------
    code : str
        Its last printed line is JSON.
    *arguments : object
        What it finds in ``sys.argv[1:]``, as texts.
    folder : Path, optional
        Where it runs; by default here, so that it can import what lies beside this file.

    Returns
    -------
    answer, seconds, peak_mb
        The JSON, the time of the whole process, and its peak resident memory.
    """
    here = folder or Path(__file__).parent
    command = [sys.executable, "-c", code + PRINT_PEAK, *map(str, arguments)]
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, cwd=here, check=False)
    seconds = time.perf_counter() - started
    if done.returncode:
        raise RuntimeError(done.stderr)
    *_, answer, peak = done.stdout.splitlines()
    return json.loads(answer), seconds, float(peak.split()[1])
