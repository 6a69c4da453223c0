"""Kill a run over a folder at random moments, and hold that its end is that of one left alone.

Runs ``celltrack run`` over 40 made movies in a process of its own, ends it with SIGKILL at a random
moment, and starts it again, until all is done; as often as it takes for so many kills. After each
kill, whatever looks like a whole result must be one. At each end, every file but those with times
in them must be equal to the byte to those of a run that was left alone.

    python benchmarks/kill_run.py [--kills 30] [--files 40] [--seed 1] [--processes]
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import tifffile

from napari_celltrack.recipe import Recipe
from napari_celltrack.sample_data import dividing_nuclei

TIMED = ("run.json", "summary.csv", "run.log")


def write_movies(folder: Path, n_files: int) -> None:
    folder.mkdir()
    frames = dividing_nuclei(8, (256, 256), 20, n_divisions=2).frames
    for index in range(n_files):
        shifted = np.roll(frames, 5 * index, axis=2)
        tifffile.imwrite(folder / f"m{index}.tif", shifted, imagej=True, metadata={"axes": "TYX"})


def contents(out: Path) -> dict[str, bytes]:
    files = (path for path in out.rglob("*") if path.is_file() and path.name not in TIMED)
    return {str(path.relative_to(out)): path.read_bytes() for path in files}


def check_results(out: Path) -> int:
    """Make sure that each visible result is whole, and return how many there are."""
    whole = [path for path in out.iterdir() if path.is_dir() and not path.name.startswith(".")]
    for folder in whole:
        about = json.loads((folder / "run.json").read_text())
        sizes = {name: (folder / name).stat().st_size for name in about["files"]}
        assert sizes == about["files"], f"{folder} is half"
    return len(whole)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--files", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", action="store_true")
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as home:
        images, recipe, out = Path(home) / "images", Path(home) / "r.yaml", Path(home) / "out"
        write_movies(images, arguments.files)
        Recipe().save(recipe)
        command = [sys.executable, "-m", "napari_celltrack", "run", str(recipe), str(images), "-o"]
        options = ["--no-report", *(["--processes"] if arguments.processes else [])]
        started = time.perf_counter()
        alone = Path(home) / "alone"
        subprocess.run([*command, str(alone), *options], check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - started
        print(f"left alone: {seconds:.1f} s", flush=True)
        expected = contents(alone)
        n_kills = n_ends = 0
        while n_kills < arguments.kills or out.exists():
            process = subprocess.Popen([*command, str(out), *options], stdout=subprocess.DEVNULL)
            while process.poll() is None and not (out / ".lock").exists():
                time.sleep(0.005)
            try:
                # Often enough for several kills an end, and also while the last things are written.
                wait = chance.uniform(0, seconds / 5) if n_kills < arguments.kills else None
                code = process.wait(wait)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                n_kills += 1
                n_there = check_results(out) if out.exists() else 0
                print(f"kill {n_kills}: {n_there} of {arguments.files} results", flush=True)
                continue
            assert code == 0, f"exit code {code}"
            assert contents(out) == expected, "the end differs from that of a run left alone"
            n_ends += 1
            print(f"end {n_ends}: equal to the byte", flush=True)
            shutil.rmtree(out)
        print(f"{n_kills} kills, {n_ends} ends, all equal to the byte")


if __name__ == "__main__":
    main()
