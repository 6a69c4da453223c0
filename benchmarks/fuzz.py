"""Does every input give an answer or a sentence? Inputs of all kinds, damaged at random.

Each kind (TIFF, pictures, videos, zarr, recipes, overrides, patterns, CTC folders, results) is
tried for so many rounds. What is neither an answer nor a sentence is printed, and what takes more
than some seconds or a GiB; the exit code is 1 then. The same seed makes the same inputs, and a
single round is made again with --only.

    python benchmarks/fuzz.py [--rounds 200] [--seed 0] [--kinds tiff recipe] [--only 17]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from fuzzing import KINDS, faults_of


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--only", type=int)
    arguments = parser.parse_args()
    numbers = range(arguments.rounds) if arguments.only is None else [arguments.only]
    warnings.simplefilter("ignore")
    n_faults = 0
    with tempfile.TemporaryDirectory() as folder:
        for kind in arguments.kinds:
            began, n_before = time.perf_counter(), n_faults
            for fault in faults_of(kind, arguments.seed, numbers, Path(folder)):
                n_faults += 1
                print(
                    f"{kind} --seed {fault.seed} --only {fault.number}: {fault.words}", flush=True
                )
            took_s = time.perf_counter() - began
            print(f"{kind}: {len(numbers)} rounds, {n_faults - n_before} faults, {took_s:.0f} s")
    return 1 if n_faults else 0


if __name__ == "__main__":
    sys.exit(main())
