"""The window: how soon a slider is answered, and how long it is blocked, as gui.py measures it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rows import Row, at_most, row_of_times

HERE = Path(__file__).parent
#: The longest that the window may be blocked, at least and as aimed at.
BLOCK_MS = (100, 50)


def window_rows(is_quick: bool) -> Iterator[Row]:
    """Measure in a real window, on a virtual screen where there is no other."""
    has_display = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    if sys.platform.startswith("linux") and not has_display and not shutil.which("xvfb-run"):
        yield Row("the window", "skipped: no display and no xvfb-run")
        return
    options = (
        ["--repeats", "8", "--sizes", "512", "--skip", "many", "file"]
        if is_quick
        else ["--repeats", "10"]
    )
    command = [sys.executable, str(HERE / "gui.py"), "--json", *options]
    if sys.platform.startswith("linux") and not has_display:
        command.insert(0, str(HERE.parent / "tools" / "with_display"))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        yield Row("the window", "could not be opened", agreement=done.stderr.splitlines()[-1])
        return
    yield from rows_of(json.loads(done.stdout.splitlines()[-1]))


def rows_of(found: dict[str, Any]) -> Iterator[Row]:
    """Return the lines of what gui.py measured."""
    for size in found.get("sizes", ()):
        image = f"{size['side_px']} x {size['side_px']} px, {size['n_cells']} cells"
        yield row_of_times(
            f"from a moved slider to drawn cells; {image}",
            size["median_ms"] / 1000,
            "napari draws again",
            size["redraw_ms"] / 1000,
            agreement=f"95 %: {size['late_ms']:.0f} ms",
        )
        blocks = size["blocks_ms"]
        each = ", ".join(f"{name} {block:.0f}" for name, block in blocks.items())
        yield _blocked(f"window blocked at worst; {image}", max(blocks.values()), each)
    for time, napari in found.get("napari", {}).items():
        kind = "the first layer of a kind" if time == "first" else "another layer of a kind"
        yield _floor(f"when napari alone adds {kind}; 512 x 512 px, 12 frames", napari)
    if napari := found.get("napari many"):
        yield _floor("when napari alone is given other data; 5041 cells x 50 frames", napari)
    if many := found.get("many"):
        what = f"{many['n_cells']:.0f} cells x {many['n_frames']:.0f} frames linked in it"
        yield _blocked(
            f"window blocked at worst; {what}",
            max(many["linking_ms"], many["running_ms"]),
            f"linking {many['linking_ms']:.0f}, running all {many['running_ms']:.0f}; "
            f"tracks after {many['seconds']:.2f} s",
        )
    if file := found.get("file"):
        yield _blocked(
            f"window blocked at worst; a movie of {file['gb']:.1f} GB opened",
            file["block_ms"],
            f"seen after {file['seen_s']:.2f} s, cells after {file['found_s']:.2f} s",
        )
    if start := found.get("workbench"):
        yield row_of_times(
            "opening the workbench, all docks", start["docks_s"], "napari itself", start["window_s"]
        )


def _floor(when: str, blocks: dict[str, float]) -> Row:
    each = ", ".join(f"{name} {block:.0f}" for name, block in blocks.items())
    worst = f"{max(blocks.values()):.0f} ms"
    return Row(f"floor: window blocked {when}", "", "napari", worst, agreement=each)


def _blocked(what: str, worst_ms: float, words: str) -> Row:
    target = at_most(round(worst_ms), *BLOCK_MS)
    return Row(what, f"{worst_ms:.0f} ms", agreement=words, target=target.words, met=target.met)
